#include "network/applied.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/intent.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/rules.h"
#include "network/ruleset.h"

/*
 * Theory of operation: of every VPC the driver remembers the intent that it applied last and the
 * rule set that came of it. As long as it does, apply() trusts the kernel to be as it was left, but
 * for what others may end: the namespace, dnsmasq, the server's table. It knows nothing after a
 * start of the daemon and forgets after any error; the next apply() then goes over everything, each
 * step of which accepts what is there. So a crash in the middle is mended by the next call.
 *
 * Rules stand before links lead anywhere, and public addresses are routed last.
 */

#define TRANSACTION_MAX ((size_t)64 << 20)
#define CONFIG_MAX      (1 << 20)

struct applied {
    char *vpc_id;
    int namespace_fd;
    int dnsmasq; /* pidfd */
    /* All three NULL when what is applied is not known. */
    struct arena *arena;
    const struct net_vpc *intent;
    const struct ruleset *rules;
};

struct applied *applied_new(const char *vpc_id)
{
    struct applied *vpc = calloc(1, sizeof(*vpc));
    CHECK(vpc != NULL);
    vpc->vpc_id = strdup(vpc_id);
    CHECK(vpc->vpc_id != NULL);
    vpc->namespace_fd = vpc->dnsmasq = -1;
    return vpc;
}

const char *applied_vpc_id(const struct applied *vpc)
{
    return vpc->vpc_id;
}

static void forget(struct applied *vpc)
{
    arena_free(vpc->arena);
    vpc->arena = NULL;
    vpc->intent = NULL;
    vpc->rules = NULL;
}

void applied_free(struct applied *vpc)
{
    if (vpc == NULL)
        return;
    forget(vpc);
    cleanup_close(&vpc->namespace_fd);
    cleanup_close(&vpc->dnsmasq);
    free(vpc->vpc_id);
    free(vpc);
}

/* --- apply: inside the namespace */

struct sysctl {
    const char *name;
    const char *value;
    bool optional; /* not in every kernel, or only with a module */
};

static const struct sysctl namespace_sysctls[] = {
    {"net/ipv4/ip_forward", "1", false},
    /* The port has checked the source more closely than the reverse path would. */
    {"net/ipv4/conf/all/rp_filter", "0", false},
    {"net/ipv4/conf/default/rp_filter", "0", false},
    {"net/ipv4/conf/all/send_redirects", "0", false},
    {"net/ipv4/conf/default/send_redirects", "0", false},
    {"net/ipv4/conf/all/accept_redirects", "0", false},
    {"net/ipv4/conf/default/accept_redirects", "0", false},
    /* Ask for a guest's MAC with the address of its own subnet. */
    {"net/ipv4/conf/all/arp_announce", "2", false},
    /* No IPv6 of the router's own. */
    {"net/ipv6/conf/all/disable_ipv6", "1", true},
    {"net/ipv6/conf/default/disable_ipv6", "1", true},
    /* Where br_netfilter is loaded (Docker does) bridged frames would pass the inet chains, too. */
    {"net/bridge/bridge-nf-call-iptables", "0", true},
    {"net/bridge/bridge-nf-call-ip6tables", "0", true},
    {"net/bridge/bridge-nf-call-arptables", "0", true},
};

static const struct sysctl bridge_sysctls[] = {
    /* Guests of one subnet believe each other on the link: answer for everybody, at once. */
    {"net/ipv4/conf/%s/proxy_arp_pvlan", "1", false},
    {"net/ipv4/conf/%s/proxy_arp", "1", false},
    {"net/ipv4/neigh/%s/proxy_delay", "0", false},
    {"net/ipv4/conf/%s/send_redirects", "0", false},
};

static int put_sysctl(struct arena *a, const struct sysctl *s, const char *link, struct err *e)
{
    const char *at = strstr(s->name, "%s");
    const char *name =
        at == NULL ? s->name
                   : arena_printf(a, "%.*s%s%s", (int)(at - s->name), s->name, link, at + 2);
    int r = netns_sysctl(name, s->value, s->optional ? NULL : e);
    return s->optional && r == -ENOENT ? 0 : r;
}

static int put_bridge(struct arena *a, struct rtnl *rtnl, const struct net_vpc *intent,
                      const struct net_subnet *subnet, struct err *e)
{
    struct cidr block;
    if (cidr_parse(subnet->cidr, &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", subnet->subnet_id, subnet->cidr);
    (void)cidr_normalize(&block);
    int index = rtnl_index(rtnl, subnet->bridge);
    if (index == 0) {
        /* Locally administered; the same on every start, so that guests keep their ARP caches. */
        uint16_t vpc = (uint16_t)intent->index;
        uint16_t number =
            (uint16_t)strtoul(subnet->bridge + strcspn(subnet->bridge, "0123456789"), NULL, 10);
        uint8_t mac[6] = {
            0x02, 0x43, (uint8_t)(vpc >> 8), (uint8_t)vpc, (uint8_t)(number >> 8), (uint8_t)number};
        int r = rtnl_bridge_make(rtnl, subnet->bridge, mac, e);
        if (r < 0)
            return r;
        index = rtnl_index(rtnl, subnet->bridge);
    }
    int r = 0;
    for (size_t i = 0; i < ARRAY_SIZE(bridge_sysctls) && r == 0; i++)
        r = put_sysctl(a, &bridge_sysctls[i], subnet->bridge, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, index, block.address + 1, block.length, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, index, EDGE_MTU, e);
    return r;
}

static bool is_bridge_of(const struct net_vpc *intent, const char *name)
{
    for (size_t i = 0; i < intent->n_subnets; i++)
        if (streq(intent->subnets[i].bridge, name))
            return true;
    return false;
}

static int drop_old_bridges(struct arena *a, struct rtnl *rtnl, const struct net_vpc *intent,
                            struct err *e)
{
    struct rtnl_links links;
    int r = rtnl_links(rtnl, a, &links, e);
    for (size_t i = 0; r == 0 && i < links.n; i++) {
        const char *name = links.v[i].name;
        bool ours = has_prefix(name, "br") && name[2] != '\0' &&
                    name[2 + strspn(name + 2, "0123456789")] == '\0';
        if (ours && !is_bridge_of(intent, name))
            r = rtnl_link_drop(rtnl, links.v[i].index, e);
    }
    return r;
}

static int put_loopback(struct rtnl *rtnl, const struct net_vpc *intent, struct err *e)
{
    struct cidr block;
    uint32_t link_local = 0;
    uint32_t metadata = 0;
    int lo = rtnl_index(rtnl, "lo");
    if (cidr_parse(intent->cidrs[0], &block) < 0 ||
        ipv4_parse(RULES_RESOLVER_LINK_LOCAL, &link_local) < 0 ||
        ipv4_parse(NETWORK_METADATA_IPV4, &metadata) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id, intent->cidrs[0]);
    (void)cidr_normalize(&block);
    int r = rtnl_link_up(rtnl, lo, 0, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, lo, block.address + 2, 32, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, lo, link_local, 32, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, lo, metadata, 32, e);
    return r;
}

/* Everything but ports: bridges, the router's addresses. */
static int put_frame(struct arena *a, const struct net_vpc *intent, struct err *e)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = rtnl_open(&rtnl, e);
    for (size_t i = 0; i < ARRAY_SIZE(namespace_sysctls) && r == 0; i++)
        r = put_sysctl(a, &namespace_sysctls[i], NULL, e);
    if (r == 0)
        r = put_loopback(&rtnl, intent, e);
    for (size_t i = 0; i < intent->n_subnets && r == 0; i++)
        r = put_bridge(a, &rtnl, intent, &intent->subnets[i], e);
    if (r == 0)
        r = drop_old_bridges(a, &rtnl, intent, e);
    return r;
}

int applied_plug(struct rtnl *rtnl, const char *tap, const char *bridge, struct err *e)
{
    int index = rtnl_index(rtnl, tap);
    int master = rtnl_index(rtnl, bridge);
    if (index == 0)
        return err_set(e, ENODEV, "there is no tap %s", tap);
    if (master == 0)
        return err_set(e, ENODEV, "there is no bridge %s", bridge);
    int r = rtnl_link_enslave(rtnl, index, master, e);
    if (r == 0)
        r = rtnl_port_isolate(rtnl, index, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, index, EDGE_MTU, e);
    return r;
}

/* A plug() may have been cut short between the move and the bridge. */
static int plug_again(struct arena *a, const struct net_vpc *intent, struct err *e)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_links links = {0};
    int r = rtnl_open(&rtnl, e);
    if (r == 0)
        r = rtnl_links(&rtnl, a, &links, e);
    for (size_t i = 0; i < intent->n_ports && r == 0; i++) {
        const struct net_port *port = &intent->ports[i];
        const struct net_subnet *subnet = intent_subnet(intent, port->subnet_id);
        for (size_t j = 0; j < links.n; j++)
            if (subnet != NULL && streq(links.v[j].name, port->tap))
                r = applied_plug(&rtnl, port->tap, subnet->bridge, e);
    }
    return r;
}

static int put_rules(const struct ruleset *from, const struct ruleset *to, struct err *e)
{
    _cleanup_buf_ struct buf transaction = BUF_INIT(TRANSACTION_MAX);
    bool differs = true;
    if (from == NULL)
        ruleset_write_replace(to, &transaction);
    else
        differs = ruleset_write_change(from, to, &transaction);
    if (transaction.failed)
        return err_set(e, EFBIG, "the rules are longer than %zu bytes", TRANSACTION_MAX);
    return differs ? nft_run(buf_str(&transaction), e) : 0;
}

static int put_inside(struct arena *a, const struct applied *vpc, const struct net_vpc *intent,
                      const struct ruleset *rules, struct err *e)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, vpc->namespace_fd, e);
    if (r == 0)
        r = put_rules(vpc->rules, rules, e);
    if (r == 0 &&
        (vpc->intent == NULL || !intent_equal(vpc->intent, intent, INTENT_FRAME | INTENT_NAMES)))
        r = put_frame(a, intent, e);
    if (r == 0 && vpc->intent == NULL)
        r = plug_again(a, intent, e);
    return r;
}

/* --- apply: names and leases */

static bool host_equal(const struct dnsmasq_host *a, const struct dnsmasq_host *b)
{
    return streq(a->mac, b->mac) && streq(a->private_ip, b->private_ip) &&
           streq(a->hostname, b->hostname);
}

static int compare_hosts(const void *left, const void *right)
{
    const struct dnsmasq_host *a = left;
    const struct dnsmasq_host *b = right;
    return strcmp(a->interface_id, b->interface_id);
}

static void release(const struct net_vpc *intent, const struct dnsmasq_host *host)
{
    uint32_t address = 0;
    for (size_t i = 0; i < intent->n_subnets && ipv4_parse(host->private_ip, &address) == 0; i++) {
        struct cidr block;
        char router[IPV4_TEXT_SIZE];
        if (cidr_parse(intent->subnets[i].cidr, &block) < 0 || !cidr_contains(&block, address))
            continue;
        (void)cidr_normalize(&block);
        ipv4_format(block.address + 1, router);
        /* When it fails the lease ends by itself within the hour. */
        (void)dnsmasq_release(host, intent->subnets[i].bridge, router, NULL);
    }
}

static int put_hosts(struct arena *a, const struct applied *vpc, const char *directory,
                     const struct net_vpc *intent, struct err *e)
{
    struct dnsmasq_hosts old = {0};
    int r = 0;
    if (vpc->intent == NULL)
        r = dnsmasq_hosts_read(directory, a, &old, e);
    for (size_t i = 0; vpc->intent != NULL && i < vpc->intent->n_ports; i++)
        *arena_append(a, &old) = dnsmasq_host_of(&vpc->intent->ports[i]);
    if (old.n > 1)
        qsort(old.v, old.n, sizeof(old.v[0]), compare_hosts);

    /* Both are sorted. First all that goes: an address may go to another interface. */
    struct dnsmasq_hosts gone = {0};
    for (size_t i = 0, j = 0; i < old.n && r == 0; i++) {
        while (j < intent->n_ports &&
               strcmp(intent->ports[j].interface_id, old.v[i].interface_id) < 0)
            j++;
        struct dnsmasq_host now =
            j < intent->n_ports ? dnsmasq_host_of(&intent->ports[j]) : (struct dnsmasq_host){0};
        if (streq(now.interface_id, old.v[i].interface_id) && host_equal(&now, &old.v[i]))
            continue;
        *arena_append(a, &gone) = old.v[i];
        r = dnsmasq_host_drop(directory, old.v[i].interface_id, e);
    }
    if (r == 0 && gone.n > 0)
        r = dnsmasq_reload(vpc->dnsmasq, e);
    if (r == 0 && gone.n > 0) {
        _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
        r = netns_enter(&visit, vpc->namespace_fd, e);
        for (size_t i = 0; i < gone.n && r == 0; i++)
            release(intent, &gone.v[i]);
    }
    for (size_t i = 0, j = 0; i < intent->n_ports && r == 0; i++) {
        struct dnsmasq_host now = dnsmasq_host_of(&intent->ports[i]);
        while (j < old.n && strcmp(old.v[j].interface_id, now.interface_id) < 0)
            j++;
        if (j == old.n || !streq(old.v[j].interface_id, now.interface_id) ||
            !host_equal(&now, &old.v[j]))
            r = dnsmasq_host_put(directory, intent->domain, &now, e);
    }
    return r;
}

static int put_names(const struct applied_options *o, struct arena *a, struct applied *vpc,
                     const struct net_vpc *intent, struct err *e)
{
    bool same = vpc->intent != NULL &&
                intent_equal(vpc->intent, intent, INTENT_FRAME | INTENT_NAMES) &&
                !dnsmasq_has_ended(vpc->dnsmasq);
    int r = 0;
    if (!same) {
        _cleanup_buf_ struct buf config = BUF_INIT(CONFIG_MAX);
        const struct dnsmasq_options options = {
            .directory = o->directory,
            .user = o->dnsmasq_user,
            .upstream = o->upstream,
        };
        r = dnsmasq_config_build(intent, &options, &config, e);
        if (r == 0)
            r = dnsmasq_ensure(o->directory, buf_str(&config), vpc->namespace_fd, &vpc->dnsmasq, e);
    }
    return r < 0 ? r : put_hosts(a, vpc, o->directory, intent, e);
}

static int apply_all(const struct applied_options *o, struct arena *scratch, struct applied *vpc,
                     const struct net_vpc *intent, const struct ruleset *rules, struct err *e)
{
    int r = 0;
    bool frame =
        vpc->intent == NULL || !intent_equal(vpc->intent, intent, INTENT_FRAME | INTENT_NAMES);
    if (vpc->namespace_fd < 0)
        r = netns_make(intent->vpc_id, &vpc->namespace_fd, e);
    if (r == 0)
        r = put_inside(scratch, vpc, intent, rules, e);
    if (r == 0)
        r = put_names(o, scratch, vpc, intent, e);
    if (r == 0 && frame)
        r = edge_link_put(intent->index, vpc->namespace_fd, e);
    if (r == 0)
        r = edge_routes_change(vpc->intent, intent, e);
    return r;
}

static bool is_in_force(const struct applied *vpc, const struct net_vpc *intent)
{
    return vpc->intent != NULL && netns_is(vpc->namespace_fd, intent->vpc_id) &&
           !dnsmasq_has_ended(vpc->dnsmasq) && intent_equal(vpc->intent, intent, INTENT_ALL);
}

int applied_change(struct applied *vpc, const struct applied_options *o,
                   const struct net_vpc *intent, struct err *e)
{
    /* Ports of a copy are sorted, and so must be those that it is compared with. */
    _cleanup_arena_ struct arena *a = arena_new();
    const struct net_vpc *copy = intent_copy(a, intent);
    if (is_in_force(vpc, copy))
        return 0;
    if (vpc->namespace_fd >= 0 && !netns_is(vpc->namespace_fd, intent->vpc_id)) {
        cleanup_close(&vpc->namespace_fd);
        vpc->namespace_fd = -1;
        forget(vpc);
    }
    struct ruleset *rules = NULL;
    const struct rules_options options = {.asks_upstream = o->upstream != NULL};
    int r = rules_build(a, copy, &options, &rules, e);
    if (r < 0)
        return err_wrap(e, r, "cannot make rules for %s", intent->vpc_id);
    _cleanup_arena_ struct arena *scratch = arena_new();
    r = apply_all(o, scratch, vpc, copy, rules, e);
    forget(vpc);
    if (r < 0)
        return err_wrap(e, r, "cannot set up the network of %s", intent->vpc_id);
    vpc->arena = TAKE(a);
    vpc->intent = copy;
    vpc->rules = rules;
    return 0;
}
