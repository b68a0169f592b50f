/* Route tables, as the rows say they should be. */
#include "base/text.h"
#include "jobs/plan.h"
#include "jobs/plan_parts.h"

static bool peering_is_of(const struct vpc_peering_connection *p, const char *vpc_id)
{
    return p != NULL && p->state == PEERING_ACTIVE &&
           (streq(p->requester_vpc_id, vpc_id) || streq(p->accepter_vpc_id, vpc_id));
}

enum net_route_kind plan_route_kind(struct tx *tx, struct arena *a, const char *vpc_id,
                                    const struct route *route)
{
    const char *id = route->target_id;
    if (has_prefix(id, "igw-")) {
        const struct internet_gateway *g = store_internet_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id))
            return NET_ROUTE_INTERNET;
    } else if (has_prefix(id, "eigw-")) {
        const struct egress_only_gateway *g = store_egress_only_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id))
            return NET_ROUTE_EGRESS_ONLY;
    } else if (has_prefix(id, "nat-")) {
        const struct nat_gateway *g = store_nat_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id) && g->state == NAT_GATEWAY_AVAILABLE &&
            g->interface_id != NULL)
            return NET_ROUTE_PORT;
    } else if (has_prefix(id, "eni-")) {
        const struct network_interface *n = store_network_interface(tx, a, id);
        if (n != NULL && streq(n->vpc_id, vpc_id) && n->instance_id != NULL)
            return NET_ROUTE_PORT;
    } else if (has_prefix(id, "pcx-")) {
        if (peering_is_of(store_vpc_peering_connection(tx, a, id), vpc_id))
            return NET_ROUTE_PEERING;
    }
    return NET_ROUTE_BLACKHOLE;
}

/* A gateway endpoint is a record: there is no service behind it to lead to. */
static bool leads_to_endpoint(const struct route *route)
{
    return has_prefix(route->target_id, "vpce-");
}

bool plan_vpc_has_failed(struct tx *tx, struct arena *a, const char *vpc_id)
{
    const struct vpc *vpc = store_vpc(tx, a, vpc_id);
    return vpc != NULL && vpc->network_error != NULL && !streq(vpc->network_error, VPC_UNMADE);
}

bool plan_route_is_active(struct tx *tx, struct arena *a, const char *vpc_id,
                          const struct route *route)
{
    if (leads_to_endpoint(route))
        return store_vpc_endpoint(tx, a, route->target_id) != NULL;
    return !plan_vpc_has_failed(tx, a, vpc_id) &&
           plan_route_kind(tx, a, vpc_id, route) != NET_ROUTE_BLACKHOLE;
}

struct routes {
    struct net_route *v;
    size_t n;
};

struct plan_words plan_blocks_of(struct tx *tx, struct arena *a, const char *prefix_list_id)
{
    struct plan_words blocks = {0};
    const struct aws_prefix_list *aws = aws_prefix_list_find(prefix_list_id);
    for (size_t i = 0; aws != NULL && i < aws->n_cidr_blocks; i++)
        *arena_append(a, &blocks) = aws->cidr_blocks[i];
    struct prefix_list_entry_list entries =
        store_prefix_list_entries(tx, a, "prefix_list_id", prefix_list_id);
    for (size_t i = 0; i < entries.n; i++)
        if (entries.v[i].to_version == 0)
            *arena_append(a, &blocks) = entries.v[i].cidr_block;
    return blocks;
}

static bool has_route(const struct routes *routes, const char *destination)
{
    for (size_t i = 0; i < routes->n; i++)
        if (streq(routes->v[i].destination, destination))
            return true;
    return false;
}

static const char *interface_of(struct tx *tx, struct arena *a, const char *target_id)
{
    return has_prefix(target_id, "nat-") ? store_nat_gateway(tx, a, target_id)->interface_id
                                         : target_id;
}

static struct routes load_routes(struct tx *tx, struct arena *a, const char *vpc_id,
                                 const char *table_id)
{
    struct route_list rows = store_routes(tx, a, "route_table_id", table_id);
    struct routes routes = {0};
    /* A block that has a route of its own counts more than the same one in a prefix list (AWS:
     * "Route priority and prefix lists"). */
    for (int of_lists = 0; of_lists < 2; of_lists++)
        for (size_t i = 0; i < rows.n; i++) {
            const struct route *row = &rows.v[i];
            if (has_prefix(row->destination, "pl-") != (of_lists == 1) || leads_to_endpoint(row))
                continue;
            struct net_route route = {.destination = row->destination,
                                      .kind = plan_route_kind(tx, a, vpc_id, row)};
            if (route.kind == NET_ROUTE_PORT)
                route.target_id = interface_of(tx, a, row->target_id);
            if (route.kind == NET_ROUTE_PEERING)
                route.target_id = row->target_id;
            struct plan_words blocks = {.n = 0};
            if (of_lists == 1)
                blocks = plan_blocks_of(tx, a, row->destination);
            else
                *arena_append(a, &blocks) = row->destination;
            for (size_t k = 0; k < blocks.n; k++) {
                route.destination = blocks.v[k];
                if (!has_route(&routes, route.destination))
                    *arena_append(a, &routes) = route;
            }
        }
    return routes;
}

void plan_load_tables(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct route_table_list tables = store_route_tables(tx, a, "vpc_id", v->vpc_id);
    struct net_route_table *out = arena_array(a, tables.n, struct net_route_table);
    for (size_t i = 0; i < tables.n; i++) {
        struct routes routes = load_routes(tx, a, v->vpc_id, tables.v[i].id);
        out[i] = (struct net_route_table){
            .route_table_id = tables.v[i].id,
            .number = tables.v[i].number,
            .routes = routes.v,
            .n_routes = routes.n,
        };
    }
    v->tables = out;
    v->n_tables = tables.n;
}

int64_t plan_table_number(const struct net_vpc *v, const char *route_table_id)
{
    for (size_t i = 0; i < v->n_tables; i++)
        if (streq(v->tables[i].route_table_id, route_table_id))
            return v->tables[i].number;
    return -1;
}
