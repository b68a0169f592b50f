#include "network/edge.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "network/edge_lan.h"
#include "network/netns.h"
#include "network/nft.h"

#define LINK_NAME_SIZE 16
#define LISTING_MAX    (1 << 20)
#define RULES_MAX      (1 << 20)

/* Behind every other route to the same block. */
#define LAST_METRIC 4200000000U

static pthread_mutex_t server_turn = PTHREAD_MUTEX_INITIALIZER; /* of what follows */

/* The server's table as we left it. Others change rule sets of the server's all the time: only when
 * some have changed is ours read and compared. */
static struct {
    char *listing;       /* NULL: not known */
    uint32_t generation; /* of the server's rule sets when it was seen so; 0: not known */
} left;

/* --- the server */

static int compare_blocks(const void *a, const void *b)
{
    return net_block_compare(a, b);
}

static void sort_destinations(struct edge_destinations *d)
{
    if (d->n > 1)
        qsort(d->v, d->n, sizeof(d->v[0]), compare_blocks);
}

static bool has_destination(const struct edge_destinations *d, const struct net_block *block)
{
    return d->n > 0 && bsearch(block, d->v, d->n, sizeof(d->v[0]), compare_blocks) != NULL;
}

/* NULL: there is none. */
static char *list_table(void)
{
    _cleanup_buf_ struct buf listing = BUF_INIT(LISTING_MAX);
    if (nft_query("{\"nftables\":[{\"list\":{\"table\":{\"family\":\"inet\",\"name\":"
                  "\"" RULESET_TABLE "\"}}}]}",
                  &listing, NULL) < 0)
        return NULL;
    return buf_take(&listing);
}

static bool table_stands(void)
{
    if (left.listing == NULL || nft_is_at(left.generation))
        return left.listing != NULL;
    uint32_t now = nft_generation();
    _cleanup_free_ char *listing = list_table();
    bool same = streq(listing, left.listing);
    left.generation = same ? now : 0;
    return same;
}

static int put_table(const struct edge_config *config, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf transaction = BUF_INIT(RULES_MAX);
    ruleset_write_replace(edge_rules_build(a, config), &transaction);
    free(left.listing);
    left.listing = NULL;
    left.generation = 0;
    int r = nft_run_known(buf_str(&transaction), &left.generation, e);
    char *listing = r < 0 ? NULL : list_table();
    /* Else others were there meanwhile, and it may not be as we left it. */
    if (nft_is_at(left.generation))
        left.listing = TAKE(listing);
    free(listing);
    return r;
}

/* That of a pool: nobody of it is there. */
static bool is_nobodys(const struct rtnl_route *route)
{
    return route->table == 0 && route->metric == LAST_METRIC && route->link == 0 && !route->silent;
}

/* And no longer those of an earlier configuration: somebody else may have these addresses now. */
static int put_routes(const struct edge_config *config, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_routes old = {0};
    struct edge_destinations now = {0};
    for (size_t i = 0; i < config->pools.n; i++) {
        struct cidr blocks[ADDRESS_RANGE_BLOCKS_MAX];
        size_t n = address_range_blocks(&config->pools.v[i], blocks);
        for (size_t k = 0; k < n; k++)
            *arena_append(a, &now) =
                (struct net_block){net_ip_of_ipv4(blocks[k].address), blocks[k].length};
    }
    if (config->has_prefix)
        *arena_append(a, &now) = config->prefix;
    sort_destinations(&now);
    int r = rtnl_open(&rtnl, e);
    for (int is_ipv6 = 0; is_ipv6 < 2 && r == 0; is_ipv6++) {
        r = rtnl_routes(&rtnl, a, is_ipv6, &old, e);
        for (size_t i = 0; i < old.n && r == 0; i++)
            if (is_nobodys(&old.v[i]) && !has_destination(&now, &old.v[i].to))
                r = rtnl_route_drop(&rtnl, &old.v[i], e);
    }
    for (size_t i = 0; i < now.n && r == 0; i++)
        r = rtnl_route_put(&rtnl, &(struct rtnl_route){.to = now.v[i], .metric = LAST_METRIC}, e);
    return r;
}

static int put_server(const struct edge_config *config, bool anew, struct err *e)
{
    if (!anew && table_stands())
        return 0;
    if (!anew)
        log_info("network-made-anew: rules of the server's table are not as they were left");
    int r = put_table(config, e);
    return r < 0 ? r : put_routes(config, e);
}

static bool has_lan(const struct edge_config *config)
{
    for (size_t i = 0; i < config->pools.n; i++)
        if (config->of_lan[i])
            return true;
    return false;
}

/* Of the uplink, which may come and go: without it nothing leaves. */
static void put_uplink_sysctl(const struct edge_config *config, const char *kind, const char *key,
                              const char *value)
{
    char name[80];
    int n = snprintf(name, sizeof(name), "net/ipv4/%s/%s/%s", kind, config->uplink, key);
    if (n > 0 && n < (int)sizeof(name))
        (void)netns_sysctl(name, value, NULL);
}

/*
 * IPv6 is passed on by all interfaces or by none, and one that passes it on listens to no router's
 * advertisements unless it is told to (accept_ra 2): the server keeps its own address and way out.
 */
static int pass_ipv6_on(struct err *e)
{
    static const char forwarding[] = "net/ipv6/conf/all/forwarding";
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_links links = {0};
    if (netns_sysctl_is(forwarding, "1"))
        return 0;
    int r = rtnl_open(&rtnl, e);
    if (r == 0)
        r = rtnl_links(&rtnl, a, &links, e);
    for (size_t i = 0; i < links.n && r == 0; i++) {
        const char *accepts = arena_printf(a, "net/ipv6/conf/%s/accept_ra", links.v[i].name);
        const char *own = arena_printf(a, "net/ipv6/conf/%s/forwarding", links.v[i].name);
        if (netns_sysctl_is(accepts, "1") && netns_sysctl_is(own, "0"))
            r = netns_sysctl(accepts, "2", e);
    }
    return r < 0 ? r : netns_sysctl(forwarding, "1", e);
}

int edge_server_put(struct edge_config *config, bool anew, struct err *e)
{
    bool of_lan[ADDRESS_RANGES_MAX] = {false};
    (void)pthread_mutex_lock(&server_turn);
    int r = edge_lan_look(config, of_lan, e);
    if (r == 0) {
        anew |= memcmp(of_lan, config->of_lan, sizeof(of_lan)) != 0;
        memcpy(config->of_lan, of_lan, sizeof(of_lan));
        r = put_server(config, anew, e);
        if (r < 0)
            r = err_wrap(e, r, "cannot protect the server from its VPCs");
    }
    if (r == 0 && config->uplink != NULL)
        put_uplink_sysctl(config, "conf", "forwarding", "1");
    if (r == 0 && config->uplink != NULL && config->has_prefix)
        r = pass_ipv6_on(e);
    /* Nobody else is asked for these addresses, so nobody need be given the time to be first. */
    if (r == 0 && has_lan(config))
        put_uplink_sysctl(config, "neigh", "proxy_delay", "0");
    (void)pthread_mutex_unlock(&server_turn);
    return r;
}

int edge_server_answer(const struct edge_config *config, struct err *e)
{
    (void)pthread_mutex_lock(&server_turn);
    int r = has_lan(config) ? edge_lan_answer(config, e) : 0;
    (void)pthread_mutex_unlock(&server_turn);
    return r < 0 ? err_wrap(e, r, "cannot answer on the LAN") : 0;
}

bool edge_server_is_of_lan(const struct edge_config *config, const struct net_block *address)
{
    (void)pthread_mutex_lock(&server_turn);
    bool is = edge_lan_has(config, address);
    (void)pthread_mutex_unlock(&server_turn);
    return is;
}

/* --- the link */

static void link_name(int64_t index, char out[LINK_NAME_SIZE])
{
    int n = snprintf(out, LINK_NAME_SIZE, EDGE_LINK, (int)index);
    (void)n;
}

/* Addresses of one end, of the namespace that the thread is in. */
static int put_end(struct rtnl *rtnl, const char *name, const uint32_t *ipv4,
                   const struct net_ip *ipv6, size_t n_ipv6, struct err *e)
{
    int index = rtnl_index(rtnl, name);
    struct net_ip first = net_ip_of_ipv4(*ipv4);
    int r = netns_link_ipv6(name, n_ipv6 > 0, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, index, &first, 31, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, index, EDGE_MTU, e);
    for (size_t i = 0; i < n_ipv6 && r == 0; i++)
        r = rtnl_address_put(rtnl, index, &ipv6[i], 64, e);
    return r;
}

static int put_inside(const struct edge_addresses *addresses, bool has_ipv6, int namespace_fd,
                      int *ret_index, struct err *e)
{
    static const struct net_ip ipv6 = {.is_ipv6 = true, .bytes = {0xfe, 0x80, [15] = 2}};
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    int index = rtnl_index(&rtnl, "edge0");
    *ret_index = index;
    if (index == 0)
        return 0;
    r = put_end(&rtnl, "edge0", &addresses->inside, &ipv6, has_ipv6 ? 1 : 0, e);
    if (r == 0)
        r = rtnl_route_put(&rtnl,
                           &(struct rtnl_route){.to = net_block_all(false),
                                                .has_via = true,
                                                .via = net_ip_of_ipv4(addresses->server),
                                                .link = index},
                           e);
    return r;
}

int edge_link_put(int64_t index, bool has_ipv6, int namespace_fd, struct err *e)
{
    char name[LINK_NAME_SIZE];
    char sysctl[64];
    struct edge_addresses addresses = {0};
    const struct net_ip ipv6[] = {edge_server_ipv6(false), edge_server_ipv6(true)};
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = edge_addresses(index, &addresses, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    link_name(index, name);

    int inside = 0;
    int outside = rtnl_index(&rtnl, name);
    if (outside != 0)
        r = put_inside(&addresses, has_ipv6, namespace_fd, &inside, e);
    if (r < 0)
        return r;
    if (outside == 0 || inside == 0) {
        /* The link of a namespace that is going leads elsewhere. */
        if (outside != 0)
            r = rtnl_link_drop(&rtnl, outside, e);
        if (r == 0)
            r = rtnl_veth_make(&rtnl, name, "edge0", namespace_fd, NULL, e);
    }
    int n = snprintf(sysctl, sizeof(sysctl), "net/ipv4/conf/%s/forwarding", name);
    (void)n;
    if (r == 0)
        r = netns_sysctl(sysctl, "1", e);
    if (r == 0)
        r = put_end(&rtnl, name, &addresses.server, ipv6, has_ipv6 ? ARRAY_SIZE(ipv6) : 0, e);
    if (r == 0 && inside == 0)
        r = put_inside(&addresses, has_ipv6, namespace_fd, &inside, e);
    return r;
}

uint64_t edge_link_digest(int64_t index)
{
    char name[LINK_NAME_SIZE];
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    link_name(index, name);
    if (rtnl_open(&rtnl, NULL) < 0 || !rtnl_is_up(&rtnl, name))
        return 0;
    return rtnl_digest(&rtnl, rtnl_index(&rtnl, name));
}

int edge_link_drop(int64_t index, struct err *e)
{
    char name[LINK_NAME_SIZE];
    struct edge_addresses addresses = {0};
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = edge_addresses(index, &addresses, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    link_name(index, name);
    int outside = rtnl_index(&rtnl, name);
    return outside != 0 ? rtnl_link_drop(&rtnl, outside, e) : 0;
}

/* --- routes */

struct edge_destinations edge_destinations(struct arena *a, const struct net_vpc *intent)
{
    struct edge_destinations d = {0};
    struct net_ip ip;
    struct net_block block;
    /* A detached internet gateway takes the public addresses from the VPC. */
    for (size_t i = 0; intent->has_internet_gateway && i < intent->n_ports; i++)
        for (size_t k = 0; k < intent->ports[i].n_addresses; k++)
            if (net_ip_parse(intent->ports[i].addresses[k].public_ip, &ip) == 0)
                *arena_append(a, &d) = net_block_of(&ip);
    for (size_t i = 0; i < intent->n_ipv6_cidrs; i++)
        if (net_block_parse(intent->ipv6_cidrs[i], &block) == 0)
            *arena_append(a, &d) = block;
    sort_destinations(&d);
    return d;
}

/* What the server has over the link. */
static int read_destinations(struct rtnl *rtnl, struct arena *a, int link,
                             struct edge_destinations *d, struct err *e)
{
    int r = 0;
    for (int is_ipv6 = 0; is_ipv6 < 2 && r == 0; is_ipv6++) {
        struct rtnl_routes routes = {0};
        r = rtnl_routes(rtnl, a, is_ipv6, &routes, e);
        for (size_t i = 0; i < routes.n && r == 0; i++)
            if (routes.v[i].link == link && routes.v[i].has_via)
                *arena_append(a, d) = routes.v[i].to;
    }
    return r;
}

int edge_routes_change(const struct net_vpc *from, const struct net_vpc *to, struct err *e)
{
    char name[LINK_NAME_SIZE];
    struct edge_addresses addresses = {0};
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = edge_addresses(to->index, &addresses, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    link_name(to->index, name);
    struct rtnl_route route = {.has_via = true, .link = rtnl_index(&rtnl, name)};
    static const struct net_ip inside = {.is_ipv6 = true, .bytes = {0xfe, 0x80, [15] = 2}};
    const struct net_ip via[] = {net_ip_of_ipv4(addresses.inside), inside};

    _cleanup_arena_ struct arena *a = arena_new();
    struct edge_destinations now = edge_destinations(a, to);
    struct edge_destinations old = {0};
    if (from == NULL)
        r = read_destinations(&rtnl, a, route.link, &old, e);
    else
        old = edge_destinations(a, from);
    for (size_t i = 0; i < old.n && r == 0; i++) {
        route.to = old.v[i];
        route.via = via[route.to.address.is_ipv6];
        if (!has_destination(&now, &route.to))
            r = rtnl_route_drop(&rtnl, &route, e);
    }
    for (size_t i = 0; i < now.n && r == 0; i++) {
        route.to = now.v[i];
        route.via = via[route.to.address.is_ipv6];
        if (from == NULL || !has_destination(&old, &route.to))
            r = rtnl_route_put(&rtnl, &route, e);
    }
    return r;
}
