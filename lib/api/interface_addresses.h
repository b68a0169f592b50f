#pragma once
/* The addresses of a network interface: how replies show them. */
#include "api/call.h"

#define POOL_OWNER "amazon" /* EC2's word for the owner of an address of its pool */

/* What stands before a private address. */
struct public_address {
    const char *ip;                /* NULL: nothing */
    const char *owner_id;          /* the account of an elastic one, or POOL_OWNER */
    const char *dns_name;          /* of `ip` */
    const struct address *elastic; /* NULL: it is of the pool, and goes when the instance stops */
};

/* `elastic` are the elastic addresses of the interface, or more. */
struct public_address public_address_of(struct call *c, const struct network_interface *n,
                                        const struct address_list *elastic, const char *private_ip);
/* IPv4, the first one in front; `others` are the interface's. */
struct wire_strings private_addresses_of(struct call *c, const struct network_interface *n,
                                         const struct interface_address_list *others);
struct wire_strings ipv6_addresses_of(struct call *c, const struct interface_address_list *others);
/* "ec2-198-18-0-7.compute-1.amazonaws.com" */
const char *public_dns_name(struct call *c, const char *public_ip);
