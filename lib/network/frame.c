#include "network/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "network/block.h"
#include "network/edge.h"
#include "network/intent.h"
#include "network/netns.h"
#include "network/rules.h"

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
    /* Pieces of datagrams: as many as three guests may send (rules_limits.c) while they are kept.
     */
    {"net/ipv4/ipfrag_time", "2", false},
    {"net/ipv4/ipfrag_high_thresh", "167772160", false},
    {"net/netfilter/nf_conntrack_frag6_timeout", "2", true},
    {"net/netfilter/nf_conntrack_frag6_high_thresh", "167772160", true},
    /* IPv6 is for the links that are told so: see netns_link_ipv6(). */
    {"net/ipv6/conf/default/disable_ipv6", "1", true},
    {"net/ipv6/conf/all/forwarding", "1", true},
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

static int make_bridge(struct rtnl *rtnl, const struct net_vpc *intent, const char *bridge,
                       struct err *e)
{
    /* Locally administered; the same on every start, so that guests keep their ARP caches. */
    uint16_t vpc = (uint16_t)intent->index;
    uint16_t number = (uint16_t)strtoul(bridge + strcspn(bridge, "0123456789"), NULL, 10);
    uint8_t mac[6] = {
        0x02, 0x43, (uint8_t)(vpc >> 8), (uint8_t)vpc, (uint8_t)(number >> 8), (uint8_t)number};
    return rtnl_bridge_make(rtnl, bridge, mac, e);
}

/* The router's address in the block, and no other: a subnet's blocks come and go. */
static int put_router(struct arena *a, struct rtnl *rtnl, int index, const char *const cidrs[2],
                      struct err *e)
{
    struct rtnl_addresses old = {0};
    struct rtnl_address now[2] = {0};
    int r = rtnl_addresses(rtnl, a, &old, e);
    for (size_t i = 0; i < 2 && r == 0; i++) {
        struct net_block block;
        if (cidrs[i] == NULL)
            continue;
        if (net_block_parse(cidrs[i], &block) < 0)
            return err_set(e, EINVAL, "not a CIDR block: %s", cidrs[i]);
        now[i] = (struct rtnl_address){index, net_block_nth(&block, 1), block.length};
        r = rtnl_address_put(rtnl, index, &now[i].address, now[i].length, e);
    }
    for (size_t i = 0; i < old.n && r == 0; i++) {
        const struct rtnl_address *each = &old.v[i];
        bool stays = each->link != index || net_ip_is_link_local(&each->address);
        for (size_t k = 0; k < ARRAY_SIZE(now); k++)
            stays |= now[k].link == index && now[k].length == each->length &&
                     net_ip_equal(&now[k].address, &each->address);
        if (!stays)
            r = rtnl_address_drop(rtnl, index, &each->address, each->length, e);
    }
    return r;
}

static int put_bridge(struct arena *a, struct rtnl *rtnl, const struct net_vpc *intent,
                      const struct net_subnet *subnet, struct err *e)
{
    const char *const cidrs[] = {subnet->cidr, subnet->ipv6_cidr};
    int r = 0;
    if (rtnl_index(rtnl, subnet->bridge) == 0)
        r = make_bridge(rtnl, intent, subnet->bridge, e);
    int index = rtnl_index(rtnl, subnet->bridge);
    for (size_t i = 0; i < ARRAY_SIZE(bridge_sysctls) && r == 0; i++)
        r = put_sysctl(a, &bridge_sysctls[i], subnet->bridge, e);
    if (r == 0)
        r = netns_link_ipv6(subnet->bridge, subnet->ipv6_cidr != NULL, e);
    if (r == 0)
        r = put_router(a, rtnl, index, cidrs, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, index, EDGE_MTU, e);
    return r < 0 ? err_wrap(e, r, "%s", subnet->subnet_id) : 0;
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

/* The addresses at which the router answers: its resolver, and the metadata service. */
static int put_loopback(struct rtnl *rtnl, const struct net_vpc *intent, struct err *e)
{
    static const char *const answered[] = {RULES_RESOLVER_LINK_LOCAL, NETWORK_METADATA_IPV4,
                                           RULES_RESOLVER_IPV6, NETWORK_METADATA_IPV6};
    struct net_block block;
    int lo = rtnl_index(rtnl, "lo");
    bool has_ipv6 = intent->n_ipv6_cidrs > 0;
    if (net_block_parse(intent->cidrs[0], &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id, intent->cidrs[0]);
    struct net_ip resolver = net_block_nth(&block, 2);
    int r = netns_link_ipv6("lo", has_ipv6, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, lo, 0, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, lo, &resolver, 32, e);
    for (size_t i = 0; i < ARRAY_SIZE(answered) && r == 0; i++) {
        struct net_ip ip;
        if (net_ip_parse(answered[i], &ip) == 0 && (has_ipv6 || !ip.is_ipv6))
            r = rtnl_address_put(rtnl, lo, &ip, ip.is_ipv6 ? 128 : 32, e);
    }
    return r;
}

int frame_put(struct arena *a, const struct net_vpc *intent, struct err *e)
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

bool frame_stands(const struct net_vpc *intent, struct rtnl *rtnl)
{
    for (size_t i = 0; i < intent->n_subnets; i++)
        if (!rtnl_is_up(rtnl, intent->subnets[i].bridge))
            return false;
    return rtnl_is_up(rtnl, "lo");
}

int frame_plug(struct rtnl *rtnl, const char *tap, const char *bridge, struct err *e)
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

int frame_plug_again(struct arena *a, const struct net_vpc *intent, struct err *e)
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
                r = frame_plug(&rtnl, port->tap, subnet->bridge, e);
    }
    return r;
}
