#include "api/address_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "core/vpc_cidr.h"

#define POOL_SPARE 64 /* addresses that a pool takes before its list grows */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void load(struct call *c, struct address_pool *p, const struct text_list *used)
{
    p->max_used = used->n + POOL_SPARE;
    p->used = arena_array(c->arena, p->max_used, uint32_t);
    p->n_used = 0;
    for (size_t i = 0; i < used->n; i++) {
        uint32_t address = 0;
        if (ipv4_parse(used->v[i], &address) == 0 && address_ranges_contain(&p->ranges, address))
            p->used[p->n_used++] = address;
    }
    qsort(p->used, p->n_used, sizeof(p->used[0]), compare);
}

/* The subnet's CIDR reservations. */
static void load_reserved(struct call *c, const struct subnet *subnet, struct address_pool *p)
{
    struct subnet_cidr_reservation_list l =
        store_subnet_cidr_reservations(c->tx, c->arena, "subnet_id", subnet->id, "is_ipv6", "0");
    p->reserved = arena_array(c->arena, l.n, struct cidr);
    for (size_t i = 0; i < l.n; i++)
        if (cidr_parse(l.v[i].cidr_block, &p->reserved[p->n_reserved]) == 0)
            p->n_reserved++;
}

static bool is_reserved(const struct address_pool *p, uint32_t address)
{
    for (size_t i = 0; i < p->n_reserved; i++)
        if (cidr_contains(&p->reserved[i], address))
            return true;
    return false;
}

int address_pool_of_subnet(struct call *c, const struct subnet *subnet,
                           struct address_pool *ret_pool, struct fault *f)
{
    struct address_pool p = {.subnet = subnet, .ranges.n = 1};
    struct cidr block;
    if (cidr_parse(subnet->cidr_block, &block) < 0)
        return fault(f, FAULT_INTERNAL_ERROR, "The subnet has no address block");
    p.ranges.v[0] = address_range_of_block(&block);
    p.ranges.v[0].has_ends = false;
    p.ranges.v[0].first += SUBNET_RESERVED_FIRST;
    p.ranges.v[0].last -= SUBNET_RESERVED_LAST;
    struct text_list used = store_private_ips(c->tx, c->arena, subnet->id);
    load(c, &p, &used);
    load_reserved(c, subnet, &p);
    *ret_pool = p;
    return 0;
}

void address_pool_public(struct call *c, struct address_pool *ret_pool)
{
    *ret_pool = (struct address_pool){.ranges.n = c->config->public_addresses.n};
    for (size_t i = 0; i < ret_pool->ranges.n; i++)
        ret_pool->ranges.v[i] = address_range_usable(&c->config->public_addresses.v[i]);
    struct text_list used = store_public_ips(c->tx, c->arena);
    load(c, ret_pool, &used);
}

/* Addresses that the range and the reserved blocks, which do not overlap, have in common. */
static uint64_t count_reserved(const struct address_pool *p, const struct address_range *r)
{
    uint64_t n = 0;
    for (size_t i = 0; i < p->n_reserved; i++) {
        struct address_range both = address_range_of_block(&p->reserved[i]);
        both.first = both.first < r->first ? r->first : both.first;
        both.last = both.last > r->last ? r->last : both.last;
        n += both.first <= both.last ? address_range_size(&both) : 0;
    }
    return n;
}

uint64_t address_pool_free(const struct address_pool *p)
{
    uint64_t all = 0;
    uint64_t used = 0;
    for (size_t i = 0; i < p->ranges.n; i++)
        all += address_range_size(&p->ranges.v[i]) - count_reserved(p, &p->ranges.v[i]);
    for (size_t i = 0; i < p->n_used; i++)
        used += !is_reserved(p, p->used[i]);
    return all > used ? all - used : 0;
}

/* Where `address` stands or would stand in the sorted list. */
static size_t position(const struct address_pool *p, uint32_t address)
{
    size_t low = 0;
    size_t high = p->n_used;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (p->used[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void grow(struct call *c, struct address_pool *p)
{
    uint32_t *wider = arena_array(c->arena, 2 * p->max_used, uint32_t);
    memcpy(wider, p->used, p->n_used * sizeof(wider[0]));
    p->used = wider;
    p->max_used *= 2;
}

static bool use(struct call *c, struct address_pool *p, uint32_t address)
{
    size_t at = position(p, address);
    if (at < p->n_used && p->used[at] == address)
        return false;
    if (p->n_used == p->max_used)
        grow(c, p);
    memmove(&p->used[at + 1], &p->used[at], (p->n_used - at) * sizeof(p->used[0]));
    p->used[at] = address;
    p->n_used++;
    return true;
}

static const char *draw_of(struct call *c, struct address_pool *p, const struct address_range *r)
{
    uint64_t all = address_range_size(r);
    if (position(p, r->last + 1) - position(p, r->first) == all)
        return NULL;
    /* Anywhere, as EC2 does: an address that was just given up does not come back at once. */
    uint64_t start = 0;
    random_bytes(&start, sizeof(start));
    for (uint64_t i = 0; i < all; i++) {
        uint32_t address = r->first + (uint32_t)((start % all + i) % all);
        if (!is_reserved(p, address) && use(c, p, address)) {
            char text[IPV4_TEXT_SIZE];
            ipv4_format(address, text);
            return arena_strdup(c->arena, text);
        }
    }
    return NULL;
}

const char *address_pool_draw(struct call *c, struct address_pool *p)
{
    const char *drawn = NULL;
    for (size_t i = 0; i < p->ranges.n && drawn == NULL; i++)
        drawn = draw_of(c, p, &p->ranges.v[i]);
    return drawn;
}

int address_pool_take(struct call *c, struct address_pool *p, const char *address)
{
    uint32_t a = 0;
    if (ipv4_parse(address, &a) < 0 || !address_ranges_contain(&p->ranges, a))
        return -EINVAL;
    return use(c, p, a) ? 0 : -EADDRINUSE;
}
