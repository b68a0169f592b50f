#include "network/rules.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"
#include "network/edge.h"
#include "network/rules_internal.h"
#include "network/ways.h"

#define BASE_FILTER(hook, policy)                                                                  \
    "\"type\":\"filter\",\"hook\":\"" hook "\",\"prio\":0,\"policy\":\"" policy "\""
#define BASE_NAT(hook, prio)                                                                       \
    "\"type\":\"nat\",\"hook\":\"" hook "\",\"prio\":" prio ",\"policy\":\"accept\""

#define IPV6_BLOCKS "ipv6_blocks" /* of the VPC */

static const char *const transports[] = {"udp", "tcp"};

void rules_add(struct rules_builder *b, struct ruleset_chain *chain, json_t *list)
{
    ruleset_add_rule(b->rules, chain, list, NULL);
}

/* --- sets */

/* "[\"ifname\",ADDRESS]" of a family; a word alone is quoted here. */
static const char *type_of(struct arena *a, const char *type, bool is_ipv6)
{
    const char *address = is_ipv6 ? "\"ipv6_addr\"" : "\"ipv4_addr\"";
    const char *text = "";
    for (const char *at; (at = strstr(type, "ADDRESS")) != NULL; type = at + strlen("ADDRESS"))
        text = arena_printf(a, "%s%.*s%s", text, (int)(at - type), type, address);
    return arena_printf(a, "%s%s", text, type);
}

struct rules_pair rules_add_pair(struct rules_builder *b, const char *family, const char *name,
                                 const char *type, const char *data)
{
    struct rules_pair pair = {{NULL, NULL}};
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++)
        pair.v[is_ipv6] = ruleset_add_set(b->rules, family,
                                          is_ipv6 ? arena_printf(b->arena, "%s-v6", name) : name,
                                          type_of(b->arena, type, is_ipv6), data);
    return pair;
}

static void add_sets(struct rules_builder *b)
{
    struct ruleset *r = b->rules;
    b->port_mac = ruleset_add_set(r, "bridge", "port_mac", "[\"ifname\",\"ether_addr\"]", NULL);
    b->port_arp =
        ruleset_add_set(r, "bridge", "port_arp", "[\"ifname\",\"ether_addr\",\"ipv4_addr\"]", NULL);
    b->port_address = rules_add_pair(b, "bridge", "port_address", "[\"ifname\",ADDRESS]", NULL);
    b->port_forwarder = ruleset_add_set(r, "bridge", "port_forwarder", "\"ifname\"", NULL);
    b->addresses = rules_add_pair(b, "bridge", "addresses", "ADDRESS", NULL);
    b->port_in = rules_add_pair(b, "inet", "port_in", "[ADDRESS,ADDRESS]", "verdict");
    b->port_out = rules_add_pair(b, "inet", "port_out", "ADDRESS", "verdict");
    b->forwarder_in = rules_add_pair(b, "inet", "forwarder_in", "ADDRESS", "verdict");
    b->forwarder_out = ruleset_add_set(r, "inet", "forwarder_out", "\"ether_addr\"", "verdict");
    b->public = ruleset_add_set(r, "inet", "public", "\"ipv4_addr\"", NULL);
    b->public_to_private =
        ruleset_add_set(r, "inet", "public_to_private", "\"ipv4_addr\"", "ipv4_addr");
    b->private_to_public =
        ruleset_add_set(r, "inet", "private_to_public", "\"ipv4_addr\"", "ipv4_addr");
}

static const char *set_name(const char *ipv4, const char *ipv6, bool is_ipv6)
{
    return is_ipv6 ? ipv6 : ipv4;
}

/* --- ports */

static json_t *port_and(const char *protocol, const char *field)
{
    return expr_concat(expr_meta("iifname"), expr_field(protocol, field), NULL);
}

/* What a guest may say of IPv6 before its addresses are looked at. */
static void add_bridge_ipv6(struct rules_builder *b, struct ruleset_chain *c)
{
    static const int router_words[] = {134, 137}; /* advertisement, redirect */
    static const int first_words[] = {133, 135};  /* asking for a router, or whether it is alone */
    for (size_t i = 0; i < ARRAY_SIZE(router_words); i++)
        rules_add(b, c,
                  expr_statements(
                      expr_match("==", expr_field("icmpv6", "type"), json_integer(router_words[i])),
                      expr_verdict("drop"), NULL, NULL));
    rules_add(b, c,
              expr_statements(expr_match("==", expr_field("udp", "sport"), json_integer(547)),
                              expr_verdict("drop"), NULL, NULL));
    for (size_t i = 0; i < ARRAY_SIZE(first_words); i++)
        rules_add(b, c,
                  expr_statements(
                      expr_equals(expr_field("ip6", "saddr"), "::"),
                      expr_match("==", expr_field("icmpv6", "type"), json_integer(first_words[i])),
                      expr_verdict("accept"), NULL));
    rules_add(b, c,
              expr_statements(expr_equals(port_and("ip6", "saddr"), "@port_address-v6"),
                              expr_verdict("accept"), NULL, NULL));
    json_t *list = expr_statements(
        expr_equals(expr_meta("iifname"), "@port_forwarder"),
        expr_match("!=", expr_field("ip6", "saddr"), json_string("@addresses-v6")),
        expr_match("!=", expr_field("ip6", "saddr"),
                   json_pack("{s:{s:s,s:i}}", "prefix", "addr", "fe80::", "len", 10)),
        expr_verdict("accept"));
    rules_add(b, c, list);
}

/* Port security: what a guest may put on its wire. Everything else ends here. */
static void add_bridge(struct rules_builder *b, const char *resolver)
{
    struct ruleset_chain *c = ruleset_add_chain(
        b->rules, "bridge", "prerouting",
        "\"type\":\"filter\",\"hook\":\"prerouting\",\"prio\":-300,\"policy\":\"drop\"");
    /* The kernel has taken a tag off before anything below looks at the packet. */
    static const char *const tags[] = {"8021q", "8021ad"};
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
        rules_add(b, c,
                  expr_statements(expr_equals(expr_field("ether", "type"), tags[i]),
                                  expr_verdict("drop"), NULL, NULL));
    rules_add(
        b, c,
        expr_statements(expr_match("!=", port_and("ether", "saddr"), json_string("@port_mac")),
                        expr_verdict("drop"), NULL, NULL));
    rules_limit_port(b, c, resolver);
    rules_add(b, c,
              expr_statements(
                  expr_equals(expr_concat(expr_meta("iifname"), expr_field("arp", "saddr ether"),
                                          expr_field("arp", "saddr ip")),
                              "@port_arp"),
                  expr_verdict("accept"), NULL, NULL));
    /* A forwarder may have addresses that no interface has. */
    rules_add(
        b, c,
        expr_statements(expr_equals(port_and("arp", "saddr ether"), "@port_mac"),
                        expr_equals(expr_meta("iifname"), "@port_forwarder"),
                        expr_match("!=", expr_field("arp", "saddr ip"), json_string("@addresses")),
                        expr_verdict("accept")));
    /* Before it has a lease a client speaks from no address. */
    rules_add(b, c,
              expr_statements(expr_equals(expr_field("ip", "saddr"), "0.0.0.0"),
                              expr_to_port("udp", 67), expr_verdict("accept"), NULL));
    /* A DHCP server's word, to clients or to a relay. */
    rules_add(b, c,
              expr_statements(expr_match("==", expr_field("udp", "sport"), json_integer(67)),
                              expr_verdict("drop"), NULL, NULL));
    rules_add(b, c,
              expr_statements(expr_equals(port_and("ip", "saddr"), "@port_address"),
                              expr_verdict("accept"), NULL, NULL));
    rules_add(
        b, c,
        expr_statements(expr_equals(expr_meta("iifname"), "@port_forwarder"),
                        expr_match("!=", expr_field("ip", "saddr"), json_string("@addresses")),
                        expr_verdict("accept"), NULL));
    if (b->has_ipv6)
        add_bridge_ipv6(b, c);
}

/* --- forwarding */

/* What passes edge0 has an address that is known outside: it is cut off at once when it loses
 * that, as in EC2. */
static void add_edge(struct rules_builder *b, struct ruleset_chain *c)
{
    rules_add(b, c,
              expr_statements(expr_to_interface("edge0"),
                              expr_match("!=", expr_field("ip", "saddr"), json_string("@public")),
                              expr_verdict("drop"), NULL));
    rules_add(b, c,
              expr_statements(expr_from_interface("edge0"),
                              expr_match("!=", expr_field("ip", "daddr"), json_string("@public")),
                              expr_verdict("drop"), NULL));
    if (!b->has_ipv6)
        return;
    char egress_only[NET_IP_TEXT_SIZE];
    struct net_ip server = edge_server_ipv6(true);
    net_ip_format(&server, egress_only);
    rules_add(
        b, c,
        expr_statements(expr_to_interface("edge0"),
                        expr_match("!=", expr_field("ip6", "saddr"), json_string("@" IPV6_BLOCKS)),
                        expr_verdict("drop"), NULL));
    /* Through an egress-only gateway goes what began inside. */
    rules_add(b, c,
              expr_statements(
                  expr_to_interface("edge0"), expr_equals(expr_nexthop(true), egress_only),
                  expr_equals(expr_made(json_pack("{s:{s:s}}", "ct", "key", "direction")), "reply"),
                  expr_verdict("drop")));
}

/* From a peer comes what is of its blocks: its forwarders must not speak as guests of this VPC. */
static int add_peers(struct rules_builder *b, struct ruleset_chain *c, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < b->intent->n_peerings && r == 0; i++) {
        const struct net_peering *p = &b->intent->peerings[i];
        const char *link = arena_printf(b->arena, WAYS_PEER_LINK, (int)p->number);
        for (int is_ipv6 = 0; is_ipv6 < 2 && r == 0; is_ipv6++) {
            const char *name = arena_printf(b->arena, "%s%s", p->peering_id, is_ipv6 ? "-v6" : "");
            r = rules_add_blocks(b, name, p->peer_blocks, p->n_peer_blocks, is_ipv6, e);
            rules_add(
                b, c,
                expr_statements(expr_from_interface(link),
                                expr_match("!=", expr_field(rules_protocol_of(is_ipv6), "saddr"),
                                           json_string(arena_printf(b->arena, "@%s", name))),
                                expr_verdict("drop"), NULL));
        }
    }
    return r;
}

/* Who begins: the sender's groups, then deliver. */
static void add_beginnings(struct rules_builder *b, struct ruleset_chain *c)
{
    /* The other end of edge0 is the server itself, and 169.254.0.0/16 is nobody's out there. */
    rules_add(b, c,
              expr_statements(expr_to_interface("edge0"),
                              expr_match("==", expr_field("ip", "daddr"),
                                         expr_made(json_pack("{s:{s:s,s:i}}", "prefix", "addr",
                                                             "169.254.0.0", "len", 16))),
                              expr_verdict("drop"), NULL));
    rules_add(b, c,
              expr_statements(expr_from_interface("edge0"),
                              expr_made(json_pack("{s:{s:s,s:{s:{s:s}},s:s}}", "match", "op", "in",
                                                  "left", "ct", "key", "status", "right", "dnat")),
                              expr_go("deliver"), NULL));
    if (b->has_ipv6 && b->intent->has_internet_gateway)
        rules_add(b, c,
                  expr_statements(expr_from_interface("edge0"),
                                  expr_equals(expr_meta("nfproto"), "ipv6"), expr_go("deliver"),
                                  NULL));
    if (b->intent->n_peerings > 0)
        rules_add(b, c,
                  expr_statements(expr_from_interface("pc*"), expr_go("deliver"), NULL, NULL));
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++)
        rules_add(b, c,
                  expr_statements(expr_from_interface("br*"),
                                  expr_vmap(expr_field(rules_protocol_of(is_ipv6), "saddr"),
                                            set_name("@port_out", "@port_out-v6", is_ipv6)),
                                  NULL, NULL));
    /* Without source/destination check an interface sends from any address that is no other's; its
     * MAC, which was checked at the port, tells whose groups decide. */
    rules_add(b, c,
              expr_statements(expr_from_interface("br*"),
                              expr_vmap(expr_field("ether", "saddr"), "@forwarder_out"), NULL,
                              NULL));
}

static void add_deliver(struct rules_builder *b)
{
    struct ruleset_chain *c = ruleset_add_chain(b->rules, "inet", "deliver", NULL);
    rules_add(b, c,
              expr_statements(expr_to_interface("edge0"), expr_verdict("accept"), NULL, NULL));
    if (b->intent->n_peerings > 0)
        rules_add(b, c,
                  expr_statements(expr_to_interface("pc*"), expr_verdict("accept"), NULL, NULL));
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++) {
        rules_add(b, c,
                  expr_statements(
                      expr_vmap(expr_concat(expr_nexthop(is_ipv6),
                                            expr_field(rules_protocol_of(is_ipv6), "daddr"), NULL),
                                set_name("@port_in", "@port_in-v6", is_ipv6)),
                      NULL, NULL, NULL));
        rules_add(b, c,
                  expr_statements(expr_vmap(expr_nexthop(is_ipv6),
                                            set_name("@forwarder_in", "@forwarder_in-v6", is_ipv6)),
                                  NULL, NULL, NULL));
    }
    rules_add(b, c, expr_statements(expr_verdict("drop"), NULL, NULL, NULL));
}

static int add_forward(struct rules_builder *b, struct err *e)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "forward", BASE_FILTER("forward", "drop"));
    int r = rules_add_acls(b, c, e);
    add_edge(b, c);
    if (r == 0)
        r = add_peers(b, c, e);
    rules_add(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("invalid"), expr_verdict("drop"), NULL, NULL));
    rules_limit_connections(b, c);
    add_beginnings(b, c);
    add_deliver(b);
    return r;
}

static void add_nat(struct rules_builder *b)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "prerouting", BASE_NAT("prerouting", "-100"));
    rules_add(b, c,
              expr_statements(expr_from_interface("edge0"),
                              expr_translate("dnat", "daddr", "@public_to_private"), NULL, NULL));
    c = ruleset_add_chain(b->rules, "inet", "postrouting", BASE_NAT("postrouting", "100"));
    rules_add(b, c,
              expr_statements(expr_to_interface("edge0"),
                              expr_translate("snat", "saddr", "@private_to_public"), NULL, NULL));
}

/* --- the router itself */

/* Neighbours, and who asks for a router. */
static void add_discovery(struct rules_builder *b, struct ruleset_chain *c, int first, int last)
{
    for (int type = first; type <= last; type++)
        rules_add(
            b, c,
            expr_statements(expr_match("==", expr_field("icmpv6", "type"), json_integer(type)),
                            expr_verdict("accept"), NULL, NULL));
}

static void add_input(struct rules_builder *b, const char *resolver)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "input", BASE_FILTER("input", "drop"));
    rules_add(b, c, expr_statements(expr_from_interface("lo"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rules_limit_services(b, c);
    rules_add(b, c,
              expr_statements(expr_from_interface("br*"), expr_to_port("udp", 67),
                              expr_verdict("accept"), NULL));
    if (b->has_ipv6) {
        add_discovery(b, c, 133, 133);
        add_discovery(b, c, 135, 136);
        rules_add(b, c,
                  expr_statements(expr_from_interface("br*"), expr_to_port("udp", 547),
                                  expr_verdict("accept"), NULL));
    }
    const char *resolvers[] = {resolver, RULES_RESOLVER_LINK_LOCAL, RULES_RESOLVER_IPV6};
    size_t n = !b->intent->dns_support ? 0 : b->has_ipv6 ? 3 : 2;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < ARRAY_SIZE(transports); j++)
            rules_add(b, c,
                      expr_statements(
                          expr_from_interface("br*"),
                          expr_equals(expr_field(rules_protocol_of(i == 2), "daddr"), resolvers[i]),
                          expr_to_port(transports[j], 53), expr_verdict("accept")));
    const char *metadata[] = {NETWORK_METADATA_IPV4, NETWORK_METADATA_IPV6};
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++)
        rules_add(b, c,
                  expr_statements(expr_from_interface("br*"),
                                  expr_equals(expr_field(rules_protocol_of(is_ipv6), "daddr"),
                                              metadata[is_ipv6]),
                                  expr_to_port("tcp", 80), expr_verdict("accept")));
}

static void add_output(struct rules_builder *b, const struct rules_options *options)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "output", BASE_FILTER("output", "drop"));
    rules_add(b, c, expr_statements(expr_to_interface("lo"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rules_add(b, c,
              expr_statements(expr_to_interface("br*"), expr_to_port("udp", 68),
                              expr_verdict("accept"), NULL));
    if (b->has_ipv6) {
        add_discovery(b, c, 134, 136);
        rules_add(b, c,
                  expr_statements(expr_to_interface("br*"), expr_to_port("udp", 546),
                                  expr_verdict("accept"), NULL));
    }
    ruleset_add_rule(b->rules, c,
                     expr_statements(expr_to_interface("br*"),
                                     expr_equals(expr_meta("l4proto"), "tcp"),
                                     expr_verdict("accept"), NULL),
                     "management: connections of the daemon to guests");
    if (options->asks_upstream)
        for (size_t j = 0; j < ARRAY_SIZE(transports); j++)
            rules_add(b, c,
                      expr_statements(expr_to_interface("edge0"), expr_to_port(transports[j], 53),
                                      expr_verdict("accept"), NULL));
}

static int add_ports(struct rules_builder *b, const struct rules_options *options, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < b->intent->n_ports && r == 0; i++)
        r = rules_add_port(b, &b->intent->ports[i], e);
    for (size_t i = 0; i < options->n_others && r == 0; i++)
        r = rules_add_port_chains(b, options->others[i], e);
    return r;
}

int rules_build(struct arena *a, const struct net_vpc *intent, const struct rules_options *options,
                struct ruleset **ret_rules, struct err *e)
{
    struct cidr block;
    if (intent->n_cidrs == 0 || cidr_parse(intent->cidrs[0], &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id,
                       intent->n_cidrs == 0 ? "" : intent->cidrs[0]);
    char resolver[IPV4_TEXT_SIZE];
    ipv4_format((block.address & cidr_mask(&block)) + 2, resolver);

    struct rules_builder b = {.arena = a,
                              .intent = intent,
                              .rules = ruleset_new(a),
                              .has_ipv6 = intent->n_ipv6_cidrs > 0};
    int r = 0;
    add_sets(&b);
    if (b.has_ipv6)
        r = rules_add_blocks(&b, IPV6_BLOCKS, intent->ipv6_cidrs, intent->n_ipv6_cidrs, true, e);
    add_bridge(&b, resolver);
    if (r == 0)
        r = add_forward(&b, e);
    add_nat(&b);
    add_input(&b, resolver);
    add_output(&b, options);
    b.members = arena_array(a, intent->n_groups, struct rules_pair);
    for (size_t i = 0; i < intent->n_groups && r == 0; i++)
        r = rules_add_group(&b, i, e);
    if (r == 0)
        r = rules_add_references(&b, e);
    if (r == 0)
        r = add_ports(&b, options, e);
    if (r < 0)
        return r;
    ruleset_finish(b.rules);
    *ret_rules = b.rules;
    return 0;
}
