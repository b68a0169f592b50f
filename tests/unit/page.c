/* Paging over DescribeInstanceTypes, which always has the same items, and DescribeKeyPairs' store.
 */
#include "api/page.h"

#include "support/calls.h"
#include "unit.h"

START_TEST(pages_together_bring_every_item_once_in_order)
{
    struct calls *k = calls_new();
    struct instance_type_table all = instance_type_builtin();
    const char *token = NULL;
    size_t seen = 0;
    do {
        ec2_DescribeInstanceTypes_out out;
        OK(k, DescribeInstanceTypes, &out, .max_results = {true, 25}, .next_token = token);
        ck_assert_uint_le(out.instance_types.n, 25);
        for (size_t i = 0; i < out.instance_types.n; i++)
            ck_assert_str_eq(out.instance_types.v[i].instance_type, all.v[seen++].name);
        token = out.next_token;
        if (token != NULL)
            ck_assert_uint_eq(out.instance_types.n, 25);
    } while (token != NULL);
    ck_assert_uint_eq(seen, all.n);
    calls_free(k);
}
END_TEST

START_TEST(the_last_full_page_has_no_token)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypeOfferings_out out;
    struct instance_type_table all = instance_type_builtin();
    OK(k, DescribeInstanceTypeOfferings, &out, .max_results = {true, (int64_t)all.n});
    ck_assert_uint_eq(out.instance_type_offerings.n, all.n);
    ck_assert_ptr_null(out.next_token);
    calls_free(k);
}
END_TEST

#define BAD_TOKEN "The NextToken is not one that this query with these parameters brought"

START_TEST(a_token_is_bound_to_its_query_and_caller)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    OK(k, DescribeInstanceTypes, &out, .max_results = {true, 5});
    const char *token = out.next_token;
    ck_assert_ptr_nonnull(token);
    ck_assert_uint_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-_"),
                      strlen(token));

    /* The size of a page is no part of the query. */
    OK(k, DescribeInstanceTypes, &out, .max_results = {true, 7}, .next_token = token);
    ck_assert_uint_eq(out.instance_types.n, 7);

    REFUSED(k, INVALID_PAGINATION_TOKEN, BAD_TOKEN, DescribeInstanceTypes, &out,
            FILTERED_BY(FILTER("instance-type", "m5.*")), .next_token = token);
    ec2_DescribeInstanceTypeOfferings_out offerings;
    REFUSED(k, INVALID_PAGINATION_TOKEN, BAD_TOKEN, DescribeInstanceTypeOfferings, &offerings,
            .next_token = token);
    k->principal.account_id = "210987654321";
    REFUSED(k, INVALID_PAGINATION_TOKEN, BAD_TOKEN, DescribeInstanceTypes, &out,
            .next_token = token);
    k->principal.account_id = TEST_ACCOUNT;
    k->config.page_secret = "another";
    REFUSED(k, INVALID_PAGINATION_TOKEN, BAD_TOKEN, DescribeInstanceTypes, &out,
            .next_token = token);
    calls_free(k);
}
END_TEST

START_TEST(a_token_that_was_tampered_with_is_refused)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    OK(k, DescribeInstanceTypes, &out, .max_results = {true, 5});
    const char *token = out.next_token;
    for (size_t i = 0; i < strlen(token); i++) {
        char *other = arena_strdup(k->arena, token);
        other[i] = other[i] == 'A' ? 'Q' : 'A';
        ck_assert_int_eq(CALL(k, DescribeInstanceTypes, &out, .next_token = other), -1);
        ck_assert_int_eq(k->fault.code, FAULT_INVALID_PAGINATION_TOKEN);
    }
    static const char *const bad[] = {"", "x", "====", "AAAA", "a b", "\xc3\xa9", "..//.."};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(CALL(k, DescribeInstanceTypes, &out, .next_token = bad[i]), -1);
        ck_assert_int_eq(k->fault.code, FAULT_INVALID_PAGINATION_TOKEN);
    }
    calls_free(k);
}
END_TEST

START_TEST(ids_exclude_paging)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A list of ids cannot be used with the parameter MaxResults", DescribeInstanceTypes,
            &out, .instance_types = LIST("t3.micro"), .max_results = {true, 5});
    calls_free(k);
}
END_TEST

UNIT_SUITE(pages_together_bring_every_item_once_in_order, the_last_full_page_has_no_token,
           a_token_is_bound_to_its_query_and_caller, a_token_that_was_tampered_with_is_refused,
           ids_exclude_paging)
