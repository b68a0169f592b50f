#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/layer_key.h"

/*
 * Theory of operation
 *
 * To freeze a volume is to let it write into a new, empty layer from one moment on. First the rows
 * say so: the new layer is there and the volume's next one, and the snapshots keep the old one.
 * Then the file is made, a guest that runs moves to it (all of its disks that are frozen together,
 * at one moment), and the rows say that this has happened.
 *
 * Between the first rows and the last nobody starts, attaches, detaches or removes the volume:
 * those wait. So a domain that is not there stays away, and whether a guest had moved before a
 * crash need not be known: the new layer is what the volume writes into in any case, empty or not.
 */

#define LOOK_MS 250

/*
 * An instance that is shut down for one freeze, see instance_rest.c, is waited for: by that until
 * the guest is off, by all others until it runs again.
 */
static bool waits_for_rest(const struct instance *i, const char *freeze_id)
{
    return i != NULL && i->rest_for != NULL &&
           (i->state == INSTANCE_RUNNING || i->state == INSTANCE_STOPPING) &&
           (!i->rests || !streq(i->rest_for, freeze_id));
}

static bool is_on_its_way(struct tx *tx, struct arena *a, const struct volume *v,
                          const char *freeze_id)
{
    const struct instance *i = store_instance(tx, a, v->instance_id);
    const struct volume_modification *m = store_volume_modification(tx, a, v->id);
    const struct layer *top = store_layer(tx, a, v->layer_id);
    bool moves =
        v->attachment_state == ATTACHMENT_ATTACHING || v->attachment_state == ATTACHMENT_DETACHING;
    bool live = i != NULL && i->state != INSTANCE_STOPPED && i->state != INSTANCE_TERMINATED;
    /* Of an instance that ends nothing arrives any more, and its end waits for its snapshots. */
    bool ends = i != NULL && i->state == INSTANCE_SHUTTING_DOWN;
    /* Of a guest's disk the flattening is ended; where no guest is, its file is being written. */
    bool flattens = top != NULL && top->work == LAYER_FLATTENING && !live;
    return v->next_layer_id != NULL || (live && moves && !ends) || flattens ||
           (i != NULL && i->state == INSTANCE_PENDING) || waits_for_rest(i, freeze_id) ||
           (m != NULL && m->state == MODIFICATION_MODIFYING);
}

/* Who waits for the snapshots of the freeze: images, and an instance that rests for it. */
static void wake_waiting(struct tx *tx, struct arena *a, const struct snapshot *s)
{
    store_enqueue_images_of(tx, a, s->id);
    const struct volume *v = store_volume(tx, a, s->volume_id);
    const struct instance *i = v == NULL ? NULL : store_instance(tx, a, v->instance_id);
    if (i != NULL && streq(i->rest_for, s->freeze_id))
        store_enqueue(tx, "instance", i->id, 0);
}

static void give_up(struct tx *tx, struct arena *a, struct snapshot *s, const char *reason)
{
    (void)snapshot_enter_state(s, SNAPSHOT_ERROR, NULL);
    s->state_reason = reason;
    store_update_snapshot(tx, s);
    wake_waiting(tx, a, s);
}

/* The rows that say what is going to be. */
static void intend(struct tx *tx, struct arena *a, struct snapshot *s, struct volume *v,
                   const struct layer *top)
{
    struct layer next = {
        .id = layer_id_make(a, v->id, ++v->layers_made),
        .root_id = top->root_id,
        .parent_id = top->id,
        .image_id = top->image_id,
        .key_id = top->key_id,
        .work = LAYER_REST,
    };
    store_insert_layer(tx, &next);
    v->next_layer_id = next.id;
    v->freeze_id = s->freeze_id;
    store_update_volume(tx, v);
    s->layer_id = top->id;
    s->size_gib = v->size_gib;
    store_update_snapshot(tx, s);
}

/* All volumes of the freeze, or none: *ret_wait. */
static int begin(struct jobs *j, struct arena *a, const char *freeze_id, bool *ret_wait,
                 struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct snapshot_list snapshots =
        store_snapshots(tx, a, "freeze_id", freeze_id, "state", "pending", "layer_id", NULL);
    struct volume **volumes = arena_array(a, snapshots.n + 1, struct volume *);
    *ret_wait = false;
    for (size_t i = 0; i < snapshots.n; i++) {
        volumes[i] = store_volume(tx, a, snapshots.v[i].volume_id);
        *ret_wait |= volumes[i] != NULL && is_on_its_way(tx, a, volumes[i], freeze_id);
    }
    for (size_t i = 0; i < snapshots.n && !*ret_wait; i++) {
        const struct layer *top =
            volumes[i] == NULL ? NULL : store_layer(tx, a, volumes[i]->layer_id);
        if (top == NULL)
            give_up(tx, a, &snapshots.v[i], "The volume has gone");
        else
            intend(tx, a, &snapshots.v[i], volumes[i], top);
    }
    return tx_commit(tx, e);
}

/* Copies that are encrypted have a layer of their own; they need a file, and no volume moves. */
static int load_copies(struct jobs *j, struct arena *a, const char *freeze_id,
                       struct snapshot_list *ret, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    *ret = store_snapshots(tx, a, "freeze_id", freeze_id, "state", "pending");
    int r = tx_commit(tx, e);
    size_t n = 0;
    for (size_t i = 0; i < ret->n; i++)
        if (ret->v[i].layer_id != NULL)
            ret->v[n++] = ret->v[i];
    ret->n = n;
    return r;
}

static int load(struct jobs *j, struct arena *a, const char *freeze_id, struct volume_list *ret,
                struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    *ret = store_volumes(tx, a, "freeze_id", freeze_id);
    return tx_commit(tx, e);
}

/* --- the machine */

/* Those of one guest at one moment; disks that it does not have need no moving. */
static int freeze_guest(struct jobs *j, const char *instance_id, const struct domain_freeze *disks,
                        size_t n, struct err *e)
{
    struct hypervisor *h = j->hypervisor;
    bool quiet = false;
    int r = h->ops->disks_freeze(h, instance_id, disks, n, j->config.snapshot_freeze, &quiet, e);
    for (size_t i = 0; r == -ENODEV && n > 1 && i < n; i++) {
        int one = h->ops->disks_freeze(h, instance_id, &disks[i], 1, j->config.snapshot_freeze,
                                       &quiet, e);
        if (one < 0 && one != -ENODEV)
            return one;
    }
    if (r == 0)
        log_info("guest-frozen instance=%s file-systems=%s", instance_id,
                 quiet ? "frozen" : "as-they-were");
    return r == -ENODEV ? 0 : r;
}

/* Its domain is about to go, which is waited for: a disk may be arriving in it right now. */
static int is_ending(struct jobs *j, struct arena *a, const char *instance_id, bool *ret,
                     struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct instance *i = store_instance(tx, a, instance_id);
    *ret = i != NULL && i->state == INSTANCE_SHUTTING_DOWN;
    return tx_commit(tx, e);
}

/* What the volume's guest is told. */
static int plan_freeze(struct jobs *j, struct arena *a, const struct volume *v,
                       struct open_keys *keys, struct domain_freeze *ret, struct err *e)
{
    struct storage *s = j->config.storage;
    struct tx *tx = store_read(j->config.store);
    const struct layer *next = store_layer(tx, a, v->next_layer_id);
    int r = tx_commit(tx, e);
    ret->serial = plan_disk_serial(a, v->id);
    ret->path = s->ops->layer_path(s, a, v->next_layer_id);
    return r < 0 || next == NULL ? r : layer_open_key(j, a, next->key_id, keys, &ret->key, e);
}

/* *ret_wait: a guest has just ended, and its row does not say so yet. */
static int move_guests(struct jobs *j, struct arena *a, const struct volume_list *volumes,
                       bool *ret_wait, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < volumes->n; i++) {
        const char *instance_id = volumes->v[i].instance_id;
        bool seen = instance_id == NULL;
        for (size_t k = 0; k < i; k++)
            seen |= streq(volumes->v[k].instance_id, instance_id);
        if (seen)
            continue;
        enum domain_state state = DOMAIN_GONE;
        struct domain_freeze *disks = arena_array(a, volumes->n, struct domain_freeze);
        _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, volumes->n);
        size_t n = 0;
        for (size_t k = i; r == 0 && k < volumes->n; k++)
            if (streq(volumes->v[k].instance_id, instance_id))
                r = plan_freeze(j, a, &volumes->v[k], &keys, &disks[n++], e);
        bool ends = false;
        if (r == 0)
            r = is_ending(j, a, instance_id, &ends, e);
        if (r == 0)
            r = instance_domain(j, instance_id, &state, e);
        if (r == 0 && state != DOMAIN_GONE && ends)
            *ret_wait = true;
        else if (r == 0 && state != DOMAIN_GONE)
            r = freeze_guest(j, instance_id, disks, n, e);
        if (r == -ENOENT) {
            *ret_wait = true;
            r = 0;
        }
    }
    return r;
}

/*
 * There is no room: it is as if nothing had been asked for. No guest has moved, for none does
 * before all files are there. Those that are there belong to nothing then and go; what does not is
 * the reconciler's.
 */
static int cancel(struct jobs *j, struct arena *a, const char *freeze_id, const char *reason,
                  struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct volume_list volumes = store_volumes(tx, a, "freeze_id", freeze_id);
    const char **made = arena_array(a, volumes.n + 1, const char *);
    for (size_t i = 0; i < volumes.n; i++) {
        made[i] = volumes.v[i].next_layer_id;
        store_delete_layers(tx, "id", made[i]);
        volumes.v[i].next_layer_id = NULL;
        volumes.v[i].freeze_id = NULL;
        store_update_volume(tx, &volumes.v[i]);
    }
    struct snapshot_list snapshots =
        store_snapshots(tx, a, "freeze_id", freeze_id, "state", "pending");
    for (size_t i = 0; i < snapshots.n; i++) {
        if (snapshots.v[i].layer_id != NULL)
            store_enqueue_layers(tx, snapshots.v[i].layer_id); /* a copy's has no use any more */
        snapshots.v[i].layer_id = NULL;
        give_up(tx, a, &snapshots.v[i], reason);
    }
    log_warning("snapshot-failed snapshot=%s reason=\"%s\"", freeze_id, reason);
    int r = tx_commit(tx, e);
    for (size_t i = 0; r == 0 && i < volumes.n; i++)
        (void)j->config.storage->ops->layer_remove(j->config.storage, made[i], NULL);
    return r;
}

static int make_files(struct jobs *j, struct arena *a, const struct volume_list *volumes,
                      const struct snapshot_list *copies, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < copies->n; i++)
        r = layer_make_file(j, a, copies->v[i].layer_id, copies->v[i].size_gib, e);
    for (size_t i = 0; r == 0 && i < volumes->n; i++)
        r = layer_make_file(j, a, volumes->v[i].next_layer_id, volumes->v[i].size_gib, e);
    return r;
}

/* The rows that say what has been done. */
static int record(struct jobs *j, struct arena *a, const char *freeze_id, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    int64_t now = clock_now();
    struct volume_list volumes = store_volumes(tx, a, "freeze_id", freeze_id);
    for (size_t i = 0; i < volumes.n; i++) {
        struct volume *v = &volumes.v[i];
        store_enqueue_layers(tx, v->layer_id);
        v->layer_id = v->next_layer_id;
        v->next_layer_id = NULL;
        v->freeze_id = NULL;
        store_update_volume(tx, v);
    }
    struct snapshot_list snapshots =
        store_snapshots(tx, a, "freeze_id", freeze_id, "state", "pending");
    for (size_t i = 0; i < snapshots.n; i++) {
        struct snapshot *s = &snapshots.v[i];
        if (s->layer_id == NULL)
            continue;
        (void)snapshot_enter_state(s, SNAPSHOT_COMPLETED, NULL);
        s->completed_at = now;
        store_update_snapshot(tx, s);
        wake_waiting(tx, a, s);
        store_enqueue_layers(tx, s->layer_id);
        log_info("snapshot-taken snapshot=%s volume=%s layer=%s", s->id, s->volume_id, s->layer_id);
    }
    return tx_commit(tx, e);
}

int snapshot_converge(struct jobs *j, struct arena *a, const char *freeze_id,
                      struct outcome *ret_outcome, struct err *e)
{
    struct volume_list volumes = {0};
    struct snapshot_list copies = {0};
    bool wait = false;
    int r = load(j, a, freeze_id, &volumes, e);
    if (r == 0 && volumes.n == 0) {
        r = begin(j, a, freeze_id, &wait, e);
        if (r == 0)
            r = load(j, a, freeze_id, &volumes, e);
        if (r == 0 && volumes.n == 0 && !wait)
            r = load_copies(j, a, freeze_id, &copies, e);
    }
    if (r < 0 || (volumes.n == 0 && copies.n == 0 && !wait))
        return r;
    struct err why = {0};
    if (!wait && (r = make_files(j, a, &volumes, &copies, &why)) == -ENOSPC)
        return cancel(j, a, freeze_id, arena_strdup(a, why.message), e);
    if (!wait && r == 0)
        r = move_guests(j, a, &volumes, &wait, &why);
    if (r < 0) {
        *e = why;
        return r;
    }
    if (!wait)
        return record(j, a, freeze_id, e);
    *ret_outcome = (struct outcome){.again = true, .when = clock_now() + LOOK_MS};
    return 0;
}
