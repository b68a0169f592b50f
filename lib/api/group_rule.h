#pragma once
/*
 * Rules of security groups as requests bring them and replies show them: the four requests
 * (authorize and revoke, ingress and egress) have the same members under the same names, in a flat
 * form for one rule and as permissions for many.
 */
#include "api/call.h"

/* Rules that one request may name; far more than a group may have. */
#define RULES_PER_REQUEST_MAX 1000

struct rule_request {
    bool is_egress;
    const char *protocol;
    struct opt_int from_port, to_port;
    const char *cidr_ip;
    const char *source_group_name;
    const char *source_group_owner_id;
    const struct ec2_IpPermissionList *permissions;
};

#define RULE_REQUEST(in, egress)                                                                   \
    (&(const struct rule_request){(egress), (in)->ip_protocol, (in)->from_port, (in)->to_port,     \
                                  (in)->cidr_ip, (in)->source_security_group_name,                 \
                                  (in)->source_security_group_owner_id, &(in)->ip_permissions})

/* The group that GroupId, or GroupName in the default VPC, means; NULL with the fault. */
struct security_group *group_of_request(struct call *c, const char *group_id,
                                        const char *group_name, struct fault *f);
/* Does the request name rules at all? */
bool rule_request_is_set(const struct rule_request *r);
/*
 * The rules that the request names, normalised, one per source, in its order, without ids. Groups
 * that they refer to exist, where group_refer() lets them be named, or are those of stale rules
 * that the group has; no rule comes twice.
 */
int rules_of_request(struct call *c, const struct security_group *group,
                     const struct rule_request *r, struct security_group_rule_list *ret_rules,
                     struct fault *f);
/* The same of permissions alone. */
int rules_of_permissions(struct call *c, const struct security_group *group, bool is_egress,
                         const struct ec2_IpPermissionList *permissions,
                         struct security_group_rule_list *ret_rules, struct fault *f);

/* The group that a rule names, as replies show it. */
struct ec2_UserIdGroupPair pair_of_rule(struct call *c, const struct security_group_rule *rule);
/* The rules of one direction as permissions, one for each protocol and range of ports. */
void permissions_of_rules(struct call *c, const struct security_group_rule_list *rules,
                          bool is_egress, struct ec2_IpPermissionList *ret_permissions);
/* A rule as replies show it, with its tags. */
void rule_of_row(struct call *c, const struct security_group_rule *row,
                 struct ec2_SecurityGroupRule *ret_rule);
/* The one of `rules` that lets the same pass, or NULL. */
struct security_group_rule *rule_find_same(const struct security_group_rule_list *rules,
                                           const struct security_group_rule *rule);
