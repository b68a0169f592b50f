#include "core/region.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "base/text.h"

/*
 * Real regions, so that clients find the names they know; zones a, b and c in each, though at AWS a
 * few have more or skip a letter. In us-east-1 alone the names of hosts do not carry the region
 * (AWS: "EC2 instance hostnames").
 */
#define REGION(region, id, status)                                                                 \
    {                                                                                              \
        .name = (region), .zones = {region "a", region "b", region "c"},                           \
        .zone_ids = {id "-az1", id "-az2", id "-az3"}, .domain = region ".compute.internal",       \
        .public_domain = region ".compute.amazonaws.com", .opt_in_status = (status)                \
    }
#define ALWAYS "opt-in-not-required"
#define ASKED  "not-opted-in"

static const struct region regions[] = {
    REGION("af-south-1", "afs1", ASKED),
    REGION("ap-east-1", "ape1", ASKED),
    REGION("ap-northeast-1", "apne1", ALWAYS),
    REGION("ap-northeast-2", "apne2", ALWAYS),
    REGION("ap-northeast-3", "apne3", ALWAYS),
    REGION("ap-south-1", "aps1", ALWAYS),
    REGION("ap-south-2", "aps2", ASKED),
    REGION("ap-southeast-1", "apse1", ALWAYS),
    REGION("ap-southeast-2", "apse2", ALWAYS),
    REGION("ap-southeast-3", "apse3", ASKED),
    REGION("ap-southeast-4", "apse4", ASKED),
    REGION("ca-central-1", "cac1", ALWAYS),
    REGION("ca-west-1", "caw1", ASKED),
    REGION("eu-central-1", "euc1", ALWAYS),
    REGION("eu-central-2", "euc2", ASKED),
    REGION("eu-north-1", "eun1", ALWAYS),
    REGION("eu-south-1", "eus1", ASKED),
    REGION("eu-south-2", "eus2", ASKED),
    REGION("eu-west-1", "euw1", ALWAYS),
    REGION("eu-west-2", "euw2", ALWAYS),
    REGION("eu-west-3", "euw3", ALWAYS),
    REGION("il-central-1", "ilc1", ASKED),
    REGION("me-central-1", "mec1", ASKED),
    REGION("me-south-1", "mes1", ASKED),
    REGION("sa-east-1", "sae1", ALWAYS),
    {
        .name = "us-east-1",
        .zones = {"us-east-1a", "us-east-1b", "us-east-1c"},
        .zone_ids = {"use1-az1", "use1-az2", "use1-az3"},
        .domain = "ec2.internal",
        .public_domain = "compute-1.amazonaws.com",
        .opt_in_status = ALWAYS,
    },
    REGION("us-east-2", "use2", ALWAYS),
    REGION("us-west-1", "usw1", ALWAYS),
    REGION("us-west-2", "usw2", ALWAYS),
};

struct region_list region_all(void)
{
    return (struct region_list){regions, ARRAY_SIZE(regions)};
}

const struct region *region_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(regions); i++)
        if (streq(regions[i].name, name))
            return &regions[i];
    return NULL;
}

const char *region_zone_id(const struct region *r, const char *zone)
{
    for (size_t i = 0; i < ZONES_PER_REGION; i++)
        if (streq(r->zones[i], zone))
            return r->zone_ids[i];
    return NULL;
}
