#include "api/group_rule.h"

#include "api/group_use.h"
#include "api/tagging.h"
#include "core/security_rule.h"

static struct ec2_IpPermission *permission_for(struct call *c,
                                               struct ec2_IpPermissionList *permissions,
                                               struct security_group_rule_list *firsts,
                                               const struct security_group_rule *rule)
{
    for (size_t i = 0; i < firsts->n; i++)
        if (security_rule_same_traffic(&firsts->v[i], rule))
            return &permissions->v[i];
    *arena_append(c->arena, firsts) = *rule;
    struct ec2_IpPermission *p = arena_append(c->arena, permissions);
    p->ip_protocol = rule->protocol;
    if (security_rule_has_ports(rule)) {
        p->from_port = wire_int(rule->from_port);
        p->to_port = wire_int(rule->to_port);
    }
    return p;
}

struct ec2_UserIdGroupPair pair_of_rule(struct call *c, const struct security_group_rule *rule)
{
    return (struct ec2_UserIdGroupPair){
        .description = rule->description,
        .user_id = rule->account_id,
        .group_id = rule->referenced_group_id,
        .vpc_id = rule->peer_vpc_id,
        .vpc_peering_connection_id = rule->peering_id,
        .peering_status = rule_peering_status(c, rule),
    };
}

void permissions_of_rules(struct call *c, const struct security_group_rule_list *rules,
                          bool is_egress, struct ec2_IpPermissionList *ret_permissions)
{
    struct ec2_IpPermissionList permissions = {0};
    struct security_group_rule_list firsts = {0}; /* a rule of each permission */
    for (size_t i = 0; i < rules->n; i++) {
        const struct security_group_rule *rule = &rules->v[i];
        if (rule->is_egress != is_egress)
            continue;
        struct ec2_IpPermission *p = permission_for(c, &permissions, &firsts, rule);
        if (rule->cidr_ipv4 != NULL)
            *arena_append(c->arena, &p->ip_ranges) =
                (struct ec2_IpRange){rule->description, rule->cidr_ipv4};
        else if (rule->cidr_ipv6 != NULL)
            *arena_append(c->arena, &p->ipv6_ranges) =
                (struct ec2_Ipv6Range){rule->description, rule->cidr_ipv6};
        else if (rule->referenced_group_id != NULL)
            *arena_append(c->arena, &p->user_id_group_pairs) = pair_of_rule(c, rule);
        else
            *arena_append(c->arena, &p->prefix_list_ids) =
                (struct ec2_PrefixListId){rule->description, rule->prefix_list_id};
    }
    for (size_t i = 0; i < permissions.n; i++) {
        struct ec2_IpPermission *p = &permissions.v[i];
        wire_list_empty(&p->ip_ranges);
        wire_list_empty(&p->ipv6_ranges);
        wire_list_empty(&p->user_id_group_pairs);
        wire_list_empty(&p->prefix_list_ids);
    }
    wire_list_empty(&permissions);
    *ret_permissions = permissions;
}

void rule_of_row(struct call *c, const struct security_group_rule *row,
                 struct ec2_SecurityGroupRule *ret_rule)
{
    struct ec2_SecurityGroupRule rule = {
        .security_group_rule_id = row->id,
        .group_id = row->group_id,
        .group_owner_id = row->account_id,
        .is_egress = wire_bool(row->is_egress),
        .ip_protocol = row->protocol,
        .from_port = wire_int(row->from_port),
        .to_port = wire_int(row->to_port),
        .cidr_ipv4 = row->cidr_ipv4,
        .cidr_ipv6 = row->cidr_ipv6,
        .prefix_list_id = row->prefix_list_id,
        .description = row->description,
        .security_group_rule_arn =
            arena_printf(c->arena, "arn:aws:ec2:%s:%s:security-group-rule/%s", row->region,
                         row->account_id, row->id),
    };
    if (row->referenced_group_id != NULL) {
        rule.referenced_group_info = arena_new_of(c->arena, struct ec2_ReferencedSecurityGroup);
        *rule.referenced_group_info = (struct ec2_ReferencedSecurityGroup){
            .group_id = row->referenced_group_id,
            .user_id = row->account_id,
            .vpc_id = row->peer_vpc_id,
            .vpc_peering_connection_id = row->peering_id,
            .peering_status = rule_peering_status(c, row),
        };
    }
    tags_of(c, row->id, &rule.tags);
    wire_list_empty(&rule.tags);
    *ret_rule = rule;
}
