#pragma once
/* NAT gateways and the addresses by which they translate. */
#include "api/interface_make.h"

#define NAT_ADDRESSES_MAX 8 /* of one gateway (AWS: "Amazon VPC quotas", when raised) */

/* The addresses of a gateway as EC2 shows them, the primary first. */
void nat_addresses_view(struct call *c, const struct nat_gateway *g,
                        struct ec2_NatGatewayAddressList *out);
/* It may have so many: PrivateIpAddressLimitExceeded. */
int nat_addresses_check(int64_t count, struct fault *f);
/* The elastic addresses of these allocations, each once. */
int nat_elastic_find(struct call *c, const struct wire_strings *allocation_ids,
                     struct address_list *ret, struct fault *f);
