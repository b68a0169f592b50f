#include "jobs/stall.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/disk_room.h"

/*
 * Theory of operation
 *
 * That a guest is paused for want of room is a column of its row (stalled_at), so that it is woken
 * after a crash as well, and so that a guest that somebody else suspended is left alone. The row
 * comes first, and while the disk is full all of them are paused again at each look, which does
 * nothing to one that is. Nothing is written or asked while there is room and nobody is stalled.
 *
 * It is a thread of its own, because workers may copy data for an hour.
 */

/* False: it does not run any more. */
static int mark(struct jobs *j, struct arena *a, const char *instance_id, int64_t when,
                bool *ret_marked, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct instance *i = store_instance(tx, a, instance_id);
    bool runs = i != NULL && i->state == INSTANCE_RUNNING;
    *ret_marked = runs && (i->stalled_at == 0) != (when == 0);
    if (i != NULL && (runs || when == 0) && (i->stalled_at == 0) != (when == 0)) {
        i->stalled_at = when;
        store_update_instance(tx, i);
    }
    return tx_commit(tx, e);
}

int stall_note(struct jobs *j, struct arena *a, const char *instance_id, struct err *e)
{
    bool marked = false;
    int r = mark(j, a, instance_id, clock_now(), &marked, e);
    if (r == 0)
        j->may_be_stalled = true;
    if (marked)
        log_warning("guest-stalled instance=%s cause=\"a write found no room on the disk\"",
                    instance_id);
    return r;
}

static int load(struct jobs *j, struct arena *a, struct instance_list *ret, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    *ret = store_living_instances(tx, a);
    return tx_commit(tx, e);
}

static int pause_all(struct jobs *j, struct arena *a, const struct instance_list *instances,
                     struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    int r = 0;
    for (size_t k = 0; r == 0 && k < instances->n; k++) {
        const struct instance *i = &instances->v[k];
        bool marked = false;
        if (i->state != INSTANCE_RUNNING)
            continue;
        if (i->stalled_at == 0)
            r = mark(j, a, i->id, clock_now(), &marked, e);
        if (marked)
            log_warning("guest-stalled instance=%s cause=\"the disk is full\"", i->id);
        if (r == 0 && (marked || i->stalled_at > 0))
            r = h->ops->suspend(h, i->id, e);
        if (r == -ENOENT) /* it has just ended */
            r = 0;
    }
    return r;
}

static int wake_all(struct jobs *j, struct arena *a, const struct instance_list *instances,
                    struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    int r = 0;
    for (size_t k = 0; r == 0 && k < instances->n; k++) {
        const struct instance *i = &instances->v[k];
        bool marked = false;
        if (i->stalled_at == 0)
            continue;
        if (i->state == INSTANCE_RUNNING || i->state == INSTANCE_STOPPING)
            r = h->ops->resume(h, i->id, e);
        if (r == 0 || r == -ENOENT)
            r = mark(j, a, i->id, 0, &marked, e);
        if (marked)
            log_info("guest-goes-on instance=%s stalled_ms=%lld", i->id,
                     (long long)(clock_now() - i->stalled_at));
    }
    return r;
}

int stall_watch(struct jobs *j, struct arena *a, struct err *e)
{
    struct storage *s = j->config.storage;
    struct instance_list instances = {0};
    struct disk_room room;
    int r = s->ops->room(s, &room, e);
    if (r < 0)
        return r;
    bool full = disk_is_full(&room, j->config.disk_full_percent);
    if (full != j->disk_is_full)
        log_warning("disk-%s free_mib=%lld of_mib=%lld", full ? "full" : "has-room",
                    (long long)(room.free >> 20), (long long)(room.size >> 20));
    j->disk_is_full = full;
    bool wakes = j->may_be_stalled && disk_has_room(&room, j->config.disk_full_percent);
    if (!full && !wakes)
        return 0;
    j->may_be_stalled = full;
    r = load(j, a, &instances, e);
    if (r == 0)
        r = full ? pause_all(j, a, &instances, e) : wake_all(j, a, &instances, e);
    if (r < 0)
        j->may_be_stalled = true;
    return r;
}

static void *watch(void *arg)
{
    struct jobs *j = arg;
    _cleanup_arena_ struct arena *a = arena_new();
    (void)pthread_mutex_lock(&j->lock);
    while (!j->stopping) {
        int64_t at = clock_monotonic() + STALL_LOOK_MS;
        struct timespec until = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
        (void)pthread_mutex_unlock(&j->lock);
        struct err e = {0};
        int r = stall_watch(j, a, &e);
        if (r < 0 && r != -ENOTCONN) /* the hypervisor is away: its guests are looked at later */
            log_warning("disk-not-watched reason=\"%s\"", e.message);
        arena_reset(a);
        (void)pthread_mutex_lock(&j->lock);
        if (!j->stopping)
            (void)pthread_cond_timedwait(&j->stall_ends, &j->lock, &until);
    }
    (void)pthread_mutex_unlock(&j->lock);
    return NULL;
}

int stall_start(struct jobs *j, struct err *e)
{
    j->may_be_stalled = true; /* by an earlier run */
    int code = pthread_create(&j->stall_thread, NULL, watch, j);
    if (code != 0)
        return err_errno(e, code, "cannot start the watch over the disk");
    j->stall_runs = true;
    return 0;
}

int stall_stop(struct jobs *j, const struct timespec *until)
{
    if (!j->stall_runs)
        return 0;
    (void)pthread_mutex_lock(&j->lock);
    (void)pthread_cond_broadcast(&j->stall_ends);
    (void)pthread_mutex_unlock(&j->lock);
    if (pthread_timedjoin_np(j->stall_thread, NULL, until) != 0)
        return -ETIMEDOUT;
    j->stall_runs = false;
    return 0;
}
