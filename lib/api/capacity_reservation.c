/* Capacity reservations: made, changed, cancelled, shown. Who takes slots is in capacity_slots.c.
 */
#include "api/capacity.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/placement_rules.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

static const char *const taggable[] = {"capacity-reservation", NULL};

/* When the reservation ends; 0: when it is cancelled. */
static int read_end(struct call *c, struct opt_time date, const char *type, int64_t *ret_end,
                    struct fault *f)
{
    bool limited = type == NULL ? date.set : streq(type, "limited");
    if (limited && !date.set)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter EndDate: the EndDateType is limited");
    if (!limited && date.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter EndDate cannot be used with the EndDateType unlimited");
    if (limited && date.v <= c->now)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The EndDate must be in the future");
    *ret_end = limited ? date.v : 0;
    return 0;
}

/* The type that the slots are for. */
static const struct instance_type *
type_of(struct call *c, const ec2_CreateCapacityReservation_in *in, struct fault *f)
{
    if (!streq(in->instance_platform, INSTANCE_PLATFORM)) {
        (void)fault(f, FAULT_UNSUPPORTED,
                    "Instances here are of the platform " INSTANCE_PLATFORM
                    "; there are none of '%.64s'",
                    in->instance_platform);
        return NULL;
    }
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, in->instance_type);
    if (type == NULL)
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid value '%.64s' for InstanceType.",
                    in->instance_type);
    return type;
}

static int read_group(struct call *c, const char *arn, const struct instance_type *type,
                      struct capacity_reservation *r, struct fault *f)
{
    if (arn == NULL)
        return 0;
    const struct placement_group *g = placement_group_of_arn(c, arn, f);
    if (g == NULL)
        return -1;
    if (!streq(g->strategy, "cluster"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "A Capacity Reservation can be made in a cluster placement group alone; the "
                     "strategy of '%s' is %s",
                     g->name, g->strategy);
    r->placement_group_id = g->id;
    return placement_group_takes(c, g, type, r->zone, f);
}

static int64_t used_of(struct call *c, const struct capacity_reservation *r)
{
    return r->state == CAPACITY_RESERVATION_ACTIVE ? store_capacity_reservation_used(c->tx, r->id)
                                                   : 0;
}

static int64_t available(const struct capacity_reservation *r, int64_t used)
{
    return r->state == CAPACITY_RESERVATION_ACTIVE ? r->instance_count - used : 0;
}

static void view(struct call *c, const struct capacity_reservation *r,
                 struct ec2_CapacityReservation *out)
{
    int64_t used = used_of(c, r);
    *out = (struct ec2_CapacityReservation){
        .capacity_reservation_id = r->id,
        .owner_id = r->account_id,
        .capacity_reservation_arn = arena_printf(
            c->arena, "arn:aws:ec2:%s:%s:capacity-reservation/%s", r->region, r->account_id, r->id),
        .availability_zone = r->zone,
        .availability_zone_id = region_zone_id(c->region, r->zone),
        .instance_type = r->instance_type,
        .instance_platform = r->platform,
        .tenancy = r->tenancy,
        .total_instance_count = wire_int(r->instance_count),
        .available_instance_count = wire_int(available(r, used)),
        .ebs_optimized = wire_bool(r->ebs_optimized),
        .ephemeral_storage = wire_bool(r->ephemeral_storage),
        .state = state_name(&capacity_reservation_states, r->state),
        .start_date = wire_time(r->created_at),
        .create_date = wire_time(r->created_at),
        .end_date_type = r->end_date > 0 ? "limited" : "unlimited",
        .instance_match_criteria = r->is_targeted ? "targeted" : "open",
        .reservation_type = "default",
    };
    if (r->end_date > 0)
        out->end_date = wire_time(r->end_date);
    const struct placement_group *g = store_placement_group(c->tx, c->arena, r->placement_group_id);
    if (g != NULL)
        out->placement_group_arn = placement_group_arn(c, g);
    wire_list_empty(&out->capacity_allocations);
    if (used > 0)
        *arena_append(c->arena, &out->capacity_allocations) =
            (struct ec2_CapacityAllocation){.allocation_type = "used", .count = wire_int(used)};
    tags_of(c, r->id, &out->tags);
    wire_list_empty(&out->tags);
}

static void answer(struct call *c, const struct capacity_reservation *r,
                   ec2_CreateCapacityReservation_out *out)
{
    out->capacity_reservation = arena_new_of(c->arena, struct ec2_CapacityReservation);
    view(c, r, out->capacity_reservation);
    c->result = r->id;
}

int act_ec2_CreateCapacityReservation(struct call *c, const ec2_CreateCapacityReservation_in *in,
                                      ec2_CreateCapacityReservation_out *out, struct fault *f)
{
    if (c->replay != NULL) {
        /* Ended ones are kept for longer than tokens are. */
        const struct capacity_reservation *made = lookup_capacity_reservation(c, c->replay, f);
        if (made == NULL)
            return -1;
        answer(c, made, out);
        return 0;
    }
    const struct instance_type *type = type_of(c, in, f);
    const char *zone = lookup_zone(c, in->availability_zone, in->availability_zone_id, f);
    if (type == NULL || zone == NULL)
        return -1;
    struct capacity_reservation r = {
        .id = id_make(c->arena, "cr"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .host_id = c->config->host_id,
        .state = CAPACITY_RESERVATION_PENDING, /* where the life of every reservation begins */
        .zone = zone,
        .instance_type = type->name,
        .memory_mib = type->memory_mib,
        .platform = INSTANCE_PLATFORM,
        .tenancy = "default",
        .instance_count = in->instance_count.v,
        .is_targeted = streq(in->instance_match_criteria, "targeted"),
        .ebs_optimized = wire_true(in->ebs_optimized),
        .ephemeral_storage = wire_true(in->ephemeral_storage),
        .created_at = c->now,
    };
    if (read_end(c, in->end_date, in->end_date_type, &r.end_date, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        read_group(c, in->placement_group_arn, type, &r, f) < 0 ||
        capacity_hold(c, type->name, type->memory_mib, r.instance_count, f) < 0)
        return -1;
    (void)capacity_reservation_enter_state(&r, CAPACITY_RESERVATION_ACTIVE, NULL);
    store_insert_capacity_reservation(c->tx, &r);
    tags_put(c, &in->tag_specifications, taggable[0], r.id);
    if (r.end_date > 0)
        store_enqueue(c->tx, "capacity-reservation", r.id, r.end_date);
    answer(c, &r, out);
    return 0;
}

/* A reservation that can still be changed. */
static struct capacity_reservation *active(struct call *c, const char *id, struct fault *f)
{
    struct capacity_reservation *r = lookup_capacity_reservation(c, id, f);
    if (r != NULL && r->state != CAPACITY_RESERVATION_ACTIVE) {
        (void)fault(f, FAULT_INVALID_CAPACITY_RESERVATION_STATE,
                    "The Capacity Reservation '%s' is not active: it is %s", id,
                    state_name(&capacity_reservation_states, r->state));
        return NULL;
    }
    return r;
}

static int resize(struct call *c, struct capacity_reservation *r, int64_t count, struct fault *f)
{
    int64_t used = used_of(c, r);
    if (count < used)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter InstanceCount is invalid. %lld instances run in "
                     "the Capacity Reservation",
                     (long long)count, (long long)used);
    if (count > r->instance_count &&
        capacity_hold(c, r->instance_type, r->memory_mib, count - r->instance_count, f) < 0)
        return -1;
    r->instance_count = count;
    return 0;
}

int act_ec2_ModifyCapacityReservation(struct call *c, const ec2_ModifyCapacityReservation_in *in,
                                      ec2_ModifyCapacityReservation_out *out, struct fault *f)
{
    bool ends = in->end_date.set || in->end_date_type != NULL;
    if (!ends && !in->instance_count.set && in->instance_match_criteria == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain InstanceCount, EndDate, EndDateType or "
                     "InstanceMatchCriteria");
    struct capacity_reservation *r = active(c, in->capacity_reservation_id, f);
    if (r == NULL || (ends && read_end(c, in->end_date, in->end_date_type, &r->end_date, f) < 0) ||
        (in->instance_count.set && resize(c, r, in->instance_count.v, f) < 0))
        return -1;
    if (in->instance_match_criteria != NULL)
        r->is_targeted = streq(in->instance_match_criteria, "targeted");
    store_update_capacity_reservation(c->tx, r);
    if (ends && r->end_date > 0)
        store_enqueue(c->tx, "capacity-reservation", r->id, r->end_date);
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_CancelCapacityReservation(struct call *c, const ec2_CancelCapacityReservation_in *in,
                                      ec2_CancelCapacityReservation_out *out, struct fault *f)
{
    struct capacity_reservation *r = active(c, in->capacity_reservation_id, f);
    if (r == NULL)
        return -1;
    (void)capacity_reservation_enter_state(r, CAPACITY_RESERVATION_CANCELLED, NULL);
    r->ended_at = c->now;
    store_update_capacity_reservation(c->tx, r);
    store_release_capacity_reservation(c->tx, r->id);
    out->return_ = wire_bool(true);
    return 0;
}

/* AWS: DescribeCapacityReservations, "Filters". */
static const struct filter_path reservation_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"end-date", "EndDate"},
    {"end-date-type", "EndDateType"},
    {"instance-match-criteria", "InstanceMatchCriteria"},
    {"instance-platform", "InstancePlatform"},
    {"instance-type", "InstanceType"},
    {"outpost-arn", "OutpostArn"},
    {"owner-id", "OwnerId"},
    {"placement-group-arn", "PlacementGroupArn"},
    {"start-date", "StartDate"},
    {"state", "State"},
    {"tenancy", "Tenancy"},
};

int act_ec2_DescribeCapacityReservations(struct call *c,
                                         const ec2_DescribeCapacityReservations_in *in,
                                         ec2_DescribeCapacityReservations_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, reservation_filters, CapacityReservation);
    struct capacity_reservation_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->capacity_reservation_ids.n > 0, &page,
                   f) < 0 ||
        lookup_capacity_reservations(c, &in->capacity_reservation_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_CapacityReservation r;
        view(c, &rows.v[i], &r);
        if (filters_match(&filters, &r, NULL) && page_admit(&page, r.capacity_reservation_id))
            *arena_append(c->arena, &out->capacity_reservations) = r;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* Reservations are not shared here: the owner's use is all there is. */
int act_ec2_GetCapacityReservationUsage(struct call *c,
                                        const ec2_GetCapacityReservationUsage_in *in,
                                        ec2_GetCapacityReservationUsage_out *out, struct fault *f)
{
    struct page page;
    const struct capacity_reservation *r =
        lookup_capacity_reservation(c, in->capacity_reservation_id, f);
    if (r == NULL || page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    int64_t used = used_of(c, r);
    out->capacity_reservation_id = r->id;
    out->instance_type = r->instance_type;
    out->total_instance_count = wire_int(r->instance_count);
    out->available_instance_count = wire_int(available(r, used));
    out->state = state_name(&capacity_reservation_states, r->state);
    if (used > 0 && page_admit(&page, r->account_id))
        *arena_append(c->arena, &out->instance_usages) = (struct ec2_InstanceUsage){
            .account_id = r->account_id, .used_instance_count = wire_int(used)};
    out->next_token = page_end(c, &page);
    return 0;
}
