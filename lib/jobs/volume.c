#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/detach.h"
#include "jobs/disk_files.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/layer_key.h"
#include "jobs/plan.h"
#include "jobs/worker.h"

/*
 * Theory of operation
 *
 * What is to be done follows from the rows: a volume that is being created gets its file, one that
 * is in use and not attached is on its way to its instance or from it, one that is being deleted
 * loses its file; and a modification grows it. Each looks at what is there first, so a run that was
 * cut short is simply run again. Nothing is held while the machine is moved: what comes of it is
 * recorded only if the row is still as it was (a terminated instance has let go of its volumes).
 *
 * A detach is over when the guest has let go and QEMU has closed the file, and a guest that does
 * not answer keeps its disk: QEMU has no way to take a PCI device from one. It is free when the
 * instance stops.
 */

#define ASK_AGAIN_MS  250
#define MAKE_ATTEMPTS 5

static struct outcome again(int64_t ms)
{
    return (struct outcome){.again = true, .when = clock_now() + ms};
}

/* --- records */

typedef void volume_change(struct tx *tx, struct volume *v);

static bool is_as_seen(const struct volume *v, const struct volume *seen)
{
    return v != NULL && v->state == seen->state && v->attachment_state == seen->attachment_state;
}

static void tell(const struct volume *v)
{
    log_info("volume-state volume=%s state=%s attachment=%s", v->id,
             state_name(&volume_states, v->state),
             state_name(&attachment_states, v->attachment_state));
}

/* In one transaction, unless the volume has another state by now. */
static int record(struct jobs *j, struct arena *a, const struct volume *seen, volume_change *change,
                  struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume *v = store_volume(tx, a, seen->id);
    bool same = is_as_seen(v, seen);
    if (same)
        change(tx, v);
    int r = tx_commit(tx, e);
    if (r == 0 && same)
        tell(v);
    return r;
}

static void change_made(struct tx *tx, struct volume *v)
{
    (void)volume_enter_state(v, VOLUME_AVAILABLE, NULL);
    store_update_volume(tx, v);
    store_enqueue_layers(tx, v->layer_id); /* what waited for it may be merged now */
}

static void change_attached(struct tx *tx, struct volume *v)
{
    (void)volume_enter_attachment_state(v, ATTACHMENT_ATTACHED, NULL);
    store_update_volume(tx, v);
    store_enqueue_layers(tx, v->layer_id);
}

/* By a guest that runs. */
static void change_opened(struct tx *tx, struct volume *v)
{
    v->missing_since = 0;
    change_attached(tx, v);
}

static void change_gone(struct tx *tx, struct volume *v)
{
    (void)volume_enter_state(v, VOLUME_DELETED, NULL);
    store_delete_tags(tx, "resource_id", v->id);
    store_enqueue_layers(tx, v->layer_id);
    store_delete_volumes(tx, "id", v->id);
}

/* --- files */

static int note_failure(struct jobs *j, struct arena *a, const char *volume_id, const char *reason,
                        struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume *v = store_volume(tx, a, volume_id);
    if (v != NULL && v->state == VOLUME_CREATING) {
        (void)volume_enter_state(v, VOLUME_ERROR, NULL);
        v->state_reason = reason;
        store_update_volume(tx, v);
    }
    log_warning("volume-failed volume=%s reason=\"%s\"", volume_id, reason);
    return tx_commit(tx, e);
}

static int make(struct jobs *j, struct arena *a, const struct job *job, const struct volume *v,
                struct err *e)
{
    struct err why = {0};
    int r = layer_make_file(j, a, v->layer_id, v->size_gib, &why);
    if (r == 0)
        return record(j, a, v, change_made, e);
    bool hopeless = r == -ENOSPC || r == -EINVAL || r == -ENOENT;
    if (hopeless || job->attempts >= MAKE_ATTEMPTS)
        return note_failure(j, a, v->id, arena_strdup(a, why.message), e);
    *e = why;
    return r;
}

/* Its top goes, and what nobody else keeps; what a snapshot keeps stays. */
static int delete_files(struct jobs *j, struct arena *a, const struct volume *v, struct err *e)
{
    int r = layer_sweep(j, a, v->layer_id, e);
    return r < 0 ? r : record(j, a, v, change_gone, e);
}

/* --- attachments */

static int attach(struct jobs *j, struct arena *a, const struct job *job, const struct volume *v,
                  struct outcome *ret_outcome, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    struct err why = {0};
    struct tx *tx = store_read(j->config.store);
    struct layer_list chain = plan_chain(tx, a, v->layer_id);
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    if (!plan_is_at_rest(v, &chain)) {
        *ret_outcome = again(ASK_AGAIN_MS);
        return 0;
    }
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
    struct domain_disk *disk = plan_disk(&j->config, a, v, &chain);
    r = layer_open_disks(j, a, disk, 1, &keys, &why);
    if (r == 0)
        r = h->ops->disk_attach(h, v->instance_id, disk, &why);
    if (r == 0)
        return record(j, a, v, change_opened, e);
    if (r == -ENOENT) { /* the guest has just ended: its own job sees that */
        *ret_outcome = again(ASK_AGAIN_MS);
        return 0;
    }
    if (!attach_is_given_up(job, r)) {
        *e = why;
        return r;
    }
    log_warning("volume-not-attached volume=%s instance=%s reason=\"%s\"", v->id, v->instance_id,
                why.message);
    r = disk_files_look_at(j, a, v->id, e);
    return r < 0 ? r : record(j, a, v, plan_release_volume, e);
}

/* QEMU may have a file open for a moment after the guest has let go of the disk. */
static int release(struct jobs *j, struct arena *a, const struct volume *v,
                   struct outcome *ret_outcome, struct err *e)
{
    struct storage *s = j->config.storage;
    bool used = false;
    int r = s->ops->layer_in_use(s, v->layer_id, &used, e);
    if (r < 0)
        return r;
    if (!used)
        return record(j, a, v, plan_release_volume, e);
    *ret_outcome = again(ASK_AGAIN_MS);
    ret_outcome->why = "the guest has let go of the volume, QEMU has its file open yet";
    return 0;
}

static int detach(struct jobs *j, struct arena *a, const struct job *job, const struct volume *v,
                  struct outcome *ret_outcome, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    bool gone = false;
    const struct detach_turn turn = detach_turn(job, v->force_detach);
    int r = h->ops->disk_detach(h, v->instance_id, plan_disk_serial(a, v->id), turn.ask, &gone, e);
    if (r == -ENOENT) {
        *ret_outcome = again(ASK_AGAIN_MS);
        return 0;
    }
    if (r < 0)
        return r;
    if (gone)
        return release(j, a, v, ret_outcome, e);
    *ret_outcome = again(turn.again_ms);
    return 0;
}

/* While it rests its files are those of a stopped instance: see instance_rest.c. */
static bool is_off(const struct instance *i)
{
    return i == NULL || i->state == INSTANCE_TERMINATED || i->state == INSTANCE_STOPPED ||
           (i->state == INSTANCE_RUNNING && i->rests);
}

/* There is no guest to ask: the rows are all. In one transaction with the look at the instance,
 * whose next start reads them. */
static int move_row(struct jobs *j, struct arena *a, const struct volume *seen, bool *ret_is_off,
                    struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume *v = store_volume(tx, a, seen->id);
    const struct instance *i = store_instance(tx, a, seen->instance_id);
    bool stays = i != NULL && i->state != INSTANCE_TERMINATED;
    *ret_is_off = is_off(i);
    bool moved = *ret_is_off && is_as_seen(v, seen);
    if (moved && stays && v->attachment_state == ATTACHMENT_ATTACHING)
        change_attached(tx, v);
    else if (moved)
        plan_release_volume(tx, v);
    int r = tx_commit(tx, e);
    if (r == 0 && moved)
        tell(v);
    return r;
}

/* On its way to its instance, or from it. */
static int move(struct jobs *j, struct arena *a, const struct job *job, const struct volume *v,
                struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct instance *i = store_instance(tx, a, v->instance_id);
    int r = tx_commit(tx, e);
    bool off = is_off(i);
    if (r == 0 && off)
        r = move_row(j, a, v, &off, e);
    if (r < 0 || off)
        return r;
    if (i != NULL && i->state == INSTANCE_RUNNING && !i->rests)
        return v->attachment_state == ATTACHMENT_ATTACHING ? attach(j, a, job, v, ret_outcome, e)
                                                           : detach(j, a, job, v, ret_outcome, e);
    *ret_outcome = again(ASK_AGAIN_MS);
    return 0;
}

/* --- modifications */

static int grow(struct jobs *j, struct arena *a, const struct volume *v, int64_t size_gib,
                struct outcome *ret_outcome, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    enum domain_state state = DOMAIN_GONE;
    int r = v->instance_id == NULL ? 0 : instance_domain(j, v->instance_id, &state, e);
    if (r < 0)
        return r;
    if (state == DOMAIN_GONE) /* a start meanwhile holds the file's lock: then it is tried again */
        return layer_grow_file(j, a, v->layer_id, size_gib, e);
    r = h->ops->disk_resize(h, v->instance_id, plan_disk_serial(a, v->id), size_gib << 30, e);
    if (r == -ENOENT || r == -ENODEV) { /* it ended, or the disk is on its way */
        *ret_outcome = again(ASK_AGAIN_MS);
        return 0;
    }
    return r;
}

/* What a guest has is limited at once; else its start does it. */
static int limit(struct jobs *j, struct arena *a, const struct volume *v,
                 const struct volume_modification *m, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    if (v->instance_id == NULL || j->config.volume_limits == VOLUME_LIMITS_OFF)
        return 0;
    struct volume target = *v;
    volume_apply_modification(&target, m);
    struct volume_limits limits = volume_limits_of(&target, j->config.volume_limits);
    int r = h->ops->disk_limit(h, v->instance_id, plan_disk_serial(a, v->id), &limits, e);
    return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int note_modified(struct jobs *j, struct arena *a, const struct volume_modification *seen,
                         struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume_modification *m = store_volume_modification(tx, a, seen->volume_id);
    struct volume *v = store_volume(tx, a, seen->volume_id);
    if (m != NULL && v != NULL && m->state == MODIFICATION_MODIFYING &&
        m->started_at == seen->started_at) {
        volume_apply_modification(v, m);
        store_update_volume(tx, v);
        /* Nothing is to be moved to faster disks: what EC2 calls optimizing takes no time. */
        (void)modification_enter_state(m, MODIFICATION_OPTIMIZING, NULL);
        (void)modification_enter_state(m, MODIFICATION_COMPLETED, NULL);
        m->ended_at = clock_now();
        store_update_volume_modification(tx, m);
    }
    return tx_commit(tx, e);
}

static int modify(struct jobs *j, struct arena *a, const struct volume *v,
                  const struct volume_modification *m, struct outcome *ret_outcome, struct err *e)
{
    int r = 0;
    if (m->target_size_gib > v->size_gib)
        r = grow(j, a, v, m->target_size_gib, ret_outcome, e);
    if (r == 0 && !ret_outcome->again)
        r = limit(j, a, v, m, e);
    if (r < 0 || ret_outcome->again)
        return r;
    return note_modified(j, a, m, e);
}

/* --- whole */

/*
 * Neither waits for the other: an instance that ends keeps its volumes until its snapshots are
 * taken, and those wait for a modification.
 */
static int move_and_modify(struct jobs *j, struct arena *a, const struct job *job,
                           const struct volume *v, const struct volume_modification *m,
                           struct outcome *ret_outcome, struct err *e)
{
    struct err why = {0};
    struct outcome moves = {0};
    int modified = modify(j, a, v, m, ret_outcome, &why);
    if (modified == 0 && !ret_outcome->again) {
        *ret_outcome = again(0); /* the row has changed */
        return 0;
    }
    int r = move(j, a, job, v, &moves, e);
    if (r < 0 || modified == 0) {
        if (moves.again)
            *ret_outcome = moves;
        return r;
    }
    *e = why;
    return modified;
}

int volume_converge(struct jobs *j, struct arena *a, const struct job *job,
                    struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct volume *v = store_volume(tx, a, job->object_id);
    const struct volume_modification *m = store_volume_modification(tx, a, job->object_id);
    bool snapshots = v != NULL && v->state == VOLUME_DELETING &&
                     store_count_snapshots(tx, "volume_id", v->id, "state", "pending") > 0;
    int r = tx_commit(tx, e);
    if (r < 0 || v == NULL)
        return r;
    bool modifies = m != NULL && m->state == MODIFICATION_MODIFYING;
    if (v->next_layer_id != NULL) { /* nothing of it moves while it is being frozen */
        *ret_outcome = again(ASK_AGAIN_MS);
        return 0;
    }
    if (snapshots && modifies)
        r = modify(j, a, v, m, ret_outcome, e); /* which they wait for */
    if (snapshots) {
        *ret_outcome = again(ASK_AGAIN_MS);
        return r;
    }
    if (!volume_is_moving(v))
        return modifies ? modify(j, a, v, m, ret_outcome, e) : 0;
    if (v->state == VOLUME_DELETING)
        return delete_files(j, a, v, e);
    if (v->state != VOLUME_CREATING)
        return modifies ? move_and_modify(j, a, job, v, m, ret_outcome, e)
                        : move(j, a, job, v, ret_outcome, e);
    if (modifies)
        *ret_outcome = again(ASK_AGAIN_MS);
    return make(j, a, job, v, e);
}
