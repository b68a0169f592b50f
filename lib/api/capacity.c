#include "api/capacity.h"

#include "api/quota.h"
#include "base/check.h"
#include "base/clock.h"
#include "jobs/market.h"

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
    if (quota_admit_instances(c, type, false, need, &want, f) < 0)
        return -1;
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
    if (quota_admit_instances(c, type, true, need, &want, f) < 0)
        return -1;
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
