/* Routes: destinations, targets, and what EC2 refuses. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define NAT     "nat-0a0a0a0a0a0a0a0a0"
#define EGRESS  "eigw-0a0a0a0a0a0a0a0a0"
#define MISSING "00000000000000001"

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

static void put_targets(struct calls *k)
{
    struct tx *tx = store_write(k->store);
    store_insert_egress_only_gateway(tx, &(struct egress_only_gateway){.id = EGRESS,
                                                                       .account_id = TEST_ACCOUNT,
                                                                       .region = "us-east-1",
                                                                       .vpc_id = TEST_VPC});
    store_insert_nat_gateway(tx, &(struct nat_gateway){.id = NAT,
                                                       .account_id = TEST_ACCOUNT,
                                                       .region = "us-east-1",
                                                       .vpc_id = TEST_VPC,
                                                       .subnet_id = TEST_SUBNET,
                                                       .interface_id = TEST_INTERFACE,
                                                       .state = NAT_GATEWAY_PENDING});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    calls_put_instance(k, INSTANCE_RUNNING);
}

/* The route of the main table to a destination, in whichever of the three members it is. */
static struct ec2_Route route_to(struct calls *k, const char *destination)
{
    ec2_DescribeRouteTables_out out;
    OK(k, DescribeRouteTables, &out, .route_table_ids = LIST(TEST_TABLE));
    for (size_t i = 0; i < out.route_tables.v[0].routes.n; i++) {
        struct ec2_Route r = out.route_tables.v[0].routes.v[i];
        if (streq(r.destination_cidr_block, destination) ||
            streq(r.destination_ipv6_cidr_block, destination))
            return r;
    }
    ck_abort_msg("no route to %s", destination);
    return (struct ec2_Route){0};
}

START_TEST(a_route_leads_to_each_kind_of_target)
{
    struct calls *k = with_gateway();
    ec2_CreateRoute_out out;
    put_targets(k);
    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE,
       .destination_ipv6_cidr_block = "2001:DB8::1/32", .egress_only_internet_gateway_id = EGRESS);
    ck_assert(wire_true(out.return_));
    ck_assert_str_eq(route_to(k, "2001:db8::/32").egress_only_internet_gateway_id, EGRESS);
    ck_assert_str_eq(route_to(k, "2001:db8::/32").state, "active");

    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "10.1.2.3/8",
       .nat_gateway_id = NAT);
    ck_assert_str_eq(route_to(k, "10.0.0.0/8").nat_gateway_id, NAT);
    ck_assert_str_eq(route_to(k, "10.0.0.0/8").state, "blackhole"); /* it is pending */

    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "11.0.0.0/8",
       .instance_id = TEST_INSTANCE);
    struct ec2_Route r = route_to(k, "11.0.0.0/8");
    ck_assert_str_eq(r.instance_id, TEST_INSTANCE);
    ck_assert_str_eq(r.instance_owner_id, TEST_ACCOUNT);
    ck_assert_str_eq(r.network_interface_id, "eni-0a0a0a0a0a0a0a0a1");
    ck_assert_str_eq(r.state, "active");

    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "12.0.0.0/8",
       .network_interface_id = TEST_INTERFACE);
    r = route_to(k, "12.0.0.0/8");
    ck_assert_str_eq(r.network_interface_id, TEST_INTERFACE);
    ck_assert_ptr_null(r.instance_id);
    ck_assert_str_eq(r.state, "blackhole"); /* no instance has it */
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(a_route_has_one_destination_and_one_target)
{
    struct calls *k = with_gateway();
    ec2_CreateRoute_out out;
    put_targets(k);
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain exactly one of destinationCidrBlock, "
            "destinationIpv6CidrBlock, destinationPrefixListId",
            CreateRoute, &out, .route_table_id = TEST_TABLE, .gateway_id = TEST_GATEWAY);
    ck_assert_int_eq(CALL(k, CreateRoute, &out, .route_table_id = TEST_TABLE,
                          .destination_cidr_block = "10.0.0.0/8",
                          .destination_ipv6_cidr_block = "::/0", .gateway_id = TEST_GATEWAY),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_COMBINATION);
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain exactly one of gatewayId, egressOnlyInternetGatewayId, "
            "natGatewayId, instanceId, networkInterfaceId, vpcPeeringConnectionId",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "10.0.0.0/8");
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A route has one target: " TEST_GATEWAY " and " NAT " cannot be used together",
            CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "10.0.0.0/8",
            .gateway_id = TEST_GATEWAY, .nat_gateway_id = NAT);
    calls_free(k);
}
END_TEST

START_TEST(destinations_are_checked)
{
    struct calls *k = with_gateway();
    ec2_CreateRoute_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (10.0.0.0/33) for parameter destinationCidrBlock is invalid. This is not a "
            "valid CIDR block.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "10.0.0.0/33", .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (0.0.0.0/0) for parameter destinationIpv6CidrBlock is invalid. This is not a "
            "valid CIDR block.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_ipv6_cidr_block = "0.0.0.0/0", .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The destination CIDR block 169.254.169.254/32 is within 169.254.168.0/22, which is "
            "reserved for services of the VPC",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "169.254.169.254/32", .gateway_id = TEST_GATEWAY);
    REFUSED(k, ROUTE_ALREADY_EXISTS, "The route identified by 0.0.0.0/0 already exists.",
            CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "1.2.3.4/0",
            .gateway_id = TEST_GATEWAY);
    REFUSED(k, ROUTE_ALREADY_EXISTS, "The route identified by 172.31.0.0/16 already exists.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "172.31.0.0/16", .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_PREFIX_LIST_ID_NOT_FOUND,
            "The prefix list ID 'pl-" MISSING "' does not exist", CreateRoute, &out,
            .route_table_id = TEST_TABLE, .destination_prefix_list_id = "pl-" MISSING,
            .gateway_id = TEST_GATEWAY);
    calls_free(k);
}
END_TEST

START_TEST(a_route_within_the_vpc_leads_a_subnet_by_an_interface)
{
    struct calls *k = with_gateway();
    ec2_CreateRoute_out out;
    put_targets(k);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The destination CIDR block 172.31.16.0/20 is equal to or more specific than one of "
            "this VPC's CIDR blocks. This route can target only an interface or an instance.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "172.31.16.0/20", .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The destination CIDR block 172.31.16.0/24 is more specific than one of this VPC's "
            "CIDR blocks. It must be the CIDR block of a subnet of the VPC.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "172.31.16.0/24", .instance_id = TEST_INSTANCE);
    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE,
       .destination_cidr_block = "172.31.16.0/20", .instance_id = TEST_INSTANCE);
    /* Less specific than the local one is a route like any other. */
    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "172.0.0.0/8",
       .gateway_id = TEST_GATEWAY);
    calls_free(k);
}
END_TEST

START_TEST(targets_are_there_and_of_the_same_network)
{
    struct calls *k = with_gateway();
    ec2_CreateRoute_out out;
    put_targets(k);
#define TO .route_table_id = TEST_TABLE, .destination_cidr_block = "10.0.0.0/8"
    REFUSED(k, INVALID_INTERNET_GATEWAY_ID_NOT_FOUND,
            "The internetGateway ID 'igw-" MISSING "' does not exist", CreateRoute, &out, TO,
            .gateway_id = "igw-" MISSING);
    REFUSED(k, INVALID_VPN_GATEWAY_ID_NOT_FOUND,
            "The vpnGateway ID 'vgw-" MISSING "' does not exist", CreateRoute, &out, TO,
            .gateway_id = "vgw-" MISSING);
    REFUSED(k, INVALID_GATEWAY_ID_NOT_FOUND, "The gateway ID 'gate' does not exist", CreateRoute,
            &out, TO, .gateway_id = "gate");
    REFUSED(k, INVALID_PARAMETER_VALUE, "The local routes of a route table are there by themselves",
            CreateRoute, &out, TO, .gateway_id = "local");
    REFUSED(k, NAT_GATEWAY_NOT_FOUND, "The NAT gateway ID 'nat-" MISSING "' does not exist",
            CreateRoute, &out, TO, .nat_gateway_id = "nat-" MISSING);
    REFUSED(k, INVALID_VPC_PEERING_CONNECTION_ID_NOT_FOUND,
            "The vpcPeeringConnection ID 'pcx-" MISSING "' does not exist", CreateRoute, &out, TO,
            .vpc_peering_connection_id = "pcx-" MISSING);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The egress-only internet gateway " EGRESS " carries IPv6 traffic alone; the "
            "destination 10.0.0.0/8 is an IPv4 CIDR block",
            CreateRoute, &out, TO, .egress_only_internet_gateway_id = EGRESS);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The NAT gateway " NAT " carries IPv4 traffic alone; the destination ::/0 is an IPv6 "
            "CIDR block",
            CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_ipv6_cidr_block = "::/0",
            .nat_gateway_id = NAT);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "route table " TEST_OTHER_TABLE " and network gateway " TEST_GATEWAY " belong to "
            "different networks",
            CreateRoute, &out, .route_table_id = TEST_OTHER_TABLE,
            .destination_cidr_block = "0.0.0.0/0", .gateway_id = TEST_GATEWAY);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "route table " TEST_OTHER_TABLE " and interface eni-0a0a0a0a0a0a0a0a1 belong to "
            "different networks",
            CreateRoute, &out, .route_table_id = TEST_OTHER_TABLE,
            .destination_cidr_block = "0.0.0.0/0", .instance_id = TEST_INSTANCE);

    struct tx *tx = store_write(k->store);
    struct network_interface *n = store_network_interface(tx, k->arena, TEST_INTERFACE);
    n->instance_id = TEST_INSTANCE;
    n->device_index = 1;
    store_update_network_interface(tx, n);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    REFUSED(k, INVALID_INSTANCE_ID,
            "There are multiple interfaces attached to instance '" TEST_INSTANCE "'. Please "
            "specify an interface ID for the operation instead.",
            CreateRoute, &out, TO, .instance_id = TEST_INSTANCE);
#undef TO
    calls_free(k);
}
END_TEST

START_TEST(a_table_has_at_most_50_routes_of_a_family)
{
    struct calls *k = with_gateway();
    struct tx *tx = store_write(k->store);
    for (int i = 1; i < ROUTES_PER_TABLE; i++) {
        char block[32];
        (void)snprintf(block, sizeof(block), "10.%d.0.0/16", i);
        store_insert_route(tx, &(struct route){TEST_TABLE, block, TEST_GATEWAY});
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateRoute_out out;
    REFUSED(k, ROUTE_LIMIT_EXCEEDED,
            "The maximum number of routes (50) for route table '" TEST_TABLE "' has been reached.",
            CreateRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "11.0.0.0/16", .gateway_id = TEST_GATEWAY);
    OK(k, CreateRoute, &out, .route_table_id = TEST_TABLE, .destination_ipv6_cidr_block = "::/0",
       .gateway_id = TEST_GATEWAY);
    calls_free(k);
}
END_TEST

START_TEST(a_route_is_replaced_and_deleted_by_its_destination)
{
    struct calls *k = with_gateway();
    ec2_ReplaceRoute_out out;
    ec2_DeleteRoute_out gone;
    put_targets(k);
    OK(k, ReplaceRoute, &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "9.9.9.9/0",
       .nat_gateway_id = NAT);
    ck_assert_str_eq(route_to(k, "0.0.0.0/0").nat_gateway_id, NAT);
    ck_assert_ptr_null(route_to(k, "0.0.0.0/0").gateway_id);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "There is no route defined for '10.0.0.0/8' in the route table. Use CreateRoute "
            "instead.",
            ReplaceRoute, &out, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "10.0.0.0/8", .nat_gateway_id = NAT);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "cannot replace local route 172.31.0.0/16 in route table " TEST_TABLE, ReplaceRoute,
            &out, .route_table_id = TEST_TABLE, .destination_cidr_block = "172.31.0.0/16",
            .instance_id = TEST_INSTANCE);

    REFUSED(k, INVALID_PARAMETER_VALUE,
            "cannot remove local route 172.31.0.0/16 in route table " TEST_TABLE, DeleteRoute,
            &gone, .route_table_id = TEST_TABLE, .destination_cidr_block = "172.31.0.0/16");
    OK(k, DeleteRoute, &gone, .route_table_id = TEST_TABLE, .destination_cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_ROUTE_NOT_FOUND,
            "no route with destination-cidr-block 0.0.0.0/0 in route table " TEST_TABLE,
            DeleteRoute, &gone, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_ROUTE_NOT_FOUND,
            "no route with destination-ipv6-cidr-block ::/0 in route table " TEST_TABLE,
            DeleteRoute, &gone, .route_table_id = TEST_TABLE,
            .destination_ipv6_cidr_block = "::/0");
    calls_free(k);
}
END_TEST

START_TEST(blocks_cover_blocks_of_their_family)
{
    ck_assert(route_block_covers("10.0.0.0/8", "10.1.0.0/16"));
    ck_assert(route_block_covers("10.0.0.0/8", "10.0.0.0/8"));
    ck_assert(!route_block_covers("10.1.0.0/16", "10.0.0.0/8"));
    ck_assert(route_block_covers("::/0", "fd00::/8"));
    ck_assert(!route_block_covers("::/0", "10.0.0.0/8"));
    ck_assert(!route_block_covers("0.0.0.0/0", "fd00::/8"));
    ck_assert(!route_block_covers("0.0.0.0/0", "pl-00000001"));
}
END_TEST

UNIT_SUITE(a_route_leads_to_each_kind_of_target, a_route_has_one_destination_and_one_target,
           destinations_are_checked, a_route_within_the_vpc_leads_a_subnet_by_an_interface,
           targets_are_there_and_of_the_same_network, a_table_has_at_most_50_routes_of_a_family,
           a_route_is_replaced_and_deleted_by_its_destination, blocks_cover_blocks_of_their_family)
