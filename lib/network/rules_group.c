/* The rules of security groups, and the sets that they refer to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/rules_internal.h"

static const char *ipv6_name(struct rules_builder *b, const char *name)
{
    return arena_printf(b->arena, "%s-v6", name);
}

static bool has_set(const struct net_vpc *intent, const char *group_id)
{
    for (size_t i = 0; i < intent->n_peer_groups; i++)
        if (streq(intent->peer_groups[i].group_id, group_id))
            return true;
    return intent_group(intent, group_id) != NULL;
}

static const struct net_prefix_list *find_list(const struct net_vpc *intent, const char *list_id)
{
    for (size_t i = 0; i < intent->n_prefix_lists; i++)
        if (streq(intent->prefix_lists[i].prefix_list_id, list_id))
            return &intent->prefix_lists[i];
    return NULL;
}

static void match_set(struct rules_builder *b, json_t *list, const char *address, const char *set,
                      bool is_ipv6)
{
    json_t *match = expr_equals(expr_field(rules_protocol_of(is_ipv6), address),
                                arena_printf(b->arena, "@%s", set));
    CHECK(json_array_append_new(list, match) == 0);
}

/* Whom the rule lets in or out, of this family; appends to `list`. False: nobody. */
static bool match_peer(struct rules_builder *b, json_t *list, const struct security_group_rule *r,
                       bool is_ipv6)
{
    const char *address = r->is_egress ? "daddr" : "saddr";
    const char *cidr = is_ipv6 ? r->cidr_ipv6 : r->cidr_ipv4;
    if (cidr != NULL)
        return cidr_is_ipv6(cidr) == is_ipv6 && rules_match_block(list, address, cidr);
    if (r->prefix_list_id != NULL) {
        const struct net_prefix_list *its = find_list(b->intent, r->prefix_list_id);
        if (its == NULL || its->is_ipv6 != is_ipv6)
            return false;
        match_set(b, list, address, its->prefix_list_id, is_ipv6);
        return true;
    }
    const char *group_id = r->referenced_group_id;
    if (group_id == NULL || !has_set(b->intent, group_id) || (is_ipv6 && !b->has_ipv6))
        return false;
    match_set(b, list, address, is_ipv6 ? ipv6_name(b, group_id) : group_id, is_ipv6);
    return true;
}

static int compare_rules(const void *left, const void *right)
{
    const struct security_group_rule *a = *(const struct security_group_rule *const *)left;
    const struct security_group_rule *b = *(const struct security_group_rule *const *)right;
    return strcmp(a->id, b->id);
}

int rules_add_group(struct rules_builder *b, size_t at, struct err *e)
{
    const struct net_group *group = &b->intent->groups[at];
    if (!ruleset_word_ok(group->group_id))
        return err_set(e, EINVAL, "not a group id: %s", group->group_id);
    b->members[at] = rules_add_pair(b, "inet", group->group_id, "ADDRESS", NULL);
    struct ruleset_chain *in =
        ruleset_add_chain(b->rules, "inet", arena_printf(b->arena, "%s-in", group->group_id), NULL);
    struct ruleset_chain *out = ruleset_add_chain(
        b->rules, "inet", arena_printf(b->arena, "%s-out", group->group_id), NULL);

    /* By id: the order in which the rules were read must not look like a change. */
    const struct security_group_rule **sorted =
        arena_array(b->arena, group->n_rules, const struct security_group_rule *);
    for (size_t i = 0; i < group->n_rules; i++)
        sorted[i] = &group->rules[i];
    if (group->n_rules > 1)
        qsort(sorted, group->n_rules, sizeof(sorted[0]), compare_rules);
    for (size_t i = 0; i < group->n_rules; i++) {
        const struct security_group_rule *r = sorted[i];
        if (!ruleset_word_ok(r->id) || !ruleset_word_ok(r->protocol))
            return err_set(e, EINVAL, "%s has a malformed rule", group->group_id);
        for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
            json_t *list = expr_made(json_array());
            if (!match_peer(b, list, r, is_ipv6)) {
                json_decref(list);
                continue;
            }
            rules_match_protocol(list, r->protocol, r->from_port, r->to_port);
            /* What may leave still has to be let in. */
            CHECK(json_array_append_new(list, r->is_egress ? expr_go("deliver")
                                                           : expr_verdict("accept")) == 0);
            ruleset_add_rule(b->rules, r->is_egress ? out : in, list, r->id);
        }
    }
    return 0;
}

int rules_add_references(struct rules_builder *b, struct err *e)
{
    const struct net_vpc *intent = b->intent;
    int r = 0;
    for (size_t i = 0; i < intent->n_prefix_lists && r == 0; i++) {
        const struct net_prefix_list *list = &intent->prefix_lists[i];
        r = rules_add_blocks(b, list->prefix_list_id, list->blocks, list->n_blocks, list->is_ipv6,
                             e);
    }
    for (size_t i = 0; i < intent->n_peer_groups && r == 0; i++) {
        const struct net_peer_group *group = &intent->peer_groups[i];
        if (!ruleset_word_ok(group->group_id))
            return err_set(e, EINVAL, "not a group id: %s", group->group_id);
        struct rules_pair set = rules_add_pair(b, "inet", group->group_id, "ADDRESS", NULL);
        for (size_t k = 0; k < group->n_addresses && r == 0; k++) {
            struct net_ip ip;
            if (net_ip_parse(group->addresses[k], &ip) < 0)
                return err_set(e, EINVAL, "%s: not an address: %s", group->group_id,
                               group->addresses[k]);
            if (set.v[ip.is_ipv6] != NULL)
                ruleset_add_element(b->rules, set.v[ip.is_ipv6], group->addresses[k], NULL, NULL,
                                    NULL);
        }
    }
    return r;
}
