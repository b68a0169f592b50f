/* Versions of managed policies: at most five, of which the default one is in force. */
#include "api/iam.h"
#include "base/text.h"

struct iam_PolicyVersion iam_policy_version_view(struct call *c, const struct iam_policy *policy,
                                                 const struct iam_policy_version *row,
                                                 bool with_document)
{
    return (struct iam_PolicyVersion){
        .document = with_document ? iam_encoded(c, row->document) : NULL,
        .version_id = iam_version_id(c, row->number),
        .is_default_version = wire_bool(row->number == policy->default_version),
        .create_date = wire_time(row->created_at),
    };
}

static struct iam_policy_version *find_version(struct call *c, const struct iam_policy *policy,
                                               const char *version_id, struct fault *f)
{
    int64_t number = iam_version_number(version_id);
    struct iam_policy_version *row =
        number == 0 ? NULL : store_managed_policy_version(c->tx, c->arena, policy, number);
    if (row == NULL)
        (void)fault(f, number == 0 ? FAULT_VALIDATION_ERROR : FAULT_NO_SUCH_ENTITY,
                    "Policy %s version %.32s does not exist or is not attachable.", policy->arn,
                    version_id);
    return row;
}

static void make_default(struct call *c, struct iam_policy *policy, int64_t number)
{
    policy->default_version = number;
    policy->updated_at = c->now;
}

int act_iam_CreatePolicyVersion(struct call *c, const iam_CreatePolicyVersion_in *in,
                                iam_CreatePolicyVersion_out *out, struct fault *f)
{
    struct iam_policy *policy = iam_find_own_policy(c, in->policy_arn, f);
    if (policy == NULL || iam_check_document(c, POLICY_OF_IDENTITY, in->policy_document,
                                             IAM_MANAGED_POLICY_SIZE, "PolicySize", f) < 0)
        return -1;
    if (store_count_iam_policy_versions(c->tx, "policy_id", policy->id) >= IAM_VERSIONS_PER_POLICY)
        return fault(f, FAULT_LIMIT_EXCEEDED,
                     "A managed policy can have up to %d versions. Before you create a new "
                     "version, you must delete an existing version.",
                     IAM_VERSIONS_PER_POLICY);
    policy->versions_made++;
    struct iam_policy_version version = {policy->id, policy->versions_made, in->policy_document,
                                         c->now};
    if (wire_true(in->set_as_default))
        make_default(c, policy, version.number);
    store_insert_iam_policy_version(c->tx, &version);
    store_update_iam_policy(c->tx, policy);
    out->policy_version = IAM_NEW(c, iam_policy_version_view(c, policy, &version, false));
    return 0;
}

int act_iam_GetPolicyVersion(struct call *c, const iam_GetPolicyVersion_in *in,
                             iam_GetPolicyVersion_out *out, struct fault *f)
{
    const struct iam_policy *policy = iam_find_policy(c, in->policy_arn, f);
    const struct iam_policy_version *version =
        policy == NULL ? NULL : find_version(c, policy, in->version_id, f);
    if (version == NULL)
        return -1;
    out->policy_version = IAM_NEW(c, iam_policy_version_view(c, policy, version, true));
    return 0;
}

struct iam_policy_version_list iam_versions_of(struct call *c, const struct iam_policy *policy)
{
    struct iam_policy_version_list newest_first = {0};
    struct iam_policy_version_list rows =
        store_iam_policy_versions(c->tx, c->arena, "policy_id", policy->id);
    for (size_t i = rows.n; i > 0; i--)
        *arena_append(c->arena, &newest_first) = rows.v[i - 1];
    if (streq(policy->account_id, AWS_ACCOUNT)) /* no row, and one version */
        *arena_append(c->arena, &newest_first) =
            *store_managed_policy_version(c->tx, c->arena, policy, policy->default_version);
    return newest_first;
}

int act_iam_ListPolicyVersions(struct call *c, const iam_ListPolicyVersions_in *in,
                               iam_ListPolicyVersions_out *out, struct fault *f)
{
    struct page page;
    const struct iam_policy *policy = iam_find_policy(c, in->policy_arn, f);
    if (policy == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_policy_version_list rows = iam_versions_of(c, policy);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        /* Keys go upwards while numbers go down. */
        const char *key =
            arena_printf(c->arena, "%019lld", (long long)(INT64_MAX - rows.v[i].number));
        if (page_admit(&page, key))
            *arena_append(c->arena, &out->versions) =
                iam_policy_version_view(c, policy, &rows.v[i], false);
    }
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_DeletePolicyVersion(struct call *c, const iam_DeletePolicyVersion_in *in,
                                iam_DeletePolicyVersion_out *out, struct fault *f)
{
    const struct iam_policy *policy = iam_find_own_policy(c, in->policy_arn, f);
    const struct iam_policy_version *version =
        policy == NULL ? NULL : find_version(c, policy, in->version_id, f);
    if (version == NULL)
        return -1;
    if (version->number == policy->default_version)
        return fault(f, FAULT_DELETE_CONFLICT, "Cannot delete the default version of a policy.");
    store_delete_iam_policy_versions(c->tx, "policy_id", policy->id, "number",
                                     arena_printf(c->arena, "%lld", (long long)version->number));
    return 0;
}

int act_iam_SetDefaultPolicyVersion(struct call *c, const iam_SetDefaultPolicyVersion_in *in,
                                    iam_SetDefaultPolicyVersion_out *out, struct fault *f)
{
    struct iam_policy *policy = iam_find_own_policy(c, in->policy_arn, f);
    const struct iam_policy_version *version =
        policy == NULL ? NULL : find_version(c, policy, in->version_id, f);
    if (version == NULL)
        return -1;
    make_default(c, policy, version->number);
    store_update_iam_policy(c->tx, policy);
    return 0;
}
