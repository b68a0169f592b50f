/* Profiles of the AWS command line. */
#include "croft/profile.h"

#include "base/cleanup.h"
#include "unit.h"

static const struct profile_line lines[] = {{"region", "us-east-1"},
                                            {"endpoint_url", "http://h:1"}};

#define ck_assert_edit(before, after)                                                              \
    do {                                                                                           \
        _cleanup_arena_ struct arena *a = arena_new();                                             \
        ck_assert_str_eq(profile_edit(a, (before), "profile x", lines, ARRAY_SIZE(lines)),         \
                         (after));                                                                 \
    } while (0)

START_TEST(a_profile_is_put_at_the_end)
{
    ck_assert_edit("", "[profile x]\nregion = us-east-1\nendpoint_url = http://h:1\n");
    ck_assert_edit("# mine\n[default]\nregion=eu-west-1",
                   "# mine\n[default]\nregion=eu-west-1\n\n[profile x]\nregion = us-east-1\n"
                   "endpoint_url = http://h:1\n");
}
END_TEST

START_TEST(what_else_is_there_stays)
{
    ck_assert_edit("[profile x]\noutput = text\n# a word\nregion=eu-west-1\ns3 =\n  region = a\n\n"
                   "[profile y]\nregion = eu-west-1\n",
                   "[profile x]\noutput = text\n# a word\nregion = us-east-1\ns3 =\n  region = a\n"
                   "endpoint_url = http://h:1\n\n[profile y]\nregion = eu-west-1\n");
    /* Twice is once, and not the same a second time. */
    ck_assert_edit("[ profile x ]\nregion = a\nregion = b\nendpoint_url = c\n",
                   "[ profile x ]\nregion = us-east-1\nendpoint_url = http://h:1\n");
}
END_TEST

START_TEST(a_key_is_found_in_either_form)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct profile_key key =
        profile_find_key(a, "[a]\nregion = x\naws_access_key_id = NO\n[b]\naws_access_key_id=AKIA\n"
                            "aws_secret_access_key = s3=cret/\n");
    ck_assert_str_eq(key.id, "AKIA");
    ck_assert_str_eq(key.secret, "s3=cret/");
    key = profile_find_key(a, " {\"AccessKey\": {\"AccessKeyId\": \"AKIB\", "
                              "\"SecretAccessKey\": \"x\", \"Status\": \"Active\"}}");
    ck_assert_str_eq(key.id, "AKIB");
    ck_assert_str_eq(key.secret, "x");
    ck_assert_ptr_null(profile_find_key(a, "").id);
    ck_assert_ptr_null(profile_find_key(a, "[a]\naws_access_key_id = x\n").id);
    ck_assert_ptr_null(profile_find_key(a, "{\"AccessKey\": 1}").id);
    ck_assert_ptr_null(profile_find_key(a, "{").id);
}
END_TEST

UNIT_SUITE(a_profile_is_put_at_the_end, what_else_is_there_stays, a_key_is_found_in_either_form)
