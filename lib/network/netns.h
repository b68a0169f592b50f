#pragma once
/*
 * Named network namespaces, as `ip netns` keeps them (/run/netns), and visits to them.
 *
 * A visit moves the calling thread alone: sockets that it opens, children that it starts and
 * /proc/sys/net that it writes are the namespace's until netns_leave(). A thread that cannot come
 * back would do the next VPC's work in this one: netns_leave() then ends the process, and the
 * next daemon starts from the state that is stored.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"

/* Makes the namespace when it is not there, and repairs a name without one. */
int netns_make(const char *name, int *ret_fd, struct err *e);
/* -ENOENT when there is none. */
int netns_open(const char *name, int *ret_fd, struct err *e);
/* Takes the name away; the namespace goes with its last process. A missing one is success. */
int netns_remove(const char *name, struct err *e);
/* Names of namespaces that begin with `prefix`. */
int netns_list(struct arena *a, const char *prefix, struct net_names *ret_names, struct err *e);
/* Is the descriptor still the namespace of that name? */
bool netns_is(int fd, const char *name);

struct netns_visit {
    int home; /* -1: not away */
};

#define NETNS_AT_HOME                                                                              \
    {                                                                                              \
        .home = -1                                                                                 \
    }

int netns_enter(struct netns_visit *visit, int fd, struct err *e);
void netns_leave(struct netns_visit *visit);

#define _cleanup_netns_ _cleanup_(netns_leave)

/* Has it this value, in the namespace that the thread is in? */
bool netns_sysctl_is(const char *name, const char *value);
/* Writes a sysctl of the namespace that the thread is in: "net/ipv4/ip_forward". -ENOENT when the
 * kernel has none of that name. */
int netns_sysctl(const char *name, const char *value, struct err *e);

/* Whether a link of that namespace speaks IPv6. With it, it serves at once (no duplicate address
 * detection) and believes no router. A kernel without IPv6 can only be told that it does not. */
int netns_link_ipv6(const char *link, bool on, struct err *e);
