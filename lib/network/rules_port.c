/* What the rules know of each interface: its chains, its addresses, its port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "network/rules_internal.h"
#include "network/ways.h"

#define TAP_MAX      15 /* IFNAMSIZ without its NUL */
#define NAT_GATEWAYS "nat-gateways"

static bool mac_ok(const char *mac)
{
    return mac != NULL && strlen(mac) == 17 && mac[strspn(mac, "0123456789abcdefABCDEF:")] == '\0';
}

static int check_port(const struct net_port *p, struct err *e)
{
    uint32_t address = 0;
    struct net_ip ip;
    if (!ruleset_word_ok(p->interface_id))
        return err_set(e, EINVAL, "not an interface id: %s", p->interface_id);
    if (!ruleset_word_ok(p->tap) || strlen(p->tap) > TAP_MAX)
        return err_set(e, EINVAL, "%s: not the name of a tap: %s", p->interface_id, p->tap);
    if (!mac_ok(p->mac))
        return err_set(e, EINVAL, "%s: not a MAC address: %s", p->interface_id, p->mac);
    if (p->n_addresses == 0)
        return err_set(e, EINVAL, "%s has no address", p->interface_id);
    for (size_t i = 0; i < p->n_addresses; i++) {
        const struct net_address *its = &p->addresses[i];
        if (its->private_ip == NULL || ipv4_parse(its->private_ip, &address) < 0)
            return err_set(e, EINVAL, "%s: not an address: %s", p->interface_id, its->private_ip);
        if (its->public_ip != NULL && ipv4_parse(its->public_ip, &address) < 0)
            return err_set(e, EINVAL, "%s: not an address: %s", p->interface_id, its->public_ip);
    }
    for (size_t i = 0; i < p->n_ipv6; i++)
        if (net_ip_parse(p->ipv6[i], &ip) < 0 || !ip.is_ipv6)
            return err_set(e, EINVAL, "%s: not an IPv6 address: %s", p->interface_id, p->ipv6[i]);
    return 0;
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void add_union(struct rules_builder *b, const char *name, const char *const *ids, size_t n,
                      const char *direction)
{
    struct ruleset_chain *c = ruleset_add_chain(b->rules, "inet", name, NULL);
    for (size_t i = 0; i < n; i++)
        rules_add(b, c,
                  expr_statements(expr_jump(arena_printf(b->arena, "%s-%s", ids[i], direction)),
                                  NULL, NULL, NULL));
}

static const char **sorted_groups(struct arena *a, const struct net_port *p)
{
    const char **ids = arena_array(a, p->n_group_ids, const char *);
    for (size_t i = 0; i < p->n_group_ids; i++)
        ids[i] = p->group_ids[i];
    if (p->n_group_ids > 1)
        qsort(ids, p->n_group_ids, sizeof(ids[0]), compare_ids);
    return ids;
}

const char *rules_combination(struct arena *a, const struct net_port *port)
{
    if (port->nat_gateway_id != NULL)
        return NAT_GATEWAYS;
    const char **ids = sorted_groups(a, port);
    const char *name = port->n_group_ids > 0 ? ids[0] : "no-groups";
    for (size_t i = 1; i < port->n_group_ids; i++)
        name = arena_printf(a, "%s.%s", name, ids[i]);
    return name;
}

/*
 * The chains that decide for the port: its only group's, or those of its combination of groups.
 * Ports with the same combination share them, so that one more port is one more element and no
 * chain.
 */
static int choose_chains(struct rules_builder *b, const struct net_port *p, const char **ret_in,
                         const char **ret_out, struct err *e)
{
    const char **ids = sorted_groups(b->arena, p);
    size_t n = p->n_group_ids;
    const char *name = rules_combination(b->arena, p);
    if (strlen(name) > RULES_CHAIN_MAX - strlen("-out"))
        return err_set(e, EINVAL, "%s is in too many groups", p->interface_id);
    for (size_t i = 0; i < b->unions.n; i++)
        if (streq(b->unions.v[i].name, name)) {
            *ret_in = b->unions.v[i].in;
            *ret_out = b->unions.v[i].out;
            return 0;
        }
    struct rules_union *added = arena_append(b->arena, &b->unions);
    *added = (struct rules_union){.name = name,
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

/* Nobody's groups decide for a NAT gateway (AWS: "NAT gateways"). */
static void choose_open_chains(struct rules_builder *b, const char **ret_in, const char **ret_out)
{
    static const struct rules_union open = {NAT_GATEWAYS, NAT_GATEWAYS "-in", NAT_GATEWAYS "-out"};
    bool known = false;
    for (size_t i = 0; i < b->unions.n; i++)
        known |= streq(b->unions.v[i].name, open.name);
    if (!known) {
        *arena_append(b->arena, &b->unions) = open;
        rules_add(b, ruleset_add_chain(b->rules, "inet", open.in, NULL),
                  expr_statements(expr_verdict("accept"), NULL, NULL, NULL));
        rules_add(b, ruleset_add_chain(b->rules, "inet", open.out, NULL),
                  expr_statements(expr_go("deliver"), NULL, NULL, NULL));
    }
    *ret_in = open.in;
    *ret_out = open.out;
}

struct port_chains {
    const char *in;
    const char *out;
};

static int choose(struct rules_builder *b, const struct net_port *p, struct port_chains *chains,
                  struct err *e)
{
    if (p->nat_gateway_id == NULL)
        return choose_chains(b, p, &chains->in, &chains->out, e);
    choose_open_chains(b, &chains->in, &chains->out);
    return 0;
}

int rules_add_port_chains(struct rules_builder *b, const struct net_port *p, struct err *e)
{
    return choose(b, p, &(struct port_chains){0}, e);
}

static int add_memberships(struct rules_builder *b, const struct net_port *p, const char *address,
                           bool is_ipv6, struct err *e)
{
    for (size_t i = 0; i < p->n_group_ids; i++) {
        const struct net_group *group = intent_group(b->intent, p->group_ids[i]);
        if (group == NULL)
            return err_set(e, EINVAL, "%s is in %s, which %s has not", p->interface_id,
                           p->group_ids[i], b->intent->vpc_id);
        size_t at = (size_t)(group - b->intent->groups);
        ruleset_add_element(b->rules, b->members[at].v[is_ipv6], address, NULL, NULL, NULL);
    }
    return 0;
}

/* An address in the sets that both families have. */
static int add_address(struct rules_builder *b, const struct net_port *p,
                       const struct port_chains *chains, const char *address, bool is_ipv6,
                       struct err *e)
{
    struct ruleset *rules = b->rules;
    ruleset_add_element(rules, b->port_address.v[is_ipv6], p->tap, address, NULL, NULL);
    ruleset_add_element(rules, b->addresses.v[is_ipv6], address, NULL, NULL, NULL);
    /* By next hop and destination: what a route sends here for others is another's. */
    ruleset_add_element(rules, b->port_in.v[is_ipv6], address, address, NULL, chains->in);
    ruleset_add_element(rules, b->port_out.v[is_ipv6], address, NULL, NULL, chains->out);
    if (!p->source_dest_check)
        ruleset_add_element(rules, b->forwarder_in.v[is_ipv6], address, NULL, NULL, chains->in);
    return add_memberships(b, p, address, is_ipv6, e);
}

static int add_ipv6(struct rules_builder *b, const struct net_port *p,
                    const struct port_chains *chains, struct err *e)
{
    uint8_t mac[6] = {0};
    char own[NET_IP_TEXT_SIZE];
    int r = ways_mac_parse(p->mac, mac);
    if (r < 0)
        return err_set(e, EINVAL, "%s: not a MAC address: %s", p->interface_id, p->mac);
    struct net_ip link_local = ways_link_local(mac);
    net_ip_format(&link_local, own);
    ruleset_add_element(b->rules, b->port_address.v[1], p->tap, arena_strdup(b->arena, own), NULL,
                        NULL);
    for (size_t i = 0; i < p->n_ipv6 && r == 0; i++)
        r = add_address(b, p, chains, p->ipv6[i], true, e);
    return r;
}

static void add_public(struct rules_builder *b, const struct net_address *a)
{
    if (a->public_ip == NULL || !b->intent->has_internet_gateway)
        return;
    ruleset_add_element(b->rules, b->public, a->private_ip, NULL, NULL, NULL);
    ruleset_add_element(b->rules, b->public_to_private, a->public_ip, NULL, NULL, a->private_ip);
    ruleset_add_element(b->rules, b->private_to_public, a->private_ip, NULL, NULL, a->public_ip);
}

int rules_add_port(struct rules_builder *b, const struct net_port *p, struct err *e)
{
    struct port_chains chains = {0};
    int r = check_port(p, e);
    if (r == 0)
        r = choose(b, p, &chains, e);
    if (r < 0)
        return r;
    ruleset_add_element(b->rules, b->port_mac, p->tap, p->mac, NULL, NULL);
    if (p->nat_gateway_id != NULL)
        ruleset_add_element(b->rules, b->gateway_mac, p->mac, NULL, NULL, NULL);
    ruleset_add_element(b->rules, b->port_arp, p->tap, p->mac, "0.0.0.0",
                        NULL); /* RFC 5227 probe */
    if (!p->source_dest_check) {
        ruleset_add_element(b->rules, b->port_forwarder, p->tap, NULL, NULL, NULL);
        ruleset_add_element(b->rules, b->forwarder_out, p->mac, NULL, NULL, chains.out);
    }
    for (size_t i = 0; i < p->n_addresses && r == 0; i++) {
        const struct net_address *a = &p->addresses[i];
        ruleset_add_element(b->rules, b->port_arp, p->tap, p->mac, a->private_ip, NULL);
        add_public(b, a);
        r = add_address(b, p, &chains, a->private_ip, false, e);
    }
    if (r == 0 && b->has_ipv6)
        r = add_ipv6(b, p, &chains, e);
    return r;
}
