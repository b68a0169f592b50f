#pragma once
/* Subnets: what the files about them share. */
#include "api/call.h"

/* How replies show a subnet. */
void subnet_view(struct call *c, const struct subnet *row, struct ec2_Subnet *ret_subnet);
/* Its block of IPv6, which it has (or had). */
void subnet_ipv6_view(struct call *c, const struct subnet *row, const char *state,
                      struct ec2_SubnetIpv6CidrBlockAssociation *ret);
/*
 * A block of IPv6 for a subnet of the VPC (subnet_id NULL: a new one): within the VPC's blocks, and
 * no other subnet's. Returns it in canonical form, or NULL with the fault.
 */
const char *subnet_ipv6_check(struct call *c, const struct vpc *vpc, const char *text,
                              struct fault *f);
