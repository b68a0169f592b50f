/* Security groups, and what their rules refer to, as the rows say they should be. */
#include "base/text.h"
#include "jobs/plan_parts.h"
#include "store/ports.h"

void plan_load_groups(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct security_group_list groups = store_security_groups(tx, a, "vpc_id", v->vpc_id);
    struct security_group_vpc_list others = store_security_group_vpcs(tx, a, "vpc_id", v->vpc_id);
    for (size_t i = 0; i < others.n; i++) {
        const struct security_group *g = group_association_is_wanted(&others.v[i])
                                             ? store_security_group(tx, a, others.v[i].group_id)
                                             : NULL;
        if (g != NULL)
            *arena_append(a, &groups) = *g;
    }
    struct net_group *out = arena_array(a, groups.n, struct net_group);
    for (size_t i = 0; i < groups.n; i++) {
        struct security_group_rule_list rules =
            store_security_group_rules(tx, a, "group_id", groups.v[i].id);
        out[i] = (struct net_group){groups.v[i].id, rules.v, rules.n};
    }
    v->groups = out;
    v->n_groups = groups.n;
}

static bool is_peer(const struct net_vpc *v, const char *vpc_id)
{
    for (size_t i = 0; i < v->n_peerings; i++)
        if (streq(v->peerings[i].peer_vpc_id, vpc_id))
            return true;
    return false;
}

static bool is_new(struct arena *a, struct plan_words *seen, const char *id)
{
    for (size_t i = 0; i < seen->n; i++)
        if (streq(seen->v[i], id))
            return false;
    *arena_append(a, seen) = id;
    return true;
}

/* Groups of peers and prefix lists, each once. */
void plan_load_references(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct {
        struct net_peer_group *v;
        size_t n;
    } groups = {0};
    struct {
        struct net_prefix_list *v;
        size_t n;
    } lists = {0};
    struct plan_words seen = {0};
    for (size_t i = 0; i < v->n_groups; i++)
        *arena_append(a, &seen) = v->groups[i].group_id;
    for (size_t i = 0; i < v->n_groups; i++)
        for (size_t k = 0; k < v->groups[i].n_rules; k++) {
            const struct security_group_rule *r = &v->groups[i].rules[k];
            if (r->prefix_list_id != NULL && is_new(a, &seen, r->prefix_list_id)) {
                const struct prefix_list *list = store_prefix_list(tx, a, r->prefix_list_id);
                struct plan_words blocks = plan_blocks_of(tx, a, r->prefix_list_id);
                if (list != NULL || blocks.n > 0)
                    *arena_append(a, &lists) = (struct net_prefix_list){
                        r->prefix_list_id, list != NULL && list->is_ipv6, blocks.v, blocks.n};
            }
            if (r->referenced_group_id != NULL && is_new(a, &seen, r->referenced_group_id)) {
                const struct security_group *group =
                    store_security_group(tx, a, r->referenced_group_id);
                if (group == NULL || !is_peer(v, group->vpc_id))
                    continue;
                /* In its own VPC: a peering leads to no further ones that it is associated with. */
                struct text_list members =
                    store_addresses_in_group(tx, a, group->id, group->vpc_id);
                *arena_append(a, &groups) =
                    (struct net_peer_group){group->id, members.v, members.n};
            }
        }
    v->peer_groups = groups.v;
    v->n_peer_groups = groups.n;
    v->prefix_lists = lists.v;
    v->n_prefix_lists = lists.n;
}
