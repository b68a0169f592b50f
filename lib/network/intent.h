#pragma once
/* Copies of intents, and what differs between two. Pure. */
#include "base/arena.h"
#include "network/network.h"

/* A deep copy of what the rules, names and links are made from; ports are sorted by interface id.
 * Descriptions and owners of security group rules are left out. */
const struct net_vpc *intent_copy(struct arena *a, const struct net_vpc *intent);
/* False also for the same things in another order. */
bool intent_equal(const struct net_vpc *a, const struct net_vpc *b);
/* The same but for ports and groups: index, blocks, domain, subnets. */
bool intent_frame_equal(const struct net_vpc *a, const struct net_vpc *b);
/* NULL when there is none of that id. */
const struct net_subnet *intent_subnet(const struct net_vpc *intent, const char *subnet_id);
const struct net_port *intent_port(const struct net_vpc *intent, const char *interface_id);
