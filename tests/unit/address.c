/* Elastic addresses: the actions, and the pool that they share with addresses of a launch. */
#include <errno.h>
#include <string.h>

#include "api/interface_addresses.h"
#include "core/quota.h"
#include "jobs/public_addresses.h"
#include "support/calls.h"
#include "unit.h"

#define NIC      "eni-0a0a0a0a0a0a0a0a1" /* of TEST_INSTANCE */
#define NIC_IP   "172.31.0.5"
#define LOOSE_IP "172.31.0.4" /* of TEST_INTERFACE */

/* A running instance whose interface has 198.18.0.7 of the pool, in a VPC with a gateway. */
static struct calls *with_instance(void)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    calls_put_gateway(k);
    struct tx *tx = store_write(k->store);
    struct network_interface *n = store_network_interface(tx, k->arena, NIC);
    n->wants_public_ip = true;
    n->public_ip = "198.18.0.7";
    store_update_network_interface(tx, n);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return k;
}

static const char *allocate(struct calls *k)
{
    ec2_AllocateAddress_out out;
    OK(k, AllocateAddress, &out, );
    return out.allocation_id;
}

static const char *associate(struct calls *k, const char *allocation_id)
{
    ec2_AssociateAddress_out out;
    OK(k, AssociateAddress, &out, .allocation_id = allocation_id, .instance_id = TEST_INSTANCE);
    return out.association_id;
}

static const struct network_interface *nic(struct calls *k)
{
    struct tx *tx = store_read(k->store);
    const struct network_interface *n = store_network_interface(tx, k->arena, NIC);
    tx_end(tx);
    return n;
}

static struct ec2_Address described(struct calls *k, const char *allocation_id)
{
    ec2_DescribeAddresses_out out;
    OK(k, DescribeAddresses, &out, .allocation_ids = LIST(allocation_id));
    ck_assert_uint_eq(out.addresses.n, 1);
    return out.addresses.v[0];
}

START_TEST(an_address_is_of_the_pool_and_nobody_elses)
{
    struct calls *k = calls_new();
    ec2_AllocateAddress_out out;
    OK(k, AllocateAddress, &out, .address = "198.18.0.9", TAGGED("elastic-ip", {"Name", "mail"}));
    ck_assert_str_eq(out.public_ip, "198.18.0.9");
    ck_assert_str_eq(out.domain, "vpc");
    ck_assert_str_eq(out.network_border_group, "us-east-1");
    ck_assert_str_eq(described(k, out.allocation_id).tags.v[0].value, "mail");
    ec2_AllocateAddress_out again;
    REFUSED(k, INVALID_IP_ADDRESS_IN_USE, "Address 198.18.0.9 is in use.", AllocateAddress, &again,
            .address = "198.18.0.9");
    REFUSED(k, INVALID_ADDRESS_NOT_FOUND,
            "Address '198.18.1.9' is not of the server's pool of public addresses.",
            AllocateAddress, &again, .address = "198.18.1.9");
    REFUSED(k, INVALID_ADDRESS_MALFORMED, "Invalid IP address: '198.18.0'", AllocateAddress, &again,
            .address = "198.18.0");
    calls_free(k);
}
END_TEST

START_TEST(the_account_has_so_many_addresses_and_no_more)
{
    struct calls *k = calls_new();
    for (int i = 0; i < ELASTIC_IPS_MAX; i++)
        (void)allocate(k);
    ec2_AllocateAddress_out out;
    REFUSED(k, ADDRESS_LIMIT_EXCEEDED, "The maximum number of addresses has been reached.",
            AllocateAddress, &out, );
    calls_free(k);
}
END_TEST

START_TEST(addresses_of_launches_and_elastic_ones_are_never_the_same)
{
    struct calls *k = with_instance();
    k->config.public_addresses.v[0].last = 0xc6120007; /* .1 to .6 */
    bool seen[7] = {false};
    for (int i = 0; i < ELASTIC_IPS_MAX; i++) {
        struct ec2_Address a = described(k, allocate(k));
        int last = a.public_ip[strlen(a.public_ip) - 1] - '0';
        ck_assert(last >= 1 && last <= 6 && !seen[last]);
        seen[last] = true;
    }
    struct tx *tx = store_read(k->store);
    struct text_list used = store_public_ips(tx, k->arena);
    tx_end(tx);
    ck_assert_uint_eq(used.n, ELASTIC_IPS_MAX + 1);
    calls_free(k);
}
END_TEST

static void use_ranges(struct calls *k, const char *text)
{
    ck_assert_int_eq(address_ranges_parse(text, &k->config.public_addresses, NULL), 0);
}

START_TEST(ranges_are_drawn_from_in_their_order_until_they_are_used_up)
{
    struct calls *k = calls_new();
    use_ranges(k, "192.168.1.200-192.168.1.201, 198.18.0.0/30");
    bool seen[2] = {false};
    for (int i = 0; i < 2; i++) {
        const char *ip = described(k, allocate(k)).public_ip;
        ck_assert_int_eq(strncmp(ip, "192.168.1.20", 12), 0);
        seen[ip[12] - '0'] = true;
    }
    ck_assert(seen[0] && seen[1]);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(strncmp(described(k, allocate(k)).public_ip, "198.18.0.", 9), 0);
    ec2_AllocateAddress_out out;
    REFUSED(k, INSUFFICIENT_ADDRESS_CAPACITY,
            "Not enough addresses available: the server's pool of public addresses is used up",
            AllocateAddress, &out, );
    REFUSED(k, INVALID_ADDRESS_NOT_FOUND,
            "Address '198.18.0.3' is not of the server's pool of public addresses.",
            AllocateAddress, &out, .address = "198.18.0.3"); /* the block's broadcast address */
    REFUSED(k, INVALID_IP_ADDRESS_IN_USE, "Address 192.168.1.201 is in use.", AllocateAddress, &out,
            .address = "192.168.1.201");
    calls_free(k);
}
END_TEST

START_TEST(ranges_go_with_the_rows_or_not_at_all)
{
    struct calls *k = with_instance();
    struct err e = {0};
    static const struct {
        const char *ranges;
        const char *why; /* NULL: they do */
    } rows[] = {
        {"198.18.0.0/24", NULL},
        {"192.168.1.200-192.168.1.220, 198.18.0.7", NULL},
        {"192.168.1.200-192.168.1.220", "198.18.0.7 is in use, one of 1 that are of none"},
        {"198.18.0.0/24, 172.31.9.0/28", "172.31.9.0/28 overlaps 172.31.0.0/16 of " TEST_VPC},
        {"198.18.0.0/24, 100.64.0.7", "100.64.0.7 overlaps 100.64.0.0/24 of " TEST_VPC},
    };
    ec2_AssociateVpcCidrBlock_out out;
    OK(k, AssociateVpcCidrBlock, &out, .vpc_id = TEST_VPC, .cidr_block = "100.64.0.0/24");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct address_ranges ranges;
        ck_assert_int_eq(address_ranges_parse(rows[i].ranges, &ranges, NULL), 0);
        ck_assert_int_eq(public_addresses_check(k->store, &ranges, &e),
                         rows[i].why == NULL ? 0 : -EINVAL);
        ck_assert_msg(rows[i].why == NULL || strstr(e.message, rows[i].why) != NULL, "%s",
                      e.message);
    }
    ec2_CreateVpc_out vpc;
    REFUSED(k, INVALID_VPC_RANGE,
            "The CIDR '198.18.0.0/16' is invalid: it overlaps the server's public addresses, "
            "198.18.0.0/24.",
            CreateVpc, &vpc, .cidr_block = "198.18.0.0/16");
    REFUSED(k, INVALID_VPC_RANGE,
            "The CIDR '198.18.0.0/28' is invalid: it overlaps the server's public addresses, "
            "198.18.0.0/24.",
            AssociateVpcCidrBlock, &out, .vpc_id = TEST_VPC, .cidr_block = "198.18.0.0/28");
    calls_free(k);
}
END_TEST

START_TEST(the_automatic_address_is_given_back_and_another_one_comes)
{
    struct calls *k = with_instance();
    const char *id = allocate(k);
    const char *association = associate(k, id);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    ck_assert_ptr_null(nic(k)->public_ip);
    struct ec2_Address a = described(k, id);
    ck_assert_str_eq(a.instance_id, TEST_INSTANCE);
    ck_assert_str_eq(a.network_interface_id, NIC);
    ck_assert_str_eq(a.private_ip_address, NIC_IP);
    ck_assert_str_eq(a.association_id, association);

    ec2_DescribeInstances_out shown;
    OK(k, DescribeInstances, &shown, );
    const struct ec2_Instance *i = shown.reservations.v[0].instances.v;
    ck_assert_str_eq(i->public_ip_address, a.public_ip);
    ck_assert_str_eq(i->network_interfaces.v[0].association->ip_owner_id, TEST_ACCOUNT);
    ec2_DescribeNetworkInterfaces_out nics;
    OK(k, DescribeNetworkInterfaces, &nics, FILTERED_BY(FILTER("association.allocation-id", id)));
    ck_assert_uint_eq(nics.network_interfaces.n, 1);
    ck_assert_str_eq(nics.network_interfaces.v[0].association->association_id, association);

    ec2_DisassociateAddress_out none;
    OK(k, DisassociateAddress, &none, .association_id = association);
    ck_assert_ptr_nonnull(nic(k)->public_ip);
    ck_assert_ptr_null(described(k, id).association_id);
    REFUSED(k, INVALID_ASSOCIATION_ID_NOT_FOUND,
            arena_printf(k->arena, "The association ID '%s' does not exist", association),
            DisassociateAddress, &none, .association_id = association);
    OK(k, DisassociateAddress, &none, .public_ip = a.public_ip); /* twice is no mistake */
    calls_free(k);
}
END_TEST

START_TEST(a_stopped_instance_gets_no_address_of_the_pool_back)
{
    struct calls *k = with_instance();
    const char *association = associate(k, allocate(k));
    calls_put_instance(k, INSTANCE_STOPPED);
    ec2_DisassociateAddress_out none;
    OK(k, DisassociateAddress, &none, .association_id = association);
    ck_assert_ptr_null(nic(k)->public_ip);
    calls_free(k);
}
END_TEST

START_TEST(an_address_moves_unless_it_is_told_not_to)
{
    struct calls *k = with_instance();
    const char *id = allocate(k);
    const char *association = associate(k, id);
    ck_assert_str_eq(associate(k, id), association); /* the same again is no change */
    ec2_AssociateAddress_out out;
    REFUSED(k, RESOURCE_ALREADY_ASSOCIATED,
            arena_printf(k->arena, "resource %s is already associated with associate-id %s", id,
                         association),
            AssociateAddress, &out, .allocation_id = id, .network_interface_id = TEST_INTERFACE,
            .allow_reassociation = wire_bool(false));
    const char *other = allocate(k);
    REFUSED(k, RESOURCE_ALREADY_ASSOCIATED,
            arena_printf(k->arena, "resource %s is already associated with associate-id %s", NIC,
                         association),
            AssociateAddress, &out, .allocation_id = other, .instance_id = TEST_INSTANCE,
            .allow_reassociation = wire_bool(false));
    OK(k, AssociateAddress, &out, .allocation_id = id, .network_interface_id = TEST_INTERFACE);
    ck_assert_str_eq(described(k, id).private_ip_address, LOOSE_IP);
    ck_assert_ptr_nonnull(nic(k)->public_ip); /* it lost one and got one */
    /* And one that comes takes the place of one that stands there. */
    OK(k, AssociateAddress, &out, .public_ip = described(k, other).public_ip,
       .network_interface_id = TEST_INTERFACE);
    ck_assert_ptr_null(described(k, id).association_id);
    calls_free(k);
}
END_TEST

START_TEST(what_cannot_have_an_address_is_told_so)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    const char *id = allocate(k);
    ec2_AssociateAddress_out out;
    REFUSED(k, GATEWAY_NOT_ATTACHED, "Network " TEST_VPC " is not attached to any internet gateway",
            AssociateAddress, &out, .allocation_id = id, .instance_id = TEST_INSTANCE);
    calls_put_gateway(k);
    REFUSED(k, MISSING_PARAMETER, "Either public IP or allocation id must be specified",
            AssociateAddress, &out, .instance_id = TEST_INSTANCE);
    REFUSED(k, MISSING_PARAMETER, "Either instance ID or network interface id must be specified",
            AssociateAddress, &out, .allocation_id = id);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Address 172.31.0.77 is not a private address of the interface '" NIC "'",
            AssociateAddress, &out, .allocation_id = id, .instance_id = TEST_INSTANCE,
            .private_ip_address = "172.31.0.77");
    calls_put_instance(k, INSTANCE_PENDING);
    REFUSED(k, INVALID_INSTANCE_ID,
            "The pending instance '" TEST_INSTANCE "' is not in a valid state for this operation.",
            AssociateAddress, &out, .allocation_id = id, .instance_id = TEST_INSTANCE);
    calls_free(k);
}
END_TEST

START_TEST(a_secondary_private_address_has_one_of_its_own)
{
    struct calls *k = with_instance();
    struct tx *tx = store_write(k->store);
    store_insert_interface_address(
        tx, &(struct interface_address){NIC, "172.31.0.50", TEST_VPC, TEST_SUBNET, false, 0});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    const char *id = allocate(k);
    ec2_AssociateAddress_out out;
    OK(k, AssociateAddress, &out, .allocation_id = id, .instance_id = TEST_INSTANCE,
       .private_ip_address = "172.31.0.50");
    ck_assert_str_eq(nic(k)->public_ip, "198.18.0.7");
    ec2_DescribeInstances_out shown;
    OK(k, DescribeInstances, &shown, );
    const struct ec2_Instance *i = shown.reservations.v[0].instances.v;
    const struct ec2_InstanceNetworkInterface *n = i->network_interfaces.v;
    ck_assert_str_eq(i->public_ip_address, "198.18.0.7");
    ck_assert_str_eq(n->association->ip_owner_id, POOL_OWNER);
    ck_assert_uint_eq(n->private_ip_addresses.n, 2);
    ck_assert(n->private_ip_addresses.v[0].primary.v && !n->private_ip_addresses.v[1].primary.v);
    ck_assert_str_eq(n->private_ip_addresses.v[1].association->public_ip,
                     described(k, id).public_ip);
    calls_free(k);
}
END_TEST

START_TEST(an_address_in_use_is_not_released)
{
    struct calls *k = with_instance();
    const char *id = allocate(k);
    const char *association = associate(k, id);
    const char *ip = described(k, id).public_ip;
    ec2_ReleaseAddress_out none;
    REFUSED(k, INVALID_IP_ADDRESS_IN_USE, arena_printf(k->arena, "Address %s is in use.", ip),
            ReleaseAddress, &none, .allocation_id = id);
    ec2_DisassociateAddress_out gone;
    OK(k, DisassociateAddress, &gone, .association_id = association);
    REFUSED(k, INVALID_ADDRESS_NOT_FOUND,
            arena_printf(k->arena, "Address '%s' not found in 'us-east-1-wl1'.", ip),
            ReleaseAddress, &none, .allocation_id = id, .network_border_group = "us-east-1-wl1");
    OK(k, ReleaseAddress, &none, .allocation_id = id);
    REFUSED(k, INVALID_ALLOCATION_ID_NOT_FOUND,
            arena_printf(k->arena, "The allocation ID '%s' does not exist", id), ReleaseAddress,
            &none, .allocation_id = id);
    calls_free(k);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    struct calls *k = calls_new();
    ec2_DescribeAddresses_out out;
    REFUSED(k, INVALID_ALLOCATION_ID_NOT_FOUND,
            "The allocation IDs 'eipalloc-12345678, eipalloc-12345679' do not exist",
            DescribeAddresses, &out,
            .allocation_ids = LIST("eipalloc-12345678", "eipalloc-12345679"));
    REFUSED(k, INVALID_ADDRESS_NOT_FOUND, "Address '192.0.2.1' not found.", DescribeAddresses, &out,
            .public_ips = LIST("192.0.2.1"));
    ec2_DescribeMovingAddresses_out moving;
    REFUSED(k, INVALID_ADDRESS_NOT_FOUND, "Address '192.0.2.1' not found.", DescribeMovingAddresses,
            &moving, .public_ips = LIST("192.0.2.1"));
    calls_free(k);
}
END_TEST

START_TEST(its_reverse_name_is_set_and_reset)
{
    struct calls *k = calls_new();
    const char *id = allocate(k);
    ec2_ModifyAddressAttribute_out set;
    OK(k, ModifyAddressAttribute, &set, .allocation_id = id, .domain_name = "mail.example.com");
    ck_assert_str_eq(set.address->ptr_record, "mail.example.com.");
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1); /* everybody's resolver answers */
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1);
    static const char *const wrong[] = {"",
                                        "mail",
                                        "-mail.example.com",
                                        "mail-.example.com",
                                        "mail..example.com",
                                        ".example.com",
                                        "mail example.com"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        ck_assert_int_eq(
            CALL(k, ModifyAddressAttribute, &set, .allocation_id = id, .domain_name = wrong[i]),
            -1);
        ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    }
    ec2_DescribeAddressesAttribute_out out;
    OK(k, DescribeAddressesAttribute, &out, .attribute = "domain-name");
    ck_assert_str_eq(out.addresses.v[0].ptr_record, "mail.example.com.");
    ec2_ResetAddressAttribute_out reset;
    OK(k, ResetAddressAttribute, &reset, .allocation_id = id, .attribute = "domain-name");
    ck_assert_ptr_null(reset.address->ptr_record);
    calls_free(k);
}
END_TEST

UNIT_SUITE(an_address_is_of_the_pool_and_nobody_elses,
           the_account_has_so_many_addresses_and_no_more,
           addresses_of_launches_and_elastic_ones_are_never_the_same,
           ranges_are_drawn_from_in_their_order_until_they_are_used_up,
           ranges_go_with_the_rows_or_not_at_all,
           the_automatic_address_is_given_back_and_another_one_comes,
           a_stopped_instance_gets_no_address_of_the_pool_back,
           an_address_moves_unless_it_is_told_not_to, what_cannot_have_an_address_is_told_so,
           a_secondary_private_address_has_one_of_its_own, an_address_in_use_is_not_released,
           what_is_not_there_is_not_found, its_reverse_name_is_set_and_reset)
