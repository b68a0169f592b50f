#pragma once
/*
 * Links, addresses and routes over rtnetlink: what `ip` would do, without a process for each step
 * and with an errno for an answer. Works in the network namespace that the thread was in at
 * rtnl_open(). 0 or -errno with `e` filled in.
 *
 * `put` makes it so, whatever is there; `drop` takes what is not there for success.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "network/block.h"

struct rtnl {
    int fd; /* -1: closed */
    uint32_t sequence;
};

#define RTNL_CLOSED                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

int rtnl_open(struct rtnl *r, struct err *e);
void rtnl_close(struct rtnl *r);

#define _cleanup_rtnl_ _cleanup_(rtnl_close)

struct rtnl_link {
    const char *name;
    int index;
    int master; /* 0: none */
};

struct rtnl_links {
    struct rtnl_link *v;
    size_t n;
};

/* 0: there is none of that name. */
int rtnl_index(struct rtnl *r, const char *name);
bool rtnl_is_up(struct rtnl *r, const char *name);
int rtnl_links(struct rtnl *r, struct arena *a, struct rtnl_links *ret_links, struct err *e);

int rtnl_bridge_make(struct rtnl *r, const char *name, const uint8_t mac[static 6], struct err *e);
/* A veth pair, one end here, the other in the namespace peer_fd; with a MAC for that, or NULL. */
int rtnl_veth_make(struct rtnl *r, const char *name, const char *peer, int peer_fd,
                   const uint8_t *peer_mac, struct err *e);
int rtnl_link_move(struct rtnl *r, int index, int namespace_fd, struct err *e);
int rtnl_link_up(struct rtnl *r, int index, int mtu, struct err *e);
int rtnl_link_enslave(struct rtnl *r, int index, int master, struct err *e);
/* Isolates a bridge port: it exchanges frames with the bridge alone. */
int rtnl_port_isolate(struct rtnl *r, int index, struct err *e);
int rtnl_link_drop(struct rtnl *r, int index, struct err *e);

int rtnl_address_put(struct rtnl *r, int index, const struct net_ip *address, int length,
                     struct err *e);
int rtnl_address_drop(struct rtnl *r, int index, const struct net_ip *address, int length,
                      struct err *e);

struct net_blocks {
    struct net_block *v;
    size_t n;
};

struct rtnl_address {
    int link;
    struct net_ip address;
    int length;
};

struct rtnl_addresses {
    struct rtnl_address *v;
    size_t n;
};

int rtnl_addresses(struct rtnl *r, struct arena *a, struct rtnl_addresses *ret_addresses,
                   struct err *e);

struct rtnl_route {
    uint32_t table; /* 0: the main one */
    struct net_block to;
    bool has_via;
    struct net_ip via; /* taken for reachable over the link */
    int link;          /* 0: nowhere, with the answer `unreachable` or without any */
    bool silent;       /* of no link: a black hole */
    uint32_t metric;
};

struct rtnl_routes {
    struct rtnl_route *v;
    size_t n;
};

int rtnl_route_put(struct rtnl *r, const struct rtnl_route *route, struct err *e);
int rtnl_route_drop(struct rtnl *r, const struct rtnl_route *route, struct err *e);
/* All routes of this family that rtnl_route_put() made. */
int rtnl_routes(struct rtnl *r, struct arena *a, bool is_ipv6, struct rtnl_routes *ret_routes,
                struct err *e);

/* The next hops of the link's IPv4 routes, whoever has made these. */
int rtnl_gateways(struct rtnl *r, struct arena *a, int link, struct net_blocks *ret_gateways,
                  struct err *e);

/* Packets that come in by the interface look into the table. */
struct rtnl_rule {
    bool is_ipv6;
    const char *from;
    uint32_t table;
};

struct rtnl_rules {
    struct rtnl_rule *v;
    size_t n;
};

int rtnl_rule_put(struct rtnl *r, const struct rtnl_rule *rule, struct err *e);
int rtnl_rule_drop(struct rtnl *r, const struct rtnl_rule *rule, struct err *e);
/* Those that rtnl_rule_put() made. */
int rtnl_rules(struct rtnl *r, struct arena *a, bool is_ipv6, struct rtnl_rules *ret_rules,
               struct err *e);

/* Who has an address on a link, for good: nothing that comes from the link changes it. */
struct rtnl_neighbour {
    int link;
    struct net_ip address;
    uint8_t mac[6];
};

struct rtnl_neighbours {
    struct rtnl_neighbour *v;
    size_t n;
};

int rtnl_neighbour_put(struct rtnl *r, const struct rtnl_neighbour *neighbour, struct err *e);
int rtnl_neighbour_drop(struct rtnl *r, const struct rtnl_neighbour *neighbour, struct err *e);
int rtnl_neighbours(struct rtnl *r, struct arena *a, bool is_ipv6,
                    struct rtnl_neighbours *ret_neighbours, struct err *e);
/* The link answers ARP for an address that is elsewhere (ip neigh add proxy). */
int rtnl_proxy_put(struct rtnl *r, int link, const struct net_ip *address, struct err *e);
int rtnl_proxy_drop(struct rtnl *r, int link, const struct net_ip *address, struct err *e);
/* The IPv4 addresses that a link answers for, whoever has said so. */
int rtnl_proxies(struct rtnl *r, struct arena *a, int link, struct net_blocks *ret_proxies,
                 struct err *e);

/*
 * The namespace's addresses, routes and rules in a number, which differs when one of them does; of
 * one link's alone, or with 0 of all. What the kernel makes and drops by itself does not count:
 * link-local addresses, and routes and rules that no rtnl_*_put() has made. Neighbours do not, for
 * there is one for each guest. 0: it cannot be told.
 */
uint64_t rtnl_digest(struct rtnl *r, int link);
