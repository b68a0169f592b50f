#include "api/launch_placement.h"

static int settle_group(struct call *c, const struct ec2_Placement *placement,
                        const struct instance_type *type, const char *zone,
                        struct launch_placement *p, struct fault *f)
{
    if (placement == NULL)
        return 0;
    if (placement_group_find(c, placement->group_name, placement->group_id, &p->group, f) < 0 ||
        (placement->partition_number.set &&
         partition_check(p->group, placement->partition_number.v, f) < 0) ||
        (p->group != NULL && placement_group_takes(c, p->group, type, zone, f) < 0))
        return -1;
    p->partition = placement->partition_number.v;
    partitions_of(c, p->group, &p->partitions);
    return 0;
}

int launch_placement_settle(struct call *c, const ec2_RunInstances_in *in,
                            const struct instance_type *type, const char *zone,
                            struct launch_placement *p, struct fault *f)
{
    if (settle_group(c, in->placement, type, zone, p, f) < 0 ||
        capacity_wish_read(in->capacity_reservation_specification, &p->capacity_preference,
                           &p->capacity_target, f) < 0)
        return -1;
    const struct instance like = {
        .account_id = c->principal->account_id,
        .host_id = c->config->host_id,
        .instance_type = type->name,
        .zone = zone,
        .tenancy = "default",
        .placement_group_id = p->group == NULL ? NULL : p->group->id,
        .capacity_preference = p->capacity_preference,
        .capacity_target = p->capacity_target,
    };
    return capacity_slots_of(c, &like, &p->slots, f);
}

int launch_placement_reserve(struct call *c, const struct launch_placement *p, const char *zone,
                             int64_t need, int64_t *count, struct fault *f)
{
    return p->group == NULL ? 0 : placement_group_room(c, p->group, zone, need, count, f);
}

void launch_placement_write(struct launch_placement *p, struct instance *i)
{
    if (p->group != NULL) {
        i->placement_group_id = p->group->id;
        i->placement_group_name = p->group->name;
        i->partition_number = p->partition > 0 ? p->partition : partition_choose(&p->partitions);
    }
    i->capacity_preference = p->capacity_preference;
    i->capacity_target = p->capacity_target;
    i->capacity_reservation_id = capacity_slots_take(&p->slots);
}
