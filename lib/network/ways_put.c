#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "network/rtnl.h"
#include "network/ways.h"

struct putting {
    struct rtnl rtnl;
    struct rtnl_links links;
};

static int index_of(const struct putting *p, const char *link)
{
    for (size_t i = 0; link != NULL && i < p->links.n; i++)
        if (streq(p->links.v[i].name, link))
            return p->links.v[i].index;
    return 0;
}

static const char *name_of(const struct putting *p, int index)
{
    for (size_t i = 0; i < p->links.n; i++)
        if (p->links.v[i].index == index)
            return p->links.v[i].name;
    return NULL;
}

/* --- to the kernel */

static int put_route(struct putting *p, const struct way *way, struct err *e)
{
    int link = index_of(p, way->link);
    return rtnl_route_put(&p->rtnl,
                          &(struct rtnl_route){.table = way->table,
                                               .to = way->to,
                                               .has_via = way->has_via && link != 0,
                                               .via = way->via,
                                               .link = link,
                                               .silent = true,
                                               .metric = way->metric},
                          e);
}

static int drop_route(struct putting *p, const struct way *way, struct err *e)
{
    return rtnl_route_drop(&p->rtnl,
                           &(struct rtnl_route){.table = way->table,
                                                .to = way->to,
                                                .has_via = way->has_via,
                                                .via = way->via,
                                                .link = index_of(p, way->link),
                                                .silent = true,
                                                .metric = way->metric},
                           e);
}

/* IPv6 does not always take another kind of route in place of one: first the old one goes. */
static int change_route(struct putting *p, const struct way *old, const struct way *way,
                        struct err *e)
{
    int r = 0;
    if (old != NULL && way->to.address.is_ipv6)
        r = drop_route(p, old, e);
    return r < 0 ? r : put_route(p, way, e);
}

static struct rtnl_rule rule_of(const struct way_rule *rule)
{
    return (struct rtnl_rule){rule->is_ipv6, rule->from, rule->table};
}

static struct rtnl_neighbour neighbour_of(const struct putting *p, const struct way_neighbour *n)
{
    struct rtnl_neighbour out = {.link = index_of(p, n->link), .address = n->address};
    memcpy(out.mac, n->mac, sizeof(out.mac));
    return out;
}

static int put_neighbour(struct putting *p, const struct way_neighbour *n, struct err *e)
{
    struct rtnl_neighbour out = neighbour_of(p, n);
    return rtnl_neighbour_put(&p->rtnl, &out, e);
}

static int drop_neighbour(struct putting *p, const struct way_neighbour *n, struct err *e)
{
    struct rtnl_neighbour out = neighbour_of(p, n);
    return out.link == 0 ? 0 : rtnl_neighbour_drop(&p->rtnl, &out, e);
}

/* --- from the kernel */

static int compare_routes(const void *a, const void *b)
{
    return way_compare(a, b);
}

static int compare_rules(const void *a, const void *b)
{
    return way_rule_compare(a, b);
}

static int compare_neighbours(const void *a, const void *b)
{
    return way_neighbour_compare(a, b);
}

static int read_family(struct putting *p, struct arena *a, bool is_ipv6, struct ways *ways,
                       struct err *e)
{
    struct rtnl_routes routes = {0};
    struct rtnl_rules rules = {0};
    struct rtnl_neighbours neighbours = {0};
    int r = rtnl_routes(&p->rtnl, a, is_ipv6, &routes, e);
    if (r == 0)
        r = rtnl_rules(&p->rtnl, a, is_ipv6, &rules, e);
    if (r == 0 && is_ipv6)
        r = rtnl_neighbours(&p->rtnl, a, is_ipv6, &neighbours, e);
    for (size_t i = 0; i < routes.n && r == 0; i++) {
        const struct rtnl_route *route = &routes.v[i];
        if (route->table != 0) /* the main table is not by route tables */
            *arena_append(a, &ways->routes) = (struct way){.table = route->table,
                                                           .to = route->to,
                                                           .link = name_of(p, route->link),
                                                           .has_via = route->has_via,
                                                           .via = route->via,
                                                           .metric = route->metric};
    }
    for (size_t i = 0; i < rules.n && r == 0; i++)
        *arena_append(a, &ways->rules) =
            (struct way_rule){is_ipv6, rules.v[i].from, rules.v[i].table};
    for (size_t i = 0; i < neighbours.n && r == 0; i++) {
        const struct rtnl_neighbour *n = &neighbours.v[i];
        const char *link = name_of(p, n->link);
        if (link == NULL || !has_prefix(link, "br"))
            continue;
        struct way_neighbour *added = arena_append(a, &ways->neighbours);
        *added = (struct way_neighbour){.link = link, .address = n->address};
        memcpy(added->mac, n->mac, sizeof(added->mac));
    }
    return r;
}

static int read_kernel(struct putting *p, struct arena *a, struct ways *ways, struct err *e)
{
    int r = 0;
    for (int is_ipv6 = 0; is_ipv6 < 2 && r == 0; is_ipv6++)
        r = read_family(p, a, is_ipv6, ways, e);
    if (ways->routes.n > 1)
        qsort(ways->routes.v, ways->routes.n, sizeof(ways->routes.v[0]), compare_routes);
    if (ways->rules.n > 1)
        qsort(ways->rules.v, ways->rules.n, sizeof(ways->rules.v[0]), compare_rules);
    if (ways->neighbours.n > 1)
        qsort(ways->neighbours.v, ways->neighbours.n, sizeof(ways->neighbours.v[0]),
              compare_neighbours);
    return r;
}

/* --- the difference */

static int put_new(struct putting *p, const struct ways *from, const struct ways *to, struct err *e)
{
    int r = 0;
    WAYS_FOR_LACKING(
        routes, to, from, way_compare, r < 0 || way_equal(&to->routes.v[i_], &from->routes.v[j_]),
        r = r < 0 ? r
                  : change_route(p,
                                 j_ < from->routes.n &&
                                         way_compare(&to->routes.v[i_], &from->routes.v[j_]) == 0
                                     ? &from->routes.v[j_]
                                     : NULL,
                                 &to->routes.v[i_], e))
    WAYS_FOR_LACKING(neighbours, to, from, way_neighbour_compare,
                     way_neighbour_compare(&to->neighbours.v[i_], &from->neighbours.v[j_]) == 0,
                     r = r < 0 ? r : put_neighbour(p, &to->neighbours.v[i_], e))
    WAYS_FOR_LACKING(rules, to, from, way_rule_compare,
                     way_rule_compare(&to->rules.v[i_], &from->rules.v[j_]) == 0, {
                         struct rtnl_rule rule = rule_of(&to->rules.v[i_]);
                         r = r < 0 ? r : rtnl_rule_put(&p->rtnl, &rule, e);
                     })
    return r;
}

/* An address may have gone to another MAC: what has been put in its place stays. */
static bool has_neighbour(const struct ways *ways, const struct way_neighbour *n)
{
    for (size_t i = 0; i < ways->neighbours.n; i++)
        if (streq(ways->neighbours.v[i].link, n->link) &&
            memcmp(&ways->neighbours.v[i].address, &n->address, sizeof(n->address)) == 0)
            return true;
    return false;
}

static int drop_old(struct putting *p, const struct ways *from, const struct ways *to,
                    struct err *e)
{
    int r = 0;
    WAYS_FOR_LACKING(rules, from, to, way_rule_compare,
                     way_rule_compare(&from->rules.v[i_], &to->rules.v[j_]) == 0, {
                         struct rtnl_rule rule = rule_of(&from->rules.v[i_]);
                         r = r < 0 ? r : rtnl_rule_drop(&p->rtnl, &rule, e);
                     })
    WAYS_FOR_LACKING(neighbours, from, to, way_neighbour_compare,
                     way_neighbour_compare(&from->neighbours.v[i_], &to->neighbours.v[j_]) == 0,
                     r = r < 0 || has_neighbour(to, &from->neighbours.v[i_])
                             ? r
                             : drop_neighbour(p, &from->neighbours.v[i_], e))
    WAYS_FOR_LACKING(routes, from, to, way_compare,
                     way_compare(&from->routes.v[i_], &to->routes.v[j_]) == 0,
                     r = r < 0 ? r : drop_route(p, &from->routes.v[i_], e))
    return r;
}

static int put_difference(struct putting *p, struct arena *a, const struct ways *from,
                          const struct ways *to, struct err *e)
{
    struct ways read = {0};
    int r = rtnl_links(&p->rtnl, a, &p->links, e);
    if (r == 0 && from == NULL)
        r = read_kernel(p, a, &read, e);
    if (r == 0)
        r = put_new(p, from != NULL ? from : &read, to, e);
    if (r == 0)
        r = drop_old(p, from != NULL ? from : &read, to, e);
    return r;
}

int ways_put(struct arena *a, const struct ways *from, const struct ways *to, struct err *e)
{
    struct putting p = {.rtnl = RTNL_CLOSED};
    int r = rtnl_open(&p.rtnl, e);
    if (r == 0)
        r = put_difference(&p, a, from, to, e);
    rtnl_close(&p.rtnl);
    return r;
}
