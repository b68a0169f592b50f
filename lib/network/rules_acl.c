/*
 * Network ACLs: stateless, in front of everything that knows of connections, so that they cut at
 * once (AWS: "Control subnet traffic with network access control lists"). Only what crosses a
 * subnet's edge meets them: it enters or leaves by the bridge of a subnet and not by the same one.
 * What the router itself answers (DHCP, DNS) is not forwarded and does not.
 *
 *     map acl_out           br0 : jump subnet-…-out    where the ACL does not let everything out
 *     chain subnet-…-out    oifname br0 return, goto acl-…-out
 *     chain acl-…-out       one rule per entry, its number as the comment; the end drops
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/rules_internal.h"

static const char *const directions[] = {"in", "out"};

static bool is_of_family(const struct network_acl_entry *entry, bool is_ipv6)
{
    return is_ipv6 ? entry->cidr_ipv6 != NULL : entry->cidr_ipv4 != NULL;
}

/* Does the first entry that counts for the family let everything through? */
static bool lets_all_through(const struct net_acl *acl, bool is_egress, bool is_ipv6)
{
    const struct network_acl_entry *first = NULL;
    for (size_t i = 0; i < acl->n_entries; i++) {
        const struct network_acl_entry *entry = &acl->entries[i];
        if (entry->is_egress == is_egress && is_of_family(entry, is_ipv6) &&
            (first == NULL || entry->rule_number < first->rule_number))
            first = entry;
    }
    struct net_block block;
    return first != NULL && first->is_allow && first->protocol == ACL_PROTOCOL_ALL &&
           net_block_parse(is_ipv6 ? first->cidr_ipv6 : first->cidr_ipv4, &block) == 0 &&
           block.length == 0;
}

static bool is_open(const struct rules_builder *b, const struct net_acl *acl, bool is_egress)
{
    return lets_all_through(acl, is_egress, false) &&
           (!b->has_ipv6 || lets_all_through(acl, is_egress, true));
}

static int compare_entries(const void *left, const void *right)
{
    const struct network_acl_entry *a = *(const struct network_acl_entry *const *)left;
    const struct network_acl_entry *b = *(const struct network_acl_entry *const *)right;
    return (a->rule_number > b->rule_number) - (a->rule_number < b->rule_number);
}

static int add_entry(struct rules_builder *b, struct ruleset_chain *chain,
                     const struct network_acl_entry *entry, struct err *e)
{
    bool is_icmp = entry->protocol == 1 || entry->protocol == 58;
    const char *protocol = arena_printf(b->arena, "%lld", (long long)entry->protocol);
    const char *cidr = entry->cidr_ipv4 != NULL ? entry->cidr_ipv4 : entry->cidr_ipv6;
    json_t *list = expr_made(json_array());
    if (cidr == NULL || !rules_match_block(list, entry->is_egress ? "daddr" : "saddr", cidr)) {
        json_decref(list);
        return err_set(e, EINVAL, "entry %lld of a network ACL is malformed",
                       (long long)entry->rule_number);
    }
    rules_match_protocol(list, protocol, is_icmp ? entry->icmp_type : entry->from_port,
                         is_icmp ? entry->icmp_code : entry->to_port);
    CHECK(json_array_append_new(list, expr_verdict(entry->is_allow ? "return" : "drop")) == 0);
    ruleset_add_rule(b->rules, chain, list,
                     arena_printf(b->arena, "%lld", (long long)entry->rule_number));
    return 0;
}

static int add_acl(struct rules_builder *b, const struct net_acl *acl, bool is_egress,
                   struct err *e)
{
    if (!ruleset_word_ok(acl->acl_id))
        return err_set(e, EINVAL, "not the id of a network ACL: %s", acl->acl_id);
    const char *name = arena_printf(b->arena, "%s-%s", acl->acl_id, directions[is_egress]);
    struct ruleset_chain *chain = ruleset_add_chain(b->rules, "inet", name, NULL);
    const struct network_acl_entry **sorted =
        arena_array(b->arena, acl->n_entries, const struct network_acl_entry *);
    size_t n = 0;
    for (size_t i = 0; i < acl->n_entries; i++)
        if (acl->entries[i].is_egress == is_egress)
            sorted[n++] = &acl->entries[i];
    if (n > 1)
        qsort(sorted, n, sizeof(sorted[0]), compare_entries);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = add_entry(b, chain, sorted[i], e);
    if (r == 0)
        ruleset_add_rule(b->rules, chain, expr_statements(expr_verdict("drop"), NULL, NULL, NULL),
                         "32767");
    return r;
}

static const struct net_acl *acl_of(const struct rules_builder *b, const struct net_subnet *subnet,
                                    bool is_egress)
{
    const struct net_acl *acl =
        subnet->acl_id == NULL ? NULL : intent_acl(b->intent, subnet->acl_id);
    return acl == NULL || is_open(b, acl, is_egress) ? NULL : acl;
}

/* The rule at the head of `forward`, the map that it looks into, and what that leads to. */
static void add_edge(struct rules_builder *b, struct ruleset_chain *forward, bool is_egress)
{
    static const char *const maps[] = {"acl_in", "acl_out"};
    static const char *const sides[] = {"oifname", "iifname"};
    struct ruleset_set *map = NULL;
    for (size_t i = 0; i < b->intent->n_subnets; i++) {
        const struct net_subnet *subnet = &b->intent->subnets[i];
        const struct net_acl *acl = acl_of(b, subnet, is_egress);
        if (acl == NULL)
            continue;
        if (map == NULL)
            map = ruleset_add_set(b->rules, "inet", maps[is_egress], "\"ifname\"", "verdict");
        const char *name =
            arena_printf(b->arena, "%s-%s", subnet->subnet_id, directions[is_egress]);
        struct ruleset_chain *chain = ruleset_add_chain(b->rules, "inet", name, NULL);
        rules_add(b, chain,
                  expr_statements(expr_equals(expr_meta(sides[!is_egress]), subnet->bridge),
                                  expr_verdict("return"), NULL, NULL));
        rules_add(b, chain,
                  expr_statements(
                      expr_go(arena_printf(b->arena, "%s-%s", acl->acl_id, directions[is_egress])),
                      NULL, NULL, NULL));
        ruleset_add_element(b->rules, map, subnet->bridge, NULL, NULL, name);
    }
    if (map != NULL)
        rules_add(b, forward,
                  expr_statements(expr_vmap(expr_meta(sides[is_egress]),
                                            arena_printf(b->arena, "@%s", maps[is_egress])),
                                  NULL, NULL, NULL));
}

int rules_add_acls(struct rules_builder *b, struct ruleset_chain *forward, struct err *e)
{
    int r = 0;
    for (int is_egress = 1; is_egress >= 0 && r == 0; is_egress--) {
        for (size_t i = 0; i < b->intent->n_acls && r == 0; i++)
            if (!is_open(b, &b->intent->acls[i], is_egress))
                r = add_acl(b, &b->intent->acls[i], is_egress, e);
        if (r == 0)
            add_edge(b, forward, is_egress);
    }
    return r;
}
