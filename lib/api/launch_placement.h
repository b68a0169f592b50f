#pragma once
/*
 * Where the instances of a launch go on the server: into which capacity reservations.
 */
#include "api/capacity.h"

struct launch_placement {
    const char *capacity_preference;
    const char *capacity_target; /* NULL: none */
    struct capacity_slots slots;
};

int launch_placement_settle(struct call *c, const ec2_RunInstances_in *in,
                            const struct instance_type *type, const char *zone,
                            struct launch_placement *p, struct fault *f);
/* Gives the next instance its place, in its row. */
void launch_placement_write(struct launch_placement *p, struct instance *i);
