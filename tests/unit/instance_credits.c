/* CPU credits: of instances, of families, and what a launch and a resize make of them. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

static const char *credits_of(struct calls *k, const char *id)
{
    ec2_DescribeInstanceCreditSpecifications_out out;
    OK(k, DescribeInstanceCreditSpecifications, &out, .instance_ids = LIST(id));
    ck_assert_uint_eq(out.instance_credit_specifications.n, 1);
    ck_assert_str_eq(out.instance_credit_specifications.v[0].instance_id, id);
    return out.instance_credit_specifications.v[0].cpu_credits;
}

/* How many are shown when none are named. */
static size_t shown(struct calls *k)
{
    ec2_DescribeInstanceCreditSpecifications_out out;
    OK(k, DescribeInstanceCreditSpecifications, &out, .dry_run = wire_bool(false));
    return out.instance_credit_specifications.n;
}

static const char *launch(struct calls *k, const char *type, const char *credits)
{
    ec2_RunInstances_out out;
    struct ec2_CreditSpecificationRequest asked = {credits};
    OK(k, RunInstances, &out, .image_id = TEST_IMAGE, .instance_type = type,
       .min_count = wire_int(1), .max_count = wire_int(1),
       .credit_specification = credits == NULL ? NULL : &asked);
    return out.instances.v[0].instance_id;
}

static ec2_ModifyInstanceCreditSpecification_out changed;
#define CHANGED(k, ...)                                                                            \
    OK(k, ModifyInstanceCreditSpecification, &changed,                                             \
       .instance_credit_specifications =                                                           \
           LIST_OF(ec2_InstanceCreditSpecificationRequest, __VA_ARGS__))

START_TEST(a_launch_takes_what_it_asks_for_or_what_its_family_begins_with)
{
    struct calls *k = calls_new();
    ec2_RunInstances_out out;
    ck_assert_str_eq(credits_of(k, launch(k, "t3.micro", NULL)), "unlimited");
    ck_assert_str_eq(credits_of(k, launch(k, "t2.micro", NULL)), "standard");
    ck_assert_str_eq(credits_of(k, launch(k, "t3.micro", "standard")), "standard");
    ck_assert_str_eq(credits_of(k, launch(k, "t2.micro", "unlimited")), "unlimited");
    REFUSED(k, INSTANCE_CREDIT_SPECIFICATION_NOT_SUPPORTED,
            "The m5.large instance type does not support CPU credits.", RunInstances, &out,
            .image_id = TEST_IMAGE, .instance_type = "m5.large", .min_count = wire_int(1),
            .max_count = wire_int(1),
            .credit_specification = &(struct ec2_CreditSpecificationRequest){"standard"});
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (plenty) for parameter CpuCredits is invalid. It must be standard or unlimited",
            RunInstances, &out, .image_id = TEST_IMAGE, .min_count = wire_int(1),
            .max_count = wire_int(1),
            .credit_specification = &(struct ec2_CreditSpecificationRequest){"plenty"});
    calls_free(k);
}
END_TEST

START_TEST(those_that_are_not_named_are_shown_when_they_are_unlimited)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceCreditSpecifications_out out;
    const char *unlimited = launch(k, "t3.micro", NULL);
    (void)launch(k, "t3.micro", "standard");
    const char *other = launch(k, "m5.large", NULL);
    ck_assert_uint_eq(shown(k), 1);
    OK(k, DescribeInstanceCreditSpecifications, &out, FILTERED_BY(FILTER("instance-id", other)));
    ck_assert_uint_eq(out.instance_credit_specifications.n, 0);
    OK(k, DescribeInstanceCreditSpecifications, &out, FILTERED_BY(FILTER("instance-id", "i-*")));
    ck_assert_str_eq(out.instance_credit_specifications.v[0].instance_id, unlimited);
    ck_assert_int_eq(
        CALL(k, DescribeInstanceCreditSpecifications, &out, .instance_ids = LIST(other)), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INSTANCE_CREDIT_SPECIFICATION_NOT_SUPPORTED);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A list of ids cannot be used with the parameter MaxResults",
            DescribeInstanceCreditSpecifications, &out, .instance_ids = LIST(unlimited),
            .max_results = wire_int(5));
    calls_free(k);
}
END_TEST

START_TEST(pages_hold_all_of_them_once)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceCreditSpecifications_out out;
    for (int i = 0; i < 7; i++)
        (void)launch(k, "t3.nano", NULL);
    OK(k, DescribeInstanceCreditSpecifications, &out, .max_results = wire_int(5));
    ck_assert_uint_eq(out.instance_credit_specifications.n, 5);
    const char *last = out.instance_credit_specifications.v[4].instance_id;
    OK(k, DescribeInstanceCreditSpecifications, &out, .max_results = wire_int(5),
       .next_token = out.next_token);
    ck_assert_uint_eq(out.instance_credit_specifications.n, 2);
    ck_assert_str_gt(out.instance_credit_specifications.v[0].instance_id, last);
    ck_assert_ptr_null(out.next_token);
    calls_free(k);
}
END_TEST

START_TEST(one_fault_does_not_stop_the_others)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_TERMINATED);
    const char *one = launch(k, "t3.micro", NULL);
    const char *big = launch(k, "m5.large", NULL);
    CHANGED(k, {"nonsense", "standard"}, {one, "standard"}, {big, "unlimited"},
            {"i-00000000000000001", "standard"}, {TEST_INSTANCE, "standard"});
    ck_assert_uint_eq(changed.successful_instance_credit_specifications.n, 1);
    ck_assert_str_eq(changed.successful_instance_credit_specifications.v[0].instance_id, one);
    ck_assert_str_eq(credits_of(k, one), "standard");
    static const char *const codes[] = {"InvalidInstanceID.Malformed",
                                        "InstanceCreditSpecification.NotSupported",
                                        "InvalidInstanceID.NotFound", "IncorrectInstanceState"};
    ck_assert_uint_eq(changed.unsuccessful_instance_credit_specifications.n, ARRAY_SIZE(codes));
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        ck_assert_str_eq(changed.unsuccessful_instance_credit_specifications.v[i].error->code,
                         codes[i]);
    ck_assert_str_eq(changed.unsuccessful_instance_credit_specifications.v[0].error->message,
                     "Invalid id: \"nonsense\"");
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter CpuCredits",
            ModifyInstanceCreditSpecification, &changed,
            .instance_credit_specifications =
                LIST_OF(ec2_InstanceCreditSpecificationRequest, {one, NULL}));
    calls_free(k);
}
END_TEST

START_TEST(a_client_token_brings_the_same_outcomes_and_no_change)
{
    struct calls *k = calls_new();
    const char *one = launch(k, "t3.micro", NULL);
    CHANGED(k, {"nonsense", "standard"}, {one, "standard"});
    ck_assert_str_eq(k->call.result, "m.");
    CHANGED(k, {one, "unlimited"});

    ec2_ModifyInstanceCreditSpecification_in again = {
        .instance_credit_specifications = LIST_OF(ec2_InstanceCreditSpecificationRequest,
                                                  {"nonsense", "standard"}, {one, "standard"}),
    };
    ec2_ModifyInstanceCreditSpecification_out out = {0};
    calls_begin(k, &ec2_service, "ModifyInstanceCreditSpecification", &again);
    k->call.replay = "m.";
    calls_end(k, act_ec2_ModifyInstanceCreditSpecification(&k->call, &again, &out, &k->fault));
    ck_assert_str_eq(out.successful_instance_credit_specifications.v[0].instance_id, one);
    ck_assert_str_eq(out.unsuccessful_instance_credit_specifications.v[0].error->code,
                     "InvalidInstanceID.Malformed");
    ck_assert_str_eq(credits_of(k, one), "unlimited");
    calls_free(k);
}
END_TEST

START_TEST(a_family_has_a_default_for_each_region)
{
    struct calls *k = calls_new();
    ec2_GetDefaultCreditSpecification_out got;
    ec2_ModifyDefaultCreditSpecification_out out;
    OK(k, GetDefaultCreditSpecification, &got, .instance_family = "t2");
    ck_assert_str_eq(got.instance_family_credit_specification->cpu_credits, "standard");
    OK(k, ModifyDefaultCreditSpecification, &out, .instance_family = "t3",
       .cpu_credits = "standard");
    ck_assert_str_eq(out.instance_family_credit_specification->instance_family, "t3");
    ck_assert_str_eq(out.instance_family_credit_specification->cpu_credits, "standard");
    ck_assert_str_eq(credits_of(k, launch(k, "t3.micro", NULL)), "standard");
    ck_assert_str_eq(credits_of(k, launch(k, "t3a.micro", NULL)), "unlimited");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (none) for parameter CpuCredits is invalid. It must be standard or unlimited",
            ModifyDefaultCreditSpecification, &out, .instance_family = "t3", .cpu_credits = "none");
    k->served[0] = *region_find("eu-central-1");
    OK(k, GetDefaultCreditSpecification, &got, .instance_family = "t3");
    ck_assert_str_eq(got.instance_family_credit_specification->cpu_credits, "unlimited");
    calls_free(k);
}
END_TEST

START_TEST(a_resize_keeps_the_credits_that_were_given)
{
    struct calls *k = calls_new();
    ec2_ModifyInstanceAttribute_out out;
    calls_put_instance(k, INSTANCE_STOPPED);
    OK(k, ModifyInstanceAttribute, &out, .instance_id = TEST_INSTANCE,
       .instance_type = &(struct ec2_AttributeValue){"m5.large"});
    ck_assert_uint_eq(shown(k), 1);
    ck_assert_str_eq(credits_of(k, TEST_INSTANCE), "unlimited");
    /* But a type without credits takes no others. */
    CHANGED(k, {TEST_INSTANCE, "standard"});
    ck_assert_uint_eq(changed.unsuccessful_instance_credit_specifications.n, 1);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_launch_takes_what_it_asks_for_or_what_its_family_begins_with,
           those_that_are_not_named_are_shown_when_they_are_unlimited, pages_hold_all_of_them_once,
           one_fault_does_not_stop_the_others,
           a_client_token_brings_the_same_outcomes_and_no_change,
           a_family_has_a_default_for_each_region, a_resize_keeps_the_credits_that_were_given)
