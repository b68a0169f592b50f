#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/worker.h"

#define GIB ((int64_t)1 << 30)

/* The snapshot that its root device is shown to be made from. */
static void record_snapshot(struct tx *tx, struct arena *a, const struct image *image)
{
    struct snapshot *s = store_snapshot(tx, a, image->snapshot_id);
    bool made = image->state == IMAGE_AVAILABLE;
    if (s == NULL || snapshot_enter_state(s, made ? SNAPSHOT_COMPLETED : SNAPSHOT_ERROR, NULL) < 0)
        return;
    s->size_gib = image->size_gib;
    s->state_reason = image->state_reason;
    s->completed_at = made ? clock_now() : 0;
    store_update_snapshot(tx, s);
}

static int record(struct jobs *j, struct arena *a, const char *image_id, enum image_state to,
                  int64_t size_gib, const char *reason, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct image *image = store_image(tx, a, image_id);
    int r = 0;
    if (image != NULL && image->state == IMAGE_PENDING) {
        r = image_enter_state(image, to, e);
        if (r < 0) {
            tx_end(tx);
            return r;
        }
        image->size_gib = size_gib;
        image->state_reason = reason;
        image->upload_id = NULL;
        store_update_image(tx, image);
        record_snapshot(tx, a, image);
    }
    r = tx_commit(tx, e);
    if (r == 0)
        log_info("image-state image=%s state=%s%s%s", image_id, state_name(&image_states, (int)to),
                 reason == NULL ? "" : " reason=", reason == NULL ? "" : reason);
    return r;
}

static int make(struct jobs *j, struct arena *a, const struct image *image, struct err *e)
{
    struct storage *s = j->config.storage;
    int64_t bytes = 0;
    struct err why = {0};
    int r = s->ops->image_make(s, image->id, image->upload_id, &bytes, &why);
    if (r < 0) {
        /* The upload is no use to anybody now; the reason stays on the image. */
        (void)s->ops->upload_remove(s, image->upload_id, NULL);
        return record(j, a, image->id, IMAGE_FAILED, 0, arena_strdup(a, why.message), e);
    }
    return record(j, a, image->id, IMAGE_AVAILABLE, (bytes + GIB - 1) / GIB, NULL, e);
}

/* The layer goes when nothing stands on it any more, and the row with it. */
static int forget(struct jobs *j, const struct image *image, struct err *e)
{
    struct storage *s = j->config.storage;
    struct tx *tx = store_read(j->config.store);
    size_t users = store_count_layers(tx, "image_id", image->id) +
                   store_count_snapshots(tx, "image_id", image->id);
    int r = tx_commit(tx, e);
    if (r < 0 || users > 0)
        return r;
    if (image->upload_id != NULL)
        r = s->ops->upload_remove(s, image->upload_id, e);
    if (r == 0)
        r = s->ops->image_remove(s, image->id, e);
    if (r < 0)
        return r;
    tx = store_write(j->config.store);
    store_delete_tags(tx, "resource_id", image->id);
    store_delete_images(tx, "id", image->id);
    return tx_commit(tx, e);
}

int image_converge(struct jobs *j, struct arena *a, const char *image_id, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct image *image = store_image(tx, a, image_id);
    int r = tx_commit(tx, e);
    if (r < 0 || image == NULL)
        return r;
    switch ((enum image_state)image->state) {
    case IMAGE_PENDING:
        return make(j, a, image, e);
    case IMAGE_DEREGISTERED:
        return forget(j, image, e);
    case IMAGE_AVAILABLE:
    case IMAGE_FAILED:
    case _IMAGE_STATE_MAX:
        break;
    }
    return 0;
}
