/* Policies that are part of a user, a group or a role. */
#include <string.h>

#include "api/iam.h"
#include "base/text.h"

/* What the owner would have in all, with this one in place of what it has under the name. */
static int check_room(struct call *c, const char *owner_id, const char *name, const char *document,
                      size_t max, const char *word, const char *owner_name, struct fault *f)
{
    size_t size = iam_document_size(document);
    struct iam_inline_policy_list there =
        store_iam_inline_policies(c->tx, c->arena, "owner_id", owner_id);
    for (size_t i = 0; i < there.n; i++)
        size += streq(there.v[i].name, name) ? 0 : iam_document_size(there.v[i].document);
    if (size > max)
        return fault(f, FAULT_LIMIT_EXCEEDED, "Maximum policy size of %zu bytes exceeded for %s %s",
                     max, word, owner_name);
    return 0;
}

static int put(struct call *c, const char *owner_id, const char *name, const char *document,
               struct fault *f)
{
    if (iam_check_name("policyName", name, f) < 0 ||
        iam_check_document(c, POLICY_OF_IDENTITY, document, 0, NULL, f) < 0)
        return -1;
    store_delete_iam_inline_policies(c->tx, "owner_id", owner_id, "name", name);
    store_insert_iam_inline_policy(c->tx, &(struct iam_inline_policy){owner_id, name, document});
    return 0;
}

static const struct iam_inline_policy *find(struct call *c, const char *owner_id, const char *word,
                                            const char *name, struct fault *f)
{
    const struct iam_inline_policy *row = store_inline_policy(c->tx, c->arena, owner_id, name);
    if (row == NULL)
        (void)fault(f, FAULT_NO_SUCH_ENTITY, "The %s policy with name %s cannot be found.", word,
                    name);
    return row;
}

static void list(struct call *c, const char *owner_id, struct page *page,
                 struct wire_strings *ret_names)
{
    struct iam_inline_policy_list rows =
        store_iam_inline_policies(c->tx, c->arena, "owner_id", owner_id); /* by name */
    for (size_t i = 0; i < rows.n && !page->more; i++)
        if (page_admit(page, rows.v[i].name))
            *arena_append(c->arena, ret_names) = rows.v[i].name;
}

void iam_inline_policies(struct call *c, const char *owner_id,
                         struct iam_PolicyDetailList *ret_policies)
{
    struct iam_PolicyDetailList policies = {0};
    struct iam_inline_policy_list rows =
        store_iam_inline_policies(c->tx, c->arena, "owner_id", owner_id);
    for (size_t i = 0; i < rows.n; i++)
        *arena_append(c->arena, &policies) =
            (struct iam_PolicyDetail){rows.v[i].name, iam_encoded(c, rows.v[i].document)};
    wire_list_empty(&policies);
    *ret_policies = policies;
}

/* The three kinds of owners differ in how a request names the one that is meant, and in what it may
 * have. */
#define INLINE_ACTIONS(Noun, word, row, find_owner, find_own, member, max)                         \
    int act_iam_Put##Noun##Policy(struct call *c, const iam_Put##Noun##Policy_in *in,              \
                                  iam_Put##Noun##Policy_out *out, struct fault *f)                 \
    {                                                                                              \
        const struct row *owner = find_own(c, in->member, f);                                      \
        if (owner == NULL || check_room(c, owner->id, in->policy_name, in->policy_document, max,   \
                                        word, owner->name, f) < 0)                                 \
            return -1;                                                                             \
        return put(c, owner->id, in->policy_name, in->policy_document, f);                         \
    }                                                                                              \
    int act_iam_Get##Noun##Policy(struct call *c, const iam_Get##Noun##Policy_in *in,              \
                                  iam_Get##Noun##Policy_out *out, struct fault *f)                 \
    {                                                                                              \
        const struct row *owner = find_owner(c, in->member, f);                                    \
        const struct iam_inline_policy *policy =                                                   \
            owner == NULL ? NULL : find(c, owner->id, word, in->policy_name, f);                   \
        if (policy == NULL)                                                                        \
            return -1;                                                                             \
        out->member = owner->name;                                                                 \
        out->policy_name = policy->name;                                                           \
        out->policy_document = iam_encoded(c, policy->document);                                   \
        return 0;                                                                                  \
    }                                                                                              \
    int act_iam_List##Noun##Policies(struct call *c, const iam_List##Noun##Policies_in *in,        \
                                     iam_List##Noun##Policies_out *out, struct fault *f)           \
    {                                                                                              \
        struct page page;                                                                          \
        const struct row *owner = find_owner(c, in->member, f);                                    \
        if (owner == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)           \
            return -1;                                                                             \
        list(c, owner->id, &page, &out->policy_names);                                             \
        IAM_PAGE_END(c, &page, out);                                                               \
        return 0;                                                                                  \
    }                                                                                              \
    int act_iam_Delete##Noun##Policy(struct call *c, const iam_Delete##Noun##Policy_in *in,        \
                                     iam_Delete##Noun##Policy_out *out, struct fault *f)           \
    {                                                                                              \
        const struct row *owner = find_own(c, in->member, f);                                      \
        if (owner == NULL || find(c, owner->id, word, in->policy_name, f) == NULL)                 \
            return -1;                                                                             \
        store_delete_iam_inline_policies(c->tx, "owner_id", owner->id, "name", in->policy_name);   \
        return 0;                                                                                  \
    }

INLINE_ACTIONS(User, "user", iam_user, iam_find_user, iam_find_user, user_name,
               IAM_USER_POLICIES_SIZE)
INLINE_ACTIONS(Group, "group", iam_group, iam_find_group, iam_find_group, group_name,
               IAM_GROUP_POLICIES_SIZE)
INLINE_ACTIONS(Role, "role", iam_role, iam_find_role, iam_find_own_role, role_name,
               IAM_ROLE_POLICIES_SIZE)
