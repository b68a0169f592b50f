/*
 * What Croft has none of: dedicated hosts, reserved instances and what is sold of them, fleets of
 * reservations. Whoever asks for all gets an empty list, whoever asks for one hears that it is not
 * there; a filter that EC2 does not know and a token that nobody gave out are errors as everywhere.
 */
#include "api/filter.h"
#include "api/page.h"

static int none_of_these(const struct wire_strings *ids, enum fault_code code, const char *what,
                         struct fault *f)
{
    return ids->n == 0 ? 0 : fault(f, code, "The %s '%.64s' does not exist", what, ids->v[0]);
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
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->host_ids.n > 0, &page, f) < 0)
        return -1;
    return none_of_these(&in->host_ids, FAULT_INVALID_HOST_ID_NOT_FOUND, "host ID", f);
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
    (void)c, (void)out;
    struct filters filters = FILTERS(in, reserved_filters, ReservedInstances);
    if (filters_check(&filters, f) < 0)
        return -1;
    return none_of_these(&in->reserved_instances_ids, FAULT_INVALID_RESERVED_INSTANCES_ID,
                         "reserved instances ID", f);
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
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    return none_of_these(&in->reserved_instances_offering_ids,
                         FAULT_INVALID_RESERVED_INSTANCES_OFFERING_ID, "offering ID", f);
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
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->capacity_reservation_fleet_ids.n > 0,
                   &page, f) < 0)
        return -1;
    return none_of_these(&in->capacity_reservation_fleet_ids,
                         FAULT_INVALID_CAPACITY_RESERVATION_FLEET_ID_NOT_FOUND,
                         "Capacity Reservation Fleet ID", f);
}
