#include "network/explain.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "core/cidr.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/intent.h"
#include "network/linux.h"
#include "network/nat.h"
#include "network/rules.h"
#include "network/ways.h"

static int explain_rules(struct arena *a, const struct net_vpc *from, const struct net_vpc *to,
                         size_t max, struct net_explained *ret, struct err *e)
{
    /* Whether the resolver asks upstream is the same before and after. */
    static const struct rules_options options;
    struct ruleset *before = NULL;
    struct ruleset *after = NULL;
    _cleanup_buf_ struct buf text = BUF_INIT(max);
    int r = 0;
    if (from == NULL)
        ruleset_finish(before = ruleset_new(a));
    else
        r = rules_build(a, from, &options, &before, e);
    if (r == 0)
        r = rules_build(a, to, &options, &after, e);
    if (r < 0)
        return r;
    bool differ = ruleset_print_change(before, after, &text);
    if (text.failed)
        return err_set(e, EFBIG, "the rules of %s that change are longer than %zu bytes",
                       to->vpc_id, max);
    ret->rules = differ ? arena_strdup(a, buf_str(&text)) : NULL;
    return 0;
}

static bool same_host(struct arena *a, const char *domain, const struct net_port *left,
                      const struct net_port *right)
{
    if (right == NULL)
        return false;
    struct dnsmasq_host one = dnsmasq_host_of(a, domain, left);
    struct dnsmasq_host other = dnsmasq_host_of(a, domain, right);
    return streq(one.host, other.host) && streq(one.names, other.names);
}

static void add_file(struct arena *a, struct net_explained *ret, const char *directory,
                     const char *below, const char *name, const char *content)
{
    *arena_append(a, &ret->files) =
        (struct net_file){arena_printf(a, "%s/%s/%s", directory, below, name), content};
}

/* First all that goes, as the driver does. */
static void explain_hosts(struct arena *a, const char *directory, const struct net_vpc *from,
                          const struct net_vpc *to, struct net_explained *ret)
{
    for (size_t i = 0; i < from->n_ports; i++) {
        const struct net_port *port = &from->ports[i];
        if (same_host(a, to->domain, port, intent_port(to, port->interface_id)))
            continue;
        add_file(a, ret, directory, "hosts", port->interface_id, NULL);
        add_file(a, ret, directory, "names", port->interface_id, NULL);
    }
    if (ret->files.n > 0)
        *arena_append(a, &ret->reload) =
            arena_printf(a, "kill -HUP $(cat %s/dnsmasq.pid)", directory);
    for (size_t i = 0; i < to->n_ports; i++) {
        const struct net_port *port = &to->ports[i];
        if (same_host(a, to->domain, port, intent_port(from, port->interface_id)))
            continue;
        struct dnsmasq_host host = dnsmasq_host_of(a, to->domain, port);
        add_file(a, ret, directory, "hosts", port->interface_id, host.host);
        add_file(a, ret, directory, "names", port->interface_id, host.names);
    }
}

static void explain_destinations(struct arena *a, struct network *network,
                                 struct net_explained *ret, const char *verb,
                                 const struct edge_destinations *these,
                                 const struct edge_destinations *others, int64_t index,
                                 const char *via)
{
    for (size_t i = 0; i < these->n; i++) {
        bool has = false;
        for (size_t k = 0; k < others->n && !has; k++)
            has = net_block_compare(&these->v[i], &others->v[k]) == 0;
        char to[NET_BLOCK_TEXT_SIZE];
        net_block_format(&these->v[i], to);
        if (these->v[i].length == 32 && !these->v[i].address.is_ipv6)
            to[strlen(to) - strlen("/32")] = '\0';
        if (has)
            continue;
        *arena_append(a, &ret->routes) =
            arena_printf(a, "ip route %s %s via %s dev " EDGE_LINK, verb, to,
                         these->v[i].address.is_ipv6 ? "fe80::2" : via, (int)index);
        const char *uplink = network == NULL ? NULL : network->ops->answers_on(network, to);
        if (uplink != NULL)
            *arena_append(a, &ret->routes) =
                arena_printf(a, "ip neigh %s proxy %s dev %s", verb, to, uplink);
    }
}

/* On the server, then inside. */
static int explain_routes(struct arena *a, struct network *network, const struct net_vpc *from,
                          const struct net_vpc *to, struct net_explained *ret, struct err *e)
{
    struct edge_addresses edge = {0};
    struct ways old = {0};
    struct ways now = {0};
    char inside[IPV4_TEXT_SIZE];
    int r = edge_addresses(to->index, &edge, e);
    if (r == 0 && from->vpc_id != NULL)
        r = ways_build(a, from, &old, e);
    if (r == 0)
        r = ways_build(a, to, &now, e);
    if (r < 0)
        return r;
    ipv4_format(edge.inside, inside);
    struct edge_destinations had = edge_destinations(a, from);
    struct edge_destinations has = edge_destinations(a, to);
    explain_destinations(a, network, ret, "del", &had, &has, to->index, inside);
    explain_destinations(a, network, ret, "replace", &has, &had, to->index, inside);
    struct net_names ways = ways_explain(a, &old, &now);
    /* A new VPC's are many and alike: they follow from its tables. */
    for (size_t i = 0; from->vpc_id != NULL && i < ways.n; i++)
        *arena_append(a, &ret->routes) = arena_printf(a, "ip -n %s %s", to->vpc_id, ways.v[i]);
    return 0;
}

int network_explain(struct arena *a, const struct net_explain_options *o,
                    const struct net_vpc *from, const struct net_vpc *to, struct net_explained *ret,
                    struct err *e)
{
    static const struct net_vpc nothing;
    struct net_explained told = {0};
    const struct net_vpc *had = from == NULL ? &nothing : from;
    const char *directory =
        arena_printf(a, "%s/" LINUX_NETWORK_DIRECTORY "/%s", o->runtime_dir, to->vpc_id);
    explain_hosts(a, directory, had, to, &told);
    nat_explain(a, had, to, &told);
    int r = explain_routes(a, o->network, had, to, &told, e);
    if (r == 0)
        r = explain_rules(a, from, to, o->rules_max, &told, e);
    if (r == 0)
        *ret = told;
    return r;
}

struct net_names network_explain_plug(struct arena *a, const struct net_vpc *intent,
                                      const char *interface_id)
{
    struct net_names commands = {0};
    const struct net_port *port = intent_port(intent, interface_id);
    const struct net_subnet *subnet = port == NULL ? NULL : intent_subnet(intent, port->subnet_id);
    if (subnet == NULL)
        return commands;
    const char *vpc = intent->vpc_id;
    if (port->nat_gateway_id == NULL)
        *arena_append(a, &commands) = arena_printf(a, "ip link set %s netns %s", port->tap, vpc);
    *arena_append(a, &commands) =
        arena_printf(a, "ip -n %s link set %s master %s", vpc, port->tap, subnet->bridge);
    *arena_append(a, &commands) =
        arena_printf(a, "bridge -n %s link set dev %s isolated on", vpc, port->tap);
    *arena_append(a, &commands) =
        arena_printf(a, "ip -n %s link set %s mtu %d up", vpc, port->tap, EDGE_MTU);
    return commands;
}
