#pragma once
/*
 * The network, as the jobs see it: what a VPC should look like, and one call that makes it so.
 *
 * A VPC is a network namespace. network_vpc below is the whole intent of one VPC; apply() compares
 * it with what was applied last (or, the first time after a start of the daemon, with the kernel)
 * and changes only the difference, nftables in one transaction. Calling it again changes nothing.
 *
 * Two drivers: linux (linux.h) and an in-memory one for API tests (fake.h). Calls may block; calls
 * for one VPC come one at a time, for different VPCs from several threads at once. They return 0 or
 * -errno with `e` filled in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/network.h"

struct net_subnet {
    const char *subnet_id;
    const char *cidr;   /* 172.31.0.0/20 */
    const char *bridge; /* br0, br1, …: from subnet.index */
};

/* One interface of a guest. Its tap may not exist (yet): its address, rules and names stand anyway.
 */
struct net_port {
    const char *interface_id;
    const char *instance_id;
    const char *tap;
    const char *mac;
    const char *subnet_id;
    const char *private_ip;
    const char *public_ip; /* NULL: none */
    const char *hostname;  /* ip-172-31-0-10 */
    bool source_dest_check;
    const char *const *group_ids;
    size_t n_group_ids;
};

struct net_group {
    const char *group_id;
    const struct security_group_rule *rules;
    size_t n_rules;
};

struct net_vpc {
    const char *vpc_id;
    const char *region;
    int64_t index; /* unique on the server: names the link to the edge and its addresses */
    const char *cidr;
    const char *domain; /* ec2.internal, or eu-west-1.compute.internal */
    const struct net_subnet *subnets;
    size_t n_subnets;
    const struct net_port *ports;
    size_t n_ports;
    const struct net_group *groups;
    size_t n_groups;
};

struct net_names {
    const char **v;
    size_t n;
};

struct network;

struct network_ops {
    const char *name; /* "linux", "fake" */
    int (*apply)(struct network *n, const struct net_vpc *intent, struct err *e);
    /* Moves a new tap of the server's namespace to its bridge; a tap that is there already is
     * success. */
    int (*plug)(struct network *n, const struct net_vpc *intent, const char *interface_id,
                struct err *e);
    /* Removes the namespace, its DHCP server, its link and its routes. */
    int (*remove)(struct network *n, const char *vpc_id, int64_t index, struct err *e);
    /* A TCP connection to a guest, made inside its VPC: connected, or -ETIMEDOUT, -ECONNREFUSED, …
     * Security groups do not govern it. The descriptor does not block. */
    int (*connect)(struct network *n, const char *vpc_id, const char *private_ip, int port,
                   int timeout_ms, int *ret_fd, struct err *e);
    /* The VPC ids that have a namespace here. */
    int (*list)(struct network *n, struct arena *a, struct net_names *ret_vpc_ids, struct err *e);
    /* Taps that are plugged in a VPC. */
    int (*taps)(struct network *n, struct arena *a, const char *vpc_id, struct net_names *ret_taps,
                struct err *e);
    void (*free)(struct network *n);
};

/* Drivers embed this as their first member. */
struct network {
    const struct network_ops *ops;
};
