#include "network/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "core/cidr.h"
#include "network/expr.h"

#define TAP_MAX   15  /* IFNAMSIZ without its NUL */
#define CHAIN_MAX 127 /* NFT_CHAIN_MAXNAMELEN without its NUL */

#define BASE_FILTER(hook, policy)                                                                  \
    "\"type\":\"filter\",\"hook\":\"" hook "\",\"prio\":0,\"policy\":\"" policy "\""
#define BASE_NAT(hook, prio)                                                                       \
    "\"type\":\"nat\",\"hook\":\"" hook "\",\"prio\":" prio ",\"policy\":\"accept\""

/* --- the parts */

/* A combination of groups that some port is in, and the chains that decide for it. */
struct group_union {
    const char *name;
    const char *in;
    const char *out;
};

struct builder {
    struct arena *arena;
    const struct net_vpc *intent;
    struct ruleset *rules;
    struct ruleset_set *port_mac, *port_arp, *port_address, *port_forwarder, *addresses;
    struct ruleset_set *port_in, *port_out, *forwarder_out;
    struct ruleset_set *public, *public_to_private, *private_to_public;
    struct ruleset_set **members; /* of intent->groups */
    struct {
        struct group_union *v;
        size_t n;
    } unions;
};

static void rule(struct builder *b, struct ruleset_chain *chain, json_t *list)
{
    ruleset_add_rule(b->rules, chain, list, NULL);
}

static void add_sets(struct builder *b)
{
    struct ruleset *r = b->rules;
    b->port_mac = ruleset_add_set(r, "bridge", "port_mac", "[\"ifname\",\"ether_addr\"]", NULL);
    b->port_arp =
        ruleset_add_set(r, "bridge", "port_arp", "[\"ifname\",\"ether_addr\",\"ipv4_addr\"]", NULL);
    b->port_address =
        ruleset_add_set(r, "bridge", "port_address", "[\"ifname\",\"ipv4_addr\"]", NULL);
    b->port_forwarder = ruleset_add_set(r, "bridge", "port_forwarder", "\"ifname\"", NULL);
    b->addresses = ruleset_add_set(r, "bridge", "addresses", "\"ipv4_addr\"", NULL);
    b->port_in = ruleset_add_set(r, "inet", "port_in", "\"ipv4_addr\"", "verdict");
    b->port_out = ruleset_add_set(r, "inet", "port_out", "\"ipv4_addr\"", "verdict");
    b->forwarder_out = ruleset_add_set(r, "inet", "forwarder_out", "\"ether_addr\"", "verdict");
    b->public = ruleset_add_set(r, "inet", "public", "\"ipv4_addr\"", NULL);
    b->public_to_private =
        ruleset_add_set(r, "inet", "public_to_private", "\"ipv4_addr\"", "ipv4_addr");
    b->private_to_public =
        ruleset_add_set(r, "inet", "private_to_public", "\"ipv4_addr\"", "ipv4_addr");
}

/* Port security: what a guest may put on its wire. Everything else ends here. */
static void add_bridge(struct builder *b)
{
    struct ruleset_chain *c = ruleset_add_chain(
        b->rules, "bridge", "prerouting",
        "\"type\":\"filter\",\"hook\":\"prerouting\",\"prio\":-300,\"policy\":\"drop\"");
    rule(b, c,
         expr_statements(
             expr_match("!=", expr_concat(expr_meta("iifname"), expr_field("ether", "saddr"), NULL),
                        json_string("@port_mac")),
             expr_verdict("drop"), NULL, NULL));
    rule(b, c,
         expr_statements(
             expr_equals(expr_concat(expr_meta("iifname"), expr_field("arp", "saddr ether"),
                                     expr_field("arp", "saddr ip")),
                         "@port_arp"),
             expr_verdict("accept"), NULL, NULL));
    /* Before it has a lease a client speaks from no address. */
    rule(b, c,
         expr_statements(expr_equals(expr_field("ip", "saddr"), "0.0.0.0"), expr_to_port("udp", 67),
                         expr_verdict("accept"), NULL));
    /* A DHCP server's word, to clients or to a relay. */
    rule(b, c,
         expr_statements(expr_match("==", expr_field("udp", "sport"), json_integer(67)),
                         expr_verdict("drop"), NULL, NULL));
    rule(b, c,
         expr_statements(
             expr_equals(expr_concat(expr_meta("iifname"), expr_field("ip", "saddr"), NULL),
                         "@port_address"),
             expr_verdict("accept"), NULL, NULL));
    rule(b, c,
         expr_statements(expr_equals(expr_meta("iifname"), "@port_forwarder"),
                         expr_match("!=", expr_field("ip", "saddr"), json_string("@addresses")),
                         expr_verdict("accept"), NULL));
}

static void add_forward(struct builder *b)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "forward", BASE_FILTER("forward", "drop"));
    /* An interface that has lost its public address is cut off at once, as in EC2. */
    rule(b, c,
         expr_statements(expr_to_interface("edge0"),
                         expr_match("!=", expr_field("ip", "saddr"), json_string("@public")),
                         expr_verdict("drop"), NULL));
    rule(b, c,
         expr_statements(expr_from_interface("edge0"),
                         expr_match("!=", expr_field("ip", "daddr"), json_string("@public")),
                         expr_verdict("drop"), NULL));
    rule(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("invalid"), expr_verdict("drop"), NULL, NULL));
    /* The other end of edge0 is the server itself, and 169.254.0.0/16 is nobody's out there. */
    rule(b, c,
         expr_statements(expr_to_interface("edge0"),
                         expr_match("==", expr_field("ip", "daddr"),
                                    expr_made(json_pack("{s:{s:s,s:i}}", "prefix", "addr",
                                                        "169.254.0.0", "len", 16))),
                         expr_verdict("drop"), NULL));
    rule(b, c,
         expr_statements(expr_from_interface("edge0"),
                         expr_made(json_pack("{s:{s:s,s:{s:{s:s}},s:s}}", "match", "op", "in",
                                             "left", "ct", "key", "status", "right", "dnat")),
                         expr_go("deliver"), NULL));
    rule(b, c,
         expr_statements(expr_from_interface("br*"),
                         expr_vmap(expr_field("ip", "saddr"), "@port_out"), NULL, NULL));
    /* Without source/destination check an interface sends from any address that is no other's; its
     * MAC, which was checked at the port, tells whose groups decide. */
    rule(b, c,
         expr_statements(expr_from_interface("br*"),
                         expr_vmap(expr_field("ether", "saddr"), "@forwarder_out"), NULL, NULL));

    c = ruleset_add_chain(b->rules, "inet", "deliver", NULL);
    rule(b, c, expr_statements(expr_to_interface("edge0"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_vmap(expr_field("ip", "daddr"), "@port_in"), NULL, NULL, NULL));
    rule(b, c, expr_statements(expr_verdict("drop"), NULL, NULL, NULL));
}

static void add_nat(struct builder *b)
{
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "prerouting", BASE_NAT("prerouting", "-100"));
    rule(b, c,
         expr_statements(expr_from_interface("edge0"),
                         expr_translate("dnat", "daddr", "@public_to_private"), NULL, NULL));
    c = ruleset_add_chain(b->rules, "inet", "postrouting", BASE_NAT("postrouting", "100"));
    rule(b, c,
         expr_statements(expr_to_interface("edge0"),
                         expr_translate("snat", "saddr", "@private_to_public"), NULL, NULL));
}

/* The router itself. */
static void add_local(struct builder *b, const char *resolver, const struct rules_options *options)
{
    static const char *const transports[] = {"udp", "tcp"};
    struct ruleset_chain *c =
        ruleset_add_chain(b->rules, "inet", "input", BASE_FILTER("input", "drop"));
    rule(b, c, expr_statements(expr_from_interface("lo"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rule(b, c,
         expr_statements(expr_from_interface("br*"), expr_to_port("udp", 67),
                         expr_verdict("accept"), NULL));
    const char *resolvers[] = {resolver, RULES_RESOLVER_LINK_LOCAL};
    for (size_t i = 0; i < ARRAY_SIZE(resolvers); i++)
        for (size_t j = 0; j < ARRAY_SIZE(transports); j++)
            rule(b, c,
                 expr_statements(expr_from_interface("br*"),
                                 expr_equals(expr_field("ip", "daddr"), resolvers[i]),
                                 expr_to_port(transports[j], 53), expr_verdict("accept")));
    rule(b, c,
         expr_statements(expr_from_interface("br*"),
                         expr_equals(expr_field("ip", "daddr"), NETWORK_METADATA_IPV4),
                         expr_to_port("tcp", 80), expr_verdict("accept")));

    c = ruleset_add_chain(b->rules, "inet", "output", BASE_FILTER("output", "drop"));
    rule(b, c, expr_statements(expr_to_interface("lo"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("established"), expr_verdict("accept"), NULL, NULL));
    rule(b, c, expr_statements(expr_state("related"), expr_verdict("accept"), NULL, NULL));
    rule(b, c,
         expr_statements(expr_to_interface("br*"), expr_to_port("udp", 68), expr_verdict("accept"),
                         NULL));
    ruleset_add_rule(b->rules, c,
                     expr_statements(expr_to_interface("br*"),
                                     expr_equals(expr_meta("l4proto"), "tcp"),
                                     expr_verdict("accept"), NULL),
                     "management: connections of the daemon to guests");
    if (options->asks_upstream)
        for (size_t j = 0; j < ARRAY_SIZE(transports); j++)
            rule(b, c,
                 expr_statements(expr_to_interface("edge0"), expr_to_port(transports[j], 53),
                                 expr_verdict("accept"), NULL));
}

/* --- security groups */

/*
 * What the rule says about protocol and ports; appends to `list`. AWS (SecurityGroupRule): for icmp
 * the ports are type and code, -1 is any; protocols other than tcp, udp and icmp have no ports.
 */
static void add_protocol(json_t *list, const struct security_group_rule *r)
{
    const char *protocol = r->protocol;
    if (streq(protocol, "-1"))
        return;
    if (streq(protocol, "6"))
        protocol = "tcp";
    else if (streq(protocol, "17"))
        protocol = "udp";
    else if (streq(protocol, "1"))
        protocol = "icmp";
    else if (streq(protocol, "58"))
        protocol = "icmpv6";

    json_t *first = NULL;
    json_t *second = NULL;
    if (streq(protocol, "tcp") || streq(protocol, "udp")) {
        bool all = r->from_port < 0 || (r->from_port == 0 && r->to_port == 65535);
        if (!all)
            first = expr_match("==", expr_field(protocol, "dport"),
                               r->from_port == r->to_port
                                   ? json_integer(r->from_port)
                                   : json_pack("{s:[I,I]}", "range", (json_int_t)r->from_port,
                                               (json_int_t)r->to_port));
    } else if ((streq(protocol, "icmp") || streq(protocol, "icmpv6")) && r->from_port >= 0) {
        first = expr_match("==", expr_field(protocol, "type"), json_integer(r->from_port));
        if (r->to_port >= 0)
            second = expr_match("==", expr_field(protocol, "code"), json_integer(r->to_port));
    }
    if (first == NULL) {
        int64_t number = 0;
        json_t *right = parse_int64(protocol, &number) == 0 ? json_integer(number)
                        : streq(protocol, "icmpv6")         ? json_string("ipv6-icmp")
                                                            : json_string(protocol);
        first = expr_match("==", expr_meta("l4proto"), right);
    }
    CHECK(json_array_append_new(list, first) == 0);
    if (second != NULL)
        CHECK(json_array_append_new(list, second) == 0);
}

static const struct net_group *find_group(const struct net_vpc *intent, const char *group_id,
                                          size_t *ret_at)
{
    for (size_t i = 0; i < intent->n_groups; i++)
        if (streq(intent->groups[i].group_id, group_id)) {
            *ret_at = i;
            return &intent->groups[i];
        }
    return NULL;
}

static json_t *prefix(const char *cidr)
{
    const char *slash = strchr(cidr, '/');
    int64_t length = 0;
    if (slash == NULL || parse_int64(slash + 1, &length) < 0)
        return NULL;
    return expr_made(json_pack("{s:{s:s%,s:I}}", "prefix", "addr", cidr, (size_t)(slash - cidr),
                               "len", (json_int_t)length));
}

/* Whom the rule lets in or out; appends to `list`. False: nobody of this VPC. */
static bool add_peer(struct builder *b, json_t *list, const struct security_group_rule *r)
{
    const char *address = r->is_egress ? "daddr" : "saddr";
    json_t *peer = NULL;
    struct cidr block;
    size_t at = 0;
    if (r->cidr_ipv4 != NULL) {
        char text[CIDR_TEXT_SIZE];
        if (cidr_parse(r->cidr_ipv4, &block) < 0)
            return false;
        (void)cidr_normalize(&block);
        cidr_format(&block, text);
        /* All addresses: nft has no prefix of length 0, and needs none. */
        if (block.length == 0)
            peer = expr_equals(expr_meta("nfproto"), "ipv4");
        else if (block.length == 32)
            peer =
                expr_match("==", expr_field("ip", address), json_stringn(text, strcspn(text, "/")));
        else
            peer = expr_match("==", expr_field("ip", address), prefix(text));
    } else if (r->cidr_ipv6 != NULL) {
        if (!cidr_is_ipv6(r->cidr_ipv6))
            return false;
        if (has_prefix(strchr(r->cidr_ipv6, '/'), "/0"))
            peer = expr_equals(expr_meta("nfproto"), "ipv6");
        else
            peer = expr_match("==", expr_field("ip6", address), prefix(r->cidr_ipv6));
    } else if (r->referenced_group_id != NULL &&
               find_group(b->intent, r->referenced_group_id, &at) != NULL) {
        peer = expr_match("==", expr_field("ip", address),
                          json_string(arena_printf(b->arena, "@%s", r->referenced_group_id)));
    } else {
        return false;
    }
    CHECK(json_array_append_new(list, peer) == 0);
    return true;
}

static int compare_rules(const void *left, const void *right)
{
    const struct security_group_rule *a = *(const struct security_group_rule *const *)left;
    const struct security_group_rule *b = *(const struct security_group_rule *const *)right;
    return strcmp(a->id, b->id);
}

static int add_group(struct builder *b, size_t at, struct err *e)
{
    const struct net_group *group = &b->intent->groups[at];
    if (!ruleset_word_ok(group->group_id))
        return err_set(e, EINVAL, "not a group id: %s", group->group_id);
    b->members[at] = ruleset_add_set(b->rules, "inet", group->group_id, "\"ipv4_addr\"", NULL);
    struct ruleset_chain *in =
        ruleset_add_chain(b->rules, "inet", arena_printf(b->arena, "%s-in", group->group_id), NULL);
    struct ruleset_chain *out = ruleset_add_chain(
        b->rules, "inet", arena_printf(b->arena, "%s-out", group->group_id), NULL);

    /* By id: the order in which the rules were read must not look like a change. */
    const struct security_group_rule **sorted =
        arena_array(b->arena, group->n_rules, const struct security_group_rule *);
    for (size_t i = 0; i < group->n_rules; i++)
        sorted[i] = &group->rules[i];
    if (group->n_rules > 1)
        qsort(sorted, group->n_rules, sizeof(sorted[0]), compare_rules);
    for (size_t i = 0; i < group->n_rules; i++) {
        const struct security_group_rule *r = sorted[i];
        if (!ruleset_word_ok(r->id) || !ruleset_word_ok(r->protocol))
            return err_set(e, EINVAL, "%s has a malformed rule", group->group_id);
        json_t *list = expr_made(json_array());
        if (!add_peer(b, list, r)) {
            json_decref(list);
            continue;
        }
        add_protocol(list, r);
        /* What may leave still has to be let in. */
        CHECK(json_array_append_new(list, r->is_egress ? expr_go("deliver")
                                                       : expr_verdict("accept")) == 0);
        ruleset_add_rule(b->rules, r->is_egress ? out : in, list, r->id);
    }
    return 0;
}

/* --- interfaces */

static bool mac_ok(const char *mac)
{
    return mac != NULL && strlen(mac) == 17 && mac[strspn(mac, "0123456789abcdefABCDEF:")] == '\0';
}

static int check_port(const struct net_port *p, struct err *e)
{
    uint32_t address = 0;
    if (!ruleset_word_ok(p->interface_id))
        return err_set(e, EINVAL, "not an interface id: %s", p->interface_id);
    if (!ruleset_word_ok(p->tap) || strlen(p->tap) > TAP_MAX)
        return err_set(e, EINVAL, "%s: not the name of a tap: %s", p->interface_id, p->tap);
    if (!mac_ok(p->mac))
        return err_set(e, EINVAL, "%s: not a MAC address: %s", p->interface_id, p->mac);
    if (p->addresses[0].private_ip == NULL || ipv4_parse(p->addresses[0].private_ip, &address) < 0)
        return err_set(e, EINVAL, "%s: not an address: %s", p->interface_id,
                       p->addresses[0].private_ip);
    if (p->addresses[0].public_ip != NULL && ipv4_parse(p->addresses[0].public_ip, &address) < 0)
        return err_set(e, EINVAL, "%s: not an address: %s", p->interface_id,
                       p->addresses[0].public_ip);
    return 0;
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void add_union(struct builder *b, const char *name, const char *const *ids, size_t n,
                      const char *direction)
{
    struct ruleset_chain *c = ruleset_add_chain(b->rules, "inet", name, NULL);
    for (size_t i = 0; i < n; i++)
        rule(b, c,
             expr_statements(expr_jump(arena_printf(b->arena, "%s-%s", ids[i], direction)), NULL,
                             NULL, NULL));
}

/*
 * The chains that decide for the port: its only group's, or those of its combination of groups.
 * Ports with the same combination share them, so that one more port is one more element and no
 * chain.
 */
static int choose_chains(struct builder *b, const struct net_port *p, const char **ret_in,
                         const char **ret_out, struct err *e)
{
    const char **ids = arena_array(b->arena, p->n_group_ids, const char *);
    size_t n = 0;
    for (size_t i = 0; i < p->n_group_ids; i++)
        ids[n++] = p->group_ids[i];
    if (n > 1)
        qsort(ids, n, sizeof(ids[0]), compare_ids);
    const char *name = n > 0 ? ids[0] : "no-groups";
    for (size_t i = 1; i < n; i++)
        name = arena_printf(b->arena, "%s.%s", name, ids[i]);
    if (strlen(name) > CHAIN_MAX - strlen("-out"))
        return err_set(e, EINVAL, "%s is in too many groups", p->interface_id);
    for (size_t i = 0; i < b->unions.n; i++)
        if (streq(b->unions.v[i].name, name)) {
            *ret_in = b->unions.v[i].in;
            *ret_out = b->unions.v[i].out;
            return 0;
        }
    struct group_union *added = arena_append(b->arena, &b->unions);
    *added = (struct group_union){.name = name,
                                  .in = arena_printf(b->arena, "%s-in", name),
                                  .out = arena_printf(b->arena, "%s-out", name)};
    *ret_in = added->in;
    *ret_out = added->out;
    if (n != 1) {
        add_union(b, *ret_in, ids, n, "in");
        add_union(b, *ret_out, ids, n, "out");
    }
    return 0;
}

static int add_port(struct builder *b, const struct net_port *p, struct err *e)
{
    int r = check_port(p, e);
    if (r < 0)
        return r;
    struct ruleset *rules = b->rules;
    const char *in = NULL;
    const char *out = NULL;
    r = choose_chains(b, p, &in, &out, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < p->n_group_ids; i++) {
        size_t at = 0;
        if (find_group(b->intent, p->group_ids[i], &at) == NULL)
            return err_set(e, EINVAL, "%s is in %s, which %s has not", p->interface_id,
                           p->group_ids[i], b->intent->vpc_id);
        ruleset_add_element(rules, b->members[at], p->addresses[0].private_ip, NULL, NULL, NULL);
    }
    ruleset_add_element(rules, b->port_mac, p->tap, p->mac, NULL, NULL);
    ruleset_add_element(rules, b->port_arp, p->tap, p->mac, p->addresses[0].private_ip, NULL);
    ruleset_add_element(rules, b->port_arp, p->tap, p->mac, "0.0.0.0", NULL); /* RFC 5227 probe */
    ruleset_add_element(rules, b->port_address, p->tap, p->addresses[0].private_ip, NULL, NULL);
    ruleset_add_element(rules, b->addresses, p->addresses[0].private_ip, NULL, NULL, NULL);
    ruleset_add_element(rules, b->port_in, p->addresses[0].private_ip, NULL, NULL, in);
    ruleset_add_element(rules, b->port_out, p->addresses[0].private_ip, NULL, NULL, out);
    if (!p->source_dest_check) {
        ruleset_add_element(rules, b->port_forwarder, p->tap, NULL, NULL, NULL);
        ruleset_add_element(rules, b->forwarder_out, p->mac, NULL, NULL, out);
    }
    if (p->addresses[0].public_ip != NULL) {
        ruleset_add_element(rules, b->public, p->addresses[0].private_ip, NULL, NULL, NULL);
        ruleset_add_element(rules, b->public_to_private, p->addresses[0].public_ip, NULL, NULL,
                            p->addresses[0].private_ip);
        ruleset_add_element(rules, b->private_to_public, p->addresses[0].private_ip, NULL, NULL,
                            p->addresses[0].public_ip);
    }
    return 0;
}

int rules_build(struct arena *a, const struct net_vpc *intent, const struct rules_options *options,
                struct ruleset **ret_rules, struct err *e)
{
    struct cidr block;
    if (cidr_parse(intent->cidrs[0], &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id, intent->cidrs[0]);
    char resolver[IPV4_TEXT_SIZE];
    ipv4_format((block.address & cidr_mask(&block)) + 2, resolver);

    struct builder b = {.arena = a, .intent = intent, .rules = ruleset_new(a)};
    add_sets(&b);
    add_bridge(&b);
    add_forward(&b);
    add_nat(&b);
    add_local(&b, resolver, options);
    b.members = arena_array(a, intent->n_groups, struct ruleset_set *);
    int r = 0;
    for (size_t i = 0; i < intent->n_groups && r == 0; i++)
        r = add_group(&b, i, e);
    for (size_t i = 0; i < intent->n_ports && r == 0; i++)
        r = add_port(&b, &intent->ports[i], e);
    if (r < 0)
        return r;
    ruleset_finish(b.rules);
    *ret_rules = b.rules;
    return 0;
}
