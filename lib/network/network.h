#pragma once
/*
 * The network, as the jobs see it: what a VPC should look like, and one call that makes it so.
 *
 * A VPC is a network namespace. net_vpc below is the whole intent of one VPC; apply() compares
 * it with what was applied last (or, the first time after a start of the daemon, with the kernel)
 * and changes only the difference, nftables in one transaction. Calling it again changes nothing.
 * Who knows which ports may have changed says so, and a change costs what changes.
 *
 * Three drivers: linux (linux.h), which needs root and runs in croft-netd; one that asks croft-netd
 * (remote.h), for croftd; and an in-memory one for API tests (fake.h). Calls may block; calls for
 * one VPC come one at a time, for different VPCs from several threads at once. They return 0 or
 * -errno with `e` filled in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/network.h"
#include "core/network_acl.h"

struct net_subnet {
    const char *subnet_id;
    const char *cidr;      /* 172.31.0.0/20 */
    const char *ipv6_cidr; /* a /64; NULL: none */
    const char *bridge;    /* br0, br1, …: from subnet.index */
    int64_t table;         /* number of its route table */
    const char *acl_id;    /* of net_vpc.acls; NULL: everything passes */
};

/* A private IPv4 address, and the public one that stands before it. */
struct net_address {
    const char *private_ip;
    const char *public_ip; /* NULL: none */
    bool drains;           /* of a NAT gateway: known connections keep it, new ones do not get it */
};

/*
 * One interface. That of a guest is a tap, which may not exist (yet): its addresses, rules and
 * names stand anyway. That of a NAT gateway leads into a namespace of the driver's own.
 */
struct net_port {
    const char *interface_id;
    const char *instance_id;
    const char *nat_gateway_id; /* nat-…, the name of its namespace; NULL: a guest's */
    const char *tap;
    const char *mac;
    const char *subnet_id;
    const struct net_address *addresses; /* at least one: the primary first */
    size_t n_addresses;
    const char *const *ipv6;
    size_t n_ipv6;
    const char *hostname;      /* ip-172-31-0-10, or i-…: what its guest is called */
    const char *resource_a;    /* i-…: a name of its first address as well; NULL: it is none */
    const char *resource_aaaa; /* the same, of its first IPv6 address */
    bool source_dest_check;
    const char *const *group_ids; /* of a NAT gateway: none, and no group decides */
    size_t n_group_ids;
};

struct net_group {
    const char *group_id;
    const struct security_group_rule *rules;
    size_t n_rules;
};

enum net_route_kind {
    NET_ROUTE_BLACKHOLE,
    NET_ROUTE_INTERNET,    /* by the VPC's internet gateway */
    NET_ROUTE_EGRESS_ONLY, /* IPv6 only: connections begin inside */
    NET_ROUTE_PORT,        /* to an interface of this VPC: a guest that forwards, a NAT gateway */
    NET_ROUTE_PEERING,
};

struct net_route {
    const char *destination; /* an IPv4 or IPv6 block */
    enum net_route_kind kind;
    const char *target_id; /* eni-… or pcx-… of the last two kinds; else NULL */
};

/* The routes to the VPC's own blocks are in no table: they follow from the blocks and subnets. */
struct net_route_table {
    const char *route_table_id;
    int64_t number; /* small and unique within the VPC */
    const struct net_route *routes;
    size_t n_routes;
};

struct net_acl {
    const char *acl_id;
    const struct network_acl_entry *entries;
    size_t n_entries;
};

struct net_prefix_list {
    const char *prefix_list_id;
    bool is_ipv6;
    const char *const *blocks; /* they may overlap */
    size_t n_blocks;
};

/* An active peering connection. Either side's apply() makes the link once both sides are there. */
struct net_peering {
    const char *peering_id;
    int64_t number;    /* small and unique on the server: names the link */
    bool is_requester; /* this VPC has the first of the link's ends */
    const char *peer_vpc_id;
    const char *const *peer_blocks;
    size_t n_peer_blocks;
};

/* A group of a peer VPC that rules of this one refer to. */
struct net_peer_group {
    const char *group_id;
    const char *const *addresses; /* of its members, IPv4 and IPv6 */
    size_t n_addresses;
};

#define NET_OWN_RESOLVER "AmazonProvidedDNS"

struct net_dhcp {
    const char *domain_name;         /* NULL: none is given */
    const char *const *name_servers; /* NET_OWN_RESOLVER: the VPC's own */
    size_t n_name_servers;
    const char *const *ntp_servers;
    size_t n_ntp_servers;
    const char *const *netbios_name_servers; /* IPv4 */
    size_t n_netbios_name_servers;
    const char *netbios_node_type; /* 1, 2, 4, 8 (RFC 2132); NULL: none is given */
};

/* The name that an elastic address has in the reverse zone. */
struct net_reverse_name {
    const char *public_ip;
    const char *name; /* mail.example.com */
};

struct net_vpc {
    const char *vpc_id;
    const char *region;
    int64_t index; /* unique on the server: names the link to the edge and its addresses */
    const char *const *cidrs; /* at least one: the VPC's first block first */
    size_t n_cidrs;
    const char *const *ipv6_cidrs;
    size_t n_ipv6_cidrs;
    const char *domain; /* of its names: ec2.internal, or eu-west-1.compute.internal */
    bool dns_support;   /* its resolver answers */
    bool has_internet_gateway;
    int64_t edge_table; /* of the internet gateway: the number of a table; -1: none */
    struct net_dhcp dhcp;
    const struct net_reverse_name *reverse_names; /* of all addresses of the server */
    size_t n_reverse_names;
    const struct net_subnet *subnets;
    size_t n_subnets;
    const struct net_port *ports;
    size_t n_ports;
    const struct net_group *groups;
    size_t n_groups;
    const struct net_peer_group *peer_groups;
    size_t n_peer_groups;
    const struct net_prefix_list *prefix_lists;
    size_t n_prefix_lists;
    const struct net_route_table *tables;
    size_t n_tables;
    const struct net_acl *acls;
    size_t n_acls;
    const struct net_peering *peerings;
    size_t n_peerings;
};

/* Some interfaces of a VPC. */
struct net_part {
    const char *const *interface_ids; /* sorted, each once; some may be gone */
    size_t n;
};

#define NETWORK_METADATA_IPV4 "169.254.169.254"
#define NETWORK_METADATA_IPV6 "fd00:ec2::254"

struct net_names {
    const char **v;
    size_t n;
};

/* A packet of IPv4 to be sent and followed (probe.h). */
struct net_probe {
    const char *vpc_id;      /* where it is put in */
    const char *peer_vpc_id; /* where it goes by a peering; NULL: nowhere else */
    int64_t index;           /* of vpc_id */
    /* From an interface: its tap, MAC and bridge. All NULL: from outside, by the edge. */
    const char *tap;
    const char *mac;
    const char *bridge;
    const char *source; /* as it is where the packet is put in; so is the destination */
    const char *destination;
    int protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP: echo */
    int port;
    int timeout_ms;
};

enum net_probe_outcome {
    NET_PROBE_LOST,          /* the rules never saw it */
    NET_PROBE_DROPPED,       /* on the way there, by `chain` */
    NET_PROBE_SILENT,        /* it passed, and nothing came back in time */
    NET_PROBE_REFUSED,       /* RST, or port unreachable: the guest is there, nothing listens */
    NET_PROBE_ANSWERED,      /* SYN-ACK, a datagram, an echo reply */
    NET_PROBE_ANSWER_DROPPED /* an answer came, and `chain` dropped it */
};

struct net_probed {
    enum net_probe_outcome outcome;
    const char *vpc_id;     /* where it was dropped */
    const char *chain;      /* what dropped it; NULL: nothing did */
    const char *rule;       /* the comment of the rule that dropped it; NULL: none let it pass */
    struct net_names trace; /* a line for each rule that it met, with the rule's comment */
};

struct network;
struct flow_listener;
struct flow_capture;

struct network_ops {
    const char *name; /* "linux", "fake" */
    /*
     * `part` NULL: the intent is whole. Otherwise all other interfaces are as they were when it was
     * applied last, and the intent has those of the part alone (what is not there has gone).
     * -ESTALE, and nothing has changed: a part is not enough, for what was applied last is not
     * known, or all ports follow from what has changed. Then it is to be applied whole.
     */
    int (*apply)(struct network *n, const struct net_vpc *intent, const struct net_part *part,
                 struct err *e);
    /* How many ports of the whole intent are not as they were applied last, as far as that is
     * known. */
    size_t (*differing)(struct network *n, const struct net_vpc *intent);
    /* Moves a new tap of the server's namespace to its bridge; a tap that is there already is
     * success. */
    int (*plug)(struct network *n, const struct net_vpc *intent, const char *interface_id,
                struct err *e);
    /* Removes the tap, whoever holds it: what is behind it hears and says nothing any more. One
     * that is not there is success. */
    int (*unplug)(struct network *n, const char *vpc_id, const char *tap, struct err *e);
    /* Of a VPC: removes the namespace, its DHCP server, its links and its routes. Of a NAT gateway
     * (nat-…): what is left of one whose VPC does not have it any more. Without an index
     * (-1) the link goes with the namespace. */
    int (*remove)(struct network *n, const char *vpc_id, int64_t index, struct err *e);
    /* A TCP connection to a guest, made inside its VPC: connected, or -ETIMEDOUT, -ECONNREFUSED, …
     * Security groups do not govern it. The descriptor does not block. */
    int (*connect)(struct network *n, const char *vpc_id, const char *private_ip, int port,
                   int timeout_ms, int *ret_fd, struct err *e);
    /*
     * A listening socket at the address of the metadata service in the VPC: NETWORK_METADATA_IPV4
     * or _IPV6, port 80. It does not block, and keeps the namespace alive. -EADDRINUSE: there is
     * one already; -ENOENT: the VPC has no namespace.
     */
    int (*listen)(struct network *n, const char *vpc_id, bool ipv6, int *ret_fd, struct err *e);
    /* The next connection that came to such a socket, and the guest's address (AF_INET or AF_INET6)
     * that it came from. The descriptor does not block. -EAGAIN: none waits. */
    int (*accept)(struct network *n, int listener, struct sockaddr_storage *ret_from, int *ret_fd);
    /* Sends a packet and tells what became of it. -EOPNOTSUPP: this driver sends nothing; -ENODEV:
     * the source's tap is not there. */
    int (*probe)(struct network *n, struct arena *a, const struct net_probe *probe,
                 struct net_probed *ret, struct err *e);
    /* How many connections a NAT gateway translates to this address of its own; those that both
     * sides have closed do not count. -ENOENT: the gateway has no namespace. */
    int (*nat_connections)(struct network *n, const char *nat_gateway_id, const char *private_ip,
                           size_t *ret_n, struct err *e);
    /* The interface on whose network others are told that the server has this public address; NULL:
     * none, it is this server's alone. */
    const char *(*answers_on)(struct network *n, const char *public_ip);
    /* The ids of VPCs and NAT gateways that have a namespace here. */
    int (*list)(struct network *n, struct arena *a, struct net_names *ret_ids, struct err *e);
    /* Taps that are plugged in a VPC. */
    int (*taps)(struct network *n, struct arena *a, const char *vpc_id, struct net_names *ret_taps,
                struct err *e);
    /* Follows the flows of a VPC (flow_capture.h). -ENOENT: it has no namespace (yet);
     * -EOPNOTSUPP: there are none here. */
    int (*follow)(struct network *n, const char *vpc_id, const struct flow_listener *listener,
                  void *ctx, struct flow_capture **ret, struct err *e);
    void (*free)(struct network *n);
};

/* Drivers embed this as their first member. */
struct network {
    const struct network_ops *ops;
};
