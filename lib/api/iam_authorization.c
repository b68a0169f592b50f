/* GetAccountAuthorizationDetails: all of an account's identities with all that they may do. */
#include "api/iam.h"
#include "api/last_use.h"
#include "base/text.h"

struct details {
    struct call *c;
    struct page page;
    iam_GetAccountAuthorizationDetails_out *out;
};

/* Pages go through the kinds one after the other: each has a letter before its keys. */
static bool admit(struct details *d, char kind, const char *key)
{
    return page_admit(&d->page, arena_printf(d->c->arena, "%c%s", kind, key));
}

static void add_users(struct details *d)
{
    struct call *c = d->c;
    struct iam_user_list rows =
        store_iam_users(c->tx, c->arena, "account_id", c->principal->account_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !d->page.more; i++) {
        const struct iam_user *row = ordered[i].row;
        if (!admit(d, '1', ordered[i].key))
            continue;
        struct iam_UserDetail *user = arena_append(c->arena, &d->out->user_detail_list);
        *user = (struct iam_UserDetail){
            .path = row->path,
            .user_name = row->name,
            .user_id = row->id,
            .arn = iam_user_arn(c->arena, row),
            .create_date = wire_time(row->created_at),
            .permissions_boundary = iam_boundary(c, row->permissions_boundary),
        };
        struct iam_group_list groups = iam_groups_of_user(c, row->id);
        for (size_t g = 0; g < groups.n; g++)
            *arena_append(c->arena, &user->group_list) = groups.v[g].name;
        wire_list_empty(&user->group_list);
        iam_inline_policies(c, row->id, &user->user_policy_list);
        iam_attached_policies(c, row->id, &user->attached_managed_policies);
        iam_tags_of(c, row->id, &user->tags);
    }
}

static void add_groups(struct details *d)
{
    struct call *c = d->c;
    struct iam_group_list rows =
        store_iam_groups(c->tx, c->arena, "account_id", c->principal->account_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !d->page.more; i++) {
        const struct iam_group *row = ordered[i].row;
        if (!admit(d, '2', ordered[i].key))
            continue;
        struct iam_GroupDetail *group = arena_append(c->arena, &d->out->group_detail_list);
        *group = (struct iam_GroupDetail){
            .path = row->path,
            .group_name = row->name,
            .group_id = row->id,
            .arn = iam_group_arn(c->arena, row),
            .create_date = wire_time(row->created_at),
        };
        iam_inline_policies(c, row->id, &group->group_policy_list);
        iam_attached_policies(c, row->id, &group->attached_managed_policies);
    }
}

static void add_role(struct details *d, const struct iam_role *row)
{
    struct call *c = d->c;
    struct iam_Role role = iam_role_view(c, row, true);
    struct iam_RoleDetail *detail = arena_append(c->arena, &d->out->role_detail_list);
    *detail = (struct iam_RoleDetail){
        .path = role.path,
        .role_name = role.role_name,
        .role_id = role.role_id,
        .arn = role.arn,
        .create_date = role.create_date,
        .assume_role_policy_document = role.assume_role_policy_document,
        .permissions_boundary = role.permissions_boundary,
        .tags = role.tags,
        .role_last_used = role.role_last_used,
    };
    struct iam_instance_profile_list profiles =
        store_iam_instance_profiles(c->tx, c->arena, "role_id", row->id);
    for (size_t i = 0; i < profiles.n; i++)
        *arena_append(c->arena, &detail->instance_profile_list) =
            iam_instance_profile_view(c, &profiles.v[i], false);
    wire_list_empty(&detail->instance_profile_list);
    iam_inline_policies(c, row->id, &detail->role_policy_list);
    iam_attached_policies(c, row->id, &detail->attached_managed_policies);
}

static void add_roles(struct details *d)
{
    struct call *c = d->c;
    struct iam_role_list rows =
        store_iam_roles(c->tx, c->arena, "account_id", c->principal->account_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !d->page.more; i++)
        if (admit(d, '3', ordered[i].key))
            add_role(d, ordered[i].row);
}

static void add_policy(struct details *d, const struct iam_policy *row)
{
    struct call *c = d->c;
    struct iam_Policy policy = iam_policy_view(c, row, true);
    struct iam_ManagedPolicyDetail *detail = arena_append(c->arena, &d->out->policies);
    *detail = (struct iam_ManagedPolicyDetail){
        .policy_name = policy.policy_name,
        .policy_id = policy.policy_id,
        .arn = policy.arn,
        .path = policy.path,
        .default_version_id = policy.default_version_id,
        .attachment_count = policy.attachment_count,
        .permissions_boundary_usage_count = policy.permissions_boundary_usage_count,
        .is_attachable = policy.is_attachable,
        .description = policy.description,
        .create_date = policy.create_date,
        .update_date = policy.update_date,
    };
    struct iam_policy_version_list versions = iam_versions_of(c, row);
    for (size_t i = 0; i < versions.n; i++)
        *arena_append(c->arena, &detail->policy_version_list) =
            iam_policy_version_view(c, row, &versions.v[i], true);
}

/* Of AWS's policies those alone that somebody has (AWS: "GetAccountAuthorizationDetails"). */
static void add_policies(struct details *d, bool own, bool of_aws)
{
    struct call *c = d->c;
    struct iam_policy_list rows = iam_policies_in_scope(c, own, of_aws);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !d->page.more; i++) {
        const struct iam_policy *row = ordered[i].row;
        bool aws = streq(row->account_id, AWS_ACCOUNT);
        if (aws && store_count_iam_attachments(c->tx, "policy_arn", row->arn, "account_id",
                                               c->principal->account_id) == 0)
            continue;
        if (admit(d, '4', arena_printf(c->arena, "%s %d", ordered[i].key, aws)))
            add_policy(d, row);
    }
}

/* Without a filter everything is asked for. */
static bool wants(const iam_GetAccountAuthorizationDetails_in *in, const char *what)
{
    for (size_t i = 0; i < in->filter.n; i++)
        if (streq(in->filter.v[i], what))
            return true;
    return in->filter.n == 0;
}

int act_iam_GetAccountAuthorizationDetails(struct call *c,
                                           const iam_GetAccountAuthorizationDetails_in *in,
                                           iam_GetAccountAuthorizationDetails_out *out,
                                           struct fault *f)
{
    struct details d = {.c = c, .out = out};
    if (iam_page_begin(c, in->max_items, in->marker, &d.page, f) < 0)
        return -1;
    if (wants(in, "User"))
        add_users(&d);
    if (wants(in, "Group"))
        add_groups(&d);
    if (wants(in, "Role"))
        add_roles(&d);
    add_policies(&d, wants(in, "LocalManagedPolicy"), wants(in, "AWSManagedPolicy"));
    IAM_PAGE_END(c, &d.page, out);
    return 0;
}
