#include "jobs/disk_files.h"

#include "base/clock.h"
#include "base/log.h"
#include "jobs/plan.h"

/* What a file stands on comes before it, and goes after the rows have let go of it. So rows that
 * nobody can change meanwhile name files that are there, unless somebody else took one away. */

/* *ret_id: of the first layer, or image, whose file is gone; NULL: none is. */
static int first_missing(struct jobs *j, struct tx *tx, struct arena *a, const struct volume *v,
                         const char **ret_id, struct err *e)
{
    struct storage *s = j->config.storage;
    struct layer_list chain = plan_chain(tx, a, v);
    *ret_id = NULL;
    if (v->state != VOLUME_AVAILABLE && v->state != VOLUME_IN_USE)
        return 0; /* it is being made, or removed */
    for (size_t i = 0; i <= chain.n; i++) {
        const char *id = i < chain.n   ? chain.v[i].id
                         : chain.n > 0 ? chain.v[chain.n - 1].image_id
                                       : NULL;
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

int disk_files_look_at(struct jobs *j, struct arena *a, const char *volume_id, struct err *e)
{
    struct err why = {0};
    const char *missing = NULL;
    struct tx *tx = store_write(j->config.store);
    struct volume *v = store_volume(tx, a, volume_id);
    int r = v == NULL ? 0 : first_missing(j, tx, a, v, &missing, &why);
    bool changed = v != NULL && r == 0 && (missing != NULL) != (v->missing_since > 0);
    if (changed) {
        v->missing_since = missing == NULL ? 0 : clock_now();
        store_update_volume(tx, v);
    }
    int committed = tx_commit(tx, e);
    if (committed < 0)
        return committed;
    if (r < 0)
        *e = why;
    else if (changed && missing != NULL)
        log_error("volume-file-gone volume=%s file_of=%s: a disk's file has been removed",
                  volume_id, missing);
    else if (changed)
        log_info("volume-file-back volume=%s", volume_id);
    return r;
}

int disk_files_look(struct jobs *j, struct arena *a, struct err *e)
{
    struct err why = {0};
    int r = 0;
    struct tx *tx = store_read(j->config.store);
    struct volume_list volumes = store_volumes(tx, a);
    size_t n = 0; /* those that seem to have changed: looked at again while nobody else writes */
    for (size_t i = 0; r == 0 && i < volumes.n; i++) {
        const char *missing = NULL;
        r = first_missing(j, tx, a, &volumes.v[i], &missing, &why);
        if ((missing != NULL) != (volumes.v[i].missing_since > 0))
            volumes.v[n++] = volumes.v[i];
    }
    int committed = tx_commit(tx, e);
    if (committed < 0)
        return committed;
    if (r < 0)
        *e = why;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = disk_files_look_at(j, a, volumes.v[i].id, e);
    return r;
}
