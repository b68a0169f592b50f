/* How many of each there may be: what no client of a test brings about at will. */
#include "base/text.h"
#include "core/flow_log.h"
#include "core/quota.h"
#include "support/calls.h"
#include "unit.h"

/* The call succeeds `most` times and no more. */
#define NO_MORE_THAN(k, most, id, name, out, ...)                                                  \
    do {                                                                                           \
        for (int n_ = 0; n_ < (most); n_++)                                                        \
            OK(k, name, out, __VA_ARGS__);                                                         \
        ck_assert_int_eq(CALL(k, name, out, __VA_ARGS__), -1);                                     \
        ck_assert_str_eq(fault_code_name((k)->fault.code), fault_code_name(id));                   \
    } while (0)

START_TEST(vpcs_and_what_hangs_on_them)
{
    struct calls *k = calls_new();
    ec2_CreateVpc_out vpc;
    ec2_CreateInternetGateway_out internet;
    ec2_CreateEgressOnlyInternetGateway_out egress;
    ec2_CreateDhcpOptions_out options;
    /* The support has two VPCs. */
    NO_MORE_THAN(k, VPCS_PER_REGION - 2, FAULT_VPC_LIMIT_EXCEEDED, CreateVpc, &vpc,
                 .cidr_block = "10.0.0.0/16");
    NO_MORE_THAN(k, INTERNET_GATEWAYS_MAX, FAULT_INTERNET_GATEWAY_LIMIT_EXCEEDED,
                 CreateInternetGateway, &internet, );
    NO_MORE_THAN(k, EGRESS_ONLY_GATEWAYS_MAX, FAULT_EGRESS_ONLY_INTERNET_GATEWAY_LIMIT_EXCEEDED,
                 CreateEgressOnlyInternetGateway, &egress, .vpc_id = TEST_VPC);
    const struct ec2_NewDhcpConfiguration domain = {.key = "domain-name",
                                                    .values = LIST("example.com")};
    int r = 0;
    int made = 0;
    for (; made <= DHCP_OPTIONS_MAX && r == 0; made++)
        r = CALL(k, CreateDhcpOptions, &options,
                 .dhcp_configurations = LIST_OF(ec2_NewDhcpConfiguration, domain));
    ck_assert_int_eq(r, -1);
    ck_assert_int_eq(k->fault.code, FAULT_DHCP_OPTIONS_LIMIT_EXCEEDED);
    calls_free(k);
}
END_TEST

START_TEST(subnets_of_a_vpc)
{
    struct calls *k = calls_new();
    ec2_CreateSubnet_out out;
    int r = 0;
    int made = 3; /* by the support */
    for (; made <= SUBNETS_PER_VPC && r == 0; made++)
        r = CALL(k, CreateSubnet, &out, .vpc_id = TEST_VPC,
                 .cidr_block =
                     arena_printf(k->arena, "172.31.%d.%d/28", 64 + made / 16, made % 16 * 16));
    ck_assert_int_eq(r, -1);
    ck_assert_int_eq(k->fault.code, FAULT_SUBNET_LIMIT_EXCEEDED);
    ck_assert_int_eq(made, SUBNETS_PER_VPC + 1);
    calls_free(k);
}
END_TEST

START_TEST(a_default_subnet_needs_a_default_vpc_and_room)
{
    struct calls *k = calls_new();
    ec2_CreateDefaultSubnet_out out;
    ec2_CreateSubnet_out subnet;
    ec2_DeleteSubnet_out gone;
    struct tx *tx = store_write(k->store);
    store_delete_network_interfaces(tx, "subnet_id", TEST_SUBNET);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    OK(k, DeleteSubnet, &gone, .subnet_id = TEST_SUBNET);
    for (int i = 0; i < 16; i++)
        if (i != 1 && i != 2)
            OK(k, CreateSubnet, &subnet, .vpc_id = TEST_VPC,
               .cidr_block = arena_printf(k->arena, "172.31.%d.0/20", i * 16));
    ck_assert_int_eq(CALL(k, CreateDefaultSubnet, &out, .availability_zone = "us-east-1a"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_CIDR_BLOCKS);

    tx = store_write(k->store);
    struct vpc *vpc = store_vpc(tx, k->arena, TEST_VPC);
    vpc->is_default = false;
    store_update_vpc(tx, vpc);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(CALL(k, CreateDefaultSubnet, &out, .availability_zone = "us-east-1a"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEFAULT_VPC_DOES_NOT_EXIST);
    calls_free(k);
}
END_TEST

START_TEST(nat_gateways_of_a_zone)
{
    struct calls *k = calls_new();
    ec2_CreateNatGateway_out out;
    NO_MORE_THAN(k, NAT_GATEWAYS_PER_ZONE, FAULT_NAT_GATEWAY_LIMIT_EXCEEDED, CreateNatGateway, &out,
                 .subnet_id = TEST_SUBNET, .connectivity_type = "private");
    calls_free(k);
}
END_TEST

START_TEST(interfaces_of_a_region)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    struct network_interface n = *store_network_interface(tx, k->arena, TEST_INTERFACE);
    for (int i = 1; i < INTERFACES_PER_REGION; i++) {
        n.id = arena_printf(k->arena, "eni-%017d", i);
        n.private_ip = arena_printf(k->arena, "172.31.%d.%d", 16 + i / 256, i % 256);
        n.mac = arena_printf(k->arena, "0a:00:00:01:%02x:%02x", i / 256, i % 256);
        n.tap = arena_printf(k->arena, "tap%d", i);
        n.attachment_id = NULL;
        store_insert_network_interface(tx, &n);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateNetworkInterface_out out;
    ck_assert_int_eq(CALL(k, CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET), -1);
    ck_assert_int_eq(k->fault.code, FAULT_NETWORK_INTERFACE_LIMIT_EXCEEDED);
    calls_free(k);
}
END_TEST

START_TEST(endpoints_and_flow_logs)
{
    struct calls *k = calls_new();
    ec2_CreateVpcEndpoint_out endpoint;
    ec2_CreateFlowLogs_out log;
    NO_MORE_THAN(k, 20, FAULT_VPC_ENDPOINT_LIMIT_EXCEEDED, CreateVpcEndpoint, &endpoint,
                 .vpc_id = TEST_VPC, .service_name = "com.amazonaws.us-east-1.s3");
    for (int i = 0; i < FLOW_LOGS_PER_RESOURCE + 1; i++)
        (void)CALL(k, CreateFlowLogs, &log, .resource_ids = LIST(TEST_VPC), .resource_type = "VPC",
                   .traffic_type = "ALL",
                   .deliver_logs_permission_arn = "arn:aws:iam::123456789012:role/logs",
                   .log_group_name = arena_printf(k->arena, "group-%d", i));
    bool refused =
        k->fault.code == FAULT_FLOW_LOGS_LIMIT_EXCEEDED ||
        (log.unsuccessful.n == 1 &&
         streq(log.unsuccessful.v[0].error->code, fault_code_name(FAULT_FLOW_LOGS_LIMIT_EXCEEDED)));
    ck_assert_msg(refused, "%s", k->fault.message);
    calls_free(k);
}
END_TEST

START_TEST(one_modification_of_a_volume_at_a_time)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    store_insert_volume(tx, &(struct volume){.id = "vol-0a0a0a0a0a0a0a0a0",
                                             .account_id = TEST_ACCOUNT,
                                             .region = "us-east-1",
                                             .zone = "us-east-1a",
                                             .state = VOLUME_AVAILABLE,
                                             .volume_type = "gp2",
                                             .size_gib = 1,
                                             .iops = 100});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_ModifyVolume_out out;
    OK(k, ModifyVolume, &out, .volume_id = "vol-0a0a0a0a0a0a0a0a0", .size = wire_int(2));
    ck_assert_int_eq(
        CALL(k, ModifyVolume, &out, .volume_id = "vol-0a0a0a0a0a0a0a0a0", .size = wire_int(3)), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INCORRECT_MODIFICATION_STATE);
    calls_free(k);
}
END_TEST

#define VOLUME "vol-0a0a0a0a0a0a0a0a0"

static void put_volume(struct calls *k, const char *type)
{
    struct tx *tx = store_write(k->store);
    store_insert_layer(tx, &(struct layer){.id = VOLUME, .root_id = VOLUME});
    store_insert_volume(tx, &(struct volume){.id = VOLUME,
                                             .account_id = TEST_ACCOUNT,
                                             .region = "us-east-1",
                                             .zone = "us-east-1a",
                                             .state = VOLUME_AVAILABLE,
                                             .volume_type = type,
                                             .size_gib = 125,
                                             .layer_id = VOLUME,
                                             .layers_made = 1});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(pending_snapshots_of_a_volume)
{
    static const char *const types[] = {"gp3", "st1"};
    const int most[] = {PENDING_SNAPSHOTS_MAX, PENDING_SNAPSHOTS_OF_HDD};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct calls *k = calls_new();
        ec2_CreateSnapshot_out out;
        put_volume(k, types[i]);
        for (int n = 0; n < most[i]; n++)
            OK(k, CreateSnapshot, &out, .volume_id = VOLUME);
        ck_assert_int_eq(CALL(k, CreateSnapshot, &out, .volume_id = VOLUME), -1);
        ck_assert_int_eq(k->fault.code, FAULT_CONCURRENT_SNAPSHOT_LIMIT_EXCEEDED);
        calls_free(k);
    }
}
END_TEST

START_TEST(snapshots_of_a_region)
{
    struct calls *k = calls_new();
    put_volume(k, "gp3");
    struct tx *tx = store_write(k->store);
    struct snapshot s = *store_snapshot(tx, k->arena, TEST_SNAPSHOT);
    char id[40];
    s.id = id;
    for (int i = 1; i < SNAPSHOTS_PER_REGION; i++) {
        (void)snprintf(id, sizeof(id), "snap-%017d", i);
        store_insert_snapshot(tx, &s);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateSnapshot_out out;
    ck_assert_int_eq(CALL(k, CreateSnapshot, &out, .volume_id = VOLUME), -1);
    ck_assert_int_eq(k->fault.code, FAULT_SNAPSHOT_LIMIT_EXCEEDED);
    calls_free(k);
}
END_TEST

UNIT_SUITE(vpcs_and_what_hangs_on_them, subnets_of_a_vpc,
           a_default_subnet_needs_a_default_vpc_and_room, nat_gateways_of_a_zone,
           interfaces_of_a_region, endpoints_and_flow_logs, one_modification_of_a_volume_at_a_time,
           pending_snapshots_of_a_volume, snapshots_of_a_region)
