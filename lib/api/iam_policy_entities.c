/* Who has a managed policy: attached, or as the boundary of what they may have. */
#include "api/iam.h"
#include "base/text.h"

/* An entity of whatever kind, as pages go through all of them. */
struct entity {
    enum iam_kind kind;
    const char *id;
    const char *path;
    const char *name;
};

struct entity_list {
    struct entity *v;
    size_t n;
};

static void add(struct call *c, struct entity_list *all, enum iam_kind kind, const char *id,
                const char *path, const char *name)
{
    *arena_append(c->arena, all) = (struct entity){kind, id, path, name};
}

static void add_owner(struct call *c, struct entity_list *all, const char *id)
{
    const struct iam_user *user = store_iam_user(c->tx, c->arena, id);
    const struct iam_group *group = user != NULL ? NULL : store_iam_group(c->tx, c->arena, id);
    const struct iam_role *role =
        user != NULL || group != NULL ? NULL : store_iam_role(c->tx, c->arena, id);
    if (user != NULL)
        add(c, all, IAM_USER, id, user->path, user->name);
    if (group != NULL)
        add(c, all, IAM_GROUP, id, group->path, group->name);
    if (role != NULL)
        add(c, all, IAM_ROLE, id, role->path, role->name);
}

static void add_attached(struct call *c, struct entity_list *all, const char *arn)
{
    struct iam_attachment_list rows = store_iam_attachments(c->tx, c->arena, "policy_arn", arn,
                                                            "account_id", c->principal->account_id);
    for (size_t i = 0; i < rows.n; i++)
        add_owner(c, all, rows.v[i].owner_id);
}

static void add_bounded(struct call *c, struct entity_list *all, const char *arn)
{
    const char *account = c->principal->account_id;
    struct iam_user_list users =
        store_iam_users(c->tx, c->arena, "permissions_boundary", arn, "account_id", account);
    struct iam_role_list roles =
        store_iam_roles(c->tx, c->arena, "permissions_boundary", arn, "account_id", account);
    for (size_t i = 0; i < users.n; i++)
        add(c, all, IAM_USER, users.v[i].id, users.v[i].path, users.v[i].name);
    for (size_t i = 0; i < roles.n; i++)
        add(c, all, IAM_ROLE, roles.v[i].id, roles.v[i].path, roles.v[i].name);
}

static void put(struct call *c, const struct entity *e, iam_ListEntitiesForPolicy_out *out)
{
    switch (e->kind) {
    case IAM_USER:
        *arena_append(c->arena, &out->policy_users) = (struct iam_PolicyUser){e->name, e->id};
        break;
    case IAM_GROUP:
        *arena_append(c->arena, &out->policy_groups) = (struct iam_PolicyGroup){e->name, e->id};
        break;
    case IAM_ROLE:
        *arena_append(c->arena, &out->policy_roles) = (struct iam_PolicyRole){e->name, e->id};
        break;
    case IAM_POLICY:
    case IAM_INSTANCE_PROFILE:
    case _IAM_KIND_MAX:
        break;
    }
}

static bool is_asked_for(const struct entity *e, const iam_ListEntitiesForPolicy_in *in)
{
    static const char *const words[_IAM_KIND_MAX] = {
        [IAM_USER] = "User", [IAM_GROUP] = "Group", [IAM_ROLE] = "Role"};
    return iam_is_below(e->path, in->path_prefix) &&
           (in->entity_filter == NULL || streq(in->entity_filter, words[e->kind]));
}

int act_iam_ListEntitiesForPolicy(struct call *c, const iam_ListEntitiesForPolicy_in *in,
                                  iam_ListEntitiesForPolicy_out *out, struct fault *f)
{
    struct page page;
    struct entity_list all = {0};
    if (iam_find_policy(c, in->policy_arn, f) == NULL ||
        iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    if (!streq(in->policy_usage_filter, "PermissionsBoundary"))
        add_attached(c, &all, in->policy_arn);
    if (!streq(in->policy_usage_filter, "PermissionsPolicy"))
        add_bounded(c, &all, in->policy_arn);
    const struct iam_ordered *ordered = IAM_ORDER(c, all);
    const char *before = NULL;
    for (size_t i = 0; i < all.n && !page.more; i++) {
        const struct entity *e = ordered[i].row;
        /* A user and a group may share a name; one that has it in both ways comes once. */
        const char *key = arena_printf(c->arena, "%s %d", ordered[i].key, (int)e->kind);
        if (!streq(key, before) && is_asked_for(e, in) && page_admit(&page, key))
            put(c, e, out);
        before = key;
    }
    IAM_PAGE_END(c, &page, out);
    return 0;
}
