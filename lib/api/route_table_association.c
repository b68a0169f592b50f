/* Which route table a subnet, or an internet gateway, uses. */
#include "api/lookup.h"
#include "api/route_table.h"
#include "base/id.h"
#include "base/text.h"

bool route_table_is_of_gateway(struct call *c, const struct route_table *table)
{
    struct route_table_association_list l =
        store_route_table_associations(c->tx, c->arena, "route_table_id", table->id);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].gateway_id != NULL)
            return true;
    return false;
}

int route_edge_check(struct call *c, const struct route_table *table, const struct route *route,
                     struct fault *f)
{
    struct wire_strings blocks = vpc_blocks(c, table->vpc_id);
    bool within = false;
    for (size_t i = 0; i < blocks.n; i++)
        within |= route_block_covers(blocks.v[i], route->destination);
    if (!within)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The routes of a gateway's route table lead to the VPC; %s, in route table "
                     "%s, is not within its CIDR blocks",
                     route->destination, table->id);
    if (!has_prefix(route->target_id, "eni-"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The routes of a gateway's route table target network interfaces; the route "
                     "to %s in route table %s targets %s",
                     route->destination, table->id, route->target_id);
    return 0;
}

/* Can a gateway use the table, with the routes that are in it? */
static int check_edge(struct call *c, const struct route_table *table, struct fault *f)
{
    struct route_list routes = store_routes(c->tx, c->arena, "route_table_id", table->id);
    for (size_t i = 0; i < routes.n; i++)
        if (route_edge_check(c, table, &routes.v[i], f) < 0)
            return -1;
    return 0;
}

static int check_gateway(struct call *c, const struct route_table *table, const char *id,
                         struct fault *f)
{
    const struct resource *r = resource_of_id(id);
    const struct internet_gateway *gateway =
        r != NULL && r->kind == RESOURCE_INTERNET_GATEWAY ? lookup_row(c, r, id) : NULL;
    if (gateway == NULL)
        return fault(f, FAULT_INVALID_GATEWAY_ID_NOT_FOUND, "The gateway ID '%.64s' does not exist",
                     id);
    if (!streq(gateway->vpc_id, table->vpc_id))
        return route_table_of_other_network(table, "network gateway", id, f);
    return check_edge(c, table, f);
}

static int check_subnet(struct call *c, const struct route_table *table, const char *id,
                        struct fault *f)
{
    const struct subnet *subnet = lookup_subnet(c, id, f);
    if (subnet == NULL)
        return -1;
    return streq(subnet->vpc_id, table->vpc_id)
               ? 0
               : route_table_of_other_network(table, "subnet", id, f);
}

int act_ec2_AssociateRouteTable(struct call *c, const ec2_AssociateRouteTable_in *in,
                                ec2_AssociateRouteTable_out *out, struct fault *f)
{
    if (in->subnet_id != NULL && in->gateway_id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter subnetId cannot be used with the parameter gatewayId");
    if (in->subnet_id == NULL && in->gateway_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter subnetId or gatewayId");
    const struct route_table *table = lookup_route_table(c, in->route_table_id, f);
    if (table == NULL || (in->subnet_id != NULL ? check_subnet(c, table, in->subnet_id, f)
                                                : check_gateway(c, table, in->gateway_id, f)) < 0)
        return -1;
    out->association_state = route_table_associated(c);
    struct route_table_association_list there =
        in->subnet_id != NULL
            ? store_route_table_associations(c->tx, c->arena, "subnet_id", in->subnet_id)
            : store_route_table_associations(c->tx, c->arena, "gateway_id", in->gateway_id);
    if (there.n > 0 && !streq(there.v[0].route_table_id, table->id))
        return fault(f, FAULT_RESOURCE_ALREADY_ASSOCIATED,
                     "the specified association for route table %s conflicts with an existing "
                     "association",
                     table->id);
    if (there.n > 0) {
        out->association_id = there.v[0].id;
        return 0;
    }
    struct route_table_association association = {
        .id = id_make(c->arena, "rtbassoc"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .route_table_id = table->id,
        .vpc_id = table->vpc_id,
        .subnet_id = in->subnet_id,
        .gateway_id = in->gateway_id,
    };
    store_insert_route_table_association(c->tx, &association);
    store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    out->association_id = association.id;
    return 0;
}

int act_ec2_DisassociateRouteTable(struct call *c, const ec2_DisassociateRouteTable_in *in,
                                   ec2_DisassociateRouteTable_out *out, struct fault *f)
{
    (void)out;
    const struct route_table_association *a =
        lookup_route_table_association(c, in->association_id, f);
    if (a == NULL)
        return -1;
    if (a->is_main)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "cannot disassociate the main route table association %s", a->id);
    store_delete_route_table_associations(c->tx, "id", a->id);
    store_enqueue(c->tx, "vpc", a->vpc_id, 0);
    return 0;
}

/* The association gets a new id, also that of the main table (AWS: ReplaceRouteTableAssociation).
 */
int act_ec2_ReplaceRouteTableAssociation(struct call *c,
                                         const ec2_ReplaceRouteTableAssociation_in *in,
                                         ec2_ReplaceRouteTableAssociation_out *out, struct fault *f)
{
    struct route_table_association *a = lookup_route_table_association(c, in->association_id, f);
    const struct route_table *table =
        a == NULL ? NULL : lookup_route_table(c, in->route_table_id, f);
    if (table == NULL)
        return -1;
    if (!streq(table->vpc_id, a->vpc_id))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "route table %s and association %s belong to different networks", table->id,
                     a->id);
    if (a->gateway_id != NULL && check_edge(c, table, f) < 0)
        return -1;
    store_delete_route_table_associations(c->tx, "id", a->id);
    a->id = id_make(c->arena, "rtbassoc");
    a->route_table_id = table->id;
    store_insert_route_table_association(c->tx, a);
    store_enqueue(c->tx, "vpc", a->vpc_id, 0);
    out->new_association_id = a->id;
    out->association_state = route_table_associated(c);
    return 0;
}
