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
#include "network/rules.h"

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

static bool same_host(const struct net_port *a, const struct net_port *b)
{
    return b != NULL && streq(a->mac, b->mac) &&
           streq(a->addresses[0].private_ip, b->addresses[0].private_ip) &&
           streq(a->hostname, b->hostname);
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
        if (same_host(port, intent_port(to, port->interface_id)))
            continue;
        add_file(a, ret, directory, "hosts", port->interface_id, NULL);
        add_file(a, ret, directory, "names", port->interface_id, NULL);
    }
    if (ret->files.n > 0)
        *arena_append(a, &ret->reload) =
            arena_printf(a, "kill -HUP $(cat %s/dnsmasq.pid)", directory);
    for (size_t i = 0; i < to->n_ports; i++) {
        const struct net_port *port = &to->ports[i];
        struct dnsmasq_host host = dnsmasq_host_of(port);
        if (same_host(port, intent_port(from, port->interface_id)))
            continue;
        struct dnsmasq_lines lines = dnsmasq_host_lines(a, to->domain, &host);
        add_file(a, ret, directory, "hosts", port->interface_id, lines.host);
        add_file(a, ret, directory, "names", port->interface_id, lines.name);
    }
}

static bool has_public(const struct net_vpc *intent, const char *address)
{
    for (size_t i = 0; i < intent->n_ports; i++)
        if (streq(intent->ports[i].addresses[0].public_ip, address))
            return true;
    return false;
}

static int explain_routes(struct arena *a, const struct net_vpc *from, const struct net_vpc *to,
                          struct net_explained *ret, struct err *e)
{
    struct edge_addresses edge = {0};
    char inside[IPV4_TEXT_SIZE];
    int r = edge_addresses(to->index, &edge, e);
    if (r < 0)
        return r;
    ipv4_format(edge.inside, inside);
    for (size_t i = 0; i < from->n_ports; i++) {
        const char *its = from->ports[i].addresses[0].public_ip;
        if (its != NULL && !has_public(to, its))
            *arena_append(a, &ret->routes) = arena_printf(
                a, "ip route del %s via %s dev " EDGE_LINK, its, inside, (int)to->index);
    }
    for (size_t i = 0; i < to->n_ports; i++) {
        const char *its = to->ports[i].addresses[0].public_ip;
        if (its != NULL && !has_public(from, its))
            *arena_append(a, &ret->routes) = arena_printf(
                a, "ip route replace %s via %s dev " EDGE_LINK, its, inside, (int)to->index);
    }
    return 0;
}

int network_explain(struct arena *a, const char *runtime_dir, const struct net_vpc *from,
                    const struct net_vpc *to, size_t rules_max, struct net_explained *ret,
                    struct err *e)
{
    static const struct net_vpc nothing;
    struct net_explained told = {0};
    const struct net_vpc *had = from == NULL ? &nothing : from;
    const char *directory =
        arena_printf(a, "%s/" LINUX_NETWORK_DIRECTORY "/%s", runtime_dir, to->vpc_id);
    explain_hosts(a, directory, had, to, &told);
    int r = explain_routes(a, had, to, &told, e);
    if (r == 0)
        r = explain_rules(a, from, to, rules_max, &told, e);
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
    *arena_append(a, &commands) = arena_printf(a, "ip link set %s netns %s", port->tap, vpc);
    *arena_append(a, &commands) =
        arena_printf(a, "ip -n %s link set %s master %s", vpc, port->tap, subnet->bridge);
    *arena_append(a, &commands) =
        arena_printf(a, "bridge -n %s link set dev %s isolated on", vpc, port->tap);
    *arena_append(a, &commands) =
        arena_printf(a, "ip -n %s link set %s mtu %d up", vpc, port->tap, EDGE_MTU);
    return commands;
}
