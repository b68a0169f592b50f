/* The policies of AWS are policies, and are found by their ARNs alone. */
#include <string.h>

#include "auth/policy.h"
#include "base/text.h"
#include "core/identity.h"
#include "unit.h"

START_TEST(every_policy_of_aws_can_be_read)
{
    struct arena *a = arena_new();
    ck_assert_uint_ge(aws_policies_n, 9);
    for (unsigned i = 0; i < aws_policies_n; i++) {
        const struct aws_policy *p = &aws_policies[i];
        struct err e = {0};
        ck_assert_msg(policy_parse(a, p->document, strlen(p->document), POLICY_OF_IDENTITY, &e) !=
                          NULL,
                      "%s: %s", p->policy.name, e.message);
        ck_assert_str_eq(
            iam_arn(a, IAM_POLICY, p->policy.account_id, p->policy.path, p->policy.name),
            p->policy.arn);
        ck_assert_msg(iam_id_is(p->policy.id, IAM_POLICY), "%s", p->policy.id);
        ck_assert_ptr_eq(aws_policy_find(p->policy.arn), p);
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(p->policy.id, aws_policies[j].policy.id);
    }
    ck_assert_ptr_null(aws_policy_find("arn:aws:iam::aws:policy/administratoraccess"));
    ck_assert_ptr_null(aws_policy_find("AdministratorAccess"));
    arena_free(a);
}
END_TEST

UNIT_SUITE(every_policy_of_aws_can_be_read)
