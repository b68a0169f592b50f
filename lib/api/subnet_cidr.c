/* The block of IPv6 of a subnet. */
#include "api/lookup.h"
#include "api/subnet.h"
#include "api/vpc.h"
#include "api/vpc_cidr.h"
#include "base/id.h"
#include "base/text.h"

void subnet_ipv6_view(struct call *c, const struct subnet *row, const char *state,
                      struct ec2_SubnetIpv6CidrBlockAssociation *ret)
{
    struct ec2_SubnetCidrBlockState *s = arena_new_of(c->arena, struct ec2_SubnetCidrBlockState);
    s->state = state;
    *ret = (struct ec2_SubnetIpv6CidrBlockAssociation){
        .association_id = row->ipv6_association_id,
        .ipv6_cidr_block = row->ipv6_cidr_block,
        .ipv6_cidr_block_state = s,
        .ipv6_address_attribute = vpc_ipv6_attribute(row->ipv6_cidr_block),
        .ip_source = "amazon",
    };
}

const char *subnet_ipv6_check(struct call *c, const struct vpc *vpc, const char *text,
                              struct fault *f)
{
    struct cidr6 block;
    struct vpc_blocks blocks;
    if (vpc_cidr6_from_text(text, SUBNET_IPV6_LENGTH, &block, f) < 0)
        return NULL;
    vpc_blocks_read(c, vpc, &blocks);
    size_t i = 0;
    while (i < blocks.n_v6 && !cidr6_covers(&blocks.v6[i], &block))
        i++;
    if (i == blocks.n_v6) {
        (void)fault(f, FAULT_INVALID_SUBNET_RANGE,
                    "The CIDR '%s' is invalid. It is in no IPv6 CIDR block of the VPC '%s'.", text,
                    vpc->id);
        return NULL;
    }
    const char *canonical = vpc_cidr6_text(c, &block);
    if (store_count_subnets(c->tx, "vpc_id", vpc->id, "ipv6_cidr_block", canonical) > 0) {
        (void)fault(f, FAULT_INVALID_SUBNET_CONFLICT, "The CIDR '%s' conflicts with another subnet",
                    text);
        return NULL;
    }
    return canonical;
}

int act_ec2_AssociateSubnetCidrBlock(struct call *c, const ec2_AssociateSubnetCidrBlock_in *in,
                                     ec2_AssociateSubnetCidrBlock_out *out, struct fault *f)
{
    if (in->ipv6_cidr_block == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter Ipv6CidrBlock");
    struct subnet *row = lookup_subnet(c, in->subnet_id, f);
    if (row == NULL)
        return -1;
    if (row->ipv6_cidr_block != NULL)
        return fault(f, FAULT_CIDR_LIMIT_EXCEEDED,
                     "The subnet '%s' has the one IPv6 CIDR block that it may have: %s", row->id,
                     row->ipv6_cidr_block);
    const struct vpc *vpc = lookup_vpc(c, row->vpc_id, f);
    if (vpc == NULL)
        return -1;
    row->ipv6_cidr_block = subnet_ipv6_check(c, vpc, in->ipv6_cidr_block, f);
    if (row->ipv6_cidr_block == NULL)
        return -1;
    row->ipv6_association_id = id_make(c->arena, "subnet-cidr-assoc");
    store_update_subnet(c->tx, row);
    vpc_changed(c, row->vpc_id);
    out->subnet_id = row->id;
    out->ipv6_cidr_block_association =
        arena_new_of(c->arena, struct ec2_SubnetIpv6CidrBlockAssociation);
    subnet_ipv6_view(c, row, "associating", out->ipv6_cidr_block_association);
    return 0;
}

/* A subnet's association has no row of its own. */
static struct subnet *find_associated(struct call *c, const char *association_id, struct fault *f)
{
    struct subnet_list rows =
        store_subnets(c->tx, c->arena, "ipv6_association_id", association_id, "account_id",
                      c->principal->account_id, "region", c->region->name);
    if (rows.n > 0)
        return rows.v;
    (void)lookup_fault(c, RESOURCE_SUBNET_CIDR_ASSOCIATION,
                       &(struct wire_strings){&association_id, 1}, f);
    return NULL;
}

int act_ec2_DisassociateSubnetCidrBlock(struct call *c,
                                        const ec2_DisassociateSubnetCidrBlock_in *in,
                                        ec2_DisassociateSubnetCidrBlock_out *out, struct fault *f)
{
    struct subnet *row = find_associated(c, in->association_id, f);
    if (row == NULL)
        return -1;
    if (store_count_interface_addresses(c->tx, "subnet_id", row->id, "is_ipv6", "1") > 0)
        return fault(f, FAULT_DEPENDENCY_VIOLATION,
                     "The IPv6 CIDR block '%s' of the subnet '%s' has dependencies and cannot be "
                     "disassociated. Unassign the IPv6 addresses of its network interfaces.",
                     row->ipv6_cidr_block, row->id);
    out->subnet_id = row->id;
    out->ipv6_cidr_block_association =
        arena_new_of(c->arena, struct ec2_SubnetIpv6CidrBlockAssociation);
    subnet_ipv6_view(c, row, "disassociating", out->ipv6_cidr_block_association);
    store_delete_subnet_cidr_reservations(c->tx, "subnet_id", row->id, "is_ipv6", "1");
    row->ipv6_cidr_block = NULL;
    row->ipv6_association_id = NULL;
    row->assign_ipv6_on_creation = false;
    store_update_subnet(c->tx, row);
    vpc_changed(c, row->vpc_id);
    return 0;
}
