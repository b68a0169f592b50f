/* The attributes of an instance: shown one by one, changed in both forms of the request, reset. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define CHANGED(k, ...)                                                                            \
    OK(k, ModifyInstanceAttribute, &done, .instance_id = TEST_INSTANCE, __VA_ARGS__)
#define UNCHANGED(k, id, text, ...)                                                                \
    REFUSED(k, id, text, ModifyInstanceAttribute, &done, .instance_id = TEST_INSTANCE, __VA_ARGS__)
#define TEXT(text)                                                                                 \
    &(struct ec2_AttributeValue)                                                                   \
    {                                                                                              \
        (text)                                                                                     \
    }
#define FLAG(flag)                                                                                 \
    &(struct ec2_AttributeBooleanValue)                                                            \
    {                                                                                              \
        wire_bool(flag)                                                                            \
    }
#define DATA(bytes)                                                                                \
    &(struct ec2_BlobAttributeValue)                                                               \
    {                                                                                              \
        {                                                                                          \
            (bytes), strlen(bytes)                                                                 \
        }                                                                                          \
    }

static ec2_ModifyInstanceAttribute_out done;

static struct calls *with_instance(enum instance_state state)
{
    struct calls *k = calls_new();
    calls_put_instance(k, state);
    return k;
}

static ec2_DescribeInstanceAttribute_out shown(struct calls *k, const char *attribute)
{
    ec2_DescribeInstanceAttribute_out out;
    OK(k, DescribeInstanceAttribute, &out, .instance_id = TEST_INSTANCE, .attribute = attribute);
    ck_assert_str_eq(out.instance_id, TEST_INSTANCE);
    return out;
}

START_TEST(every_attribute_of_the_model_is_shown)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    const struct wire_field *field =
        wire_field_by_member(&ec2_DescribeInstanceAttributeRequest_struct, "Attribute");
    size_t n = 0;
    for (; field->values[n] != NULL; n++)
        (void)shown(k, field->values[n]);
    ck_assert_uint_eq(n, 16);
    ck_assert_str_eq(shown(k, "instanceType").instance_type->value, "t3.micro");
    ck_assert_str_eq(shown(k, "rootDeviceName").root_device_name->value, "/dev/xvda");
    ck_assert_str_eq(shown(k, "sriovNetSupport").sriov_net_support->value, "simple");
    ck_assert_str_eq(shown(k, "groupSet").groups.v[0].group_id, TEST_GROUP);
    ck_assert_str_eq(shown(k, "blockDeviceMapping").block_device_mappings.v[0].device_name,
                     "/dev/xvda");
    ck_assert(shown(k, "sourceDestCheck").source_dest_check->value.v);
    ck_assert(shown(k, "enaSupport").ena_support->value.v);
    ck_assert(!shown(k, "enclaveOptions").enclave_options->enabled.v);
    /* Nothing but what was asked for. */
    ck_assert_ptr_null(shown(k, "kernel").instance_type);
    ck_assert_ptr_null(shown(k, "kernel").kernel_id->value);
    ck_assert_ptr_null(shown(k, "ramdisk").ramdisk_id->value);
    calls_free(k);
}
END_TEST

START_TEST(each_attribute_is_changed_by_a_member_of_its_own)
{
    struct calls *k = with_instance(INSTANCE_STOPPED);
    CHANGED(k, .instance_type = TEXT("m5.large"));
    CHANGED(k, .user_data = DATA("#!/bin/sh"));
    CHANGED(k, .disable_api_termination = FLAG(true));
    CHANGED(k, .disable_api_stop = FLAG(true));
    CHANGED(k, .instance_initiated_shutdown_behavior = TEXT("terminate"));
    CHANGED(k, .source_dest_check = FLAG(false));
    CHANGED(k, .ebs_optimized = FLAG(true));
    CHANGED(k, .ena_support = FLAG(true));
    CHANGED(k, .sriov_net_support = TEXT("simple"));
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    const struct instance *i = calls_instance(k);
    ck_assert_str_eq(i->instance_type, "m5.large");
    ck_assert_int_eq(i->memory_mib, 8192);
    ck_assert_int_eq(i->cores, 1);
    ck_assert_str_eq(i->cpu_credits, "unlimited"); /* for when it is burstable again */
    ck_assert_str_eq(i->user_data, "IyEvYmluL3No");
    ck_assert(i->disable_api_termination && i->disable_api_stop && i->terminate_on_shutdown);
    ck_assert(i->ebs_optimized);
    ck_assert(!shown(k, "sourceDestCheck").source_dest_check->value.v);
    ck_assert_str_eq(
        shown(k, "instanceInitiatedShutdownBehavior").instance_initiated_shutdown_behavior->value,
        "terminate");
    calls_free(k);
}
END_TEST

START_TEST(the_older_form_says_the_same)
{
    struct calls *k = with_instance(INSTANCE_STOPPED);
    CHANGED(k, .attribute = "instanceType", .value = "t3.small");
    CHANGED(k, .attribute = "userData", .value = "aGVsbG8=");
    CHANGED(k, .attribute = "disableApiTermination", .value = "true");
    CHANGED(k, .attribute = "sourceDestCheck", .value = "false");
    CHANGED(k, .attribute = "instanceInitiatedShutdownBehavior", .value = "terminate");
    const struct instance *i = calls_instance(k);
    ck_assert_str_eq(i->instance_type, "t3.small");
    ck_assert_str_eq(i->user_data, "aGVsbG8=");
    ck_assert(i->disable_api_termination && i->terminate_on_shutdown);
    ck_assert(!shown(k, "sourceDestCheck").source_dest_check->value.v);
    /* Attribute may repeat what the member says. */
    CHANGED(k, .attribute = "disableApiStop", .disable_api_stop = FLAG(true));
    ck_assert(calls_instance(k)->disable_api_stop);
    UNCHANGED(k, INVALID_PARAMETER_VALUE, "The value must be true or false",
              .attribute = "disableApiStop", .value = "yes");
    UNCHANGED(k, INVALID_USER_DATA_MALFORMED, "Invalid BASE64 encoding of user data",
              .attribute = "userData", .value = "*");
    UNCHANGED(k, INVALID_PARAMETER_VALUE, "The attribute groupSet cannot be modified by Value",
              .attribute = "groupSet", .value = TEST_GROUP);
    UNCHANGED(k, MISSING_PARAMETER, "The request must contain a value for blockDeviceMapping",
              .attribute = "blockDeviceMapping");
    calls_free(k);
}
END_TEST

START_TEST(a_request_changes_one_attribute)
{
    struct calls *k = with_instance(INSTANCE_STOPPED);
    const char *many = "Fields for multiple attribute types specified; one request modifies one "
                       "attribute";
    UNCHANGED(k, INVALID_PARAMETER_COMBINATION, many, .ena_support = FLAG(true),
              .ebs_optimized = FLAG(true));
    UNCHANGED(k, INVALID_PARAMETER_COMBINATION, many, .attribute = "disableApiStop",
              .value = "true", .ebs_optimized = FLAG(true));
    UNCHANGED(k, INVALID_PARAMETER_COMBINATION, many, .attribute = "disableApiStop",
              .ebs_optimized = FLAG(true));
    UNCHANGED(k, INVALID_PARAMETER_COMBINATION, many, .attribute = "disableApiStop",
              .value = "true", .disable_api_stop = FLAG(false));
    UNCHANGED(k, MISSING_PARAMETER, "The request must contain an attribute to modify",
              .value = "true");
    UNCHANGED(k, MISSING_PARAMETER, "The request must contain a value for enaSupport",
              .ena_support = &(struct ec2_AttributeBooleanValue){{0}});
    UNCHANGED(k, MISSING_PARAMETER, "The request must contain a value for instanceType",
              .instance_type = TEXT(NULL));
    ck_assert(!calls_instance(k)->disable_api_stop);
    calls_free(k);
}
END_TEST

START_TEST(what_a_running_instance_has_booted_with_stays)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    const char *running = "The instance '" TEST_INSTANCE "' is not in the 'stopped' state.";
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, running, .instance_type = TEXT("t3.small"));
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, running, .user_data = DATA("x"));
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, running, .ebs_optimized = FLAG(true));
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, running, .ena_support = FLAG(true));
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, running, .sriov_net_support = TEXT("simple"));
    CHANGED(k, .disable_api_stop = FLAG(true));
    CHANGED(k, .source_dest_check = FLAG(false));
    calls_put_instance(k, INSTANCE_TERMINATED);
    UNCHANGED(k, INCORRECT_INSTANCE_STATE, "The instance '" TEST_INSTANCE "' is terminated",
              .disable_api_stop = FLAG(false));
    calls_free(k);
}
END_TEST

START_TEST(values_that_cannot_be_are_refused)
{
    struct calls *k = with_instance(INSTANCE_STOPPED);
    UNCHANGED(k, INVALID_INSTANCE_ATTRIBUTE_VALUE, "Invalid value 't9.huge' for InstanceType.",
              .instance_type = TEXT("t9.huge"));
    UNCHANGED(k, INVALID_INSTANCE_ATTRIBUTE_VALUE,
              "The instance type 't4g.micro' is of architecture arm64 and the instance of x86_64",
              .instance_type = TEXT("t4g.micro"));
    UNCHANGED(k, INVALID_PARAMETER_VALUE,
              "InstanceInitiatedShutdownBehavior must be stop or terminate",
              .instance_initiated_shutdown_behavior = TEXT("sleep"));
    UNCHANGED(k, UNSUPPORTED_OPERATION,
              "The instance '" TEST_INSTANCE "' is of virtualization type hvm: it boots the kernel "
              "and RAM disk that are on its root device",
              .kernel = TEXT("aki-12345678"));
    UNCHANGED(k, UNSUPPORTED_OPERATION, "An instance cannot be without ENA support here",
              .ena_support = FLAG(false));
    UNCHANGED(k, INVALID_PARAMETER_VALUE, "The value of sriovNetSupport can only be simple",
              .sriov_net_support = TEXT("none"));
    UNCHANGED(k, INVALID_PARAMETER_VALUE, "The attribute rootDeviceName cannot be modified",
              .attribute = "rootDeviceName", .value = "/dev/sda1");
    CHANGED(k, .instance_type = TEXT("t2.micro"));
    UNCHANGED(k, UNSUPPORTED,
              "EBS-optimized instances are not supported for the instance type 't2.micro'",
              .ebs_optimized = FLAG(true));
    UNCHANGED(k, INVALID_GROUP_NOT_FOUND,
              "The security group 'sg-00000000000000001' does not exist",
              .groups = LIST("sg-00000000000000001"));
    calls_free(k);
}
END_TEST

#define DEVICE(name, ...)                                                                          \
    .block_device_mappings =                                                                       \
        LIST_OF(ec2_InstanceBlockDeviceMappingSpecification,                                       \
                {.device_name = (name),                                                            \
                 .ebs = &(struct ec2_EbsInstanceBlockDeviceSpecification){__VA_ARGS__}})

START_TEST(a_device_says_whether_its_volume_goes_with_the_instance)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    CHANGED(k, DEVICE("/dev/xvda", .delete_on_termination = wire_bool(false)));
    ck_assert(
        !shown(k, "blockDeviceMapping").block_device_mappings.v[0].ebs->delete_on_termination.v);
    /* AWS: what says nothing says true. */
    CHANGED(k, DEVICE("/dev/xvda", .volume_id = "vol-0a0a0a0a0a0a0a0a0"));
    ck_assert(
        shown(k, "blockDeviceMapping").block_device_mappings.v[0].ebs->delete_on_termination.v);
    UNCHANGED(k, INVALID_INSTANCE_ATTRIBUTE_VALUE, "No device is currently mapped at /dev/sdz",
              DEVICE("/dev/sdz", .delete_on_termination = wire_bool(false)));
    UNCHANGED(k, INVALID_INSTANCE_ATTRIBUTE_VALUE,
              "The volume at /dev/xvda is vol-0a0a0a0a0a0a0a0a0, not vol-00000000000000001",
              DEVICE("/dev/xvda", .volume_id = "vol-00000000000000001"));
    calls_free(k);
}
END_TEST

START_TEST(three_attributes_can_be_reset)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_ResetInstanceAttribute_out reset;
    CHANGED(k, .source_dest_check = FLAG(false));
    OK(k, ResetInstanceAttribute, &reset, .instance_id = TEST_INSTANCE,
       .attribute = "sourceDestCheck");
    ck_assert(shown(k, "sourceDestCheck").source_dest_check->value.v);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE "' is not in the 'stopped' state.",
            ResetInstanceAttribute, &reset, .instance_id = TEST_INSTANCE, .attribute = "kernel");
    calls_put_instance(k, INSTANCE_STOPPED);
    OK(k, ResetInstanceAttribute, &reset, .instance_id = TEST_INSTANCE, .attribute = "kernel");
    OK(k, ResetInstanceAttribute, &reset, .instance_id = TEST_INSTANCE, .attribute = "ramdisk");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The attribute userData cannot be reset; kernel, ramdisk and sourceDestCheck can",
            ResetInstanceAttribute, &reset, .instance_id = TEST_INSTANCE, .attribute = "userData");
    calls_free(k);
}
END_TEST

UNIT_SUITE(every_attribute_of_the_model_is_shown, each_attribute_is_changed_by_a_member_of_its_own,
           the_older_form_says_the_same, a_request_changes_one_attribute,
           what_a_running_instance_has_booted_with_stays, values_that_cannot_be_are_refused,
           a_device_says_whether_its_volume_goes_with_the_instance, three_attributes_can_be_reset)
