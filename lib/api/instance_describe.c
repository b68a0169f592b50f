#include "api/filter.h"
#include "api/instance_view.h"
#include "api/lookup.h"
#include "api/page.h"
#include "base/clock.h"
#include "base/text.h"

#define ONE_BY_ONE 8 /* so many instances are looked up each for itself */

/* AWS: DescribeInstances, "Filters". */
static const struct filter_path instance_filters[] = {
    {"affinity", "Placement.Affinity"},
    {"architecture", "Architecture"},
    {"availability-zone", "Placement.AvailabilityZone"},
    {"availability-zone-id", "Placement.AvailabilityZoneId"},
    {"block-device-mapping.attach-time", "BlockDeviceMappings.Ebs.AttachTime"},
    {"block-device-mapping.delete-on-termination", "BlockDeviceMappings.Ebs.DeleteOnTermination"},
    {"block-device-mapping.device-name", "BlockDeviceMappings.DeviceName"},
    {"block-device-mapping.status", "BlockDeviceMappings.Ebs.Status"},
    {"block-device-mapping.volume-id", "BlockDeviceMappings.Ebs.VolumeId"},
    {"boot-mode", "BootMode"},
    {"capacity-reservation-id", "CapacityReservationId"},
    {"capacity-reservation-specification.capacity-reservation-preference",
     "CapacityReservationSpecification.CapacityReservationPreference"},
    {"capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
     "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"},
    {"capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-"
     "group-arn",
     "CapacityReservationSpecification.CapacityReservationTarget."
     "CapacityReservationResourceGroupArn"},
    {"client-token", "ClientToken"},
    {"current-instance-boot-mode", "CurrentInstanceBootMode"},
    {"dns-name", "PublicDnsName"},
    {"ebs-optimized", "EbsOptimized"},
    {"ena-support", "EnaSupport"},
    {"enclave-options.enabled", "EnclaveOptions.Enabled"},
    {"hibernation-options.configured", "HibernationOptions.Configured"},
    {"host-id", "Placement.HostId"},
    {"hypervisor", "Hypervisor"},
    {"iam-instance-profile.arn", "IamInstanceProfile.Arn"},
    {"iam-instance-profile.id", "IamInstanceProfile.Id"},
    {"image-id", "ImageId"},
    {"instance-id", "InstanceId"},
    {"instance-lifecycle", "InstanceLifecycle"},
    {"instance-state-code", "State.Code"},
    {"instance-state-name", "State.Name"},
    {"instance-type", "InstanceType"},
    {"instance.group-id", "SecurityGroups.GroupId"},
    {"instance.group-name", "SecurityGroups.GroupName"},
    {"ip-address", "PublicIpAddress"},
    {"ipv6-address", "Ipv6Address"},
    {"kernel-id", "KernelId"},
    {"key-name", "KeyName"},
    {"launch-index", "AmiLaunchIndex"},
    {"launch-time", "LaunchTime"},
    {"maintenance-options.auto-recovery", "MaintenanceOptions.AutoRecovery"},
    {"metadata-options.http-endpoint", "MetadataOptions.HttpEndpoint"},
    {"metadata-options.http-protocol-ipv4", "MetadataOptions.HttpEndpoint"},
    {"metadata-options.http-protocol-ipv6", "MetadataOptions.HttpProtocolIpv6"},
    {"metadata-options.http-put-response-hop-limit", "MetadataOptions.HttpPutResponseHopLimit"},
    {"metadata-options.http-tokens", "MetadataOptions.HttpTokens"},
    {"metadata-options.instance-metadata-tags", "MetadataOptions.InstanceMetadataTags"},
    {"metadata-options.state", "MetadataOptions.State"},
    {"monitoring-state", "Monitoring.State"},
    {"network-interface.addresses.association.allocation-id", NULL},
    {"network-interface.addresses.association.association-id", NULL},
    {"network-interface.addresses.association.carrier-ip",
     "NetworkInterfaces.PrivateIpAddresses.Association.CarrierIp"},
    {"network-interface.addresses.association.customer-owned-ip",
     "NetworkInterfaces.PrivateIpAddresses.Association.CustomerOwnedIp"},
    {"network-interface.addresses.association.ip-owner-id",
     "NetworkInterfaces.PrivateIpAddresses.Association.IpOwnerId"},
    {"network-interface.addresses.association.public-dns-name",
     "NetworkInterfaces.PrivateIpAddresses.Association.PublicDnsName"},
    {"network-interface.addresses.association.public-ip",
     "NetworkInterfaces.PrivateIpAddresses.Association.PublicIp"},
    {"network-interface.addresses.primary", "NetworkInterfaces.PrivateIpAddresses.Primary"},
    {"network-interface.addresses.private-dns-name",
     "NetworkInterfaces.PrivateIpAddresses.PrivateDnsName"},
    {"network-interface.addresses.private-ip-address",
     "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress"},
    {"network-interface.association.allocation-id", NULL},
    {"network-interface.association.association-id", NULL},
    {"network-interface.association.carrier-ip", "NetworkInterfaces.Association.CarrierIp"},
    {"network-interface.association.customer-owned-ip",
     "NetworkInterfaces.Association.CustomerOwnedIp"},
    {"network-interface.association.ip-owner-id", "NetworkInterfaces.Association.IpOwnerId"},
    {"network-interface.association.public-dns-name",
     "NetworkInterfaces.Association.PublicDnsName"},
    {"network-interface.association.public-ip", "NetworkInterfaces.Association.PublicIp"},
    {"network-interface.attachment.attach-time", "NetworkInterfaces.Attachment.AttachTime"},
    {"network-interface.attachment.attachment-id", "NetworkInterfaces.Attachment.AttachmentId"},
    {"network-interface.attachment.delete-on-termination",
     "NetworkInterfaces.Attachment.DeleteOnTermination"},
    {"network-interface.attachment.device-index", "NetworkInterfaces.Attachment.DeviceIndex"},
    {"network-interface.attachment.instance-id", "InstanceId"},
    {"network-interface.attachment.instance-owner-id", "^OwnerId"},
    {"network-interface.attachment.network-card-index",
     "NetworkInterfaces.Attachment.NetworkCardIndex"},
    {"network-interface.attachment.status", "NetworkInterfaces.Attachment.Status"},
    {"network-interface.availability-zone", "Placement.AvailabilityZone"},
    {"network-interface.deny-all-igw-traffic", NULL},
    {"network-interface.description", "NetworkInterfaces.Description"},
    {"network-interface.group-id", "NetworkInterfaces.Groups.GroupId"},
    {"network-interface.group-name", "NetworkInterfaces.Groups.GroupName"},
    {"network-interface.ipv4-prefixes.ipv4-prefix", "NetworkInterfaces.Ipv4Prefixes.Ipv4Prefix"},
    {"network-interface.ipv6-address", "NetworkInterfaces.Ipv6Addresses.Ipv6Address"},
    {"network-interface.ipv6-addresses.ipv6-address",
     "NetworkInterfaces.Ipv6Addresses.Ipv6Address"},
    {"network-interface.ipv6-addresses.is-primary-ipv6",
     "NetworkInterfaces.Ipv6Addresses.IsPrimaryIpv6"},
    {"network-interface.ipv6-native", "=false"},
    {"network-interface.ipv6-prefixes.ipv6-prefix", "NetworkInterfaces.Ipv6Prefixes.Ipv6Prefix"},
    {"network-interface.mac-address", "NetworkInterfaces.MacAddress"},
    {"network-interface.network-interface-id", "NetworkInterfaces.NetworkInterfaceId"},
    {"network-interface.operator.managed", "=false"},
    {"network-interface.operator.principal", "NetworkInterfaces.Operator.Principal"},
    {"network-interface.outpost-arn", NULL},
    {"network-interface.owner-id", "NetworkInterfaces.OwnerId"},
    {"network-interface.private-dns-name", "NetworkInterfaces.PrivateDnsName"},
    {"network-interface.private-ip-address", "NetworkInterfaces.PrivateIpAddress"},
    {"network-interface.public-dns-name", "NetworkInterfaces.Association.PublicDnsName"},
    {"network-interface.requester-id", NULL},
    {"network-interface.requester-managed", "=false"},
    {"network-interface.source-dest-check", "NetworkInterfaces.SourceDestCheck"},
    {"network-interface.status", "NetworkInterfaces.Status"},
    {"network-interface.subnet-id", "NetworkInterfaces.SubnetId"},
    {"network-interface.vpc-id", "NetworkInterfaces.VpcId"},
    {"network-performance-options.bandwidth-weighting",
     "NetworkPerformanceOptions.BandwidthWeighting"},
    {"operator.managed", "=false"},
    {"operator.principal", "Operator.Principal"},
    {"outpost-arn", "OutpostArn"},
    {"owner-id", "^OwnerId"},
    {"placement-group-name", "Placement.GroupName"},
    {"placement-partition-number", "Placement.PartitionNumber"},
    {"platform", "Platform"},
    {"platform-details", "PlatformDetails"},
    {"private-dns-name", "PrivateDnsName"},
    {"private-dns-name-options.enable-resource-name-dns-a-record",
     "PrivateDnsNameOptions.EnableResourceNameDnsARecord"},
    {"private-dns-name-options.enable-resource-name-dns-aaaa-record",
     "PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord"},
    {"private-dns-name-options.hostname-type", "PrivateDnsNameOptions.HostnameType"},
    {"private-ip-address", "PrivateIpAddress"},
    {"product-code", "ProductCodes.ProductCodeId"},
    {"product-code.type", "ProductCodes.ProductCodeType"},
    {"ramdisk-id", "RamdiskId"},
    {"reason", "StateTransitionReason"},
    {"requester-id", "^RequesterId"},
    {"reservation-id", "^ReservationId"},
    {"root-device-name", "RootDeviceName"},
    {"root-device-type", "RootDeviceType"},
    {"source-dest-check", "SourceDestCheck"},
    {"spot-instance-request-id", "SpotInstanceRequestId"},
    {"state-reason-code", "StateReason.Code"},
    {"state-reason-message", "StateReason.Message"},
    {"subnet-id", "SubnetId"},
    {"tenancy", "Placement.Tenancy"},
    {"tpm-support", "TpmSupport"},
    {"usage-operation", "UsageOperation"},
    {"usage-operation-update-time", "UsageOperationUpdateTime"},
    {"virtualization-type", "VirtualizationType"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeInstances(struct call *c, const ec2_DescribeInstances_in *in,
                              ec2_DescribeInstances_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, instance_filters, Instance);
    filters.enclosing = &ec2_Reservation_struct;
    struct instance_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 || lookup_instances(c, &in->instance_ids, &rows, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->instance_ids.n > 0, &page, f) < 0)
        return -1;
    struct instance_relations all = {0};
    if (rows.n > ONE_BY_ONE)
        relations_of_region(c, &all);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct instance *row = &rows.v[i];
        if (page_has_passed(&page, row->id))
            continue; /* of an earlier page: not even looked at */
        struct ec2_Instance view = {0};
        if (rows.n > ONE_BY_ONE)
            instance_view_with(c, &all, row, &view);
        else
            instance_view(c, row, &view);
        struct ec2_Reservation around = {.reservation_id = row->reservation_id,
                                         .owner_id = row->account_id};
        if (filters_match(&filters, &view, &around) && page_admit(&page, row->id))
            reservation_append(c, &out->reservations, row, &view);
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* AWS: DescribeInstanceStatus, "Filters". */
static const struct filter_path status_filters[] = {
    {"attached-ebs-status.status", "AttachedEbsStatus.Status"},
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"event.code", "Events.Code"},
    {"event.description", "Events.Description"},
    {"event.instance-event-id", "Events.InstanceEventId"},
    {"event.not-after", "Events.NotAfter"},
    {"event.not-before", "Events.NotBefore"},
    {"event.not-before-deadline", "Events.NotBeforeDeadline"},
    {"instance-state-code", "InstanceState.Code"},
    {"instance-state-name", "InstanceState.Name"},
    {"instance-status.reachability", "InstanceStatus.Details.Status"},
    {"instance-status.status", "InstanceStatus.Status"},
    {"operator.managed", "=false"},
    {"operator.principal", "Operator.Principal"},
    {"system-status.reachability", "SystemStatus.Details.Status"},
    {"system-status.status", "SystemStatus.Status"},
};

static struct ec2_InstanceStatusSummary *summary(struct arena *a, const char *status,
                                                 const char *reachability, int64_t impaired_since)
{
    struct ec2_InstanceStatusSummary *s = arena_new_of(a, struct ec2_InstanceStatusSummary);
    s->status = status;
    if (reachability == NULL)
        return s;
    struct ec2_InstanceStatusDetails *d = arena_append(a, &s->details);
    d->name = "reachability";
    d->status = reachability;
    if (impaired_since > 0)
        d->impaired_since = wire_time(impaired_since);
    return s;
}

/* Do its volumes take what it writes? It is paused while they do not. */
static struct ec2_EbsStatusSummary *ebs_summary(struct arena *a, int64_t stalled_at)
{
    struct ec2_EbsStatusSummary *s = arena_new_of(a, struct ec2_EbsStatusSummary);
    struct ec2_EbsStatusDetails *d = arena_append(a, &s->details);
    s->status = stalled_at > 0 ? "impaired" : "ok";
    d->name = "reachability";
    d->status = stalled_at > 0 ? "failed" : "passed";
    if (stalled_at > 0)
        d->impaired_since = wire_time(stalled_at);
    return s;
}

/* Why the machine does not have the network of the VPC as the rows say; NULL: it has. */
static const char *network_error_of(const struct vpc_list *vpcs, const char *vpc_id)
{
    for (size_t i = 0; i < vpcs->n; i++)
        if (streq(vpcs->v[i].id, vpc_id))
            return vpcs->v[i].network_error;
    return NULL;
}

/*
 * The system's check: the server runs the virtual machine, and its VPC's network is in force; if it
 * is not, an event says why. That of its volumes: it is not paused for want of room. The
 * instance's: its interface answers
 * ARP, as the workers have seen it (jobs/instance.c). Both are about running instances alone.
 */
static void status_view(struct call *c, const struct instance *i, const struct vpc_list *vpcs,
                        struct ec2_InstanceStatus *out)
{
    struct arena *a = c->arena;
    out->instance_id = i->id;
    out->availability_zone = i->zone;
    out->availability_zone_id = region_zone_id(c->region, i->zone);
    out->instance_state = instance_state_view(a, i->state);
    wire_list_empty(&out->events);
    if (i->state != INSTANCE_RUNNING) {
        out->instance_status = summary(a, "not-applicable", NULL, 0);
        out->system_status = summary(a, "not-applicable", NULL, 0);
        return;
    }
    const char *why = network_error_of(vpcs, i->vpc_id);
    out->system_status =
        why == NULL ? summary(a, "ok", "passed", 0) : summary(a, "impaired", "failed", 0);
    if (why != NULL)
        *arena_append(a, &out->events) = (struct ec2_InstanceStatusEvent){
            .code = "system-maintenance",
            .description =
                arena_printf(a, "The network of %s is not as it should be, and is tried again: %s",
                             i->vpc_id, why),
            .not_before = wire_time(c->now),
        };
    out->attached_ebs_status = ebs_summary(a, i->stalled_at);
    if (i->stalled_at > 0)
        *arena_append(a, &out->events) = (struct ec2_InstanceStatusEvent){
            .code = "system-maintenance",
            .description = "The server's disk is full: the instance is paused, and goes on when "
                           "there is room",
            .not_before = wire_time(i->stalled_at),
        };
    if (i->impaired_since > 0)
        out->instance_status = summary(a, "impaired", "failed", i->impaired_since);
    else if (i->reachable_at == 0)
        out->instance_status = summary(a, "initializing", "initializing", 0);
    else
        out->instance_status = summary(a, "ok", "passed", 0);
}

int act_ec2_DescribeInstanceStatus(struct call *c, const ec2_DescribeInstanceStatus_in *in,
                                   ec2_DescribeInstanceStatus_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, status_filters, InstanceStatus);
    struct instance_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 || lookup_instances(c, &in->instance_ids, &rows, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->instance_ids.n > 0, &page, f) < 0)
        return -1;
    bool all = wire_true(in->include_all_instances);
    struct vpc_list vpcs = store_vpcs(c->tx, c->arena, "region", c->region->name);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        if (!all && rows.v[i].state != INSTANCE_RUNNING)
            continue;
        struct ec2_InstanceStatus view = {0};
        status_view(c, &rows.v[i], &vpcs, &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->instance_statuses) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
