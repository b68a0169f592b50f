/* Managed policies that users, groups and roles have. */
#include <stdlib.h>
#include <string.h>

#include "api/iam.h"
#include "base/text.h"

int iam_check_no_policies(struct call *c, const char *owner_id, struct fault *f)
{
    if (store_count_iam_inline_policies(c->tx, "owner_id", owner_id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT, "Cannot delete entity, must delete policies first.");
    if (store_count_iam_attachments(c->tx, "owner_id", owner_id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must detach all policies first.");
    return 0;
}

/* One that is attached already stays so. */
static int attach(struct call *c, const char *owner_id, const char *arn, const char *quota,
                  struct fault *f)
{
    if (iam_find_policy(c, arn, f) == NULL)
        return -1;
    if (store_is_attached(c->tx, owner_id, arn))
        return 0;
    if (iam_check_quota(store_count_iam_attachments(c->tx, "owner_id", owner_id),
                        IAM_POLICIES_PER_OWNER, quota, f) < 0)
        return -1;
    store_insert_iam_attachment(c->tx,
                                &(struct iam_attachment){owner_id, arn, c->principal->account_id});
    return 0;
}

static int detach(struct call *c, const char *owner_id, const char *arn, struct fault *f)
{
    if (iam_find_policy(c, arn, f) == NULL)
        return -1;
    if (!store_is_attached(c->tx, owner_id, arn))
        return fault(f, FAULT_NO_SUCH_ENTITY, "Policy %s was not found.", arn);
    store_delete_iam_attachments(c->tx, "owner_id", owner_id, "policy_arn", arn);
    return 0;
}

/* The policies that the owner has, for which there are rows or AWS's table. */
static struct iam_policy_list attached_to(struct call *c, const char *owner_id)
{
    struct iam_policy_list policies = {0};
    struct iam_attachment_list rows = store_iam_attachments(c->tx, c->arena, "owner_id", owner_id);
    for (size_t i = 0; i < rows.n; i++) {
        const struct iam_policy *policy =
            store_managed_policy(c->tx, c->arena, rows.v[i].account_id, rows.v[i].policy_arn);
        if (policy != NULL)
            *arena_append(c->arena, &policies) = *policy;
    }
    return policies;
}

void iam_attached_policies(struct call *c, const char *owner_id,
                           struct iam_AttachedPolicyList *ret_policies)
{
    struct iam_AttachedPolicyList list = {0};
    struct iam_policy_list rows = attached_to(c, owner_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n; i++) {
        const struct iam_policy *row = ordered[i].row;
        *arena_append(c->arena, &list) = (struct iam_AttachedPolicy){row->name, row->arn};
    }
    wire_list_empty(&list);
    *ret_policies = list;
}

/* By ARN: a policy of AWS may have the name of one of ours. */
static int compare_arns(const void *x, const void *y)
{
    return strcmp(((const struct iam_policy *)x)->arn, ((const struct iam_policy *)y)->arn);
}

static void list(struct call *c, const char *owner_id, const char *prefix, struct page *page,
                 struct iam_AttachedPolicyList *ret_policies)
{
    struct iam_policy_list rows = attached_to(c, owner_id);
    if (rows.n > 1)
        qsort(rows.v, rows.n, sizeof(*rows.v), compare_arns);
    for (size_t i = 0; i < rows.n && !page->more; i++)
        if (iam_is_below(rows.v[i].path, prefix) && page_admit(page, rows.v[i].arn))
            *arena_append(c->arena, ret_policies) =
                (struct iam_AttachedPolicy){rows.v[i].name, rows.v[i].arn};
}

/* The three kinds of owners differ in how a request names the one that is meant. */
#define ATTACHMENT_ACTIONS(Noun, row, find, find_own, member, quota)                               \
    int act_iam_Attach##Noun##Policy(struct call *c, const iam_Attach##Noun##Policy_in *in,        \
                                     iam_Attach##Noun##Policy_out *out, struct fault *f)           \
    {                                                                                              \
        const struct row *owner = find_own(c, in->member, f);                                      \
        return owner == NULL ? -1 : attach(c, owner->id, in->policy_arn, quota, f);                \
    }                                                                                              \
    int act_iam_Detach##Noun##Policy(struct call *c, const iam_Detach##Noun##Policy_in *in,        \
                                     iam_Detach##Noun##Policy_out *out, struct fault *f)           \
    {                                                                                              \
        const struct row *owner = find_own(c, in->member, f);                                      \
        return owner == NULL ? -1 : detach(c, owner->id, in->policy_arn, f);                       \
    }                                                                                              \
    int act_iam_ListAttached##Noun##Policies(                                                      \
        struct call *c, const iam_ListAttached##Noun##Policies_in *in,                             \
        iam_ListAttached##Noun##Policies_out *out, struct fault *f)                                \
    {                                                                                              \
        struct page page;                                                                          \
        const struct row *owner = find(c, in->member, f);                                          \
        if (owner == NULL || iam_check_path_prefix(in->path_prefix, f) < 0 ||                      \
            iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)                            \
            return -1;                                                                             \
        list(c, owner->id, in->path_prefix, &page, &out->attached_policies);                       \
        IAM_PAGE_END(c, &page, out);                                                               \
        return 0;                                                                                  \
    }

ATTACHMENT_ACTIONS(User, iam_user, iam_find_user, iam_find_user, user_name, "PoliciesPerUser")
ATTACHMENT_ACTIONS(Group, iam_group, iam_find_group, iam_find_group, group_name, "PoliciesPerGroup")
ATTACHMENT_ACTIONS(Role, iam_role, iam_find_role, iam_find_own_role, role_name, "PoliciesPerRole")
