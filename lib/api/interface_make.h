#pragma once
/*
 * A network interface that comes to be, for whoever makes one: CreateNetworkInterface, launches,
 * NAT gateways.
 *
 *     interface_wish_read()     the forms of the request, made one
 *     interface_wish_check()    against the subnet, and what an interface can have
 *     interface_wish_take()     the addresses that are named are free, and taken from the pool
 *     interface_insert()        the others are drawn and the rows written
 */
#include "api/address_pool.h"

#define INTERFACE_ADDRESSES_MAX 50 /* of either kind, on one that is not attached */
#define DEVICE_INDEX_MAX        31

/* The addresses that it is to have. */
struct interface_wish {
    const char *private_ip;        /* its first; NULL: any */
    struct wire_strings secondary; /* these, */
    int64_t n_secondary;           /* and so many besides */
    struct wire_strings ipv6;
    int64_t n_ipv6;
};

int interface_wish_read(struct call *c, const char *private_ip,
                        const struct ec2_PrivateIpAddressSpecificationList *private_ips,
                        struct opt_int secondary_count,
                        const struct ec2_InstanceIpv6AddressList *ipv6, struct opt_int ipv6_count,
                        struct interface_wish *ret, struct fault *f);
/* A subnet that gives its interfaces IPv6 adds one when none is asked for. `max` addresses of
 * either kind are all that it can have: PrivateIpAddressLimitExceeded. */
int interface_wish_check(struct call *c, const struct subnet *subnet, struct interface_wish *w,
                         int64_t max, struct fault *f);
/* Addresses of the pool that one interface takes without naming them. */
int64_t interface_wish_draws(const struct interface_wish *w);
int interface_wish_take(struct call *c, struct address_pool *pool, const struct interface_wish *w,
                        struct fault *f);
/* Are there as many as are drawn for one interface? InsufficientFreeAddressesInSubnet. */
int interface_pool_check(struct call *c, const struct address_pool *pool,
                         const struct interface_wish *w, struct fault *f);
/* How many addresses of IPv6 the pool's subnet has left to be drawn. */
uint64_t interface_pool_ipv6(struct call *c, const struct address_pool *pool);
/* May the account have so many more interfaces in the region? */
int interface_check_quota(struct call *c, int64_t more, struct fault *f);

/* Gives an interface one more address, behind those that it has. */
void interface_add(struct call *c, const struct network_interface *n, const char *address,
                   bool is_ipv6);

/*
 * `row` has what is to be in it but for the id, addresses, place and names, which are filled in.
 * The pool has room: see interface_pool_check().
 */
void interface_insert(struct call *c, const struct subnet *subnet,
                      const struct security_group_list *groups, const struct interface_wish *w,
                      struct address_pool *pool, struct network_interface *row);
