#include "api/vpc_cidr.h"

#include "api/lookup.h"
#include "api/vpc.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"
#include "jobs/vpc_rows.h"

#define AMAZON_POOL "Amazon"

void vpc_blocks_read(struct call *c, const struct vpc *vpc, struct vpc_blocks *ret_blocks)
{
    struct vpc_cidr_block_list rows = store_vpc_cidr_blocks(c->tx, c->arena, "vpc_id", vpc->id);
    struct vpc_blocks b = {
        .v4 = arena_array(c->arena, rows.n + 1, struct cidr),
        .v6 = arena_array(c->arena, rows.n + 1, struct cidr6),
    };
    int r = cidr_parse(vpc->cidr_block, &b.v4[b.n_v4++]);
    for (size_t i = 0; r == 0 && i < rows.n; i++)
        r = rows.v[i].is_ipv6 ? cidr6_parse(rows.v[i].cidr_block, &b.v6[b.n_v6++])
                              : cidr_parse(rows.v[i].cidr_block, &b.v4[b.n_v4++]);
    CHECK(r == 0); /* we have put them there */
    *ret_blocks = b;
}

int vpc_cidr_from_text(const char *text, enum fault_code range, struct cidr *ret_cidr,
                       struct fault *f)
{
    struct cidr c;
    if (cidr_parse(text, &c) < 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter cidrBlock is invalid. This is not a valid CIDR "
                     "block.",
                     text);
    (void)cidr_normalize(&c);
    if (!vpc_cidr_is_usable(&c))
        return range == FAULT_INVALID_VPC_RANGE
                   ? fault(f, FAULT_INVALID_VPC_RANGE, "The CIDR '%s' is invalid.", text)
                   : fault(f, FAULT_INVALID_SUBNET_RANGE, "The CIDR '%s' is invalid.", text);
    *ret_cidr = c;
    return 0;
}

int vpc_cidr_check_public(struct call *c, const struct cidr *block, struct fault *f)
{
    const struct address_range *range = address_ranges_overlap(&c->config->public_addresses, block);
    if (range == NULL)
        return 0;
    char text[ADDRESS_RANGE_TEXT_SIZE];
    address_range_format(range, text);
    return fault(f, FAULT_INVALID_VPC_RANGE,
                 "The CIDR '%s' is invalid: it overlaps the server's public addresses, %s.",
                 vpc_cidr_text(c, block), text);
}

int vpc_cidr6_from_text(const char *text, int length, struct cidr6 *ret_cidr, struct fault *f)
{
    struct cidr6 c;
    if (cidr6_parse(text, &c) < 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter ipv6CidrBlock is invalid. This is not a valid "
                     "CIDR block.",
                     text);
    (void)cidr6_normalize(&c);
    if (c.length != length)
        return fault(f, FAULT_INVALID_SUBNET_RANGE,
                     "The CIDR '%s' is invalid: its length must be /%d.", text, length);
    *ret_cidr = c;
    return 0;
}

const char *vpc_cidr_text(struct call *c, const struct cidr *block)
{
    char text[CIDR_TEXT_SIZE];
    cidr_format(block, text);
    return arena_strdup(c->arena, text);
}

const char *vpc_cidr6_text(struct call *c, const struct cidr6 *block)
{
    char text[CIDR6_TEXT_SIZE];
    cidr6_format(block, text);
    return arena_strdup(c->arena, text);
}

const char *vpc_ipv6_attribute(const char *cidr_block)
{
    struct cidr6 block;
    return cidr6_parse(cidr_block, &block) == 0 && (block.address.bytes[0] & 0xfe) == 0xfc
               ? "private"
               : "public";
}

static struct ec2_VpcCidrBlockState *state_of(struct call *c, const char *state)
{
    struct ec2_VpcCidrBlockState *s = arena_new_of(c->arena, struct ec2_VpcCidrBlockState);
    s->state = state;
    return s;
}

void vpc_cidr_view(struct call *c, const char *association_id, const char *cidr_block,
                   const char *state, struct ec2_VpcCidrBlockAssociation *ret)
{
    *ret = (struct ec2_VpcCidrBlockAssociation){association_id, cidr_block, state_of(c, state)};
}

void vpc_cidr6_view(struct call *c, const struct vpc_cidr_block *row, const char *state,
                    struct ec2_VpcIpv6CidrBlockAssociation *ret)
{
    *ret = (struct ec2_VpcIpv6CidrBlockAssociation){
        .association_id = row->id,
        .ipv6_cidr_block = row->cidr_block,
        .ipv6_cidr_block_state = state_of(c, state),
        .network_border_group = row->region,
        .ipv6_pool = AMAZON_POOL,
        .ipv6_address_attribute = vpc_ipv6_attribute(row->cidr_block),
        .ip_source = "amazon",
    };
}

static struct vpc_cidr_block new_row(struct call *c, const struct vpc *vpc, const char *text,
                                     bool is_ipv6)
{
    return (struct vpc_cidr_block){
        .id = id_make(c->arena, "vpc-cidr-assoc"),
        .account_id = vpc->account_id,
        .region = vpc->region,
        .vpc_id = vpc->id,
        .cidr_block = text,
        .is_ipv6 = is_ipv6,
    };
}

static int too_many(const char *vpc_id, struct fault *f)
{
    return fault(f, FAULT_CIDR_LIMIT_EXCEEDED,
                 "This network '%s' has met its maximum number of allowed CIDRs: %d", vpc_id,
                 CIDR_BLOCKS_PER_VPC);
}

/* --- IPv6 */

/* A block of the server's prefix that no VPC has, anywhere in it. */
static int draw_ipv6(struct call *c, struct cidr6 *ret_block, struct fault *f)
{
    const struct cidr6 *prefix = &c->config->ipv6_prefix;
    int bits = VPC_IPV6_LENGTH - prefix->length;
    uint64_t blocks = bits < 32 ? UINT64_C(1) << bits : UINT64_C(1) << 32;
    struct vpc_cidr_block_list used = store_vpc_cidr_blocks(c->tx, c->arena, "is_ipv6", "1");
    uint32_t start = 0;
    random_bytes(&start, sizeof(start));
    /* Blocks do not overlap, so one try more than there are finds a free one, if there is any. */
    for (uint64_t i = 0; i < blocks && i <= used.n; i++) {
        struct cidr6 block;
        if (!cidr6_nth(prefix, VPC_IPV6_LENGTH, (uint32_t)((start + i) % blocks), &block))
            break;
        const char *text = vpc_cidr6_text(c, &block);
        size_t k = 0;
        while (k < used.n && !streq(used.v[k].cidr_block, text))
            k++;
        if (k == used.n) {
            *ret_block = block;
            return 0;
        }
    }
    return fault(f, FAULT_INSUFFICIENT_ADDRESS_CAPACITY,
                 "The server's IPv6 prefix has no free /%d block", VPC_IPV6_LENGTH);
}

int vpc_cidr6_add(struct call *c, const struct vpc *vpc, const char *border,
                  struct vpc_cidr_block *ret_row, struct fault *f)
{
    struct cidr6 block;
    size_t n = store_count_vpc_cidr_blocks(c->tx, "vpc_id", vpc->id, "is_ipv6", "1");
    if (border != NULL && !streq(border, c->region->name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter ipv6CidrBlockNetworkBorderGroup is invalid. The "
                     "region has one: %s",
                     border, c->region->name);
    if (n >= CIDR_BLOCKS_PER_VPC)
        return too_many(vpc->id, f);
    if (draw_ipv6(c, &block, f) < 0)
        return -1;
    *ret_row = new_row(c, vpc, vpc_cidr6_text(c, &block), true);
    store_insert_vpc_cidr_block(c->tx, ret_row);
    if (n == 0)
        vpc_open_to_ipv6(c->tx, c->arena, vpc);
    return 0;
}

/* --- association */

static int check_routes(struct call *c, const struct vpc *vpc, const struct cidr *block,
                        struct fault *f)
{
    struct route_table_list tables = store_route_tables(c->tx, c->arena, "vpc_id", vpc->id);
    for (size_t i = 0; i < tables.n; i++) {
        struct route_list routes = store_routes(c->tx, c->arena, "route_table_id", tables.v[i].id);
        for (size_t k = 0; k < routes.n; k++) {
            struct cidr destination;
            if (cidr_parse(routes.v[k].destination, &destination) == 0 &&
                cidr_covers(block, &destination))
                return fault(f, FAULT_INVALID_VPC_RANGE,
                             "The CIDR '%s' is the same or larger than the destination '%s' of a "
                             "route in %s",
                             vpc_cidr_text(c, block), routes.v[k].destination, tables.v[i].id);
        }
    }
    return 0;
}

static int add_ipv4(struct call *c, const struct vpc *vpc, const char *text,
                    struct vpc_cidr_block *ret_row, struct fault *f)
{
    struct cidr block;
    struct vpc_blocks blocks;
    if (vpc_cidr_from_text(text, FAULT_INVALID_VPC_RANGE, &block, f) < 0 ||
        vpc_cidr_check_public(c, &block, f) < 0)
        return -1;
    vpc_blocks_read(c, vpc, &blocks);
    for (size_t i = 0; i < blocks.n_v4; i++)
        if (cidr_overlaps(&block, &blocks.v4[i]))
            return fault(f, FAULT_INVALID_VPC_RANGE,
                         "The CIDR '%s' conflicts with the CIDR '%s' of the VPC", text,
                         vpc_cidr_text(c, &blocks.v4[i]));
    if (vpc_cidr_is_restricted(&blocks.v4[0], &block))
        return fault(f, FAULT_INVALID_VPC_RANGE,
                     "The CIDR '%s' is restricted. Use a CIDR from the same private address range "
                     "as the current VPC CIDR, or use a publicly-routable CIDR.",
                     text);
    if (check_routes(c, vpc, &block, f) < 0)
        return -1;
    if (blocks.n_v4 >= CIDR_BLOCKS_PER_VPC)
        return too_many(vpc->id, f);
    *ret_row = new_row(c, vpc, vpc_cidr_text(c, &block), false);
    store_insert_vpc_cidr_block(c->tx, ret_row);
    return 0;
}

int act_ec2_AssociateVpcCidrBlock(struct call *c, const ec2_AssociateVpcCidrBlock_in *in,
                                  ec2_AssociateVpcCidrBlock_out *out, struct fault *f)
{
    struct vpc_cidr_block row = {0};
    const char *border = in->ipv6_cidr_block_network_border_group;
    bool wants_ipv6 = wire_true(in->amazon_provided_ipv6_cidr_block);
    if (in->cidr_block == NULL && !wants_ipv6)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter CidrBlock or "
                     "AmazonProvidedIpv6CidrBlock");
    if (in->cidr_block != NULL && (wants_ipv6 || border != NULL))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Only one block, of IPv4 or of IPv6, can be associated in a request");
    const struct vpc *vpc = lookup_vpc(c, in->vpc_id, f);
    if (vpc == NULL || (wants_ipv6 ? vpc_cidr6_add(c, vpc, border, &row, f)
                                   : add_ipv4(c, vpc, in->cidr_block, &row, f)) < 0)
        return -1;
    vpc_changed(c, vpc->id);
    out->vpc_id = vpc->id;
    if (wants_ipv6) {
        out->ipv6_cidr_block_association =
            arena_new_of(c->arena, struct ec2_VpcIpv6CidrBlockAssociation);
        vpc_cidr6_view(c, &row, "associating", out->ipv6_cidr_block_association);
    } else {
        out->cidr_block_association = arena_new_of(c->arena, struct ec2_VpcCidrBlockAssociation);
        vpc_cidr_view(c, row.id, row.cidr_block, "associating", out->cidr_block_association);
    }
    return 0;
}

static bool is_in(const struct vpc_cidr_block *block, const struct subnet *subnet)
{
    struct cidr outer;
    struct cidr inner;
    struct cidr6 outer6;
    struct cidr6 inner6;
    if (!block->is_ipv6)
        return cidr_parse(block->cidr_block, &outer) == 0 &&
               cidr_parse(subnet->cidr_block, &inner) == 0 && cidr_covers(&outer, &inner);
    return subnet->ipv6_cidr_block != NULL && cidr6_parse(block->cidr_block, &outer6) == 0 &&
           cidr6_parse(subnet->ipv6_cidr_block, &inner6) == 0 && cidr6_covers(&outer6, &inner6);
}

/* The first block of a VPC is no row of its own, and stays. */
static bool is_first_block(struct call *c, const char *association_id)
{
    struct vpc_list vpcs =
        store_vpcs(c->tx, c->arena, "cidr_association_id", association_id, "account_id",
                   c->principal->account_id, "region", c->region->name);
    return vpcs.n > 0;
}

int act_ec2_DisassociateVpcCidrBlock(struct call *c, const ec2_DisassociateVpcCidrBlock_in *in,
                                     ec2_DisassociateVpcCidrBlock_out *out, struct fault *f)
{
    if (is_first_block(c, in->association_id))
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "The vpc CIDR block with association ID %s may not be disassociated. It is "
                     "the primary IPv4 CIDR block of the VPC",
                     in->association_id);
    const struct vpc_cidr_block *row = lookup_vpc_cidr_block(c, in->association_id, f);
    if (row == NULL)
        return -1;
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", row->vpc_id);
    for (size_t i = 0; i < subnets.n; i++)
        if (is_in(row, &subnets.v[i]))
            return fault(f, FAULT_DEPENDENCY_VIOLATION,
                         "The vpc CIDR block with association ID %s has dependencies and cannot be "
                         "disassociated. The subnet %s is in it.",
                         row->id, subnets.v[i].id);
    store_delete_vpc_cidr_blocks(c->tx, "id", row->id);
    vpc_changed(c, row->vpc_id);
    out->vpc_id = row->vpc_id;
    if (row->is_ipv6) {
        out->ipv6_cidr_block_association =
            arena_new_of(c->arena, struct ec2_VpcIpv6CidrBlockAssociation);
        vpc_cidr6_view(c, row, "disassociating", out->ipv6_cidr_block_association);
    } else {
        out->cidr_block_association = arena_new_of(c->arena, struct ec2_VpcCidrBlockAssociation);
        vpc_cidr_view(c, row->id, row->cidr_block, "disassociating", out->cidr_block_association);
    }
    return 0;
}
