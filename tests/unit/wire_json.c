#include <string.h>

#include "base/text.h"
#include "unit.h"
#include "wire/ec2_model.h"
#include "wire/json.h"

static struct arena *a;
static struct fault f;
static void *in;

static int decode(const char *name, const char *text)
{
    arena_free(a);
    a = arena_new();
    fault_clear(&f);
    in = NULL;
    const struct wire_action *action = wire_action_find(&ec2_service, name);
    ck_assert_ptr_nonnull(action);
    int r = json_decode(a, action, text, strlen(text), &in, &f);
    ck_assert((r == 0) == (in != NULL));
    ck_assert((r == 0) != fault_is_set(&f));
    return r;
}

START_TEST(members_are_called_as_aws_calls_them)
{
    ck_assert_int_eq(decode("DescribeInstances",
                            "{\"InstanceIds\":[\"i-11111111\"],\"MaxResults\":7,\"DryRun\":true,"
                            "\"Filters\":[{\"Name\":\"n\",\"Values\":[\"\",\"x\"]}],"
                            "\"NextToken\":null}"),
                     0);
    const struct ec2_DescribeInstancesRequest *request = in;
    ck_assert_uint_eq(request->instance_ids.n, 1);
    ck_assert_str_eq(request->instance_ids.v[0], "i-11111111");
    ck_assert(request->max_results.set && request->max_results.v == 7);
    ck_assert(wire_true(request->dry_run));
    ck_assert_str_eq(request->filters.v[0].values.v[0], "");
    ck_assert_ptr_null(request->next_token);
    ck_assert_int_eq(decode("DescribeInstances", ""), 0);
    ck_assert_int_eq(decode("RebootInstances", "{\"InstanceIds\":[\"i-11111111\"]}"), 0);
}
END_TEST

static const struct {
    const char *action, *json;
    enum fault_code code;
    const char *says;
} bad[] = {
    {"DescribeInstances", "{", FAULT_MALFORMED_QUERY_STRING, "not JSON"},
    {"DescribeInstances", "[]", FAULT_MALFORMED_QUERY_STRING, "not a JSON object"},
    {"DescribeInstances", "{} {}", FAULT_MALFORMED_QUERY_STRING, "not JSON"},
    {"DescribeInstances", "{\"DryRun\":true,\"DryRun\":false}", FAULT_MALFORMED_QUERY_STRING,
     "twice"},
    {"DescribeInstances", "{\"NextToken\":\"\\u0000\"}", FAULT_MALFORMED_QUERY_STRING, "not JSON"},
    {"DescribeInstances", "{\"NextToken\":\"\xff\"}", FAULT_MALFORMED_QUERY_STRING, "not JSON"},
    {"DescribeInstances", "{\"NextToken\":\"\\u0001\"}", FAULT_INVALID_PARAMETER_VALUE,
     "NextToken"},
    {"DescribeInstances", "{\"InstanceId\":[]}", FAULT_UNKNOWN_PARAMETER, "InstanceId"},
    {"DescribeInstances", "{\"Filters\":[{\"Name\":\"a\"},{\"Naem\":\"x\"}]}",
     FAULT_UNKNOWN_PARAMETER, "The parameter Filters[1].Naem is"},
    {"DescribeInstances", "{\"Reservations\":[]}", FAULT_UNKNOWN_PARAMETER, "Reservations"},
    {"DescribeInstances", "{\"DryRun\":\"true\"}", FAULT_INVALID_PARAMETER_VALUE, "DryRun"},
    {"DescribeInstances", "{\"MaxResults\":\"7\"}", FAULT_INVALID_PARAMETER_VALUE, "an integer"},
    {"DescribeInstances", "{\"MaxResults\":7.5}", FAULT_INVALID_PARAMETER_VALUE, "an integer"},
    {"DescribeInstances", "{\"MaxResults\":4}", FAULT_INVALID_PARAMETER_VALUE,
     "between 5 and 1000"},
    {"DescribeInstances", "{\"MaxResults\":99999999999999999999}", FAULT_MALFORMED_QUERY_STRING,
     "JSON"},
    {"DescribeInstances", "{\"InstanceIds\":\"i-11111111\"}", FAULT_INVALID_PARAMETER_VALUE,
     "an array"},
    {"DescribeInstances", "{\"InstanceIds\":[1]}", FAULT_INVALID_PARAMETER_VALUE, "InstanceIds[0]"},
    {"DescribeInstances", "{\"InstanceIds\":[null]}", FAULT_INVALID_PARAMETER_VALUE,
     "without null"},
    {"DescribeInstances", "{\"InstanceIds\":[\"x\"]}", FAULT_INVALID_INSTANCE_ID_MALFORMED,
     "\"x\""},
    {"DescribeInstances", "{\"Filters\":[1]}", FAULT_INVALID_PARAMETER_VALUE, "an object"},
    {"RunInstances", "{\"MinCount\":1}", FAULT_MISSING_PARAMETER, "MaxCount"},
    {"RunInstances", "{\"MinCount\":1,\"MaxCount\":1,\"Placement\":{\"Tenancy\":\"host\"}}",
     FAULT_UNSUPPORTED_OPERATION, "Placement.Tenancy"},
    {"RunInstances", "{\"MinCount\":1,\"MaxCount\":1,\"Operator\":{\"Principal\":\"x\"}}",
     FAULT_UNSUPPORTED_OPERATION, "Operator"},
    {"RunInstances", "{\"MinCount\":1,\"MaxCount\":1,\"CpuOptions\":{\"Cores\":1}}",
     FAULT_UNKNOWN_PARAMETER, "CpuOptions.Cores"},
    {"RunInstances", "{\"MinCount\":1,\"MaxCount\":1,\"HibernationOptions\":{\"Configured\":true}}",
     FAULT_UNSUPPORTED_OPERATION, "HibernationOptions.Configured"},
    {"ModifySecurityGroupRules",
     "{\"GroupId\":\"sg-11111111\",\"SecurityGroupRules\":[{\"SecurityGroupRule\":{}}]}",
     FAULT_MISSING_PARAMETER, "SecurityGroupRules[0].SecurityGroupRuleId"},
    {"CreateKeyPair", "{\"KeyName\":\"\"}", FAULT_MISSING_PARAMETER, "KeyName"},
};

START_TEST(bad_bodies_get_the_right_code_and_the_path_of_the_member)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(decode(bad[i].action, bad[i].json) == -1, "%s is taken", bad[i].json);
        ck_assert_msg(f.code == bad[i].code && strstr(f.message, bad[i].says) != NULL,
                      "%s\nsays %s: %s", bad[i].json, fault_code_name(f.code), f.message);
    }
}
END_TEST

START_TEST(deep_nesting_and_long_lists_are_refused)
{
    _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_add_char(&text, '[');
    ck_assert_int_eq(decode("DescribeInstances", buf_str(&text)), -1);
    ck_assert_int_eq(f.code, FAULT_MALFORMED_QUERY_STRING);

    buf_reset(&text);
    buf_add_str(&text, "{\"Resources\":[\"x\"],\"Tags\":[");
    for (int i = 0; i < 10000; i++)
        buf_printf(&text, "%s{\"Key\":\"k%d\"}", i == 0 ? "" : ",", i);
    buf_add_str(&text, "]}");
    ck_assert_int_eq(decode("CreateTags", buf_str(&text)), -1);
    ck_assert_int_eq(f.code, FAULT_TAG_LIMIT_EXCEEDED);
}
END_TEST

START_TEST(the_elements_of_all_lists_together_are_limited)
{
    /* Each list is short enough: it is how many there are. */
    _cleanup_buf_ struct buf text = BUF_INIT(4 << 20);
    buf_add_str(&text, "{\"Filters\":[");
    for (int filter = 0; filter < 500; filter++) {
        buf_printf(&text, "%s{\"Name\":\"n\",\"Values\":[\"\"", filter > 0 ? "," : "");
        for (int value = 1; value < 200; value++)
            buf_add_str(&text, ",\"\"");
        buf_add_str(&text, "]}");
    }
    buf_add_str(&text, "]}");
    ck_assert_int_eq(decode("DescribeInstances", buf_str(&text)), -1);
    ck_assert_int_eq(f.code, FAULT_RESOURCE_COUNT_EXCEEDED);
}
END_TEST

START_TEST(a_broken_body_is_not_quoted)
{
    ck_assert_int_eq(decode("RunInstances", "{\"UserData\":\"secret\" secret}"), -1);
    ck_assert_ptr_null(strstr(f.message, "secret"));
}
END_TEST

START_TEST(times_are_seconds_with_a_fraction_or_iso_8601)
{
    static const char *const times[] = {"1704164645.25", "\"2024-01-02T03:04:05.25Z\""};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        _cleanup_arena_ struct arena *b = arena_new();
        const char *text = arena_printf(b, "{\"LaunchTime\":%s}", times[i]);
        void *out = NULL;
        struct fault g = {0};
        ck_assert_msg(json_decode_reply(b, &ec2_Instance_struct, text, strlen(text), &out, &g) == 0,
                      "%s", g.message);
        const struct ec2_Instance *instance = out;
        ck_assert(instance->launch_time.set);
        ck_assert_int_eq(instance->launch_time.v, 1704164645250);
        _cleanup_buf_ struct buf back = BUF_INIT(1000);
        ck_assert_int_eq(json_encode(b, &ec2_Instance_struct, instance, JSON_PLAIN, &back), 0);
        ck_assert_str_eq(buf_str(&back), "{\"LaunchTime\":1704164645.25}");
    }
}
END_TEST

START_TEST(secrets_are_redacted_when_asked)
{
    _cleanup_arena_ struct arena *b = arena_new();
    struct ec2_KeyPair pair = {.key_name = "k", .key_material = "secret"};
    _cleanup_buf_ struct buf plain = BUF_INIT(1000);
    _cleanup_buf_ struct buf redacted = BUF_INIT(1000);
    ck_assert_int_eq(json_encode(b, &ec2_KeyPair_struct, &pair, JSON_SORTED, &plain), 0);
    ck_assert_int_eq(
        json_encode(b, &ec2_KeyPair_struct, &pair, JSON_SORTED | JSON_REDACT, &redacted), 0);
    ck_assert_str_eq(buf_str(&plain), "{\"KeyMaterial\":\"secret\",\"KeyName\":\"k\"}");
    ck_assert_str_eq(buf_str(&redacted), "{\"KeyMaterial\":\"***\",\"KeyName\":\"k\"}");
}
END_TEST

START_TEST(replies_show_empty_lists_at_the_top_and_return)
{
    static const struct {
        const char *action, *json;
    } replies[] = {
        {"DescribeInstances", "{\"Reservations\":[]}"},
        {"RebootInstances", "{\"Return\":true}"},
        {"DeleteSecurityGroup", "{\"Return\":true}"},
        {"StartInstances", "{\"StartingInstances\":[]}"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        _cleanup_arena_ struct arena *b = arena_new();
        _cleanup_buf_ struct buf out = BUF_INIT(1000);
        const struct wire_action *action = wire_action_find(&ec2_service, replies[i].action);
        void *output = arena_alloc(b, action->output == NULL ? 1 : action->output->size);
        ck_assert_int_eq(json_encode_reply(b, action, output, NULL, &out), 0);
        ck_assert_str_eq(buf_str(&out), replies[i].json);
    }
}
END_TEST

START_TEST(a_fault_is_a_type_and_a_message_and_always_utf8)
{
    struct fault g = {0};
    (void)fault(&g, FAULT_INVALID_INSTANCE_ID_NOT_FOUND, "The instance ID '%s' does not exist",
                "\xc3\xa4\xc3");
    _cleanup_buf_ struct buf out = BUF_INIT(1000);
    ck_assert_int_eq(json_encode_fault(a, &g, NULL, &out), 0);
    ck_assert_str_eq(buf_str(&out), "{\"__type\":\"InvalidInstanceID.NotFound\",\"message\":"
                                    "\"The instance ID '\u00e4?' does not exist\"}");
}
END_TEST

START_TEST(a_reply_that_does_not_fit_is_an_error)
{
    _cleanup_arena_ struct arena *b = arena_new();
    struct ec2_KeyPair pair = {.key_name = "0123456789012345678901234567890123456789"};
    _cleanup_buf_ struct buf out = BUF_INIT(20);
    ck_assert_int_lt(json_encode(b, &ec2_KeyPair_struct, &pair, JSON_PLAIN, &out), 0);
}
END_TEST

UNIT_SUITE(members_are_called_as_aws_calls_them,
           bad_bodies_get_the_right_code_and_the_path_of_the_member,
           deep_nesting_and_long_lists_are_refused, the_elements_of_all_lists_together_are_limited,
           a_broken_body_is_not_quoted, times_are_seconds_with_a_fraction_or_iso_8601,
           secrets_are_redacted_when_asked, replies_show_empty_lists_at_the_top_and_return,
           a_fault_is_a_type_and_a_message_and_always_utf8, a_reply_that_does_not_fit_is_an_error)
