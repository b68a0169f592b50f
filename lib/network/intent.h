#pragma once
/* Copies of intents, and what differs between two. Pure. */
#include "base/arena.h"
#include "network/network.h"

/* What of an intent different parts of the machine follow from. */
enum intent_part {
    INTENT_FRAME = 1 << 0, /* namespace, bridges and the router's addresses */
    INTENT_NAMES = 1 << 1, /* the configuration of dnsmasq */
    INTENT_WAYS = 1 << 2,  /* kernel routes and links to peers; ports count in them, too */
    INTENT_ALL = ~0,
};

/* A deep copy of what the machine follows from; ports are sorted by interface id. Descriptions and
 * owners of security group rules are left out. */
const struct net_vpc *intent_copy(struct arena *a, const struct net_vpc *intent);
/* Do all these parts equal? False also for the same things in another order. */
bool intent_equal(const struct net_vpc *a, const struct net_vpc *b, int parts);
bool intent_port_equal(const struct net_port *a, const struct net_port *b);
/* Does the same follow from a port in both? */
bool intent_ports_alike(const struct net_vpc *a, const struct net_vpc *b);
/* Is all the same but the ports? */
bool intent_frame_equal(const struct net_vpc *a, const struct net_vpc *b);
/* A copy in one block, for free(). */
struct net_port *intent_port_copy(const struct net_port *port);
/* NULL when there is none of that id. */
const struct net_subnet *intent_subnet(const struct net_vpc *intent, const char *subnet_id);
const struct net_port *intent_port(const struct net_vpc *intent, const char *interface_id);
const struct net_group *intent_group(const struct net_vpc *intent, const char *group_id);
const struct net_acl *intent_acl(const struct net_vpc *intent, const char *acl_id);
const struct net_peering *intent_peering(const struct net_vpc *intent, const char *peering_id);
