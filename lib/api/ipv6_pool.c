#include "api/ipv6_pool.h"

#include <stdlib.h>

#include "api/lookup.h"
#include "base/check.h"
#include "base/id.h"

#define FIRST_HOSTS_RESERVED 4

/* Host parts of addresses, both ends included. */
struct span {
    uint64_t first;
    uint64_t last;
};

struct spans {
    struct span *v;
    size_t n;
};

static uint64_t host_of(const struct ipv6 *a)
{
    uint64_t host = 0;
    for (size_t i = 8; i < sizeof(a->bytes); i++)
        host = host << 8 | a->bytes[i];
    return host;
}

static bool is_nobodys(const struct ipv6 *a)
{
    uint64_t host = host_of(a);
    return host < FIRST_HOSTS_RESERVED || host == UINT64_MAX;
}

static bool is_used(struct call *c, const struct subnet *subnet, const char *address)
{
    return store_count_interface_addresses(c->tx, "subnet_id", subnet->id, "address", address) > 0;
}

int subnet_is_full(struct fault *f)
{
    return fault(f, FAULT_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
                 "The specified subnet does not have enough free addresses to satisfy the "
                 "request.");
}

const char *ipv6_canonical(struct call *c, const char *address)
{
    struct ipv6 parsed;
    char text[IPV6_TEXT_SIZE];
    if (ipv6_parse(address, &parsed) < 0)
        return address;
    ipv6_format(&parsed, text);
    return arena_strdup(c->arena, text);
}

int ipv6_check_free(struct call *c, const struct subnet *subnet, const char *address,
                    struct fault *f)
{
    struct cidr6 block;
    struct ipv6 parsed;
    char text[IPV6_TEXT_SIZE];
    if (subnet->ipv6_cidr_block == NULL || cidr6_parse(subnet->ipv6_cidr_block, &block) < 0 ||
        address == NULL || ipv6_parse(address, &parsed) < 0 || !cidr6_contains(&block, &parsed) ||
        is_nobodys(&parsed))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Address %.64s does not fall within the subnet's IPv6 address range, or is "
                     "reserved",
                     address == NULL ? "" : address);
    ipv6_format(&parsed, text);
    if (is_used(c, subnet, text))
        return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", text);
    return 0;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct span *)a)->first;
    uint64_t y = ((const struct span *)b)->first;
    return (x > y) - (x < y);
}

/* What nothing is drawn from, in order. */
static struct spans load_closed(struct call *c, const struct subnet *subnet)
{
    struct spans closed = {0};
    struct subnet_cidr_reservation_list l =
        store_subnet_cidr_reservations(c->tx, c->arena, "subnet_id", subnet->id, "is_ipv6", "1");
    *arena_append(c->arena, &closed) = (struct span){0, FIRST_HOSTS_RESERVED - 1};
    *arena_append(c->arena, &closed) = (struct span){UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < l.n; i++) {
        struct cidr6 block;
        if (cidr6_parse(l.v[i].cidr_block, &block) < 0)
            continue;
        uint64_t first = host_of(&block.address);
        uint64_t more = block.length <= 64 ? UINT64_MAX : (UINT64_C(1) << (128 - block.length)) - 1;
        *arena_append(c->arena, &closed) = (struct span){first, first + more};
    }
    qsort(closed.v, closed.n, sizeof(closed.v[0]), by_first);
    return closed;
}

/* What may be drawn from, in order. */
static struct spans load_open(struct call *c, const struct subnet *subnet)
{
    struct spans closed = load_closed(c, subnet);
    struct spans open = {0};
    uint64_t next = 0;
    for (size_t i = 0; i < closed.n; i++) {
        if (closed.v[i].first > next)
            *arena_append(c->arena, &open) = (struct span){next, closed.v[i].first - 1};
        if (closed.v[i].last == UINT64_MAX)
            break; /* one of them ends here */
        if (closed.v[i].last >= next)
            next = closed.v[i].last + 1;
    }
    return open;
}

static uint64_t size_of(const struct spans *open)
{
    uint64_t n = 0; /* five fewer than 2^64 at most */
    for (size_t i = 0; i < open->n; i++)
        n += open->v[i].last - open->v[i].first + 1;
    return n;
}

static uint64_t nth_host(const struct spans *open, uint64_t n)
{
    size_t i = 0;
    while (n > open->v[i].last - open->v[i].first) {
        n -= open->v[i].last - open->v[i].first + 1;
        i++;
    }
    return open->v[i].first + n;
}

uint64_t ipv6_free(struct call *c, const struct subnet *subnet)
{
    struct spans open = load_open(c, subnet);
    uint64_t all = size_of(&open);
    /* Those that were named within a reservation are counted, too: not one too many is promised. */
    uint64_t used = store_count_interface_addresses(c->tx, "subnet_id", subnet->id, "is_ipv6", "1");
    return all > used ? all - used : 0;
}

const char *ipv6_draw(struct call *c, const struct subnet *subnet,
                      const struct wire_strings *besides)
{
    struct cidr6 block;
    int r = cidr6_parse(subnet->ipv6_cidr_block, &block);
    struct spans open = load_open(c, subnet);
    uint64_t all = size_of(&open);
    CHECK(r == 0 && all > 0);
    uint64_t at = 0;
    random_bytes(&at, sizeof(at));
    for (;; at++) { /* the first is free but for a miracle, unless the subnet is small */
        char text[IPV6_TEXT_SIZE];
        uint64_t host = nth_host(&open, at % all);
        for (size_t i = 0; i < 8; i++)
            block.address.bytes[15 - i] = (uint8_t)(host >> (8 * i));
        ipv6_format(&block.address, text);
        if (!is_used(c, subnet, text) && !strings_contain(besides, text))
            return arena_strdup(c->arena, text);
    }
}
