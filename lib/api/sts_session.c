/* What the actions that begin a session share: its name, its tags, and what narrows it. */
#include <string.h>
#include <strings.h>

#include "api/sts.h"
#include "auth/policy.h"
#include "base/text.h"
#include "store/identity.h"

int sts_check_name(const char *name, const char *parameter, struct fault *f)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "_+=,.@-";
    if (name == NULL || name[strspn(name, allowed)] == '\0')
        return 0;
    return fault(f, FAULT_VALIDATION_ERROR,
                 "1 validation error detected: Value '%.64s' at '%s' failed to satisfy constraint: "
                 "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
                 name, parameter);
}

/* There are no devices here (iam_absent.c), so nobody can have this one. */
int sts_check_device(const char *serial_number, const char *token_code, struct fault *f)
{
    if (serial_number == NULL && token_code == NULL)
        return 0;
    return fault(
        f, FAULT_ACCESS_DENIED,
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your "
        "MFA serial number is valid and associated with this user.");
}

struct session_tag *sts_find_tag(const struct session *s, const char *key)
{
    for (size_t i = 0; i < s->n_tags; i++)
        if (strcasecmp(s->tags[i].key, key) == 0)
            return &s->tags[i];
    return NULL;
}

int sts_add_tag(const struct sts_Tag *tag, struct session *s, struct fault *f)
{
    const struct session_tag *there = sts_find_tag(s, tag->key);
    if (strncasecmp(tag->key, "aws:", strlen("aws:")) == 0)
        return fault(f, FAULT_VALIDATION_ERROR, "Tag keys starting with 'aws:' are reserved");
    if (there != NULL && there->is_transitive)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "One of the specified transitive tag keys can't be set because it conflicts "
                     "with a transitive tag key from the calling session.");
    if (there != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    s->tags[s->n_tags++] = (struct session_tag){tag->key, tag->value, false};
    return 0;
}

int sts_settle_policies(struct call *c, const char *account_id, const char *policy,
                        const struct sts_PolicyDescriptorTypeList *arns, struct session *s,
                        struct fault *f)
{
    struct err e = {0};
    if (policy != NULL &&
        policy_parse(c->arena, policy, strlen(policy), POLICY_OF_IDENTITY, &e) == NULL)
        return fault(f, FAULT_MALFORMED_POLICY_DOCUMENT, "The policy is not valid: %s", e.message);
    if (policy != NULL) {
        s->policies = arena_memdup(c->arena, &policy, sizeof(policy));
        s->n_policies = 1;
    }
    s->policy_arns = arena_array(c->arena, arns->n + 1, const char *);
    for (size_t i = 0; i < arns->n; i++) {
        const char *arn = arns->v[i].arn;
        if (arn == NULL || store_managed_policy(c->tx, c->arena, account_id, arn) == NULL)
            return fault(f, FAULT_VALIDATION_ERROR, "Policy %.256s does not exist",
                         arn == NULL ? "" : arn);
        s->policy_arns[s->n_policy_arns++] = arn;
    }
    return 0;
}
