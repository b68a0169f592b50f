#include "jobs/market.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/instance.h"

/*
 * Theory of operation
 *
 * There is one market and one job for it, so its steps never meet themselves. A run looks at
 * everything and does what is due: it records how full the server is, marks those whose owners pay
 * less than the new price, makes room for those that wait and wakes them, ends those whose notice
 * is over, and lets the API try the requests that wait for an instance. Marks and deadlines are
 * rows: a run after a crash finds them.
 */

#define RETRY_MS     30000 /* for what nobody tells us of, such as memory of other programs */
#define STOP_MS      30000 /* a guest that was told two minutes ago has this long to power off */
#define LOADS_MAX    1000
#define LOADS_KEPT   (INT64_C(90) * 24 * 3600 * 1000) /* AWS: 90 days of price history */
#define RECORD_AFTER 1000 /* changes of load are recorded once a second at most */

struct run {
    struct jobs *jobs;
    struct tx *tx;
    struct arena *arena;
    int64_t now;
    int64_t next; /* when to look again; 0: when somebody enqueues the job */
    struct room room;
};

static void again_at(struct run *r, int64_t when)
{
    if (when > 0 && (r->next == 0 || when < r->next))
        r->next = when;
}

static void read_room(struct run *r)
{
    struct host_info host;
    jobs_host(r->jobs, &host);
    market_room(r->tx, r->jobs->config.host_id, &host, r->jobs->config.reserve_memory_mib,
                &r->room);
}

static void record_load(struct run *r)
{
    struct spot_load last = {0};
    bool any = store_last_spot_load(r->tx, &last);
    int64_t percent = spot_used_percent(r->room.promised, r->room.size);
    if (any && last.used_percent == percent)
        return;
    if (any && r->now < last.recorded_at + RECORD_AFTER) {
        again_at(r, last.recorded_at + RECORD_AFTER);
        return;
    }
    store_insert_spot_load(r->tx, &(struct spot_load){r->now, percent});
    store_forget_spot_loads(r->tx, r->now - LOADS_KEPT, LOADS_MAX);
    log_info("spot-price percent_in_use=%lld", (long long)percent);
}

/* What its owner pays is below the price: marked. The price has come down: let off. */
static void compare_price(struct run *r, struct instance *i)
{
    const struct instance_type *type =
        instance_type_find(&r->jobs->config.instance_types, i->instance_type);
    struct spot_request *request = store_spot_request(r->tx, r->arena, i->spot_request_id);
    if (type == NULL || request == NULL)
        return;
    bool too_low = request->max_price < market_price(r->tx, type);
    if (too_low && i->interruption_at == 0)
        market_mark(r->tx, r->arena, i, "price", r->now + r->jobs->config.spot_notice_ms, r->now);
    else if (!too_low && streq(i->interruption_cause, "price"))
        market_unmark(r->tx, r->arena, i, r->now);
}

static void compare_prices(struct run *r)
{
    struct instance_list all = store_spot_instances(r->tx, r->arena, r->jobs->config.host_id);
    for (size_t k = 0; k < all.n; k++)
        compare_price(r, &all.v[k]);
}

static void interrupt(struct run *r, struct instance *i)
{
    static const struct reason termination = {"Server.SpotInstanceTermination",
                                              "Spot instance termination"};
    static const struct reason shutdown = {"Server.SpotInstanceShutdown", "Spot instance shutdown"};
    bool stop = streq(i->interruption_action, "stop");
    struct err e = {0};
    if (instance_enter_state(i, stop ? INSTANCE_STOPPING : INSTANCE_SHUTTING_DOWN, &e) < 0)
        return; /* it is on its way already */
    const struct reason *reason = stop ? &shutdown : &termination;
    instance_set_reason(r->arena, i, reason);
    i->transition_reason = reason->code;
    i->force_stop = false;
    i->stop_deadline = stop ? r->now + STOP_MS : 0;
    store_update_instance(r->tx, i);
    store_enqueue(r->tx, "instance", i->id, 0);
    log_info("spot-interrupted instance=%s action=%s cause=%s", i->id, i->interruption_action,
             i->interruption_cause);
}

static void interrupt_due(struct run *r)
{
    struct instance_list all = store_spot_instances(r->tx, r->arena, r->jobs->config.host_id);
    for (size_t k = 0; k < all.n; k++) {
        struct instance *i = &all.v[k];
        if (i->interruption_at > r->now)
            again_at(r, i->interruption_at);
        else if (i->interruption_at > 0)
            interrupt(r, i);
    }
}

/* Those that wait come in the order in which they began to. */
static void wake_waiting(struct run *r)
{
    struct instance_list waiting =
        store_waiting_instances(r->tx, r->arena, r->jobs->config.host_id);
    int64_t mib = 0;
    for (size_t k = 0; k < waiting.n; k++) {
        mib += waiting.v[k].memory_mib + r->room.overhead;
        if (!room_takes(&r->room, mib))
            break;
        store_enqueue(r->tx, "instance", waiting.v[k].id, 0);
    }
    if (waiting.n > 0)
        again_at(r, r->now + RETRY_MS);
}

static int look_at_rows(struct run *r, struct err *e)
{
    r->tx = store_write(r->jobs->config.store);
    read_room(r);
    record_load(r);
    compare_prices(r);
    market_make_room(r->tx, r->arena, r->jobs->config.host_id, &r->room,
                     r->now + r->jobs->config.spot_notice_ms, r->now);
    interrupt_due(r);
    wake_waiting(r);
    return tx_commit(r->tx, e);
}

/* One that was told that there is no room need not be tried while there is still none. */
static bool is_hopeless(const struct run *r, const struct spot_request *q)
{
    const struct instance_type *type =
        instance_type_find(&r->jobs->config.instance_types, q->instance_type);
    bool expired = q->valid_until > 0 && q->valid_until <= r->now;
    return q->status == SPOT_CAPACITY_NOT_AVAILABLE && !expired && type != NULL &&
           type->memory_mib + r->room.overhead > room_free(&r->room);
}

static int try_requests(struct run *r, struct err *e)
{
    struct tx *tx = store_read(r->jobs->config.store);
    struct spot_request_list l = store_waiting_spot_requests(tx, r->arena);
    int code = tx_commit(tx, e);
    if (l.n > 0)
        again_at(r, r->now + RETRY_MS);
    for (size_t k = 0; code == 0 && k < l.n; k++) {
        const struct spot_request *q = &l.v[k];
        if (q->valid_from > r->now)
            again_at(r, q->valid_from);
        if (q->valid_until > r->now)
            again_at(r, q->valid_until);
        /* Many requests take their time; what is due in it comes first. */
        if (r->next <= clock_now())
            return 0;
        if (!is_hopeless(r, q))
            code = r->jobs->config.try_spot(r->jobs->config.ctx, q->id, e);
    }
    return code;
}

int market_converge(struct jobs *j, struct arena *a, struct outcome *ret_outcome, struct err *e)
{
    struct run r = {.jobs = j, .arena = a, .now = clock_now()};
    int code = look_at_rows(&r, e);
    if (code == 0)
        code = try_requests(&r, e);
    if (code == 0 && r.next > 0)
        *ret_outcome = (struct outcome){.again = true, .when = r.next};
    return code;
}

int market_take_room(struct jobs *j, struct arena *a, const char *instance_id, bool *ret_taken,
                     bool *ret_hopeless, struct err *e)
{
    struct host_info host;
    jobs_host(j, &host);
    struct room room;
    struct tx *tx = store_write(j->config.store);
    market_room(tx, j->config.host_id, &host, j->config.reserve_memory_mib, &room);
    struct instance *i = store_instance(tx, a, instance_id);
    bool waits = i != NULL && i->state == INSTANCE_PENDING && i->waits_for_room;
    if (waits && room_takes(&room, i->memory_mib + room.overhead)) {
        i->waits_for_room = waits = false;
        i->state_reason_code = "pending";
        i->state_reason_message = "pending";
        store_update_instance(tx, i);
    }
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    *ret_taken = !waits;
    *ret_hopeless = waits && room.spot == 0;
    return 0;
}
