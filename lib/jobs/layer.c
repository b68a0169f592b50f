#include "jobs/layer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/instance.h"
#include "jobs/layer_key.h"

/*
 * Theory of operation
 *
 * What is to be done in a tree follows from its rows: core/layer.h decides, this file does it, one
 * step a run. A copy is announced in the layer's row first (`work`), in the transaction that saw
 * that no guest is on its way to these files; starts and attachments wait while it says so. Files
 * change before rows, and so that either says the same to a reader:
 *
 *     merge    copy into the parent, put the children on the parent, rows, remove the file
 *     flatten  copy into the layer, which stands on the image then, rows
 *     remove   file, row
 *
 * A layer that was frozen is sealed when there is nothing to do: the job of the tree alone seals,
 * so that nobody takes a file from a QEMU that is about to write it.
 *
 * Making a file on a layer and putting children on another exclude each other by a lock of the
 * tree, which is never held while data is copied.
 */

#define LOOK_MS 250  /* somebody is on the way */
#define COPY_MS 500  /* a guest's QEMU copies */
#define HELD_MS 2000 /* somebody has a file open */

static struct outcome again(int64_t ms)
{
    return (struct outcome){.again = true, .when = clock_now() + ms};
}

static pthread_mutex_t *lock_of(struct jobs *j, const char *root_id)
{
    uint32_t hash = 2166136261U;
    for (const char *p = root_id; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619U;
    return &j->trees[hash % TREE_LOCKS];
}

/* Takes the lock of the tree that the layer is in; NULL with *ret_layer NULL: there is none. */
static int lock_tree(struct jobs *j, struct arena *a, const char *layer_id,
                     const struct layer **ret_layer, pthread_mutex_t **ret_lock, struct err *e)
{
    const char *root_id = NULL;
    pthread_mutex_t *lock = NULL;
    for (;;) {
        struct tx *tx = store_read(j->config.store);
        const struct layer *layer = store_layer(tx, a, layer_id);
        int r = tx_commit(tx, e);
        bool same = r == 0 && layer != NULL && streq(layer->root_id, root_id);
        if (same || r < 0 || layer == NULL) {
            if (!same && lock != NULL)
                (void)pthread_mutex_unlock(lock);
            *ret_layer = layer;
            *ret_lock = same ? lock : NULL;
            return r;
        }
        /* A layer that was flattened meanwhile is a tree of its own. */
        if (lock != NULL)
            (void)pthread_mutex_unlock(lock);
        root_id = layer->root_id;
        lock = lock_of(j, root_id);
        (void)pthread_mutex_lock(lock);
    }
}

int layer_make_file(struct jobs *j, struct arena *a, const char *layer_id, int64_t size_gib,
                    struct err *e)
{
    struct storage *s = j->config.storage;
    const struct layer *layer = NULL;
    pthread_mutex_t *lock = NULL;
    int r = lock_tree(j, a, layer_id, &layer, &lock, e);
    if (r < 0)
        return r;
    if (layer == NULL || lock == NULL)
        return err_set(e, ENOENT, "there is no layer %s", layer_id);
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
    const char *key = NULL;
    if (streq(layer->key_id, layer->id))
        r = layer_make_key(j, a, layer->key_id, e);
    if (r == 0)
        r = layer_open_key(j, a, layer->key_id, &keys, &key, e);
    if (r == 0)
        r = s->ops->layer_make(s, layer_id, plan_layer_below(layer), size_gib, key, e);
    (void)pthread_mutex_unlock(lock);
    return r;
}

int layer_grow_file(struct jobs *j, struct arena *a, const char *layer_id, int64_t size_gib,
                    struct err *e)
{
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
    struct storage *s = j->config.storage;
    const char *key = NULL;
    struct tx *tx = store_read(j->config.store);
    const struct layer *layer = store_layer(tx, a, layer_id);
    int r = tx_commit(tx, e);
    if (r == 0 && layer != NULL)
        r = layer_open_key(j, a, layer->key_id, &keys, &key, e);
    return r < 0 ? r : s->ops->layer_grow(s, layer_id, size_gib, key, e);
}

/* --- a tree */

static void look_at_instance(struct tx *tx, struct arena *a, const struct volume *v,
                             struct layer_node *n)
{
    const struct instance *i = store_instance(tx, a, v->instance_id);
    bool rests = i != NULL && i->state == INSTANCE_RUNNING && i->rests;
    if (i == NULL || i->state == INSTANCE_STOPPED || i->state == INSTANCE_TERMINATED || rests)
        return;
    n->starting = i->state == INSTANCE_PENDING || i->rest_for != NULL ||
                  v->attachment_state == ATTACHMENT_ATTACHING;
    if (!n->starting)
        n->live_id = i->id;
}

/* A volume that goes holds nothing, once the snapshots that were asked for are taken. */
static bool holds(struct tx *tx, const struct volume *v)
{
    return v->state != VOLUME_DELETING || v->next_layer_id != NULL ||
           store_count_snapshots(tx, "volume_id", v->id, "state", "pending") > 0;
}

static void look_at_volumes(struct tx *tx, struct arena *a, const char *column,
                            struct layer_node *n)
{
    struct volume_list volumes = store_volumes(tx, a, column, n->layer->id);
    for (size_t i = 0; i < volumes.n; i++) {
        const struct volume *v = &volumes.v[i];
        if (!holds(tx, v))
            continue;
        n->volume_id = v->id;
        n->settled = (v->state == VOLUME_AVAILABLE || v->state == VOLUME_IN_USE) &&
                     v->next_layer_id == NULL && v->attachment_state != ATTACHMENT_DETACHING;
        look_at_instance(tx, a, v, n);
    }
}

static struct layer_tree read_tree(struct tx *tx, struct arena *a, const char *root_id)
{
    struct layer_tree tree = {0};
    struct layer_list layers = store_layers(tx, a, "root_id", root_id);
    for (size_t i = 0; i < layers.n; i++) {
        struct layer_node *n = arena_append(a, &tree);
        n->layer = &layers.v[i];
        n->snapshots = store_count_snapshots(tx, "layer_id", n->layer->id);
        n->pending = store_count_snapshots(tx, "layer_id", n->layer->id, "state", "pending") > 0;
        look_at_volumes(tx, a, "layer_id", n);
        look_at_volumes(tx, a, "next_layer_id", n);
    }
    return tree;
}

/* What comes next; a copy is announced in the same transaction. */
static int plan(struct jobs *j, struct arena *a, const char *root_id, struct layer_tree *ret_tree,
                struct layer_step *ret_step, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct layer_tree tree = read_tree(tx, a, root_id);
    struct layer_step step = layer_next_step(&tree);
    *ret_tree = tree;
    if (step.what == LAYER_STEP_MERGE || step.what == LAYER_STEP_FLATTEN) {
        struct layer layer = *step.layer;
        layer.work = step.what == LAYER_STEP_MERGE ? LAYER_MERGING : LAYER_FLATTENING;
        if (layer.work != step.layer->work)
            store_update_layer(tx, &layer);
    }
    int r = tx_commit(tx, e);
    if (r == 0)
        *ret_step = step;
    return r;
}

/* --- steps */

static int remove_layer(struct jobs *j, const struct layer *layer, struct err *e)
{
    struct storage *s = j->config.storage;
    int r = s->ops->layer_remove(s, layer->id, e);
    if (r < 0)
        return r;
    struct tx *tx = store_write(j->config.store);
    store_enqueue_layers(tx, layer->parent_id); /* it may have one child left, and be merged now */
    store_delete_layers(tx, "id", layer->id);
    layer_drop_key(tx, layer->key_id);
    if (layer->image_id != NULL)
        store_enqueue(tx, "image", layer->image_id, 0); /* its layer may go now */
    return tx_commit(tx, e);
}

/* No more is to be copied: it did not get on, or has no reason any more. */
static int rest(struct jobs *j, struct arena *a, const struct layer *seen, struct err *e)
{
    struct storage *s = j->config.storage;
    struct tx *tx = store_write(j->config.store);
    struct layer *layer = store_layer(tx, a, seen->id);
    bool merging = layer != NULL && layer->work == LAYER_MERGING;
    if (layer != NULL) {
        layer->work = LAYER_REST;
        store_update_layer(tx, layer);
    }
    int r = tx_commit(tx, e);
    if (r == 0 && merging)
        r = s->ops->layer_seal(s, seen->parent_id, true, e);
    return r;
}

static const char *serial_of(struct arena *a, const struct layer_node *n)
{
    return plan_disk_serial(a, n->volume_id);
}

/* The hypervisor's answer, when the guest or its disk has gone meanwhile: look again. */
static bool is_gone(int r)
{
    return r == -ENOENT || r == -ENODEV;
}

static const struct layer *parent_of(const struct layer_tree *tree, const struct layer *l)
{
    for (size_t i = 0; i < tree->n; i++)
        if (streq(tree->v[i].layer->id, l->parent_id))
            return tree->v[i].layer;
    return NULL;
}

/* What stands on the layer in the guest's chain; NULL: there is none. */
static const struct layer *layer_above(const struct layer_tree *tree, const struct layer_step *step)
{
    const struct layer *l = step->live->layer;
    for (size_t i = 0; l != NULL && i < tree->n && !streq(l->parent_id, step->layer->id); i++)
        l = parent_of(tree, l);
    return l;
}

/* A merge writes into the parent: QEMU, or qemu-img in its place, and afterwards the volume whose
 * layer it takes the place of. A guest's QEMU also writes the parent's name into what stands on the
 * layer. */
static int let_write(struct storage *s, const struct layer_tree *tree,
                     const struct layer_step *step, struct err *e)
{
    const struct layer *above = step->live == NULL ? NULL : layer_above(tree, step);
    int r = s->ops->layer_seal(s, step->layer->parent_id, false, e);
    if (r == 0 && above != NULL && above != step->live->layer)
        r = s->ops->layer_seal(s, above->id, false, e);
    return r;
}

/* Nothing is being copied: whatever no volume writes is for reading. */
static int seal_frozen(struct jobs *j, const struct layer_tree *tree, struct err *e)
{
    struct storage *s = j->config.storage;
    int r = 0;
    for (size_t i = 0; r == 0 && i < tree->n; i++)
        if (tree->v[i].volume_id == NULL && !tree->v[i].pending)
            r = s->ops->layer_seal(s, tree->v[i].layer->id, true, e);
    return r;
}

/* Of layers that no guest reads. */
static int copy_files(struct jobs *j, struct arena *a, const struct layer_step *step, struct err *e)
{
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
    struct storage *s = j->config.storage;
    const struct layer *l = step->layer;
    const char *key = NULL;
    int r = layer_open_key(j, a, l->key_id, &keys, &key, e);
    if (r < 0)
        return r;
    if (step->what == LAYER_STEP_MERGE)
        return s->ops->layer_merge(s, l->id, l->parent_id, key, e);
    return s->ops->layer_flatten(s, l->id, l->image_id, key, e);
}

static int copy(struct jobs *j, struct arena *a, const struct layer_tree *tree,
                const struct layer_step *step, bool *ret_done, struct err *e)
{
    struct storage *s = j->config.storage;
    struct hypervisor *h = j->hypervisor;
    const struct layer *l = step->layer;
    bool merges = step->what == LAYER_STEP_MERGE;
    *ret_done = step->live == NULL;
    int r = merges ? let_write(s, tree, step, e) : 0;
    if (r < 0)
        return r;
    if (step->live == NULL)
        return copy_files(j, a, step, e);
    const char *serial = serial_of(a, step->live);
    if (!merges)
        return h->ops->disk_flatten(
            h, step->live->live_id, serial,
            l->image_id == NULL ? NULL : s->ops->image_path(s, a, l->image_id), ret_done, e);
    return h->ops->disk_merge(h, step->live->live_id, serial, s->ops->layer_path(s, a, l->id),
                              s->ops->layer_path(s, a, l->parent_id), ret_done, e);
}

/* Rows: whatever stood on the layer or kept it stands on its parent, or keeps that. */
static int record_merge(struct jobs *j, struct arena *a, const struct layer *l, bool *ret_written,
                        struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct layer_list children = store_layers(tx, a, "parent_id", l->id);
    for (size_t i = 0; i < children.n; i++) {
        children.v[i].parent_id = l->parent_id;
        store_update_layer(tx, &children.v[i]);
    }
    struct snapshot_list snapshots = store_snapshots(tx, a, "layer_id", l->id);
    for (size_t i = 0; i < snapshots.n; i++) {
        snapshots.v[i].layer_id = l->parent_id;
        store_update_snapshot(tx, &snapshots.v[i]);
    }
    struct volume_list volumes = store_volumes(tx, a, "layer_id", l->id);
    for (size_t i = 0; i < volumes.n; i++) {
        volumes.v[i].layer_id = l->parent_id;
        store_update_volume(tx, &volumes.v[i]);
    }
    *ret_written = volumes.n > 0;
    store_delete_layers(tx, "id", l->id);
    return tx_commit(tx, e);
}

static int put_children_on_parent(struct jobs *j, struct arena *a, const struct layer *l,
                                  struct err *e)
{
    struct storage *s = j->config.storage;
    struct tx *tx = store_read(j->config.store);
    struct layer_list children = store_layers(tx, a, "parent_id", l->id);
    int r = tx_commit(tx, e);
    for (size_t i = 0; r == 0 && i < children.n; i++) {
        struct err why = {0};
        _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
        const char *key = NULL;
        r = layer_open_key(j, a, children.v[i].key_id, &keys, &key, &why);
        if (r == 0)
            r = s->ops->layer_rebase(s, children.v[i].id, l->parent_id, key, &why);
        if (r == -ENOENT)
            r = 0; /* it is not made yet, and will be as its row says then */
        else if (r < 0)
            *e = why;
    }
    return r;
}

static int finish_merge(struct jobs *j, struct arena *a, const struct layer *l, struct err *e)
{
    struct storage *s = j->config.storage;
    const struct layer *now = NULL;
    pthread_mutex_t *lock = NULL;
    bool written = false;
    int r = lock_tree(j, a, l->id, &now, &lock, e);
    if (r < 0 || now == NULL || lock == NULL)
        return r;
    r = put_children_on_parent(j, a, l, e);
    if (r == 0)
        r = record_merge(j, a, l, &written, e);
    (void)pthread_mutex_unlock(lock);
    if (r == 0 && !written)
        r = s->ops->layer_seal(s, l->parent_id, true, e);
    return r < 0 ? r : s->ops->layer_remove(s, l->id, e);
}

/* The layer, and all that stands on it, is a tree of its own. */
static void set_root(struct tx *tx, struct arena *a, struct layer *layer, const char *root_id)
{
    struct layer_list children = store_layers(tx, a, "parent_id", layer->id);
    layer->root_id = root_id;
    store_update_layer(tx, layer);
    for (size_t i = 0; i < children.n; i++)
        set_root(tx, a, &children.v[i], root_id);
}

/*
 * Unless it is a volume's that was frozen meanwhile. Then its file stands on less than its row
 * says, and reads the same.
 */
static int finish_flatten(struct jobs *j, struct arena *a, const struct layer_step *step,
                          struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct layer *layer = store_layer(tx, a, step->layer->id);
    if (layer != NULL &&
        (step->live == NULL || store_count_layers(tx, "parent_id", layer->id) == 0)) {
        store_enqueue_layers(tx, layer->id); /* what it stood on may go now */
        layer->parent_id = NULL;
        layer->work = LAYER_REST;
        set_root(tx, a, layer, layer->id);
        store_enqueue_layers(tx, layer->id);
    }
    return tx_commit(tx, e);
}

static int carry_out(struct jobs *j, struct arena *a, const struct layer_tree *tree,
                     const struct layer_step *step, struct outcome *ret_outcome, struct err *e)
{
    struct err why = {0};
    bool done = false;
    int r = copy(j, a, tree, step, &done, &why);
    if (is_gone(r) && step->live != NULL) {
        *ret_outcome = again(LOOK_MS);
        return 0;
    }
    if (r < 0) { /* nobody is to wait for what does not get on */
        (void)rest(j, a, step->layer, NULL);
        if (r == -EBUSY) {
            *ret_outcome = again(HELD_MS);
            ret_outcome->why = arena_strdup(a, why.message);
            return 0;
        }
        *e = why;
        return r;
    }
    *ret_outcome = again(done ? 0 : COPY_MS);
    if (!done)
        return 0;
    bool merges = step->what == LAYER_STEP_MERGE;
    r = merges ? finish_merge(j, a, step->layer, e) : finish_flatten(j, a, step, e);
    if (r == 0)
        log_info("layer-%s layer=%s parent=%s", merges ? "merged" : "flattened", step->layer->id,
                 step->layer->parent_id);
    return r;
}

/* --- whole */

int layer_sweep(struct jobs *j, struct arena *a, const char *layer_id, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct layer *layer = store_layer(tx, a, layer_id);
    int r = tx_commit(tx, e);
    while (r == 0 && layer != NULL) {
        tx = store_read(j->config.store);
        struct layer_tree tree = read_tree(tx, a, layer->root_id);
        struct layer_step step = layer_next_step(&tree);
        r = tx_commit(tx, e);
        if (r < 0 || step.what != LAYER_STEP_REMOVE)
            break;
        r = remove_layer(j, step.layer, e);
    }
    return r;
}

int layer_converge(struct jobs *j, struct arena *a, const char *object_id,
                   struct outcome *ret_outcome, struct err *e)
{
    const char *slash = strchr(object_id, '/');
    struct layer_tree tree = {0};
    struct layer_step step = {0};
    int r = slash == NULL ? 0 : plan(j, a, slash + 1, &tree, &step, e);
    if (r < 0)
        return r;
    switch (step.what) {
    case LAYER_STEP_NONE:
        return seal_frozen(j, &tree, e);
    case LAYER_STEP_REMOVE:
        *ret_outcome = again(0);
        return remove_layer(j, step.layer, e);
    case LAYER_STEP_CANCEL:
        *ret_outcome = again(0);
        return rest(j, a, step.layer, e);
    case LAYER_STEP_MERGE:
    case LAYER_STEP_FLATTEN:
        break;
    }
    return carry_out(j, a, &tree, &step, ret_outcome, e);
}
