#include "api/filter.h"
#include "api/group_rule.h"
#include "api/group_use.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/prefix_list.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/security_rule.h"

static const char *const taggable[] = {"security-group-rule", NULL};

/* The rules of a group in one direction. */
static struct security_group_rule_list rules_of_group(struct call *c, const char *group_id,
                                                      bool is_egress)
{
    return store_security_group_rules(c->tx, c->arena, "group_id", group_id, "is_egress",
                                      is_egress ? "1" : "0");
}

/* AWS's quotas, looked at when all is written; on a fault nothing of it stays. */
static int check_quota(struct call *c, const struct security_group *group, struct fault *f)
{
    return rules_fit(c, group->id, NULL)
               ? 0
               : fault(f, FAULT_RULES_PER_SECURITY_GROUP_LIMIT_EXCEEDED,
                       "The maximum number of rules per security group has been reached.");
}

static int check_duplicate(const struct security_group_rule_list *there,
                           const struct security_group_rule *rule, struct fault *f)
{
    const struct security_group_rule *same = rule_find_same(there, rule);
    if (same == NULL || streq(same->id, rule->id))
        return 0;
    char words[RULE_WORDS_SIZE];
    security_rule_words(rule, words);
    return fault(f, FAULT_INVALID_PERMISSION_DUPLICATE, "the specified rule \"%s\" already exists",
                 words);
}

static int rules_authorize(struct call *c, const struct security_group *group,
                           const struct rule_request *r,
                           const struct ec2_TagSpecificationList *specifications,
                           struct ec2_SecurityGroupRuleList *ret_rules, struct fault *f)
{
    struct security_group_rule_list rules;
    if (tags_from_specifications(c, specifications, taggable, f) < 0 ||
        rules_of_request(c, group, r, &rules, f) < 0)
        return -1;
    struct security_group_rule_list there = rules_of_group(c, group->id, r->is_egress);
    for (size_t i = 0; i < rules.n; i++) {
        if (check_duplicate(&there, &rules.v[i], f) < 0)
            return -1;
        if (rule_is_stale(c, &rules.v[i]))
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The security group '%s' does not exist, or no VPC peering connection "
                         "leads to it",
                         rules.v[i].referenced_group_id);
    }
    for (size_t i = 0; i < rules.n; i++) {
        char id[ID_SIZE];
        id_new("sgr", id);
        rules.v[i].id = arena_strdup(c->arena, id);
        store_insert_security_group_rule(c->tx, &rules.v[i]);
        tags_put(c, specifications, taggable[0], rules.v[i].id);
        rule_of_row(c, &rules.v[i], arena_append(c->arena, ret_rules));
    }
    group_changed(c, group);
    return check_quota(c, group, f);
}

int act_ec2_AuthorizeSecurityGroupIngress(struct call *c,
                                          const ec2_AuthorizeSecurityGroupIngress_in *in,
                                          ec2_AuthorizeSecurityGroupIngress_out *out,
                                          struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, in->group_name, f);
    if (group == NULL || rules_authorize(c, group, RULE_REQUEST(in, false), &in->tag_specifications,
                                         &out->security_group_rules, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_AuthorizeSecurityGroupEgress(struct call *c,
                                         const ec2_AuthorizeSecurityGroupEgress_in *in,
                                         ec2_AuthorizeSecurityGroupEgress_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, NULL, f);
    if (group == NULL || rules_authorize(c, group, RULE_REQUEST(in, true), &in->tag_specifications,
                                         &out->security_group_rules, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}

/* The group's rule of this id and direction, or NULL with the fault. */
static struct security_group_rule *rule_by_id(struct call *c, const struct security_group *group,
                                              const struct security_group_rule_list *there,
                                              const char *id, struct fault *f)
{
    for (size_t i = 0; i < there->n; i++)
        if (streq(there->v[i].id, id))
            return &there->v[i];
    (void)lookup_fault(c, RESOURCE_SECURITY_GROUP_RULE, &(struct wire_strings){&id, 1}, f);
    return NULL;
}

static int rules_by_ids(struct call *c, const struct security_group *group, bool is_egress,
                        const struct wire_strings *ids, struct security_group_rule_list *ret_rules,
                        struct fault *f)
{
    struct security_group_rule_list there = rules_of_group(c, group->id, is_egress);
    struct wire_strings sorted = strings_sorted(c->arena, ids);
    for (size_t i = 0; i < sorted.n; i++) {
        struct security_group_rule *rule = rule_by_id(c, group, &there, sorted.v[i], f);
        if (rule == NULL)
            return -1;
        *arena_append(c->arena, ret_rules) = *rule;
    }
    return 0;
}

/*
 * The group's rules that the request describes. One that is not there fails the call, but in a
 * default VPC, where the reply names it (AWS: RevokeSecurityGroupIngress).
 */
static int rules_by_description(struct call *c, const struct security_group *group,
                                const struct rule_request *r,
                                struct security_group_rule_list *ret_rules,
                                struct security_group_rule_list *ret_unknown, struct fault *f)
{
    struct security_group_rule_list asked;
    if (rules_of_request(c, group, r, &asked, f) < 0)
        return -1;
    struct vpc *vpc = store_vpc(c->tx, c->arena, group->vpc_id);
    struct security_group_rule_list there = rules_of_group(c, group->id, r->is_egress);
    for (size_t i = 0; i < asked.n; i++) {
        const struct security_group_rule *rule = rule_find_same(&there, &asked.v[i]);
        if (rule != NULL)
            *arena_append(c->arena, ret_rules) = *rule;
        else if (vpc != NULL && vpc->is_default)
            *arena_append(c->arena, ret_unknown) = asked.v[i];
        else
            return fault(f, FAULT_INVALID_PERMISSION_NOT_FOUND,
                         "The specified rule does not exist in this security group.");
    }
    return 0;
}

static struct ec2_RevokedSecurityGroupRule revoked_of_row(const struct security_group_rule *row)
{
    return (struct ec2_RevokedSecurityGroupRule){
        .security_group_rule_id = row->id,
        .group_id = row->group_id,
        .is_egress = wire_bool(row->is_egress),
        .ip_protocol = row->protocol,
        .from_port = wire_int(row->from_port),
        .to_port = wire_int(row->to_port),
        .cidr_ipv4 = row->cidr_ipv4,
        .cidr_ipv6 = row->cidr_ipv6,
        .prefix_list_id = row->prefix_list_id,
        .referenced_group_id = row->referenced_group_id,
        .description = row->description,
    };
}

static int rules_revoke(struct call *c, const struct security_group *group,
                        const struct rule_request *r, const struct wire_strings *ids,
                        struct ec2_RevokedSecurityGroupRuleList *ret_revoked,
                        struct ec2_IpPermissionList *ret_unknown, struct fault *f)
{
    struct security_group_rule_list rules = {0};
    struct security_group_rule_list unknown = {0};
    if (ids->n > 0 && rule_request_is_set(r))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter securityGroupRuleIds cannot be used with a description of "
                     "rules");
    if ((ids->n > 0 ? rules_by_ids(c, group, r->is_egress, ids, &rules, f)
                    : rules_by_description(c, group, r, &rules, &unknown, f)) < 0)
        return -1;
    for (size_t i = 0; i < rules.n; i++) {
        store_delete_security_group_rules(c->tx, "id", rules.v[i].id);
        tags_drop(c, rules.v[i].id);
        *arena_append(c->arena, ret_revoked) = revoked_of_row(&rules.v[i]);
    }
    permissions_of_rules(c, &unknown, r->is_egress, ret_unknown);
    if (rules.n > 0)
        group_changed(c, group);
    return 0;
}

int act_ec2_RevokeSecurityGroupIngress(struct call *c, const ec2_RevokeSecurityGroupIngress_in *in,
                                       ec2_RevokeSecurityGroupIngress_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, in->group_name, f);
    if (group == NULL ||
        rules_revoke(c, group, RULE_REQUEST(in, false), &in->security_group_rule_ids,
                     &out->revoked_security_group_rules, &out->unknown_ip_permissions, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_RevokeSecurityGroupEgress(struct call *c, const ec2_RevokeSecurityGroupEgress_in *in,
                                      ec2_RevokeSecurityGroupEgress_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, NULL, f);
    if (group == NULL ||
        rules_revoke(c, group, RULE_REQUEST(in, true), &in->security_group_rule_ids,
                     &out->revoked_security_group_rules, &out->unknown_ip_permissions, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}

static const struct filter_path rule_filters[] = {
    {"group-id", "GroupId"},
    {"security-group-rule-id", "SecurityGroupRuleId"},
};

int act_ec2_DescribeSecurityGroupRules(struct call *c, const ec2_DescribeSecurityGroupRules_in *in,
                                       ec2_DescribeSecurityGroupRules_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, rule_filters, SecurityGroupRule);
    struct security_group_rule_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->security_group_rule_ids.n > 0, &page,
                   f) < 0 ||
        lookup_security_group_rules(c, &in->security_group_rule_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_SecurityGroupRule rule;
        rule_of_row(c, &rows.v[i], &rule);
        if (filters_match(&filters, &rule, NULL) && page_admit(&page, rule.security_group_rule_id))
            *arena_append(c->arena, &out->security_group_rules) = rule;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* The rule as it is to be; id, group and direction stay. */
static int rule_of_update(struct call *c, const struct security_group *group,
                          const struct security_group_rule *old,
                          const struct ec2_SecurityGroupRuleRequest *r,
                          struct security_group_rule *ret_rule, struct fault *f)
{
    struct security_group_rule rule = {
        .id = old->id,
        .account_id = old->account_id,
        .region = old->region,
        .group_id = old->group_id,
        .is_egress = old->is_egress,
    };
    if ((r->cidr_ipv4 != NULL) + (r->cidr_ipv6 != NULL) + (r->prefix_list_id != NULL) +
            (r->referenced_group_id != NULL) !=
        1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A rule takes exactly one of the parameters cidrIpv4, cidrIpv6, prefixListId "
                     "and referencedGroupId");
    if (security_rule_set_traffic(c->arena, &rule, r->ip_protocol,
                                  r->from_port.set ? &r->from_port.v : NULL,
                                  r->to_port.set ? &r->to_port.v : NULL, f) < 0 ||
        security_rule_set_description(&rule, r->description, f) < 0)
        return -1;
    if (r->cidr_ipv4 != NULL && security_rule_set_cidr_ipv4(c->arena, &rule, r->cidr_ipv4, f) < 0)
        return -1;
    if (r->cidr_ipv6 != NULL && security_rule_set_cidr_ipv6(c->arena, &rule, r->cidr_ipv6, f) < 0)
        return -1;
    if (r->referenced_group_id != NULL) {
        struct security_group *peer = lookup_security_group(c, r->referenced_group_id, f);
        if (peer == NULL || group_refer(c, group, peer, NULL, &rule, f) < 0)
            return -1;
    }
    if (r->prefix_list_id != NULL) {
        struct prefix_list_ref list;
        if (prefix_list_find(c, r->prefix_list_id, &list, f) < 0)
            return -1;
        rule.prefix_list_id = r->prefix_list_id;
    }
    *ret_rule = rule;
    return 0;
}

int act_ec2_ModifySecurityGroupRules(struct call *c, const ec2_ModifySecurityGroupRules_in *in,
                                     ec2_ModifySecurityGroupRules_out *out, struct fault *f)
{
    struct security_group *group = lookup_security_group(c, in->group_id, f);
    if (group == NULL)
        return -1;
    for (size_t i = 0; i < in->security_group_rules.n; i++) {
        const struct ec2_SecurityGroupRuleUpdate *update = &in->security_group_rules.v[i];
        const char *id = update->security_group_rule_id;
        struct security_group_rule *old = store_security_group_rule(c->tx, c->arena, id);
        struct security_group_rule rule;
        if (old == NULL || !streq(old->group_id, group->id))
            return lookup_fault(c, RESOURCE_SECURITY_GROUP_RULE, &(struct wire_strings){&id, 1}, f);
        if (update->security_group_rule == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter securityGroupRule");
        if (rule_of_update(c, group, old, update->security_group_rule, &rule, f) < 0)
            return -1;
        store_update_security_group_rule(c->tx, &rule);
    }
    /* Looked at when all are changed, so that two rules may change places. */
    for (int egress = 0; egress <= 1; egress++) {
        struct security_group_rule_list rules = rules_of_group(c, group->id, egress == 1);
        for (size_t i = 0; i < rules.n; i++)
            if (check_duplicate(&rules, &rules.v[i], f) < 0)
                return -1;
    }
    if (check_quota(c, group, f) < 0)
        return -1;
    group_changed(c, group);
    out->return_ = wire_bool(true);
    return 0;
}

/* A description changes what is shown and no traffic, so there is nothing to do for the workers. */
static int describe_rules(struct call *c, const struct security_group *group, bool is_egress,
                          const struct ec2_IpPermissionList *permissions,
                          const struct ec2_SecurityGroupRuleDescriptionList *descriptions,
                          struct fault *f)
{
    if (permissions->n > 0 && descriptions->n > 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter ipPermissions cannot be used with the parameter "
                     "securityGroupRuleDescriptions");
    if (permissions->n == 0 && descriptions->n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ipPermissions or "
                     "securityGroupRuleDescriptions");
    struct security_group_rule_list there = rules_of_group(c, group->id, is_egress);
    struct security_group_rule_list asked = {0};
    if (rules_of_permissions(c, group, is_egress, permissions, &asked, f) < 0)
        return -1;
    for (size_t i = 0; i < asked.n; i++) {
        struct security_group_rule *rule = rule_find_same(&there, &asked.v[i]);
        if (rule == NULL)
            return fault(f, FAULT_INVALID_PERMISSION_NOT_FOUND,
                         "The specified rule does not exist in this security group.");
        rule->description = asked.v[i].description;
        store_update_security_group_rule(c->tx, rule);
    }
    for (size_t i = 0; i < descriptions->n; i++) {
        const struct ec2_SecurityGroupRuleDescription *d = &descriptions->v[i];
        if (d->security_group_rule_id == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter securityGroupRuleId");
        struct security_group_rule *rule =
            rule_by_id(c, group, &there, d->security_group_rule_id, f);
        if (rule == NULL || security_rule_set_description(rule, d->description, f) < 0)
            return -1;
        store_update_security_group_rule(c->tx, rule);
    }
    return 0;
}

int act_ec2_UpdateSecurityGroupRuleDescriptionsIngress(
    struct call *c, const ec2_UpdateSecurityGroupRuleDescriptionsIngress_in *in,
    ec2_UpdateSecurityGroupRuleDescriptionsIngress_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, in->group_name, f);
    if (group == NULL || describe_rules(c, group, false, &in->ip_permissions,
                                        &in->security_group_rule_descriptions, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}

int act_ec2_UpdateSecurityGroupRuleDescriptionsEgress(
    struct call *c, const ec2_UpdateSecurityGroupRuleDescriptionsEgress_in *in,
    ec2_UpdateSecurityGroupRuleDescriptionsEgress_out *out, struct fault *f)
{
    struct security_group *group = group_of_request(c, in->group_id, in->group_name, f);
    if (group == NULL || describe_rules(c, group, true, &in->ip_permissions,
                                        &in->security_group_rule_descriptions, f) < 0)
        return -1;
    out->return_ = wire_bool(true);
    return 0;
}
