#pragma once
/*
 * What the files of a walk share: reach.c asks and notes, reach_gates.c has what lets a packet pass
 * or not, reach_ways.c carries it from place to place. Functions that carry it return whether it
 * has arrived.
 */
#include "network/reach.h"
#include "network/reach_match.h"

#define WALK_NATS_MAX 4

struct walk_nat {
    const struct net_port *port;
    struct net_ip behind; /* whose connection it is */
};

struct walk {
    struct arena *a;
    const struct reach_question *question;
    struct reach_answer answer;
    struct reach_packet packet;
    bool is_reply;
    bool left_egress_only; /* the question did: its answer may come in there */
    struct walk_nat nats[WALK_NATS_MAX];
    size_t n_nats;
};

/* Where a packet comes from, for the ACL of the subnet that it leaves. */
struct walk_from {
    const struct net_vpc *vpc;
    const struct net_subnet *subnet; /* NULL: from a gateway or a peer */
};

#define say(w, ...) arena_printf((w)->a, __VA_ARGS__)

/* --- reach.c */

/* Notes a hop that the packet passes, until walk_stop() says otherwise. */
struct reach_hop *walk_hop(struct walk *w, enum reach_kind kind, const char *id,
                           const struct net_vpc *vpc, const struct net_subnet *subnet);
/* Returns false. */
bool walk_stop(struct walk *w, struct reach_hop *h, const char *code, const char *text,
               const char *remedy);
/* "tcp 22"; "tcp"; "10.0.0.1/32"; "i-… (eni-…)" */
const char *walk_service(const struct walk *w);
const char *walk_protocol(const struct walk *w);
const char *walk_host_block(const struct walk *w, const struct net_ip *address);
const char *walk_guest(const struct walk *w, const struct net_port *port);

/* --- reach_gates.c */

bool walk_groups(struct walk *w, const struct net_vpc *vpc, const struct net_port *port,
                 bool is_egress);
/* From one subnet into another (NULL: a gateway or a peer); what stays in a subnet meets no ACL. */
bool walk_cross(struct walk *w, struct walk_from from, const struct net_vpc *vpc,
                const struct net_subnet *to);

/* --- reach_ways.c */

/* Is the guest behind an end of the question there to speak? */
bool walk_is_alive(struct walk *w, const struct reach_end *end, const struct net_port *port);
bool walk_leave(struct walk *w, const struct net_vpc *vpc, const struct net_port *port);
/* By the internet gateway, or as an answer by the egress-only one. */
bool walk_enter(struct walk *w, const struct net_vpc *vpc);
/* To the port of the VPC that has the destination. */
bool walk_deliver(struct walk *w, struct walk_from from, const struct net_vpc *vpc);
