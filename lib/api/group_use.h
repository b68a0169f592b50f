#pragma once
/*
 * Where a security group may be used: in its own VPC, in those that it is associated with, and, as
 * the source of rules, in VPCs that an active peering joins to its own.
 */
#include "api/call.h"

/* May interfaces of the VPC be members? */
bool group_is_usable_in(struct call *c, const struct security_group *group, const char *vpc_id);
/* The rules of the group have changed: has the VPCs where it is in force follow. */
void group_changed(struct call *c, const struct security_group *group);
/* The VPCs where it is in force, its own first. */
struct wire_strings group_vpcs(struct call *c, const struct security_group *group);

/*
 * Can a rule of `group` name `peer`? When it is behind a peering, the rule keeps which
 * (`peering_id`: the one that the request names, or NULL). InvalidGroup.NotFound when nothing
 * joins the two.
 */
int group_refer(struct call *c, const struct security_group *group,
                const struct security_group *peer, const char *peering_id,
                struct security_group_rule *rule, struct fault *f);
/* "active", "deleted", …: of the peering that a rule names; NULL: it names none. */
const char *rule_peering_status(struct call *c, const struct security_group_rule *rule);
/* Does it name a group that has gone, or a peering that has ended? */
bool rule_is_stale(struct call *c, const struct security_group_rule *rule);

/*
 * Are the rules of the group within AWS's quotas, each direction and family by itself? A prefix
 * list counts as its MaxEntries; `grown` (or NULL) stands in for the row of its id.
 */
bool rules_fit(struct call *c, const char *group_id, const struct prefix_list *grown);
