/* Security groups in VPCs beside their own: associated, shown, taken away. */
#include "api/filter.h"
#include "api/group_use.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "base/text.h"

#define DEFAULT_GROUP "default"

/* One that is on its way out, too; NULL: there is none. */
static struct security_group_vpc *association_of(struct call *c, const char *group_id,
                                                 const char *vpc_id)
{
    struct security_group_vpc_list l =
        store_security_group_vpcs(c->tx, c->arena, "group_id", group_id, "vpc_id", vpc_id);
    return l.n == 0 ? NULL : l.v;
}

/* AWS: AssociateSecurityGroupVpc names neither default groups nor the default VPC. */
static int check_may_associate(struct call *c, const struct security_group *group,
                               const struct vpc *vpc, struct fault *f)
{
    if (streq(group->name, DEFAULT_GROUP))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The security group '%s' is a default security group, which cannot be "
                     "associated with another VPC",
                     group->id);
    if (vpc->is_default)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Security groups cannot be associated with the default VPC '%s'", vpc->id);
    const struct security_group_vpc *there = association_of(c, group->id, vpc->id);
    if (there != NULL && !group_association_is_wanted(there))
        return fault(f, FAULT_INCORRECT_STATE,
                     "The association of the security group '%s' with the VPC '%s' is '%s'; it can "
                     "be made anew once it is gone",
                     group->id, vpc->id, state_name(&group_association_states, there->state));
    if (streq(vpc->id, group->vpc_id) || there != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The security group '%s' is already associated with the VPC '%s'", group->id,
                     vpc->id);
    return 0;
}

int act_ec2_AssociateSecurityGroupVpc(struct call *c, const ec2_AssociateSecurityGroupVpc_in *in,
                                      ec2_AssociateSecurityGroupVpc_out *out, struct fault *f)
{
    struct security_group *group = lookup_security_group(c, in->group_id, f);
    struct vpc *vpc = group == NULL ? NULL : lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL || check_may_associate(c, group, vpc, f) < 0)
        return -1;
    struct security_group_vpc row = {
        .group_id = group->id,
        .vpc_id = vpc->id,
        .account_id = group->account_id,
        .region = group->region,
        .state = GROUP_ASSOCIATING,
    };
    store_insert_security_group_vpc(c->tx, &row);
    vpc_changed(c, vpc->id);
    out->state = state_name(&group_association_states, row.state);
    return 0;
}

static bool is_used_in(struct call *c, const char *group_id, const char *vpc_id)
{
    struct interface_group_list members =
        store_interface_groups(c->tx, c->arena, "group_id", group_id);
    for (size_t i = 0; i < members.n; i++) {
        const struct network_interface *n =
            store_network_interface(c->tx, c->arena, members.v[i].interface_id);
        if (n != NULL && streq(n->vpc_id, vpc_id))
            return true;
    }
    return false;
}

/* Is the group named by rules of groups of that VPC, or the other way round? */
static bool is_named_in(struct call *c, const struct security_group *group, const char *vpc_id)
{
    for (int ours = 0; ours <= 1; ours++) {
        struct security_group_rule_list rules = store_security_group_rules(
            c->tx, c->arena, ours == 1 ? "group_id" : "referenced_group_id", group->id);
        for (size_t i = 0; i < rules.n; i++) {
            const char *other = ours == 1 ? rules.v[i].referenced_group_id : rules.v[i].group_id;
            const struct security_group *g = store_security_group(c->tx, c->arena, other);
            if (g != NULL && rules.v[i].peering_id == NULL && streq(g->vpc_id, vpc_id))
                return true;
        }
    }
    return false;
}

int act_ec2_DisassociateSecurityGroupVpc(struct call *c,
                                         const ec2_DisassociateSecurityGroupVpc_in *in,
                                         ec2_DisassociateSecurityGroupVpc_out *out, struct fault *f)
{
    struct security_group *group = lookup_security_group(c, in->group_id, f);
    struct vpc *vpc = group == NULL ? NULL : lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    struct security_group_vpc *row = association_of(c, group->id, vpc->id);
    if (row == NULL)
        return fault(f, FAULT_INVALID_SECURITY_GROUP_VPC_ASSOCIATION_NOT_FOUND,
                     "The security group '%s' is not associated with the VPC '%s'", group->id,
                     vpc->id);
    if (is_used_in(c, group->id, vpc->id) || is_named_in(c, group, vpc->id))
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The security group '%s' is still used in the VPC '%s'", group->id, vpc->id);
    if (group_association_is_wanted(row)) {
        struct err e = {0};
        if (group_association_enter_state(row, GROUP_DISASSOCIATING, &e) < 0)
            return fault(f, FAULT_INCORRECT_STATE, "%s", e.message);
        row->state_reason = NULL;
        store_update_security_group_vpc(c->tx, row);
        vpc_changed(c, vpc->id);
    }
    out->state = state_name(&group_association_states, row->state);
    return 0;
}

/* AWS: DescribeSecurityGroupVpcAssociations, "Filters". */
static const struct filter_path association_filters[] = {
    {"group-id", "GroupId"}, {"group-owner-id", "GroupOwnerId"}, {"state", "State"},
    {"vpc-id", "VpcId"},     {"vpc-owner-id", "VpcOwnerId"},
};

int act_ec2_DescribeSecurityGroupVpcAssociations(
    struct call *c, const ec2_DescribeSecurityGroupVpcAssociations_in *in,
    ec2_DescribeSecurityGroupVpcAssociations_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, association_filters, SecurityGroupVpcAssociation);
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct security_group_vpc_list rows = store_security_group_vpcs(
        c->tx, c->arena, "account_id", c->principal->account_id, "region", c->region->name);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct security_group_vpc *row = &rows.v[i];
        struct ec2_SecurityGroupVpcAssociation association = {
            .group_id = row->group_id,
            .vpc_id = row->vpc_id,
            .vpc_owner_id = row->account_id,
            .state = state_name(&group_association_states, row->state),
            .state_reason = row->state_reason,
            .group_owner_id = row->account_id,
        };
        const char *key = arena_printf(c->arena, "%s %s", row->group_id, row->vpc_id);
        if (filters_match(&filters, &association, NULL) && page_admit(&page, key))
            *arena_append(c->arena, &out->security_group_vpc_associations) = association;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* AWS: GetSecurityGroupsForVpc, "Filters". */
static const struct filter_path usable_filters[] = {
    {"description", "Description"},     {"group-id", "GroupId"},
    {"group-name", "GroupName"},        {"owner-id", "OwnerId"},
    {"primary-vpc-id", "PrimaryVpcId"},
};

int act_ec2_GetSecurityGroupsForVpc(struct call *c, const ec2_GetSecurityGroupsForVpc_in *in,
                                    ec2_GetSecurityGroupsForVpc_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, usable_filters, SecurityGroupForVpc);
    struct security_group_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0 ||
        lookup_vpc(c, in->vpc_id, f) == NULL ||
        lookup_security_groups(c, &(struct wire_strings){0}, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct security_group *row = &rows.v[i];
        if (!group_is_usable_in(c, row, in->vpc_id))
            continue;
        struct ec2_SecurityGroupForVpc group = {
            .description = row->description,
            .group_name = row->name,
            .owner_id = row->account_id,
            .group_id = row->id,
            .primary_vpc_id = row->vpc_id,
        };
        tags_of(c, row->id, &group.tags);
        wire_list_empty(&group.tags);
        if (filters_match(&filters, &group, NULL) && page_admit(&page, row->id))
            *arena_append(c->arena, &out->security_group_for_vpcs) = group;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
