#pragma once
/*
 * What of one object stands in the kernel while its VPC is in force, in words that a person can
 * type: from the builders that the driver itself uses. Pure.
 *
 *     sg-…, acl-…   its chains and sets, and the rules elsewhere that refer to it
 *     rtb-…         nothing: nftables has no part of it
 *     eni-…         what it adds to the rest of its VPC
 *     vpc-…         everything
 */
#include "network/explain.h"

/*
 * `intent` is of the object's VPC. -ENOENT: it has no such object; -EFBIG when the rules are longer
 * than `max` bytes.
 */
int network_stands(struct arena *a, const char *runtime_dir, const struct net_vpc *intent,
                   const char *id, size_t max, struct net_explained *ret, struct err *e);
