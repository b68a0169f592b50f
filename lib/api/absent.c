/*
 * Describe actions of kinds of resources of which Croft has none. They check what EC2 checks:
 * filters, the page, and ids, each of which is of a resource that does not exist.
 */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "base/text.h"

static const void *member(const struct call *c, const char *name)
{
    const struct wire_field *field = wire_field_by_member(c->action->input, name);
    return field == NULL ? NULL : (const char *)c->in + field->offset;
}

/* The ids, or names, that the request has; *ret_field is the member they are in. NULL: none. */
static const struct wire_strings *asked_for(const struct call *c,
                                            const struct wire_field **ret_field)
{
    for (size_t i = 0; i < c->action->input->n; i++) {
        const struct wire_field *field = &c->action->input->fields[i];
        if (field->kind != WIRE_STR || !field->list || !wire_field_is_set(field, c->in))
            continue;
        *ret_field = field;
        return member(c, field->member);
    }
    return NULL;
}

/* Filters and page are right: the ids or names that are asked for, or an empty list. */
static int check(struct call *c, const struct filters *filters, struct wire_strings *ret_list,
                 struct fault *f)
{
    const struct wire_field *field = NULL;
    const struct wire_strings *list = asked_for(c, &field);
    const struct opt_int *max_results = member(c, "MaxResults");
    const char *const *next_token = member(c, "NextToken");
    struct page page;
    if ((filters != NULL && filters_check(filters, f) < 0) ||
        page_begin(c, max_results != NULL ? *max_results : (struct opt_int){0},
                   next_token == NULL ? NULL : *next_token, list != NULL, &page, f) < 0)
        return -1;
    *ret_list = list != NULL ? *list : (struct wire_strings){0};
    return 0;
}

/* The empty answer, or why not: of a kind whose ids resources.def has. */
static int describe_none(struct call *c, const struct filters *filters, struct fault *f)
{
    struct wire_strings list;
    if (check(c, filters, &list, f) < 0)
        return -1;
    return list.n == 0 ? 0 : lookup_fault(c, resource_of_id(list.v[0])->kind, &list, f);
}

/* The same of what has names of another form. */
static int describe_no(struct call *c, const struct filters *filters, enum fault_code code,
                       const char *what, struct fault *f)
{
    struct wire_strings list;
    if (check(c, filters, &list, f) < 0)
        return -1;
    return list.n == 0 ? 0 : fault(f, code, "The %s '%.64s' does not exist", what, list.v[0]);
}

static const struct filter_path bundle_task_filters[] = {
    {"bundle-id", "BundleId"},
    {"error-code", "BundleTaskError.Code"},
    {"error-message", "BundleTaskError.Message"},
    {"instance-id", "InstanceId"},
    {"progress", "Progress"},
    {"s3-bucket", "Storage.S3.Bucket"},
    {"s3-prefix", "Storage.S3.Prefix"},
    {"start-time", "StartTime"},
    {"state", "State"},
    {"update-time", "UpdateTime"},
};

int act_ec2_DescribeBundleTasks(struct call *c, const ec2_DescribeBundleTasks_in *in,
                                ec2_DescribeBundleTasks_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, bundle_task_filters, BundleTask);
    return describe_none(c, &filters, f);
}

static const struct filter_path carrier_gateway_filters[] = {
    {"carrier-gateway-id", "CarrierGatewayId"},
    {"owner-id", "OwnerId"},
    {"state", "State"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeCarrierGateways(struct call *c, const ec2_DescribeCarrierGateways_in *in,
                                    ec2_DescribeCarrierGateways_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, carrier_gateway_filters, CarrierGateway);
    return describe_none(c, &filters, f);
}

int act_ec2_DescribeConversionTasks(struct call *c, const ec2_DescribeConversionTasks_in *in,
                                    ec2_DescribeConversionTasks_out *out, struct fault *f)
{
    (void)in;
    (void)out;
    return describe_no(c, NULL, FAULT_INVALID_CONVERSION_TASK_ID, "task", f);
}

static const struct filter_path customer_gateway_filters[] = {
    {"bgp-asn", "BgpAsn"},
    {"customer-gateway-id", "CustomerGatewayId"},
    {"ip-address", "IpAddress"},
    {"state", "State"},
    {"type", "Type"},
};

int act_ec2_DescribeCustomerGateways(struct call *c, const ec2_DescribeCustomerGateways_in *in,
                                     ec2_DescribeCustomerGateways_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, customer_gateway_filters, CustomerGateway);
    return describe_none(c, &filters, f);
}

static const struct filter_path export_task_filters[] = {
    {"export-task-id", "ExportTaskId"},
};

int act_ec2_DescribeExportTasks(struct call *c, const ec2_DescribeExportTasks_in *in,
                                ec2_DescribeExportTasks_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, export_task_filters, ExportTask);
    return describe_no(c, &filters, FAULT_INVALID_EXPORT_TASK_ID_NOT_FOUND, "export task ID", f);
}

static const struct filter_path transit_attachment_filters[] = {
    {"state", "State"},
    {"transit-gateway-attachment-id", "TransitGatewayAttachmentId"},
    {"transit-gateway-id", "TransitGatewayId"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeTransitGatewayVpcAttachments(
    struct call *c, const ec2_DescribeTransitGatewayVpcAttachments_in *in,
    ec2_DescribeTransitGatewayVpcAttachments_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, transit_attachment_filters, TransitGatewayVpcAttachment);
    return describe_none(c, &filters, f);
}

static const struct filter_path transit_gateway_filters[] = {
    {"options.amazon-side-asn", "Options.AmazonSideAsn"},
    {"options.association-default-route-table-id", "Options.AssociationDefaultRouteTableId"},
    {"options.auto-accept-shared-attachments", "Options.AutoAcceptSharedAttachments"},
    {"options.default-route-table-association", "Options.DefaultRouteTableAssociation"},
    {"options.default-route-table-propagation", "Options.DefaultRouteTablePropagation"},
    {"options.dns-support", "Options.DnsSupport"},
    {"options.propagation-default-route-table-id", "Options.PropagationDefaultRouteTableId"},
    {"options.vpn-ecmp-support", "Options.VpnEcmpSupport"},
    {"owner-id", "OwnerId"},
    {"state", "State"},
    {"transit-gateway-id", "TransitGatewayId"},
};

int act_ec2_DescribeTransitGateways(struct call *c, const ec2_DescribeTransitGateways_in *in,
                                    ec2_DescribeTransitGateways_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, transit_gateway_filters, TransitGateway);
    return describe_none(c, &filters, f);
}

static const struct filter_path vpn_connection_filters[] = {
    {"bgp-asn", NULL},
    {"customer-gateway-configuration", "CustomerGatewayConfiguration"},
    {"customer-gateway-id", "CustomerGatewayId"},
    {"option.static-routes-only", "Options.StaticRoutesOnly"},
    {"route.destination-cidr-block", "Routes.DestinationCidrBlock"},
    {"state", "State"},
    {"transit-gateway-id", "TransitGatewayId"},
    {"type", "Type"},
    {"vpn-connection-id", "VpnConnectionId"},
    {"vpn-gateway-id", "VpnGatewayId"},
};

int act_ec2_DescribeVpnConnections(struct call *c, const ec2_DescribeVpnConnections_in *in,
                                   ec2_DescribeVpnConnections_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, vpn_connection_filters, VpnConnection);
    return describe_none(c, &filters, f);
}

static const struct filter_path vpn_gateway_filters[] = {
    {"amazon-side-asn", "AmazonSideAsn"},
    {"attachment.state", "VpcAttachments.State"},
    {"attachment.vpc-id", "VpcAttachments.VpcId"},
    {"availability-zone", "AvailabilityZone"},
    {"state", "State"},
    {"type", "Type"},
    {"vpn-gateway-id", "VpnGatewayId"},
};

int act_ec2_DescribeVpnGateways(struct call *c, const ec2_DescribeVpnGateways_in *in,
                                ec2_DescribeVpnGateways_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, vpn_gateway_filters, VpnGateway);
    return describe_none(c, &filters, f);
}

static const struct filter_path host_filters[] = {
    {"auto-placement", "AutoPlacement"},
    {"availability-zone", "AvailabilityZone"},
    {"client-token", "ClientToken"},
    {"host-reservation-id", "HostReservationId"},
    {"instance-type", "HostProperties.InstanceType"},
    {"state", "State"},
};

int act_ec2_DescribeHosts(struct call *c, const ec2_DescribeHosts_in *in,
                          ec2_DescribeHosts_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = {&in->filter, host_filters, ARRAY_SIZE(host_filters), &ec2_Host_struct,
                              NULL};
    return describe_no(c, &filters, FAULT_INVALID_HOST_ID_NOT_FOUND, "host ID", f);
}

/* AWS: DescribeInstanceConnectEndpoints, "Filters". */
static const struct filter_path connect_endpoint_filters[] = {
    {"instance-connect-endpoint-id", "InstanceConnectEndpointId"},
    {"state", "State"},
    {"subnet-id", "SubnetId"},
    {"tag-value", "Tags.Value"},
    {"vpc-id", "VpcId"},
};

int act_ec2_DescribeInstanceConnectEndpoints(struct call *c,
                                             const ec2_DescribeInstanceConnectEndpoints_in *in,
                                             ec2_DescribeInstanceConnectEndpoints_out *out,
                                             struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, connect_endpoint_filters, Ec2InstanceConnectEndpoint);
    return describe_none(c, &filters, f);
}

static const struct filter_path reserved_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"duration", "Duration"},
    {"end", "End"},
    {"fixed-price", "FixedPrice"},
    {"instance-type", "InstanceType"},
    {"product-description", "ProductDescription"},
    {"reserved-instances-id", "ReservedInstancesId"},
    {"scope", "Scope"},
    {"start", "Start"},
    {"state", "State"},
    {"usage-price", "UsagePrice"},
};

int act_ec2_DescribeReservedInstances(struct call *c, const ec2_DescribeReservedInstances_in *in,
                                      ec2_DescribeReservedInstances_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, reserved_filters, ReservedInstances);
    return describe_no(c, &filters, FAULT_INVALID_RESERVED_INSTANCES_ID, "reserved instances ID",
                       f);
}

static const struct filter_path offering_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"duration", "Duration"},
    {"fixed-price", "FixedPrice"},
    {"instance-type", "InstanceType"},
    {"marketplace", "Marketplace"},
    {"product-description", "ProductDescription"},
    {"reserved-instances-offering-id", "ReservedInstancesOfferingId"},
    {"scope", "Scope"},
    {"usage-price", "UsagePrice"},
};

int act_ec2_DescribeReservedInstancesOfferings(struct call *c,
                                               const ec2_DescribeReservedInstancesOfferings_in *in,
                                               ec2_DescribeReservedInstancesOfferings_out *out,
                                               struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, offering_filters, ReservedInstancesOffering);
    return describe_no(c, &filters, FAULT_INVALID_RESERVED_INSTANCES_OFFERING_ID, "offering ID", f);
}

static const struct filter_path fleet_filters[] = {
    {"allocation-strategy", "AllocationStrategy"},
    {"instance-match-criteria", "InstanceMatchCriteria"},
    {"state", "State"},
    {"tenancy", "Tenancy"},
};

int act_ec2_DescribeCapacityReservationFleets(struct call *c,
                                              const ec2_DescribeCapacityReservationFleets_in *in,
                                              ec2_DescribeCapacityReservationFleets_out *out,
                                              struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, fleet_filters, CapacityReservationFleet);
    return describe_no(c, &filters, FAULT_INVALID_CAPACITY_RESERVATION_FLEET_ID_NOT_FOUND,
                       "Capacity Reservation Fleet ID", f);
}
