/* CreateRouteTable, DeleteRouteTable, DescribeRouteTables. */
#include "api/route_table.h"

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"

static const char *const taggable[] = {"route-table", NULL};

struct wire_strings vpc_blocks(struct call *c, const char *vpc_id)
{
    struct wire_strings blocks = {0};
    const struct vpc *vpc = store_vpc(c->tx, c->arena, vpc_id);
    struct vpc_cidr_block_list more = store_vpc_cidr_blocks(c->tx, c->arena, "vpc_id", vpc_id);
    if (vpc == NULL)
        return blocks;
    *arena_append(c->arena, &blocks) = vpc->cidr_block;
    for (int ipv6 = 0; ipv6 <= 1; ipv6++)
        for (size_t i = 0; i < more.n; i++)
            if (more.v[i].is_ipv6 == (ipv6 == 1))
                *arena_append(c->arena, &blocks) = more.v[i].cidr_block;
    return blocks;
}

static void view_routes(struct call *c, const struct route_table *table,
                        struct ec2_RouteList *ret_routes)
{
    struct wire_strings blocks = vpc_blocks(c, table->vpc_id);
    for (size_t i = 0; i < blocks.n; i++) {
        struct ec2_Route *local = arena_append(c->arena, ret_routes);
        *local = (struct ec2_Route){
            .gateway_id = "local", .origin = "CreateRouteTable", .state = "active"};
        if (route_destination_is_ipv6(blocks.v[i]))
            local->destination_ipv6_cidr_block = blocks.v[i];
        else
            local->destination_cidr_block = blocks.v[i];
    }
    struct route_list routes = store_routes(c->tx, c->arena, "route_table_id", table->id);
    for (size_t i = 0; i < routes.n; i++)
        route_view(c, table, &routes.v[i], arena_append(c->arena, ret_routes));
}

struct ec2_RouteTableAssociationState *route_table_associated(struct call *c)
{
    struct ec2_RouteTableAssociationState *state =
        arena_new_of(c->arena, struct ec2_RouteTableAssociationState);
    state->state = "associated";
    return state;
}

static void view(struct call *c, const struct route_table *row, struct ec2_RouteTable *out)
{
    *out = (struct ec2_RouteTable){
        .route_table_id = row->id,
        .vpc_id = row->vpc_id,
        .owner_id = row->account_id,
    };
    struct route_table_association_list associations =
        store_route_table_associations(c->tx, c->arena, "route_table_id", row->id);
    for (size_t i = 0; i < associations.n; i++) {
        const struct route_table_association *a = &associations.v[i];
        *arena_append(c->arena, &out->associations) = (struct ec2_RouteTableAssociation){
            .main = wire_bool(a->is_main),
            .route_table_association_id = a->id,
            .route_table_id = row->id,
            .subnet_id = a->subnet_id,
            .gateway_id = a->gateway_id,
            .association_state = route_table_associated(c),
        };
    }
    view_routes(c, row, &out->routes);
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->associations);
    wire_list_empty(&out->propagating_vgws);
    wire_list_empty(&out->tags);
}

static int64_t next_number(struct call *c, const char *vpc_id)
{
    struct route_table_list tables = store_route_tables(c->tx, c->arena, "vpc_id", vpc_id);
    for (int64_t number = 0;; number++) {
        bool taken = false;
        for (size_t i = 0; i < tables.n; i++)
            taken |= tables.v[i].number == number;
        if (!taken)
            return number;
    }
}

static struct route_table *create(struct call *c, const ec2_CreateRouteTable_in *in,
                                  struct fault *f)
{
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return NULL;
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return NULL;
    if (store_count_route_tables(c->tx, "vpc_id", vpc->id) >= ROUTE_TABLES_PER_VPC) {
        (void)fault(f, FAULT_ROUTE_TABLE_LIMIT_EXCEEDED,
                    "The maximum number of route tables (%d) for VPC '%s' has been reached.",
                    ROUTE_TABLES_PER_VPC, vpc->id);
        return NULL;
    }
    struct route_table *table = arena_new_of(c->arena, struct route_table);
    *table = (struct route_table){
        .id = id_make(c->arena, "rtb"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .vpc_id = vpc->id,
        .number = next_number(c, vpc->id),
    };
    store_insert_route_table(c->tx, table);
    tags_put(c, &in->tag_specifications, taggable[0], table->id);
    store_enqueue(c->tx, "vpc", vpc->id, 0);
    return table;
}

int act_ec2_CreateRouteTable(struct call *c, const ec2_CreateRouteTable_in *in,
                             ec2_CreateRouteTable_out *out, struct fault *f)
{
    const struct route_table *table =
        c->replay != NULL ? lookup_route_table(c, c->replay, f) : create(c, in, f);
    if (table == NULL)
        return -1;
    out->route_table = arena_new_of(c->arena, struct ec2_RouteTable);
    view(c, table, out->route_table);
    out->client_token = in->client_token;
    c->result = table->id;
    return 0;
}

int act_ec2_DeleteRouteTable(struct call *c, const ec2_DeleteRouteTable_in *in,
                             ec2_DeleteRouteTable_out *out, struct fault *f)
{
    (void)out;
    const struct route_table *table = lookup_route_table(c, in->route_table_id, f);
    if (table == NULL)
        return -1;
    /* The main one is among them. */
    if (store_count_route_table_associations(c->tx, "route_table_id", table->id) > 0)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The routeTable '%s' has dependencies and cannot be deleted.", table->id);
    store_delete_routes(c->tx, "route_table_id", table->id);
    store_delete_vpc_endpoint_route_tables(c->tx, "route_table_id", table->id);
    store_delete_route_tables(c->tx, "id", table->id);
    tags_drop(c, table->id);
    store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    return 0;
}

/* AWS: DescribeRouteTables, "Filters". */
static const struct filter_path table_filters[] = {
    {"association.gateway-id", "Associations.GatewayId"},
    {"association.main", "Associations.Main"},
    {"association.route-table-association-id", "Associations.RouteTableAssociationId"},
    {"association.route-table-id", "Associations.RouteTableId"},
    {"association.subnet-id", "Associations.SubnetId"},
    {"owner-id", "OwnerId"},
    {"route-table-id", "RouteTableId"},
    {"route.destination-cidr-block", "Routes.DestinationCidrBlock"},
    {"route.destination-ipv6-cidr-block", "Routes.DestinationIpv6CidrBlock"},
    {"route.destination-prefix-list-id", "Routes.DestinationPrefixListId"},
    {"route.egress-only-internet-gateway-id", "Routes.EgressOnlyInternetGatewayId"},
    {"route.gateway-id", "Routes.GatewayId"},
    {"route.instance-id", "Routes.InstanceId"},
    {"route.nat-gateway-id", "Routes.NatGatewayId"},
    {"route.origin", "Routes.Origin"},
    {"route.state", "Routes.State"},
    {"route.transit-gateway-id", NULL},
    {"route.vpc-peering-connection-id", "Routes.VpcPeeringConnectionId"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeRouteTables(struct call *c, const ec2_DescribeRouteTables_in *in,
                                ec2_DescribeRouteTables_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, table_filters, RouteTable);
    struct route_table_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->route_table_ids.n > 0, &page, f) < 0 ||
        lookup_route_tables(c, &in->route_table_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_RouteTable table;
        view(c, &rows.v[i], &table);
        if (filters_match(&filters, &table, NULL) && page_admit(&page, table.route_table_id))
            *arena_append(c->arena, &out->route_tables) = table;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
