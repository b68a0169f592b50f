/*
 * DescribeSecurityGroupReferences, DescribeStaleSecurityGroups: rules that name groups of peer
 * VPCs, seen from the group that is named, and from the rules that nothing answers to any more.
 */
#include "api/group_rule.h"
#include "api/group_use.h"
#include "api/lookup.h"
#include "api/page.h"
#include "base/text.h"
#include "core/security_rule.h"

static bool is_listed(const ec2_DescribeSecurityGroupReferences_out *out,
                      const struct ec2_SecurityGroupReference *reference)
{
    for (size_t i = 0; i < out->security_group_reference_set.n; i++) {
        const struct ec2_SecurityGroupReference *other = &out->security_group_reference_set.v[i];
        if (streq(other->group_id, reference->group_id) &&
            streq(other->referencing_vpc_id, reference->referencing_vpc_id) &&
            streq(other->vpc_peering_connection_id, reference->vpc_peering_connection_id))
            return true;
    }
    return false;
}

/* The VPCs on the other side of a peering whose groups name this one. */
static void add_references(struct call *c, const struct security_group *group,
                           ec2_DescribeSecurityGroupReferences_out *out)
{
    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "referenced_group_id", group->id);
    for (size_t i = 0; i < rules.n; i++) {
        const struct security_group *from =
            store_security_group(c->tx, c->arena, rules.v[i].group_id);
        if (rules.v[i].peering_id == NULL || from == NULL || rule_is_stale(c, &rules.v[i]))
            continue;
        struct ec2_SecurityGroupReference reference = {
            .group_id = group->id,
            .referencing_vpc_id = from->vpc_id,
            .vpc_peering_connection_id = rules.v[i].peering_id,
        };
        if (!is_listed(out, &reference))
            *arena_append(c->arena, &out->security_group_reference_set) = reference;
    }
}

int act_ec2_DescribeSecurityGroupReferences(struct call *c,
                                            const ec2_DescribeSecurityGroupReferences_in *in,
                                            ec2_DescribeSecurityGroupReferences_out *out,
                                            struct fault *f)
{
    struct security_group_list groups;
    if (lookup_security_groups(c, &in->group_id, &groups, f) < 0)
        return -1;
    for (size_t i = 0; i < groups.n; i++)
        add_references(c, &groups.v[i], out);
    return 0;
}

static struct ec2_StaleIpPermission *permission_for(struct call *c,
                                                    struct ec2_StaleIpPermissionList *permissions,
                                                    struct security_group_rule_list *firsts,
                                                    const struct security_group_rule *rule)
{
    for (size_t i = 0; i < firsts->n; i++)
        if (security_rule_same_traffic(&firsts->v[i], rule))
            return &permissions->v[i];
    *arena_append(c->arena, firsts) = *rule;
    struct ec2_StaleIpPermission *p = arena_append(c->arena, permissions);
    p->ip_protocol = rule->protocol;
    if (security_rule_has_ports(rule)) {
        p->from_port = wire_int(rule->from_port);
        p->to_port = wire_int(rule->to_port);
    }
    return p;
}

static void stale_permissions(struct call *c, const struct security_group *group, bool is_egress,
                              struct ec2_StaleIpPermissionList *ret_permissions)
{
    struct ec2_StaleIpPermissionList permissions = {0};
    struct security_group_rule_list firsts = {0};
    struct security_group_rule_list rules = store_security_group_rules(
        c->tx, c->arena, "group_id", group->id, "is_egress", is_egress ? "1" : "0");
    for (size_t i = 0; i < rules.n; i++)
        if (rule_is_stale(c, &rules.v[i]))
            *arena_append(
                c->arena,
                &permission_for(c, &permissions, &firsts, &rules.v[i])->user_id_group_pairs) =
                pair_of_rule(c, &rules.v[i]);
    wire_list_empty(&permissions);
    *ret_permissions = permissions;
}

int act_ec2_DescribeStaleSecurityGroups(struct call *c,
                                        const ec2_DescribeStaleSecurityGroups_in *in,
                                        ec2_DescribeStaleSecurityGroups_out *out, struct fault *f)
{
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, false, &page, f) < 0 ||
        lookup_vpc(c, in->vpc_id, f) == NULL)
        return -1;
    struct security_group_list groups =
        store_security_groups(c->tx, c->arena, "vpc_id", in->vpc_id);
    for (size_t i = 0; i < groups.n && !page.more; i++) {
        struct ec2_StaleSecurityGroup stale = {
            .description = groups.v[i].description,
            .group_id = groups.v[i].id,
            .group_name = groups.v[i].name,
            .vpc_id = groups.v[i].vpc_id,
        };
        stale_permissions(c, &groups.v[i], false, &stale.stale_ip_permissions);
        stale_permissions(c, &groups.v[i], true, &stale.stale_ip_permissions_egress);
        if (stale.stale_ip_permissions.n + stale.stale_ip_permissions_egress.n > 0 &&
            page_admit(&page, stale.group_id))
            *arena_append(c->arena, &out->stale_security_group_set) = stale;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
