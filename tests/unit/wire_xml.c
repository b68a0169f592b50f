#include <string.h>

#include "unit.h"
#include "wire/ec2_model.h"
#include "wire/sts_model.h"
#include "wire/xml.h"

#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define EC2         " xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>"

static struct arena *a;
static struct buf out = BUF_INIT(1 << 20);

static const char *reply(const char *service, const char *name, const char *version,
                         const void *output)
{
    arena_free(a);
    a = arena_new();
    buf_reset(&out);
    const struct wire_action *action = wire_action_find(wire_service_find(service), name);
    ck_assert_ptr_nonnull(action);
    ck_assert_int_eq(xml_encode_reply(a, action, version, "r", output, NULL, &out), 0);
    return buf_str(&out);
}

START_TEST(actions_with_nothing_to_say_return_true)
{
    ck_assert_str_eq(reply("ec2", "RebootInstances", NULL, NULL),
                     DECLARATION "<RebootInstancesResponse" EC2
                                 "<return>true</return></RebootInstancesResponse>\n");
    ck_assert_str_eq(reply("ec2", "DeleteSecurityGroup", NULL,
                           &(struct ec2_DeleteSecurityGroupResult){.group_id = "sg-1"}),
                     DECLARATION "<DeleteSecurityGroupResponse" EC2 "<return>true</return>"
                                 "<groupId>sg-1</groupId></DeleteSecurityGroupResponse>\n");
    ck_assert_str_eq(reply("ec2", "DeleteSecurityGroup", NULL,
                           &(struct ec2_DeleteSecurityGroupResult){.return_ = wire_bool(false)}),
                     DECLARATION "<DeleteSecurityGroupResponse" EC2
                                 "<return>false</return></DeleteSecurityGroupResponse>\n");
}
END_TEST

START_TEST(the_version_that_was_asked_for_is_in_the_namespace)
{
    ck_assert_str_eq(
        reply("ec2", "StartInstances", "2014-10-01", &(struct ec2_StartInstancesResult){0}),
        DECLARATION "<StartInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2014-10-01/\">"
                    "<requestId>r</requestId><instancesSet></instancesSet>"
                    "</StartInstancesResponse>\n");
}
END_TEST

START_TEST(lists_are_always_there_at_the_top_and_below_it_when_wanted)
{
    struct ec2_Reservation reservation = {.reservation_id = "r-1"};
    struct ec2_DescribeInstancesResult result = {.reservations = {&reservation, 1}};
    ck_assert_str_eq(reply("ec2", "DescribeInstances", NULL, &result),
                     DECLARATION "<DescribeInstancesResponse" EC2
                                 "<reservationSet><item><reservationId>r-1</reservationId></item>"
                                 "</reservationSet></DescribeInstancesResponse>\n");
    wire_list_empty(&reservation.groups);
    ck_assert_str_eq(reply("ec2", "DescribeInstances", NULL, &result),
                     DECLARATION "<DescribeInstancesResponse" EC2
                                 "<reservationSet><item><reservationId>r-1</reservationId>"
                                 "<groupSet></groupSet></item>"
                                 "</reservationSet></DescribeInstancesResponse>\n");
}
END_TEST

START_TEST(values_are_written_as_ec2_writes_them)
{
    struct ec2_InstanceState state = {.code = wire_int(16), .name = "running"};
    struct ec2_Tag tags[] = {{.key = "<&>", .value = ""}, {.key = "\u00fc\x01\xff"}};
    struct ec2_Instance instance = {
        .ami_launch_index = wire_int(0),
        .launch_time = wire_time(1704164645678),
        .state = &state,
        .ebs_optimized = wire_bool(false),
        .public_ip_address = "192.0.2.1",
        .tags = {tags, 2},
    };
    struct ec2_Reservation reservation = {.instances = {&instance, 1}};
    struct ec2_DescribeInstancesResult result = {.reservations = {&reservation, 1}};
    const char *xml = reply("ec2", "DescribeInstances", NULL, &result);
    static const char *const parts[] = {
        "<amiLaunchIndex>0</amiLaunchIndex>",
        "<launchTime>2024-01-02T03:04:05.000Z</launchTime>",
        "<instanceState><code>16</code><name>running</name></instanceState>",
        "<ebsOptimized>false</ebsOptimized>",
        "<ipAddress>192.0.2.1</ipAddress>",
        "<item><key>&lt;&amp;&gt;</key><value></value></item><item><key>\u00fc?\?</key></item>",
    };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        ck_assert_msg(strstr(xml, parts[i]) != NULL, "%s is not in\n%s", parts[i], xml);
    ck_assert_ptr_null(strstr(xml, "privateIpAddress"));
}
END_TEST

START_TEST(sts_wraps_its_result)
{
    ck_assert_str_eq(
        reply("sts", "GetCallerIdentity", NULL,
              &(struct sts_GetCallerIdentityResponse){
                  .user_id = "u", .account = "000000000000", .arn = "a"}),
        DECLARATION
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<GetCallerIdentityResult><UserId>u</UserId><Account>000000000000</Account>"
        "<Arn>a</Arn></GetCallerIdentityResult><ResponseMetadata>"
        "<RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>\n");
}
END_TEST

START_TEST(faults_have_the_form_of_their_service)
{
    a = arena_new();
    struct fault f = {0};
    (void)fault(&f, FAULT_INVALID_KEY_PAIR_NOT_FOUND, "The key pair '%s' does not exist", "a<b");
    buf_reset(&out);
    ck_assert_int_eq(xml_encode_fault(a, NULL, &f, "r", NULL, &out), 0);
    ck_assert_str_eq(buf_str(&out),
                     DECLARATION "<Response><Errors><Error><Code>InvalidKeyPair.NotFound</Code>"
                                 "<Message>The key pair 'a&lt;b' does not exist</Message></Error>"
                                 "</Errors><RequestID>r</RequestID></Response>\n");
    buf_reset(&out);
    ck_assert_int_eq(xml_encode_fault(a, &sts_service, &f, "r", NULL, &out), 0);
    ck_assert_str_eq(buf_str(&out), DECLARATION
                     "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                     "<Type>Sender</Type><Code>InvalidKeyPair.NotFound</Code>"
                     "<Message>The key pair 'a&lt;b' does not exist</Message></Error>"
                     "<RequestId>r</RequestId></ErrorResponse>\n");
}
END_TEST

START_TEST(a_reply_that_does_not_fit_is_an_error)
{
    _cleanup_arena_ struct arena *b = arena_new();
    _cleanup_buf_ struct buf small = BUF_INIT(100);
    const struct wire_action *action = wire_action_find(&ec2_service, "RebootInstances");
    ck_assert_int_lt(xml_encode_reply(b, action, NULL, "r", NULL, NULL, &small), 0);
}
END_TEST

static void after(void)
{
    arena_free(a);
    a = NULL;
    buf_done(&out);
    out = (struct buf)BUF_INIT(1 << 20);
}

UNIT_SUITE_WITH(NULL, after, actions_with_nothing_to_say_return_true,
                the_version_that_was_asked_for_is_in_the_namespace,
                lists_are_always_there_at_the_top_and_below_it_when_wanted,
                values_are_written_as_ec2_writes_them, sts_wraps_its_result,
                faults_have_the_form_of_their_service, a_reply_that_does_not_fit_is_an_error)
