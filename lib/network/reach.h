#pragma once
/*
 * Does a packet get there, and an answer back? Computed from intents alone: the walk that EC2's
 * documents describe, hop by hop, to the first that stops it. Pure; nothing is sent (probe.h does
 * that), and a flow that is tracked already is not asked for: each is a new one.
 *
 *     there  source's interface, the rules of its groups, network ACLs where the packet leaves one
 *            subnet and enters another, the route table of the subnet that it is in (longest prefix
 *            first), the gateway, NAT gateway, forwarding guest or peering that the route names,
 *            public addresses at the internet gateway, the rules of the destination's groups
 *     back   the same way without groups, which let answers pass: ACLs do not
 *
 * The question names one or two VPCs: that of the source, that of the destination, or one for both.
 * A packet that would enter a third one ends there.
 */
#include "base/arena.h"
#include "network/network.h"

#define REACH_HOPS_MAX 64
/* Ports that connections begin at (Linux: net.ipv4.ip_local_port_range). */
#define REACH_EPHEMERAL_FIRST 32768
#define REACH_EPHEMERAL_LAST  60999

struct reach_end {
    const struct net_vpc *vpc; /* NULL: outside of all VPCs, beyond an internet gateway */
    const char *interface_id;  /* in a VPC */
    /* Outside: its address. In a VPC: which of the interface's addresses, private, public or IPv6;
     * NULL: the primary one, or its public one where the way there needs it. */
    const char *address;
    const char *instance_state; /* of the guest behind the interface; NULL: not to be looked at */
};

struct reach_question {
    struct reach_end source;
    struct reach_end destination;
    int protocol;        /* IPPROTO_TCP, IPPROTO_UDP; IPPROTO_ICMP: an echo request, of IPv6, too */
    int64_t port;        /* of the destination, for tcp and udp */
    int64_t source_port; /* 0: any ephemeral one; what lets only some of them back stops the answer
                          */
};

enum reach_kind {
    REACH_OUTSIDE,
    REACH_INTERFACE,
    REACH_SECURITY_GROUP,
    REACH_NETWORK_ACL,
    REACH_ROUTE_TABLE,
    REACH_INTERNET_GATEWAY, /* its id is no part of an intent: `id` is NULL */
    REACH_EGRESS_ONLY_GATEWAY,
    REACH_NAT_GATEWAY,
    REACH_PEERING,
};

struct reach_hop {
    enum reach_kind kind;
    const char *id; /* eni-…, sg-…, acl-…, rtb-…, nat-…, pcx-…, or an address outside */
    const char *vpc_id;
    const char *subnet_id;
    bool is_reply;
    bool is_egress; /* of a group or an ACL: asked about what leaves */
    bool passes;    /* false: of the last hop alone */
    /* What decided, of the question's intents: a rule of the group, an entry of the ACL (NULL: its
     * last rule, which denies), a route (NULL: the local one, or none). */
    const struct security_group_rule *rule;
    const struct network_acl_entry *entry;
    const struct net_route *route;
    /* The packet's addresses behind this hop. */
    const char *source;
    const char *destination;
    const char *text; /* a sentence without its point */
};

struct reach_answer {
    bool reachable;
    struct {
        struct reach_hop *v;
        size_t n;
    } hops;             /* there, then back; when it is stopped, the last one stops it */
    const char *code;   /* AWS: "Reachability Analyzer explanation codes"; NULL when reachable */
    const char *remedy; /* what would let it pass; NULL when reachable, or when nothing would */
};

/* The answer refers to the intents and to the question's texts. */
struct reach_answer reach_walk(struct arena *a, const struct reach_question *question);
/* "tcp 22", "icmp echo": of the question's own packet. */
const char *reach_service(struct arena *a, int protocol, int64_t port);
