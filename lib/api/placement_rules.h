#pragma once
/*
 * What being in a placement group asks of an instance (AWS: "Placement groups", rules and
 * limitations of each strategy).
 */
#include "api/call.h"

/* The caller's group of this name, or NULL with the fault. */
struct placement_group *placement_group_named(struct call *c, const char *name, struct fault *f);
/* By name or by id; *ret_group is NULL when neither is given. */
int placement_group_find(struct call *c, const char *name, const char *id,
                         struct placement_group **ret_group, struct fault *f);
const char *placement_group_arn(struct call *c, const struct placement_group *g);
/* The group of an arn that placement_group_arn() made, or NULL with the fault. */
struct placement_group *placement_group_of_arn(struct call *c, const char *arn, struct fault *f);

/* May an instance of this type in this zone be in the group? */
int placement_group_takes(struct call *c, const struct placement_group *g,
                          const struct instance_type *type, const char *zone, struct fault *f);
/* How many more may run in the zone: lowers *count to that, not below `need`. */
int placement_group_room(struct call *c, const struct placement_group *g, const char *zone,
                         int64_t need, int64_t *count, struct fault *f);

/* How many instances each partition of a group has. */
struct partitions {
    int64_t count;                      /* partitions; 0: the group has none */
    int64_t filled[PARTITIONS_MAX + 1]; /* by number, from 1 */
};

void partitions_of(struct call *c, const struct placement_group *g, struct partitions *ret);
/* Is this a partition of the group (which may be NULL)? */
int partition_check(const struct placement_group *g, int64_t number, struct fault *f);
/* The partition with the fewest instances, which has one more from now on; 0: there are none. */
int64_t partition_choose(struct partitions *p);
