#include "storage/fake.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "storage/format.h"

#define ITEMS_MAX   ((size_t)1000000)
#define UPLOADS_MAX 1000

enum kind { UPLOAD, IMAGE, LAYER, INSTANCE };

struct item {
    enum kind kind;
    char id[ID_SIZE];
    int64_t size;             /* of an image: virtual; of an upload: the file's */
    struct format_seen *seen; /* of an upload; NULL: no disk image */
    char reason[256];         /* of an upload that is none */
    char key[72];             /* of an encrypted layer; "": it is not */
};

struct fake_storage {
    struct storage base;
    pthread_mutex_t lock;
    struct item *items;
    size_t n, capacity;
    size_t n_uploads;
    int fail_next;
    int64_t free;
    bool held;
};

struct storage_upload {
    struct fake_storage *storage;
    char head[FORMAT_HEAD];
    size_t head_len;
    int64_t size;
};

static struct fake_storage *fake_of(struct storage *s)
{
    return (struct fake_storage *)s;
}

static struct item *find(struct fake_storage *f, enum kind kind, const char *id)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].kind == kind && strcmp(f->items[i].id, id) == 0)
            return &f->items[i];
    return NULL;
}

/* Finds or adds, with the lock held. */
static int put(struct fake_storage *f, enum kind kind, const char *id, struct item **ret,
               struct err *e)
{
    struct item *item = find(f, kind, id);
    if (item == NULL) {
        if (strlen(id) >= sizeof(item->id))
            return err_set(e, EINVAL, "'%s' is no name for a file", id);
        if (f->n == f->capacity) {
            size_t capacity = f->capacity == 0 ? 64 : f->capacity * 2;
            struct item *more =
                capacity > ITEMS_MAX * 2 ? NULL : realloc(f->items, capacity * sizeof(*more));
            if (more == NULL)
                return err_set(e, ENOSPC, "the fake storage is full");
            f->items = more;
            f->capacity = capacity;
        }
        item = &f->items[f->n++];
        *item = (struct item){.kind = kind};
        (void)snprintf(item->id, sizeof(item->id), "%s", id);
        f->n_uploads += kind == UPLOAD;
    }
    *ret = item;
    return 0;
}

static void drop(struct fake_storage *f, struct item *item)
{
    if (item == NULL)
        return;
    f->n_uploads -= item->kind == UPLOAD;
    free(item->seen);
    *item = f->items[--f->n];
}

static int remove_item(struct storage *s, enum kind kind, const char *id)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    drop(f, find(f, kind, id));
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

static int fake_upload_begin(struct storage *s, struct storage_upload **ret_upload, struct err *e)
{
    struct storage_upload *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return err_errno(e, ENOMEM, "cannot begin an upload");
    u->storage = fake_of(s);
    *ret_upload = u;
    return 0;
}

static int fake_upload_write(struct storage_upload *u, const void *data, size_t len, struct err *e)
{
    size_t keep = sizeof(u->head) - u->head_len;
    keep = len < keep ? len : keep;
    if (keep > 0)
        memcpy(u->head + u->head_len, data, keep);
    u->head_len += keep;
    u->size += (int64_t)len;
    return 0;
}

static int fake_upload_finish(struct storage_upload *u, char ret_id[static 37], struct err *e)
{
    struct fake_storage *f = u->storage;
    char id[UUID_SIZE];
    uuid_new(id);
    struct format_seen seen;
    struct err why = {0};
    int unknown = format_recognise(u->head, u->head_len, NULL, 0, u->size, &seen, &why);
    struct item *item = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = f->n_uploads >= UPLOADS_MAX ? err_set(e, ENOSPC, "there are too many uploads")
                                        : put(f, UPLOAD, id, &item, e);
    if (item != NULL) {
        item->size = u->size;
        if (unknown < 0) {
            (void)snprintf(item->reason, sizeof(item->reason), "%s", why.message);
        } else if ((item->seen = malloc(sizeof(seen))) != NULL) {
            *item->seen = seen;
        } else {
            drop(f, item);
            r = err_errno(e, ENOMEM, "cannot keep the upload");
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    free(u);
    if (r == 0)
        memcpy(ret_id, id, sizeof(id));
    return r;
}

static void fake_upload_abort(struct storage_upload *u)
{
    free(u);
}

static int fake_upload_remove(struct storage *s, const char *upload_id, struct err *e)
{
    return remove_item(s, UPLOAD, upload_id);
}

static int make_image(struct fake_storage *f, const char *image_id, const char *upload_id,
                      int64_t *ret_virtual_size, struct err *e)
{
    struct item *image = find(f, IMAGE, image_id);
    if (image != NULL) {
        *ret_virtual_size = image->size;
        return 0;
    }
    if (f->fail_next != 0) {
        int code = f->fail_next;
        f->fail_next = 0;
        return err_errno(e, code, "cannot make image %s", image_id);
    }
    struct item *upload = find(f, UPLOAD, upload_id);
    if (upload == NULL)
        return err_set(e, ENOENT, "there is no upload %s", upload_id);
    if (upload->seen == NULL)
        return err_set(e, EINVAL, "%s", upload->reason);
    int64_t size = upload->seen->virtual_size > 0 ? upload->seen->virtual_size : upload->size;
    int r = put(f, IMAGE, image_id, &image, e);
    if (image == NULL)
        return r;
    image->size = size;
    *ret_virtual_size = size;
    drop(f, find(f, UPLOAD, upload_id));
    return 0;
}

static int fake_image_make(struct storage *s, const char *image_id, const char *upload_id,
                           int64_t *ret_virtual_size, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    int r = make_image(f, image_id, upload_id, ret_virtual_size, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

/*
 * The fake keeps no data, so there are no files to read and to write either. All disks are of one
 * GiB. What is called "missing" is not there, and what is called "slow" takes until somebody stops
 * it.
 */
#define SLOW_STEPS 200
#define SLOW_MS    100

static int pretend(const char *path, const struct storage_watch *watch, struct err *e)
{
    int steps = strstr(path, "slow") != NULL ? SLOW_STEPS : 1;
    if (strstr(path, "missing") != NULL)
        return err_set(e, ENOENT, "there is no %s", path);
    for (int i = 0; i < steps; i++) {
        if (watch->tell(watch->ctx, STORAGE_CONVERTING, i * 100 / steps) != 0)
            return err_set(e, ECANCELED, "it was stopped");
        if (steps > 1)
            (void)usleep(SLOW_MS * 1000);
    }
    return 0;
}

static int fake_image_import(struct storage *s, const char *file_id,
                             const struct storage_source *from, const char *key,
                             const struct storage_watch *watch, int64_t *ret_virtual_size,
                             struct err *e)
{
    struct fake_storage *f = fake_of(s);
    struct item *file = NULL;
    int r = pretend(from->path, watch, e);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&f->lock);
    r = put(f, key == NULL ? IMAGE : LAYER, file_id, &file, e);
    if (file != NULL) {
        file->size = (int64_t)1 << 30;
        (void)snprintf(file->key, sizeof(file->key), "%s", key == NULL ? "" : key);
    }
    (void)pthread_mutex_unlock(&f->lock);
    if (r == 0)
        *ret_virtual_size = (int64_t)1 << 30;
    return r;
}

static int fake_image_export(struct storage *s, const char *layer_id,
                             const struct storage_target *to, const struct storage_watch *watch,
                             struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    bool there = find(f, has_prefix(layer_id, "ami-") ? IMAGE : LAYER, layer_id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return there ? pretend(to->folder, watch, e)
                 : err_set(e, ENOENT, "there is no layer of %s", layer_id);
}

static int fake_image_remove(struct storage *s, const char *image_id, struct err *e)
{
    return remove_item(s, IMAGE, image_id);
}

static const char *fake_image_path(struct storage *s, struct arena *a, const char *image_id)
{
    return arena_printf(a, "/nonexistent/images/%s.qcow2", image_id);
}

/* What stands on an encrypted layer has its key; one that does not have it cannot be read. */
static int check_key(const struct item *layer, const char *key, struct err *e)
{
    if (layer->key[0] == '\0' || streq(layer->key, key))
        return 0;
    return err_set(e, EIO, "the key does not open the layer %s", layer->id);
}

static int make_layer(struct fake_storage *f, const char *layer_id, const char *below,
                      int64_t size_gib, const char *key, struct err *e)
{
    struct item *layer = NULL;
    if (find(f, LAYER, layer_id) != NULL)
        return 0;
    if (f->fail_next != 0) {
        int code = f->fail_next;
        f->fail_next = 0;
        return err_errno(e, code, "cannot make the layer %s", layer_id);
    }
    if (size_gib <= 0 || size_gib > DISK_SIZE_MAX >> 30)
        return err_set(e, EINVAL, "a volume cannot have %lld GiB", (long long)size_gib);
    if (below != NULL) {
        const struct item *lower = find(f, has_prefix(below, "ami-") ? IMAGE : LAYER, below);
        if (lower == NULL)
            return err_set(e, ENOENT, "there is no layer of %s", below);
        if (size_gib << 30 < lower->size)
            return err_set(e, EINVAL, "%lld GiB is less than the disk of %s", (long long)size_gib,
                           below);
        int r = check_key(lower, key, e);
        if (r < 0)
            return r;
    }
    int r = put(f, LAYER, layer_id, &layer, e);
    if (layer != NULL) {
        layer->size = size_gib << 30;
        (void)snprintf(layer->key, sizeof(layer->key), "%s", key == NULL ? "" : key);
    }
    return r;
}

static int fake_layer_make(struct storage *s, const char *layer_id, const char *below,
                           int64_t size_gib, const char *key, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    int r = make_layer(f, layer_id, below, size_gib, key, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_layer_grow(struct storage *s, const char *layer_id, int64_t size_gib,
                           const char *key, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    struct item *layer = find(f, LAYER, layer_id);
    int r = 0;
    if (layer == NULL)
        r = err_set(e, ENOENT, "there is no layer %s", layer_id);
    else if ((r = check_key(layer, key, e)) == 0 && layer->size < size_gib << 30)
        layer->size = size_gib << 30;
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_layer_remove(struct storage *s, const char *layer_id, struct err *e)
{
    return remove_item(s, LAYER, layer_id);
}

/* There is no data to copy, so all that may go wrong is that there is no layer. */
static int need_layer(struct storage *s, const char *layer_id, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    bool there = find(f, LAYER, layer_id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return there ? 0 : err_set(e, ENOENT, "there is no layer %s", layer_id);
}

static int fake_layer_seal(struct storage *s, const char *layer_id, bool sealed, struct err *e)
{
    (void)sealed;
    return need_layer(s, layer_id, e);
}

static int open_layer(struct storage *s, const char *layer_id, const char *key, bool *ret_encrypted,
                      struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    const struct item *layer = find(f, LAYER, layer_id);
    int r = layer == NULL ? err_set(e, ENOENT, "there is no layer %s", layer_id)
                          : check_key(layer, key, e);
    *ret_encrypted = layer != NULL && layer->key[0] != '\0';
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_layer_move(struct storage *s, const char *layer_id, const char *below,
                           const char *key, struct err *e)
{
    bool unused = false;
    int r = open_layer(s, layer_id, key, &unused, e);
    return r < 0 || below == NULL || has_prefix(below, "ami-")
               ? r
               : open_layer(s, below, key, &unused, e);
}

static int fake_layer_exists(struct storage *s, const char *id, bool *ret_there, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)e;
    (void)pthread_mutex_lock(&f->lock);
    *ret_there = find(f, has_prefix(id, "ami-") ? IMAGE : LAYER, id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

static int fake_layer_in_use(struct storage *s, const char *layer_id, bool *ret_used, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    *ret_used = f->held && find(f, LAYER, layer_id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

static int fake_layer_copy(struct storage *s, const char *layer_id, const char *below,
                           const char *key, struct err *e)
{
    bool used = false;
    int r = fake_layer_in_use(s, layer_id, &used, e);
    if (r == 0 && used)
        r = err_set(e, EBUSY, "the layer %s is in use", layer_id);
    return r < 0 ? r : fake_layer_move(s, layer_id, below, key, e);
}

static int fake_layer_merge(struct storage *s, const char *layer_id, const char *into,
                            const char *key, struct err *e)
{
    bool upper = false;
    bool lower = false;
    int r = fake_layer_copy(s, layer_id, into, key, e);
    if (r == 0)
        r = open_layer(s, layer_id, key, &upper, e);
    if (r == 0)
        r = open_layer(s, into, key, &lower, e);
    return r == 0 && upper != lower
               ? err_set(e, EINVAL, "one of %s and %s is encrypted", layer_id, into)
               : r;
}

static const char *fake_layer_path(struct storage *s, struct arena *a, const char *layer_id)
{
    return arena_printf(a, "/nonexistent/volumes/%s.qcow2", layer_id);
}

static int fake_instance_prepare(struct storage *s, const char *instance_id, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    struct item *instance = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = put(f, INSTANCE, instance_id, &instance, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static const char *fake_instance_path(struct storage *s, struct arena *a, const char *instance_id,
                                      const char *file)
{
    return arena_printf(a, "/nonexistent/instances/%s/%s", instance_id, file);
}

static int fake_instance_write(struct storage *s, const char *instance_id, const char *file,
                               const void *data, size_t len, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    bool prepared = find(f, INSTANCE, instance_id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    return prepared ? 0 : err_set(e, ENOENT, "there is no directory for %s", instance_id);
}

static int fake_store_make(struct storage *s, const char *instance_id, int64_t disks, int64_t size,
                           struct err *e)
{
    (void)disks, (void)size;
    return fake_instance_prepare(s, instance_id, e);
}

static int fake_store_remove(struct storage *s, const char *instance_id, struct err *e)
{
    (void)s, (void)instance_id, (void)e;
    return 0;
}

static int fake_instance_remove(struct storage *s, const char *instance_id, struct err *e)
{
    return remove_item(s, INSTANCE, instance_id);
}

/* An instance that was prepared has said one line. */
static int fake_console_tail(struct storage *s, const char *instance_id, struct buf *out,
                             int64_t *ret_when, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    bool there = find(f, INSTANCE, instance_id) != NULL;
    (void)pthread_mutex_unlock(&f->lock);
    if (there)
        buf_printf(out, "%s login: \r\n", instance_id);
    *ret_when = there ? clock_now() : 0;
    return out->failed ? err_errno(e, ENOMEM, "cannot read the console of %s", instance_id) : 0;
}

static int list(struct storage *s, struct arena *a, enum kind kind, struct storage_names *ret)
{
    struct fake_storage *f = fake_of(s);
    struct storage_names names = {0};
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].kind == kind)
            *arena_append(a, &names) = arena_strdup(a, f->items[i].id);
    (void)pthread_mutex_unlock(&f->lock);
    *ret = names;
    return 0;
}

static int fake_list_images(struct storage *s, struct arena *a, struct storage_names *ret,
                            struct err *e)
{
    return list(s, a, IMAGE, ret);
}

static int fake_list_layers(struct storage *s, struct arena *a, struct storage_names *ret,
                            struct err *e)
{
    return list(s, a, LAYER, ret);
}

static int fake_list_instances(struct storage *s, struct arena *a, struct storage_names *ret,
                               struct err *e)
{
    return list(s, a, INSTANCE, ret);
}

static int fake_sweep(struct storage *s, struct err *e)
{
    return 0; /* nothing here outlives the process */
}

static bool fake_has_io_uring(struct storage *s)
{
    (void)s;
    return true;
}

static int fake_room(struct storage *s, struct disk_room *ret_room, struct err *e)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    *ret_room = (struct disk_room){FAKE_STORAGE_ROOM, f->free};
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

void fake_storage_set_free(struct storage *s, int64_t bytes)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    f->free = bytes;
    (void)pthread_mutex_unlock(&f->lock);
}

static void fake_free(struct storage *s)
{
    struct fake_storage *f = fake_of(s);
    for (size_t i = 0; i < f->n; i++)
        free(f->items[i].seen);
    free(f->items);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static const struct storage_ops fake_ops = {
    .name = "fake",
    .upload_begin = fake_upload_begin,
    .upload_write = fake_upload_write,
    .upload_finish = fake_upload_finish,
    .upload_abort = fake_upload_abort,
    .upload_remove = fake_upload_remove,
    .image_make = fake_image_make,
    .image_import = fake_image_import,
    .image_export = fake_image_export,
    .image_remove = fake_image_remove,
    .image_path = fake_image_path,
    .layer_make = fake_layer_make,
    .layer_grow = fake_layer_grow,
    .layer_remove = fake_layer_remove,
    .layer_seal = fake_layer_seal,
    .layer_rebase = fake_layer_move,
    .layer_exists = fake_layer_exists,
    .layer_in_use = fake_layer_in_use,
    .layer_merge = fake_layer_merge,
    .layer_flatten = fake_layer_copy,
    .layer_path = fake_layer_path,
    .instance_prepare = fake_instance_prepare,
    .instance_path = fake_instance_path,
    .instance_write = fake_instance_write,
    .store_make = fake_store_make,
    .store_remove = fake_store_remove,
    .instance_remove = fake_instance_remove,
    .console_tail = fake_console_tail,
    .list_images = fake_list_images,
    .list_layers = fake_list_layers,
    .list_instances = fake_list_instances,
    .sweep = fake_sweep,
    .has_io_uring = fake_has_io_uring,
    .room = fake_room,
    .free = fake_free,
};

int fake_storage_new(struct storage **ret)
{
    struct fake_storage *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    f->base.ops = &fake_ops;
    f->free = FAKE_STORAGE_ROOM;
    (void)pthread_mutex_init(&f->lock, NULL);
    *ret = &f->base;
    return 0;
}

void fake_storage_fail_next(struct storage *s, int code)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    f->fail_next = code;
    (void)pthread_mutex_unlock(&f->lock);
}

void fake_storage_set_held(struct storage *s, bool held)
{
    struct fake_storage *f = fake_of(s);
    (void)pthread_mutex_lock(&f->lock);
    f->held = held;
    (void)pthread_mutex_unlock(&f->lock);
}
