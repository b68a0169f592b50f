#pragma once
/*
 * The nftables rule set of a VPC, from its intent. Pure.
 *
 *     table inet croft
 *       chain forward      network ACLs, where there are any but open ones; what edge0 and peers
 * may bring. Established or related: accept. New: from edge0 when it was for a public address, from
 * a peer, or from an interface whose groups decide (port_out), then deliver chain deliver      out
 * of edge0 or to a peer, or the groups of the interface it goes to decide (port_in; forwarder_in
 * for what a route sends there) chain sg-…-in      one rule per rule of the group, its id (sgr-…)
 * as the comment chain sg-…-out     the same for egress chain sg-….sg-…-in of interfaces that are
 * in just these groups: jumps to their chains set sg-…           the private addresses of the
 * group's members, also of a peer's group set pl-…           the blocks of a prefix list; pcx-…:
 * those of a peer map acl_in         bridge to chain; acl_out likewise: see rules_acl.c map port_in
 * next hop and private address to chain; port_out: address to chain set public         private
 * addresses that have a public one map public_to_private, private_to_public 1:1 translation at
 * edge0 chain input        guests reach DHCP, DNS and metadata of their VPC and nothing else of the
 *                          router
 *       chain output       the router's own traffic: DHCP, connections of the daemon to guests
 *     table bridge croft
 *       chain prerouting   what a port may send: its own MAC, its own addresses, its own ARP
 *
 * In a VPC with IPv6 sets and maps of addresses have a twin with -v6 behind the name; without,
 * nothing of IPv6 passes a port. What is the router's own (DHCP, DNS, metadata, neighbour
 * discovery) is not governed by security groups or ACLs, as in EC2 (AWS: "Traffic to and from your
 * VPC").
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"
#include "network/ruleset.h"

/* What the router answers, besides base + 2 of the VPC's CIDR. */
#define RULES_RESOLVER_LINK_LOCAL "169.254.169.253"
#define RULES_RESOLVER_IPV6       "fd00:ec2::253"

struct rules_options {
    bool asks_upstream; /* the VPC's resolver may send queries out of edge0 */
    /* Ports that are not in the intent, of which the chains of their groups are made and nothing
     * else: see held.h. */
    const struct net_port *const *others;
    size_t n_others;
};

/* What a port shares chains by: "sg-….sg-…" of its groups. */
const char *rules_combination(struct arena *a, const struct net_port *port);

/*
 * The rule set refers to the strings of the intent: copy the intent into the same arena when the
 * rule set outlives the call. -EINVAL: an address, name or reference is not well-formed.
 */
int rules_build(struct arena *a, const struct net_vpc *intent, const struct rules_options *options,
                struct ruleset **ret_rules, struct err *e);
