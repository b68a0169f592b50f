/* The actions on security groups and their rules. */
#include "base/text.h"
#include "core/security_rule.h"
#include "support/calls.h"
#include "unit.h"

#define PERMISSION(protocol, from, to, ...)                                                        \
    {                                                                                              \
        .ip_protocol = (protocol), .from_port = {true, (from)}, .to_port = {true, (to)},           \
        __VA_ARGS__                                                                                \
    }
#define FROM(...)        .ip_ranges = LIST_OF(ec2_IpRange, __VA_ARGS__)
#define FROM6(...)       .ipv6_ranges = LIST_OF(ec2_Ipv6Range, __VA_ARGS__)
#define FROM_GROUPS(...) .user_id_group_pairs = LIST_OF(ec2_UserIdGroupPair, __VA_ARGS__)
#define PERMISSIONS(...) .ip_permissions = LIST_OF(ec2_IpPermission, __VA_ARGS__)
#define SSH(cidr)        PERMISSION("tcp", 22, 22, FROM({.cidr_ip = (cidr)}))

static const char *make_group(struct calls *k, const char *name, const char *vpc_id)
{
    ec2_CreateSecurityGroup_out out;
    OK(k, CreateSecurityGroup, &out, .group_name = name, .description = "for a test",
       .vpc_id = vpc_id);
    return out.group_id;
}

static struct ec2_SecurityGroup describe_group(struct calls *k, const char *id)
{
    ec2_DescribeSecurityGroups_out out;
    OK(k, DescribeSecurityGroups, &out, .group_ids = LIST(id));
    ck_assert_uint_eq(out.security_groups.n, 1);
    return out.security_groups.v[0];
}

START_TEST(a_new_group_lets_everything_out_and_nothing_in)
{
    struct calls *k = calls_new();
    ec2_CreateSecurityGroup_out made;
    OK(k, CreateSecurityGroup, &made, .group_name = "web", .description = "Web servers",
       TAGGED("security-group", {"team", "blue"}));
    ck_assert(has_prefix(made.group_id, "sg-"));
    ck_assert_uint_eq(made.tags.n, 1);
    char arn[128];
    (void)snprintf(arn, sizeof(arn), "arn:aws:ec2:us-east-1:123456789012:security-group/%s",
                   made.group_id);
    ck_assert_str_eq(made.security_group_arn, arn);

    struct ec2_SecurityGroup group = describe_group(k, made.group_id);
    ck_assert_str_eq(group.vpc_id, TEST_VPC);
    ck_assert_str_eq(group.owner_id, TEST_ACCOUNT);
    ck_assert_str_eq(group.description, "Web servers");
    ck_assert_str_eq(group.security_group_arn, arn);
    ck_assert_uint_eq(group.ip_permissions.n, 0);
    ck_assert_uint_eq(group.ip_permissions_egress.n, 1);
    const struct ec2_IpPermission *out = &group.ip_permissions_egress.v[0];
    ck_assert_str_eq(out->ip_protocol, "-1");
    ck_assert(!out->from_port.set);
    ck_assert_str_eq(out->ip_ranges.v[0].cidr_ip, "0.0.0.0/0");
    calls_free(k);
}
END_TEST

START_TEST(names_and_descriptions_are_checked)
{
    struct calls *k = calls_new();
    ec2_CreateSecurityGroup_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (sg-web) for parameter GroupName is invalid. Group names may not be in the "
            "format sg-*",
            CreateSecurityGroup, &out, .group_name = "sg-web", .description = "x");
    REFUSED(k, INVALID_GROUP_RESERVED, "The security group 'default' is reserved",
            CreateSecurityGroup, &out, .group_name = "default", .description = "x");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value for parameter GroupDescription is invalid. Character sets beyond ASCII are not "
            "supported.",
            CreateSecurityGroup, &out, .group_name = "web", .description = "f\xc3\xbcr");
    ck_assert_int_eq(CALL(k, CreateSecurityGroup, &out, .group_name = "a|b", .description = "x"),
                     -1);
    (void)make_group(k, "web", NULL);
    REFUSED(k, INVALID_GROUP_DUPLICATE,
            "The security group 'web' already exists for VPC '" TEST_VPC "'", CreateSecurityGroup,
            &out, .group_name = "web", .description = "x");
    (void)make_group(k, "web", TEST_OTHER_VPC);
    REFUSED(k, INVALID_VPC_ID_NOT_FOUND, "The vpc ID 'vpc-12345678' does not exist",
            CreateSecurityGroup, &out, .group_name = "db", .description = "x",
            .vpc_id = "vpc-12345678");
    calls_free(k);
}
END_TEST

/* What the groups' own making has enqueued. */
static void forget_jobs(struct calls *k)
{
    struct tx *tx = store_write(k->store);
    store_delete_jobs(tx, "object_id", TEST_VPC);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 0);
}

START_TEST(every_form_of_a_rule_is_taken)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    const char *db = make_group(k, "db", NULL);
    ec2_AuthorizeSecurityGroupIngress_out out;
    forget_jobs(k);

    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web, .ip_protocol = "tcp",
       .from_port = {true, 22}, .to_port = {true, 22}, .cidr_ip = "10.0.0.7/24",
       TAGGED("security-group-rule", {"why", "ssh"}));
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    ck_assert(wire_true(out.return_));
    ck_assert_uint_eq(out.security_group_rules.n, 1);
    const struct ec2_SecurityGroupRule *rule = &out.security_group_rules.v[0];
    ck_assert(has_prefix(rule->security_group_rule_id, "sgr-"));
    ck_assert_str_eq(rule->group_id, web);
    ck_assert_str_eq(rule->group_owner_id, TEST_ACCOUNT);
    ck_assert(rule->is_egress.set && !rule->is_egress.v);
    ck_assert_str_eq(rule->cidr_ipv4, "10.0.0.0/24");
    ck_assert_int_eq(rule->from_port.v, 22);
    ck_assert_str_eq(rule->tags.v[0].value, "ssh");
    ck_assert_ptr_nonnull(strstr(rule->security_group_rule_arn, ":security-group-rule/sgr-"));

    OK(k, AuthorizeSecurityGroupIngress, &out, .group_name = "web",
       PERMISSIONS(PERMISSION("tcp", 80, 80,
                              FROM({.cidr_ip = "0.0.0.0/0", .description = "world"},
                                   {.cidr_ip = "10.0.0.0/8"}),
                              FROM6({.cidr_ipv6 = "::/0"})),
                   PERMISSION("-1", 0, 0, FROM_GROUPS({.group_id = db}, {.group_name = "web"}))));
    ck_assert_uint_eq(out.security_group_rules.n, 5);
    ck_assert_str_eq(out.security_group_rules.v[0].description, "world");
    ck_assert_str_eq(out.security_group_rules.v[2].cidr_ipv6, "::/0");
    ck_assert_str_eq(out.security_group_rules.v[3].referenced_group_info->group_id, db);
    ck_assert_str_eq(out.security_group_rules.v[3].referenced_group_info->user_id, TEST_ACCOUNT);
    ck_assert_int_eq(out.security_group_rules.v[3].from_port.v, -1);
    ck_assert_str_eq(out.security_group_rules.v[4].referenced_group_info->group_id, web);

    /* A group by name alone: all of tcp, udp and icmp. */
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = db, .source_security_group_name = "web",
       .source_security_group_owner_id = TEST_ACCOUNT);
    ck_assert_uint_eq(out.security_group_rules.n, 3);

    struct ec2_SecurityGroup group = describe_group(k, web);
    ck_assert_uint_eq(group.ip_permissions.n, 3); /* tcp 22, tcp 80, all */
    for (size_t i = 0; i < group.ip_permissions.n; i++) {
        const struct ec2_IpPermission *p = &group.ip_permissions.v[i];
        size_t n = p->ip_ranges.n + p->ipv6_ranges.n + p->user_id_group_pairs.n;
        ck_assert_uint_eq(n, streq(p->ip_protocol, "-1") ? 2 : p->from_port.v == 22 ? 1 : 3);
        ck_assert_ptr_nonnull(p->prefix_list_ids.v); /* shown, and empty */
    }
    ec2_AuthorizeSecurityGroupEgress_out egress;
    OK(k, AuthorizeSecurityGroupEgress, &egress, .group_id = web, PERMISSIONS(SSH("0.0.0.0/0")));
    ck_assert(wire_true(egress.security_group_rules.v[0].is_egress));
    calls_free(k);
}
END_TEST

START_TEST(bad_rules_are_refused_and_change_nothing)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_AuthorizeSecurityGroupIngress_out out;
    forget_jobs(k);
#define BAD(code, text, ...)                                                                       \
    REFUSED(k, code, text, AuthorizeSecurityGroupIngress, &out, .group_id = web, __VA_ARGS__)
    BAD(MISSING_PARAMETER, "The request must contain the parameter ipPermissions", );
    BAD(INVALID_PARAMETER_VALUE, "TCP/UDP port (70000) out of range",
        PERMISSIONS(SSH("0.0.0.0/0"), PERMISSION("tcp", 70000, 70000, FROM({.cidr_ip = "::/0"}))));
    BAD(INVALID_PARAMETER_VALUE, "CIDR block 10.0.0.0 is malformed", PERMISSIONS(SSH("10.0.0.0")));
    BAD(INVALID_PARAMETER_VALUE, "The same permission must not appear multiple times",
        PERMISSIONS(SSH("10.0.0.1/24"), SSH("10.0.0.2/24")));
    BAD(INVALID_GROUP_NOT_FOUND, "The security group 'sg-12345678' does not exist",
        PERMISSIONS(PERMISSION("tcp", 22, 22, FROM_GROUPS({.group_id = "sg-12345678"}))));
    BAD(INVALID_GROUP_NOT_FOUND, "The security group 'nobody' does not exist",
        PERMISSIONS(PERMISSION("tcp", 22, 22, FROM_GROUPS({.group_name = "nobody"}))));
    BAD(INVALID_GROUP_NOT_FOUND, "The security group 'web' does not exist",
        PERMISSIONS(PERMISSION("tcp", 22, 22,
                               FROM_GROUPS({.group_name = "web", .user_id = "210987654321"}))));
    BAD(INVALID_GROUP_NOT_FOUND,
        "You have specified two resources that belong to different networks.",
        PERMISSIONS(PERMISSION("tcp", 22, 22, FROM_GROUPS({.group_id = far}))));
    BAD(INVALID_PARAMETER_COMBINATION,
        "The parameter ipPermissions cannot be used with the parameters of a single rule",
        .cidr_ip = "0.0.0.0/0", PERMISSIONS(SSH("0.0.0.0/0")));
    BAD(MISSING_PARAMETER,
        "A permission needs at least one of the parameters ipRanges, ipv6Ranges, prefixListIds and "
        "groups",
        PERMISSIONS(PERMISSION("tcp", 22, 22)));
    BAD(INVALID_PARAMETER_VALUE,
        "Invalid rule description. Valid descriptions are strings less than 256 characters from "
        "the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        PERMISSIONS(
            PERMISSION("tcp", 22, 22, FROM({.cidr_ip = "0.0.0.0/0", .description = "<b>"}))));
#undef BAD
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter groupName or groupId",
            AuthorizeSecurityGroupIngress, &out, PERMISSIONS(SSH("0.0.0.0/0")));
    REFUSED(k, INVALID_GROUP_NOT_FOUND,
            "The security group 'far' does not exist in default VPC '" TEST_VPC "'",
            AuthorizeSecurityGroupIngress, &out, .group_name = "far",
            PERMISSIONS(SSH("0.0.0.0/0")));
    ck_assert_uint_eq(describe_group(k, web).ip_permissions.n, 0);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 0);
    calls_free(k);
}
END_TEST

START_TEST(a_rule_that_is_there_is_a_duplicate)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    ec2_AuthorizeSecurityGroupIngress_out out;
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web, PERMISSIONS(SSH("0.0.0.0/0")));
    REFUSED(k, INVALID_PERMISSION_DUPLICATE,
            "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW\" "
            "already exists",
            AuthorizeSecurityGroupIngress, &out, .group_id = web,
            PERMISSIONS(SSH("10.0.0.0/8"), SSH("1.2.3.4/0")));
    ec2_AuthorizeSecurityGroupEgress_out egress;
    REFUSED(k, INVALID_PERMISSION_DUPLICATE,
            "the specified rule \"peer: 0.0.0.0/0, ALL, ALLOW\" already exists",
            AuthorizeSecurityGroupEgress, &egress, .group_id = web,
            PERMISSIONS({.ip_protocol = "-1", FROM({.cidr_ip = "0.0.0.0/0"})}));
    calls_free(k);
}
END_TEST

START_TEST(a_group_has_sixty_rules_in_a_direction)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    static struct ec2_IpRange ranges[RULES_PER_DIRECTION + 1];
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
        ranges[i].cidr_ip = arena_printf(k->arena, "10.0.%zu.0/24", i);
    struct ec2_IpPermission all = PERMISSION("tcp", 22, 22, .ip_ranges = {ranges, 61});
    ec2_AuthorizeSecurityGroupIngress_out out;
    REFUSED(k, RULES_PER_SECURITY_GROUP_LIMIT_EXCEEDED,
            "The maximum number of rules per security group has been reached.",
            AuthorizeSecurityGroupIngress, &out, .group_id = web, .ip_permissions = {&all, 1});
    all.ip_ranges.n = 60;
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web, .ip_permissions = {&all, 1});
    ck_assert_uint_eq(out.security_group_rules.n, 60);
    REFUSED(k, RULES_PER_SECURITY_GROUP_LIMIT_EXCEEDED,
            "The maximum number of rules per security group has been reached.",
            AuthorizeSecurityGroupIngress, &out, .group_id = web,
            PERMISSIONS(PERMISSION("tcp", 23, 23, FROM_GROUPS({.group_id = web}))));
    /* IPv6 has a count of its own. */
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web,
       PERMISSIONS(PERMISSION("tcp", 23, 23, FROM6({.cidr_ipv6 = "::/0"}))));
    calls_free(k);
}
END_TEST

START_TEST(rules_are_revoked_by_id_and_by_description)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    ec2_AuthorizeSecurityGroupIngress_out made;
    OK(k, AuthorizeSecurityGroupIngress, &made, .group_id = web,
       PERMISSIONS(SSH("10.0.0.0/8"), SSH("0.0.0.0/0")));
    const char *first = made.security_group_rules.v[0].security_group_rule_id;

    ec2_RevokeSecurityGroupIngress_out out;
    OK(k, RevokeSecurityGroupIngress, &out, .group_id = web,
       .security_group_rule_ids = LIST(first));
    ck_assert(wire_true(out.return_));
    ck_assert_uint_eq(out.revoked_security_group_rules.n, 1);
    ck_assert_str_eq(out.revoked_security_group_rules.v[0].security_group_rule_id, first);
    ck_assert_str_eq(out.revoked_security_group_rules.v[0].cidr_ipv4, "10.0.0.0/8");
    char text[96];
    (void)snprintf(text, sizeof(text), "The security group rule ID '%s' does not exist", first);
    REFUSED(k, INVALID_SECURITY_GROUP_RULE_ID_NOT_FOUND, text, RevokeSecurityGroupIngress, &out,
            .group_id = web, .security_group_rule_ids = LIST(first));

    OK(k, RevokeSecurityGroupIngress, &out, .group_id = web, .ip_protocol = "6",
       .from_port = {true, 22}, .to_port = {true, 22}, .cidr_ip = "0.0.0.0/0");
    ck_assert_uint_eq(out.revoked_security_group_rules.n, 1);
    ck_assert_uint_eq(out.unknown_ip_permissions.n, 0);
    ck_assert_uint_eq(describe_group(k, web).ip_permissions.n, 0);

    ec2_RevokeSecurityGroupEgress_out egress;
    OK(k, RevokeSecurityGroupEgress, &egress, .group_id = web,
       PERMISSIONS({.ip_protocol = "-1", FROM({.cidr_ip = "0.0.0.0/0"})}));
    ck_assert_uint_eq(describe_group(k, web).ip_permissions_egress.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(an_unknown_rule_is_named_in_a_default_vpc_and_a_fault_elsewhere)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_RevokeSecurityGroupIngress_out out;
    OK(k, RevokeSecurityGroupIngress, &out, .group_id = web, PERMISSIONS(SSH("0.0.0.0/0")));
    ck_assert(wire_true(out.return_));
    ck_assert_uint_eq(out.revoked_security_group_rules.n, 0);
    ck_assert_uint_eq(out.unknown_ip_permissions.n, 1);
    ck_assert_str_eq(out.unknown_ip_permissions.v[0].ip_ranges.v[0].cidr_ip, "0.0.0.0/0");
    REFUSED(k, INVALID_PERMISSION_NOT_FOUND,
            "The specified rule does not exist in this security group.", RevokeSecurityGroupIngress,
            &out, .group_id = far, PERMISSIONS(SSH("0.0.0.0/0")));
    calls_free(k);
}
END_TEST

START_TEST(a_group_in_use_is_not_deleted)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    const char *db = make_group(k, "db", NULL);
    ec2_AuthorizeSecurityGroupIngress_out made;
    OK(k, AuthorizeSecurityGroupIngress, &made, .group_id = web,
       PERMISSIONS(PERMISSION("tcp", 22, 22, FROM_GROUPS({.group_id = web}, {.group_id = db}))),
       TAGGED("security-group-rule", {"a", "b"}));
    ec2_DeleteSecurityGroup_out out;
    REFUSED(k, CANNOT_DELETE,
            "the specified group: \"" TEST_GROUP "\" name: \"default\" cannot be deleted by a user",
            DeleteSecurityGroup, &out, .group_name = "default");
    char text[96];
    (void)snprintf(text, sizeof(text), "resource %s has a dependent object", db);
    REFUSED(k, DEPENDENCY_VIOLATION, text, DeleteSecurityGroup, &out, .group_id = db);

    struct tx *tx = store_write(k->store);
    store_insert_interface_group(
        tx, &(struct interface_group){.interface_id = TEST_INTERFACE, .group_id = web});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(CALL(k, DeleteSecurityGroup, &out, .group_id = web), -1);
    ck_assert_int_eq(k->fault.code, FAULT_DEPENDENCY_VIOLATION);
    tx = store_write(k->store);
    store_delete_interface_groups(tx, "group_id", web);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);

    /* A rule that names its own group is no hindrance; it goes, and its tags. */
    OK(k, DeleteSecurityGroup, &out, .group_name = "web");
    ck_assert_str_eq(out.group_id, web);
    ck_assert(wire_true(out.return_));
    OK(k, DeleteSecurityGroup, &out, .group_id = db);
    tx = store_read(k->store);
    ck_assert_uint_eq(store_tags(tx, k->arena).n, 0);
    ck_assert_uint_eq(store_security_group_rules(tx, k->arena).n, 0);
    tx_end(tx);
    (void)snprintf(text, sizeof(text), "The security group '%s' does not exist", web);
    REFUSED(k, INVALID_GROUP_NOT_FOUND, text, DeleteSecurityGroup, &out, .group_id = web);
    calls_free(k);
}
END_TEST

START_TEST(groups_are_found_by_name_and_filter)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    (void)make_group(k, "far", TEST_OTHER_VPC);
    ec2_AuthorizeSecurityGroupIngress_out made;
    OK(k, AuthorizeSecurityGroupIngress, &made, .group_id = web, PERMISSIONS(SSH("10.0.0.0/8")));
    ec2_DescribeSecurityGroups_out out;
    OK(k, DescribeSecurityGroups, &out, );
    ck_assert_uint_eq(out.security_groups.n, 3);
    OK(k, DescribeSecurityGroups, &out, .group_names = LIST("web", "default"));
    ck_assert_uint_eq(out.security_groups.n, 2);
    OK(k, DescribeSecurityGroups, &out, FILTERED_BY(FILTER("ip-permission.cidr", "10.*")));
    ck_assert_uint_eq(out.security_groups.n, 1);
    ck_assert_str_eq(out.security_groups.v[0].group_id, web);
    OK(k, DescribeSecurityGroups, &out,
       FILTERED_BY(FILTER("egress.ip-permission.protocol", "-1"),
                   FILTER("vpc-id", TEST_OTHER_VPC)));
    ck_assert_uint_eq(out.security_groups.n, 1);
    REFUSED(k, INVALID_GROUP_NOT_FOUND,
            "The security group 'x' does not exist in default VPC '" TEST_VPC "'",
            DescribeSecurityGroups, &out, .group_names = LIST("x"));
    REFUSED(k, INVALID_GROUP_NOT_FOUND,
            "The security groups 'sg-12345678, sg-23456789' do not exist", DescribeSecurityGroups,
            &out, .group_ids = LIST("sg-12345678", web, "sg-23456789"));
    calls_free(k);
}
END_TEST

START_TEST(rules_are_described_and_modified)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    ec2_AuthorizeSecurityGroupIngress_out made;
    OK(k, AuthorizeSecurityGroupIngress, &made, .group_id = web,
       PERMISSIONS(SSH("10.0.0.0/8"), SSH("10.0.0.0/16")),
       TAGGED("security-group-rule", {"why", "ssh"}));
    const char *a = made.security_group_rules.v[0].security_group_rule_id;
    const char *b = made.security_group_rules.v[1].security_group_rule_id;
    ec2_DescribeSecurityGroupRules_out seen;
    OK(k, DescribeSecurityGroupRules, &seen, FILTERED_BY(FILTER("group-id", web)));
    ck_assert_uint_eq(seen.security_group_rules.n, 3);
    OK(k, DescribeSecurityGroupRules, &seen, FILTERED_BY(FILTER("tag:why", "ssh")));
    ck_assert_uint_eq(seen.security_group_rules.n, 2);

    /* Two rules change places. */
    struct ec2_SecurityGroupRuleRequest narrow = {.ip_protocol = "tcp",
                                                  .from_port = {true, 22},
                                                  .to_port = {true, 22},
                                                  .cidr_ipv4 = "10.0.0.0/16",
                                                  .description = "narrow"};
    struct ec2_SecurityGroupRuleRequest wide = narrow;
    wide.cidr_ipv4 = "10.0.0.0/8";
    ec2_ModifySecurityGroupRules_out out;
    OK(k, ModifySecurityGroupRules, &out, .group_id = web,
       .security_group_rules = LIST_OF(ec2_SecurityGroupRuleUpdate, {a, &narrow}, {b, &wide}));
    ck_assert(wire_true(out.return_));
    OK(k, DescribeSecurityGroupRules, &seen, .security_group_rule_ids = LIST(a));
    ck_assert_str_eq(seen.security_group_rules.v[0].cidr_ipv4, "10.0.0.0/16");
    ck_assert_str_eq(seen.security_group_rules.v[0].description, "narrow");
    ck_assert_str_eq(seen.security_group_rules.v[0].tags.v[0].value, "ssh");

    REFUSED(k, INVALID_PERMISSION_DUPLICATE,
            "the specified rule \"peer: 10.0.0.0/16, TCP, from port: 22, to port: 22, ALLOW\" "
            "already exists",
            ModifySecurityGroupRules, &out, .group_id = web,
            .security_group_rules = LIST_OF(ec2_SecurityGroupRuleUpdate, {b, &narrow}));
    REFUSED(k, INVALID_SECURITY_GROUP_RULE_ID_NOT_FOUND,
            "The security group rule ID 'sgr-12345678' does not exist", ModifySecurityGroupRules,
            &out, .group_id = web,
            .security_group_rules =
                LIST_OF(ec2_SecurityGroupRuleUpdate, {"sgr-12345678", &narrow}));
    narrow.cidr_ipv6 = "::/0";
    ck_assert_int_eq(
        CALL(k, ModifySecurityGroupRules, &out, .group_id = web,
             .security_group_rules = LIST_OF(ec2_SecurityGroupRuleUpdate, {b, &narrow})),
        -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_COMBINATION);
    calls_free(k);
}
END_TEST

START_TEST(descriptions_are_updated_by_rule_and_by_id)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", NULL);
    ec2_AuthorizeSecurityGroupIngress_out made;
    OK(k, AuthorizeSecurityGroupIngress, &made, .group_id = web, PERMISSIONS(SSH("10.0.0.0/8")));
    const char *id = made.security_group_rules.v[0].security_group_rule_id;
    ec2_UpdateSecurityGroupRuleDescriptionsIngress_out out;
    ec2_DescribeSecurityGroupRules_out seen;
    OK(k, UpdateSecurityGroupRuleDescriptionsIngress, &out, .group_id = web,
       PERMISSIONS(
           PERMISSION("tcp", 22, 22, FROM({.cidr_ip = "10.0.0.0/8", .description = "office"}))));
    OK(k, DescribeSecurityGroupRules, &seen, .security_group_rule_ids = LIST(id));
    ck_assert_str_eq(seen.security_group_rules.v[0].description, "office");
    OK(k, UpdateSecurityGroupRuleDescriptionsIngress, &out, .group_id = web,
       .security_group_rule_descriptions = LIST_OF(ec2_SecurityGroupRuleDescription, {id, NULL}));
    OK(k, DescribeSecurityGroupRules, &seen, .security_group_rule_ids = LIST(id));
    ck_assert_ptr_null(seen.security_group_rules.v[0].description);
    REFUSED(k, INVALID_PERMISSION_NOT_FOUND,
            "The specified rule does not exist in this security group.",
            UpdateSecurityGroupRuleDescriptionsIngress, &out, .group_id = web,
            PERMISSIONS(SSH("10.0.0.0/9")));
    ec2_UpdateSecurityGroupRuleDescriptionsEgress_out egress;
    ck_assert_int_eq(CALL(k, UpdateSecurityGroupRuleDescriptionsEgress, &egress, .group_id = web,
                          .security_group_rule_descriptions =
                              LIST_OF(ec2_SecurityGroupRuleDescription, {id, "x"})),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_SECURITY_GROUP_RULE_ID_NOT_FOUND);
    calls_free(k);
}
END_TEST

START_TEST(a_region_has_a_bounded_number_of_groups)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    for (int i = 1; i < 2500; i++) /* and the default one */
        store_insert_security_group(tx, &(struct security_group){
                                            .id = arena_printf(k->arena, "sg-%017d", i),
                                            .account_id = TEST_ACCOUNT,
                                            .region = "us-east-1",
                                            .vpc_id = TEST_VPC,
                                            .name = arena_printf(k->arena, "g%d", i),
                                            .description = "",
                                        });
    struct err e = {0};
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
    ec2_CreateSecurityGroup_out out;
    REFUSED(k, SECURITY_GROUP_LIMIT_EXCEEDED,
            "The maximum number of security groups (2500) for VPC '" TEST_VPC "' has been reached.",
            CreateSecurityGroup, &out, .group_name = "one-more", .description = "x");
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_new_group_lets_everything_out_and_nothing_in, names_and_descriptions_are_checked,
           every_form_of_a_rule_is_taken, bad_rules_are_refused_and_change_nothing,
           a_rule_that_is_there_is_a_duplicate, a_group_has_sixty_rules_in_a_direction,
           rules_are_revoked_by_id_and_by_description,
           an_unknown_rule_is_named_in_a_default_vpc_and_a_fault_elsewhere,
           a_group_in_use_is_not_deleted, groups_are_found_by_name_and_filter,
           rules_are_described_and_modified, descriptions_are_updated_by_rule_and_by_id,
           a_region_has_a_bounded_number_of_groups)
