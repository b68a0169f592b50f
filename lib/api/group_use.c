#include "api/group_use.h"

#include "api/lookup.h"
#include "api/prefix_list.h"
#include "base/text.h"
#include "core/security_rule.h"

struct wire_strings group_vpcs(struct call *c, const struct security_group *group)
{
    struct wire_strings vpcs = {0};
    *arena_append(c->arena, &vpcs) = group->vpc_id;
    struct security_group_vpc_list others =
        store_security_group_vpcs(c->tx, c->arena, "group_id", group->id);
    for (size_t i = 0; i < others.n; i++)
        if (group_association_is_wanted(&others.v[i]))
            *arena_append(c->arena, &vpcs) = others.v[i].vpc_id;
    return vpcs;
}

bool group_is_usable_in(struct call *c, const struct security_group *group, const char *vpc_id)
{
    struct security_group_vpc_list there =
        store_security_group_vpcs(c->tx, c->arena, "group_id", group->id, "vpc_id", vpc_id);
    return streq(group->vpc_id, vpc_id) || (there.n > 0 && group_association_is_usable(there.v));
}

void group_changed(struct call *c, const struct security_group *group)
{
    struct wire_strings vpcs = group_vpcs(c, group);
    for (size_t i = 0; i < vpcs.n; i++)
        store_enqueue(c->tx, "vpc", vpcs.v[i], 0);
}

/* The active peering of the two VPCs, or NULL. */
static const struct vpc_peering_connection *peering_of(struct call *c, const char *a, const char *b)
{
    for (int reverse = 0; reverse <= 1; reverse++) {
        struct vpc_peering_connection_list l = store_vpc_peering_connections(
            c->tx, c->arena, "requester_vpc_id", reverse == 1 ? b : a, "accepter_vpc_id",
            reverse == 1 ? a : b, "state", state_name(&peering_states, PEERING_ACTIVE));
        if (l.n > 0)
            return l.v;
    }
    return NULL;
}

int group_refer(struct call *c, const struct security_group *group,
                const struct security_group *peer, const char *peering_id,
                struct security_group_rule *rule, struct fault *f)
{
    const struct vpc_peering_connection *peering = NULL;
    bool together =
        group_is_usable_in(c, peer, group->vpc_id) || group_is_usable_in(c, group, peer->vpc_id);
    if (peering_id != NULL && store_vpc_peering_connection(c->tx, c->arena, peering_id) == NULL)
        return lookup_fault(c, RESOURCE_VPC_PEERING_CONNECTION,
                            &(struct wire_strings){&peering_id, 1}, f);
    if (!together || peering_id != NULL)
        peering = peering_of(c, group->vpc_id, peer->vpc_id);
    if (!together && peering == NULL)
        return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                     "You have specified two resources that belong to different networks.");
    if (peering_id != NULL && (peering == NULL || !streq(peering->id, peering_id)))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The VPC peering connection '%s' does not join the VPCs of the security "
                     "groups '%s' and '%s'",
                     peering_id, group->id, peer->id);
    rule->referenced_group_id = peer->id;
    if (peering != NULL) {
        rule->peer_vpc_id = peer->vpc_id;
        rule->peering_id = peering->id;
    }
    return 0;
}

const char *rule_peering_status(struct call *c, const struct security_group_rule *rule)
{
    if (rule->peering_id == NULL)
        return NULL;
    const struct vpc_peering_connection *peering =
        store_vpc_peering_connection(c->tx, c->arena, rule->peering_id);
    /* The row of one that has ended is forgotten after a while. */
    return state_name(&peering_states, peering == NULL ? PEERING_DELETED : peering->state);
}

bool rule_is_stale(struct call *c, const struct security_group_rule *rule)
{
    return rule->peering_id != NULL &&
           (!streq(rule_peering_status(c, rule), state_name(&peering_states, PEERING_ACTIVE)) ||
            store_security_group(c->tx, c->arena, rule->referenced_group_id) == NULL);
}

/* What a rule counts as; a group counts for both families, and so does what names no block. */
static void add_weight(struct call *c, const struct security_group_rule *rule,
                       const struct prefix_list *grown, int64_t *ipv4, int64_t *ipv6)
{
    struct prefix_list_ref list = {0};
    struct fault none = {0};
    if (rule->prefix_list_id == NULL) {
        *ipv4 += rule->cidr_ipv6 == NULL;
        *ipv6 += rule->cidr_ipv4 == NULL;
        return;
    }
    if (grown != NULL && streq(grown->id, rule->prefix_list_id)) {
        *(grown->is_ipv6 ? ipv6 : ipv4) += grown->max_entries;
        return;
    }
    if (prefix_list_find(c, rule->prefix_list_id, &list, &none) == 0)
        *(list.own != NULL && list.own->is_ipv6 ? ipv6 : ipv4) += prefix_list_weight(&list);
}

bool rules_fit(struct call *c, const char *group_id, const struct prefix_list *grown)
{
    int64_t ipv4[2] = {0};
    int64_t ipv6[2] = {0};
    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "group_id", group_id);
    for (size_t i = 0; i < rules.n; i++)
        add_weight(c, &rules.v[i], grown, &ipv4[rules.v[i].is_egress], &ipv6[rules.v[i].is_egress]);
    for (int egress = 0; egress <= 1; egress++)
        if (ipv4[egress] > RULES_PER_DIRECTION || ipv6[egress] > RULES_PER_DIRECTION)
            return false;
    return true;
}
