/* Who refers to a prefix list, and what that means for them: rules of groups, and routes. */
#include "api/group_use.h"
#include "api/lookup.h"
#include "api/prefix_list.h"
#include "api/route_table.h"
#include "base/text.h"
#include "core/prefix_list.h"
#include "core/security_rule.h"

#define AWS_WEIGHT 1 /* of the lists of S3 and DynamoDB (AWS: "AWS-managed prefix lists") */

int prefix_list_find(struct call *c, const char *id, struct prefix_list_ref *ret, struct fault *f)
{
    struct prefix_list_ref ref = {.aws = aws_prefix_list_find(id)};
    if (ref.aws == NULL)
        ref.own = lookup_prefix_list(c, id, f);
    if (ref.aws == NULL && ref.own == NULL)
        return -1;
    *ret = ref;
    return 0;
}

int64_t prefix_list_weight(const struct prefix_list_ref *ref)
{
    return ref->own != NULL ? ref->own->max_entries : AWS_WEIGHT;
}

int64_t prefix_list_oldest(const struct prefix_list *list)
{
    return list->version > PREFIX_LIST_VERSIONS_MAX ? list->version - PREFIX_LIST_VERSIONS_MAX + 1
                                                    : 1;
}

struct prefix_list_entry_list prefix_list_entries_at(struct call *c, const char *id,
                                                     int64_t version)
{
    struct prefix_list_entry_list all =
        store_prefix_list_entries(c->tx, c->arena, "prefix_list_id", id);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].from_version <= version &&
            (all.v[i].to_version == 0 || all.v[i].to_version > version))
            all.v[n++] = all.v[i];
    all.n = n;
    return all;
}

struct wire_strings prefix_list_users(struct call *c, const char *id)
{
    struct wire_strings users = {0};
    struct security_group_rule_list rules =
        store_security_group_rules(c->tx, c->arena, "prefix_list_id", id, "account_id",
                                   c->principal->account_id, "region", c->region->name);
    for (size_t i = 0; i < rules.n; i++)
        *arena_append(c->arena, &users) = rules.v[i].group_id;
    struct route_list routes = store_routes(c->tx, c->arena, "destination", id);
    for (size_t i = 0; i < routes.n; i++) {
        const struct route_table *table =
            store_route_table(c->tx, c->arena, routes.v[i].route_table_id);
        if (table != NULL && streq(table->account_id, c->principal->account_id) &&
            streq(table->region, c->region->name))
            *arena_append(c->arena, &users) = table->id;
    }
    return strings_sorted(c->arena, &users);
}

struct wire_strings prefix_list_overfull(struct call *c, const struct prefix_list *list,
                                         int64_t max_entries)
{
    struct wire_strings overfull = {0};
    struct wire_strings users = prefix_list_users(c, list->id);
    struct prefix_list grown = *list;
    grown.max_entries = max_entries;
    for (size_t i = 0; i < users.n; i++)
        if (!(has_prefix(users.v[i], "sg-") ? rules_fit : routes_fit)(c, users.v[i], &grown))
            *arena_append(c->arena, &overfull) = users.v[i];
    return overfull;
}

void prefix_list_changed(struct call *c, const char *id)
{
    struct wire_strings users = prefix_list_users(c, id);
    for (size_t i = 0; i < users.n; i++) {
        bool is_group = has_prefix(users.v[i], "sg-");
        struct security_group *group =
            is_group ? store_security_group(c->tx, c->arena, users.v[i]) : NULL;
        const struct route_table *table =
            is_group ? NULL : store_route_table(c->tx, c->arena, users.v[i]);
        if (group != NULL)
            group_changed(c, group);
        if (table != NULL)
            store_enqueue(c->tx, "vpc", table->vpc_id, 0);
    }
}
