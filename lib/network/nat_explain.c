/* What nat_put() comes to, in words that a person can type. */
#include "base/buf.h"
#include "base/text.h"
#include "network/edge.h"
#include "network/explain.h"
#include "network/intent.h"
#include "network/nat.h"

#define RULES_MAX ((size_t)1 << 16)
#define INNER     NAT_INNER_LINK

static void say(struct arena *a, struct net_explained_gateway *g, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct arena *a, struct net_explained_gateway *g, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *arena_append(a, &g->commands) = arena_vprintf(a, format, ap);
    va_end(ap);
}

/* Its namespace, and the link that leads there from its bridge. */
static void say_place(struct arena *a, struct net_explained_gateway *g, const struct net_vpc *to,
                      const struct net_port *port)
{
    say(a, g, "ip netns add %s", port->nat_gateway_id);
    say(a, g, "ip -n %s link add %s type veth peer name " INNER " address %s netns %s", to->vpc_id,
        port->tap, port->mac, port->nat_gateway_id);
    struct net_names plug = network_explain_plug(a, to, port->interface_id);
    for (size_t i = 0; i < plug.n; i++)
        say(a, g, "%s", plug.v[i]);
}

static void say_rules(struct arena *a, struct net_explained_gateway *g, const struct net_port *old,
                      const struct net_port *port)
{
    _cleanup_buf_ struct buf text = BUF_INIT(RULES_MAX);
    struct ruleset *before = NULL;
    if (old == NULL)
        ruleset_finish(before = ruleset_new(a));
    else
        before = nat_rules_build(a, old);
    if (!ruleset_print_change(before, nat_rules_build(a, port), &text))
        return;
    g->rules = arena_strdup(a, buf_str(&text));
    say(a, g, "ip netns exec %s nft -f %s.nft", g->nat_gateway_id, g->nat_gateway_id);
}

static bool has(const struct net_port *port, const char *private_ip)
{
    for (size_t i = 0; port != NULL && i < port->n_addresses; i++)
        if (streq(port->addresses[i].private_ip, private_ip))
            return true;
    return false;
}

static void say_addresses(struct arena *a, struct net_explained_gateway *g, const char *verb,
                          const struct net_port *these, const struct net_port *others)
{
    for (size_t i = 0; these != NULL && i < these->n_addresses; i++)
        if (!has(others, these->addresses[i].private_ip))
            say(a, g, "ip -n %s addr %s %s/32 dev " INNER, g->nat_gateway_id, verb,
                these->addresses[i].private_ip);
}

static void say_ways(struct arena *a, struct net_explained_gateway *g, const struct net_vpc *to,
                     const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(to, port->subnet_id);
    struct net_block block;
    char router[NET_IP_TEXT_SIZE];
    if (subnet == NULL || net_block_parse(subnet->cidr, &block) < 0)
        return;
    struct net_ip first = net_block_nth(&block, 1);
    net_ip_format(&first, router);
    say(a, g, "ip -n %s route replace default via %s dev " INNER " onlink", g->nat_gateway_id,
        router);
}

/* `old` NULL: it comes; `port` NULL: it goes. */
static void explain_one(struct arena *a, const struct net_vpc *to, const struct net_port *old,
                        const struct net_port *port, struct net_explained *ret)
{
    const char *id = (port != NULL ? port : old)->nat_gateway_id;
    struct net_explained_gateway *g = arena_append(a, &ret->gateways);
    g->nat_gateway_id = id;
    if (port == NULL) {
        say(a, g, "ip netns delete %s", id);
        return;
    }
    if (old == NULL)
        say_place(a, g, to, port);
    say_rules(a, g, old, port);
    if (old == NULL) {
        say(a, g, "ip netns exec %s sysctl -q net.ipv4.ip_forward=1", id);
        say(a, g, "ip netns exec %s sysctl -q net.ipv4.conf.all.send_redirects=0", id);
        say(a, g, "ip netns exec %s sysctl -q net.ipv4.conf." INNER ".send_redirects=0", id);
        say(a, g, "ip -n %s link set " INNER " mtu %d up", id, EDGE_MTU);
    }
    say_addresses(a, g, "add", port, old);
    say_addresses(a, g, "del", old, port);
    if (old == NULL)
        say_ways(a, g, to, port);
}

/* The same gateway of another intent; NULL: it has it not. */
static const struct net_port *its(const struct net_vpc *intent, const struct net_port *port)
{
    const struct net_port *found = intent_port(intent, port->interface_id);
    return found != NULL && streq(found->nat_gateway_id, port->nat_gateway_id) ? found : NULL;
}

void nat_explain(struct arena *a, const struct net_vpc *from, const struct net_vpc *to,
                 struct net_explained *ret)
{
    for (size_t i = 0; i < from->n_ports; i++)
        if (from->ports[i].nat_gateway_id != NULL && its(to, &from->ports[i]) == NULL)
            explain_one(a, to, &from->ports[i], NULL, ret);
    for (size_t i = 0; i < to->n_ports; i++) {
        const struct net_port *port = &to->ports[i];
        const struct net_port *old = port->nat_gateway_id == NULL ? NULL : its(from, port);
        if (port->nat_gateway_id != NULL && (old == NULL || !intent_port_equal(old, port)))
            explain_one(a, to, old, port, ret);
    }
}
