/* What routes lead to: named in requests, shown in replies. */
#include "api/lookup.h"
#include "api/route_table.h"
#include "base/text.h"
#include "jobs/plan.h"

int route_table_of_other_network(const struct route_table *table, const char *what, const char *id,
                                 struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "route table %s and %s %s belong to different networks", table->id, what, id);
}

static int find_gateway(struct call *c, const struct route_table *table, const char *id,
                        struct fault *f)
{
    if (streq(id, "local"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The local routes of a route table are there by themselves");
    const struct resource *r = resource_of_id(id);
    if (r != NULL && r->kind == RESOURCE_VPN_GATEWAY)
        return lookup_fault(c, r->kind, &(struct wire_strings){&id, 1}, f);
    if (r == NULL || r->kind != RESOURCE_INTERNET_GATEWAY)
        return fault(f, FAULT_INVALID_GATEWAY_ID_NOT_FOUND, "The gateway ID '%.64s' does not exist",
                     id);
    const struct internet_gateway *gateway = lookup_internet_gateway(c, id, f);
    if (gateway == NULL)
        return -1;
    return streq(gateway->vpc_id, table->vpc_id)
               ? 0
               : route_table_of_other_network(table, "network gateway", id, f);
}

static int find_egress_only(struct call *c, const struct route_table *table, const char *id,
                            struct fault *f)
{
    const struct egress_only_gateway *gateway = lookup_egress_only_gateway(c, id, f);
    if (gateway == NULL)
        return -1;
    return streq(gateway->vpc_id, table->vpc_id)
               ? 0
               : route_table_of_other_network(table, "egress-only internet gateway", id, f);
}

static int find_nat_gateway(struct call *c, const struct route_table *table, const char *id,
                            struct fault *f)
{
    const struct nat_gateway *nat = lookup_nat_gateway(c, id, f);
    if (nat == NULL)
        return -1;
    if (nat->state != NAT_GATEWAY_PENDING && nat->state != NAT_GATEWAY_AVAILABLE)
        return lookup_fault(c, RESOURCE_NAT_GATEWAY, &(struct wire_strings){&id, 1}, f);
    return streq(nat->vpc_id, table->vpc_id)
               ? 0
               : route_table_of_other_network(table, "NAT gateway", id, f);
}

static int find_interface(struct call *c, const struct route_table *table, const char *id,
                          struct fault *f)
{
    const struct network_interface *n = lookup_network_interface(c, id, f);
    if (n == NULL)
        return -1;
    return streq(n->vpc_id, table->vpc_id)
               ? 0
               : route_table_of_other_network(table, "interface", id, f);
}

static int find_peering(struct call *c, const struct route_table *table, const char *id,
                        struct fault *f)
{
    const struct vpc_peering_connection *p = lookup_vpc_peering_connection(c, id, f);
    if (p == NULL)
        return -1;
    /* One that waits may have its routes already: they are black holes until it is active. */
    if (p->state != PEERING_PENDING_ACCEPTANCE && p->state != PEERING_PROVISIONING &&
        p->state != PEERING_ACTIVE)
        return lookup_fault(c, RESOURCE_VPC_PEERING_CONNECTION, &(struct wire_strings){&id, 1}, f);
    if (streq(p->requester_vpc_id, table->vpc_id) || streq(p->accepter_vpc_id, table->vpc_id))
        return 0;
    return route_table_of_other_network(table, "VPC peering connection", id, f);
}

/* The one interface of an instance. */
static const char *interface_of(struct call *c, const char *instance_id, struct fault *f)
{
    const struct instance *instance = lookup_instance(c, instance_id, f);
    if (instance == NULL)
        return NULL;
    struct network_interface_list l =
        store_network_interfaces(c->tx, c->arena, "instance_id", instance->id);
    if (l.n == 1)
        return l.v[0].id;
    (void)fault(f, FAULT_INVALID_INSTANCE_ID,
                l.n == 0 ? "There are no interfaces attached to instance '%s'"
                         : "There are multiple interfaces attached to instance '%s'. Please "
                           "specify an interface ID for the operation instead.",
                instance->id);
    return NULL;
}

/* The one parameter that names a target; its id. */
static int read_one(const struct route_targets_named *named, struct route_target *ret,
                    struct fault *f)
{
    const char *const all[] = {named->gateway_id,     named->egress_only_gateway_id,
                               named->nat_gateway_id, named->instance_id,
                               named->interface_id,   named->peering_id};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (all[i] == NULL)
            continue;
        if (ret->named != NULL)
            return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                         "A route has one target: %.64s and %.64s cannot be used together",
                         ret->named, all[i]);
        ret->named = ret->id = all[i];
    }
    if (ret->named == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain exactly one of gatewayId, "
                     "egressOnlyInternetGatewayId, natGatewayId, instanceId, networkInterfaceId, "
                     "vpcPeeringConnectionId");
    return 0;
}

/* Does the target carry traffic of the destination's family? */
static int check_family(const char *destination, const char *id, struct fault *f)
{
    if (route_destination_is_prefix_list(destination))
        return 0; /* what does not fit of a list leads nowhere */
    bool is_ipv6 = route_destination_is_ipv6(destination);
    if (has_prefix(id, "eigw-") && !is_ipv6)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The egress-only internet gateway %s carries IPv6 traffic alone; the "
                     "destination %s is an IPv4 CIDR block",
                     id, destination);
    if (has_prefix(id, "nat-") && is_ipv6)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The NAT gateway %s carries IPv4 traffic alone; the destination %s is an "
                     "IPv6 CIDR block",
                     id, destination);
    return 0;
}

int route_target_find(struct call *c, const struct route_table *table, const char *destination,
                      const struct route_targets_named *named, struct route_target *ret,
                      struct fault *f)
{
    struct route_target target = {0};
    if (read_one(named, &target, f) < 0)
        return -1;
    int r = 0;
    if (named->gateway_id != NULL)
        r = find_gateway(c, table, target.id, f);
    else if (named->egress_only_gateway_id != NULL)
        r = find_egress_only(c, table, target.id, f);
    else if (named->nat_gateway_id != NULL)
        r = find_nat_gateway(c, table, target.id, f);
    else if (named->peering_id != NULL)
        r = find_peering(c, table, target.id, f);
    else if (named->instance_id != NULL)
        target.id = interface_of(c, named->instance_id, f);
    if (r < 0 || target.id == NULL ||
        (has_prefix(target.id, "eni-") && find_interface(c, table, target.id, f) < 0) ||
        check_family(destination, target.id, f) < 0)
        return -1;
    *ret = target;
    return 0;
}

static void show_interface(struct call *c, const char *id, struct ec2_Route *out)
{
    const struct network_interface *n = store_network_interface(c->tx, c->arena, id);
    out->network_interface_id = id;
    if (n != NULL && n->instance_id != NULL) {
        out->instance_id = n->instance_id;
        out->instance_owner_id = n->account_id;
    }
}

void route_view(struct call *c, const struct route_table *table, const struct route *route,
                struct ec2_Route *out)
{
    const char *id = route->target_id;
    *out = (struct ec2_Route){
        .origin = "CreateRoute",
        .state =
            plan_route_is_active(c->tx, c->arena, table->vpc_id, route) ? "active" : "blackhole",
    };
    if (route_destination_is_prefix_list(route->destination))
        out->destination_prefix_list_id = route->destination;
    else if (route_destination_is_ipv6(route->destination))
        out->destination_ipv6_cidr_block = route->destination;
    else
        out->destination_cidr_block = route->destination;
    if (has_prefix(id, "eni-"))
        show_interface(c, id, out);
    else if (has_prefix(id, "nat-"))
        out->nat_gateway_id = id;
    else if (has_prefix(id, "eigw-"))
        out->egress_only_internet_gateway_id = id;
    else if (has_prefix(id, "pcx-"))
        out->vpc_peering_connection_id = id;
    else
        out->gateway_id = id;
}
