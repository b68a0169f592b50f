/* Subnets: made, shown, deleted. Their attributes are in subnet_attribute.c, their blocks of IPv6
 * in subnet_cidr.c. */
#include "api/subnet.h"

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc.h"
#include "api/vpc_cidr.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/vpc_rows.h"

#define DEFAULT_SUBNET_LENGTH 20 /* AWS: "Default subnets" */

static const char *const taggable[] = {"subnet", NULL};

/* --- shown */

static int64_t available_addresses(struct call *c, const struct subnet *row)
{
    struct cidr block;
    int r = cidr_parse(row->cidr_block, &block);
    CHECK(r == 0); /* we have put it there */
    int64_t used = (int64_t)store_private_ips(c->tx, c->arena, row->id).n;
    int64_t left = (int64_t)cidr_size(&block) - SUBNET_RESERVED_FIRST - SUBNET_RESERVED_LAST - used;
    return left > 0 ? left : 0;
}

static struct ec2_PrivateDnsNameOptionsOnLaunch *dns_options(struct call *c,
                                                             const struct subnet *row)
{
    struct ec2_PrivateDnsNameOptionsOnLaunch *dns =
        arena_new_of(c->arena, struct ec2_PrivateDnsNameOptionsOnLaunch);
    *dns = (struct ec2_PrivateDnsNameOptionsOnLaunch){
        .hostname_type = row->hostname_type,
        .enable_resource_name_dns_a_record = wire_bool(row->resource_name_a),
        .enable_resource_name_dns_aaaa_record = wire_bool(row->resource_name_aaaa),
    };
    return dns;
}

void subnet_view(struct call *c, const struct subnet *row, struct ec2_Subnet *ret_subnet)
{
    const struct vpc *vpc = store_vpc(c->tx, c->arena, row->vpc_id);
    struct ec2_Subnet subnet = {
        .availability_zone_id = region_zone_id(c->region, row->zone),
        .map_customer_owned_ip_on_launch = wire_bool(false),
        .owner_id = row->account_id,
        .assign_ipv6_address_on_creation = wire_bool(row->assign_ipv6_on_creation),
        .subnet_arn = arena_printf(c->arena, "arn:aws:ec2:%s:%s:subnet/%s", row->region,
                                   row->account_id, row->id),
        .enable_dns64 = wire_bool(row->enable_dns64),
        .ipv6_native = wire_bool(row->ipv6_native),
        .private_dns_name_options_on_launch = dns_options(c, row),
        .subnet_id = row->id,
        .state = vpc != NULL && vpc->network_error == NULL ? "available" : "pending",
        .vpc_id = row->vpc_id,
        .cidr_block = row->cidr_block,
        .available_ip_address_count = wire_int(available_addresses(c, row)),
        .availability_zone = row->zone,
        .default_for_az = wire_bool(row->default_for_az),
        .map_public_ip_on_launch = wire_bool(row->map_public_ip_on_launch),
    };
    if (row->ipv6_cidr_block != NULL)
        subnet_ipv6_view(c, row, "associated",
                         arena_append(c->arena, &subnet.ipv6_cidr_block_association_set));
    wire_list_empty(&subnet.ipv6_cidr_block_association_set);
    tags_of(c, row->id, &subnet.tags);
    *ret_subnet = subnet;
}

/* AWS: DescribeSubnets, "Filters". */
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
        subnet_view(c, &rows.v[i], &subnet);
        if (filters_match(&filters, &subnet, NULL) && page_admit(&page, subnet.subnet_id))
            *arena_append(c->arena, &out->subnets) = subnet;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* --- made */

/* Another subnet of the VPC that has addresses of the block, or NULL. */
static const struct subnet *find_conflict(const struct subnet_list *subnets,
                                          const struct cidr *block)
{
    for (size_t i = 0; i < subnets->n; i++) {
        struct cidr other;
        if (cidr_parse(subnets->v[i].cidr_block, &other) == 0 && cidr_overlaps(&other, block))
            return &subnets->v[i];
    }
    return NULL;
}

static bool is_in_vpc(const struct vpc_blocks *blocks, const struct cidr *block)
{
    for (size_t i = 0; i < blocks->n_v4; i++)
        if (cidr_covers(&blocks->v4[i], block))
            return true;
    return false;
}

static int check_block(struct call *c, const struct vpc *vpc, const char *text,
                       struct cidr *ret_block, struct fault *f)
{
    struct vpc_blocks blocks;
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", vpc->id);
    if (vpc_cidr_from_text(text, FAULT_INVALID_SUBNET_RANGE, ret_block, f) < 0)
        return -1;
    vpc_blocks_read(c, vpc, &blocks);
    if (!is_in_vpc(&blocks, ret_block))
        return fault(f, FAULT_INVALID_SUBNET_RANGE,
                     "The CIDR '%s' is invalid. It is in no CIDR block of the VPC '%s'.", text,
                     vpc->id);
    if (find_conflict(&subnets, ret_block) != NULL)
        return fault(f, FAULT_INVALID_SUBNET_CONFLICT,
                     "The CIDR '%s' conflicts with another subnet", text);
    if (subnets.n >= SUBNETS_PER_VPC)
        return fault(f, FAULT_SUBNET_LIMIT_EXCEEDED,
                     "The maximum number of subnets has been reached: %d in a VPC",
                     SUBNETS_PER_VPC);
    return 0;
}

static void write_subnet(struct call *c, struct subnet *row)
{
    row->id = id_make(c->arena, "subnet");
    row->account_id = c->principal->account_id;
    row->region = c->region->name;
    row->number = store_next_subnet_number(c->tx, row->vpc_id);
    row->hostname_type = "ip-name";
    subnet_insert(c->tx, c->arena, row);
    vpc_changed(c, row->vpc_id);
}

static struct ec2_Subnet *shown(struct call *c, const struct subnet *row)
{
    struct ec2_Subnet *subnet = arena_new_of(c->arena, struct ec2_Subnet);
    subnet_view(c, row, subnet);
    return subnet;
}

int act_ec2_CreateSubnet(struct call *c, const ec2_CreateSubnet_in *in, ec2_CreateSubnet_out *out,
                         struct fault *f)
{
    struct cidr block;
    struct subnet row = {.zone = c->region->zones[0]};
    if (in->cidr_block == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    if (in->availability_zone != NULL || in->availability_zone_id != NULL)
        row.zone = lookup_zone(c, in->availability_zone, in->availability_zone_id, f);
    if (row.zone == NULL || tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL || check_block(c, vpc, in->cidr_block, &block, f) < 0)
        return -1;
    row.vpc_id = vpc->id;
    row.cidr_block = vpc_cidr_text(c, &block);
    if (in->ipv6_cidr_block != NULL) {
        row.ipv6_cidr_block = subnet_ipv6_check(c, vpc, in->ipv6_cidr_block, f);
        row.ipv6_association_id = id_make(c->arena, "subnet-cidr-assoc");
        if (row.ipv6_cidr_block == NULL)
            return -1;
    }
    write_subnet(c, &row);
    tags_put(c, &in->tag_specifications, taggable[0], row.id);
    out->subnet = shown(c, &row);
    return 0;
}

/* The first free block for a default subnet, or NULL. */
static const char *free_block(struct call *c, const struct vpc *vpc,
                              const struct subnet_list *subnets)
{
    struct vpc_blocks blocks;
    vpc_blocks_read(c, vpc, &blocks);
    for (size_t i = 0; i < blocks.n_v4; i++) {
        struct cidr block = {blocks.v4[i].address, DEFAULT_SUBNET_LENGTH};
        for (; cidr_covers(&blocks.v4[i], &block); block.address += (uint32_t)cidr_size(&block))
            if (find_conflict(subnets, &block) == NULL)
                return vpc_cidr_text(c, &block);
    }
    return NULL;
}

int act_ec2_CreateDefaultSubnet(struct call *c, const ec2_CreateDefaultSubnet_in *in,
                                ec2_CreateDefaultSubnet_out *out, struct fault *f)
{
    struct subnet row = {
        .zone = lookup_zone(c, in->availability_zone, in->availability_zone_id, f),
        .default_for_az = true,
        .map_public_ip_on_launch = true,
    };
    if (row.zone == NULL)
        return -1;
    const struct vpc *vpc = lookup_default_vpc(c);
    if (vpc == NULL)
        return fault(f, FAULT_DEFAULT_VPC_DOES_NOT_EXIST,
                     "No default VPC exists for this account in this region.");
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", vpc->id);
    for (size_t i = 0; i < subnets.n; i++)
        if (subnets.v[i].default_for_az && streq(subnets.v[i].zone, row.zone))
            return fault(f, FAULT_DEFAULT_SUBNET_ALREADY_EXISTS_IN_AVAILABILITY_ZONE,
                         "'%s' is already the default subnet in %s.", subnets.v[i].id, row.zone);
    row.vpc_id = vpc->id;
    row.cidr_block = free_block(c, vpc, &subnets);
    if (row.cidr_block == NULL)
        return fault(f, FAULT_INSUFFICIENT_CIDR_BLOCKS,
                     "The default VPC '%s' has no free /%d block for a default subnet", vpc->id,
                     DEFAULT_SUBNET_LENGTH);
    write_subnet(c, &row);
    out->subnet = shown(c, &row);
    return 0;
}

int act_ec2_DeleteSubnet(struct call *c, const ec2_DeleteSubnet_in *in, ec2_DeleteSubnet_out *out,
                         struct fault *f)
{
    (void)out;
    const struct subnet *row = lookup_subnet(c, in->subnet_id, f);
    if (row == NULL)
        return -1;
    if (store_count_network_interfaces(c->tx, "subnet_id", row->id) > 0 ||
        store_subnet_has_nat_gateway(c->tx, row->id))
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The subnet '%s' has dependencies and cannot be deleted.", row->id);
    subnet_delete(c->tx, row);
    return 0;
}
