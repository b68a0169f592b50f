#pragma once
/*
 * Where the instances of a launch go: into which placement group and partition, and into which
 * capacity reservations.
 */
#include "api/capacity.h"
#include "api/placement_rules.h"

struct launch_placement {
    struct placement_group *group; /* NULL: none */
    int64_t partition;             /* asked for; 0: the least filled one */
    struct partitions partitions;
    const char *capacity_preference;
    const char *capacity_target; /* NULL: any */
    struct capacity_slots slots;
};

int launch_placement_settle(struct call *c, const ec2_RunInstances_in *in,
                            const struct instance_type *type, const char *zone,
                            struct launch_placement *p, struct fault *f);
/* May so many more run in the group? Lowers *count to what may, not below `need`. */
int launch_placement_reserve(struct call *c, const struct launch_placement *p, const char *zone,
                             int64_t need, int64_t *count, struct fault *f);
/* Gives the next instance its place, in its row. */
void launch_placement_write(struct launch_placement *p, struct instance *i);
