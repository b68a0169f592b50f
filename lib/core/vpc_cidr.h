#pragma once
/* What blocks a VPC and its subnets may have (AWS: "VPC CIDR blocks", "Subnet CIDR blocks"). */
#include <stdbool.h>

#include "core/cidr.h"

#define VPC_CIDR_LENGTH_MIN 16 /* of IPv4 blocks of VPCs and of subnets */
#define VPC_CIDR_LENGTH_MAX 28
#define VPC_IPV6_LENGTH     56
#define SUBNET_IPV6_LENGTH  64
/* AWS keeps the first four and the last address of a subnet. */
#define SUBNET_RESERVED_FIRST 4
#define SUBNET_RESERVED_LAST  1
#define IPV6_PREFIX_SETTING   "ipv6_prefix" /* the server's own, when none is configured */

/* Is the block of a size that EC2 takes, and not among addresses that no network can have? */
bool vpc_cidr_is_usable(const struct cidr *block);
/*
 * May a VPC whose first block is `primary` not have this one beside it? The private ranges do not
 * mix, and some are Amazon's own (AWS: "IPv4 CIDR block association restrictions").
 */
bool vpc_cidr_is_restricted(const struct cidr *primary, const struct cidr *block);
