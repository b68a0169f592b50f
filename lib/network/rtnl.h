#pragma once
/*
 * Links, addresses and routes over rtnetlink: what `ip` would do, without a process for each step
 * and with an errno for an answer. Works in the network namespace that the thread was in at
 * rtnl_open(). Addresses are in host byte order. 0 or -errno with `e` filled in.
 *
 * `put` makes it so, whatever is there; `drop` takes what is not there for success.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

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
int rtnl_links(struct rtnl *r, struct arena *a, struct rtnl_links *ret_links, struct err *e);

int rtnl_bridge_make(struct rtnl *r, const char *name, const uint8_t mac[static 6], struct err *e);
/* A veth pair, one end here, the other in the namespace peer_fd. */
int rtnl_veth_make(struct rtnl *r, const char *name, const char *peer, int peer_fd, struct err *e);
int rtnl_link_move(struct rtnl *r, int index, int namespace_fd, struct err *e);
int rtnl_link_up(struct rtnl *r, int index, int mtu, struct err *e);
int rtnl_link_enslave(struct rtnl *r, int index, int master, struct err *e);
/* Isolates a bridge port: it exchanges frames with the bridge alone. */
int rtnl_port_isolate(struct rtnl *r, int index, struct err *e);
int rtnl_link_drop(struct rtnl *r, int index, struct err *e);

int rtnl_address_put(struct rtnl *r, int index, uint32_t address, int length, struct err *e);

struct rtnl_route {
    uint32_t destination;
    int length;
    uint32_t gateway; /* 0: none */
    int link;         /* 0: the route says `unreachable` */
    uint32_t metric;
};

struct rtnl_routes {
    struct rtnl_route *v;
    size_t n;
};

int rtnl_route_put(struct rtnl *r, const struct rtnl_route *route, struct err *e);
int rtnl_route_drop(struct rtnl *r, const struct rtnl_route *route, struct err *e);
/* The routes that rtnl_route_put() made over the link. */
int rtnl_routes(struct rtnl *r, struct arena *a, int link, struct rtnl_routes *ret_routes,
                struct err *e);
