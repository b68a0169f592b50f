#pragma once
/* What the files that make the rules of a VPC share. */
#include "core/network_acl.h"
#include "network/block.h"
#include "network/expr.h"
#include "network/intent.h"
#include "network/rules.h"

#define RULES_CHAIN_MAX 127 /* NFT_CHAIN_MAXNAMELEN without its NUL */

/* A combination of groups that some port is in, and the chains that decide for it. */
struct rules_union {
    const char *name;
    const char *in;
    const char *out;
};

/* Sets of IPv4 and of IPv6; the second is NULL in a VPC without IPv6. */
struct rules_pair {
    struct ruleset_set *v[2];
};

struct rules_builder {
    struct arena *arena;
    const struct net_vpc *intent;
    struct ruleset *rules;
    bool has_ipv6;
    struct ruleset_set *port_mac, *port_arp, *port_forwarder;
    struct rules_pair port_address, addresses;
    struct rules_pair port_in, port_out, forwarder_in;
    struct ruleset_set *forwarder_out, *gateway_mac;
    struct ruleset_set *public, *public_to_private, *private_to_public;
    struct rules_pair *members; /* of intent->groups */
    struct {
        struct rules_union *v;
        size_t n;
    } unions;
};

/* A rule without a comment. */
void rules_add(struct rules_builder *b, struct ruleset_chain *chain, json_t *list);
/* A set of each family, with and without "-v6" behind its name. `type` is JSON with ADDRESS for the
 * type of an address. */
struct rules_pair rules_add_pair(struct rules_builder *b, const char *family, const char *name,
                                 const char *type, const char *data);
/* An interval set of just these blocks, which may overlap, of one family. */
int rules_add_blocks(struct rules_builder *b, const char *name, const char *const *blocks,
                     size_t n_blocks, bool is_ipv6, struct err *e);

/* "ip", "ip6" */
const char *rules_protocol_of(bool is_ipv6);
/* Appends that `address` (saddr, daddr) is in the block; false: it is none. */
bool rules_match_block(json_t *list, const char *address, const char *cidr);
/*
 * Appends what a rule says about protocol and ports. AWS (SecurityGroupRule): for icmp the ports
 * are type and code, -1 is any; protocols other than tcp, udp and icmp have no ports.
 */
void rules_match_protocol(json_t *list, const char *protocol, int64_t from_port, int64_t to_port);

int rules_add_group(struct rules_builder *b, size_t at, struct err *e);
/* Sets that rules refer to: prefix lists, groups of peers. */
int rules_add_references(struct rules_builder *b, struct err *e);
int rules_add_port(struct rules_builder *b, const struct net_port *p, struct err *e);
/* The chains alone that decide for it: other ports may share them. */
int rules_add_port_chains(struct rules_builder *b, const struct net_port *p, struct err *e);
/*
 * What one port may take of what it shares with the others (rules_limits.c). Of the bridge: behind
 * the check of its MAC; of forwarding: where only beginnings come; of the router: before what it
 * accepts.
 */
void rules_limit_port(struct rules_builder *b, struct ruleset_chain *bridge, const char *resolver);
void rules_limit_connections(struct rules_builder *b, struct ruleset_chain *forward);
void rules_limit_services(struct rules_builder *b, struct ruleset_chain *input);
/* The chains and maps of network ACLs, and at the head of `forward` the way there. */
int rules_add_acls(struct rules_builder *b, struct ruleset_chain *forward, struct err *e);
