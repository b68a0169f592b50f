#pragma once
/* Room for another address: in a subnet, or in the owner's ranges of public addresses. */
#include "api/call.h"
#include "core/address_range.h"

/* A set of addresses in use, from which free ones are drawn. */
struct address_pool {
    const struct subnet *subnet;  /* NULL: the pool of public ones */
    struct address_ranges ranges; /* of addresses that are given out: none has ends */
    uint32_t *used;               /* sorted */
    size_t n_used;
    size_t max_used;                /* as many as there is room for */
    struct wire_strings ipv6_taken; /* besides those that rows have */
    struct cidr *reserved;          /* blocks from which nothing is drawn, though it may be taken */
    size_t n_reserved;
};

/* Five addresses of a subnet are reserved (AWS: "Subnet sizing"). */
int address_pool_of_subnet(struct call *c, const struct subnet *subnet,
                           struct address_pool *ret_pool, struct fault *f);
void address_pool_public(struct call *c, struct address_pool *ret_pool);
uint64_t address_pool_free(const struct address_pool *p);
/* A free address of the first range that has one, in the arena, which counts as used from now on;
 * NULL when there is none. */
const char *address_pool_draw(struct call *c, struct address_pool *p);
/* Takes this very address: 0, -EINVAL (outside, or reserved), -EADDRINUSE. */
int address_pool_take(struct call *c, struct address_pool *p, const char *address);
