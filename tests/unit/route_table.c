/* Route tables and what uses them. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define TEST_SECOND_SUBNET "subnet-0a0a0a0a0a0a0a0a2"

/* Calls in a default VPC whose main table leads to its internet gateway. */
static struct calls *with_gateway(void)
{
    struct calls *k = calls_new();
    calls_put_gateway(k);
    struct tx *tx = store_write(k->store);
    store_insert_route(tx, &(struct route){TEST_TABLE, "0.0.0.0/0", TEST_GATEWAY});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return k;
}

static const char *make_table(struct calls *k)
{
    ec2_CreateRouteTable_out out;
    OK(k, CreateRouteTable, &out, .vpc_id = TEST_VPC);
    return out.route_table->route_table_id;
}

static struct ec2_RouteTable describe(struct calls *k, const char *id)
{
    ec2_DescribeRouteTables_out out;
    OK(k, DescribeRouteTables, &out, .route_table_ids = LIST(id));
    ck_assert_uint_eq(out.route_tables.n, 1);
    return out.route_tables.v[0];
}

START_TEST(a_new_table_has_the_routes_to_its_vpc_and_no_other)
{
    struct calls *k = with_gateway();
    struct tx *tx = store_write(k->store);
    struct vpc_cidr_block block = {"vpc-cidr-assoc-1", TEST_ACCOUNT,    "us-east-1",
                                   TEST_VPC,           "fd00:ec2::/56", true};
    store_insert_vpc_cidr_block(tx, &block);
    block.id = "vpc-cidr-assoc-2";
    block.cidr_block = "172.30.0.0/16";
    block.is_ipv6 = false;
    store_insert_vpc_cidr_block(tx, &block);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);

    ec2_CreateRouteTable_out made;
    OK(k, CreateRouteTable, &made, .vpc_id = TEST_VPC, .client_token = "one",
       TAGGED("route-table", {"team", "blue"}));
    const struct ec2_RouteTable *table = made.route_table;
    ck_assert(has_prefix(table->route_table_id, "rtb-"));
    ck_assert_str_eq(table->vpc_id, TEST_VPC);
    ck_assert_str_eq(table->owner_id, TEST_ACCOUNT);
    ck_assert_str_eq(made.client_token, "one");
    ck_assert_str_eq(table->tags.v[0].value, "blue");
    ck_assert_uint_eq(table->associations.n, 0);
    ck_assert_uint_eq(table->routes.n, 3);
    ck_assert_str_eq(table->routes.v[0].destination_cidr_block, "172.31.0.0/16");
    ck_assert_str_eq(table->routes.v[1].destination_cidr_block, "172.30.0.0/16");
    ck_assert_str_eq(table->routes.v[2].destination_ipv6_cidr_block, "fd00:ec2::/56");
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(table->routes.v[i].gateway_id, "local");
        ck_assert_str_eq(table->routes.v[i].origin, "CreateRouteTable");
        ck_assert_str_eq(table->routes.v[i].state, "active");
    }
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(the_main_table_is_shown_with_its_association_and_routes)
{
    struct calls *k = with_gateway();
    struct ec2_RouteTable table = describe(k, TEST_TABLE);
    ck_assert_uint_eq(table.associations.n, 1);
    ck_assert(wire_true(table.associations.v[0].main));
    ck_assert_str_eq(table.associations.v[0].route_table_association_id, TEST_MAIN);
    ck_assert_str_eq(table.associations.v[0].association_state->state, "associated");
    ck_assert_uint_eq(table.routes.n, 2);
    ck_assert_str_eq(table.routes.v[1].gateway_id, TEST_GATEWAY);
    ck_assert_str_eq(table.routes.v[1].origin, "CreateRoute");

    ec2_DescribeRouteTables_out out;
    OK(k, DescribeRouteTables, &out,
       FILTERED_BY(FILTER("association.main", "true"), FILTER("vpc-id", TEST_VPC)));
    ck_assert_uint_eq(out.route_tables.n, 1);
    OK(k, DescribeRouteTables, &out, FILTERED_BY(FILTER("route.gateway-id", TEST_GATEWAY)));
    ck_assert_uint_eq(out.route_tables.n, 1);
    OK(k, DescribeRouteTables, &out, FILTERED_BY(FILTER("route.transit-gateway-id", "*")));
    ck_assert_uint_eq(out.route_tables.n, 0);
    REFUSED(k, INVALID_ROUTE_TABLE_ID_NOT_FOUND,
            "The routeTable ID 'rtb-00000000000000001' does not exist", DescribeRouteTables, &out,
            .route_table_ids = LIST("rtb-00000000000000001"));
    calls_free(k);
}
END_TEST

START_TEST(tables_come_in_pages)
{
    struct calls *k = with_gateway();
    for (int i = 0; i < 5; i++)
        (void)make_table(k);
    ec2_DescribeRouteTables_out first;
    ec2_DescribeRouteTables_out rest;
    OK(k, DescribeRouteTables, &first, .max_results = wire_int(5));
    ck_assert_uint_eq(first.route_tables.n, 5);
    ck_assert_ptr_nonnull(first.next_token);
    OK(k, DescribeRouteTables, &rest, .max_results = wire_int(5), .next_token = first.next_token);
    ck_assert_uint_eq(rest.route_tables.n, 2);
    ck_assert_ptr_null(rest.next_token);
    calls_free(k);
}
END_TEST

START_TEST(numbers_of_tables_are_small_and_used_again)
{
    struct calls *k = with_gateway();
    const char *one = make_table(k);
    const char *two = make_table(k);
    ec2_DeleteRouteTable_out gone;
    OK(k, DeleteRouteTable, &gone, .route_table_id = one);
    const char *three = make_table(k);
    struct tx *tx = store_read(k->store);
    ck_assert_int_eq(store_route_table(tx, k->arena, two)->number, 2);
    ck_assert_int_eq(store_route_table(tx, k->arena, three)->number, 1);
    tx_end(tx);
    calls_free(k);
}
END_TEST

START_TEST(a_table_in_use_stays)
{
    struct calls *k = with_gateway();
    ec2_DeleteRouteTable_out gone;
    REFUSED(k, DEPENDENCY_VIOLATION,
            "The routeTable '" TEST_TABLE "' has dependencies and cannot be deleted.",
            DeleteRouteTable, &gone, .route_table_id = TEST_TABLE);
    const char *id = make_table(k);
    ec2_AssociateRouteTable_out used;
    OK(k, AssociateRouteTable, &used, .route_table_id = id, .subnet_id = TEST_SUBNET);
    ck_assert_int_eq(CALL(k, DeleteRouteTable, &gone, .route_table_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);

    ec2_DisassociateRouteTable_out free;
    OK(k, DisassociateRouteTable, &free, .association_id = used.association_id);
    ec2_CreateRoute_out route;
    OK(k, CreateRoute, &route, .route_table_id = id, .destination_cidr_block = "0.0.0.0/0",
       .gateway_id = TEST_GATEWAY);
    OK(k, DeleteRouteTable, &gone, .route_table_id = id);
    struct tx *tx = store_read(k->store);
    ck_assert_uint_eq(store_count_routes(tx, "route_table_id", id), 0);
    tx_end(tx);
    calls_free(k);
}
END_TEST

START_TEST(a_vpc_has_at_most_200_tables)
{
    struct calls *k = with_gateway();
    struct tx *tx = store_write(k->store);
    for (int i = 1; i < ROUTE_TABLES_PER_VPC; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "rtb-%017d", i);
        store_insert_route_table(tx, &(struct route_table){.id = id,
                                                           .account_id = TEST_ACCOUNT,
                                                           .region = "us-east-1",
                                                           .vpc_id = TEST_VPC,
                                                           .number = i});
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateRouteTable_out out;
    REFUSED(k, ROUTE_TABLE_LIMIT_EXCEEDED,
            "The maximum number of route tables (200) for VPC '" TEST_VPC "' has been reached.",
            CreateRouteTable, &out, .vpc_id = TEST_VPC);
    calls_free(k);
}
END_TEST

START_TEST(a_subnet_has_one_table)
{
    struct calls *k = with_gateway();
    const char *id = make_table(k);
    ec2_AssociateRouteTable_out out;
    ec2_AssociateRouteTable_out again;
    OK(k, AssociateRouteTable, &out, .route_table_id = id, .subnet_id = TEST_SUBNET);
    ck_assert(has_prefix(out.association_id, "rtbassoc-"));
    ck_assert_str_eq(out.association_state->state, "associated");
    OK(k, AssociateRouteTable, &again, .route_table_id = id, .subnet_id = TEST_SUBNET);
    ck_assert_str_eq(again.association_id, out.association_id);
    REFUSED(k, RESOURCE_ALREADY_ASSOCIATED,
            "the specified association for route table " TEST_TABLE " conflicts with an existing "
            "association",
            AssociateRouteTable, &again, .route_table_id = TEST_TABLE, .subnet_id = TEST_SUBNET);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "route table " TEST_OTHER_TABLE " and subnet " TEST_SECOND_SUBNET " belong to "
            "different networks",
            AssociateRouteTable, &again, .route_table_id = TEST_OTHER_TABLE,
            .subnet_id = TEST_SECOND_SUBNET);
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter subnetId or gatewayId",
            AssociateRouteTable, &again, .route_table_id = id);
    ck_assert_int_eq(CALL(k, AssociateRouteTable, &again, .route_table_id = id,
                          .subnet_id = TEST_SUBNET, .gateway_id = TEST_GATEWAY),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_COMBINATION);
    calls_free(k);
}
END_TEST

START_TEST(a_gateway_takes_a_table_of_routes_to_interfaces)
{
    struct calls *k = with_gateway();
    ec2_AssociateRouteTable_out out;
    ec2_CreateRoute_out route;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The routes of a gateway's route table lead to the VPC; 0.0.0.0/0, in route "
            "table " TEST_TABLE ", is not within its CIDR blocks",
            AssociateRouteTable, &out, .route_table_id = TEST_TABLE, .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_GATEWAY_ID_NOT_FOUND,
            "The gateway ID 'igw-00000000000000001' does not exist", AssociateRouteTable, &out,
            .route_table_id = TEST_TABLE, .gateway_id = "igw-00000000000000001");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "route table " TEST_OTHER_TABLE " and network gateway " TEST_GATEWAY " belong to "
            "different networks",
            AssociateRouteTable, &out, .route_table_id = TEST_OTHER_TABLE,
            .gateway_id = TEST_GATEWAY);

    const char *id = make_table(k);
    OK(k, CreateRoute, &route, .route_table_id = id, .destination_cidr_block = "172.31.16.0/20",
       .network_interface_id = TEST_INTERFACE);
    OK(k, AssociateRouteTable, &out, .route_table_id = id, .gateway_id = TEST_GATEWAY);
    ck_assert_str_eq(describe(k, id).associations.v[0].gateway_id, TEST_GATEWAY);
    ck_assert_int_eq(CALL(k, CreateRoute, &route, .route_table_id = id,
                          .destination_cidr_block = "10.0.0.0/8",
                          .network_interface_id = TEST_INTERFACE),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

START_TEST(an_association_goes_to_another_table_with_a_new_id)
{
    struct calls *k = with_gateway();
    const char *id = make_table(k);
    ec2_ReplaceRouteTableAssociation_out out;
    OK(k, ReplaceRouteTableAssociation, &out, .association_id = TEST_MAIN, .route_table_id = id);
    ck_assert_str_ne(out.new_association_id, TEST_MAIN);
    struct ec2_RouteTable table = describe(k, id);
    ck_assert(wire_true(table.associations.v[0].main));
    ck_assert_str_eq(table.associations.v[0].route_table_association_id, out.new_association_id);
    ck_assert_uint_eq(describe(k, TEST_TABLE).associations.n, 0);
    REFUSED(k, INVALID_ASSOCIATION_ID_NOT_FOUND,
            "The association ID '" TEST_MAIN "' does not exist", ReplaceRouteTableAssociation, &out,
            .association_id = TEST_MAIN, .route_table_id = id);
    const char *main = table.associations.v[0].route_table_association_id;
    ck_assert_int_eq(CALL(k, ReplaceRouteTableAssociation, &out, .association_id = main,
                          .route_table_id = TEST_OTHER_TABLE),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    ec2_DeleteRouteTable_out gone;
    OK(k, DeleteRouteTable, &gone, .route_table_id = TEST_TABLE);

    ec2_DisassociateRouteTable_out free;
    char words[128];
    (void)snprintf(words, sizeof(words), "cannot disassociate the main route table association %s",
                   main);
    REFUSED(k, INVALID_PARAMETER_VALUE, words, DisassociateRouteTable, &free,
            .association_id = main);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_new_table_has_the_routes_to_its_vpc_and_no_other,
           the_main_table_is_shown_with_its_association_and_routes, tables_come_in_pages,
           numbers_of_tables_are_small_and_used_again, a_table_in_use_stays,
           a_vpc_has_at_most_200_tables, a_subnet_has_one_table,
           a_gateway_takes_a_table_of_routes_to_interfaces,
           an_association_goes_to_another_table_with_a_new_id)
