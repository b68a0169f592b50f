#pragma once
/* Regions and their zones. */
#include <stddef.h>

#define ZONES_PER_REGION 3

struct region {
    const char *name;                       /* us-east-1 */
    const char *zones[ZONES_PER_REGION];    /* us-east-1a, b, c */
    const char *zone_ids[ZONES_PER_REGION]; /* use1-az1, … */
    const char *domain;        /* of private names: ec2.internal or REGION.compute.internal */
    const char *public_domain; /* compute-1.amazonaws.com or REGION.compute.amazonaws.com */
    const char *opt_in_status; /* in DescribeRegions when it is not served here */
};

struct region_list {
    const struct region *v;
    size_t n;
};

/* One of the regions that Croft knows the facts of, or NULL. Static. */
const struct region *region_find(const char *name);
/* All that are known, for messages and the configuration's check. */
struct region_list region_all(void);
/* The zone's id, or NULL when the region has no such zone. */
const char *region_zone_id(const struct region *r, const char *zone);
