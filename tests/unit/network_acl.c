/* Network ACLs and their rules. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define ENTRY(number, protocol_, ...)                                                              \
    .network_acl_id = TEST_ACL, .rule_number = wire_int(number), .protocol = (protocol_),          \
    .rule_action = "allow", .egress = wire_bool(false) __VA_OPT__(, ) __VA_ARGS__
#define PORTS(from_, to_)                                                                          \
    .port_range = &(struct ec2_PortRange)                                                          \
    {                                                                                              \
        .from = wire_int(from_), .to = wire_int(to_)                                               \
    }
#define ICMP(type_, code_)                                                                         \
    .icmp_type_code = &(struct ec2_IcmpTypeCode)                                                   \
    {                                                                                              \
        .type = wire_int(type_), .code = wire_int(code_)                                           \
    }

static struct ec2_NetworkAcl describe(struct calls *k, const char *id)
{
    ec2_DescribeNetworkAcls_out out;
    OK(k, DescribeNetworkAcls, &out, .network_acl_ids = LIST(id));
    ck_assert_uint_eq(out.network_acls.n, 1);
    return out.network_acls.v[0];
}

/* The inbound rule of this number of TEST_ACL. */
static struct ec2_NetworkAclEntry entry(struct calls *k, int64_t number)
{
    struct ec2_NetworkAcl acl = describe(k, TEST_ACL);
    for (size_t i = 0; i < acl.entries.n; i++)
        if (acl.entries.v[i].rule_number.v == number && !wire_true(acl.entries.v[i].egress))
            return acl.entries.v[i];
    ck_abort_msg("no rule %d", (int)number);
    return (struct ec2_NetworkAclEntry){0};
}

static void put_ipv6(struct calls *k)
{
    struct tx *tx = store_write(k->store);
    struct vpc_cidr_block block = {"vpc-cidr-assoc-1", TEST_ACCOUNT,    "us-east-1",
                                   TEST_VPC,           "fd00:ec2::/56", true};
    store_insert_vpc_cidr_block(tx, &block);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(a_new_acl_denies_everything)
{
    struct calls *k = calls_new();
    ec2_CreateNetworkAcl_out made;
    OK(k, CreateNetworkAcl, &made, .vpc_id = TEST_VPC, .client_token = "one",
       TAGGED("network-acl", {"team", "blue"}));
    const struct ec2_NetworkAcl *acl = made.network_acl;
    ck_assert(has_prefix(acl->network_acl_id, "acl-"));
    ck_assert(!acl->is_default.v);
    ck_assert_str_eq(made.client_token, "one");
    ck_assert_str_eq(acl->tags.v[0].key, "team");
    ck_assert_uint_eq(acl->entries.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct ec2_NetworkAclEntry *e = &acl->entries.v[i];
        ck_assert_int_eq(e->rule_number.v, 32767);
        ck_assert_str_eq(e->rule_action, "deny");
        ck_assert_str_eq(e->protocol, "-1");
        ck_assert_str_eq(e->cidr_block, "0.0.0.0/0");
        ck_assert(e->egress.v == (i == 0));
        ck_assert_ptr_null(e->port_range);
    }
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(a_vpc_with_ipv6_shows_its_last_rule_too)
{
    struct calls *k = calls_new();
    ck_assert_uint_eq(describe(k, TEST_ACL).entries.n, 4);
    put_ipv6(k);
    struct ec2_NetworkAcl acl = describe(k, TEST_ACL);
    ck_assert_uint_eq(acl.entries.n, 6);
    ck_assert_str_eq(entry(k, 32768).ipv6_cidr_block, "::/0");
    ck_assert_str_eq(entry(k, 32768).rule_action, "deny");
    ck_assert_ptr_null(entry(k, 32768).cidr_block);
    calls_free(k);
}
END_TEST

START_TEST(entries_are_shown_as_they_were_written)
{
    struct calls *k = calls_new();
    ec2_CreateNetworkAclEntry_out out;
    OK(k, CreateNetworkAclEntry, &out, ENTRY(10, "6", PORTS(22, 23)), .cidr_block = "10.1.2.3/8");
    struct ec2_NetworkAclEntry e = entry(k, 10);
    ck_assert_str_eq(e.cidr_block, "10.0.0.0/8");
    ck_assert_str_eq(e.protocol, "6");
    ck_assert_int_eq(e.port_range->from.v, 22);
    ck_assert_int_eq(e.port_range->to.v, 23);

    OK(k, CreateNetworkAclEntry, &out, ENTRY(20, "icmp", ICMP(8, -1)), .cidr_block = "0.0.0.0/0");
    e = entry(k, 20);
    ck_assert_str_eq(e.protocol, "1");
    ck_assert_int_eq(e.icmp_type_code->type.v, 8);
    ck_assert_int_eq(e.icmp_type_code->code.v, -1);
    ck_assert_ptr_null(e.port_range);

    OK(k, CreateNetworkAclEntry, &out, ENTRY(30, "58", ICMP(-1, -1)),
       .ipv6_cidr_block = "2001:DB8::1/32");
    ck_assert_str_eq(entry(k, 30).ipv6_cidr_block, "2001:db8::/32");
    ck_assert_int_eq(entry(k, 30).icmp_type_code->type.v, -1);
    /* ICMPv6 over IPv4 is a protocol like any other, and ports of "all" mean nothing. */
    OK(k, CreateNetworkAclEntry, &out, ENTRY(40, "58"), .cidr_block = "0.0.0.0/0");
    ck_assert_ptr_null(entry(k, 40).icmp_type_code);
    OK(k, CreateNetworkAclEntry, &out, ENTRY(50, "-1", PORTS(1, 2)), .cidr_block = "0.0.0.0/0");
    ck_assert_ptr_null(entry(k, 50).port_range);
    ck_assert_str_eq(entry(k, 50).protocol, "-1");

    ec2_DescribeNetworkAcls_out found;
    OK(k, DescribeNetworkAcls, &found,
       FILTERED_BY(FILTER("entry.port-range.from", "22"), FILTER("entry.cidr", "10.0.0.0/8")));
    ck_assert_uint_eq(found.network_acls.n, 1);
    OK(k, DescribeNetworkAcls, &found, FILTERED_BY(FILTER("entry.rule-number", "11")));
    ck_assert_uint_eq(found.network_acls.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(entries_are_checked)
{
    static const char *const reserved[] = {"0", "32767"};
    struct calls *k = calls_new();
    ec2_CreateNetworkAclEntry_out out;
    for (size_t i = 0; i < 2; i++) {
        char words[128];
        (void)snprintf(words, sizeof(words),
                       "Value (%s) for parameter ruleNumber is invalid. The rules of a network "
                       "ACL have the numbers 1 to 32766.",
                       reserved[i]);
        REFUSED(k, INVALID_PARAMETER_VALUE, words, CreateNetworkAclEntry, &out,
                ENTRY(i == 0 ? 0 : 32767, "-1"), .cidr_block = "0.0.0.0/0");
    }
    REFUSED(k, NETWORK_ACL_ENTRY_ALREADY_EXISTS,
            "The network acl entry identified by 100 already exists.", CreateNetworkAclEntry, &out,
            ENTRY(100, "-1"), .cidr_block = "0.0.0.0/0");
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter portRange, with from and to, for the "
            "protocols TCP and UDP",
            CreateNetworkAclEntry, &out, ENTRY(1, "tcp"), .cidr_block = "0.0.0.0/0");
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter icmpTypeCode, with type and code, for the "
            "protocol ICMPv6",
            CreateNetworkAclEntry, &out, ENTRY(1, "icmpv6"), .ipv6_cidr_block = "::/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "TCP/UDP port (65536) out of range", CreateNetworkAclEntry,
            &out, ENTRY(1, "17", PORTS(1, 65536)), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "Invalid TCP/UDP port range (2:1)", CreateNetworkAclEntry,
            &out, ENTRY(1, "17", PORTS(2, 1)), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "ICMP type (256) out of range", CreateNetworkAclEntry, &out,
            ENTRY(1, "1", ICMP(256, 0)), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "ICMP code (-2) out of range", CreateNetworkAclEntry, &out,
            ENTRY(1, "1", ICMP(8, -2)), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "ICMP code (0) is not possible with all ICMP types",
            CreateNetworkAclEntry, &out, ENTRY(1, "1", ICMP(-1, 0)), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE, "Invalid value '256' for IP protocol. Unknown protocol.",
            CreateNetworkAclEntry, &out, ENTRY(1, "256"), .cidr_block = "0.0.0.0/0");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
            CreateNetworkAclEntry, &out, ENTRY(1, "-1"), .cidr_block = "10.0.0.0");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (10.0.0.0/8) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR "
            "block.",
            CreateNetworkAclEntry, &out, ENTRY(1, "-1"), .ipv6_cidr_block = "10.0.0.0/8");
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain exactly one of cidrBlock, ipv6CidrBlock",
            CreateNetworkAclEntry, &out, ENTRY(1, "-1"));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "The request must contain exactly one of cidrBlock, ipv6CidrBlock",
            CreateNetworkAclEntry, &out, ENTRY(1, "-1"), .cidr_block = "0.0.0.0/0",
            .ipv6_cidr_block = "::/0");
    calls_free(k);
}
END_TEST

START_TEST(an_acl_has_20_entries_in_a_direction_of_a_family)
{
    struct calls *k = calls_new();
    ec2_CreateNetworkAclEntry_out out;
    ec2_ReplaceNetworkAclEntry_out replaced;
    for (int i = 1; i < ACL_ENTRIES_QUOTA; i++) /* one is there */
        OK(k, CreateNetworkAclEntry, &out, ENTRY(i, "-1"), .cidr_block = "0.0.0.0/0");
    REFUSED(k, NETWORK_ACL_ENTRY_LIMIT_EXCEEDED,
            "The maximum number of network acl entries has been reached: 20 in one direction, for "
            "IPv4 and IPv6 each",
            CreateNetworkAclEntry, &out, ENTRY(20, "-1"), .cidr_block = "0.0.0.0/0");
    OK(k, CreateNetworkAclEntry, &out, ENTRY(20, "-1"), .ipv6_cidr_block = "::/0");
    OK(k, ReplaceNetworkAclEntry, &replaced, ENTRY(19, "6", PORTS(1, 1)),
       .cidr_block = "0.0.0.0/0");
    ck_assert_int_eq(
        CALL(k, ReplaceNetworkAclEntry, &replaced, ENTRY(20, "-1"), .cidr_block = "0.0.0.0/0"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_NETWORK_ACL_ENTRY_LIMIT_EXCEEDED);
    calls_free(k);
}
END_TEST

START_TEST(an_entry_is_replaced_and_deleted_by_number_and_direction)
{
    struct calls *k = calls_new();
    ec2_ReplaceNetworkAclEntry_out replaced;
    ec2_DeleteNetworkAclEntry_out gone;
    OK(k, ReplaceNetworkAclEntry, &replaced, .network_acl_id = TEST_ACL,
       .rule_number = wire_int(100), .protocol = "all", .rule_action = "deny",
       .egress = wire_bool(false), .cidr_block = "10.0.0.0/8");
    ck_assert_str_eq(entry(k, 100).rule_action, "deny");
    ck_assert_str_eq(describe(k, TEST_ACL).entries.v[0].rule_action, "allow"); /* outbound */
    REFUSED(k, INVALID_NETWORK_ACL_ENTRY_NOT_FOUND,
            "The network acl entry identified by 7 does not exist.", ReplaceNetworkAclEntry,
            &replaced, ENTRY(7, "-1"), .cidr_block = "10.0.0.0/8");
    OK(k, DeleteNetworkAclEntry, &gone, .network_acl_id = TEST_ACL, .rule_number = wire_int(100),
       .egress = wire_bool(false));
    REFUSED(k, INVALID_NETWORK_ACL_ENTRY_NOT_FOUND,
            "The network acl entry identified by 100 does not exist.", DeleteNetworkAclEntry, &gone,
            .network_acl_id = TEST_ACL, .rule_number = wire_int(100), .egress = wire_bool(false));
    ck_assert_uint_eq(describe(k, TEST_ACL).entries.n, 3);
    ck_assert_int_eq(CALL(k, DeleteNetworkAclEntry, &gone, .network_acl_id = TEST_ACL,
                          .rule_number = wire_int(32767), .egress = wire_bool(false)),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

START_TEST(a_subnet_goes_to_another_acl_and_only_then_can_it_be_deleted)
{
    struct calls *k = calls_new();
    ec2_CreateNetworkAcl_out made;
    ec2_ReplaceNetworkAclAssociation_out out;
    ec2_DeleteNetworkAcl_out gone;
    OK(k, CreateNetworkAcl, &made, .vpc_id = TEST_VPC);
    const char *id = made.network_acl->network_acl_id;
    OK(k, ReplaceNetworkAclAssociation, &out, .association_id = TEST_IN_ACL, .network_acl_id = id);
    ck_assert_str_ne(out.new_association_id, TEST_IN_ACL);
    struct ec2_NetworkAcl acl = describe(k, id);
    ck_assert_uint_eq(acl.associations.n, 1);
    ck_assert_str_eq(acl.associations.v[0].subnet_id, TEST_SUBNET);
    ck_assert_str_eq(acl.associations.v[0].network_acl_association_id, out.new_association_id);
    REFUSED(k, INVALID_ASSOCIATION_ID_NOT_FOUND,
            "The association ID '" TEST_IN_ACL "' does not exist", ReplaceNetworkAclAssociation,
            &out, .association_id = TEST_IN_ACL, .network_acl_id = id);
    const char *now = acl.associations.v[0].network_acl_association_id;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "network ACL " TEST_OTHER_ACL " and subnet " TEST_SUBNET " belong to different "
            "networks",
            ReplaceNetworkAclAssociation, &out, .association_id = now,
            .network_acl_id = TEST_OTHER_ACL);

    REFUSED(k, INVALID_PARAMETER_VALUE, "cannot delete default network ACL " TEST_ACL,
            DeleteNetworkAcl, &gone, .network_acl_id = TEST_ACL);
    ck_assert_int_eq(CALL(k, DeleteNetworkAcl, &gone, .network_acl_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);
    OK(k, ReplaceNetworkAclAssociation, &out, .association_id = now, .network_acl_id = TEST_ACL);
    OK(k, DeleteNetworkAcl, &gone, .network_acl_id = id);
    REFUSED(k, INVALID_NETWORK_ACL_ID_NOT_FOUND,
            "The networkAcl ID 'acl-00000000000000001' does not exist", DeleteNetworkAcl, &gone,
            .network_acl_id = "acl-00000000000000001");
    calls_free(k);
}
END_TEST

START_TEST(a_vpc_has_at_most_200_acls)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    for (int i = 1; i < ACLS_PER_VPC; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "acl-%017d", i);
        store_insert_network_acl(tx, &(struct network_acl){.id = id,
                                                           .account_id = TEST_ACCOUNT,
                                                           .region = "us-east-1",
                                                           .vpc_id = TEST_VPC});
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_CreateNetworkAcl_out out;
    REFUSED(k, NETWORK_ACL_LIMIT_EXCEEDED,
            "The maximum number of network ACLs (200) for VPC '" TEST_VPC "' has been reached.",
            CreateNetworkAcl, &out, .vpc_id = TEST_VPC);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_new_acl_denies_everything, a_vpc_with_ipv6_shows_its_last_rule_too,
           entries_are_shown_as_they_were_written, entries_are_checked,
           an_acl_has_20_entries_in_a_direction_of_a_family,
           an_entry_is_replaced_and_deleted_by_number_and_direction,
           a_subnet_goes_to_another_acl_and_only_then_can_it_be_deleted, a_vpc_has_at_most_200_acls)
