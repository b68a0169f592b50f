/* What a namespace has of addresses, routes and rules, in one number. */
#include <stdio.h>
#include <string.h>

#include "network/rtnl.h"

#define HASH_BASIS 0xcbf29ce484222325U /* FNV-1a, of 64 bits */
#define HASH_PRIME 0x100000001b3U

enum kind { ADDRESS = 1, ROUTE, RULE };

/* Any of them, without holes; 0 where it says nothing. */
struct entry {
    uint32_t kind, is_ipv6, link, table, length, metric, nature;
    uint8_t of[16], via[16];
    char from[16];
};

struct digest {
    struct rtnl *rtnl;
    struct arena *a;
    int link; /* 0: any */
    uint64_t sum;
};

/* The kernel lists them in an order of its own: a sum does not care. */
static void add(struct digest *d, const struct entry *entry)
{
    uint64_t hash = HASH_BASIS;
    const unsigned char *bytes = (const unsigned char *)entry;
    for (size_t i = 0; i < sizeof(*entry); i++)
        hash = (hash ^ bytes[i]) * HASH_PRIME;
    d->sum += hash;
}

static struct entry entry_of(enum kind kind, const struct net_ip *ip, int link)
{
    struct entry entry = {.kind = kind, .is_ipv6 = ip->is_ipv6, .link = (uint32_t)link};
    memcpy(entry.of, ip->bytes, sizeof(entry.of));
    return entry;
}

static bool counts(const struct digest *d, int link)
{
    return d->link == 0 || d->link == link;
}

static int add_addresses(struct digest *d)
{
    struct rtnl_addresses addresses = {0};
    int r = rtnl_addresses(d->rtnl, d->a, &addresses, NULL);
    for (size_t i = 0; i < addresses.n && r == 0; i++) {
        const struct rtnl_address *address = &addresses.v[i];
        /* The kernel gives a bridge its own when its first port comes up. */
        if (!counts(d, address->link) || net_ip_is_link_local(&address->address))
            continue;
        struct entry entry = entry_of(ADDRESS, &address->address, address->link);
        entry.length = (uint32_t)address->length;
        add(d, &entry);
    }
    return r;
}

static int add_routes(struct digest *d, bool is_ipv6)
{
    struct rtnl_routes routes = {0};
    int r = rtnl_routes(d->rtnl, d->a, is_ipv6, &routes, NULL);
    for (size_t i = 0; i < routes.n && r == 0; i++) {
        const struct rtnl_route *route = &routes.v[i];
        if (!counts(d, route->link))
            continue;
        struct entry entry = entry_of(ROUTE, &route->to.address, route->link);
        entry.length = (uint32_t)route->to.length;
        entry.table = route->table;
        entry.metric = route->metric;
        entry.nature = (route->has_via ? 1U : 0U) | (route->silent ? 2U : 0U);
        if (route->has_via)
            memcpy(entry.via, route->via.bytes, sizeof(entry.via));
        add(d, &entry);
    }
    return r;
}

static int add_rules(struct digest *d, bool is_ipv6)
{
    struct rtnl_rules rules = {0};
    int r = rtnl_rules(d->rtnl, d->a, is_ipv6, &rules, NULL);
    for (size_t i = 0; i < rules.n && r == 0; i++) {
        struct entry entry = {.kind = RULE, .is_ipv6 = is_ipv6, .table = rules.v[i].table};
        (void)snprintf(entry.from, sizeof(entry.from), "%s", rules.v[i].from);
        add(d, &entry);
    }
    return r;
}

uint64_t rtnl_digest(struct rtnl *rtnl, int link)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct digest d = {.rtnl = rtnl, .a = a, .link = link, .sum = 1};
    int r = add_addresses(&d);
    for (int is_ipv6 = 0; is_ipv6 < 2 && r == 0; is_ipv6++) {
        r = add_routes(&d, is_ipv6);
        if (r == 0 && link == 0)
            r = add_rules(&d, is_ipv6);
    }
    return r < 0 ? 0 : d.sum;
}
