#include "api/capacity_slots.h"

#include "api/lookup.h"
#include "base/text.h"

#define CAPACITY_RESERVATIONS_ONLY "capacity-reservations-only"

int capacity_wish_read(const struct ec2_CapacityReservationSpecification *s,
                       const char **ret_preference, const char **ret_target, struct fault *f)
{
    const struct ec2_CapacityReservationTarget *target =
        s == NULL ? NULL : s->capacity_reservation_target;
    const char *preference = s == NULL ? NULL : s->capacity_reservation_preference;
    if (target != NULL && target->capacity_reservation_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter CapacityReservationId in "
                     "CapacityReservationTarget");
    if (target != NULL && preference != NULL && !streq(preference, CAPACITY_RESERVATIONS_ONLY))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "CapacityReservationPreference and CapacityReservationTarget can be used "
                     "together only when the preference is " CAPACITY_RESERVATIONS_ONLY);
    if (preference == NULL)
        preference = target == NULL ? "open" : CAPACITY_RESERVATIONS_ONLY;
    *ret_preference = preference;
    *ret_target = target == NULL ? NULL : target->capacity_reservation_id;
    return 0;
}

static bool matches(const struct capacity_reservation *r, const struct instance *i)
{
    return streq(r->host_id, i->host_id) && streq(r->instance_type, i->instance_type) &&
           streq(r->zone, i->zone) && streq(r->tenancy, i->tenancy) &&
           streq(r->platform, INSTANCE_PLATFORM) &&
           (r->placement_group_id == NULL || streq(r->placement_group_id, i->placement_group_id));
}

static void add(struct call *c, const struct capacity_reservation *r, struct capacity_slots *s)
{
    int64_t free = r->instance_count - store_capacity_reservation_used(c->tx, r->id);
    if (free > 0)
        *arena_append(c->arena, s) = (struct capacity_slot){r->id, free};
}

static int add_target(struct call *c, const struct instance *i, struct capacity_slots *s,
                      struct fault *f)
{
    const struct capacity_reservation *r = lookup_capacity_reservation(c, i->capacity_target, f);
    if (r == NULL)
        return -1;
    if (r->state != CAPACITY_RESERVATION_ACTIVE)
        return fault(f, FAULT_INVALID_CAPACITY_RESERVATION_STATE,
                     "The Capacity Reservation '%s' is not active: it is %s", r->id,
                     state_name(&capacity_reservation_states, r->state));
    if (!matches(r, i))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The Capacity Reservation '%s' is for instances of type %s in %s with tenancy "
                     "%s, and the instance is of type %s in %s with tenancy %s",
                     r->id, r->instance_type, r->zone, r->tenancy, i->instance_type, i->zone,
                     i->tenancy);
    add(c, r, s);
    return 0;
}

int capacity_slots_of(struct call *c, const struct instance *i, struct capacity_slots *ret_slots,
                      struct fault *f)
{
    struct capacity_slots s = {
        .only = streq(i->capacity_preference, CAPACITY_RESERVATIONS_ONLY),
    };
    if (i->capacity_target != NULL) {
        if (add_target(c, i, &s, f) < 0)
            return -1;
    } else if (!streq(i->capacity_preference, "none")) {
        struct capacity_reservation_list open =
            store_capacity_reservations(c->tx, c->arena, "account_id", i->account_id, "state",
                                        "active", "is_targeted", "0", "zone", i->zone);
        for (size_t k = 0; k < open.n; k++)
            if (matches(&open.v[k], i))
                add(c, &open.v[k], &s);
    }
    *ret_slots = s;
    return 0;
}

int64_t capacity_slots_free(const struct capacity_slots *s)
{
    int64_t free = 0;
    for (size_t k = 0; k < s->n; k++)
        free += s->v[k].free;
    return free;
}

const char *capacity_slots_take(struct capacity_slots *s)
{
    for (size_t k = 0; k < s->n; k++)
        if (s->v[k].free > 0) {
            s->v[k].free--;
            return s->v[k].reservation_id;
        }
    return NULL;
}
