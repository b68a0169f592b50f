#pragma once
/* What the walk of reach.c asks of single objects of an intent: does this block, rule, entry or
 * route hold for this packet? Pure. */
#include "network/block.h"
#include "network/network.h"

struct reach_ports {
    int64_t first;
    int64_t last;
};

struct reach_packet {
    struct net_ip source;
    struct net_ip destination;
    int protocol; /* IPPROTO_… of its family: IPPROTO_ICMPV6 in IPv6 */
    struct reach_ports source_ports;
    struct reach_ports destination_ports;
    int64_t icmp_type;
    int64_t icmp_code;
};

const char *reach_text(struct arena *a, const struct net_ip *address);
/* Is the address one that the text names? False for NULL and what is none. */
bool reach_is(const struct net_ip *address, const char *text);
/* The length of the block's prefix when the address is in it, else -1. */
int reach_block_length(const char *block, const struct net_ip *address);
bool reach_in_blocks(const char *const *blocks, size_t n, const struct net_ip *address);

/* The port of the VPC that has the address as a private or IPv6 one, or NULL. */
const struct net_port *reach_port_of(const struct net_vpc *vpc, const struct net_ip *address);
/* The pair of addresses of which this is the private, or the public one; NULL: none. */
const struct net_address *reach_private(const struct net_vpc *vpc, const struct net_ip *address,
                                        const struct net_port **ret_port);
const struct net_address *reach_public(const struct net_vpc *vpc, const struct net_ip *address,
                                       const struct net_port **ret_port);
bool reach_port_has(const struct net_port *port, const struct net_ip *address);

/* Does a rule of a group of `vpc` let the packet pass? Its peer is the destination of what goes
 * out, the source of what comes in. */
bool reach_rule_matches(const struct net_vpc *vpc, const struct security_group_rule *rule,
                        const struct reach_packet *packet);
/* The rules that say anything about the packet's protocol and port, whoever the peer is. */
bool reach_rule_is_about(const struct security_group_rule *rule, const struct reach_packet *packet);

enum reach_verdict { REACH_PASSES, REACH_DENIED, REACH_PASSES_PARTLY };

/* What an ACL says of all ports of the packet; the entry that decides, of a denied one (NULL: the
 * last rule). */
enum reach_verdict reach_acl(const struct net_acl *acl, bool is_egress,
                             const struct reach_packet *packet,
                             const struct network_acl_entry **ret_entry);

enum reach_way { REACH_NO_ROUTE, REACH_LOCAL, REACH_ROUTE };

/* The longest prefix that holds the destination: of the table's routes and of the VPC's own
 * blocks. */
enum reach_way reach_route(const struct net_vpc *vpc, int64_t table,
                           const struct reach_packet *packet, const struct net_route **ret_route);
const struct net_route_table *reach_table(const struct net_vpc *vpc, int64_t number);
