#include "api/launch_placement.h"

#include "base/text.h"

int launch_placement_settle(struct call *c, const ec2_RunInstances_in *in,
                            const struct instance_type *type, const char *zone,
                            struct launch_placement *p, struct fault *f)
{
    (void)in;
    p->capacity_preference = "open";
    struct instance like = {
        .account_id = c->principal->account_id,
        .host_id = c->config->host_id,
        .instance_type = type->name,
        .zone = zone,
        .tenancy = "default",
        .capacity_preference = p->capacity_preference,
        .capacity_target = p->capacity_target,
    };
    return capacity_slots_of(c, &like, &p->slots, f);
}

void launch_placement_write(struct launch_placement *p, struct instance *i)
{
    i->capacity_preference = p->capacity_preference;
    i->capacity_target = p->capacity_target;
    i->capacity_reservation_id = capacity_slots_take(&p->slots);
}
