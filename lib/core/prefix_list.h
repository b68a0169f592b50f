#pragma once
/*
 * Managed prefix lists (AWS: "Group CIDR blocks using managed prefix lists"), and the gateway
 * endpoints whose routes name those of a service.
 *
 * Lists of accounts are rows. Those that AWS manages are in a table here: one for each service with
 * gateway endpoints, the same in every region but for the region in its name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/fault.h"

/* AWS: "Amazon VPC quotas", "Customer-managed prefix lists". */
#define PREFIX_LISTS_MAX            100  /* of an account in a region */
#define PREFIX_LIST_ENTRIES_MAX     1000 /* MaxEntries */
#define PREFIX_LIST_CHANGES_MAX     100  /* entries that one request adds, or removes */
#define PREFIX_LIST_VERSIONS_MAX    1000 /* the oldest goes when another comes */
#define PREFIX_LIST_NAME_MAX        255
#define PREFIX_LIST_DESCRIPTION_MAX 255

struct prefix_list {
    const char *id; /* pl-… */
    const char *account_id;
    const char *region;
    const char *name;
    bool is_ipv6;
    int64_t max_entries;       /* what it counts as in rules and routes */
    int64_t version;           /* the newest */
    const char *state;         /* create-complete, modify-failed, … */
    const char *state_message; /* why it failed; NULL: it did not */
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

struct aws_prefix_list {
    const char *id;
    const char *service;            /* s3 */
    const char *const *cidr_blocks; /* NULL ends them */
    size_t n_cidr_blocks;
};

struct aws_prefix_lists {
    const struct aws_prefix_list *v;
    size_t n;
};

/* By id, in this order. Static. */
struct aws_prefix_lists aws_prefix_list_all(void);
/* NULL: it is not one of AWS's. */
const struct aws_prefix_list *aws_prefix_list_find(const char *id);
/* "com.amazonaws.us-east-1.s3": the list's name, and that of the service. */
const char *aws_prefix_list_name(struct arena *a, const struct aws_prefix_list *list,
                                 const char *region);

/*
 * An entry's block in canonical form. InvalidParameterValue when it is not one of the list's
 * family, or has host bits.
 */
int prefix_list_block(struct arena *a, bool is_ipv6, const char *text, const char **ret_block,
                      struct fault *f);
