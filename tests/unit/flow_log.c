/* Flow logs: formats, names of files, windows and their records. Nothing of the kernel. */
#include "core/flow_log.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "network/flow_file.h"
#include "network/flow_window.h"
#include "unit.h"

static struct flow_key key(const char *src, int sport, const char *dst, int dport)
{
    struct flow_key k;
    memset(&k, 0, sizeof(k));
    ck_assert_int_eq(inet_pton(AF_INET, src, k.src), 1);
    ck_assert_int_eq(inet_pton(AF_INET, dst, k.dst), 1);
    k.sport = (uint16_t)sport;
    k.dport = (uint16_t)dport;
    k.protocol = 6;
    return k;
}

static struct flow_target target(const char *format)
{
    return (struct flow_target){
        .vpc_id = "vpc-1",
        .interface_id = "eni-1",
        .account_id = "123456789012",
        .region = "us-east-1",
        .zone_id = "use1-az1",
        .subnet_id = "subnet-1",
        .format = format,
    };
}

START_TEST(a_format_is_fields_of_aws_with_blanks_between)
{
    ck_assert_int_eq(flow_log_format_version(FLOW_LOG_FORMAT), 2);
    ck_assert_int_eq(flow_log_format_version("${srcaddr}"), 2);
    ck_assert_int_eq(flow_log_format_version("${srcaddr} ${vpc-id}"), 3);
    ck_assert_int_eq(flow_log_format_version("${az-id} ${flow-direction} ${action}"), 5);
    static const char *const bad[] = {"",
                                      " ${srcaddr}",
                                      "${srcaddr} ",
                                      "${srcaddr",
                                      "${srcaddr}${action}",
                                      "${srcaddr}  ${action}",
                                      "${colour}",
                                      "srcaddr",
                                      "${}",
                                      "${srcaddr},${action}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(flow_log_format_version(bad[i]) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(names_of_files_stay_below_their_directory)
{
    struct arena *a = arena_new();
    static const struct {
        const char *group, *arn, *type, *file;
    } cases[] = {
        {"my-logs", NULL, "ALL", "my-logs/eni-1-all"},
        {"/aws/vpc/flow", NULL, "ACCEPT", "_aws_vpc_flow/eni-1-accept"},
        {"..", NULL, "REJECT", "__/eni-1-reject"},
        {"../../etc", NULL, "ALL", "______etc/eni-1-all"},
        {NULL, "arn:aws:s3:::bucket", "ALL", "s3/bucket/eni-1-all"},
        {NULL, "arn:aws:s3:::bucket/logs/of me/", "ALL", "s3/bucket/logs/of_me/eni-1-all"},
        {NULL, "arn:aws:s3:::bucket/../../etc", "ALL", "s3/bucket/__/__/etc/eni-1-all"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct flow_log log = {.log_group_name = cases[i].group,
                               .log_destination = cases[i].arn,
                               .traffic_type = cases[i].type};
        ck_assert_str_eq(flow_log_file(a, &log, "eni-1"), cases[i].file);
    }
    arena_free(a);
}
END_TEST

START_TEST(a_window_adds_up_and_is_written_as_aws_writes)
{
    size_t room = 100;
    struct flow_window w = {.start = 1000, .room = &room};
    struct flow_target t = target(FLOW_LOG_FORMAT);
    struct flow_key k = key("10.0.0.1", 40000, "10.0.0.2", 443);
    flow_window_add(&w, &k, 3, 300, 1005, 1007);
    flow_window_add(&w, &k, 2, 200, 1002, 1006);
    struct buf out = BUF_INIT(4096);
    flow_window_write(&w, &t, 1060, &out);
    ck_assert_str_eq(buf_str(&out), "2 123456789012 eni-1 10.0.0.1 10.0.0.2 40000 443 6 5 500 1002 "
                                    "1007 ACCEPT OK\n");
    ck_assert_uint_eq(room, 100);
    buf_reset(&out);
    flow_window_write(&w, &t, 1120, &out);
    ck_assert_str_eq(buf_str(&out), "2 123456789012 eni-1 - - - - - - - 1060 1120 - NODATA\n");
    buf_done(&out);
}
END_TEST

START_TEST(fields_of_other_versions_are_facts_or_a_dash)
{
    size_t room = 100;
    struct flow_window w = {.start = 1000, .room = &room};
    struct flow_target t =
        target("${version} ${vpc-id} ${subnet-id} ${instance-id} ${az-id} ${type} "
               "${flow-direction} ${tcp-flags} ${pkt-srcaddr} ${action}");
    struct flow_key k = key("10.0.0.1", 1, "10.0.0.2", 2);
    k.is_egress = true;
    k.is_reject = true;
    flow_window_add(&w, &k, 1, 60, 1001, 1001);
    struct buf out = BUF_INIT(4096);
    flow_window_write(&w, &t, 1060, &out);
    ck_assert_str_eq(buf_str(&out), "5 vpc-1 subnet-1 - use1-az1 IPv4 egress - 10.0.0.1 REJECT\n");
    buf_done(&out);
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
    size_t room = 10;
    struct flow_window w = {.start = 1000, .room = &room};
    struct flow_target t = target("${srcport} ${packets} ${log-status}");
    for (int i = 1; i <= 12; i++) {
        struct flow_key k = key("10.0.0.1", i, "10.0.0.2", 2);
        flow_window_add(&w, &k, 1, 60, 1001, 1001);
    }
    ck_assert_uint_eq(w.n, 10);
    ck_assert_uint_eq(room, 0);
    struct buf out = BUF_INIT(4096);
    flow_window_write(&w, &t, 1060, &out);
    ck_assert_ptr_nonnull(strstr(buf_str(&out), "- - SKIPDATA\n"));
    ck_assert_ptr_nonnull(strstr(buf_str(&out), "7 1 OK\n"));
    ck_assert_ptr_null(strstr(buf_str(&out), "11 1 OK\n"));
    ck_assert_uint_eq(room, 10);
    buf_done(&out);
}
END_TEST

START_TEST(files_are_renamed_when_they_are_large_and_the_oldest_goes)
{
    char directory[UNIT_DIRECTORY_SIZE];
    unit_directory(directory);
    struct err e = {0};
    struct buf text = BUF_INIT(FLOW_FILE_MAX + 1);
    while (text.len < (size_t)FLOW_FILE_MAX / 2 + 1)
        buf_add_str(&text, "a record of a flow log\n");
    for (int i = 0; i < FLOW_FILES_KEPT + 3; i++)
        ck_assert_msg(flow_file_append(directory, "group/eni-1-all", &text, &e) == 0, "%s",
                      e.message);
    struct arena *a = arena_new();
    ck_assert(file_exists(arena_printf(a, "%s/group/eni-1-all", directory)));
    ck_assert(file_exists(arena_printf(a, "%s/group/eni-1-all.%d", directory, FLOW_FILES_KEPT)));
    ck_assert(
        !file_exists(arena_printf(a, "%s/group/eni-1-all.%d", directory, FLOW_FILES_KEPT + 1)));
    ck_assert_int_eq(dir_remove(directory, &e), 0);
    buf_done(&text);
    arena_free(a);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error_and_no_more)
{
    struct err e = {0};
    struct buf text = BUF_INIT(100);
    buf_add_str(&text, "x\n");
    ck_assert_int_lt(flow_file_append("/proc/no-such-place", "g/eni-1-all", &text, &e), 0);
    ck_assert_str_ne(e.message, "");
    buf_done(&text);
}
END_TEST

UNIT_SUITE(a_format_is_fields_of_aws_with_blanks_between, names_of_files_stay_below_their_directory,
           a_window_adds_up_and_is_written_as_aws_writes,
           fields_of_other_versions_are_facts_or_a_dash, what_does_not_fit_is_said,
           files_are_renamed_when_they_are_large_and_the_oldest_goes,
           a_file_that_cannot_be_written_is_an_error_and_no_more)
