/* What IAM says of an account as a whole: its alias, its numbers. */
#include <string.h>

#include "api/iam.h"
#include "base/text.h"

#define ALIAS_SETTING "account-alias"

static const char *alias_of(struct call *c)
{
    return store_setting_of_account(c->tx, c->arena, c->principal->account_id, GLOBAL_REGION,
                                    ALIAS_SETTING);
}

/* Small letters, digits, and single hyphens between (AWS: "CreateAccountAlias"). */
static int check_alias(const char *alias, struct fault *f)
{
    size_t len = strlen(alias);
    if (alias[strspn(alias, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' && alias[0] != '-' &&
        alias[len - 1] != '-' && strstr(alias, "--") == NULL)
        return 0;
    return fault(f, FAULT_VALIDATION_ERROR,
                 "The account alias may have small letters, digits and single hyphens that are "
                 "neither first nor last");
}

/* An account has one: the next takes its place. No two accounts have the same. */
int act_iam_CreateAccountAlias(struct call *c, const iam_CreateAccountAlias_in *in,
                               iam_CreateAccountAlias_out *out, struct fault *f)
{
    if (check_alias(in->account_alias, f) < 0)
        return -1;
    struct account_setting_list there =
        store_account_settings(c->tx, c->arena, "name", ALIAS_SETTING, "value", in->account_alias);
    if (there.n > 0 && !streq(there.v[0].account_id, c->principal->account_id))
        return fault(f, FAULT_ENTITY_ALREADY_EXISTS, "The account alias %s already exists.",
                     in->account_alias);
    store_put_setting_of_account(c->tx, &(struct account_setting){
                                            .account_id = c->principal->account_id,
                                            .region = GLOBAL_REGION,
                                            .name = ALIAS_SETTING,
                                            .value = in->account_alias,
                                        });
    return 0;
}

int act_iam_DeleteAccountAlias(struct call *c, const iam_DeleteAccountAlias_in *in,
                               iam_DeleteAccountAlias_out *out, struct fault *f)
{
    if (!streq(alias_of(c), in->account_alias))
        return fault(f, FAULT_NO_SUCH_ENTITY, "The account alias %s cannot be found.",
                     in->account_alias);
    store_put_setting_of_account(c->tx, &(struct account_setting){
                                            .account_id = c->principal->account_id,
                                            .region = GLOBAL_REGION,
                                            .name = ALIAS_SETTING,
                                        });
    return 0;
}

int act_iam_ListAccountAliases(struct call *c, const iam_ListAccountAliases_in *in,
                               iam_ListAccountAliases_out *out, struct fault *f)
{
    struct page page;
    if (iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    const char *alias = alias_of(c);
    if (alias != NULL && page_admit(&page, alias))
        *arena_append(c->arena, &out->account_aliases) = alias;
    IAM_PAGE_END(c, &page, out);
    return 0;
}

/* Nobody has a password here. */
int act_iam_GetAccountPasswordPolicy(struct call *c, const struct wire_nothing *in,
                                     iam_GetAccountPasswordPolicy_out *out, struct fault *f)
{
    (void)in, (void)out;
    return fault(f, FAULT_NO_SUCH_ENTITY,
                 "The Password Policy with domain name %s cannot be found.",
                 c->principal->account_id);
}

int act_iam_GetAccountSummary(struct call *c, const struct wire_nothing *in,
                              iam_GetAccountSummary_out *out, struct fault *f)
{
    (void)in, (void)f;
    const char *a = c->principal->account_id;
    struct iam_policy_list policies = store_iam_policies(c->tx, c->arena, "account_id", a);
    size_t versions = 0;
    for (size_t i = 0; i < policies.n; i++)
        versions += store_count_iam_policy_versions(c->tx, "policy_id", policies.v[i].id);
    const struct {
        const char *key;
        size_t value;
    } numbers[] = {
        {"Users", store_count_iam_users(c->tx, "account_id", a)},
        {"UsersQuota", IAM_USERS_MAX},
        {"Groups", store_count_iam_groups(c->tx, "account_id", a)},
        {"GroupsQuota", IAM_GROUPS_MAX},
        {"Roles", store_count_iam_roles(c->tx, "account_id", a)},
        {"RolesQuota", IAM_ROLES_MAX},
        {"InstanceProfiles", store_count_iam_instance_profiles(c->tx, "account_id", a)},
        {"InstanceProfilesQuota", IAM_INSTANCE_PROFILES_MAX},
        {"Policies", policies.n},
        {"PoliciesQuota", IAM_POLICIES_MAX},
        {"PolicyVersionsInUse", versions},
        {"PolicyVersionsInUseQuota", (size_t)IAM_POLICIES_MAX * IAM_VERSIONS_PER_POLICY},
        {"VersionsPerPolicyQuota", IAM_VERSIONS_PER_POLICY},
        {"PolicySizeQuota", IAM_MANAGED_POLICY_SIZE},
        {"UserPolicySizeQuota", IAM_USER_POLICIES_SIZE},
        {"GroupPolicySizeQuota", IAM_GROUP_POLICIES_SIZE},
        {"RolePolicySizeQuota", IAM_ROLE_POLICIES_SIZE},
        {"AssumeRolePolicySizeQuota", IAM_TRUST_POLICY_SIZE},
        {"AttachedPoliciesPerUserQuota", IAM_POLICIES_PER_OWNER},
        {"AttachedPoliciesPerGroupQuota", IAM_POLICIES_PER_OWNER},
        {"AttachedPoliciesPerRoleQuota", IAM_POLICIES_PER_OWNER},
        {"GroupsPerUserQuota", IAM_GROUPS_PER_USER},
        {"AccessKeysPerUserQuota", IAM_KEYS_PER_USER},
        {"AccountAccessKeysPresent", store_count_access_keys(c->tx, "user_id", a) > 0},
        {"AccountMFAEnabled", 0},
        {"AccountPasswordPresent", 0},
        {"AccountSigningCertificatesPresent", 0},
        {"GlobalEndpointTokenVersion", 2},
        {"MFADevices", 0},
        {"MFADevicesInUse", 0},
        {"Providers", 0},
        {"ServerCertificates", 0},
        {"ServerCertificatesQuota", 0},
        {"SigningCertificatesPerUserQuota", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        *arena_append(c->arena, &out->summary_map) =
            (struct iam_SummaryMapTypeEntry){numbers[i].key, wire_int((int64_t)numbers[i].value)};
    return 0;
}
