/* DescribeVpcs, DescribeSubnets. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/check.h"
#include "core/cidr.h"

/* AWS keeps the first four and the last address of a subnet. */
#define RESERVED_ADDRESSES 5

static const struct filter_path vpc_filters[] = {
    {"cidr", "CidrBlock"},
    {"cidrBlock", "CidrBlock"},
    {"cidr-block", "CidrBlock"},
    {"cidr-block-association.association-id", "CidrBlockAssociationSet.AssociationId"},
    {"cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"},
    {"cidr-block-association.state", "CidrBlockAssociationSet.CidrBlockState.State"},
    {"dhcp-options-id", "DhcpOptionsId"},
    {"dhcpOptionsId", "DhcpOptionsId"},
    {"ipv6-cidr-block-association.association-id", "Ipv6CidrBlockAssociationSet.AssociationId"},
    {"ipv6-cidr-block-association.ipv6-cidr-block", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"},
    {"ipv6-cidr-block-association.ipv6-pool", "Ipv6CidrBlockAssociationSet.Ipv6Pool"},
    {"ipv6-cidr-block-association.state", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"},
    {"is-default", "IsDefault"},
    {"isDefault", "IsDefault"},
    {"owner-id", "OwnerId"},
    {"state", "State"},
    {"vpc-id", "VpcId"},
};

static void vpc_of_row(struct call *c, const struct vpc *row, struct ec2_Vpc *ret_vpc)
{
    struct ec2_VpcCidrBlockState *associated = arena_new_of(c->arena, struct ec2_VpcCidrBlockState);
    associated->state = "associated";
    struct ec2_Vpc vpc = {
        .owner_id = row->account_id,
        .instance_tenancy = "default",
        .is_default = wire_bool(row->is_default),
        .vpc_id = row->id,
        .state = "available",
        .cidr_block = row->cidr_block,
        .dhcp_options_id = row->dhcp_options_id,
    };
    *arena_append(c->arena, &vpc.cidr_block_association_set) =
        (struct ec2_VpcCidrBlockAssociation){row->cidr_association_id, row->cidr_block, associated};
    tags_of(c, row->id, &vpc.tags);
    *ret_vpc = vpc;
}

int act_ec2_DescribeVpcs(struct call *c, const ec2_DescribeVpcs_in *in, ec2_DescribeVpcs_out *out,
                         struct fault *f)
{
    struct filters filters = FILTERS(in, vpc_filters, Vpc);
    struct vpc_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->vpc_ids.n > 0, &page, f) < 0 ||
        lookup_vpcs(c, &in->vpc_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_Vpc vpc;
        vpc_of_row(c, &rows.v[i], &vpc);
        if (filters_match(&filters, &vpc, NULL) && page_admit(&page, vpc.vpc_id))
            *arena_append(c->arena, &out->vpcs) = vpc;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

static const struct filter_path subnet_filters[] = {
    {"availability-zone", "AvailabilityZone"},
    {"availabilityZone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"availabilityZoneId", "AvailabilityZoneId"},
    {"available-ip-address-count", "AvailableIpAddressCount"},
    {"cidr", "CidrBlock"},
    {"cidrBlock", "CidrBlock"},
    {"cidr-block", "CidrBlock"},
    {"customer-owned-ipv4-pool", "CustomerOwnedIpv4Pool"},
    {"default-for-az", "DefaultForAz"},
    {"defaultForAz", "DefaultForAz"},
    {"enable-dns64", "EnableDns64"},
    {"enable-lni-at-device-index", "EnableLniAtDeviceIndex"},
    {"ipv6-cidr-block-association.association-id", "Ipv6CidrBlockAssociationSet.AssociationId"},
    {"ipv6-cidr-block-association.ipv6-cidr-block", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"},
    {"ipv6-cidr-block-association.state", "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"},
    {"ipv6-native", "Ipv6Native"},
    {"map-customer-owned-ip-on-launch", "MapCustomerOwnedIpOnLaunch"},
    {"map-public-ip-on-launch", "MapPublicIpOnLaunch"},
    {"outpost-arn", "OutpostArn"},
    {"owner-id", "OwnerId"},
    {"private-dns-name-options-on-launch.hostname-type",
     "PrivateDnsNameOptionsOnLaunch.HostnameType"},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
     "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord"},
    {"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
     "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord"},
    {"state", "State"},
    {"subnet-arn", "SubnetArn"},
    {"subnet-id", "SubnetId"},
    {"vpc-id", "VpcId"},
};

static int64_t available_addresses(struct call *c, const struct subnet *row)
{
    struct cidr block;
    int r = cidr_parse(row->cidr_block, &block);
    CHECK(r == 0); /* we have put it there */
    int64_t used = (int64_t)store_count_network_interfaces(c->tx, "subnet_id", row->id);
    int64_t left = (int64_t)cidr_size(&block) - RESERVED_ADDRESSES - used;
    return left > 0 ? left : 0;
}

static void subnet_of_row(struct call *c, const struct subnet *row, struct ec2_Subnet *ret_subnet)
{
    struct ec2_PrivateDnsNameOptionsOnLaunch *dns =
        arena_new_of(c->arena, struct ec2_PrivateDnsNameOptionsOnLaunch);
    *dns =
        (struct ec2_PrivateDnsNameOptionsOnLaunch){"ip-name", wire_bool(false), wire_bool(false)};
    struct ec2_Subnet subnet = {
        .availability_zone_id = region_zone_id(c->region, row->zone),
        .map_customer_owned_ip_on_launch = wire_bool(false),
        .owner_id = row->account_id,
        .assign_ipv6_address_on_creation = wire_bool(false),
        .subnet_arn = arena_printf(c->arena, "arn:aws:ec2:%s:%s:subnet/%s", row->region,
                                   row->account_id, row->id),
        .enable_dns64 = wire_bool(false),
        .ipv6_native = wire_bool(false),
        .private_dns_name_options_on_launch = dns,
        .subnet_id = row->id,
        .state = "available",
        .vpc_id = row->vpc_id,
        .cidr_block = row->cidr_block,
        .available_ip_address_count = wire_int(available_addresses(c, row)),
        .availability_zone = row->zone,
        .default_for_az = wire_bool(row->default_for_az),
        .map_public_ip_on_launch = wire_bool(row->map_public_ip_on_launch),
    };
    wire_list_empty(&subnet.ipv6_cidr_block_association_set);
    tags_of(c, row->id, &subnet.tags);
    *ret_subnet = subnet;
}

int act_ec2_DescribeSubnets(struct call *c, const ec2_DescribeSubnets_in *in,
                            ec2_DescribeSubnets_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, subnet_filters, Subnet);
    struct subnet_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->subnet_ids.n > 0, &page, f) < 0 ||
        lookup_subnets(c, &in->subnet_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_Subnet subnet;
        subnet_of_row(c, &rows.v[i], &subnet);
        if (filters_match(&filters, &subnet, NULL) && page_admit(&page, subnet.subnet_id))
            *arena_append(c->arena, &out->subnets) = subnet;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
