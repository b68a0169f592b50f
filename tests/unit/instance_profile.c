/* Instance profiles of instances that are there, and of launches. */
#include "base/text.h"
#include "store/identity.h"
#include "support/calls.h"
#include "unit.h"

#define WEB "arn:aws:iam::" TEST_ACCOUNT ":instance-profile/a/web"

static struct calls *k;

static void put(const char *id, const char *path, const char *name)
{
    struct tx *tx = store_write(k->store);
    store_insert_iam_instance_profile(
        tx, &(struct iam_instance_profile){
                .id = id, .account_id = TEST_ACCOUNT, .path = path, .name = name});
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

static void begin(void)
{
    k = calls_new();
    calls_put_instance(k, INSTANCE_RUNNING);
    put("AIPA1", "/a/", "web");
    put("AIPA2", "/", "other");
}

static void end(void)
{
    calls_free(k);
}

#define PROFILE(...)                                                                               \
    &(struct ec2_IamInstanceProfileSpecification)                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const char *associate(void)
{
    ec2_AssociateIamInstanceProfile_out out;
    OK(k, AssociateIamInstanceProfile, &out, .instance_id = TEST_INSTANCE,
       .iam_instance_profile = PROFILE(.name = "web"));
    const struct ec2_IamInstanceProfileAssociation *a = out.iam_instance_profile_association;
    ck_assert_str_eq(a->state, "associating");
    ck_assert_str_eq(a->instance_id, TEST_INSTANCE);
    ck_assert_str_eq(a->iam_instance_profile->arn, WEB);
    ck_assert_str_eq(a->iam_instance_profile->id, "AIPA1");
    ck_assert(has_prefix(a->association_id, "iip-assoc-"));
    return a->association_id;
}

START_TEST(an_instance_has_one_and_shows_it)
{
    ec2_DescribeIamInstanceProfileAssociations_out found;
    ec2_DescribeInstances_out shown;
    ec2_AssociateIamInstanceProfile_out out;
    const char *id = associate();
    OK(k, DescribeIamInstanceProfileAssociations, &found, .association_ids = LIST(id));
    ck_assert_uint_eq(found.iam_instance_profile_associations.n, 1);
    ck_assert_str_eq(found.iam_instance_profile_associations.v[0].state, "associated");
    OK(k, DescribeIamInstanceProfileAssociations, &found,
       FILTERED_BY(FILTER("instance-id", "i-1")));
    ck_assert_uint_eq(found.iam_instance_profile_associations.n, 0);
    OK(k, DescribeInstances, &shown, FILTERED_BY(FILTER("iam-instance-profile.arn", WEB)));
    ck_assert_uint_eq(shown.reservations.n, 1);
    ck_assert_str_eq(shown.reservations.v[0].instances.v[0].iam_instance_profile->id, "AIPA1");
    REFUSED(k, INCORRECT_STATE, "There is an existing association for instance " TEST_INSTANCE,
            AssociateIamInstanceProfile, &out, .instance_id = TEST_INSTANCE,
            .iam_instance_profile = PROFILE(.name = "other"));
}
END_TEST

START_TEST(one_is_replaced_by_another_under_a_new_id)
{
    ec2_ReplaceIamInstanceProfileAssociation_out out;
    ec2_DisassociateIamInstanceProfile_out ended;
    ec2_DescribeIamInstanceProfileAssociations_out found;
    const char *id = associate();
    OK(k, ReplaceIamInstanceProfileAssociation, &out, .association_id = id,
       .iam_instance_profile = PROFILE(.name = "OTHER"));
    const char *next = out.iam_instance_profile_association->association_id;
    ck_assert_str_ne(next, id);
    ck_assert_str_eq(out.iam_instance_profile_association->iam_instance_profile->id, "AIPA2");
    ck_assert_int_eq(CALL(k, DisassociateIamInstanceProfile, &ended, .association_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_ASSOCIATION_ID_NOT_FOUND);
    OK(k, DisassociateIamInstanceProfile, &ended, .association_id = next);
    ck_assert_str_eq(ended.iam_instance_profile_association->state, "disassociating");
    OK(k, DescribeIamInstanceProfileAssociations, &found, .max_results = wire_int(5));
    ck_assert_uint_eq(found.iam_instance_profile_associations.n, 0);
    ck_assert_ptr_null(found.next_token);
}
END_TEST

START_TEST(what_is_no_profile)
{
    ec2_AssociateIamInstanceProfile_out out;
#define NOT(id, text, ...)                                                                         \
    REFUSED(k, id, text, AssociateIamInstanceProfile, &out, .instance_id = TEST_INSTANCE,          \
            .iam_instance_profile = PROFILE(__VA_ARGS__))
    NOT(INVALID_PARAMETER_VALUE,
        "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile "
        "name",
        .name = "x");
    NOT(INVALID_PARAMETER_VALUE,
        "Value (arn:aws:iam::" TEST_ACCOUNT ":instance-profile/web) for parameter "
        "iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
        .arn = "arn:aws:iam::" TEST_ACCOUNT ":instance-profile/web"); /* the path is another */
    NOT(INVALID_PARAMETER_VALUE,
        "Value (arn:aws:iam::210987654321:instance-profile/a/web) for parameter "
        "iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN",
        .arn = "arn:aws:iam::210987654321:instance-profile/a/web");
    NOT(INVALID_PARAMETER_COMBINATION,
        "The parameter 'iamInstanceProfile.name' may not be used in combination with "
        "'iamInstanceProfile.arn'",
        .arn = WEB, .name = "web");
    NOT(MISSING_PARAMETER, "The request must contain the parameter iamInstanceProfile.name", NULL);
    calls_put_instance(k, INSTANCE_SHUTTING_DOWN);
    ck_assert_int_eq(CALL(k, AssociateIamInstanceProfile, &out, .instance_id = TEST_INSTANCE,
                          .iam_instance_profile = PROFILE(.arn = WEB)),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INCORRECT_INSTANCE_STATE);
}
END_TEST

START_TEST(a_launch_brings_its_own)
{
    ec2_RunInstances_out out;
    OK(k, RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(2),
       .max_count = wire_int(2), .iam_instance_profile = PROFILE(.arn = WEB));
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(out.instances.v[i].iam_instance_profile->arn, WEB);
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance "
            "Profile name",
            RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(1),
            .max_count = wire_int(1), .iam_instance_profile = PROFILE(.name = "x"));
}
END_TEST

UNIT_SUITE_WITH(begin, end, an_instance_has_one_and_shows_it,
                one_is_replaced_by_another_under_a_new_id, what_is_no_profile,
                a_launch_brings_its_own)
