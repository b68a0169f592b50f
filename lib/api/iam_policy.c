/* Managed policies: the account's own, and beside them those of AWS. */
#include "api/iam.h"
#include "base/text.h"

static size_t boundary_uses(struct call *c, const char *arn)
{
    const char *account = c->principal->account_id;
    return store_count_iam_users(c->tx, "permissions_boundary", arn, "account_id", account) +
           store_count_iam_roles(c->tx, "permissions_boundary", arn, "account_id", account);
}

static size_t attachments(struct call *c, const char *arn)
{
    return store_count_iam_attachments(c->tx, "policy_arn", arn, "account_id",
                                       c->principal->account_id);
}

struct iam_Policy iam_policy_view(struct call *c, const struct iam_policy *row, bool whole)
{
    struct iam_Policy policy = {
        .policy_name = row->name,
        .policy_id = row->id,
        .arn = row->arn,
        .path = row->path,
        .default_version_id = iam_version_id(c, row->default_version),
        .attachment_count = wire_int((int64_t)attachments(c, row->arn)),
        .permissions_boundary_usage_count = wire_int((int64_t)boundary_uses(c, row->arn)),
        .is_attachable = wire_bool(true),
        .create_date = wire_time(row->created_at),
        .update_date = wire_time(row->updated_at),
    };
    if (whole) {
        policy.description = row->description;
        iam_tags_of(c, row->id, &policy.tags);
    }
    return policy;
}

int act_iam_CreatePolicy(struct call *c, const iam_CreatePolicy_in *in, iam_CreatePolicy_out *out,
                         struct fault *f)
{
    const char *account = c->principal->account_id;
    if (iam_check_name("policyName", in->policy_name, f) < 0 || iam_check_path(in->path, f) < 0 ||
        iam_check_tags(&in->tags, f) < 0 ||
        iam_check_document(c, POLICY_OF_IDENTITY, in->policy_document, IAM_MANAGED_POLICY_SIZE,
                           "PolicySize", f) < 0)
        return -1;
    if (store_count_iam_policies(c->tx, "account_id", account, "name", in->policy_name) > 0)
        return fault(f, FAULT_ENTITY_ALREADY_EXISTS,
                     "A policy called %s already exists. Duplicate names are not allowed.",
                     in->policy_name);
    if (iam_check_quota(store_count_iam_policies(c->tx, "account_id", account), IAM_POLICIES_MAX,
                        "PoliciesPerAccount", f) < 0)
        return -1;
    struct iam_policy policy = {
        .id = iam_id_make(c->arena, IAM_POLICY),
        .account_id = account,
        .path = in->path == NULL ? "/" : in->path,
        .name = in->policy_name,
        .description = in->description,
        .default_version = 1,
        .versions_made = 1,
        .created_at = c->now,
        .updated_at = c->now,
    };
    policy.arn = iam_arn(c->arena, IAM_POLICY, account, policy.path, policy.name);
    store_insert_iam_policy(c->tx, &policy);
    store_insert_iam_policy_version(
        c->tx, &(struct iam_policy_version){policy.id, 1, in->policy_document, c->now});
    if (iam_put_tags(c, IAM_POLICY, policy.id, &in->tags, f) < 0)
        return -1;
    out->policy = IAM_NEW(c, iam_policy_view(c, &policy, true));
    return 0;
}

int act_iam_GetPolicy(struct call *c, const iam_GetPolicy_in *in, iam_GetPolicy_out *out,
                      struct fault *f)
{
    const struct iam_policy *row = iam_find_policy(c, in->policy_arn, f);
    if (row == NULL)
        return -1;
    out->policy = IAM_NEW(c, iam_policy_view(c, row, true));
    return 0;
}

struct iam_policy_list iam_policies_in_scope(struct call *c, bool own, bool of_aws)
{
    struct iam_policy_list all = {0};
    struct iam_policy_list rows = {0};
    if (own)
        rows = store_iam_policies(c->tx, c->arena, "account_id", c->principal->account_id);
    for (size_t i = 0; i < rows.n; i++)
        *arena_append(c->arena, &all) = rows.v[i];
    for (unsigned i = 0; of_aws && i < aws_policies_n; i++)
        *arena_append(c->arena, &all) = aws_policies[i].policy;
    return all;
}

static bool is_asked_for(struct call *c, const iam_ListPolicies_in *in,
                         const struct iam_policy *row)
{
    if (!iam_is_below(row->path, in->path_prefix))
        return false;
    if (streq(in->policy_usage_filter, "PermissionsBoundary"))
        return boundary_uses(c, row->arn) > 0;
    bool attached = wire_true(in->only_attached) || in->policy_usage_filter != NULL;
    return !attached || attachments(c, row->arn) > 0;
}

int act_iam_ListPolicies(struct call *c, const iam_ListPolicies_in *in, iam_ListPolicies_out *out,
                         struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_policy_list rows =
        iam_policies_in_scope(c, !streq(in->scope, "AWS"), !streq(in->scope, "Local"));
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct iam_policy *row = ordered[i].row;
        /* One of AWS may have the name of one of ours. */
        const char *key = arena_printf(c->arena, "%s %s", ordered[i].key,
                                       streq(row->account_id, AWS_ACCOUNT) ? "1" : "0");
        if (is_asked_for(c, in, row) && page_admit(&page, key))
            *arena_append(c->arena, &out->policies) = iam_policy_view(c, row, false);
    }
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_DeletePolicy(struct call *c, const iam_DeletePolicy_in *in, iam_DeletePolicy_out *out,
                         struct fault *f)
{
    const struct iam_policy *row = iam_find_own_policy(c, in->policy_arn, f);
    if (row == NULL)
        return -1;
    if (attachments(c, row->arn) > 0 || boundary_uses(c, row->arn) > 0)
        return fault(f, FAULT_DELETE_CONFLICT, "Cannot delete a policy attached to entities.");
    if (store_count_iam_policy_versions(c->tx, "policy_id", row->id) > 1)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "This policy has more than one version. Before you delete a policy, you must "
                     "delete the policy's versions. The default version is deleted with the "
                     "policy.");
    store_delete_iam_policy_versions(c->tx, "policy_id", row->id);
    store_delete_tags(c->tx, "resource_id", row->id);
    store_delete_iam_policies(c->tx, "id", row->id);
    return 0;
}
