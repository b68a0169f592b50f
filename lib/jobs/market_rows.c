#include "jobs/market.h"

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

void market_room(struct tx *tx, const char *host_id, const struct host_info *host,
                 int64_t reserve_mib, struct room *ret_room)
{
    struct capacity_used used = store_capacity_used(tx, host_id);
    struct spot_used spot = store_spot_used(tx, host_id);
    int64_t overhead = GUEST_OVERHEAD_MIB + (host->kvm ? 0 : EMULATION_OVERHEAD_MIB);
    struct room r = {
        .size = host->memory_mib - reserve_mib,
        .waiting = spot.waiting_mib + spot.waiting * overhead,
        .spot = spot.memory_mib + spot.instances * overhead,
        .ending = spot.ending_mib + spot.ending * overhead,
        .overhead = overhead,
        .held = used.held_memory_mib + used.held_slots * overhead,
        .guests = used.instances + used.held_slots,
    };
    int64_t instances = used.memory_mib + used.instances * overhead;
    r.promised = instances + r.held;
    /* What other programs of the server have taken is not there, whatever was promised. */
    int64_t there = instances - r.waiting + host->memory_available_mib - reserve_mib / 2;
    if (r.size > there)
        r.size = there;
    *ret_room = r;
}

int64_t market_used_percent(struct tx *tx)
{
    struct spot_load last = {0};
    (void)store_last_spot_load(tx, &last);
    return last.used_percent;
}

int64_t market_price(struct tx *tx, const struct instance_type *type)
{
    return spot_price(spot_on_demand_price(type), market_used_percent(tx));
}

void market_stir(struct tx *tx, int64_t not_before)
{
    store_enqueue(tx, "spot", SPOT_MARKET, not_before);
}

/* Every move here is one that the table allows: what would not be is a bug. */
static void enter(struct tx *tx, struct spot_request *r, enum spot_state to,
                  enum spot_status status, const char *message, int64_t now)
{
    struct err e = {0};
    bool changed = false;
    int code = spot_request_enter(r, to, status, message, now, &changed, &e);
    CHECK(code == 0);
    if (!changed)
        return;
    store_update_spot_request(tx, r);
    log_info("spot-request request=%s state=%s status=%s", r->id,
             state_name(&spot_states, r->state), state_name(&spot_statuses, r->status));
}

static struct spot_request *request_of(struct tx *tx, struct arena *a, const struct instance *i)
{
    struct spot_request *r = store_spot_request(tx, a, i->spot_request_id);
    return r != NULL && streq(r->instance_id, i->id) ? r : NULL;
}

void market_mark(struct tx *tx, struct arena *a, struct instance *i, const char *cause,
                 int64_t deadline, int64_t now)
{
    struct spot_request *r = request_of(tx, a, i);
    bool stop = r != NULL && streq(r->interruption, "stop");
    i->interruption_action = stop ? "stop" : "terminate";
    i->interruption_at = deadline;
    i->interruption_cause = cause;
    store_update_instance(tx, i);
    log_info("spot-marked instance=%s action=%s cause=%s", i->id, i->interruption_action, cause);
    if (r != NULL)
        enter(tx, r, (enum spot_state)r->state,
              stop ? SPOT_MARKED_FOR_STOP : SPOT_MARKED_FOR_TERMINATION, NULL, now);
}

void market_unmark(struct tx *tx, struct arena *a, struct instance *i, int64_t now)
{
    i->interruption_action = NULL;
    i->interruption_at = 0;
    i->interruption_cause = NULL;
    store_update_instance(tx, i);
    log_info("spot-let-off instance=%s", i->id);
    struct spot_request *r = request_of(tx, a, i);
    if (r != NULL)
        enter(tx, r, (enum spot_state)r->state,
              r->state == SPOT_CANCELLED ? SPOT_REQUEST_CANCELED_AND_INSTANCE_RUNNING
                                         : SPOT_FULFILLED,
              NULL, now);
}

/* The candidates among `all` whose mark has this cause; NULL: without a mark. */
static struct spot_candidate *candidates(struct arena *a, const struct instance_list *all,
                                         const char *cause, int64_t overhead, size_t *ret_n,
                                         int64_t *ret_mib)
{
    struct spot_candidate *v = arena_array(a, all->n, struct spot_candidate);
    size_t n = 0;
    int64_t mib = 0;
    for (size_t k = 0; k < all->n; k++) {
        const struct instance *i = &all->v[k];
        if (!streq(i->interruption_cause, cause))
            continue;
        v[n] = (struct spot_candidate){
            .index = k,
            .mib = i->memory_mib + overhead,
            .launched_at = i->launch_time,
            .chosen = cause != NULL,
        };
        mib += v[n++].mib;
    }
    *ret_n = n;
    *ret_mib = mib;
    return v;
}

void market_make_room(struct tx *tx, struct arena *a, const char *host_id, const struct room *room,
                      int64_t deadline, int64_t now)
{
    struct instance_list all = store_spot_instances(tx, a, host_id);
    if (all.n == 0)
        return;
    size_t n_priced = 0, n_marked = 0, n_free = 0;
    int64_t priced = 0, marked = 0, mib_free = 0;
    (void)candidates(a, &all, "price", room->overhead, &n_priced, &priced);
    struct spot_candidate *m = candidates(a, &all, "capacity", room->overhead, &n_marked, &marked);
    struct spot_candidate *v = candidates(a, &all, NULL, room->overhead, &n_free, &mib_free);
    int64_t need = room_short(room) - priced; /* those go anyway */
    if (need > marked) {
        (void)spot_choose(v, n_free, need - marked);
        for (size_t k = 0; k < n_free; k++)
            if (v[k].chosen)
                market_mark(tx, a, &all.v[v[k].index], "capacity", deadline, now);
        return;
    }
    spot_let_off(m, n_marked, need);
    for (size_t k = 0; k < n_marked; k++)
        if (!m[k].chosen)
            market_unmark(tx, a, &all.v[m[k].index], now);
}

void market_note_started(struct tx *tx, struct spot_request *r, const struct instance *i,
                         int64_t now)
{
    r->instance_id = i->id;
    r->zone = i->zone;
    enter(tx, r, SPOT_ACTIVE, SPOT_FULFILLED, NULL, now);
}

static enum spot_status status_of_stop(const struct instance *i)
{
    if (streq(i->state_reason_code, "Server.SpotInstanceShutdown"))
        return streq(i->interruption_cause, "price") ? SPOT_INSTANCE_STOPPED_BY_PRICE
                                                     : SPOT_INSTANCE_STOPPED_NO_CAPACITY;
    return i->state_reason_code != NULL && has_prefix(i->state_reason_code, "Client.")
               ? SPOT_INSTANCE_STOPPED_BY_USER
               : SPOT_SYSTEM_ERROR;
}

static enum spot_status status_of_termination(const struct instance *i)
{
    if (streq(i->state_reason_code, "Server.SpotInstanceTermination"))
        return i->interruption_cause == NULL           ? SPOT_INSTANCE_TERMINATED_BY_SERVICE
               : streq(i->interruption_cause, "price") ? SPOT_INSTANCE_TERMINATED_BY_PRICE
                                                       : SPOT_INSTANCE_TERMINATED_NO_CAPACITY;
    if (i->state_reason_code != NULL && has_prefix(i->state_reason_code, "Client."))
        return SPOT_INSTANCE_TERMINATED_BY_USER;
    return i->ever_ran ? SPOT_INSTANCE_TERMINATED_BY_SERVICE : SPOT_SYSTEM_ERROR;
}

static void note_stopped(struct tx *tx, struct spot_request *r, const struct instance *i,
                         int64_t now)
{
    enum spot_status status = status_of_stop(i);
    enter(tx, r, r->state == SPOT_CANCELLED ? SPOT_CANCELLED : SPOT_DISABLED, status,
          status == SPOT_SYSTEM_ERROR ? i->state_reason_message : NULL, now);
}

/* A persistent request waits again, unless its time is over or no launch of it can succeed. */
static void note_terminated(struct tx *tx, struct spot_request *r, const struct instance *i,
                            int64_t now)
{
    enum spot_status status = status_of_termination(i);
    bool expired = r->valid_until > 0 && r->valid_until <= now;
    enum spot_state to = r->state == SPOT_CANCELLED                                 ? SPOT_CANCELLED
                         : r->persistent && !expired && status != SPOT_SYSTEM_ERROR ? SPOT_OPEN
                                                                                    : SPOT_CLOSED;
    if (to == SPOT_OPEN)
        r->instance_id = NULL;
    enter(tx, r, to, status, status == SPOT_SYSTEM_ERROR ? i->state_reason_message : NULL, now);
}

void market_note_ended(struct tx *tx, struct arena *a, struct instance *i, enum instance_state to,
                       int64_t now)
{
    market_stir(tx, 0);
    if (i->spot_request_id == NULL)
        return;
    struct spot_request *r = request_of(tx, a, i);
    if (r != NULL && to == INSTANCE_STOPPED)
        note_stopped(tx, r, i, now);
    if (r != NULL && to == INSTANCE_TERMINATED)
        note_terminated(tx, r, i, now);
    i->interruption_action = NULL;
    i->interruption_at = 0;
    i->interruption_cause = NULL;
}
