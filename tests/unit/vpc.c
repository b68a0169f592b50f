/* VPCs with their blocks, subnets, gateways and options, by their actions. */
#include "api/address_pool.h"
#include "support/calls.h"
#include "unit.h"

static const char *new_vpc(struct calls *k, const char *block, bool ipv6)
{
    ec2_CreateVpc_out out;
    OK(k, CreateVpc, &out, .cidr_block = block,
       .amazon_provided_ipv6_cidr_block = {.set = true, .v = ipv6});
    return out.vpc->vpc_id;
}

static const char *new_subnet(struct calls *k, const char *vpc_id, const char *block)
{
    ec2_CreateSubnet_out out;
    OK(k, CreateSubnet, &out, .vpc_id = vpc_id, .cidr_block = block);
    return out.subnet->subnet_id;
}

START_TEST(a_new_vpc_has_all_that_comes_with_one)
{
    struct calls *k = calls_new();
    ec2_CreateVpc_out out;
    OK(k, CreateVpc, &out, .cidr_block = "10.9.8.7/16",
       .amazon_provided_ipv6_cidr_block = {true, true});
    const char *id = out.vpc->vpc_id;
    ck_assert_str_eq(out.vpc->cidr_block, "10.9.0.0/16"); /* canonical */
    ck_assert_str_eq(out.vpc->state, "pending");
    ck_assert_uint_eq(out.vpc->cidr_block_association_set.n, 1);
    ck_assert_uint_eq(out.vpc->ipv6_cidr_block_association_set.n, 1);
    ck_assert_str_eq(out.vpc->ipv6_cidr_block_association_set.v[0].ipv6_address_attribute,
                     "private");
    ck_assert_uint_eq(calls_jobs(k, id), 1);
    struct tx *tx = store_read(k->store);
    struct network_acl_list acls = store_network_acls(tx, k->arena, "vpc_id", id);
    ck_assert_uint_eq(acls.n, 1);
    struct network_acl_entry_list entries =
        store_network_acl_entries(tx, k->arena, "network_acl_id", acls.v[0].id);
    ck_assert_uint_eq(entries.n, 4); /* 100 and 101, in and out */
    struct security_group_list groups = store_security_groups(tx, k->arena, "vpc_id", id);
    ck_assert_uint_eq(groups.n, 1);
    ck_assert_uint_eq(
        store_security_group_rules(tx, k->arena, "group_id", groups.v[0].id, "is_egress", "1").n,
        2);
    tx_end(tx);
    ec2_DeleteVpc_out none;
    OK(k, DeleteVpc, &none, .vpc_id = id);
    tx = store_read(k->store);
    ck_assert_uint_eq(store_network_acls(tx, k->arena, "vpc_id", id).n, 0);
    ck_assert_uint_eq(store_security_groups(tx, k->arena, "vpc_id", id).n, 0);
    ck_assert_uint_eq(store_route_tables(tx, k->arena, "vpc_id", id).n, 0);
    ck_assert_uint_eq(store_vpc_cidr_blocks(tx, k->arena, "vpc_id", id).n, 0);
    tx_end(tx);
    calls_free(k);
}
END_TEST

START_TEST(blocks_that_no_vpc_can_have_are_refused)
{
    struct calls *k = calls_new();
    ec2_CreateVpc_out out;
    REFUSED(k, INVALID_VPC_RANGE, "The CIDR '10.0.0.0/15' is invalid.", CreateVpc, &out,
            .cidr_block = "10.0.0.0/15");
    REFUSED(k, INVALID_VPC_RANGE, "The CIDR '10.0.0.0/29' is invalid.", CreateVpc, &out,
            .cidr_block = "10.0.0.0/29");
    REFUSED(k, INVALID_VPC_RANGE, "The CIDR '127.0.0.0/16' is invalid.", CreateVpc, &out,
            .cidr_block = "127.0.0.0/16");
    ck_assert_int_eq(CALL(k, CreateVpc, &out, .cidr_block = "10.0.0.0"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

START_TEST(private_ranges_do_not_mix_in_a_vpc)
{
    struct calls *k = calls_new();
    static const struct {
        const char *block;
        enum fault_code code; /* 0 and `ok`: taken */
        bool ok;
    } cases[] = {
        {"10.8.0.0/16", FAULT_INVALID_VPC_RANGE, false}, /* its own */
        {"172.20.0.0/16", FAULT_INVALID_VPC_RANGE, false},
        {"192.168.0.0/24", FAULT_INVALID_VPC_RANGE, false},
        {"198.19.0.0/24", FAULT_INVALID_VPC_RANGE, false},
        {"10.9.0.0/16", 0, true},
        {"100.64.0.0/16", 0, true},
        {"203.0.113.0/24", 0, true},
        {"10.10.0.0/28", 0, true},
        {"10.11.0.0/28", FAULT_CIDR_LIMIT_EXCEEDED, false}, /* the sixth */
    };
    const char *id = new_vpc(k, "10.8.0.0/16", false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ec2_AssociateVpcCidrBlock_out out;
        int r = CALL(k, AssociateVpcCidrBlock, &out, .vpc_id = id, .cidr_block = cases[i].block);
        ck_assert_msg((r == 0) == cases[i].ok, "%s", cases[i].block);
        if (r < 0)
            ck_assert_int_eq(k->fault.code, cases[i].code);
    }
    calls_free(k);
}
END_TEST

START_TEST(a_block_with_a_subnet_in_it_stays)
{
    struct calls *k = calls_new();
    const char *id = new_vpc(k, "10.8.0.0/16", false);
    ec2_AssociateVpcCidrBlock_out added;
    ec2_DisassociateVpcCidrBlock_out out;
    ec2_DeleteSubnet_out none;
    OK(k, AssociateVpcCidrBlock, &added, .vpc_id = id, .cidr_block = "10.9.0.0/16");
    const char *association = added.cidr_block_association->association_id;
    const char *subnet = new_subnet(k, id, "10.9.1.0/24");
    ck_assert_int_eq(CALL(k, DisassociateVpcCidrBlock, &out, .association_id = association), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);
    OK(k, DeleteSubnet, &none, .subnet_id = subnet);
    OK(k, DisassociateVpcCidrBlock, &out, .association_id = association);
    ck_assert_str_eq(out.cidr_block_association->cidr_block, "10.9.0.0/16");
    calls_free(k);
}
END_TEST

START_TEST(a_vpc_with_something_in_it_stays)
{
    struct calls *k = calls_new();
    const char *id = new_vpc(k, "10.8.0.0/16", false);
    ec2_DeleteVpc_out none;
    ec2_CreateInternetGateway_out gateway;
    ec2_AttachInternetGateway_out attached;
    ec2_DetachInternetGateway_out detached;
    OK(k, CreateInternetGateway, &gateway, );
    const char *igw = gateway.internet_gateway->internet_gateway_id;
    OK(k, AttachInternetGateway, &attached, .vpc_id = id, .internet_gateway_id = igw);
    ck_assert_int_eq(CALL(k, DeleteVpc, &none, .vpc_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);
    OK(k, DetachInternetGateway, &detached, .vpc_id = id, .internet_gateway_id = igw);
    ck_assert_int_eq(
        CALL(k, DetachInternetGateway, &detached, .vpc_id = id, .internet_gateway_id = igw), -1);
    ck_assert_int_eq(k->fault.code, FAULT_GATEWAY_NOT_ATTACHED);
    const char *subnet = new_subnet(k, id, "10.8.1.0/24");
    ck_assert_int_eq(CALL(k, DeleteVpc, &none, .vpc_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);
    ec2_DeleteSubnet_out gone;
    OK(k, DeleteSubnet, &gone, .subnet_id = subnet);
    OK(k, DeleteVpc, &none, .vpc_id = id);
    calls_free(k);
}
END_TEST

START_TEST(subnets_do_not_overlap)
{
    struct calls *k = calls_new();
    const char *id = new_vpc(k, "10.8.0.0/16", true);
    ec2_CreateSubnet_out out;
    (void)new_subnet(k, id, "10.8.0.0/24");
    REFUSED(k, INVALID_SUBNET_CONFLICT, "The CIDR '10.8.0.128/25' conflicts with another subnet",
            CreateSubnet, &out, .vpc_id = id, .cidr_block = "10.8.0.128/25");
    REFUSED(k, INVALID_SUBNET_RANGE, "The CIDR '10.8.1.0/29' is invalid.", CreateSubnet, &out,
            .vpc_id = id, .cidr_block = "10.8.1.0/29");
    ck_assert_int_eq(CALL(k, CreateSubnet, &out, .vpc_id = id, .cidr_block = "10.9.0.0/24"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_SUBNET_RANGE);
    OK(k, CreateSubnet, &out, .vpc_id = id, .cidr_block = "10.8.1.0/28",
       .availability_zone_id = "use1-az2");
    ck_assert_str_eq(out.subnet->availability_zone_id, "use1-az2");
    ck_assert_int_eq(out.subnet->available_ip_address_count.v, 11);
    calls_free(k);
}
END_TEST

START_TEST(reserved_addresses_are_drawn_by_nobody)
{
    struct calls *k = calls_new();
    ec2_CreateSubnetCidrReservation_out out;
    const char *id = new_vpc(k, "10.8.0.0/16", false);
    const char *subnet_id = new_subnet(k, id, "10.8.0.0/28");
    OK(k, CreateSubnetCidrReservation, &out, .subnet_id = subnet_id, .cidr = "10.8.0.8/29",
       .reservation_type = "explicit");
    ck_assert_int_eq(CALL(k, CreateSubnetCidrReservation, &out, .subnet_id = subnet_id,
                          .cidr = "10.8.0.12/30", .reservation_type = "prefix"),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_CIDR_CONFLICT);
    calls_begin(k, &ec2_service, "DescribeSubnets", NULL);
    const struct subnet *subnet = store_subnet(k->call.tx, k->arena, subnet_id);
    struct address_pool pool;
    ck_assert_int_eq(address_pool_of_subnet(&k->call, subnet, &pool, &k->fault), 0);
    ck_assert_uint_eq(address_pool_free(&pool), 4);                      /* .4 to .7 */
    ck_assert_int_eq(address_pool_take(&k->call, &pool, "10.8.0.9"), 0); /* for who names it */
    ck_assert_uint_eq(address_pool_free(&pool), 4);
    for (int i = 0; i < 4; i++)
        ck_assert_str_lt(address_pool_draw(&k->call, &pool), "10.8.0.8");
    ck_assert_ptr_null(address_pool_draw(&k->call, &pool));
    calls_end(k, 0);
    calls_free(k);
}
END_TEST

START_TEST(instances_say_that_their_vpc_has_no_network)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceStatus_out out;
    calls_put_instance(k, INSTANCE_RUNNING);
    OK(k, DescribeInstanceStatus, &out, );
    ck_assert_str_eq(out.instance_statuses.v[0].system_status->status, "ok");
    struct tx *tx = store_write(k->store);
    struct vpc *vpc = store_vpc(tx, k->arena, TEST_VPC);
    vpc->network_error = "no room for a rule";
    store_update_vpc(tx, vpc);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    OK(k, DescribeInstanceStatus, &out, );
    ck_assert_str_eq(out.instance_statuses.v[0].system_status->status, "impaired");
    ck_assert_ptr_nonnull(
        strstr(out.instance_statuses.v[0].events.v[0].description, "no room for a rule"));
    ec2_DescribeVpcs_out vpcs;
    OK(k, DescribeVpcs, &vpcs, .vpc_ids = LIST(TEST_VPC));
    ck_assert_str_eq(vpcs.vpcs.v[0].state, "pending");
    calls_free(k);
}
END_TEST

START_TEST(a_group_of_a_vpc_with_ipv6_lets_it_out)
{
    struct calls *k = calls_new();
    ec2_CreateSecurityGroup_out made;
    ec2_DescribeSecurityGroups_out out;
    OK(k, CreateSecurityGroup, &made, .group_name = "six", .description = "d",
       .vpc_id = new_vpc(k, "10.66.0.0/16", true));
    OK(k, DescribeSecurityGroups, &out, .group_ids = LIST(made.group_id));
    const struct ec2_IpPermission *all = &out.security_groups.v[0].ip_permissions_egress.v[0];
    ck_assert_str_eq(all->ip_protocol, "-1");
    ck_assert_str_eq(all->ip_ranges.v[0].cidr_ip, "0.0.0.0/0");
    ck_assert_uint_eq(all->ipv6_ranges.n, 1);
    ck_assert_str_eq(all->ipv6_ranges.v[0].cidr_ipv6, "::/0");
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_group_of_a_vpc_with_ipv6_lets_it_out, a_new_vpc_has_all_that_comes_with_one,
           blocks_that_no_vpc_can_have_are_refused, private_ranges_do_not_mix_in_a_vpc,
           a_block_with_a_subnet_in_it_stays, a_vpc_with_something_in_it_stays,
           subnets_do_not_overlap, reserved_addresses_are_drawn_by_nobody,
           instances_say_that_their_vpc_has_no_network)
