#pragma once
/*
 * The IPv6 addresses of a subnet, a /64. As in IPv4, the first four and the last are nobody's (AWS:
 * "Subnet sizing for IPv6"), and of the subnet's CIDR reservations nothing is given to who asks for
 * any address, though who names one may have it.
 */
#include "api/call.h"

/* This address, of the subnet, not reserved and free. The text may have any form. */
int ipv6_check_free(struct call *c, const struct subnet *subnet, const char *address,
                    struct fault *f);
/* How many are left that may be drawn. */
uint64_t ipv6_free(struct call *c, const struct subnet *subnet);
/* Any of them but these: there is one. */
const char *ipv6_draw(struct call *c, const struct subnet *subnet,
                      const struct wire_strings *besides);
/* The text in its one form. */
const char *ipv6_canonical(struct call *c, const char *address);
/* The fault when a subnet has too few addresses, of either kind. */
int subnet_is_full(struct fault *f);
