#pragma once
/* Route tables and what routes lead to, besides network interfaces and peerings. */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/fault.h"
#include "core/state.h"

/* AWS: "Amazon VPC quotas". */
#define ROUTE_TABLES_PER_VPC 200
#define ROUTES_PER_TABLE     50 /* for IPv4 and IPv6 each, without those to the VPC itself */

struct internet_gateway {
    const char *id; /* igw-… */
    const char *account_id;
    const char *region;
    const char *vpc_id; /* NULL: not attached */
};

struct egress_only_gateway {
    const char *id; /* eigw-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
};

struct route_table {
    const char *id; /* rtb-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    int64_t number; /* small and unique within the VPC: names the kernel's table */
};

/* Of a subnet, or of a gateway, or the main one of its VPC. */
struct route_table_association {
    const char *id; /* rtbassoc-… */
    const char *account_id;
    const char *region;
    const char *route_table_id;
    const char *vpc_id;
    const char *subnet_id;
    const char *gateway_id;
    bool is_main;
};

/* The routes to the blocks of the VPC itself are in no row. */
struct route {
    const char *route_table_id;
    const char *destination; /* an IPv4 or IPv6 block, or a prefix list's id */
    const char *target_id;   /* igw-, eigw-, nat-, eni-, pcx-, vpce-; may have gone */
};

enum nat_gateway_state {
    NAT_GATEWAY_PENDING,
    NAT_GATEWAY_FAILED,
    NAT_GATEWAY_AVAILABLE,
    NAT_GATEWAY_DELETING,
    NAT_GATEWAY_DELETED,
    _NAT_GATEWAY_STATE_MAX
};

extern const struct state_table nat_gateway_states;

struct nat_gateway {
    const char *id; /* nat-… */
    const char *account_id;
    const char *region;
    const char *vpc_id;
    const char *subnet_id;
    const char *interface_id; /* NULL when it is gone */
    bool is_public;
    int state; /* enum nat_gateway_state */
    const char *failure_code;
    const char *failure_message;
    int64_t created_at;
    int64_t deleted_at; /* 0: it is not */
};

int nat_gateway_enter_state(struct nat_gateway *n, enum nat_gateway_state to, struct err *e);

/*
 * The block that routes lead to, in its one form: EC2 clears host bits and says nothing.
 * `parameter` is what a caller has written it into.
 */
int route_destination_ipv4(struct arena *a, const char *parameter, const char *text,
                           const char **ret_destination, struct fault *f);
int route_destination_ipv6(struct arena *a, const char *parameter, const char *text,
                           const char **ret_destination, struct fault *f);
bool route_destination_is_prefix_list(const char *destination);
bool route_destination_is_ipv6(const char *destination);
/* Does a block, of either family, cover another, or are they the same? Both in their one form. */
bool route_block_covers(const char *outer, const char *inner);
