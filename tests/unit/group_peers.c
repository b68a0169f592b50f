/* Security groups beyond their VPC: named across a peering. */
#include "base/text.h"
#include "core/peering.h"
#include "support/calls.h"
#include "unit.h"

#define PEERING "pcx-0a0a0a0a0a0a0a0a0"

static void commit(struct tx *tx)
{
    struct err e = {0};
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
}

static void put_peering(struct calls *k, enum peering_state state)
{
    struct tx *tx = store_write(k->store);
    struct vpc_peering_connection *there = store_vpc_peering_connection(tx, k->arena, PEERING);
    if (there != NULL) {
        there->state = (int)state;
        store_update_vpc_peering_connection(tx, there);
    } else {
        store_insert_vpc_peering_connection(tx, &(struct vpc_peering_connection){
                                                    .id = PEERING,
                                                    .account_id = TEST_ACCOUNT,
                                                    .region = "us-east-1",
                                                    .requester_vpc_id = TEST_VPC,
                                                    .requester_cidr_blocks = "172.31.0.0/16",
                                                    .accepter_account_id = TEST_ACCOUNT,
                                                    .accepter_region = "us-east-1",
                                                    .accepter_vpc_id = TEST_OTHER_VPC,
                                                    .accepter_cidr_blocks = "10.0.0.0/16",
                                                    .state = (int)state,
                                                    .state_message = "",
                                                });
    }
    commit(tx);
}

static const char *make_group(struct calls *k, const char *name, const char *vpc_id)
{
    ec2_CreateSecurityGroup_out out;
    OK(k, CreateSecurityGroup, &out, .group_name = name, .description = "d", .vpc_id = vpc_id);
    return out.group_id;
}

#define FROM_GROUP(...)                                                                            \
    .ip_permissions = LIST_OF(                                                                     \
        ec2_IpPermission, {                                                                        \
                              .ip_protocol = "tcp",                                                \
                              .from_port = {true, 80},                                             \
                              .to_port = {true, 80},                                               \
                              .user_id_group_pairs = LIST_OF(ec2_UserIdGroupPair, __VA_ARGS__),    \
                          })

static struct ec2_UserIdGroupPair pair_of(struct calls *k, const char *group_id)
{
    ec2_DescribeSecurityGroups_out out;
    OK(k, DescribeSecurityGroups, &out, .group_ids = LIST(group_id));
    ck_assert_uint_eq(out.security_groups.v[0].ip_permissions.n, 1);
    return out.security_groups.v[0].ip_permissions.v[0].user_id_group_pairs.v[0];
}

static size_t stale_in(struct calls *k, const char *vpc_id)
{
    ec2_DescribeStaleSecurityGroups_out out;
    OK(k, DescribeStaleSecurityGroups, &out, .vpc_id = vpc_id);
    return out.stale_security_group_set.n;
}

START_TEST(a_group_behind_a_peering_is_named_with_where_it_is)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", TEST_VPC);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_AuthorizeSecurityGroupIngress_out out;
    REFUSED(k, INVALID_GROUP_NOT_FOUND,
            "You have specified two resources that belong to different networks.",
            AuthorizeSecurityGroupIngress, &out, .group_id = web, FROM_GROUP({.group_id = far}));
    put_peering(k, PEERING_PENDING_ACCEPTANCE);
    ck_assert_int_eq(CALL(k, AuthorizeSecurityGroupIngress, &out, .group_id = web,
                          FROM_GROUP({.group_id = far})),
                     -1);
    put_peering(k, PEERING_ACTIVE);
    ck_assert_int_eq(
        CALL(k, AuthorizeSecurityGroupIngress, &out, .group_id = web,
             FROM_GROUP({.group_id = far, .vpc_peering_connection_id = "pcx-00000000000000001"})),
        -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_VPC_PEERING_CONNECTION_ID_NOT_FOUND);
    ck_assert_int_eq(CALL(k, AuthorizeSecurityGroupIngress, &out, .group_id = web,
                          FROM_GROUP({.group_id = far, .vpc_id = TEST_VPC})),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web,
       FROM_GROUP({.group_id = far, .vpc_peering_connection_id = PEERING}));
    const struct ec2_ReferencedSecurityGroup *shown =
        out.security_group_rules.v[0].referenced_group_info;
    ck_assert_str_eq(shown->group_id, far);
    ck_assert_str_eq(shown->vpc_id, TEST_OTHER_VPC);
    ck_assert_str_eq(shown->vpc_peering_connection_id, PEERING);
    ck_assert_str_eq(shown->peering_status, "active");
    struct ec2_UserIdGroupPair pair = pair_of(k, web);
    ck_assert_str_eq(pair.vpc_id, TEST_OTHER_VPC);
    ck_assert_str_eq(pair.vpc_peering_connection_id, PEERING);
    ck_assert_str_eq(pair.peering_status, "active");
    REFUSED(k, INVALID_PERMISSION_DUPLICATE,
            arena_printf(k->arena,
                         "the specified rule \"peer: %s, TCP, from port: 80, to port: 80, ALLOW\" "
                         "already exists",
                         far),
            AuthorizeSecurityGroupIngress, &out, .group_id = web, FROM_GROUP({.group_id = far}));

    ec2_DescribeSecurityGroupReferences_out references;
    OK(k, DescribeSecurityGroupReferences, &references, .group_id = LIST(far));
    ck_assert_uint_eq(references.security_group_reference_set.n, 1);
    ck_assert_str_eq(references.security_group_reference_set.v[0].group_id, far);
    ck_assert_str_eq(references.security_group_reference_set.v[0].referencing_vpc_id, TEST_VPC);
    ck_assert_str_eq(references.security_group_reference_set.v[0].vpc_peering_connection_id,
                     PEERING);
    OK(k, DescribeSecurityGroupReferences, &references, .group_id = LIST(web));
    ck_assert_uint_eq(references.security_group_reference_set.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(a_rule_whose_peering_ends_is_stale_and_can_be_revoked)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", TEST_VPC);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_AuthorizeSecurityGroupIngress_out out;
    put_peering(k, PEERING_ACTIVE);
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web, FROM_GROUP({.group_id = far}));
    ck_assert_uint_eq(stale_in(k, TEST_VPC), 0);
    put_peering(k, PEERING_DELETED);
    ck_assert_uint_eq(stale_in(k, TEST_VPC), 1);
    ck_assert_uint_eq(stale_in(k, TEST_OTHER_VPC), 0);
    ck_assert_str_eq(pair_of(k, web).peering_status, "deleted");
    ec2_DescribeSecurityGroupReferences_out references;
    OK(k, DescribeSecurityGroupReferences, &references, .group_id = LIST(far));
    ck_assert_uint_eq(references.security_group_reference_set.n, 0);
    ck_assert_int_eq(CALL(k, AuthorizeSecurityGroupEgress,
                          &(ec2_AuthorizeSecurityGroupEgress_out){0}, .group_id = web,
                          FROM_GROUP({.group_id = far})),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_GROUP_NOT_FOUND);
    ec2_RevokeSecurityGroupIngress_out revoked;
    OK(k, RevokeSecurityGroupIngress, &revoked, .group_id = web, FROM_GROUP({.group_id = far}));
    ck_assert_uint_eq(stale_in(k, TEST_VPC), 0);
    calls_free(k);
}
END_TEST

START_TEST(a_peer_does_not_hold_a_group_and_its_rule_is_stale_afterwards)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", TEST_VPC);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_AuthorizeSecurityGroupIngress_out out;
    put_peering(k, PEERING_ACTIVE);
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = web, FROM_GROUP({.group_id = far}));
    ec2_DeleteSecurityGroup_out deleted;
    OK(k, DeleteSecurityGroup, &deleted, .group_id = far);
    ec2_DescribeStaleSecurityGroups_out stale;
    OK(k, DescribeStaleSecurityGroups, &stale, .vpc_id = TEST_VPC);
    ck_assert_uint_eq(stale.stale_security_group_set.n, 1);
    const struct ec2_StaleSecurityGroup *group = &stale.stale_security_group_set.v[0];
    ck_assert_str_eq(group->group_id, web);
    ck_assert_uint_eq(group->stale_ip_permissions.n, 1);
    ck_assert_uint_eq(group->stale_ip_permissions_egress.n, 0);
    ck_assert_int_eq(group->stale_ip_permissions.v[0].from_port.v, 80);
    ck_assert_str_eq(group->stale_ip_permissions.v[0].user_id_group_pairs.v[0].group_id, far);
    ck_assert_str_eq(group->stale_ip_permissions.v[0].user_id_group_pairs.v[0].vpc_id,
                     TEST_OTHER_VPC);

    /* in its own VPC a group holds another */
    const char *db = make_group(k, "db", TEST_VPC);
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = db, FROM_GROUP({.group_id = web}));
    REFUSED(k, DEPENDENCY_VIOLATION,
            arena_printf(k->arena, "resource %s has a dependent object", web), DeleteSecurityGroup,
            &deleted, .group_id = web);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_group_behind_a_peering_is_named_with_where_it_is,
           a_rule_whose_peering_ends_is_stale_and_can_be_revoked,
           a_peer_does_not_hold_a_group_and_its_rule_is_stale_afterwards)
