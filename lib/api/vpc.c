/* VPCs: made, shown, deleted. Their blocks are in vpc_cidr.c, their attributes in vpc_attribute.c.
 */
#include "api/vpc.h"
#include "api/quota.h"

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "api/vpc_cidr.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/vpc_rows.h"

static const char *const taggable[] = {"vpc", NULL};

void vpc_changed(struct call *c, const char *vpc_id)
{
    store_enqueue(c->tx, "vpc", vpc_id, 0);
}

void vpc_view(struct call *c, const struct vpc *row, struct ec2_Vpc *ret_vpc)
{
    struct ec2_Vpc vpc = {
        .owner_id = row->account_id,
        .instance_tenancy = row->instance_tenancy,
        .is_default = wire_bool(row->is_default),
        .vpc_id = row->id,
        .state = row->network_error == NULL ? "available" : "pending",
        .cidr_block = row->cidr_block,
        .dhcp_options_id = row->dhcp_options_id,
    };
    vpc_cidr_view(c, row->cidr_association_id, row->cidr_block, "associated",
                  arena_append(c->arena, &vpc.cidr_block_association_set));
    struct vpc_cidr_block_list blocks = store_vpc_cidr_blocks(c->tx, c->arena, "vpc_id", row->id);
    for (size_t i = 0; i < blocks.n; i++) {
        const struct vpc_cidr_block *b = &blocks.v[i];
        if (b->is_ipv6)
            vpc_cidr6_view(c, b, "associated",
                           arena_append(c->arena, &vpc.ipv6_cidr_block_association_set));
        else
            vpc_cidr_view(c, b->id, b->cidr_block, "associated",
                          arena_append(c->arena, &vpc.cidr_block_association_set));
    }
    tags_of(c, row->id, &vpc.tags);
    *ret_vpc = vpc;
}

/* Is there room for another VPC of the account in the region? */
static int check_quota(struct call *c, struct fault *f)
{
    if (quota_left(c, QUOTA_VPCS) > 0)
        return 0;
    return fault(f, FAULT_VPC_LIMIT_EXCEEDED,
                 "The maximum number of VPCs has been reached: %lld in a region",
                 (long long)quota_value(c, c->principal->account_id, QUOTA_VPCS));
}

int act_ec2_CreateVpc(struct call *c, const ec2_CreateVpc_in *in, ec2_CreateVpc_out *out,
                      struct fault *f)
{
    struct cidr block;
    struct vpc_cidr_block ipv6;
    bool wants_ipv6 = wire_true(in->amazon_provided_ipv6_cidr_block);
    if (in->cidr_block == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
    if (in->ipv6_cidr_block_network_border_group != NULL && !wants_ipv6)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Ipv6CidrBlockNetworkBorderGroup needs AmazonProvidedIpv6CidrBlock");
    if (vpc_cidr_from_text(in->cidr_block, FAULT_INVALID_VPC_RANGE, &block, f) < 0 ||
        vpc_cidr_check_public(c, &block, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        check_quota(c, f) < 0)
        return -1;
    struct vpc vpc = {
        .id = id_make(c->arena, "vpc"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .cidr_block = vpc_cidr_text(c, &block),
        .cidr_association_id = id_make(c->arena, "vpc-cidr-assoc"),
        .dhcp_options_id =
            dhcp_options_default(c->tx, c->arena, c->principal->account_id, c->region),
        .created_at = c->now,
        .number = store_next_vpc_number(c->tx),
        .instance_tenancy = "default",
        .enable_dns_support = true,
        .network_error = VPC_UNMADE,
    };
    vpc_insert(c->tx, c->arena, &vpc);
    if (wants_ipv6 &&
        vpc_cidr6_add(c, &vpc, in->ipv6_cidr_block_network_border_group, &ipv6, f) < 0)
        return -1;
    tags_put(c, &in->tag_specifications, taggable[0], vpc.id);
    vpc_changed(c, vpc.id);
    out->vpc = arena_new_of(c->arena, struct ec2_Vpc);
    vpc_view(c, &vpc, out->vpc);
    return 0;
}

int act_ec2_CreateDefaultVpc(struct call *c, const ec2_CreateDefaultVpc_in *in,
                             ec2_CreateDefaultVpc_out *out, struct fault *f)
{
    (void)in;
    if (lookup_default_vpc(c) != NULL)
        return fault(f, FAULT_DEFAULT_VPC_ALREADY_EXISTS,
                     "A Default VPC already exists for this account in this region.");
    if (check_quota(c, f) < 0)
        return -1;
    const char *id =
        default_vpc_insert(c->tx, c->arena, c->principal->account_id, c->region, c->now);
    struct vpc *vpc = lookup_vpc(c, id, f);
    if (vpc == NULL)
        return -1;
    vpc->network_error = VPC_UNMADE;
    store_update_vpc(c->tx, vpc);
    vpc_changed(c, id);
    out->vpc = arena_new_of(c->arena, struct ec2_Vpc);
    vpc_view(c, vpc, out->vpc);
    return 0;
}

/* What must go before a VPC; what was made with it goes with it. */
static const char *first_dependency(struct call *c, const char *vpc_id)
{
    struct route_table_association_list main =
        store_route_table_associations(c->tx, c->arena, "vpc_id", vpc_id, "is_main", "1");
    struct nat_gateway_list nats = store_nat_gateways(c->tx, c->arena, "vpc_id", vpc_id);
    for (size_t i = 0; i < nats.n; i++)
        if (nats.v[i].state != NAT_GATEWAY_DELETED && nats.v[i].state != NAT_GATEWAY_FAILED)
            return "a NAT gateway";
    if (store_count_network_interfaces(c->tx, "vpc_id", vpc_id) > 0)
        return "a network interface";
    if (store_count_subnets(c->tx, "vpc_id", vpc_id) > 0)
        return "a subnet";
    if (store_count_internet_gateways(c->tx, "vpc_id", vpc_id) > 0)
        return "an internet gateway";
    if (store_count_egress_only_gateways(c->tx, "vpc_id", vpc_id) > 0)
        return "an egress-only internet gateway";
    if (store_count_vpc_endpoints(c->tx, "vpc_id", vpc_id) > 0)
        return "an endpoint";
    if (store_count_route_tables(c->tx, "vpc_id", vpc_id) > main.n)
        return "a route table beside the main one";
    if (store_count_network_acls(c->tx, "vpc_id", vpc_id, "is_default", "0") > 0)
        return "a network ACL beside the default one";
    if (store_count_security_groups(c->tx, "vpc_id", vpc_id) > 1)
        return "a security group beside the default one";
    if (store_count_security_group_vpcs(c->tx, "vpc_id", vpc_id) > 0)
        return "a security group of another VPC, which is associated with it";
    return store_vpc_is_referenced(c->tx, vpc_id) ? "a peering" : NULL;
}

int act_ec2_DeleteVpc(struct call *c, const ec2_DeleteVpc_in *in, ec2_DeleteVpc_out *out,
                      struct fault *f)
{
    (void)out;
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    const char *dependency = first_dependency(c, vpc->id);
    if (dependency != NULL)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The vpc '%s' has dependencies and cannot be deleted. It has %s.", vpc->id,
                     dependency);
    vpc_delete(c->tx, c->arena, vpc);
    return 0;
}

/* The model takes no other tenancy than the one that every VPC has. */
int act_ec2_ModifyVpcTenancy(struct call *c, const ec2_ModifyVpcTenancy_in *in,
                             ec2_ModifyVpcTenancy_out *out, struct fault *f)
{
    struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL)
        return -1;
    vpc->instance_tenancy = in->instance_tenancy;
    store_update_vpc(c->tx, vpc);
    out->return_value = wire_bool(true);
    return 0;
}

/* AWS: DescribeVpcs, "Filters". */
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
        vpc_view(c, &rows.v[i], &vpc);
        if (filters_match(&filters, &vpc, NULL) && page_admit(&page, vpc.vpc_id))
            *arena_append(c->arena, &out->vpcs) = vpc;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
