/* DescribeInstanceTypes, DescribeInstanceTypeOfferings. */
#include "core/instance_type.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "base/buf.h"
#include "base/text.h"

#define MISSING_MAX 800

static const struct filter_path type_filters[] = {
    {"auto-recovery-supported", "AutoRecoverySupported"},
    {"bare-metal", "BareMetal"},
    {"burstable-performance-supported", "BurstablePerformanceSupported"},
    {"current-generation", "CurrentGeneration"},
    {"dedicated-hosts-supported", "DedicatedHostsSupported"},
    {"ebs-info.attachment-limit-type", "EbsInfo.AttachmentLimitType"},
    {"ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps",
     "EbsInfo.EbsOptimizedInfo.BaselineBandwidthInMbps"},
    {"ebs-info.ebs-optimized-info.baseline-iops", "EbsInfo.EbsOptimizedInfo.BaselineIops"},
    {"ebs-info.ebs-optimized-info.baseline-throughput-in-mbps",
     "EbsInfo.EbsOptimizedInfo.BaselineThroughputInMBps"},
    {"ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps",
     "EbsInfo.EbsOptimizedInfo.MaximumBandwidthInMbps"},
    {"ebs-info.ebs-optimized-info.maximum-iops", "EbsInfo.EbsOptimizedInfo.MaximumIops"},
    {"ebs-info.ebs-optimized-info.maximum-throughput-in-mbps",
     "EbsInfo.EbsOptimizedInfo.MaximumThroughputInMBps"},
    {"ebs-info.ebs-optimized-support", "EbsInfo.EbsOptimizedSupport"},
    {"ebs-info.encryption-support", "EbsInfo.EncryptionSupport"},
    {"ebs-info.maximum-ebs-attachments", "EbsInfo.MaximumEbsAttachments"},
    {"ebs-info.nvme-support", "EbsInfo.NvmeSupport"},
    {"free-tier-eligible", "FreeTierEligible"},
    {"hibernation-supported", "HibernationSupported"},
    {"hypervisor", "Hypervisor"},
    {"instance-storage-info.disk.count", "InstanceStorageInfo.Disks.Count"},
    {"instance-storage-info.disk.size-in-gb", "InstanceStorageInfo.Disks.SizeInGB"},
    {"instance-storage-info.disk.type", "InstanceStorageInfo.Disks.Type"},
    {"instance-storage-info.encryption-support", "InstanceStorageInfo.EncryptionSupport"},
    {"instance-storage-info.nvme-support", "InstanceStorageInfo.NvmeSupport"},
    {"instance-storage-info.total-size-in-gb", "InstanceStorageInfo.TotalSizeInGB"},
    {"instance-storage-supported", "InstanceStorageSupported"},
    {"instance-type", "InstanceType"},
    {"memory-info.size-in-mib", "MemoryInfo.SizeInMiB"},
    {"network-info.bandwidth-weightings", "NetworkInfo.BandwidthWeightings"},
    {"network-info.efa-info.maximum-efa-interfaces", "NetworkInfo.EfaInfo.MaximumEfaInterfaces"},
    {"network-info.efa-supported", "NetworkInfo.EfaSupported"},
    {"network-info.ena-support", "NetworkInfo.EnaSupport"},
    {"network-info.encryption-in-transit-supported", "NetworkInfo.EncryptionInTransitSupported"},
    {"network-info.flexible-ena-queues-support", "NetworkInfo.FlexibleEnaQueuesSupport"},
    {"network-info.ipv4-addresses-per-interface", "NetworkInfo.Ipv4AddressesPerInterface"},
    {"network-info.ipv6-addresses-per-interface", "NetworkInfo.Ipv6AddressesPerInterface"},
    {"network-info.ipv6-supported", "NetworkInfo.Ipv6Supported"},
    {"network-info.maximum-network-cards", "NetworkInfo.MaximumNetworkCards"},
    {"network-info.maximum-network-interfaces", "NetworkInfo.MaximumNetworkInterfaces"},
    {"network-info.network-performance", "NetworkInfo.NetworkPerformance"},
    {"nitro-enclaves-support", "NitroEnclavesSupport"},
    {"nitro-tpm-info.supported-versions", "NitroTpmInfo.SupportedVersions"},
    {"nitro-tpm-support", "NitroTpmSupport"},
    {"processor-info.supported-architecture", "ProcessorInfo.SupportedArchitectures"},
    {"processor-info.supported-features", "ProcessorInfo.SupportedFeatures"},
    {"processor-info.sustained-clock-speed-in-ghz", "ProcessorInfo.SustainedClockSpeedInGhz"},
    {"reboot-migration-support", "RebootMigrationSupport"},
    {"supported-boot-mode", "SupportedBootModes"},
    {"supported-root-device-type", "SupportedRootDeviceTypes"},
    {"supported-usage-class", "SupportedUsageClasses"},
    {"supported-virtualization-type", "SupportedVirtualizationTypes"},
    {"vcpu-info.default-cores", "VCpuInfo.DefaultCores"},
    {"vcpu-info.default-threads-per-core", "VCpuInfo.DefaultThreadsPerCore"},
    {"vcpu-info.default-vcpus", "VCpuInfo.DefaultVCpus"},
    {"vcpu-info.valid-cores", "VCpuInfo.ValidCores"},
    {"vcpu-info.valid-threads-per-core", "VCpuInfo.ValidThreadsPerCore"},
};

/*
 * What a reply says is what a guest gets here. So the figures of AWS's processors, memory and
 * interfaces stand, while what Croft has not (local disks, NVMe, hibernation, enclaves, a TPM,
 * IPv6) is unsupported for every type.
 */
static struct wire_strings one_text(struct call *c, const char *text)
{
    struct wire_strings list = {0};
    *arena_append(c->arena, &list) = text;
    return list;
}

static struct wire_strings usage_classes(struct call *c)
{
    struct wire_strings list = one_text(c, "on-demand");
    *arena_append(c->arena, &list) = "spot";
    return list;
}

static struct ec2_ProcessorInfo *processor_of(struct call *c, const struct instance_type *t)
{
    struct ec2_ProcessorInfo *info = arena_new_of(c->arena, struct ec2_ProcessorInfo);
    info->supported_architectures = one_text(c, t->architecture);
    if (t->clock_ghz > 0)
        info->sustained_clock_speed_in_ghz = wire_double(t->clock_ghz);
    info->manufacturer = t->processor;
    return info;
}

static struct ec2_VCpuInfo *vcpus_of(struct call *c, const struct instance_type *t)
{
    struct ec2_VCpuInfo *info = arena_new_of(c->arena, struct ec2_VCpuInfo);
    int64_t cores = instance_type_cores(t);
    int64_t threads = instance_type_threads_per_core(t);
    info->default_vcpus = wire_int(t->vcpus);
    info->default_cores = wire_int(cores);
    info->default_threads_per_core = wire_int(threads);
    for (int64_t n = 1; n <= cores; n++)
        if (instance_type_allows(t, n, threads))
            *arena_append(c->arena, &info->valid_cores) = n;
    for (int64_t n = 1; n <= threads; n++)
        if (instance_type_allows(t, cores, n))
            *arena_append(c->arena, &info->valid_threads_per_core) = n;
    return info;
}

/* NULL: the type has no instance store. The guest sees its disks as it sees volumes. */
static struct ec2_InstanceStorageInfo *storage_of(struct call *c, const struct instance_type *t)
{
    if (t->store_disks == 0)
        return NULL;
    struct ec2_InstanceStorageInfo *info = arena_new_of(c->arena, struct ec2_InstanceStorageInfo);
    *info = (struct ec2_InstanceStorageInfo){
        .total_size_in_gb = wire_int(t->store_disks * t->store_disk_gb),
        .nvme_support = "unsupported",
        .encryption_support = "unsupported",
    };
    *arena_append(c->arena, &info->disks) = (struct ec2_DiskInfo){
        .size_in_gb = wire_int(t->store_disk_gb),
        .count = wire_int(t->store_disks),
        .type = t->name[0] == 'd' ? "hdd" : "ssd",
    };
    return info;
}

static struct ec2_EbsInfo *ebs_of(struct call *c, const struct instance_type *t)
{
    struct ec2_EbsInfo *info = arena_new_of(c->arena, struct ec2_EbsInfo);
    info->ebs_optimized_support = t->ebs_optimized_default ? "default" : "unsupported";
    info->encryption_support = "supported";
    info->nvme_support = "unsupported";
    return info;
}

static struct ec2_NetworkInfo *network_of(struct call *c, const struct instance_type *t)
{
    struct ec2_NetworkInfo *info = arena_new_of(c->arena, struct ec2_NetworkInfo);
    *info = (struct ec2_NetworkInfo){
        .network_performance = t->network_performance,
        .maximum_network_interfaces = wire_int(t->max_interfaces),
        .maximum_network_cards = wire_int(1),
        .default_network_card_index = wire_int(0),
        .ipv4_addresses_per_interface = wire_int(t->ipv4_per_interface),
        .ipv6_addresses_per_interface = wire_int(t->ipv4_per_interface),
        .ipv6_supported = wire_bool(true),
        .ena_support = "unsupported",
        .efa_supported = wire_bool(false),
        .encryption_in_transit_supported = wire_bool(false),
        .ena_srd_supported = wire_bool(false),
    };
    *arena_append(c->arena, &info->network_cards) = (struct ec2_NetworkCardInfo){
        .network_card_index = wire_int(0),
        .network_performance = t->network_performance,
        .maximum_network_interfaces = wire_int(t->max_interfaces),
    };
    return info;
}

static void info_of_type(struct call *c, const struct instance_type *t,
                         struct ec2_InstanceTypeInfo *ret_info)
{
    struct ec2_MemoryInfo *memory = arena_new_of(c->arena, struct ec2_MemoryInfo);
    memory->size_in_mib = wire_int(t->memory_mib);
    struct ec2_PlacementGroupInfo *placement =
        arena_new_of(c->arena, struct ec2_PlacementGroupInfo);
    if (!t->burstable)
        *arena_append(c->arena, &placement->supported_strategies) = "cluster";
    *arena_append(c->arena, &placement->supported_strategies) = "partition";
    *arena_append(c->arena, &placement->supported_strategies) = "spread";
    *ret_info = (struct ec2_InstanceTypeInfo){
        .instance_type = t->name,
        .current_generation = wire_bool(t->current_generation),
        .free_tier_eligible = wire_bool(streq(t->name, "t2.micro") || streq(t->name, "t3.micro")),
        .supported_usage_classes = usage_classes(c),
        .supported_root_device_types = one_text(c, "ebs"),
        .supported_virtualization_types = one_text(c, "hvm"),
        .bare_metal = wire_bool(false),
        .hypervisor = t->nitro ? "nitro" : "xen",
        .processor_info = processor_of(c, t),
        .vcpu_info = vcpus_of(c, t),
        .memory_info = memory,
        .instance_storage_supported = wire_bool(t->store_disks > 0),
        .instance_storage_info = storage_of(c, t),
        .ebs_info = ebs_of(c, t),
        .network_info = network_of(c, t),
        .placement_group_info = placement,
        .hibernation_supported = wire_bool(false),
        .burstable_performance_supported = wire_bool(t->burstable),
        .dedicated_hosts_supported = wire_bool(false),
        .auto_recovery_supported = wire_bool(false),
        .supported_boot_modes =
            one_text(c, streq(t->architecture, "arm64") ? "uefi" : "legacy-bios"),
        .nitro_enclaves_support = "unsupported",
        .nitro_tpm_support = "unsupported",
        .phc_support = "unsupported",
        .reboot_migration_support = "unsupported",
    };
}

/* "The following supplied instance types do not exist: [x, y]" */
static int check_names(struct call *c, const struct wire_strings *names, struct fault *f)
{
    _cleanup_buf_ struct buf missing = BUF_INIT(MISSING_MAX);
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++) {
        if (instance_type_find(&c->config->instance_types, names->v[i]) != NULL)
            continue;
        if (missing.len + strlen(names->v[i]) + 2 < MISSING_MAX)
            buf_printf(&missing, "%s%s", n > 0 ? ", " : "", names->v[i]);
        n++;
    }
    if (n > 0)
        return fault(f, FAULT_INVALID_INSTANCE_TYPE,
                     "The following supplied instance types do not exist: [%s]", buf_str(&missing));
    return 0;
}

int act_ec2_DescribeInstanceTypes(struct call *c, const ec2_DescribeInstanceTypes_in *in,
                                  ec2_DescribeInstanceTypes_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, type_filters, InstanceTypeInfo);
    const struct instance_type_table *types = &c->config->instance_types;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->instance_types.n > 0, &page, f) < 0 ||
        check_names(c, &in->instance_types, f) < 0)
        return -1;
    for (size_t i = 0; i < types->n && !page.more; i++) {
        const char *name = types->v[i].name;
        if (in->instance_types.n > 0 && !strings_contain(&in->instance_types, name))
            continue;
        struct ec2_InstanceTypeInfo info;
        info_of_type(c, &types->v[i], &info);
        if (filters_match(&filters, &info, NULL) && page_admit(&page, name))
            *arena_append(c->arena, &out->instance_types) = info;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

static const struct filter_path offering_filters[] = {
    {"instance-type", "InstanceType"},
    {"location", "Location"},
};

/* Every type is offered everywhere: there is one server, and its zones are names. */
int act_ec2_DescribeInstanceTypeOfferings(struct call *c,
                                          const ec2_DescribeInstanceTypeOfferings_in *in,
                                          ec2_DescribeInstanceTypeOfferings_out *out,
                                          struct fault *f)
{
    struct filters filters = FILTERS(in, offering_filters, InstanceTypeOffering);
    const struct instance_type_table *types = &c->config->instance_types;
    const char *type = in->location_type == NULL ? "region" : in->location_type;
    const char *const *locations = &c->region->name;
    size_t n = 1;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    if (!streq(type, "region")) {
        locations = streq(type, "availability-zone") ? c->region->zones : c->region->zone_ids;
        n = streq(type, "outpost") ? 0 : ZONES_PER_REGION;
    }
    for (size_t i = 0; i < n * types->n && !page.more; i++) {
        struct ec2_InstanceTypeOffering offering = {types->v[i % types->n].name, type,
                                                    locations[i / types->n]};
        const char *key =
            arena_printf(c->arena, "%s\x01%s", offering.location, offering.instance_type);
        if (filters_match(&filters, &offering, NULL) && page_admit(&page, key))
            *arena_append(c->arena, &out->instance_type_offerings) = offering;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
