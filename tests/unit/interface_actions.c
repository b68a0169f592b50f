/* Network interfaces that are made, attached and given addresses; NAT gateways. */
#include "support/calls.h"
#include "unit.h"

#define PRIMARY_AS "eni-attach-0a0a0a0a0a0a0a0a0" /* the first interface of TEST_INSTANCE */

static struct ec2_NetworkInterface make(struct calls *k, const char *private_ip, int64_t secondary)
{
    ec2_CreateNetworkInterface_out out;
    OK(k, CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET, .private_ip_address = private_ip,
       .secondary_private_ip_address_count = wire_int(secondary));
    return *out.network_interface;
}

static struct network_interface row(struct calls *k, const char *id)
{
    struct tx *tx = store_read(k->store);
    const struct network_interface *n = store_network_interface(tx, k->arena, id);
    ck_assert_ptr_nonnull(n);
    struct network_interface copy = *n;
    tx_end(tx);
    return copy;
}

START_TEST(an_interface_is_in_the_default_group_and_belongs_to_nobody)
{
    struct calls *k = calls_new();
    struct ec2_NetworkInterface n = make(k, "172.31.0.9", 2);
    ck_assert_str_eq(n.status, "available");
    ck_assert_str_eq(n.private_ip_address, "172.31.0.9");
    ck_assert_uint_eq(n.private_ip_addresses.n, 3);
    ck_assert_str_eq(n.groups.v[0].group_id, TEST_GROUP);
    ck_assert_ptr_null(n.attachment);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(addresses_that_are_taken_reserved_or_elsewhere_are_refused)
{
    static const struct {
        const char *address;
        enum fault_code code;
    } cases[] = {
        {"172.31.0.4", FAULT_INVALID_IP_ADDRESS_IN_USE}, /* of TEST_INTERFACE */
        {"172.31.0.0", FAULT_INVALID_PARAMETER_VALUE},
        {"172.31.0.3", FAULT_INVALID_PARAMETER_VALUE},
        {"172.31.15.255", FAULT_INVALID_PARAMETER_VALUE},
        {"172.31.16.4", FAULT_INVALID_PARAMETER_VALUE},
        {"172.31.0", FAULT_INVALID_PARAMETER_VALUE},
    };
    struct calls *k = calls_new();
    ec2_CreateNetworkInterface_out out;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_int_eq(CALL(k, CreateNetworkInterface, &out, .subnet_id = TEST_SUBNET,
                              .private_ip_address = cases[i].address),
                         -1);
        ck_assert_msg(k->fault.code == cases[i].code, "%s: %s", cases[i].address, k->fault.message);
    }
    calls_free(k);
}
END_TEST

START_TEST(it_is_attached_where_there_is_room_for_it)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    const char *id = make(k, NULL, 0).network_interface_id;
    ec2_AttachNetworkInterface_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Instance '" TEST_INSTANCE "' already has an interface attached at device index '0'.",
            AttachNetworkInterface, &out, .network_interface_id = id, .instance_id = TEST_INSTANCE,
            .device_index = wire_int(0));
    OK(k, AttachNetworkInterface, &out, .network_interface_id = id, .instance_id = TEST_INSTANCE,
       .device_index = wire_int(1));
    ck_assert_int_eq(row(k, id).attachment_state, ATTACHMENT_ATTACHING);
    ck_assert_uint_eq(calls_jobs(k, TEST_INSTANCE), 1);
    REFUSED(k, INVALID_NETWORK_INTERFACE_IN_USE,
            arena_printf(k->arena, "Interface: [%s] in use.", id), AttachNetworkInterface, &out,
            .network_interface_id = id, .instance_id = TEST_INSTANCE, .device_index = wire_int(2));
    const char *third = make(k, NULL, 0).network_interface_id;
    REFUSED(k, ATTACHMENT_LIMIT_EXCEEDED, "Interface count 3 exceeds the limit for t3.micro",
            AttachNetworkInterface, &out, .network_interface_id = third,
            .instance_id = TEST_INSTANCE, .device_index = wire_int(2));
    ec2_DeleteNetworkInterface_out none;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena, "Network interface '%s' is currently in use.", id),
            DeleteNetworkInterface, &none, .network_interface_id = id);
    calls_free(k);
}
END_TEST

START_TEST(a_stopped_instance_has_it_at_once_and_lets_it_go_at_once)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_STOPPED);
    const char *id = make(k, NULL, 0).network_interface_id;
    ec2_AttachNetworkInterface_out out;
    OK(k, AttachNetworkInterface, &out, .network_interface_id = id, .instance_id = TEST_INSTANCE,
       .device_index = wire_int(1));
    ck_assert_int_eq(row(k, id).attachment_state, ATTACHMENT_ATTACHED);
    ec2_DetachNetworkInterface_out none;
    OK(k, DetachNetworkInterface, &none, .attachment_id = out.attachment_id);
    ck_assert_ptr_null(row(k, id).instance_id);
    ck_assert_int_eq(row(k, id).attachment_state, ATTACHMENT_DETACHED);
    REFUSED(k, OPERATION_NOT_PERMITTED,
            "The network interface at device index 0 and networkCard index 0 cannot be detached.",
            DetachNetworkInterface, &none, .attachment_id = PRIMARY_AS);
    calls_free(k);
}
END_TEST

START_TEST(a_secondary_address_moves_with_its_elastic_one_if_it_may)
{
    struct calls *k = calls_new();
    struct ec2_NetworkInterface from = make(k, NULL, 1);
    const char *address = from.private_ip_addresses.v[1].private_ip_address;
    const char *to = make(k, NULL, 0).network_interface_id;
    struct tx *tx = store_write(k->store);
    store_insert_address(tx, &(struct address){.id = "eipalloc-0a0a0a0a0a0a0a0a0",
                                               .account_id = TEST_ACCOUNT,
                                               .region = "us-east-1",
                                               .public_ip = "198.18.0.9",
                                               .association_id = "eipassoc-0a0a0a0a0a0a0a0a0",
                                               .interface_id = from.network_interface_id,
                                               .private_ip = address});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_AssignPrivateIpAddresses_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena, "[%s] assigned, but move is not allowed.", address),
            AssignPrivateIpAddresses, &out, .network_interface_id = to,
            .private_ip_addresses = LIST(address));
    OK(k, AssignPrivateIpAddresses, &out, .network_interface_id = to,
       .private_ip_addresses = LIST(address), .allow_reassignment = wire_bool(true));
    ec2_DescribeAddresses_out shown;
    OK(k, DescribeAddresses, &shown, );
    ck_assert_str_eq(shown.addresses.v[0].network_interface_id, to);
    ec2_UnassignPrivateIpAddresses_out none;
    OK(k, UnassignPrivateIpAddresses, &none, .network_interface_id = to,
       .private_ip_addresses = LIST(address));
    OK(k, DescribeAddresses, &shown, );
    ck_assert_ptr_null(shown.addresses.v[0].association_id);
    calls_free(k);
}
END_TEST

START_TEST(a_nat_gateway_that_cannot_be_says_why_in_its_row)
{
    struct calls *k = calls_new();
    ec2_AllocateAddress_out address;
    ec2_CreateNatGateway_out out;
    OK(k, AllocateAddress, &address, );
    OK(k, CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .allocation_id = address.allocation_id);
    ck_assert_str_eq(out.nat_gateway->state, "failed");
    ck_assert_str_eq(out.nat_gateway->failure_code, "Gateway.NotAttached");
    ec2_DeleteNatGateway_out gone;
    OK(k, DeleteNatGateway, &gone, .nat_gateway_id = out.nat_gateway->nat_gateway_id);
    ec2_DescribeNatGateways_out shown;
    OK(k, DescribeNatGateways, &shown, );
    ck_assert_str_eq(shown.nat_gateways.v[0].state, "deleted");
    calls_free(k);
}
END_TEST

START_TEST(what_a_service_manages_is_not_the_callers)
{
    struct calls *k = calls_new();
    ec2_CreateNatGateway_out out;
    OK(k, CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .connectivity_type = "private");
    ck_assert_str_eq(out.nat_gateway->state, "pending");
    ck_assert_uint_eq(calls_jobs(k, out.nat_gateway->nat_gateway_id), 1);
    const char *id = out.nat_gateway->nat_gateway_addresses.v[0].network_interface_id;
    struct network_interface n = row(k, id);
    ck_assert_str_eq(n.interface_type, "nat_gateway");
    ec2_DetachNetworkInterface_out none;
    REFUSED(
        k, OPERATION_NOT_PERMITTED,
        arena_printf(k->arena, "You are not allowed to manage '%s' attachments.", n.attachment_id),
        DetachNetworkInterface, &none, .attachment_id = n.attachment_id);
    ec2_ResetNetworkInterfaceAttribute_out reset;
    ck_assert_int_eq(CALL(k, ResetNetworkInterfaceAttribute, &reset, .network_interface_id = id,
                          .source_dest_check = "true"),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_OPERATION_NOT_PERMITTED);
    calls_free(k);
}
END_TEST

/* A private one that is there, with so many addresses beside its first. */
static const char *nat_with(struct calls *k, int64_t secondary)
{
    ec2_CreateNatGateway_out out;
    OK(k, CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .connectivity_type = "private",
       .secondary_private_ip_address_count = {secondary > 0, secondary});
    const char *id = out.nat_gateway->nat_gateway_id;
    struct tx *tx = store_write(k->store);
    struct nat_gateway *g = store_nat_gateway(tx, k->arena, id);
    ck_assert_int_eq(nat_gateway_enter_state(g, NAT_GATEWAY_AVAILABLE, NULL), 0);
    store_update_nat_gateway(tx, g);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return id;
}

static struct ec2_NatGatewayAddressList nat_addresses(struct calls *k, const char *id)
{
    ec2_DescribeNatGateways_out out;
    OK(k, DescribeNatGateways, &out, .nat_gateway_ids = LIST(id));
    return out.nat_gateways.v[0].nat_gateway_addresses;
}

START_TEST(a_nat_gateway_is_created_with_addresses_that_fit_together)
{
    struct calls *k = calls_new();
    ec2_CreateNatGateway_out out;
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "AllocationId cannot be specified for a private NAT gateway", CreateNatGateway, &out,
            .subnet_id = TEST_SUBNET, .connectivity_type = "private",
            .secondary_allocation_ids = LIST("eipalloc-0a0a0a0a0a0a0a0a0"));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "SecondaryPrivateIpAddressCount cannot be specified for a public NAT gateway",
            CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .allocation_id = "eipalloc-0",
            .secondary_private_ip_address_count = wire_int(1));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "There must be as many private IP addresses as allocations, or none", CreateNatGateway,
            &out, .subnet_id = TEST_SUBNET, .allocation_id = "eipalloc-0",
            .secondary_private_ip_addresses = LIST("172.31.0.9"));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "Secondary private IP addresses and a number of them may not be specified on the same "
            "request",
            CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .connectivity_type = "private",
            .secondary_private_ip_addresses = LIST("172.31.0.9"),
            .secondary_private_ip_address_count = wire_int(1));
    REFUSED(k, PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
            "Number of private addresses will exceed limit: it is 8 for a NAT gateway.",
            CreateNatGateway, &out, .subnet_id = TEST_SUBNET, .connectivity_type = "private",
            .secondary_private_ip_address_count = wire_int(8));
    ck_assert_uint_eq(nat_addresses(k, nat_with(k, 7)).n, 8);
    calls_free(k);
}
END_TEST

START_TEST(an_address_of_a_nat_gateway_is_drained_before_it_goes)
{
    struct calls *k = calls_new();
    const char *id = nat_with(k, 1);
    const char *first = nat_addresses(k, id).v[0].private_ip;
    const char *second = nat_addresses(k, id).v[1].private_ip;
    ec2_UnassignPrivateNatGatewayAddress_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena,
                         "[%s] is the primary address of the NAT gateway '%s', which keeps it",
                         first, id),
            UnassignPrivateNatGatewayAddress, &out, .nat_gateway_id = id,
            .private_ip_addresses = LIST(first));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena, "[10.0.0.1] is not assigned to the NAT gateway '%s'", id),
            UnassignPrivateNatGatewayAddress, &out, .nat_gateway_id = id,
            .private_ip_addresses = LIST("10.0.0.1"));
    OK(k, UnassignPrivateNatGatewayAddress, &out, .nat_gateway_id = id,
       .private_ip_addresses = LIST(second));
    ck_assert_uint_eq(out.nat_gateway_addresses.n, 1);
    ck_assert_str_eq(out.nat_gateway_addresses.v[0].status, "unassigning");
    ck_assert_str_eq(nat_addresses(k, id).v[1].status, "unassigning");
    ck_assert_uint_eq(calls_jobs(k, id), 1);
    ec2_AssociateNatGatewayAddress_out other;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena, "The NAT gateway '%s' is private, and not public", id),
            AssociateNatGatewayAddress, &other, .nat_gateway_id = id,
            .allocation_ids = LIST("eipalloc-0a0a0a0a0a0a0a0a0"));
    ec2_DeleteNatGateway_out gone;
    OK(k, DeleteNatGateway, &gone, .nat_gateway_id = id);
    REFUSED(k, INCORRECT_STATE,
            arena_printf(k->arena, "The NAT gateway '%s' is deleting, and not available", id),
            UnassignPrivateNatGatewayAddress, &out, .nat_gateway_id = id,
            .private_ip_addresses = LIST(second));
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_nat_gateway_is_created_with_addresses_that_fit_together,
           an_address_of_a_nat_gateway_is_drained_before_it_goes,
           an_interface_is_in_the_default_group_and_belongs_to_nobody,
           addresses_that_are_taken_reserved_or_elsewhere_are_refused,
           it_is_attached_where_there_is_room_for_it,
           a_stopped_instance_has_it_at_once_and_lets_it_go_at_once,
           a_secondary_address_moves_with_its_elastic_one_if_it_may,
           a_nat_gateway_that_cannot_be_says_why_in_its_row,
           what_a_service_manages_is_not_the_callers)
