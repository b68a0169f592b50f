/* Filters of Describe actions, over the shapes of replies. */
#include "api/filter.h"

#include "support/calls.h"
#include "unit.h"

static const struct filter_path paths[] = {
    {"instance-id", "InstanceId"},
    {"instance-state-code", "State.Code"},
    {"instance-state-name", "State.Name"},
    {"launch-time", "LaunchTime"},
    {"ebs-optimized", "EbsOptimized"},
    {"block-device-mapping.volume-id", "BlockDeviceMappings.Ebs.VolumeId"},
    {"address", "PrivateIpAddress"},
    {"address", "PublicIpAddress"},
    {"reservation-id", "^ReservationId"},
    {"managed", "=false"},
    {"outpost", NULL},
};

static struct ec2_InstanceState state = {{true, 16}, "running"};
static struct ec2_EbsInstanceBlockDevice first = {.volume_id = "vol-1"};
static struct ec2_EbsInstanceBlockDevice second = {.volume_id = "vol-2"};
static struct ec2_Instance instance = {
    .instance_id = "i-1",
    .state = &state,
    .launch_time = {true, 1767323045678},
    .ebs_optimized = {true, false},
    .private_ip_address = "10.0.0.1",
    .public_ip_address = "192.0.2.1",
    .block_device_mappings =
        LIST_OF(ec2_InstanceBlockDeviceMapping, {"/dev/xvda", &first}, {"/dev/xvdb", &second}),
    .tags = LIST_OF(ec2_Tag, {"Name", "web"}, {"Empty", ""}, {"Owner", "Ann*"}),
};
static const struct ec2_Reservation reservation = {.reservation_id = "r-1"};

static struct filters filters_of(const struct ec2_FilterList *asked)
{
    return (struct filters){asked, paths, ARRAY_SIZE(paths), &ec2_Instance_struct,
                            &ec2_Reservation_struct};
}

static bool passes(struct ec2_FilterList asked)
{
    struct filters fs = filters_of(&asked);
    struct fault f = {0};
    int r = filters_check(&fs, &f);
    ck_assert_msg(r == 0, "%s", f.message);
    return filters_match(&fs, &instance, &reservation);
}

#define PASSES(...) passes((struct ec2_FilterList)LIST_OF(ec2_Filter, __VA_ARGS__))

START_TEST(what_is_not_shown_is_the_same_for_all_or_matches_nothing)
{
    ck_assert(PASSES(FILTER("managed", "false")));
    ck_assert(PASSES(FILTER("managed", "true", "f*")));
    ck_assert(!PASSES(FILTER("managed", "true")));
    ck_assert(!PASSES(FILTER("outpost", "*")));
}
END_TEST

START_TEST(values_compare_as_replies_render_them)
{
    ck_assert(PASSES(FILTER("instance-id", "i-1")));
    ck_assert(!PASSES(FILTER("instance-id", "I-1")));
    ck_assert(PASSES(FILTER("instance-state-code", "16")));
    ck_assert(!PASSES(FILTER("instance-state-code", "1")));
    ck_assert(PASSES(FILTER("ebs-optimized", "false")));
    ck_assert(!PASSES(FILTER("ebs-optimized", "False")));
    ck_assert(PASSES(FILTER("launch-time", "2026-01-02T03:04:05.678Z")));
    ck_assert(PASSES(FILTER("launch-time", "2026-01-02T*")));
    ck_assert(!PASSES(FILTER("launch-time", "2025-*")));
}
END_TEST

START_TEST(any_value_matches_and_every_filter_must)
{
    ck_assert(PASSES(FILTER("instance-state-name", "stopped", "running")));
    ck_assert(!PASSES(FILTER("instance-state-name", "stopped"), FILTER("instance-id", "i-1")));
    ck_assert(PASSES(FILTER("instance-state-name", "run*"), FILTER("instance-id", "?-1")));
}
END_TEST

START_TEST(any_element_of_a_list_matches)
{
    ck_assert(PASSES(FILTER("block-device-mapping.volume-id", "vol-2")));
    ck_assert(!PASSES(FILTER("block-device-mapping.volume-id", "vol-3")));
}
END_TEST

START_TEST(a_name_with_several_paths_matches_any_of_them)
{
    ck_assert(PASSES(FILTER("address", "10.0.0.1")));
    ck_assert(PASSES(FILTER("address", "192.0.2.1")));
    ck_assert(!PASSES(FILTER("address", "192.0.2.2")));
}
END_TEST

START_TEST(a_path_may_begin_at_the_enclosing_structure)
{
    ck_assert(PASSES(FILTER("reservation-id", "r-1")));
    ck_assert(!PASSES(FILTER("reservation-id", "r-2")));
}
END_TEST

START_TEST(tags_match_by_key_and_value)
{
    ck_assert(PASSES(FILTER("tag:Name", "web")));
    ck_assert(!PASSES(FILTER("tag:name", "web")));
    ck_assert(!PASSES(FILTER("tag:Missing", "*")));
    ck_assert(PASSES(FILTER("tag:Empty", "")));
    ck_assert(!PASSES(FILTER("tag:Name", "")));
    ck_assert(PASSES(FILTER("tag:Owner", "Ann\\*")));
    ck_assert(PASSES(FILTER("tag-key", "Na*")));
    ck_assert(!PASSES(FILTER("tag-key", "web")));
}
END_TEST

static void refused(struct ec2_FilterList asked, enum fault_code code, const char *message)
{
    struct filters fs = filters_of(&asked);
    struct fault f = {0};
    ck_assert_int_eq(filters_check(&fs, &f), -1);
    ck_assert_int_eq(f.code, code);
    ck_assert_str_eq(f.message, message);
}

START_TEST(an_unknown_name_is_refused)
{
    refused((struct ec2_FilterList)LIST_OF(ec2_Filter, FILTER("colour", "red")),
            FAULT_INVALID_PARAMETER_VALUE, "The filter 'colour' is invalid");
    refused((struct ec2_FilterList)LIST_OF(ec2_Filter, FILTER("tag:", "red")),
            FAULT_INVALID_PARAMETER_VALUE, "The filter 'tag:' is invalid");
    refused((struct ec2_FilterList)LIST_OF(ec2_Filter, FILTER(NULL, "red")),
            FAULT_INVALID_PARAMETER_VALUE, "The filter 'null' is invalid");
    refused((struct ec2_FilterList)LIST_OF(ec2_Filter, {.name = "instance-id"}),
            FAULT_INVALID_PARAMETER_VALUE, "The filter 'instance-id' must have at least one value");
}
END_TEST

START_TEST(tag_filters_are_unknown_where_nothing_has_tags)
{
    struct ec2_FilterList asked = LIST_OF(ec2_Filter, FILTER("tag:Name", "web"));
    struct filters fs = {&asked, NULL, 0, &ec2_Region_struct, NULL};
    struct fault f = {0};
    ck_assert_int_eq(filters_check(&fs, &f), -1);
    ck_assert_str_eq(f.message, "The filter 'tag:Name' is invalid");
}
END_TEST

START_TEST(filters_and_values_have_caps)
{
    static struct ec2_Filter many[FILTERS_MAX + 1];
    static const char *values[FILTER_VALUES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(values); i++)
        values[i] = "i-1";
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct ec2_Filter){"instance-id", {values, 1}};
    ck_assert(passes((struct ec2_FilterList){many, FILTERS_MAX}));
    refused((struct ec2_FilterList){many, FILTERS_MAX + 1}, FAULT_FILTER_LIMIT_EXCEEDED,
            "The maximum number of filters on a single call is 50");
    struct ec2_Filter one = {"instance-id", {values, FILTER_VALUES_MAX}};
    ck_assert(passes((struct ec2_FilterList){&one, 1}));
    one.values.n++;
    refused((struct ec2_FilterList){&one, 1}, FAULT_FILTER_LIMIT_EXCEEDED,
            "The maximum number of filter values specified on a single call is 200");
}
END_TEST

UNIT_SUITE(what_is_not_shown_is_the_same_for_all_or_matches_nothing,
           values_compare_as_replies_render_them, any_value_matches_and_every_filter_must,
           any_element_of_a_list_matches, a_name_with_several_paths_matches_any_of_them,
           a_path_may_begin_at_the_enclosing_structure, tags_match_by_key_and_value,
           an_unknown_name_is_refused, tag_filters_are_unknown_where_nothing_has_tags,
           filters_and_values_have_caps)
