#include "jobs/transfer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/layer_key.h"

/*
 * Theory of operation
 *
 * A task says how far it is in its own row, which the work writes as it goes on, and reads to hear
 * of a cancellation. Nothing else is written before all files are whole: then, in one transaction,
 * the rows of what was made and the end of the task. So there is nothing to undo but files and
 * their keys, and a file without a row is removed by the reconciler, too, unless the task that
 * makes it is active.
 *
 * Each takes a worker for as long as there is data to copy; the other half of the workers is kept
 * for all else.
 */

#define TRANSFERS_MAX   (JOBS_WORKERS / 2)
#define WAIT_MS         1000 /* until a worker may be free, or this daemon goes on elsewhere */
#define TELL_MS         400  /* between two writes of how far it is */
#define EXPORT_ATTEMPTS 5    /* while somebody works on the layers */

/* What the row of either kind of task has in common, and how it is written. */
struct transfer {
    struct jobs *jobs;
    const char *id;
    bool is_import;
    int64_t disks, nth; /* how many there are, and which it is at */
    int64_t told_at;    /* monotonic */
    int64_t percent;
    const char *message;
};

struct columns {
    int *state;
    int64_t *percent;
    const char **message;
};

static bool row_get(struct tx *tx, struct arena *a, const char *id, struct import_task **ret_import,
                    struct export_task **ret_export, struct columns *ret)
{
    *ret_import = store_import_task(tx, a, id);
    *ret_export = *ret_import == NULL ? store_export_task(tx, a, id) : NULL;
    if (*ret_import != NULL)
        *ret = (struct columns){&(*ret_import)->state, &(*ret_import)->percent,
                                &(*ret_import)->message};
    else if (*ret_export != NULL)
        *ret = (struct columns){&(*ret_export)->state, &(*ret_export)->percent,
                                &(*ret_export)->message};
    return *ret_import != NULL || *ret_export != NULL;
}

static void row_put(struct tx *tx, const struct import_task *import,
                    const struct export_task *export)
{
    if (import != NULL)
        store_update_import_task(tx, import);
    else
        store_update_export_task(tx, export);
}

static bool is_stopping(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->lock);
    bool stopping = j->stopping;
    (void)pthread_mutex_unlock(&j->lock);
    return stopping;
}

/* Not 0: it is wanted no more, or the daemon ends. */
static int write_progress(const struct transfer *t)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct import_task *import = NULL;
    struct export_task *export = NULL;
    struct columns row;
    struct tx *tx = store_write(t->jobs->config.store);
    bool wanted = row_get(tx, a, t->id, &import, &export, &row) && *row.state == TRANSFER_ACTIVE;
    if (wanted) {
        *row.percent = t->percent;
        *row.message = t->message;
        row_put(tx, import, export);
    }
    return tx_commit(tx, NULL) == 0 && wanted && !is_stopping(t->jobs) ? 0 : -1;
}

/* AWS: "Check the status of your import image task", "Monitor an export image task". */
static const char *stage_name(const struct transfer *t, enum storage_stage stage)
{
    if (stage == STORAGE_PUTTING)
        return "updating";
    if (has_prefix(t->id, IMPORT_SNAPSHOT_PREFIX "-"))
        return "downloading/converting";
    return stage == STORAGE_READING ? "validating" : "converting";
}

/* Reading is the first third of an import; an export has nothing to read first. */
static int64_t of_disk(const struct transfer *t, enum storage_stage stage, int64_t percent)
{
    if (stage == STORAGE_PUTTING)
        return 96;
    if (stage == STORAGE_READING)
        return 1 + percent * 30 / 100;
    return t->is_import ? 32 + percent * 63 / 100 : 1 + percent * 94 / 100;
}

static int64_t overall(const struct transfer *t, enum storage_stage stage, int64_t percent)
{
    return (t->nth * 100 + of_disk(t, stage, percent)) / t->disks;
}

static int on_progress(void *ctx, enum storage_stage stage, int percent)
{
    struct transfer *t = ctx;
    const char *message = stage_name(t, stage);
    int64_t now = clock_monotonic();
    int64_t all = overall(t, stage, percent);
    if (streq(message, t->message) && now - t->told_at < TELL_MS)
        return 0;
    t->told_at = now;
    t->message = message;
    if (all > t->percent)
        t->percent = all;
    return write_progress(t);
}

/* --- its turn */

static bool take_turn(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->lock);
    bool free = j->n_transfers < TRANSFERS_MAX;
    j->n_transfers += free;
    (void)pthread_mutex_unlock(&j->lock);
    return free;
}

static void give_turn(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->lock);
    j->n_transfers--;
    (void)pthread_mutex_unlock(&j->lock);
}

static void look_again(struct outcome *ret_outcome)
{
    *ret_outcome = (struct outcome){.again = true, .when = clock_now() + WAIT_MS};
}

/* --- its end */

/* Whose fault it was: the file's, or who asked for it; else the server's. */
static const char *blame(struct arena *a, bool is_import, int r, const char *why)
{
    bool client = r == -EINVAL || r == -ENOENT || r == -EXDEV || r == -ELOOP || r == -EEXIST;
    if (client && is_import)
        return arena_printf(a, "ClientError: Disk validation failed [%s]", why);
    return arena_printf(a, "%s: %s", client ? "ClientError" : "ServerError", why);
}

/* It is cancelled, or has failed: `why`. */
static int end_badly(struct jobs *j, struct arena *a, const char *id, const char *why,
                     struct err *e)
{
    struct import_task *import = NULL;
    struct export_task *export = NULL;
    struct columns row;
    struct tx *tx = store_write(j->config.store);
    if (row_get(tx, a, id, &import, &export, &row) && !transfer_is_over(*row.state)) {
        bool of_snapshot = import != NULL && !import_is_of_image(import);
        bool cancelled = *row.state == TRANSFER_DELETING;
        *row.message = cancelled ? "cancelled" : why;
        (void)state_move(&transfer_states, row.state,
                         of_snapshot && !cancelled ? TRANSFER_ERROR : TRANSFER_DELETED, NULL);
        row_put(tx, import, export);
        log_info("transfer-ended task=%s state=%s reason=\"%s\"", id,
                 state_name(&transfer_states, *row.state), *row.message);
    }
    return tx_commit(tx, e);
}

/* --- imports */

/* A disk in clear has a file of an image's; one that is encrypted is a layer. */
static bool is_layer(const struct import_disk *d)
{
    return has_prefix(d->file_id, "vol-");
}

static void insert_snapshot(struct tx *tx, struct arena *a, const struct import_task *t,
                            const struct import_disk *d)
{
    store_insert_snapshot(
        tx, &(struct snapshot){
                .id = d->snapshot_id,
                .account_id = t->account_id,
                .region = t->region,
                .state = SNAPSHOT_COMPLETED,
                .volume_id = SNAPSHOT_NO_VOLUME,
                .description = arena_printf(a, "Created by AWS-VMImport service for %s", t->id),
                .size_gib = import_disk_gib(d),
                .started_at = t->created_at,
                .completed_at = clock_now(),
                .layer_id = is_layer(d) ? d->file_id : NULL,
                .image_id = is_layer(d) ? NULL : d->file_id,
                .encrypted = is_layer(d),
            });
}

static void insert_image(struct tx *tx, struct arena *a, const struct import_task *t,
                         const struct import_disk *root, const char *id, bool seen)
{
    store_insert_image(
        tx,
        &(struct image){
            .id = id,
            .account_id = t->account_id,
            .region = t->region,
            .state = seen ? IMAGE_AVAILABLE : IMAGE_DEREGISTERED,
            .name = t->id,
            .description = t->description != NULL
                               ? t->description
                               : arena_printf(a, "AWS-VMImport service: Linux - %s", root->object),
            .architecture = t->architecture,
            .root_device_name = root->device_name,
            .location = arena_printf(a, "%s/%s", t->account_id, t->id),
            .created_at = clock_now(),
            .ena_support = true,
            .boot_mode = "legacy-bios",
        });
}

/* The owner of the file: a layer, or an image. That of a snapshot alone is one that is deregistered
 * from the start, and goes when nothing stands on its file any more, as all those do. */
static void insert_owner(struct tx *tx, struct arena *a, const struct import_task *t,
                         const struct import_disk *d)
{
    if (is_layer(d))
        store_insert_layer(
            tx, &(struct layer){.id = d->file_id, .root_id = d->file_id, .key_id = d->file_id});
    else if (!streq(d->file_id, t->image_id))
        insert_image(tx, a, t, d, d->file_id, false);
}

static void insert_device(struct tx *tx, const struct import_task *t, const struct import_disk *d)
{
    store_insert_image_device(tx, &(struct image_device){
                                      .image_id = t->image_id,
                                      .device_name = d->device_name,
                                      .snapshot_id = d->snapshot_id,
                                      .size_gib = import_disk_gib(d),
                                      .volume_type = "gp3",
                                      .delete_on_termination = true,
                                      .encrypted = t->encrypted,
                                  });
}

static void record_disk(struct tx *tx, struct arena *a, const struct import_task *t,
                        struct import_disk *d)
{
    char id[ID_SIZE];
    id_new("snap", id);
    d->snapshot_id = arena_strdup(a, id);
    store_update_import_disk(tx, d);
    insert_owner(tx, a, t, d);
    insert_snapshot(tx, a, t, d);
    if (t->image_id != NULL)
        insert_device(tx, t, d);
    log_info("disk-imported task=%s disk=%lld file=%s snapshot=%s", t->id, (long long)d->number,
             d->file_id, d->snapshot_id);
}

/* *ret_kept: the files have owners now. */
static int import_record(struct jobs *j, struct arena *a, const char *id,
                         struct import_disk_list *disks, bool *ret_kept, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct import_task *t = store_import_task(tx, a, id);
    bool kept = t != NULL && t->state == TRANSFER_ACTIVE;
    if (kept) {
        if (t->image_id != NULL)
            insert_image(tx, a, t, &disks->v[0], t->image_id, true);
        for (size_t i = 0; i < disks->n; i++)
            record_disk(tx, a, t, &disks->v[i]);
        (void)state_move(&transfer_states, &t->state, TRANSFER_COMPLETED, NULL);
        t->percent = 100;
        t->message = NULL;
        store_update_import_task(tx, t);
        log_info("import-completed task=%s image=%s disks=%zu", id,
                 t->image_id == NULL ? "none" : t->image_id, disks->n);
    }
    int r = tx_commit(tx, e);
    if (r == 0)
        *ret_kept = kept;
    return r;
}

static const char *lower(struct arena *a, const char *text)
{
    char *copy = text == NULL ? NULL : arena_strdup(a, text);
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static int import_file(struct jobs *j, struct arena *a, const struct import_task *t,
                       struct import_disk *d, struct transfer *transfer, struct err *e)
{
    _cleanup_open_keys_ struct open_keys keys = open_keys_new(a, 1);
    struct storage *s = j->config.storage;
    struct storage_source from = {
        .directory = j->config.bucket_directory,
        .path = arena_printf(a, "%s/%s", d->bucket, d->object),
        .format = lower(a, d->format),
        .boots = import_is_of_image(t) && d->number == 0,
    };
    const char *key = NULL;
    int r = 0;
    if (is_layer(d) && (r = layer_make_key(j, a, d->file_id, e)) == 0)
        r = layer_open_key(j, a, d->file_id, &keys, &key, e);
    if (r == 0)
        r = s->ops->image_import(s, d->file_id, &from, key,
                                 &(struct storage_watch){on_progress, transfer}, &d->size_bytes, e);
    if (r == 0 && is_layer(d))
        r = s->ops->layer_seal(s, d->file_id, true, e);
    return r;
}

/* Those that an earlier run has made are there already. */
static int import_files(struct jobs *j, struct arena *a, const struct import_task *t,
                        struct import_disk_list *disks, struct err *e)
{
    struct transfer transfer = {
        .jobs = j,
        .id = t->id,
        .is_import = true,
        .percent = t->percent,
        .disks = (int64_t)disks->n,
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < disks->n; i++) {
        transfer.nth = (int64_t)i;
        r = import_file(j, a, t, &disks->v[i], &transfer, e);
    }
    return r;
}

/* Of what has no owner. A key goes with its file. */
static int import_undo(struct jobs *j, const struct import_disk_list *disks, struct err *e)
{
    struct storage *s = j->config.storage;
    int r = 0;
    for (size_t i = 0; r == 0 && i < disks->n; i++) {
        const char *id = disks->v[i].file_id;
        if (!is_layer(&disks->v[i])) {
            r = s->ops->image_remove(s, id, e);
            continue;
        }
        r = s->ops->layer_remove(s, id, e);
        if (r < 0)
            break;
        struct tx *tx = store_write(j->config.store);
        layer_drop_key(tx, id);
        r = tx_commit(tx, e);
    }
    return r;
}

/* Is it still to be done after all, because the daemon ends? Then the next one begins again. */
static int still_wanted(struct jobs *j, struct arena *a, const char *id, bool *ret, struct err *e)
{
    struct import_task *import = NULL;
    struct export_task *export = NULL;
    struct columns row;
    struct tx *tx = store_read(j->config.store);
    *ret = row_get(tx, a, id, &import, &export, &row) && *row.state == TRANSFER_ACTIVE;
    return tx_commit(tx, e);
}

int import_converge(struct jobs *j, struct arena *a, const char *task_id,
                    struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct import_task *t = store_import_task(tx, a, task_id);
    struct import_disk_list disks = store_import_disks(tx, a, "task_id", task_id);
    int r = tx_commit(tx, e);
    if (r < 0 || t == NULL || transfer_is_over(t->state))
        return r;
    if (t->state == TRANSFER_ACTIVE && !take_turn(j)) {
        look_again(ret_outcome);
        return 0;
    }
    struct err why = {0};
    bool kept = false;
    bool wanted = false;
    int made = -ECANCELED;
    if (t->state == TRANSFER_ACTIVE) {
        made = import_files(j, a, t, &disks, &why);
        give_turn(j);
    }
    r = made == 0 ? import_record(j, a, task_id, &disks, &kept, e)
                  : still_wanted(j, a, task_id, &wanted, e);
    if (r < 0 || kept)
        return r;
    if (made == -ECANCELED && wanted) {
        look_again(ret_outcome);
        return 0;
    }
    r = import_undo(j, &disks, e);
    return r < 0 ? r : end_badly(j, a, task_id, blame(a, true, made, why.message), e);
}

/* --- exports */

/* The layer of the image's disk; NULL: it has gone meanwhile. */
static const char *export_layer(struct tx *tx, struct arena *a, const struct export_task *t)
{
    const struct image *image = store_image(tx, a, t->image_id);
    const struct image_device *root = image == NULL ? NULL : store_image_root(tx, a, image);
    const struct snapshot *s = root == NULL ? NULL : store_snapshot(tx, a, root->snapshot_id);
    if (s == NULL)
        return NULL;
    return s->layer_id != NULL ? s->layer_id : s->image_id;
}

static int export_file(struct jobs *j, struct arena *a, const struct export_task *t,
                       const char *layer_id, struct err *e)
{
    struct storage *s = j->config.storage;
    struct transfer transfer = {.jobs = j, .id = t->id, .disks = 1, .percent = t->percent};
    const char *format = lower(a, t->format);
    const char *path =
        arena_printf(a, "%s/%s%s.%s", t->bucket, t->prefix == NULL ? "" : t->prefix, t->id, format);
    const char *slash = strrchr(path, '/');
    struct storage_target to = {
        .directory = j->config.bucket_directory,
        .folder = arena_strndup(a, path, (size_t)(slash - path)),
        .name = slash + 1,
        .format = format,
        .may_be_there = streq(t->message, "updating"), /* a run that was cut short put it there */
    };
    return s->ops->image_export(s, layer_id, &to, &(struct storage_watch){on_progress, &transfer},
                                e);
}

static int export_record(struct jobs *j, struct arena *a, const char *id, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct export_task *t = store_export_task(tx, a, id);
    if (t != NULL && !transfer_is_over(t->state)) {
        /* Too late to cancel: it is there. */
        t->state = TRANSFER_COMPLETED;
        t->percent = 100;
        t->message = NULL;
        store_update_export_task(tx, t);
        log_info("export-completed task=%s image=%s", id, t->image_id);
    }
    return tx_commit(tx, e);
}

int export_converge(struct jobs *j, struct arena *a, const struct job *job,
                    struct outcome *ret_outcome, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct export_task *t = store_export_task(tx, a, job->object_id);
    const char *layer_id = t == NULL ? NULL : export_layer(tx, a, t);
    int r = tx_commit(tx, e);
    if (r < 0 || t == NULL || transfer_is_over(t->state))
        return r;
    if (t->state == TRANSFER_ACTIVE && layer_id != NULL && !take_turn(j)) {
        look_again(ret_outcome);
        return 0;
    }
    struct err why = {0};
    bool wanted = false;
    int made = -ECANCELED;
    if (layer_id == NULL) {
        made = err_set(&why, ENOENT, "the image %s is not there any more", t->image_id);
    } else if (t->state == TRANSFER_ACTIVE) {
        made = export_file(j, a, t, layer_id, &why);
        give_turn(j);
    }
    if (made == 0)
        return export_record(j, a, t->id, e);
    r = still_wanted(j, a, t->id, &wanted, e);
    if (r < 0)
        return r;
    if (made == -ECANCELED && wanted) {
        look_again(ret_outcome);
        return 0;
    }
    if (wanted && made == -EBUSY && job->attempts < EXPORT_ATTEMPTS)
        return err_set(e, EBUSY, "%s", why.message);
    return end_badly(j, a, t->id, blame(a, false, made, why.message), e);
}
