/* wire_fill(): what one structure lacks, from another. */
#include "wire/fill.h"

#include "base/text.h"
#include "unit.h"
#include "wire/ec2_model.h"

#define LIST_OF(type, ...)                                                                         \
    {                                                                                              \
        (struct type[]){__VA_ARGS__}, sizeof((struct type[]){__VA_ARGS__}) / sizeof(struct type)   \
    }
#define TEXTS(...)                                                                                 \
    {                                                                                              \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)      \
    }
#define LAUNCH (&ec2_RunInstancesRequest_struct)
#define DATA   (&ec2_ResponseLaunchTemplateData_struct)

static const char *const parts[] = {"Ebs", "NoDevice", "VirtualName", NULL};
static const struct wire_fill_rule rules[] = {
    {"BlockDeviceMappings", "DeviceName", parts},
    {"NetworkInterfaces", "DeviceIndex", NULL},
    {NULL, NULL, NULL},
};

START_TEST(what_is_given_stays_and_what_is_not_is_filled)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct ec2_RunInstancesRequest to = {
        .image_id = "ami-1",
        .disable_api_stop = wire_bool(false),
        .placement = &(struct ec2_Placement){.availability_zone = "us-east-1b"},
        .security_group_ids = TEXTS("sg-1"),
    };
    struct ec2_ResponseLaunchTemplateData from = {
        .image_id = "ami-2",
        .instance_type = "t3.nano",
        .disable_api_stop = wire_bool(true),
        .disable_api_termination = wire_bool(true),
        .placement = &(struct ec2_LaunchTemplatePlacement){.availability_zone = "us-east-1a",
                                                           .tenancy = "default"},
        .monitoring = &(struct ec2_LaunchTemplatesMonitoring){.enabled = wire_bool(true)},
        .security_group_ids = TEXTS("sg-2", "sg-3"),
        .security_groups = TEXTS("default", "web"),
        .ram_disk_id = "ari-1", /* a launch calls it otherwise */
    };
    wire_fill(a, LAUNCH, &to, DATA, &from, rules);
    ck_assert_str_eq(to.image_id, "ami-1");
    ck_assert_str_eq(to.instance_type, "t3.nano");
    ck_assert(to.disable_api_stop.set && !to.disable_api_stop.v);
    ck_assert(wire_true(to.disable_api_termination));
    ck_assert_str_eq(to.placement->availability_zone, "us-east-1b");
    ck_assert_str_eq(to.placement->tenancy, "default");
    ck_assert(wire_true(to.monitoring->enabled));
    ck_assert_uint_eq(to.security_group_ids.n, 1);
    ck_assert_uint_eq(to.security_groups.n, 2);
    ck_assert_str_eq(to.security_groups.v[1], "web");
    ck_assert(!to.ebs_optimized.set && to.ramdisk_id == NULL);
}
END_TEST

START_TEST(lists_of_a_rule_are_merged_by_their_key)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct ec2_EbsBlockDevice large = {.volume_size = wire_int(50)};
    struct ec2_EbsBlockDevice some = {.volume_size = wire_int(1)};
    struct ec2_RunInstancesRequest given = {
        .block_device_mappings = LIST_OF(
            ec2_BlockDeviceMapping, {.device_name = "/dev/sdc", .no_device = ""},
            {.device_name = "/dev/sda", .ebs = &large}, {.device_name = "/dev/sdd", .ebs = &some}),
        .network_interfaces = LIST_OF(ec2_InstanceNetworkInterfaceSpecification,
                                      {.device_index = wire_int(0), .subnet_id = "subnet-1"}),
    };
    struct ec2_LaunchTemplateEbsBlockDevice disk = {.volume_size = wire_int(8),
                                                    .volume_type = "gp2",
                                                    .delete_on_termination = wire_bool(false)};
    struct ec2_ResponseLaunchTemplateData from = {
        .block_device_mappings = LIST_OF(
            ec2_LaunchTemplateBlockDeviceMapping, {.device_name = "/dev/sda", .ebs = &disk},
            {.device_name = "/dev/sdb", .ebs = &disk}, {.device_name = "/dev/sdc", .ebs = &disk},
            {.device_name = "/dev/sdd", .no_device = ""}),
        .network_interfaces =
            LIST_OF(ec2_LaunchTemplateInstanceNetworkInterfaceSpecification,
                    {.device_index = wire_int(0), .subnet_id = "subnet-2", .groups = TEXTS("sg-1")},
                    {.subnet_id = "subnet-3"}),
    };
    struct ec2_RunInstancesRequest to = {0};
    wire_fill(a, LAUNCH, &to, LAUNCH, &given, NULL);
    wire_fill(a, LAUNCH, &to, DATA, &from, rules);

    ck_assert_uint_eq(to.block_device_mappings.n, 4);
    const struct ec2_BlockDeviceMapping *m = to.block_device_mappings.v;
    ck_assert_str_eq(m[0].no_device, "");
    ck_assert_ptr_null(m[0].ebs); /* given as no device: what the template says of it is gone */
    ck_assert_int_eq(m[1].ebs->volume_size.v, 50);
    ck_assert_str_eq(m[1].ebs->volume_type, "gp2");
    ck_assert(m[1].ebs->delete_on_termination.set && !m[1].ebs->delete_on_termination.v);
    ck_assert_int_eq(m[2].ebs->volume_size.v, 1);
    ck_assert_ptr_null(m[2].no_device); /* given as a disk */
    ck_assert_str_eq(m[3].device_name, "/dev/sdb");
    ck_assert_int_eq(m[3].ebs->volume_size.v, 8);

    ck_assert_uint_eq(to.network_interfaces.n, 2);
    ck_assert_str_eq(to.network_interfaces.v[0].subnet_id, "subnet-1");
    ck_assert_str_eq(to.network_interfaces.v[0].groups.v[0], "sg-1");
    ck_assert_str_eq(to.network_interfaces.v[1].subnet_id, "subnet-3");

    /* What was given is as it was: the copy was filled. */
    ck_assert_uint_eq(given.block_device_mappings.n, 3);
    ck_assert_ptr_null(large.volume_type);
    ck_assert_ptr_null(given.network_interfaces.v[0].groups.v);
}
END_TEST

UNIT_SUITE(what_is_given_stays_and_what_is_not_is_filled, lists_of_a_rule_are_merged_by_their_key)
