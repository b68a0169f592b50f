#include "network/ways.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "network/edge.h"
#include "network/intent.h"

#define PEER_LINK_LOCAL 0xa9fec000U /* 169.254.192.0/18 */

/* Behind every other route to the same block. */
#define LAST_METRIC 4200000000U
/* What the kernel takes for an IPv6 route without one. */
#define IPV6_METRIC 1024

struct builder {
    struct arena *arena;
    const struct net_vpc *intent;
    struct ways *ways;
    struct {
        struct net_block *v;
        size_t n;
    } blocks;             /* of the VPC */
    struct net_ip server; /* the other end of edge0 */
};

uint32_t ways_table(int64_t number)
{
    return (uint32_t)(number < 100 ? 100 + number : 1000 + number);
}

int ways_peer_ends(int64_t number, bool is_requester, struct way_peer_ends *ret_ends, struct err *e)
{
    if (number < 0 || number > WAYS_PEER_NUMBER_MAX)
        return err_set(e, ERANGE, "a peering's number is 0 to %d, not %lld", WAYS_PEER_NUMBER_MAX,
                       (long long)number);
    struct net_ip ends[2][2];
    for (uint8_t i = 0; i < 2; i++) {
        ends[i][0] = net_ip_of_ipv4(PEER_LINK_LOCAL + 2 * (uint32_t)number + i);
        ends[i][1] =
            (struct net_ip){.is_ipv6 = true, .bytes = {0xfe, 0x80, [15] = (uint8_t)(i + 1)}};
    }
    memcpy(ret_ends->mine, ends[is_requester ? 0 : 1], sizeof(ret_ends->mine));
    memcpy(ret_ends->theirs, ends[is_requester ? 1 : 0], sizeof(ret_ends->theirs));
    return 0;
}

struct net_ip ways_link_local(const uint8_t mac[static 6])
{
    return (struct net_ip){.is_ipv6 = true,
                           .bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff,
                                     0xfe, mac[3], mac[4], mac[5]}};
}

int ways_mac_parse(const char *text, uint8_t out[static 6])
{
    unsigned int byte[6];
    char end = 0;
    if (text == NULL || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2],
                               &byte[3], &byte[4], &byte[5], &end) != 6)
        return -EINVAL;
    for (size_t i = 0; i < ARRAY_SIZE(byte); i++)
        out[i] = (uint8_t)byte[i];
    return 0;
}

/* --- order */

int way_compare(const struct way *a, const struct way *b)
{
    int c = (a->table > b->table) - (a->table < b->table);
    if (c == 0)
        c = net_block_compare(&a->to, &b->to);
    return c != 0 ? c : (a->metric > b->metric) - (a->metric < b->metric);
}

bool way_equal(const struct way *a, const struct way *b)
{
    return way_compare(a, b) == 0 && streq(a->link, b->link) && a->has_via == b->has_via &&
           (!a->has_via || memcmp(&a->via, &b->via, sizeof(a->via)) == 0);
}

int way_rule_compare(const struct way_rule *a, const struct way_rule *b)
{
    int c = (int)a->is_ipv6 - (int)b->is_ipv6;
    if (c == 0)
        c = strcmp(a->from, b->from);
    return c != 0 ? c : (a->table > b->table) - (a->table < b->table);
}

int way_neighbour_compare(const struct way_neighbour *a, const struct way_neighbour *b)
{
    int c = strcmp(a->link, b->link);
    if (c == 0)
        c = memcmp(&a->address, &b->address, sizeof(a->address));
    return c != 0 ? c : memcmp(a->mac, b->mac, sizeof(a->mac));
}

#define DEFINE_SORT(name, type, compare)                                                           \
    static int name##_order(const void *a, const void *b)                                          \
    {                                                                                              \
        return compare((const type *)a, (const type *)b);                                          \
    }

DEFINE_SORT(routes, struct way, way_compare)
DEFINE_SORT(rules, struct way_rule, way_rule_compare)
DEFINE_SORT(neighbours, struct way_neighbour, way_neighbour_compare)

#define SORT(list, order)                                                                          \
    do {                                                                                           \
        if ((list)->n > 1)                                                                         \
            qsort((list)->v, (list)->n, sizeof((list)->v[0]), order);                              \
    } while (0)

/* --- one table */

static void add(struct builder *b, const struct way *way)
{
    struct way *added = arena_append(b->arena, &b->ways->routes);
    *added = *way;
    if (added->metric == 0 && added->to.address.is_ipv6)
        added->metric = IPV6_METRIC;
}

static bool is_block_of_vpc(const struct builder *b, const struct net_block *block)
{
    for (size_t i = 0; i < b->blocks.n; i++)
        if (net_block_compare(&b->blocks.v[i], block) == 0)
            return true;
    return false;
}

static bool is_part_of_vpc(const struct builder *b, const struct net_block *block)
{
    for (size_t i = 0; i < b->blocks.n; i++)
        if (b->blocks.v[i].length < block->length && net_block_covers(&b->blocks.v[i], block))
            return true;
    return false;
}

/* Does a route of the table stand in place of the subnet's own? */
static bool is_taken(const struct builder *b, const struct net_route_table *table,
                     const struct net_block *subnet)
{
    struct net_block to;
    for (size_t i = 0; table != NULL && i < table->n_routes; i++)
        if (net_block_parse(table->routes[i].destination, &to) == 0 &&
            net_block_covers(&to, subnet) && is_part_of_vpc(b, &to))
            return true;
    return false;
}

static void lead_to_port(struct builder *b, const char *interface_id, struct way *way)
{
    const struct net_port *port = intent_port(b->intent, interface_id);
    const struct net_subnet *subnet =
        port == NULL ? NULL : intent_subnet(b->intent, port->subnet_id);
    bool is_ipv6 = way->to.address.is_ipv6;
    if (subnet == NULL || (is_ipv6 && port->n_ipv6 == 0))
        return;
    const char *via = is_ipv6 ? port->ipv6[0] : port->addresses[0].private_ip;
    if (net_ip_parse(via, &way->via) < 0)
        return;
    way->has_via = true;
    way->link = subnet->bridge;
}

static void lead_to_peer(struct builder *b, const char *peering_id, struct way *way)
{
    const struct net_peering *peering = intent_peering(b->intent, peering_id);
    struct way_peer_ends ends;
    if (peering == NULL || ways_peer_ends(peering->number, peering->is_requester, &ends, NULL) < 0)
        return;
    way->link = arena_printf(b->arena, WAYS_PEER_LINK, (int)peering->number);
    way->has_via = true;
    way->via = ends.theirs[way->to.address.is_ipv6];
}

/* What nothing below leads anywhere stays a black hole. */
static void lead(struct builder *b, const struct net_route *route, struct way *way)
{
    bool is_ipv6 = way->to.address.is_ipv6;
    switch (route->kind) {
    case NET_ROUTE_BLACKHOLE:
        break;
    case NET_ROUTE_INTERNET:
        if (!b->intent->has_internet_gateway)
            break;
        way->link = "edge0";
        way->has_via = true;
        way->via = is_ipv6 ? edge_server_ipv6(false) : b->server;
        break;
    case NET_ROUTE_EGRESS_ONLY:
        if (!is_ipv6)
            break;
        way->link = "edge0";
        way->has_via = true;
        way->via = edge_server_ipv6(true);
        break;
    case NET_ROUTE_PORT:
        lead_to_port(b, route->target_id, way);
        break;
    case NET_ROUTE_PEERING:
        lead_to_peer(b, route->target_id, way);
        break;
    }
}

static int add_table(struct builder *b, uint32_t number, const struct net_route_table *table,
                     struct err *e)
{
    struct way way = {.table = number};
    for (size_t i = 0; table != NULL && i < table->n_routes; i++) {
        const struct net_route *route = &table->routes[i];
        way = (struct way){.table = number};
        if (net_block_parse(route->destination, &way.to) < 0)
            return err_set(e, EINVAL, "%s: not a CIDR block: %s", table->route_table_id,
                           route->destination);
        if (is_block_of_vpc(b, &way.to))
            continue; /* the local route counts */
        lead(b, route, &way);
        add(b, &way);
    }
    for (size_t i = 0; i < b->intent->n_subnets; i++) {
        const struct net_subnet *s = &b->intent->subnets[i];
        const char *const blocks[] = {s->cidr, s->ipv6_cidr};
        for (size_t k = 0; k < ARRAY_SIZE(blocks); k++) {
            way = (struct way){.table = number, .link = s->bridge};
            if (blocks[k] == NULL)
                continue;
            if (net_block_parse(blocks[k], &way.to) < 0)
                return err_set(e, EINVAL, "%s: not a CIDR block: %s", s->subnet_id, blocks[k]);
            if (!is_taken(b, table, &way.to))
                add(b, &way);
        }
    }
    for (size_t i = 0; i < b->blocks.n; i++)
        add(b, &(struct way){.table = number, .to = b->blocks.v[i], .metric = LAST_METRIC});
    for (int is_ipv6 = 0; is_ipv6 <= (b->intent->n_ipv6_cidrs > 0); is_ipv6++)
        add(b, &(struct way){.table = number, .to = net_block_all(is_ipv6), .metric = LAST_METRIC});
    return 0;
}

/* --- all */

static void add_rule(struct builder *b, const char *from, uint32_t table, bool ipv6)
{
    for (int is_ipv6 = 0; is_ipv6 <= ipv6; is_ipv6++)
        *arena_append(b->arena, &b->ways->rules) = (struct way_rule){is_ipv6, from, table};
}

static bool has_table(const struct net_vpc *intent, int64_t number)
{
    for (size_t i = 0; i < intent->n_tables; i++)
        if (intent->tables[i].number == number)
            return true;
    return false;
}

static uint32_t table_or_local(const struct net_vpc *intent, int64_t number)
{
    return has_table(intent, number) ? ways_table(number) : WAYS_TABLE_LOCAL;
}

static void add_rules(struct builder *b)
{
    const struct net_vpc *intent = b->intent;
    bool ipv6 = intent->n_ipv6_cidrs > 0;
    for (size_t i = 0; i < intent->n_subnets; i++)
        add_rule(b, intent->subnets[i].bridge, table_or_local(intent, intent->subnets[i].table),
                 ipv6);
    add_rule(b, "edge0", table_or_local(intent, intent->edge_table), ipv6);
    for (size_t i = 0; i < intent->n_peerings; i++)
        add_rule(b, arena_printf(b->arena, WAYS_PEER_LINK, (int)intent->peerings[i].number),
                 WAYS_TABLE_LOCAL, ipv6);
}

static void add_neighbours(struct builder *b)
{
    if (b->intent->n_ipv6_cidrs == 0)
        return;
    for (size_t i = 0; i < b->intent->n_ports; i++) {
        const struct net_port *port = &b->intent->ports[i];
        const struct net_subnet *subnet = intent_subnet(b->intent, port->subnet_id);
        struct way_neighbour n = {0};
        if (subnet == NULL || subnet->ipv6_cidr == NULL || ways_mac_parse(port->mac, n.mac) < 0)
            continue;
        n.link = subnet->bridge;
        n.address = ways_link_local(n.mac);
        *arena_append(b->arena, &b->ways->neighbours) = n;
        for (size_t k = 0; k < port->n_ipv6; k++)
            if (net_ip_parse(port->ipv6[k], &n.address) == 0)
                *arena_append(b->arena, &b->ways->neighbours) = n;
    }
}

static int add_blocks(struct builder *b, const char *const *blocks, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (net_block_parse(blocks[i], arena_append(b->arena, &b->blocks)) < 0)
            return err_set(e, EINVAL, "%s: not a CIDR block: %s", b->intent->vpc_id, blocks[i]);
    return 0;
}

int ways_build(struct arena *a, const struct net_vpc *intent, struct ways *ret_ways, struct err *e)
{
    struct ways ways = {0};
    struct edge_addresses edge = {0};
    struct builder b = {.arena = a, .intent = intent, .ways = &ways};
    int r = edge_addresses(intent->index, &edge, e);
    b.server = net_ip_of_ipv4(edge.server);
    if (r == 0)
        r = add_blocks(&b, intent->cidrs, intent->n_cidrs, e);
    if (r == 0)
        r = add_blocks(&b, intent->ipv6_cidrs, intent->n_ipv6_cidrs, e);
    if (r == 0)
        r = add_table(&b, WAYS_TABLE_LOCAL, NULL, e);
    for (size_t i = 0; i < intent->n_tables && r == 0; i++)
        r = add_table(&b, ways_table(intent->tables[i].number), &intent->tables[i], e);
    if (r < 0)
        return r;
    add_rules(&b);
    add_neighbours(&b);
    SORT(&ways.routes, routes_order);
    SORT(&ways.rules, rules_order);
    SORT(&ways.neighbours, neighbours_order);
    *ret_ways = ways;
    return 0;
}

/* --- in words */

static void explain_route(struct arena *a, struct net_names *out, const char *verb,
                          const struct way *way)
{
    char to[NET_BLOCK_TEXT_SIZE];
    char via[NET_IP_TEXT_SIZE];
    net_block_format(&way->to, to);
    const char *where = "";
    if (way->has_via) {
        net_ip_format(&way->via, via);
        where = arena_printf(a, " via %s", via);
    }
    if (way->link != NULL)
        where = arena_printf(a, "%s dev %s", where, way->link);
    if (way->metric != 0)
        where = arena_printf(a, "%s metric %u", where, way->metric);
    *arena_append(a, out) =
        arena_printf(a, "route %s %s%s%s table %u%s", verb, way->link == NULL ? "blackhole " : "",
                     to, where, way->table, way->has_via ? " onlink" : "");
}

static void explain_rule(struct arena *a, struct net_names *out, const char *verb,
                         const struct way_rule *rule)
{
    *arena_append(a, out) = arena_printf(a, "%srule %s priority 1000 iif %s lookup %u",
                                         rule->is_ipv6 ? "-6 " : "", verb, rule->from, rule->table);
}

static void explain_neighbour(struct arena *a, struct net_names *out, const char *verb,
                              const struct way_neighbour *n)
{
    char address[NET_IP_TEXT_SIZE];
    net_ip_format(&n->address, address);
    *arena_append(a, out) =
        arena_printf(a, "neigh %s %s lladdr %02x:%02x:%02x:%02x:%02x:%02x dev %s", verb, address,
                     n->mac[0], n->mac[1], n->mac[2], n->mac[3], n->mac[4], n->mac[5], n->link);
}

struct net_names ways_explain(struct arena *a, const struct ways *from, const struct ways *to)
{
    struct net_names out = {0};
    WAYS_FOR_LACKING(routes, to, from, way_compare,
                     way_equal(&to->routes.v[i_], &from->routes.v[j_]),
                     explain_route(a, &out, "replace", &to->routes.v[i_]))
    WAYS_FOR_LACKING(neighbours, to, from, way_neighbour_compare,
                     way_neighbour_compare(&to->neighbours.v[i_], &from->neighbours.v[j_]) == 0,
                     explain_neighbour(a, &out, "replace", &to->neighbours.v[i_]))
    WAYS_FOR_LACKING(rules, to, from, way_rule_compare,
                     way_rule_compare(&to->rules.v[i_], &from->rules.v[j_]) == 0,
                     explain_rule(a, &out, "add", &to->rules.v[i_]))
    WAYS_FOR_LACKING(rules, from, to, way_rule_compare,
                     way_rule_compare(&from->rules.v[i_], &to->rules.v[j_]) == 0,
                     explain_rule(a, &out, "del", &from->rules.v[i_]))
    WAYS_FOR_LACKING(neighbours, from, to, way_neighbour_compare,
                     way_neighbour_compare(&from->neighbours.v[i_], &to->neighbours.v[j_]) == 0,
                     explain_neighbour(a, &out, "del", &from->neighbours.v[i_]))
    WAYS_FOR_LACKING(routes, from, to, way_compare,
                     way_compare(&from->routes.v[i_], &to->routes.v[j_]) == 0,
                     explain_route(a, &out, "del", &from->routes.v[i_]))
    return out;
}
