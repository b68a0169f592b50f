#include "network/edge_lan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "network/rtnl.h"

/* --- what is of the LAN */

static int refuse(const struct address_range *range, uint32_t address, const char *what,
                  const char *link, struct err *e)
{
    char all[ADDRESS_RANGE_TEXT_SIZE];
    char one[IPV4_TEXT_SIZE];
    address_range_format(range, all);
    ipv4_format(address, one);
    return err_set(e, EINVAL, "public_addresses: %s has %s, %s%s", all, one, what, link);
}

/* Of one network that the server is in: *ret_is_in when the range is part of it. */
static int check_network(const struct edge_lan_facts *facts, const struct edge_lan_address *its,
                         const struct address_range *range, bool *ret_is_in, struct err *e)
{
    char text[ADDRESS_RANGE_TEXT_SIZE];
    char of[CIDR_TEXT_SIZE];
    const struct address_range usable = address_range_usable(range);
    struct cidr network = {its->address, its->length};
    (void)cidr_normalize(&network);
    const struct address_range all = address_range_of_block(&network);
    address_range_format(range, text);
    cidr_format(&network, of);
    *ret_is_in = false;
    if (address_range_contains(range, its->address))
        return refuse(range, its->address, "an address of this server: ", its->link, e);
    if (network.length > 30 || range->first > all.last || range->last < all.first)
        return 0;
    if (!streq(its->link, facts->uplink))
        return err_set(e, EINVAL,
                       "public_addresses: %s is of %s, the network of %s, and the server answers "
                       "at its uplink alone: uplink = %s is missing",
                       text, of, its->link, its->link);
    if (range->first < all.first || range->last > all.last)
        return err_set(e, EINVAL, "public_addresses: %s is of %s, the network of %s, in part only",
                       text, of, its->link);
    if (address_range_contains(&usable, all.first))
        return refuse(range, all.first, "the address of the network of ", its->link, e);
    if (address_range_contains(&usable, all.last))
        return refuse(range, all.last, "the broadcast address of ", its->link, e);
    if (address_range_size(range) > EDGE_LAN_ADDRESSES_MAX)
        return err_set(e, EINVAL, "public_addresses: %s is more than %d addresses of a LAN", text,
                       EDGE_LAN_ADDRESSES_MAX);
    *ret_is_in = true;
    return 0;
}

int edge_lan_check(const struct edge_lan_facts *facts, const struct address_range *range,
                   bool *ret_is_of_lan, struct err *e)
{
    bool is_of_lan = false;
    uint32_t resolver = 0;
    int r = 0;
    for (size_t i = 0; i < facts->addresses.n && r == 0; i++) {
        bool is_in = false;
        r = check_network(facts, &facts->addresses.v[i], range, &is_in, e);
        is_of_lan |= is_in;
    }
    for (size_t i = 0; i < facts->gateways.n && r == 0; i++)
        if (address_range_contains(range, net_ip_ipv4(&facts->gateways.v[i].address)))
            r = refuse(range, net_ip_ipv4(&facts->gateways.v[i].address), "the next hop of ",
                       facts->uplink, e);
    if (r == 0 && facts->resolver != NULL && ipv4_parse(facts->resolver, &resolver) == 0 &&
        address_range_contains(range, resolver))
        r = refuse(range, resolver, "the name server", "", e);
    if (r == 0)
        *ret_is_of_lan = is_of_lan;
    return r;
}

static const char *name_of(const struct rtnl_links *links, int index)
{
    for (size_t i = 0; i < links->n; i++)
        if (links->v[i].index == index)
            return links->v[i].name;
    return "a link that has gone";
}

static int read_facts(struct arena *a, const struct edge_config *config,
                      struct edge_lan_facts *facts, struct err *e)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_links links = {0};
    struct rtnl_addresses addresses = {0};
    *facts = (struct edge_lan_facts){.uplink = config->uplink, .resolver = config->resolver};
    int r = rtnl_open(&rtnl, e);
    if (r == 0)
        r = rtnl_addresses(&rtnl, a, &addresses, e);
    if (r == 0)
        r = rtnl_links(&rtnl, a, &links, e);
    if (r == 0 && config->uplink != NULL)
        r = rtnl_gateways(&rtnl, a, rtnl_index(&rtnl, config->uplink), &facts->gateways, e);
    for (size_t i = 0; i < addresses.n && r == 0; i++)
        if (!addresses.v[i].address.is_ipv6)
            *arena_append(a, &facts->addresses) = (struct edge_lan_address){
                name_of(&links, addresses.v[i].link), net_ip_ipv4(&addresses.v[i].address),
                addresses.v[i].length};
    return r;
}

int edge_lan_look(const struct edge_config *config, bool ret_of_lan[static ADDRESS_RANGES_MAX],
                  struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct edge_lan_facts facts;
    int r = read_facts(a, config, &facts, e);
    for (size_t i = 0; i < config->pools.n && r == 0; i++)
        r = edge_lan_check(&facts, &config->pools.v[i], &ret_of_lan[i], e);
    return r;
}

/* --- who is answered for */

static int compare_blocks(const void *a, const void *b)
{
    return net_block_compare(a, b);
}

static void sort(struct net_blocks *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(l->v[0]), compare_blocks);
}

static bool has(const struct net_blocks *sorted, const struct net_block *block)
{
    return sorted->n > 0 &&
           bsearch(block, sorted->v, sorted->n, sizeof(sorted->v[0]), compare_blocks) != NULL;
}

bool edge_lan_has(const struct edge_config *config, const struct net_block *block)
{
    for (size_t i = 0; i < config->pools.n; i++)
        if (config->of_lan[i] && !block->address.is_ipv6 && block->length == 32 &&
            address_range_contains(&config->pools.v[i], net_ip_ipv4(&block->address)))
            return true;
    return false;
}

int edge_lan_answer(const struct edge_config *config, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_routes routes = {0};
    struct net_blocks wanted = {0};
    struct net_blocks has_now = {0};
    int r = rtnl_open(&rtnl, e);
    int uplink = r == 0 ? rtnl_index(&rtnl, config->uplink) : 0;
    if (r < 0 || uplink == 0)
        return r;
    r = rtnl_proxies(&rtnl, a, uplink, &has_now, e);
    if (r == 0)
        r = rtnl_routes(&rtnl, a, false, &routes, e);
    for (size_t i = 0; i < routes.n && r == 0; i++)
        if (edge_is_inside(&routes.v[i].via) && edge_lan_has(config, &routes.v[i].to))
            *arena_append(a, &wanted) = routes.v[i].to;
    sort(&wanted);
    sort(&has_now);
    for (size_t i = 0; i < wanted.n && r == 0; i++)
        if (!has(&has_now, &wanted.v[i]))
            r = rtnl_proxy_put(&rtnl, uplink, &wanted.v[i].address, e);
    for (size_t i = 0; i < has_now.n && r == 0; i++)
        if (edge_lan_has(config, &has_now.v[i]) && !has(&wanted, &has_now.v[i]))
            r = rtnl_proxy_drop(&rtnl, uplink, &has_now.v[i].address, e);
    return r;
}
