#pragma once
/* The blocks of VPCs: reading them, finding free ones, showing them. */
#include "api/call.h"
#include "core/vpc_cidr.h"

/* All blocks of a VPC, the first one first. */
struct vpc_blocks {
    struct cidr *v4;
    size_t n_v4;
    struct cidr6 *v6;
    size_t n_v6;
};

void vpc_blocks_read(struct call *c, const struct vpc *vpc, struct vpc_blocks *ret_blocks);
/*
 * An IPv4 block of a request, in its canonical form. Not a block: InvalidParameterValue; one that
 * no VPC or subnet can have: `range`, InvalidVpc.Range or InvalidSubnet.Range.
 */
int vpc_cidr_from_text(const char *text, enum fault_code range, struct cidr *ret_cidr,
                       struct fault *f);
/* Not beside the server's own public addresses, which would be out of reach from within the VPC:
 * InvalidVpc.Range. */
int vpc_cidr_check_public(struct call *c, const struct cidr *block, struct fault *f);
/* The same of IPv6, of this length. */
int vpc_cidr6_from_text(const char *text, int length, struct cidr6 *ret_cidr, struct fault *f);
const char *vpc_cidr_text(struct call *c, const struct cidr *block);
const char *vpc_cidr6_text(struct call *c, const struct cidr6 *block);
/* Is the block one of Internet addresses, or of addresses that are the server's own (RFC 4193)? */
const char *vpc_ipv6_attribute(const char *cidr_block);

/*
 * Gives the VPC a block of the server's IPv6 prefix, and lets IPv6 through where nothing but the
 * defaults stands. `border` is the request's network border group; NULL: none.
 */
int vpc_cidr6_add(struct call *c, const struct vpc *vpc, const char *border,
                  struct vpc_cidr_block *ret_row, struct fault *f);
void vpc_cidr_view(struct call *c, const char *association_id, const char *cidr_block,
                   const char *state, struct ec2_VpcCidrBlockAssociation *ret);
void vpc_cidr6_view(struct call *c, const struct vpc_cidr_block *row, const char *state,
                    struct ec2_VpcIpv6CidrBlockAssociation *ret);
