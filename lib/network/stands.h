#pragma once
/*
 * What of one object stands in the kernel while its VPC is in force, in words that a person can
 * type: from the builders that the driver itself uses. Pure.
 *
 *     sg-…, acl-…   its chains and sets, and the rules elsewhere that refer to it
 *     rtb-…         its routes, and the rules that lead the packets of its subnets there
 *     eni-…, nat-…  what it adds to the rest of its VPC
 *     vpc-…         everything
 */
#include "network/explain.h"

/*
 * `intent` is of the object's VPC. -ENOENT: it has no such object; -EFBIG when the rules are longer
 * than `rules_max` bytes.
 */
int network_stands(struct arena *a, const struct net_explain_options *o,
                   const struct net_vpc *intent, const char *id, struct net_explained *ret,
                   struct err *e);
