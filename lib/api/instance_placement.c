/* ModifyInstancePlacement, ModifyInstanceCapacityReservationAttributes: of stopped instances. */
#include "api/capacity_slots.h"
#include "api/lookup.h"
#include "api/placement_rules.h"
#include "base/text.h"

static struct instance *stopped_instance(struct call *c, const char *id, struct fault *f)
{
    struct instance *i = lookup_instance(c, id, f);
    if (i != NULL && i->state != INSTANCE_STOPPED) {
        (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                    "The instance '%s' is not in the 'stopped' state.", id);
        return NULL;
    }
    return i;
}

/* Moves the instance to the group; NULL: out of the one that it is in. */
static int move(struct call *c, struct instance *i, const struct placement_group *g,
                struct fault *f)
{
    const struct instance_type *type =
        instance_type_find(&c->config->instance_types, i->instance_type);
    if (g != NULL && type != NULL && placement_group_takes(c, g, type, i->zone, f) < 0)
        return -1;
    if (g != NULL && streq(g->id, i->placement_group_id))
        return 0;
    struct partitions partitions;
    partitions_of(c, g, &partitions);
    i->placement_group_id = g == NULL ? NULL : g->id;
    i->placement_group_name = g == NULL ? NULL : g->name;
    i->partition_number = partition_choose(&partitions);
    return 0;
}

int act_ec2_ModifyInstancePlacement(struct call *c, const ec2_ModifyInstancePlacement_in *in,
                                    ec2_ModifyInstancePlacement_out *out, struct fault *f)
{
    bool leaves = streq(in->group_name, "");
    bool names = in->group_id != NULL || in->group_name != NULL;
    if (!names && !in->partition_number.set && in->tenancy == NULL && in->affinity == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain an attribute of the placement to modify");
    struct placement_group *g = NULL;
    struct instance *i = stopped_instance(c, in->instance_id, f);
    if (i == NULL ||
        placement_group_find(c, leaves ? NULL : in->group_name, in->group_id, &g, f) < 0)
        return -1;
    /* The partition of the group that it is in already, when none is named. */
    if (!names && placement_group_find(c, NULL, i->placement_group_id, &g, f) < 0)
        return -1;
    if (in->partition_number.set && partition_check(g, in->partition_number.v, f) < 0)
        return -1;
    if (names && move(c, i, g, f) < 0)
        return -1;
    if (in->partition_number.set)
        i->partition_number = in->partition_number.v;
    store_update_instance(c->tx, i);
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_ModifyInstanceCapacityReservationAttributes(
    struct call *c, const ec2_ModifyInstanceCapacityReservationAttributes_in *in,
    ec2_ModifyInstanceCapacityReservationAttributes_out *out, struct fault *f)
{
    struct instance *i = stopped_instance(c, in->instance_id, f);
    struct capacity_slots slots;
    if (i == NULL ||
        capacity_wish_read(in->capacity_reservation_specification, &i->capacity_preference,
                           &i->capacity_target, f) < 0 ||
        /* A target is looked at now; whether it has a slot shows when the instance starts. */
        capacity_slots_of(c, i, &slots, f) < 0)
        return -1;
    store_update_instance(c->tx, i);
    out->return_ = wire_bool(true);
    return 0;
}
