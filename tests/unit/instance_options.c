/* Options of instances that are neither attributes nor credits, and the account's choices. */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

static struct calls *with_instance(enum instance_state state)
{
    struct calls *k = calls_new();
    calls_put_instance(k, state);
    return k;
}

/* A launch with more members: LAUNCHED(k, .key_name = "me")->cpu_options */
static ec2_RunInstances_out run;
#define LAUNCHED(k, ...)                                                                           \
    ({                                                                                             \
        OK(k, RunInstances, &run, .image_id = TEST_IMAGE, .min_count = wire_int(1),                \
           .max_count = wire_int(1), __VA_ARGS__);                                                 \
        &run.instances.v[0];                                                                       \
    })
#define NOT_LAUNCHED(k, id, text, ...)                                                             \
    REFUSED(k, id, text, RunInstances, &run, .image_id = TEST_IMAGE, .min_count = wire_int(1),     \
            .max_count = wire_int(1), __VA_ARGS__)

#define ASKED(...)                                                                                 \
    .metadata_options = &(struct ec2_InstanceMetadataOptionsRequest)                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

START_TEST(metadata_options_change_one_by_one)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_ModifyInstanceMetadataOptions_out out;
    OK(k, ModifyInstanceMetadataOptions, &out, .instance_id = TEST_INSTANCE,
       .http_tokens = "required", .http_put_response_hop_limit = wire_int(2));
    const struct ec2_InstanceMetadataOptionsResponse *m = out.instance_metadata_options;
    ck_assert_str_eq(out.instance_id, TEST_INSTANCE);
    ck_assert_str_eq(m->state, "pending");
    ck_assert_str_eq(m->http_tokens, "required");
    ck_assert_str_eq(m->http_endpoint, "enabled");
    ck_assert_int_eq(m->http_put_response_hop_limit.v, 2);
    OK(k, ModifyInstanceMetadataOptions, &out, .instance_id = TEST_INSTANCE,
       .http_endpoint = "disabled", .instance_metadata_tags = "enabled",
       .http_protocol_ipv6 = "enabled");
    const struct instance *i = calls_instance(k);
    ck_assert_str_eq(i->http_protocol_ipv6, "enabled");
    ck_assert_str_eq(i->http_tokens, "required");
    ck_assert_str_eq(i->http_endpoint, "disabled");
    ck_assert_str_eq(i->instance_metadata_tags, "enabled");
    ck_assert_int_eq(i->http_put_response_hop_limit, 2);

    ec2_DescribeInstances_out found;
    OK(k, DescribeInstances, &found, .instance_ids = LIST(TEST_INSTANCE));
    ck_assert_str_eq(found.reservations.v[0].instances.v[0].metadata_options->state, "applied");
    calls_put_instance(k, INSTANCE_TERMINATED);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE
            "' is terminated; its metadata options are changed while "
            "it is running or stopped",
            ModifyInstanceMetadataOptions, &out, .instance_id = TEST_INSTANCE,
            .http_tokens = "optional");
    calls_free(k);
}
END_TEST

#define NOT_A_KEY(key)                                                                             \
    "'" key "' is not a valid tag key. Tag keys must match pattern "                               \
    "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', "                 \
    "'_index'), while instance metadata shows tags"

START_TEST(tags_that_metadata_shows_have_keys_that_are_paths)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_ModifyInstanceMetadataOptions_out modified;
    ec2_CreateTags_out tagged;
    OK(k, CreateTags, &tagged, .resources = LIST(TEST_INSTANCE),
       .tags = LIST_OF(ec2_Tag, {"my team", "a"}));
    REFUSED(k, INVALID_PARAMETER_VALUE, NOT_A_KEY("my team"), ModifyInstanceMetadataOptions,
            &modified, .instance_id = TEST_INSTANCE, .instance_metadata_tags = "enabled");
    ec2_DeleteTags_out untagged;
    OK(k, DeleteTags, &untagged, .resources = LIST(TEST_INSTANCE));
    OK(k, ModifyInstanceMetadataOptions, &modified, .instance_id = TEST_INSTANCE,
       .instance_metadata_tags = "enabled");
    REFUSED(k, INVALID_PARAMETER_VALUE, NOT_A_KEY(".."), CreateTags, &tagged,
            .resources = LIST(TEST_INSTANCE), .tags = LIST_OF(ec2_Tag, {"Name", ""}, {"..", ""}));
    OK(k, CreateTags, &tagged, .resources = LIST(TEST_INSTANCE, "vol-0a0a0a0a0a0a0a0a0"),
       .tags = LIST_OF(ec2_Tag, {"team:a", "1"}));
    OK(k, CreateTags, &tagged, .resources = LIST("vol-0a0a0a0a0a0a0a0a0"),
       .tags = LIST_OF(ec2_Tag, {"my team", "a"}));
    NOT_LAUNCHED(k, INVALID_PARAMETER_VALUE, NOT_A_KEY("a/b"),
                 ASKED(.instance_metadata_tags = "enabled"), TAGGED("instance", {"a/b", "1"}));
    (void)LAUNCHED(k, ASKED(.instance_metadata_tags = "enabled"), TAGGED("volume", {"a/b", "1"}));
    (void)LAUNCHED(k, ASKED(.http_tokens = "required"), TAGGED("instance", {"a/b", "1"}));
    calls_free(k);
}
END_TEST

START_TEST(a_launch_takes_the_accounts_defaults_for_what_it_leaves_open)
{
    struct calls *k = calls_new();
    ec2_ModifyInstanceMetadataDefaults_out out;
    ec2_GetInstanceMetadataDefaults_out got;
    OK(k, GetInstanceMetadataDefaults, &got, .dry_run = wire_bool(false));
    ck_assert_ptr_null(got.account_level->http_tokens);
    ck_assert(!got.account_level->http_put_response_hop_limit.set);
    ck_assert_str_eq(LAUNCHED(k, .key_name = NULL)->metadata_options->http_tokens, "optional");

    OK(k, ModifyInstanceMetadataDefaults, &out, .http_tokens = "required",
       .http_put_response_hop_limit = wire_int(3), .instance_metadata_tags = "enabled");
    ck_assert(out.return_.v);
    OK(k, GetInstanceMetadataDefaults, &got, .dry_run = wire_bool(false));
    ck_assert_str_eq(got.account_level->http_tokens, "required");
    ck_assert_int_eq(got.account_level->http_put_response_hop_limit.v, 3);
    ck_assert_str_eq(got.account_level->managed_by, "account");
    ck_assert_ptr_null(got.account_level->http_endpoint);
    const struct ec2_InstanceMetadataOptionsResponse *m =
        LAUNCHED(k, ASKED(.http_endpoint = "disabled"))->metadata_options;
    ck_assert_str_eq(m->http_tokens, "required");
    ck_assert_str_eq(m->http_endpoint, "disabled");
    ck_assert_str_eq(m->instance_metadata_tags, "enabled");
    ck_assert_int_eq(m->http_put_response_hop_limit.v, 3);
    m = LAUNCHED(k, ASKED(.http_tokens = "optional", .http_put_response_hop_limit = wire_int(1)))
            ->metadata_options;
    ck_assert_str_eq(m->http_tokens, "optional");
    ck_assert_int_eq(m->http_put_response_hop_limit.v, 1);

    OK(k, ModifyInstanceMetadataDefaults, &out, .http_tokens = "no-preference",
       .http_put_response_hop_limit = wire_int(-1));
    OK(k, GetInstanceMetadataDefaults, &got, .dry_run = wire_bool(false));
    ck_assert_ptr_null(got.account_level->http_tokens);
    ck_assert(!got.account_level->http_put_response_hop_limit.set);
    ck_assert_str_eq(got.account_level->instance_metadata_tags, "enabled");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (65) for parameter HttpPutResponseHopLimit is invalid. It must be from 1 to 64, "
            "or -1 for no preference",
            ModifyInstanceMetadataDefaults, &out, .http_put_response_hop_limit = wire_int(65));
    calls_free(k);
}
END_TEST

START_TEST(an_account_may_insist_on_tokens)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    const char *must =
        "HttpTokens must be required, because HttpTokensEnforced is enabled for this "
        "account and region. Ask for required, or change the account's defaults with "
        "ModifyInstanceMetadataDefaults";
    ec2_ModifyInstanceMetadataDefaults_out out;
    ec2_ModifyInstanceMetadataOptions_out modified;
    OK(k, ModifyInstanceMetadataDefaults, &out, .http_tokens_enforced = "enabled");
    NOT_LAUNCHED(k, UNSUPPORTED_OPERATION, must, .key_name = NULL);
    NOT_LAUNCHED(k, UNSUPPORTED_OPERATION, must, ASKED(.http_tokens = "optional"));
    (void)LAUNCHED(k, ASKED(.http_tokens = "required"));
    REFUSED(k, UNSUPPORTED_OPERATION, must, ModifyInstanceMetadataOptions, &modified,
            .instance_id = TEST_INSTANCE, .http_tokens = "optional");
    /* What is as it was stays so. */
    OK(k, ModifyInstanceMetadataOptions, &modified, .instance_id = TEST_INSTANCE,
       .http_put_response_hop_limit = wire_int(2));
    ck_assert_str_eq(modified.instance_metadata_options->http_tokens, "optional");
    calls_free(k);
}
END_TEST

START_TEST(monitoring_is_on_its_way_in_the_reply_and_there_afterwards)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_MonitorInstances_out on;
    ec2_UnmonitorInstances_out off;
    OK(k, MonitorInstances, &on, .instance_ids = LIST(TEST_INSTANCE));
    ck_assert_str_eq(on.instance_monitorings.v[0].instance_id, TEST_INSTANCE);
    ck_assert_str_eq(on.instance_monitorings.v[0].monitoring->state, "pending");
    ck_assert(calls_instance(k)->monitoring);
    OK(k, MonitorInstances, &on, .instance_ids = LIST(TEST_INSTANCE));
    ck_assert_str_eq(on.instance_monitorings.v[0].monitoring->state, "enabled");
    OK(k, UnmonitorInstances, &off, .instance_ids = LIST(TEST_INSTANCE));
    ck_assert_str_eq(off.instance_monitorings.v[0].monitoring->state, "disabling");
    ck_assert(!calls_instance(k)->monitoring);
    REFUSED(k, INVALID_INSTANCE_ID_NOT_FOUND,
            "The instance ID 'i-00000000000000001' does not exist", MonitorInstances, &on,
            .instance_ids = LIST(TEST_INSTANCE, "i-00000000000000001"));
    calls_put_instance(k, INSTANCE_TERMINATED);
    REFUSED(k, INCORRECT_INSTANCE_STATE, "The instance '" TEST_INSTANCE "' is terminated",
            MonitorInstances, &on, .instance_ids = LIST(TEST_INSTANCE));
    calls_free(k);
}
END_TEST

START_TEST(maintenance_options_are_kept)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_ModifyInstanceMaintenanceOptions_out out;
    OK(k, ModifyInstanceMaintenanceOptions, &out, .instance_id = TEST_INSTANCE,
       .auto_recovery = "disabled");
    ck_assert_str_eq(out.auto_recovery, "disabled");
    ck_assert_str_eq(out.reboot_migration, "default");
    OK(k, ModifyInstanceMaintenanceOptions, &out, .instance_id = TEST_INSTANCE,
       .reboot_migration = "disabled");
    ck_assert_str_eq(out.auto_recovery, "disabled");
    ck_assert_str_eq(out.reboot_migration, "disabled");
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter AutoRecovery or RebootMigration",
            ModifyInstanceMaintenanceOptions, &out, .instance_id = TEST_INSTANCE);
    const struct ec2_Instance *i = LAUNCHED(
        k, .maintenance_options = &(struct ec2_InstanceMaintenanceOptionsRequest){"disabled"});
    ck_assert_str_eq(i->maintenance_options->auto_recovery, "disabled");
    ck_assert_str_eq(LAUNCHED(k, .key_name = NULL)->maintenance_options->auto_recovery, "default");
    calls_free(k);
}
END_TEST

#define CORES(n, each)                                                                             \
    .cpu_options = &(struct ec2_CpuOptionsRequest)                                                 \
    {                                                                                              \
        .core_count = wire_int(n), .threads_per_core = wire_int(each)                              \
    }

START_TEST(a_launch_may_ask_for_fewer_processors)
{
    struct calls *k = calls_new();
    const struct ec2_Instance *i = LAUNCHED(k, .instance_type = "m5.2xlarge");
    ck_assert_int_eq(i->cpu_options->core_count.v, 4);
    ck_assert_int_eq(i->cpu_options->threads_per_core.v, 2);
    i = LAUNCHED(k, .instance_type = "m5.2xlarge", CORES(2, 1));
    ck_assert_int_eq(i->cpu_options->core_count.v, 2);
    ck_assert_int_eq(i->cpu_options->threads_per_core.v, 1);
    NOT_LAUNCHED(k, MISSING_PARAMETER,
                 "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.",
                 .cpu_options = &(struct ec2_CpuOptionsRequest){.core_count = wire_int(1)});
    NOT_LAUNCHED(k, INVALID_PARAMETER_VALUE,
                 "CoreCount 3 with ThreadsPerCore 2 is not valid for the instance type "
                 "'m5.2xlarge', which has 4 cores with 2 threads each. DescribeInstanceTypes shows "
                 "what is",
                 .instance_type = "m5.2xlarge", CORES(3, 2));
    calls_free(k);
}
END_TEST

START_TEST(a_stopped_instance_takes_other_cpu_options)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_ModifyInstanceCpuOptions_out out;
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE "' is not in the 'stopped' state.",
            ModifyInstanceCpuOptions, &out, .instance_id = TEST_INSTANCE, .core_count = wire_int(1),
            .threads_per_core = wire_int(1));
    calls_put_instance(k, INSTANCE_STOPPED);
    OK(k, ModifyInstanceCpuOptions, &out, .instance_id = TEST_INSTANCE, .core_count = wire_int(1),
       .threads_per_core = wire_int(1));
    ck_assert_str_eq(out.instance_id, TEST_INSTANCE);
    ck_assert_int_eq(out.core_count.v, 1);
    ck_assert_int_eq(calls_instance(k)->vcpus, 1);
    REFUSED(k, MISSING_PARAMETER,
            "When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.",
            ModifyInstanceCpuOptions, &out, .instance_id = TEST_INSTANCE,
            .threads_per_core = wire_int(1));
    /* Another type brings its own again. */
    ec2_ModifyInstanceAttribute_out resized;
    OK(k, ModifyInstanceAttribute, &resized, .instance_id = TEST_INSTANCE,
       .instance_type = &(struct ec2_AttributeValue){"m5.xlarge"});
    const struct instance *i = calls_instance(k);
    ck_assert_int_eq(i->vcpus, 4);
    ck_assert_int_eq(instance_cores(i), 2);
    ck_assert_int_eq(instance_threads_per_core(i), 2);
    calls_free(k);
}
END_TEST

START_TEST(a_row_of_schema_1_has_cores_alone)
{
    struct instance old = {.vcpus = 4};
    ck_assert_int_eq(instance_cores(&old), 4);
    ck_assert_int_eq(instance_threads_per_core(&old), 1);
}
END_TEST

START_TEST(no_instance_here_has_a_password)
{
    struct calls *k = with_instance(INSTANCE_RUNNING);
    ec2_GetPasswordData_out out;
    OK(k, GetPasswordData, &out, .instance_id = TEST_INSTANCE);
    ck_assert_str_eq(out.instance_id, TEST_INSTANCE);
    ck_assert_str_eq(out.password_data, "");
    ck_assert_int_eq(out.timestamp.v, calls_instance(k)->launch_time);
    REFUSED(k, INVALID_INSTANCE_ID_NOT_FOUND,
            "The instance ID 'i-00000000000000001' does not exist", GetPasswordData, &out,
            .instance_id = "i-00000000000000001");
    calls_free(k);
}
END_TEST

static bool console_is_open(struct calls *k)
{
    ec2_GetSerialConsoleAccessStatus_out out;
    OK(k, GetSerialConsoleAccessStatus, &out, .dry_run = wire_bool(false));
    ck_assert_str_eq(out.managed_by, "account");
    return out.serial_console_access_enabled.v;
}

START_TEST(the_serial_console_is_closed_until_it_is_opened_for_a_region)
{
    struct calls *k = calls_new();
    ec2_EnableSerialConsoleAccess_out on;
    ec2_DisableSerialConsoleAccess_out off;
    ck_assert(!console_is_open(k));
    OK(k, EnableSerialConsoleAccess, &on, .dry_run = wire_bool(false));
    ck_assert(on.serial_console_access_enabled.v);
    OK(k, EnableSerialConsoleAccess, &on, .dry_run = wire_bool(false));
    ck_assert(console_is_open(k));
    struct region first = k->served[0];
    k->served[0] = k->served[1];
    ck_assert(!console_is_open(k));
    k->served[0] = first;
    OK(k, DisableSerialConsoleAccess, &off, .dry_run = wire_bool(false));
    ck_assert(!off.serial_console_access_enabled.v);
    ck_assert(!console_is_open(k));
    calls_free(k);
}
END_TEST

/* --- names */

#define NAMED(...)                                                                                 \
    .private_dns_name_options = &(struct ec2_PrivateDnsNameOptionsRequest)                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static const struct ec2_PrivateDnsNameOptionsResponse *names_of(struct calls *k, const char *id)
{
    ec2_DescribeInstances_out out;
    OK(k, DescribeInstances, &out, .instance_ids = LIST(id));
    return out.reservations.v[0].instances.v[0].private_dns_name_options;
}

START_TEST(names_are_the_subnets_unless_the_launch_says_otherwise)
{
    struct calls *k = calls_new();
    ec2_ModifySubnetAttribute_out changed;
    OK(k, ModifySubnetAttribute, &changed, .subnet_id = TEST_SUBNET,
       .private_dns_hostname_type_on_launch = "resource-name");
    OK(k, ModifySubnetAttribute, &changed, .subnet_id = TEST_SUBNET,
       .enable_resource_name_dns_a_record_on_launch =
           &(struct ec2_AttributeBooleanValue){wire_bool(true)});
    ec2_RunInstances_out made;
    OK(k, RunInstances, &made, .image_id = TEST_IMAGE, .min_count = {true, 1},
       .max_count = {true, 1}, .subnet_id = TEST_SUBNET);
    const struct ec2_Instance *i = &made.instances.v[0];
    ck_assert_str_eq(i->private_dns_name_options->hostname_type, "resource-name");
    ck_assert(i->private_dns_name_options->enable_resource_name_dns_a_record.v);
    ck_assert(!i->private_dns_name_options->enable_resource_name_dns_aaaa_record.v);
    ck_assert_str_eq(i->private_dns_name,
                     arena_printf(k->arena, "%s.ec2.internal", i->instance_id));
    OK(k, RunInstances, &made, .image_id = TEST_IMAGE, .min_count = {true, 1},
       .max_count = {true, 1}, .subnet_id = TEST_SUBNET,
       NAMED(.hostname_type = "ip-name", .enable_resource_name_dns_aaaa_record = wire_bool(true)));
    i = &made.instances.v[0];
    ck_assert_str_eq(i->private_dns_name_options->hostname_type, "ip-name");
    ck_assert(i->private_dns_name_options->enable_resource_name_dns_a_record.v);
    ck_assert(i->private_dns_name_options->enable_resource_name_dns_aaaa_record.v);
    ck_assert_uint_eq(strncmp(i->private_dns_name, "ip-172-31-", 10), 0);
    calls_free(k);
}
END_TEST

START_TEST(the_type_of_hostname_is_a_stopped_instances_to_change)
{
    struct calls *k = calls_new();
    ec2_ModifyPrivateDnsNameOptions_out out;
    calls_put_instance(k, INSTANCE_RUNNING);
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter PrivateDnsHostnameType, "
            "EnableResourceNameDnsARecord or EnableResourceNameDnsAAAARecord",
            ModifyPrivateDnsNameOptions, &out, .instance_id = TEST_INSTANCE);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE "' is not in the 'stopped' state.",
            ModifyPrivateDnsNameOptions, &out, .instance_id = TEST_INSTANCE,
            .private_dns_hostname_type = "resource-name");
    OK(k, ModifyPrivateDnsNameOptions, &out, .instance_id = TEST_INSTANCE,
       .private_dns_hostname_type = "ip-name",
       .enable_resource_name_dns_a_record = wire_bool(true));
    ck_assert(out.return_.v);
    ck_assert(names_of(k, TEST_INSTANCE)->enable_resource_name_dns_a_record.v);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 1);
    calls_put_instance(k, INSTANCE_STOPPED);
    OK(k, ModifyPrivateDnsNameOptions, &out, .instance_id = TEST_INSTANCE,
       .private_dns_hostname_type = "resource-name");
    ck_assert_str_eq(names_of(k, TEST_INSTANCE)->hostname_type, "resource-name");
    calls_put_instance(k, INSTANCE_TERMINATED);
    REFUSED(k, INCORRECT_INSTANCE_STATE, "The instance '" TEST_INSTANCE "' is terminated",
            ModifyPrivateDnsNameOptions, &out, .instance_id = TEST_INSTANCE,
            .enable_resource_name_dns_a_record = wire_bool(false));
    calls_free(k);
}
END_TEST

UNIT_SUITE(names_are_the_subnets_unless_the_launch_says_otherwise,
           the_type_of_hostname_is_a_stopped_instances_to_change,
           metadata_options_change_one_by_one, tags_that_metadata_shows_have_keys_that_are_paths,
           a_launch_takes_the_accounts_defaults_for_what_it_leaves_open,
           an_account_may_insist_on_tokens,
           monitoring_is_on_its_way_in_the_reply_and_there_afterwards, maintenance_options_are_kept,
           a_launch_may_ask_for_fewer_processors, a_stopped_instance_takes_other_cpu_options,
           a_row_of_schema_1_has_cores_alone, no_instance_here_has_a_password,
           the_serial_console_is_closed_until_it_is_opened_for_a_region)
