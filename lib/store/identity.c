#include "store/identity.h"

#include "base/id.h"
#include "base/text.h"

/* Names are unique in an account, so there is at most one. */
#define NAMED(one, many)                                                                           \
    struct one *store_##one##_named(struct tx *tx, struct arena *a, const char *account_id,        \
                                    const char *name)                                              \
    {                                                                                              \
        struct one##_list rows = store_##many(tx, a, "account_id", account_id, "name", name);      \
        return rows.n == 0 ? NULL : &rows.v[0];                                                    \
    }
NAMED(iam_user, iam_users)
NAMED(iam_group, iam_groups)
NAMED(iam_role, iam_roles)
NAMED(iam_instance_profile, iam_instance_profiles)
#undef NAMED

struct iam_policy *store_managed_policy(struct tx *tx, struct arena *a, const char *account_id,
                                        const char *arn)
{
    const struct aws_policy *aws = aws_policy_find(arn);
    if (aws != NULL)
        return arena_memdup(a, &aws->policy, sizeof(aws->policy));
    struct iam_policy_list rows = store_iam_policies(tx, a, "arn", arn, "account_id", account_id);
    return rows.n == 0 ? NULL : &rows.v[0];
}

struct iam_policy_version *store_managed_policy_version(struct tx *tx, struct arena *a,
                                                        const struct iam_policy *policy,
                                                        int64_t number)
{
    const struct aws_policy *aws = aws_policy_find(policy->arn);
    if (aws == NULL) {
        const char *key[] = {policy->id, arena_printf(a, "%lld", (long long)number)};
        return table_get(tx, &table_iam_policy_version, a, key);
    }
    if (number != policy->default_version)
        return NULL;
    struct iam_policy_version *version = arena_new_of(a, struct iam_policy_version);
    *version = (struct iam_policy_version){policy->id, number, aws->document, policy->created_at};
    return version;
}

const char *store_managed_document(struct tx *tx, struct arena *a, const char *account_id,
                                   const char *arn)
{
    const struct iam_policy *policy = store_managed_policy(tx, a, account_id, arn);
    if (policy == NULL)
        return NULL;
    const struct iam_policy_version *version =
        store_managed_policy_version(tx, a, policy, policy->default_version);
    return version == NULL ? NULL : version->document;
}

struct iam_inline_policy *store_inline_policy(struct tx *tx, struct arena *a, const char *owner_id,
                                              const char *name)
{
    const char *key[] = {owner_id, name};
    return table_get(tx, &table_iam_inline_policy, a, key);
}

bool store_is_attached(struct tx *tx, const char *owner_id, const char *policy_arn)
{
    return store_count_iam_attachments(tx, "owner_id", owner_id, "policy_arn", policy_arn) > 0;
}

int store_make_access_key(struct tx *tx, struct arena *a, const struct server_key *k,
                          const char *account_id, const char *user_id, int64_t now,
                          struct access_key_pair *ret_pair, struct err *e)
{
    int r = access_key_make(a, k, ret_pair, e);
    if (r == 0)
        store_insert_access_key(tx, &(struct access_key){
                                        .id = ret_pair->id,
                                        .account_id = account_id,
                                        .user_id = user_id,
                                        .secret = ret_pair->sealed,
                                        .active = true,
                                        .created_at = now,
                                    });
    return r;
}
