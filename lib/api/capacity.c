#include "api/capacity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/id.h"
#include "jobs/market.h"

#define POOL_SPARE 64 /* addresses that a pool takes before its list grows */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t at_least_zero(int64_t n)
{
    return n < 0 ? 0 : n;
}

/* What the server has, and what an instance of so much memory takes of it. */
struct supply {
    struct room room;
    int64_t each_mib;    /* the instance's memory, and what QEMU needs besides */
    int64_t free_mib;    /* for whoever comes */
    int64_t present_mib; /* not in use at this moment, whoever it is held for */
    int64_t instances;   /* that the owner's limit leaves for whoever comes */
};

static void read_room(struct call *c, struct room *ret_room)
{
    struct host_info host;
    c->config->host(c->config->ctx, &host);
    market_room(c->tx, c->config->host_id, &host, c->config->reserve_memory_mib, ret_room);
}

static struct supply measure(struct call *c, int64_t memory_mib)
{
    struct supply s;
    read_room(c, &s.room);
    s.each_mib = memory_mib + s.room.overhead;
    s.free_mib = at_least_zero(room_free(&s.room));
    s.present_mib = at_least_zero(room_present(&s.room));
    s.instances = c->config->max_instances - s.room.guests;
    return s;
}

static int over_limit(struct call *c, int64_t over, struct fault *f)
{
    long long limit = (long long)c->config->max_instances;
    return fault(f, FAULT_INSTANCE_LIMIT_EXCEEDED,
                 "You have requested more instances (%lld) than your current instance limit of "
                 "%lld allows for the server",
                 limit + (long long)over, limit);
}

static int no_room(const struct supply *s, const char *type, int64_t fits, int64_t need,
                   struct fault *f)
{
    return fault(
        f, FAULT_INSUFFICIENT_INSTANCE_CAPACITY,
        "The server has room for %lld more instances of type %s, and %lld are needed: %lld MiB "
        "of memory are free and each takes %lld MiB",
        (long long)fits, type, (long long)need, (long long)s->free_mib, (long long)s->each_mib);
}

int capacity_admit(struct call *c, const struct instance_type *type,
                   const struct capacity_slots *slots, int64_t need, int64_t want,
                   struct capacity_grant *ret_grant, struct fault *f)
{
    struct supply s = measure(c, type->memory_mib);
    int64_t slotted = capacity_slots_free(slots);
    if (slots->only && slotted < need)
        return fault(f, FAULT_RESERVATION_CAPACITY_EXCEEDED,
                     "The Capacity Reservation has %lld free slots for instances of type %s, and "
                     "%lld are needed",
                     (long long)slotted, type->name, (long long)need);
    int64_t allowed = slotted + (slots->only ? 0 : s.instances);
    if (allowed < need)
        return over_limit(c, need - allowed, f);
    int64_t fits = least(slotted, s.present_mib / s.each_mib);
    int64_t at_once = s.free_mib / s.each_mib;
    s.free_mib = at_least_zero(room_on_demand(&s.room));
    if (!slots->only)
        fits += s.free_mib / s.each_mib;
    if (fits < need)
        return no_room(&s, type->name, fits, need, f);
    int64_t count = least(want, least(fits, allowed));
    *ret_grant = (struct capacity_grant){count, count - slotted > at_once};
    return 0;
}

int capacity_admit_spot(struct call *c, const struct instance_type *type, int64_t need,
                        int64_t want, struct capacity_grant *ret_grant, struct fault *f)
{
    struct supply s = measure(c, type->memory_mib);
    if (s.instances < need)
        return over_limit(c, need - s.instances, f);
    int64_t fits = s.free_mib / s.each_mib;
    if (fits < need)
        return no_room(&s, type->name, fits, need, f);
    *ret_grant = (struct capacity_grant){.count = least(want, least(fits, s.instances))};
    return 0;
}

int capacity_hold(struct call *c, const char *type, int64_t memory_mib, int64_t more,
                  struct fault *f)
{
    struct supply s = measure(c, memory_mib);
    if (s.instances < more)
        return over_limit(c, more - s.instances, f);
    if (s.free_mib / s.each_mib < more)
        return no_room(&s, type, s.free_mib / s.each_mib, more, f);
    return 0;
}

void capacity_let_wait(struct call *c, struct instance *i)
{
    char until[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(c->now + c->config->spot_notice_ms, until);
    i->waits_for_room = true;
    i->state_reason_message = arena_printf(
        c->arena, "pending: waiting for room; spot instances that have it were told to go by %s",
        until);
}

void capacity_make_room(struct call *c)
{
    struct room room;
    read_room(c, &room);
    int64_t deadline = c->now + c->config->spot_notice_ms;
    market_make_room(c->tx, c->arena, c->config->host_id, &room, deadline, c->now);
    market_stir(c->tx, c->now);
}

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
        if (ipv4_parse(used->v[i], &address) == 0 && cidr_contains(&p->block, address))
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
    struct address_pool p = {.subnet = subnet, .skip_first = 4, .skip_last = 1};
    if (cidr_parse(subnet->cidr_block, &p.block) < 0)
        return fault(f, FAULT_INTERNAL_ERROR, "The subnet has no address block");
    struct text_list used = store_private_ips(c->tx, c->arena, subnet->id);
    load(c, &p, &used);
    load_reserved(c, subnet, &p);
    *ret_pool = p;
    return 0;
}

void address_pool_public(struct call *c, struct address_pool *ret_pool)
{
    *ret_pool =
        (struct address_pool){.block = c->config->public_pool, .skip_first = 1, .skip_last = 1};
    struct text_list used = store_public_ips(c->tx, c->arena);
    load(c, ret_pool, &used);
}

static uint64_t usable(const struct address_pool *p)
{
    uint64_t size = cidr_size(&p->block);
    uint64_t skip = p->skip_first + p->skip_last;
    return size > skip ? size - skip : 0;
}

/* Usable addresses of the reserved blocks, which do not overlap. */
static uint64_t usable_reserved(const struct address_pool *p)
{
    uint64_t n = 0;
    for (size_t i = 0; i < p->n_reserved; i++) {
        uint64_t first = p->reserved[i].address - p->block.address;
        uint64_t end = first + cidr_size(&p->reserved[i]);
        uint64_t last = p->skip_first + usable(p);
        first = first < p->skip_first ? p->skip_first : first;
        end = end > last ? last : end;
        n += end > first ? end - first : 0;
    }
    return n;
}

uint64_t address_pool_free(const struct address_pool *p)
{
    uint64_t all = usable(p) - usable_reserved(p);
    uint64_t used = 0;
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

static const char *text_of(struct call *c, uint32_t address)
{
    char text[IPV4_TEXT_SIZE];
    ipv4_format(address, text);
    return arena_strdup(c->arena, text);
}

const char *address_pool_draw(struct call *c, struct address_pool *p)
{
    uint64_t all = usable(p);
    if (address_pool_free(p) == 0)
        return NULL;
    /* Anywhere, as EC2 does: an address that was just given up does not come back at once. */
    uint64_t start = 0;
    random_bytes(&start, sizeof(start));
    for (uint64_t i = 0; i < all; i++) {
        uint32_t address = p->block.address + (uint32_t)(p->skip_first + (start % all + i) % all);
        if (!is_reserved(p, address) && use(c, p, address))
            return text_of(c, address);
    }
    return NULL;
}

int address_pool_take(struct call *c, struct address_pool *p, const char *address)
{
    uint32_t a = 0;
    if (ipv4_parse(address, &a) < 0 || !cidr_contains(&p->block, a))
        return -EINVAL;
    uint64_t offset = a - p->block.address;
    if (offset < p->skip_first || offset >= p->skip_first + usable(p))
        return -EINVAL;
    return use(c, p, a) ? 0 : -EADDRINUSE;
}
