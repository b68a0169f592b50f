#pragma once
/*
 * The server's side of the VPCs: the link cv<index> to each, the routes of public addresses, and
 * the nftables table of the server (see linux.h). Everything here works in the server's own
 * namespace, where the calling thread must be.
 */
#include "base/arena.h"
#include "base/err.h"
#include "core/address_range.h"
#include "network/block.h"
#include "network/network.h"
#include "network/rtnl.h"
#include "network/ruleset.h"

#define EDGE_INDEX_MAX 8191 /* 169.254.64.0/18 has this many pairs, and one */
#define EDGE_MTU       1500
#define EDGE_LINK      "cv%d" /* the server's end, by the VPC's index */

struct edge_config {
    struct address_ranges pools;
    /* Of each pool: is it part of the uplink's LAN (edge_lan.h)? edge_server_put() finds out. */
    bool of_lan[ADDRESS_RANGES_MAX];
    const char *uplink;   /* NULL: none */
    const char *resolver; /* NULL: none */
    bool has_prefix;
    struct net_block prefix; /* of IPv6, that the owner's router leads here */
};

struct edge_addresses {
    uint32_t server; /* of cv<index> */
    uint32_t inside; /* of edge0 */
};

/* -ERANGE: more VPCs than the server has links for. Pure. */
int edge_addresses(int64_t index, struct edge_addresses *ret_addresses, struct err *e);
/* Is it an address of the inner end of a link? Pure. */
bool edge_is_inside(const struct net_ip *address);
/*
 * Of the server's end, for IPv6. By the second one it is told apart what an egress-only gateway
 * sends. The other end, inside, has fe80::2.
 */
struct net_ip edge_server_ipv6(bool egress_only);
/* The table of the server. Pure. */
struct ruleset *edge_rules_build(struct arena *a, const struct edge_config *config);

/*
 * Puts the table in place when it is not there (reloading a firewall's configuration often begins
 * with `flush ruleset`) or pools have become the LAN's or ceased to be, lets the uplink forward,
 * and answers `unreachable` for what nobody of the pools has, lest it leave the server by its
 * default route. `anew`: in place of what is there, which may be of another configuration. Any
 * thread.
 */
int edge_server_put(struct edge_config *config, bool anew, struct err *e);
/* After routes have changed: what is of the LAN is answered there, or no longer. Any thread. */
int edge_server_answer(const struct edge_config *config, struct err *e);

/* Is it such an address? Any thread. */
bool edge_server_is_of_lan(const struct edge_config *config, const struct net_block *address);

/* The link into the namespace, with its addresses, and the router's own route to the server. */
int edge_link_put(int64_t index, bool has_ipv6, int namespace_fd, struct err *e);
int edge_link_drop(int64_t index, struct err *e);
/* rtnl_digest() of the server's end; 0: it is not there, or down. The thread is at home. */
uint64_t edge_link_digest(int64_t index);

/* The blocks that the server routes to a VPC: its public addresses, its IPv6 blocks. Sorted. Pure.
 */
struct edge_destinations {
    struct net_block *v;
    size_t n;
};
struct edge_destinations edge_destinations(struct arena *a, const struct net_vpc *intent);
/* Routes those of `to` and no longer those that only `from` has; from NULL: those that the server
 * has and `to` has not. */
int edge_routes_change(const struct net_vpc *from, const struct net_vpc *to, struct err *e);
