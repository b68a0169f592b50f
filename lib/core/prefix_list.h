#pragma once
/*
 * Managed prefix lists (AWS: "Group CIDR blocks using managed prefix lists"), and the gateway
 * endpoints whose routes name those of a service.
 */
#include <stdbool.h>
#include <stdint.h>

struct prefix_list {
    const char *id; /* pl-… */
    const char *account_id;
    const char *region;
    const char *name;
    bool is_ipv6;
    int64_t max_entries; /* what it counts as in rules and routes */
    int64_t version;     /* the newest */
};

/* In the versions from from_version on, up to and without to_version. */
struct prefix_list_entry {
    const char *prefix_list_id;
    const char *cidr_block;
    int64_t from_version;
    int64_t to_version; /* 0: still */
    const char *description;
};

/* Of type Gateway: a record, and a route for the service's prefix list in its route tables. */
struct vpc_endpoint {
    const char *id; /* vpce-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *service_name; /* com.amazonaws.REGION.s3 */
    const char *policy;
    int64_t created_at;
};

struct vpc_endpoint_route_table {
    const char *vpc_endpoint_id;
    const char *route_table_id;
};
