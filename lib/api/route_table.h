#pragma once
/* Route tables and their routes: what the files about them share. */
#include "api/call.h"

/* The blocks of a VPC, for which every route table has a local route: IPv4, then IPv6. */
struct wire_strings vpc_blocks(struct call *c, const char *vpc_id);
/* Where a route leads to. */
struct route_target {
    const char *id;    /* igw-, eigw-, nat-, eni-, pcx- */
    const char *named; /* what the caller named: differs for an instance */
};

/* The members of CreateRoute and ReplaceRoute that name a target. */
struct route_targets_named {
    const char *gateway_id;
    const char *egress_only_gateway_id;
    const char *nat_gateway_id;
    const char *instance_id;
    const char *interface_id;
    const char *peering_id;
};

/*
 * The one target that is named: it is there, is of the table's VPC and can be what leads to such a
 * destination.
 */
int route_target_find(struct call *c, const struct route_table *table, const char *destination,
                      const struct route_targets_named *named, struct route_target *ret,
                      struct fault *f);
/* Are the routes of the table within AWS's quota, as rules_fit() of group_use.h? */
bool routes_fit(struct call *c, const char *table_id, const struct prefix_list *grown);
/* As replies show a route that is in a row. */
void route_view(struct call *c, const struct route_table *table, const struct route *route,
                struct ec2_Route *out);

/* May the routes of a gateway's table lead there? (AWS: "Gateway route tables") */
int route_edge_check(struct call *c, const struct route_table *table, const struct route *route,
                     struct fault *f);
/* Is the table associated with a gateway? */
bool route_table_is_of_gateway(struct call *c, const struct route_table *table);
/* The fault of a table and something else that are not of one VPC: returns -1. */
int route_table_of_other_network(const struct route_table *table, const char *what, const char *id,
                                 struct fault *f);
/* "associated", as replies show the state of an association. */
struct ec2_RouteTableAssociationState *route_table_associated(struct call *c);
