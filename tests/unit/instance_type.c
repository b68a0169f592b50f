/* The table of instance types, and the actions that show it. */
#include "core/instance_type.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

START_TEST(the_table_is_sorted_and_sound)
{
    struct instance_type_table t = instance_type_builtin();
    for (size_t i = 0; i < t.n; i++) {
        const struct instance_type *type = &t.v[i];
        ck_assert_msg(i == 0 || strcmp(t.v[i - 1].name, type->name) < 0, "%s", type->name);
        ck_assert_ptr_eq(instance_type_find(&t, type->name), type);
        ck_assert_msg(type->vcpus == type->cores || type->vcpus == 2 * type->cores, "%s",
                      type->name);
        ck_assert_msg(type->memory_mib >= 512 && type->memory_mib % 256 == 0, "%s", type->name);
        bool graviton =
            strchr(type->name, 'g') != NULL && strchr(type->name, 'g') < strchr(type->name, '.');
        ck_assert_str_eq(type->architecture, graviton ? "arm64" : "x86_64");
        ck_assert_msg(type->burstable == (type->name[0] == 't'), "%s", type->name);
        ck_assert_ptr_null(strstr(type->name, ".metal"));
    }
    ck_assert_ptr_null(instance_type_find(&t, "t3.gigantic"));
    ck_assert_ptr_null(instance_type_find(&t, "m5n.large"));
    ck_assert_ptr_null(instance_type_find(&t, ""));
}
END_TEST

START_TEST(a_guest_may_have_fewer_cores_and_no_threads)
{
    static const struct {
        const char *name;
        int64_t cores, threads;
        bool allowed;
    } rows[] = {
        {"t3.micro", 1, 2, true},    {"t3.micro", 1, 1, true},     {"t3.micro", 2, 1, false},
        {"t3.micro", 1, 3, false},   {"t3.micro", 0, 1, false},    {"m5.2xlarge", 4, 2, true},
        {"m5.2xlarge", 2, 1, true},  {"m5.2xlarge", 3, 2, false},  {"m5.2xlarge", 1, 2, false},
        {"i3.4xlarge", 3, 2, true},  {"i3.16xlarge", 3, 2, false}, {"i3.16xlarge", 30, 1, true},
        {"m6g.4xlarge", 7, 1, true}, {"m6g.4xlarge", 8, 2, false}, {"t2.xlarge", 4, 1, true},
        {"t2.xlarge", 2, 1, false},  {"m5.2xlarge", -2, 2, false}, {"c5.9xlarge", 20, 2, false},
    };
    struct instance_type_table t = instance_type_builtin();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        ck_assert_msg(instance_type_allows(instance_type_find(&t, rows[i].name), rows[i].cores,
                                           rows[i].threads) == rows[i].allowed,
                      "%s with %d cores of %d threads", rows[i].name, (int)rows[i].cores,
                      (int)rows[i].threads);
    /* As the configuration makes one: no cores are named, so each processor is one. */
    struct instance_type own = {.name = "lab.tiny", .vcpus = 3};
    ck_assert(instance_type_allows(&own, 3, 1) && instance_type_allows(&own, 1, 1));
    ck_assert(!instance_type_allows(&own, 4, 1) && !instance_type_allows(&own, 1, 2));
}
END_TEST

START_TEST(sizes_are_those_of_aws)
{
    static const struct {
        const char *name;
        int64_t vcpus, memory_mib, max_interfaces, ipv4_per_interface;
        const char *network;
    } rows[] = {
        {"t2.nano", 1, 512, 2, 2, "Low to Moderate"},
        {"t2.micro", 1, 1024, 2, 2, "Low to Moderate"},
        {"t2.xlarge", 4, 16384, 3, 15, "Moderate"},
        {"t3.micro", 2, 1024, 2, 2, "Up to 5 Gigabit"},
        {"t3.2xlarge", 8, 32768, 4, 15, "Up to 5 Gigabit"},
        {"t3a.small", 2, 2048, 2, 4, "Up to 5 Gigabit"},
        {"t4g.nano", 2, 512, 2, 2, "Up to 5 Gigabit"},
        {"m5.large", 2, 8192, 3, 10, "Up to 10 Gigabit"},
        {"m5.24xlarge", 96, 393216, 15, 50, "25 Gigabit"},
        {"m6i.32xlarge", 128, 524288, 15, 50, "50 Gigabit"},
        {"m6g.medium", 1, 4096, 2, 4, "Up to 10 Gigabit"},
        {"c5.9xlarge", 36, 73728, 8, 30, "12 Gigabit"},
        {"c5.18xlarge", 72, 147456, 15, 50, "25 Gigabit"},
        {"c6i.12xlarge", 48, 98304, 8, 30, "18.75 Gigabit"},
        {"c6g.16xlarge", 64, 131072, 15, 50, "25 Gigabit"},
        {"r5.large", 2, 16384, 3, 10, "Up to 10 Gigabit"},
        {"r6g.xlarge", 4, 32768, 4, 15, "Up to 10 Gigabit"},
        {"x1.16xlarge", 64, 999424, 8, 30, "10 Gigabit"},
        {"x1.32xlarge", 128, 1998848, 8, 30, "25 Gigabit"},
        {"x2gd.metal", 0, 0, 0, 0, NULL},
        {"x2idn.32xlarge", 128, 2097152, 15, 50, "100 Gigabit"},
        {"x2iedn.xlarge", 4, 131072, 4, 15, "Up to 25 Gigabit"},
        {"x2iezn.6xlarge", 24, 786432, 8, 30, "50 Gigabit"},
        {"i3.large", 2, 15616, 3, 10, "Up to 10 Gigabit"},
        {"d2.8xlarge", 36, 249856, 8, 30, "10 Gigabit"},
    };
    struct instance_type_table t = instance_type_builtin();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct instance_type *type = instance_type_find(&t, rows[i].name);
        if (rows[i].vcpus == 0) {
            ck_assert_ptr_null(type);
            continue;
        }
        ck_assert_msg(type != NULL, "%s is missing", rows[i].name);
        ck_assert_int_eq(type->vcpus, rows[i].vcpus);
        ck_assert_int_eq(type->memory_mib, rows[i].memory_mib);
        ck_assert_int_eq(type->max_interfaces, rows[i].max_interfaces);
        ck_assert_int_eq(type->ipv4_per_interface, rows[i].ipv4_per_interface);
        ck_assert_str_eq(type->network_performance, rows[i].network);
    }
}
END_TEST

START_TEST(instance_stores_are_those_of_aws)
{
    static const struct {
        const char *name;
        int64_t disks, gb;
        const char *type;
    } rows[] = {{"m5d.large", 1, 75, "ssd"},
                {"c5d.24xlarge", 4, 900, "ssd"},
                {"i3.16xlarge", 8, 1900, "ssd"},
                {"d2.8xlarge", 24, 2048, "hdd"},
                {"x2gd.12xlarge", 2, 1425, "ssd"}};
    struct calls *k = calls_new();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        ec2_DescribeInstanceTypes_out out;
        OK(k, DescribeInstanceTypes, &out, .instance_types = LIST(rows[i].name));
        const struct ec2_InstanceStorageInfo *store = out.instance_types.v[0].instance_storage_info;
        ck_assert(out.instance_types.v[0].instance_storage_supported.v);
        ck_assert_int_eq(store->disks.v[0].count.v, rows[i].disks);
        ck_assert_int_eq(store->disks.v[0].size_in_gb.v, rows[i].gb);
        ck_assert_str_eq(store->disks.v[0].type, rows[i].type);
        ck_assert_int_eq(store->total_size_in_gb.v, rows[i].disks * rows[i].gb);
    }
    struct instance_type_table t = instance_type_builtin();
    for (size_t i = 0; i < t.n; i++)
        ck_assert_msg(t.v[i].store_disks <= STORE_DISKS_MAX &&
                          t.v[i].store_disk_gb <= STORE_DISK_GB_MAX &&
                          (t.v[i].store_disks == 0) == (t.v[i].store_disk_gb == 0),
                      "%s", t.v[i].name);
    calls_free(k);
}
END_TEST

START_TEST(every_family_has_all_its_sizes)
{
    static const struct {
        const char *family;
        size_t sizes;
    } rows[] = {{"t2.", 7},  {"t3.", 7},   {"t3a.", 7},   {"t4g.", 7},    {"m5.", 8},
                {"m5d.", 8}, {"c5d.", 8},  {"r5d.", 8},   {"m6i.", 9},    {"m6g.", 8},
                {"c5.", 8},  {"c6i.", 9},  {"c6g.", 8},   {"r5.", 8},     {"r6g.", 8},
                {"x1.", 2},  {"x2gd.", 8}, {"x2idn.", 3}, {"x2iedn.", 7}, {"x2iezn.", 5},
                {"i3.", 6},  {"d2.", 4}};
    struct instance_type_table t = instance_type_builtin();
    size_t all = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t n = 0;
        for (size_t j = 0; j < t.n; j++)
            n += has_prefix(t.v[j].name, rows[i].family);
        ck_assert_msg(n == rows[i].sizes, "%s has %zu sizes", rows[i].family, n);
        all += n;
    }
    ck_assert_uint_eq(all, t.n);
}
END_TEST

START_TEST(a_type_is_shown_whole)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    OK(k, DescribeInstanceTypes, &out, .instance_types = LIST("t3.micro", "m6g.large"));
    ck_assert_uint_eq(out.instance_types.n, 2);
    const struct ec2_InstanceTypeInfo *arm = &out.instance_types.v[0];
    const struct ec2_InstanceTypeInfo *t3 = &out.instance_types.v[1];
    ck_assert_str_eq(arm->processor_info->supported_architectures.v[0], "arm64");
    ck_assert_int_eq(arm->vcpu_info->default_threads_per_core.v, 1);
    ck_assert_str_eq(t3->instance_type, "t3.micro");
    ck_assert(!t3->instance_storage_supported.v && t3->instance_storage_info == NULL);
    ck_assert_int_eq(t3->vcpu_info->default_vcpus.v, 2);
    ck_assert_int_eq(t3->vcpu_info->default_cores.v, 1);
    ck_assert_int_eq(t3->vcpu_info->default_threads_per_core.v, 2);
    ck_assert_int_eq(t3->memory_info->size_in_mib.v, 1024);
    ck_assert_int_eq(t3->network_info->maximum_network_interfaces.v, 2);
    ck_assert_str_eq(t3->hypervisor, "nitro");
    ck_assert(wire_true(t3->burstable_performance_supported));
    ck_assert(wire_true(t3->free_tier_eligible));
    ck_assert(t3->bare_metal.set && !t3->bare_metal.v);
    ck_assert_str_eq(t3->supported_virtualization_types.v[0], "hvm");
    ck_assert_str_eq(t3->supported_root_device_types.v[0], "ebs");
    calls_free(k);
}
END_TEST

START_TEST(types_are_filtered_by_what_is_shown)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    OK(k, DescribeInstanceTypes, &out, FILTERED_BY(FILTER("free-tier-eligible", "true")));
    ck_assert_uint_eq(out.instance_types.n, 2);
    OK(k, DescribeInstanceTypes, &out,
       FILTERED_BY(FILTER("processor-info.supported-architecture", "arm64"),
                   FILTER("memory-info.size-in-mib", "1024", "2048")));
    ck_assert_uint_eq(out.instance_types.n, 3); /* t4g.micro, t4g.small, c6g.medium */
    OK(k, DescribeInstanceTypes, &out,
       FILTERED_BY(FILTER("processor-info.sustained-clock-speed-in-ghz", "4.5")));
    ck_assert_uint_eq(out.instance_types.n, 5); /* x2iezn */
    REFUSED(k, INVALID_INSTANCE_TYPE,
            "The following supplied instance types do not exist: [t9.huge, x]",
            DescribeInstanceTypes, &out, .instance_types = LIST("t9.huge", "t3.micro", "x"));
    calls_free(k);
}
END_TEST

/* A name in a table that no shape has is a programmer's error, and found here. */
START_TEST(every_filter_can_be_used)
{
    static const char *const names[] = {"auto-recovery-supported",
                                        "ebs-info.ebs-optimized-info.maximum-iops",
                                        "instance-storage-info.disk.type",
                                        "network-info.efa-info.maximum-efa-interfaces",
                                        "nitro-tpm-info.supported-versions",
                                        "vcpu-info.valid-threads-per-core",
                                        "supported-boot-mode",
                                        "network-info.bandwidth-weightings"};
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypes_out out;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        OK(k, DescribeInstanceTypes, &out, FILTERED_BY(FILTER(names[i], "*")));
    calls_free(k);
}
END_TEST

START_TEST(offerings_are_by_region_and_zone)
{
    struct calls *k = calls_new();
    ec2_DescribeInstanceTypeOfferings_out out;
    OK(k, DescribeInstanceTypeOfferings, &out, FILTERED_BY(FILTER("instance-type", "t3.micro")));
    ck_assert_uint_eq(out.instance_type_offerings.n, 1);
    ck_assert_str_eq(out.instance_type_offerings.v[0].location, "us-east-1");
    ck_assert_str_eq(out.instance_type_offerings.v[0].location_type, "region");
    OK(k, DescribeInstanceTypeOfferings, &out, .location_type = "availability-zone",
       FILTERED_BY(FILTER("instance-type", "t3.micro")));
    ck_assert_uint_eq(out.instance_type_offerings.n, 3);
    ck_assert_str_eq(out.instance_type_offerings.v[2].location, "us-east-1c");
    OK(k, DescribeInstanceTypeOfferings, &out, .location_type = "availability-zone-id",
       FILTERED_BY(FILTER("location", "use1-az2"), FILTER("instance-type", "t3.*")));
    ck_assert_uint_eq(out.instance_type_offerings.n, 7);
    OK(k, DescribeInstanceTypeOfferings, &out, .location_type = "outpost");
    ck_assert_uint_eq(out.instance_type_offerings.n, 0);
    calls_free(k);
}
END_TEST

UNIT_SUITE(the_table_is_sorted_and_sound, a_guest_may_have_fewer_cores_and_no_threads,
           sizes_are_those_of_aws, every_family_has_all_its_sizes, instance_stores_are_those_of_aws,
           a_type_is_shown_whole, types_are_filtered_by_what_is_shown, every_filter_can_be_used,
           offerings_are_by_region_and_zone)
