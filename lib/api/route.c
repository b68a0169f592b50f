/* CreateRoute, ReplaceRoute, DeleteRoute. */
#include "api/lookup.h"
#include "api/route_table.h"
#include "base/text.h"

struct destination {
    const char *text;      /* a block in its one form, or the id of a prefix list */
    const char *parameter; /* "destination-cidr-block", as EC2 names it in a fault */
};

/* The members of all three requests that name a route. */
struct route_named {
    const char *table_id;
    const char *ipv4;
    const char *ipv6;
    const char *list_id;
};

#define ROUTE_NAMED(in)                                                                            \
    (&(const struct route_named){(in)->route_table_id, (in)->destination_cidr_block,               \
                                 (in)->destination_ipv6_cidr_block,                                \
                                 (in)->destination_prefix_list_id})

static int read_destination(struct call *c, const struct route_named *named,
                            struct destination *ret, struct fault *f)
{
    if ((named->ipv4 != NULL) + (named->ipv6 != NULL) + (named->list_id != NULL) > 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A route has one destination: destinationCidrBlock, destinationIpv6CidrBlock "
                     "and destinationPrefixListId exclude each other");
    if (named->ipv4 != NULL) {
        ret->parameter = "destination-cidr-block";
        return route_destination_ipv4(c->arena, "destinationCidrBlock", named->ipv4, &ret->text, f);
    }
    if (named->ipv6 != NULL) {
        ret->parameter = "destination-ipv6-cidr-block";
        return route_destination_ipv6(c->arena, "destinationIpv6CidrBlock", named->ipv6, &ret->text,
                                      f);
    }
    if (named->list_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain exactly one of destinationCidrBlock, "
                     "destinationIpv6CidrBlock, destinationPrefixListId");
    ret->parameter = "destination-prefix-list-id";
    ret->text = named->list_id;
    return 0;
}

/* The table of the route that a request names, and where the route leads; NULL with the fault. */
static const struct route_table *table_of_request(struct call *c, const struct route_named *named,
                                                  struct destination *ret_to, struct fault *f)
{
    return read_destination(c, named, ret_to, f) < 0 ? NULL
                                                     : lookup_route_table(c, named->table_id, f);
}

static struct route *route_to(struct call *c, const struct route_table *table,
                              const char *destination)
{
    struct route_list l =
        store_routes(c->tx, c->arena, "route_table_id", table->id, "destination", destination);
    return l.n == 0 ? NULL : l.v;
}

static bool is_local(struct call *c, const struct route_table *table, const char *destination)
{
    struct wire_strings blocks = vpc_blocks(c, table->vpc_id);
    return strings_contain(&blocks, destination);
}

static bool is_block_of_subnet(struct call *c, const char *vpc_id, const char *block)
{
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", vpc_id);
    for (size_t i = 0; i < subnets.n; i++)
        if (streq(subnets.v[i].cidr_block, block) || streq(subnets.v[i].ipv6_cidr_block, block))
            return true;
    return false;
}

/*
 * A route within the VPC sends what goes to one subnet by way of a middlebox: an interface or a NAT
 * gateway (AWS: "Add routes more specific than the local route").
 */
static int check_within(struct call *c, const struct route_table *table, const char *destination,
                        const char *target_id, struct fault *f)
{
    struct wire_strings blocks = vpc_blocks(c, table->vpc_id);
    bool within = false;
    for (size_t i = 0; i < blocks.n; i++)
        within |= route_block_covers(blocks.v[i], destination);
    if (!within)
        return 0;
    if (!has_prefix(target_id, "eni-") && !has_prefix(target_id, "nat-"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The destination CIDR block %s is equal to or more specific than one of this "
                     "VPC's CIDR blocks. This route can target only an interface or an instance.",
                     destination);
    if (!is_block_of_subnet(c, table->vpc_id, destination))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The destination CIDR block %s is more specific than one of this VPC's CIDR "
                     "blocks. It must be the CIDR block of a subnet of the VPC.",
                     destination);
    return 0;
}

/* Adds what a destination counts as to its family's sum: a prefix list, what it may grow to. */
static void add_weight(struct call *c, const char *destination, const struct prefix_list *grown,
                       int64_t sums[2])
{
    const struct prefix_list *list = NULL;
    if (route_destination_is_prefix_list(destination))
        list = grown != NULL && streq(grown->id, destination)
                   ? grown
                   : store_prefix_list(c->tx, c->arena, destination);
    bool is_ipv6 = list == NULL ? route_destination_is_ipv6(destination) : list->is_ipv6;
    sums[is_ipv6] += list == NULL ? 1 : list->max_entries;
}

/* Has the table room for its routes and one to `more` (NULL: none)? */
static bool has_room(struct call *c, const char *table_id, const char *more,
                     const struct prefix_list *grown)
{
    struct route_list there = store_routes(c->tx, c->arena, "route_table_id", table_id);
    int64_t sums[2] = {0};
    if (more != NULL)
        add_weight(c, more, grown, sums);
    for (size_t i = 0; i < there.n; i++)
        if (!has_prefix(there.v[i].target_id, "vpce-"))
            add_weight(c, there.v[i].destination, grown, sums);
    return sums[0] <= ROUTES_PER_TABLE && sums[1] <= ROUTES_PER_TABLE;
}

bool routes_fit(struct call *c, const char *table_id, const struct prefix_list *grown)
{
    return has_room(c, table_id, NULL, grown);
}

/* Everything about the route itself; whether there is one to the destination is for the caller. */
static int check_route(struct call *c, const struct route_table *table, const char *destination,
                       const struct route_targets_named *named, struct route *ret, struct fault *f)
{
    struct route_target target;
    if (route_target_find(c, table, destination, named, &target, f) < 0 ||
        check_within(c, table, destination, target.id, f) < 0)
        return -1;
    struct route route = {table->id, destination, target.id};
    if (route_table_is_of_gateway(c, table) && route_edge_check(c, table, &route, f) < 0)
        return -1;
    *ret = route;
    return 0;
}

#define TARGETS_NAMED(in)                                                                          \
    (&(const struct route_targets_named){                                                          \
        (in)->gateway_id, (in)->egress_only_internet_gateway_id, (in)->nat_gateway_id,             \
        (in)->instance_id, (in)->network_interface_id, (in)->vpc_peering_connection_id})

int act_ec2_CreateRoute(struct call *c, const ec2_CreateRoute_in *in, ec2_CreateRoute_out *out,
                        struct fault *f)
{
    struct destination to = {0};
    const struct route_table *table = table_of_request(c, ROUTE_NAMED(in), &to, f);
    if (table == NULL)
        return -1;
    const char *list_id = in->destination_prefix_list_id;
    if (list_id != NULL && !lookup_exists(c, resource_get(RESOURCE_PREFIX_LIST), list_id))
        return lookup_fault(c, RESOURCE_PREFIX_LIST, &(struct wire_strings){&list_id, 1}, f);
    if (is_local(c, table, to.text) || route_to(c, table, to.text) != NULL)
        return fault(f, FAULT_ROUTE_ALREADY_EXISTS, "The route identified by %s already exists.",
                     to.text);
    struct route route;
    if (check_route(c, table, to.text, TARGETS_NAMED(in), &route, f) < 0)
        return -1;
    if (!has_room(c, table->id, to.text, NULL))
        return fault(f, FAULT_ROUTE_LIMIT_EXCEEDED,
                     "The maximum number of routes (%d) for route table '%s' has been reached.",
                     ROUTES_PER_TABLE, table->id);
    store_insert_route(c->tx, &route);
    store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    out->return_ = wire_bool(true);
    return 0;
}

/* The route that a request means to change, or NULL with the fault. */
static struct route *changeable(struct call *c, const struct route_table *table,
                                const struct destination *to, const char *what, struct fault *f)
{
    if (is_local(c, table, to->text)) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "cannot %s local route %s in route table %s",
                    what, to->text, table->id);
        return NULL;
    }
    struct route *route = route_to(c, table, to->text);
    if (route != NULL && has_prefix(route->target_id, "vpce-")) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE,
                    "cannot %s VPC endpoint route %s in route table %s; it goes with the endpoint "
                    "%s",
                    what, to->text, table->id, route->target_id);
        return NULL;
    }
    return route;
}

int act_ec2_ReplaceRoute(struct call *c, const ec2_ReplaceRoute_in *in, ec2_ReplaceRoute_out *out,
                         struct fault *f)
{
    (void)out;
    struct destination to = {0};
    const struct route_table *table = table_of_request(c, ROUTE_NAMED(in), &to, f);
    if (table == NULL)
        return -1;
    const struct route *there = changeable(c, table, &to, "replace", f);
    if (there == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "There is no route defined for '%s' in the route table. Use CreateRoute "
                     "instead.",
                     to.text);
    struct route route;
    if (check_route(c, table, to.text, TARGETS_NAMED(in), &route, f) < 0)
        return -1;
    store_update_route(c->tx, &route);
    store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    return 0;
}

int act_ec2_DeleteRoute(struct call *c, const ec2_DeleteRoute_in *in, ec2_DeleteRoute_out *out,
                        struct fault *f)
{
    (void)out;
    struct destination to = {0};
    const struct route_table *table = table_of_request(c, ROUTE_NAMED(in), &to, f);
    if (table == NULL)
        return -1;
    if (changeable(c, table, &to, "remove", f) == NULL)
        return fault(f, FAULT_INVALID_ROUTE_NOT_FOUND, "no route with %s %s in route table %s",
                     to.parameter, to.text, table->id);
    store_delete_routes(c->tx, "route_table_id", table->id, "destination", to.text);
    store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    return 0;
}
