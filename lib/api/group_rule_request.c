#include "api/group_rule.h"

#include <string.h>

#include "api/group_use.h"
#include "api/lookup.h"
#include "api/prefix_list.h"
#include "base/text.h"
#include "core/security_rule.h"

struct security_group *group_of_request(struct call *c, const char *group_id,
                                        const char *group_name, struct fault *f)
{
    if (group_id != NULL && group_name != NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "The parameter groupName cannot be used with the parameter groupId");
        return NULL;
    }
    if (group_id != NULL)
        return lookup_security_group(c, group_id, f);
    if (group_name == NULL) {
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "The request must contain the parameter groupName or groupId");
        return NULL;
    }
    struct vpc *vpc = lookup_default_vpc(c);
    if (vpc == NULL) {
        (void)fault(f, FAULT_VPC_ID_NOT_SPECIFIED, "No default VPC for this user");
        return NULL;
    }
    struct security_group *group = lookup_group_named(c, vpc->id, group_name);
    if (group == NULL)
        (void)fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                    "The security group '%s' does not exist in default VPC '%s'", group_name,
                    vpc->id);
    return group;
}

struct security_group_rule *rule_find_same(const struct security_group_rule_list *rules,
                                           const struct security_group_rule *rule)
{
    for (size_t i = 0; i < rules->n; i++)
        if (security_rule_same(&rules->v[i], rule))
            return &rules->v[i];
    return NULL;
}

static int add_rule(struct call *c, struct security_group_rule_list *rules,
                    const struct security_group_rule *rule, struct fault *f)
{
    if (rules->n >= RULES_PER_REQUEST_MAX)
        return fault(f, FAULT_RULES_PER_SECURITY_GROUP_LIMIT_EXCEEDED,
                     "The request names more than %d rules", RULES_PER_REQUEST_MAX);
    if (rule_find_same(rules, rule) != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The same permission must not appear multiple times");
    *arena_append(c->arena, rules) = *rule;
    return 0;
}

/*
 * The group's own rule that names this group of a peer, which has gone, or whose peering has: it
 * can still be revoked as it is shown (AWS: "Work with stale security group rules").
 */
static bool is_stale_peer(struct call *c, const struct security_group *group, const char *group_id,
                          struct security_group_rule *rule)
{
    struct security_group_rule_list rules = store_security_group_rules(
        c->tx, c->arena, "group_id", group->id, "referenced_group_id", group_id);
    for (size_t i = 0; i < rules.n; i++)
        if (rule_is_stale(c, &rules.v[i])) {
            rule->referenced_group_id = rules.v[i].referenced_group_id;
            rule->peer_vpc_id = rules.v[i].peer_vpc_id;
            rule->peering_id = rules.v[i].peering_id;
            return true;
        }
    return false;
}

static int set_peer_group(struct call *c, const struct security_group *group,
                          struct security_group_rule *rule, const char *group_id,
                          const char *group_name, const char *owner, const char *peering_id,
                          struct fault *f)
{
    if (group_id == NULL && group_name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER, "Source group ID missing.");
    if (group_id != NULL && group_name != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter groupName cannot be used with the parameter groupId");
    struct security_group *peer = NULL;
    if (group_id != NULL && is_stale_peer(c, group, group_id, rule))
        return 0;
    /* Groups of another account are nothing that exists here. */
    if (owner == NULL || streq(owner, c->principal->account_id)) {
        if (group_id != NULL) {
            peer = lookup_security_group(c, group_id, f);
            if (peer == NULL)
                return -1;
        } else {
            peer = lookup_group_named(c, group->vpc_id, group_name);
        }
    }
    if (peer == NULL)
        return fault(f, FAULT_INVALID_GROUP_NOT_FOUND, "The security group '%s' does not exist",
                     group_id != NULL ? group_id : group_name);
    return group_refer(c, group, peer, peering_id, rule, f);
}

/* The VPC of the group that the rule names, also when that has gone. */
static const char *vpc_of_peer(struct call *c, const struct security_group_rule *rule)
{
    const struct security_group *peer =
        store_security_group(c->tx, c->arena, rule->referenced_group_id);
    return peer == NULL ? rule->peer_vpc_id : peer->vpc_id;
}

static struct security_group_rule rule_of(const struct security_group *group, bool is_egress)
{
    return (struct security_group_rule){
        .account_id = group->account_id,
        .region = group->region,
        .group_id = group->id,
        .is_egress = is_egress,
    };
}

static int add_permission(struct call *c, const struct security_group *group, bool is_egress,
                          const struct ec2_IpPermission *p, struct security_group_rule_list *rules,
                          struct fault *f)
{
    struct security_group_rule traffic = rule_of(group, is_egress);
    if (security_rule_set_traffic(c->arena, &traffic, p->ip_protocol,
                                  p->from_port.set ? &p->from_port.v : NULL,
                                  p->to_port.set ? &p->to_port.v : NULL, f) < 0)
        return -1;
    if (p->ip_ranges.n + p->ipv6_ranges.n + p->user_id_group_pairs.n + p->prefix_list_ids.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "A permission needs at least one of the parameters ipRanges, ipv6Ranges, "
                     "prefixListIds and groups");
    for (size_t i = 0; i < p->ip_ranges.n; i++) {
        const struct ec2_IpRange *range = &p->ip_ranges.v[i];
        struct security_group_rule rule = traffic;
        if (range->cidr_ip == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter cidrIp");
        if (security_rule_set_cidr_ipv4(c->arena, &rule, range->cidr_ip, f) < 0 ||
            security_rule_set_description(&rule, range->description, f) < 0 ||
            add_rule(c, rules, &rule, f) < 0)
            return -1;
    }
    for (size_t i = 0; i < p->ipv6_ranges.n; i++) {
        const struct ec2_Ipv6Range *range = &p->ipv6_ranges.v[i];
        struct security_group_rule rule = traffic;
        if (range->cidr_ipv6 == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter cidrIpv6");
        if (security_rule_set_cidr_ipv6(c->arena, &rule, range->cidr_ipv6, f) < 0 ||
            security_rule_set_description(&rule, range->description, f) < 0 ||
            add_rule(c, rules, &rule, f) < 0)
            return -1;
    }
    for (size_t i = 0; i < p->user_id_group_pairs.n; i++) {
        const struct ec2_UserIdGroupPair *pair = &p->user_id_group_pairs.v[i];
        struct security_group_rule rule = traffic;
        if (set_peer_group(c, group, &rule, pair->group_id, pair->group_name, pair->user_id,
                           pair->vpc_peering_connection_id, f) < 0 ||
            security_rule_set_description(&rule, pair->description, f) < 0 ||
            add_rule(c, rules, &rule, f) < 0)
            return -1;
        if (pair->vpc_id != NULL && !streq(pair->vpc_id, vpc_of_peer(c, &rule)))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The security group '%s' is not in the VPC '%s'", rule.referenced_group_id,
                         pair->vpc_id);
    }
    for (size_t i = 0; i < p->prefix_list_ids.n; i++) {
        const struct ec2_PrefixListId *list = &p->prefix_list_ids.v[i];
        struct security_group_rule rule = traffic;
        struct prefix_list_ref found;
        if (list->prefix_list_id == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter prefixListId");
        if (prefix_list_find(c, list->prefix_list_id, &found, f) < 0 ||
            security_rule_set_description(&rule, list->description, f) < 0)
            return -1;
        rule.prefix_list_id = list->prefix_list_id;
        if (add_rule(c, rules, &rule, f) < 0)
            return -1;
    }
    return 0;
}

int rules_of_permissions(struct call *c, const struct security_group *group, bool is_egress,
                         const struct ec2_IpPermissionList *permissions,
                         struct security_group_rule_list *ret_rules, struct fault *f)
{
    struct security_group_rule_list rules = {0};
    for (size_t i = 0; i < permissions->n; i++)
        if (add_permission(c, group, is_egress, &permissions->v[i], &rules, f) < 0)
            return -1;
    *ret_rules = rules;
    return 0;
}

/* The three rules that a group by name alone means: all of tcp, udp and icmp. */
static int add_peer_group(struct call *c, const struct security_group *group,
                          const struct rule_request *r, struct security_group_rule_list *rules,
                          struct fault *f)
{
    static const struct {
        const char *protocol;
        int64_t from, to;
    } all[] = {{"tcp", 0, 65535}, {"udp", 0, 65535}, {"icmp", -1, -1}};

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct security_group_rule rule = rule_of(group, r->is_egress);
        if (set_peer_group(c, group, &rule, NULL, r->source_group_name, r->source_group_owner_id,
                           NULL, f) < 0 ||
            security_rule_set_traffic(c->arena, &rule, all[i].protocol, &all[i].from, &all[i].to,
                                      f) < 0 ||
            add_rule(c, rules, &rule, f) < 0)
            return -1;
    }
    return 0;
}

static bool is_flat(const struct rule_request *r)
{
    return r->protocol != NULL || r->from_port.set || r->to_port.set || r->cidr_ip != NULL ||
           r->source_group_name != NULL || r->source_group_owner_id != NULL;
}

bool rule_request_is_set(const struct rule_request *r)
{
    return is_flat(r) || r->permissions->n > 0;
}

int rules_of_request(struct call *c, const struct security_group *group,
                     const struct rule_request *r, struct security_group_rule_list *ret_rules,
                     struct fault *f)
{
    if (!rule_request_is_set(r))
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter ipPermissions");
    if (!is_flat(r))
        return rules_of_permissions(c, group, r->is_egress, r->permissions, ret_rules, f);
    if (r->permissions->n > 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter ipPermissions cannot be used with the parameters of a single "
                     "rule");

    struct security_group_rule_list rules = {0};
    if (r->source_group_name != NULL || r->source_group_owner_id != NULL) {
        if (r->protocol != NULL || r->from_port.set || r->to_port.set || r->cidr_ip != NULL)
            return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                         "The parameter sourceSecurityGroupName cannot be used with cidrIp, "
                         "ipProtocol, fromPort and toPort: use ipPermissions");
        if (add_peer_group(c, group, r, &rules, f) < 0)
            return -1;
        *ret_rules = rules;
        return 0;
    }
    struct security_group_rule rule = rule_of(group, r->is_egress);
    if (r->cidr_ip == NULL)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter cidrIp");
    if (security_rule_set_traffic(c->arena, &rule, r->protocol,
                                  r->from_port.set ? &r->from_port.v : NULL,
                                  r->to_port.set ? &r->to_port.v : NULL, f) < 0 ||
        security_rule_set_cidr_ipv4(c->arena, &rule, r->cidr_ip, f) < 0 ||
        add_rule(c, &rules, &rule, f) < 0)
        return -1;
    *ret_rules = rules;
    return 0;
}
