#pragma once
/*
 * A placement group: a name under which instances are near to each other, or apart. On one server
 * they are as near and as far as they can be; see docs/decisions.
 */
#include <stdint.h>

#define PARTITIONS_MAX  7 /* AWS: "Partition placement groups" */
#define SPREAD_PER_ZONE 7 /* running instances (AWS: "Spread placement groups") */

struct placement_group {
    const char *id; /* pg-… */
    const char *account_id;
    const char *region;
    const char *name;
    const char *strategy;    /* cluster, spread, partition */
    int64_t partition_count; /* 0: it has no partitions */
    int64_t created_at;
};
