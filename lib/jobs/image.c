#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/instance.h"

#define GIB ((int64_t)1 << 30)

static void enter(struct tx *tx, struct image *image, enum image_state to,
                  const struct reason *reason)
{
    (void)image_enter_state(image, to, NULL); /* it is pending: see the callers */
    image->state_reason = reason == NULL ? NULL : reason->text;
    image->state_reason_code = reason == NULL ? NULL : reason->code;
    image->upload_id = NULL;
    store_update_image(tx, image);
    log_info("image-state image=%s state=%s%s%s", image->id,
             state_name(&image_states, image->state),
             reason == NULL ? "" : " reason=", reason == NULL ? "" : reason->text);
}

/* --- from an upload */

/* Its root device, and the snapshot that this is made from. */
static void record_root(struct tx *tx, struct arena *a, const struct image *image, int64_t size_gib)
{
    struct image_device *root = store_image_root(tx, a, image);
    struct snapshot *s = root == NULL ? NULL : store_snapshot(tx, a, root->snapshot_id);
    bool made = image->state == IMAGE_AVAILABLE;
    if (s == NULL || snapshot_enter_state(s, made ? SNAPSHOT_COMPLETED : SNAPSHOT_ERROR, NULL) < 0)
        return;
    s->size_gib = size_gib;
    s->state_reason = image->state_reason;
    s->completed_at = made ? clock_now() : 0;
    store_update_snapshot(tx, s);
    root->size_gib = size_gib;
    store_update_image_device(tx, root);
}

static int record(struct jobs *j, struct arena *a, const char *image_id, int64_t size_gib,
                  const struct reason *reason, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct image *image = store_image(tx, a, image_id);
    if (image != NULL && image->state == IMAGE_PENDING) {
        enter(tx, image, reason == NULL ? IMAGE_AVAILABLE : IMAGE_FAILED, reason);
        record_root(tx, a, image, size_gib);
    }
    return tx_commit(tx, e);
}

static int make_of_upload(struct jobs *j, struct arena *a, const struct image *image, struct err *e)
{
    struct storage *s = j->config.storage;
    int64_t bytes = 0;
    struct err why = {0};
    int r = s->ops->image_make(s, image->id, image->upload_id, &bytes, &why);
    if (r < 0) {
        /* The upload is no use to anybody now; the reason stays on the image. */
        (void)s->ops->upload_remove(s, image->upload_id, NULL);
        struct reason reason = {"Client.ImportFailed", arena_strdup(a, why.message)};
        return record(j, a, image->id, 0, &reason, e);
    }
    return record(j, a, image->id, (bytes + GIB - 1) / GIB, NULL, e);
}

/* --- from snapshots */

/* It is as far as its snapshots are. Whatever changes one of them runs this again. */
static int settle(struct jobs *j, struct arena *a, const char *image_id, struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct image *image = store_image(tx, a, image_id);
    struct image_device_list devices = store_image_devices(tx, a, "image_id", image_id);
    struct reason reason = {"Server.InternalError", NULL};
    bool pending = false;
    for (size_t i = 0; i < devices.n; i++) {
        const char *id = devices.v[i].snapshot_id;
        const struct snapshot *s = store_snapshot(tx, a, id);
        if (id != NULL && (s == NULL || s->state == SNAPSHOT_ERROR))
            reason.text = arena_printf(
                a, "The snapshot %s of %s could not be made: %s", id, devices.v[i].device_name,
                s == NULL || s->state_reason == NULL ? "it has gone" : s->state_reason);
        pending |= s != NULL && s->state == SNAPSHOT_PENDING;
    }
    if (image != NULL && image->state == IMAGE_PENDING && (reason.text != NULL || !pending))
        enter(tx, image, reason.text == NULL ? IMAGE_AVAILABLE : IMAGE_FAILED,
              reason.text == NULL ? NULL : &reason);
    return tx_commit(tx, e);
}

/* The file goes when nothing stands on it any more, and the row with it when no instance is of it.
 */
static int forget(struct jobs *j, const struct image *image, struct err *e)
{
    struct storage *s = j->config.storage;
    struct tx *tx = store_read(j->config.store);
    size_t users = store_count_layers(tx, "image_id", image->id) +
                   store_count_snapshots(tx, "image_id", image->id) +
                   store_instances_of_image(tx, image->id);
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
        return image->upload_id != NULL ? make_of_upload(j, a, image, e)
                                        : settle(j, a, image_id, e);
    case IMAGE_DEREGISTERED:
        return forget(j, image, e);
    case IMAGE_AVAILABLE:
    case IMAGE_FAILED:
    case _IMAGE_STATE_MAX:
        break;
    }
    return 0;
}
