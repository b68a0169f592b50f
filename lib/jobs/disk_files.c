#include "jobs/disk_files.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "jobs/plan.h"

/* What a file stands on comes before it, and goes after the rows have let go of it. So rows that
 * nobody can change meanwhile name files that are there, unless somebody else took one away. */

/* What a volume or a snapshot says of its files. */
struct disk {
    const char *id;
    bool has_files; /* false: they are being made, or removed */
    const char *layer_id;
    const char *image_id; /* of a snapshot that has no layer */
    bool was_missing;
};

static struct disk disk_of_volume(const struct volume *v)
{
    return (struct disk){.id = v->id,
                         .has_files = v->state == VOLUME_AVAILABLE || v->state == VOLUME_IN_USE,
                         .layer_id = v->layer_id,
                         .was_missing = v->missing_since > 0};
}

static struct disk disk_of_snapshot(const struct snapshot *s)
{
    return (struct disk){.id = s->id,
                         .has_files = s->state == SNAPSHOT_COMPLETED || s->missing_since > 0,
                         .layer_id = s->layer_id,
                         .image_id = s->image_id,
                         .was_missing = s->missing_since > 0};
}

/* *ret_id: of the first layer, or image, whose file is gone; NULL: none is. */
static int first_missing(struct jobs *j, struct tx *tx, struct arena *a, const struct disk *d,
                         const char **ret_id, struct err *e)
{
    struct storage *s = j->config.storage;
    *ret_id = NULL;
    if (!d->has_files)
        return 0;
    struct layer_list chain = plan_chain(tx, a, d->layer_id);
    const char *image_id = chain.n > 0 ? chain.v[chain.n - 1].image_id : d->image_id;
    for (size_t i = 0; i <= chain.n; i++) {
        const char *id = i < chain.n ? chain.v[i].id : image_id;
        bool there = true;
        int r = id == NULL ? 0 : s->ops->layer_exists(s, id, &there, e);
        if (r < 0)
            return r;
        if (!there) {
            *ret_id = id;
            return 0;
        }
    }
    return 0;
}

static void note_volume(struct tx *tx, struct volume *v, const char *missing)
{
    v->missing_since = missing == NULL ? 0 : clock_now();
    store_update_volume(tx, v);
}

/* One that nobody can make a volume from is no more completed. */
static void note_snapshot(struct tx *tx, struct arena *a, struct snapshot *s, const char *missing)
{
    static const char reason[] = "The file of %s is not on the server's disk any more";
    bool gone = missing != NULL;
    (void)snapshot_enter_state(s, gone ? SNAPSHOT_ERROR : SNAPSHOT_COMPLETED, NULL);
    s->missing_since = gone ? clock_now() : 0;
    s->state_reason = gone ? arena_printf(a, reason, missing) : NULL;
    store_update_snapshot(tx, s);
}

static void tell(const char *id, const char *missing)
{
    const char *what = has_prefix(id, "snap-") ? "snapshot" : "volume";
    if (missing != NULL)
        log_error("%s-file-gone %s=%s file_of=%s: a disk's file has been removed", what, what, id,
                  missing);
    else
        log_info("%s-file-back %s=%s", what, what, id);
}

int disk_files_look_at(struct jobs *j, struct arena *a, const char *id, struct err *e)
{
    struct err why = {0};
    const char *missing = NULL;
    struct tx *tx = store_write(j->config.store);
    struct snapshot *s = has_prefix(id, "snap-") ? store_snapshot(tx, a, id) : NULL;
    struct volume *v = has_prefix(id, "vol-") ? store_volume(tx, a, id) : NULL;
    struct disk d = s != NULL   ? disk_of_snapshot(s)
                    : v != NULL ? disk_of_volume(v)
                                : (struct disk){0};
    int r = first_missing(j, tx, a, &d, &missing, &why);
    bool changed = r == 0 && d.id != NULL && (missing != NULL) != d.was_missing;
    if (changed && s != NULL)
        note_snapshot(tx, a, s, missing);
    else if (changed)
        note_volume(tx, v, missing);
    int committed = tx_commit(tx, e);
    if (committed < 0)
        return committed;
    if (r < 0)
        *e = why;
    else if (changed)
        tell(id, missing);
    return r;
}

int disk_files_look(struct jobs *j, struct arena *a, struct err *e)
{
    struct err why = {0};
    int r = 0;
    struct tx *tx = store_read(j->config.store);
    struct volume_list volumes = store_volumes(tx, a);
    struct snapshot_list snapshots = store_snapshots(tx, a);
    struct text_list changed = {0}; /* it seems: looked at again while nobody else writes */
    for (size_t i = 0; r == 0 && i < volumes.n + snapshots.n; i++) {
        const char *missing = NULL;
        struct disk d = i < volumes.n ? disk_of_volume(&volumes.v[i])
                                      : disk_of_snapshot(&snapshots.v[i - volumes.n]);
        r = first_missing(j, tx, a, &d, &missing, &why);
        if (r == 0 && (missing != NULL) != d.was_missing)
            *arena_append(a, &changed) = d.id;
    }
    int committed = tx_commit(tx, e);
    if (committed < 0)
        return committed;
    if (r < 0)
        *e = why;
    for (size_t i = 0; r == 0 && i < changed.n; i++)
        r = disk_files_look_at(j, a, changed.v[i], e);
    return r;
}
