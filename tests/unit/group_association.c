/* Security groups in VPCs beside their own. */
#include <errno.h>

#include "base/text.h"
#include "support/calls.h"
#include "support/machine.h"
#include "unit.h"

static const char *make_group(struct calls *k, const char *name, const char *vpc_id)
{
    ec2_CreateSecurityGroup_out out;
    OK(k, CreateSecurityGroup, &out, .group_name = name, .description = "d", .vpc_id = vpc_id);
    return out.group_id;
}

static void associate(struct calls *k, const char *group_id)
{
    ec2_AssociateSecurityGroupVpc_out out;
    OK(k, AssociateSecurityGroupVpc, &out, .group_id = group_id, .vpc_id = TEST_OTHER_VPC);
    ck_assert_str_eq(out.state, "associating");
}

/* The one association there is; NULL: none. */
static const struct ec2_SecurityGroupVpcAssociation *association(struct calls *k)
{
    ec2_DescribeSecurityGroupVpcAssociations_out out;
    OK(k, DescribeSecurityGroupVpcAssociations, &out, );
    ck_assert_uint_le(out.security_group_vpc_associations.n, 1);
    return out.security_group_vpc_associations.n == 0 ? NULL
                                                      : out.security_group_vpc_associations.v;
}

static const char *interface_in(struct calls *k, const char *subnet_id, const char *group_id)
{
    ec2_CreateNetworkInterface_out out;
    OK(k, CreateNetworkInterface, &out, .subnet_id = subnet_id, .groups = LIST(group_id));
    return out.network_interface->network_interface_id;
}

static const char *subnet_there(struct calls *k)
{
    ec2_CreateSubnet_out out;
    OK(k, CreateSubnet, &out, .vpc_id = TEST_OTHER_VPC, .cidr_block = "10.0.1.0/24");
    return out.subnet->subnet_id;
}

START_TEST(default_groups_and_the_default_vpc_are_left_out)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", TEST_VPC);
    const char *far = make_group(k, "far", TEST_OTHER_VPC);
    ec2_AssociateSecurityGroupVpc_out out;
    ec2_DisassociateSecurityGroupVpc_out away;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The security group '" TEST_GROUP "' is a default security group, which cannot be "
            "associated with another VPC",
            AssociateSecurityGroupVpc, &out, .group_id = TEST_GROUP, .vpc_id = TEST_OTHER_VPC);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Security groups cannot be associated with the default VPC '" TEST_VPC "'",
            AssociateSecurityGroupVpc, &out, .group_id = far, .vpc_id = TEST_VPC);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            arena_printf(k->arena,
                         "The security group '%s' is already associated with the VPC '%s'", far,
                         TEST_OTHER_VPC),
            AssociateSecurityGroupVpc, &out, .group_id = far, .vpc_id = TEST_OTHER_VPC);
    REFUSED(k, INVALID_VPC_ID_NOT_FOUND, "The vpc ID 'vpc-00000000000000001' does not exist",
            AssociateSecurityGroupVpc, &out, .group_id = web, .vpc_id = "vpc-00000000000000001");
    REFUSED(k, INVALID_SECURITY_GROUP_VPC_ASSOCIATION_NOT_FOUND,
            arena_printf(k->arena, "The security group '%s' is not associated with the VPC '%s'",
                         web, TEST_OTHER_VPC),
            DisassociateSecurityGroupVpc, &away, .group_id = web, .vpc_id = TEST_OTHER_VPC);
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1); /* the group that was made there */
    calls_free(k);
}
END_TEST

START_TEST(a_group_is_in_force_in_the_other_vpc_before_it_says_so)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    const char *web = make_group(k, "web", TEST_VPC);
    associate(k, web);
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1);
    ck_assert_str_eq(association(k)->state, "associating");
    ck_assert_str_eq(association(k)->group_id, web);
    ck_assert_str_eq(association(k)->vpc_id, TEST_OTHER_VPC);
    ck_assert_str_eq(association(k)->vpc_owner_id, TEST_ACCOUNT);

    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert(machine_has_group(m, web));
    ck_assert_str_eq(association(k)->state, "associated");
    ck_assert_ptr_null(association(k)->state_reason);
    ec2_AssociateSecurityGroupVpc_out again;
    ck_assert_int_eq(
        CALL(k, AssociateSecurityGroupVpc, &again, .group_id = web, .vpc_id = TEST_OTHER_VPC), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);

    ec2_DisassociateSecurityGroupVpc_out away;
    for (int i = 0; i < 2; i++) {
        OK(k, DisassociateSecurityGroupVpc, &away, .group_id = web, .vpc_id = TEST_OTHER_VPC);
        ck_assert_str_eq(away.state, "disassociating");
    }
    REFUSED(k, INCORRECT_STATE,
            arena_printf(k->arena,
                         "The association of the security group '%s' with the VPC '%s' is "
                         "'disassociating'; it can be made anew once it is gone",
                         web, TEST_OTHER_VPC),
            AssociateSecurityGroupVpc, &again, .group_id = web, .vpc_id = TEST_OTHER_VPC);
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert(!machine_has_group(m, web));
    ck_assert_ptr_null(association(k));
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(an_association_that_fails_says_so_and_is_tried_again)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    const char *web = make_group(k, "web", TEST_VPC);
    associate(k, web);
    m->broken = "no room for rules";
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), -EIO);
    ck_assert_str_eq(association(k)->state, "association-failed");
    ck_assert_str_eq(association(k)->state_reason, "no room for rules");
    /* Nothing of it is to be had meanwhile. */
    ec2_CreateNetworkInterface_out out;
    const char *subnet = subnet_there(k);
    ck_assert_int_eq(
        CALL(k, CreateNetworkInterface, &out, .subnet_id = subnet, .groups = LIST(web)), -1);
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert_str_eq(association(k)->state, "associated");
    ck_assert_ptr_null(association(k)->state_reason);

    ec2_DisassociateSecurityGroupVpc_out away;
    OK(k, DisassociateSecurityGroupVpc, &away, .group_id = web, .vpc_id = TEST_OTHER_VPC);
    m->broken = "the kernel is busy";
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), -EIO);
    ck_assert_str_eq(association(k)->state, "disassociation-failed");
    ck_assert_str_eq(association(k)->state_reason, "the kernel is busy");
    m->broken = NULL;
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert_ptr_null(association(k));
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(interfaces_and_rules_of_the_other_vpc_use_it_and_hold_it)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    const char *web = make_group(k, "web", TEST_VPC);
    const char *there = make_group(k, "there", TEST_OTHER_VPC);
    const char *subnet = subnet_there(k);
    associate(k, web);
    ec2_GetSecurityGroupsForVpc_out usable;
    OK(k, GetSecurityGroupsForVpc, &usable, .vpc_id = TEST_OTHER_VPC,
       FILTERED_BY(FILTER("primary-vpc-id", TEST_VPC)));
    ck_assert_uint_eq(usable.security_group_for_vpcs.n, 1);
    ck_assert_str_eq(usable.security_group_for_vpcs.v[0].group_id, web);
    ck_assert_str_eq(usable.security_group_for_vpcs.v[0].primary_vpc_id, TEST_VPC);

    const char *interface_id = interface_in(k, subnet, web);
    ec2_AuthorizeSecurityGroupIngress_out rule;
    OK(k, AuthorizeSecurityGroupIngress, &rule, .group_id = there,
       .ip_permissions =
           LIST_OF(ec2_IpPermission,
                   {.ip_protocol = "-1",
                    .user_id_group_pairs = LIST_OF(ec2_UserIdGroupPair, {.group_id = web})}));
    ck_assert_ptr_null(
        rule.security_group_rules.v[0].referenced_group_info->vpc_peering_connection_id);
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ck_assert_uint_eq(m->wanted.n_ports, 1);
    ck_assert_str_eq(m->wanted.ports[0].group_ids[0], web);
    ck_assert_uint_eq(m->wanted.n_peer_groups, 0);

    ec2_DisassociateSecurityGroupVpc_out away;
    const char *held = arena_printf(
        k->arena, "The security group '%s' is still used in the VPC '%s'", web, TEST_OTHER_VPC);
    REFUSED(k, DEPENDENCY_VIOLATION, held, DisassociateSecurityGroupVpc, &away, .group_id = web,
            .vpc_id = TEST_OTHER_VPC);
    ec2_DeleteNetworkInterface_out deleted;
    OK(k, DeleteNetworkInterface, &deleted, .network_interface_id = interface_id);
    REFUSED(k, DEPENDENCY_VIOLATION, held, DisassociateSecurityGroupVpc, &away, .group_id = web,
            .vpc_id = TEST_OTHER_VPC);
    ec2_DeleteSecurityGroup_out gone;
    OK(k, DeleteSecurityGroup, &gone, .group_id = there);
    OK(k, DisassociateSecurityGroupVpc, &away, .group_id = web, .vpc_id = TEST_OTHER_VPC);
    machine_free(m);
    calls_free(k);
}
END_TEST

START_TEST(a_change_of_its_rules_reaches_every_vpc_it_is_in)
{
    struct calls *k = calls_new();
    const char *web = make_group(k, "web", TEST_VPC);
    associate(k, web);
    struct tx *tx = store_write(k->store);
    store_delete_jobs(tx, "kind", "vpc");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_AuthorizeSecurityGroupIngress_out rule;
    OK(k, AuthorizeSecurityGroupIngress, &rule, .group_id = web, .ip_protocol = "-1",
       .cidr_ip = "0.0.0.0/0");
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1);
    calls_free(k);
}
END_TEST

START_TEST(neither_group_nor_vpc_goes_while_they_are_associated)
{
    struct calls *k = calls_new();
    struct machine *m = machine_new(k);
    const char *web = make_group(k, "web", TEST_VPC);
    associate(k, web);
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    ec2_DeleteSecurityGroup_out gone;
    ec2_DeleteVpc_out deleted;
    REFUSED(k, DEPENDENCY_VIOLATION,
            arena_printf(k->arena, "resource %s has a dependent object", web), DeleteSecurityGroup,
            &gone, .group_id = web);
    REFUSED(k, DEPENDENCY_VIOLATION,
            "The vpc '" TEST_OTHER_VPC "' has dependencies and cannot be deleted. It has a "
            "security group of another VPC, which is associated with it.",
            DeleteVpc, &deleted, .vpc_id = TEST_OTHER_VPC);
    ec2_DisassociateSecurityGroupVpc_out away;
    OK(k, DisassociateSecurityGroupVpc, &away, .group_id = web, .vpc_id = TEST_OTHER_VPC);
    ck_assert_int_eq(CALL(k, DeleteVpc, &deleted, .vpc_id = TEST_OTHER_VPC), -1);
    ck_assert_int_eq(machine_run(m, TEST_OTHER_VPC), 0);
    OK(k, DeleteVpc, &deleted, .vpc_id = TEST_OTHER_VPC);
    OK(k, DeleteSecurityGroup, &gone, .group_id = web);
    machine_free(m);
    calls_free(k);
}
END_TEST

UNIT_SUITE(default_groups_and_the_default_vpc_are_left_out,
           a_group_is_in_force_in_the_other_vpc_before_it_says_so,
           an_association_that_fails_says_so_and_is_tried_again,
           interfaces_and_rules_of_the_other_vpc_use_it_and_hold_it,
           a_change_of_its_rules_reaches_every_vpc_it_is_in,
           neither_group_nor_vpc_goes_while_they_are_associated)
