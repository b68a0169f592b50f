#include "storage/files.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "core/layer.h"
#include "storage/files_internal.h"
#include "storage/qemu_img.h"

#define ENTRIES_MAX     1000000 /* of one directory */
#define UPLOAD_KEPT_FOR ((int64_t)24 * 3600 * 1000)
#define IO_URING_SWITCH "/proc/sys/kernel/io_uring_disabled" /* 0, or it is not there: on */

struct files_storage *files_of(struct storage *s)
{
    return (struct files_storage *)s;
}

char *files_path(const struct files_storage *f, struct arena *a, const char *room, const char *name,
                 const char *suffix)
{
    return arena_printf(a, "%s/%s/%s%s", f->dir, room, name, suffix);
}

char *files_temporary(const struct files_storage *f, struct arena *a, const char *room,
                      const char *name, const char *what)
{
    return arena_printf(a, "%s/%s/%s.%s.%s" TEMP_SUFFIX, f->dir, room, name, f->tag, what);
}

int files_check_id(const char *id, const char *prefix, struct err *e)
{
    if (!id_is_wellformed(id, prefix))
        return err_set(e, EINVAL, "'%.64s' is no id of the form %s-…", id, prefix);
    return 0;
}

int files_check_upload_id(const char *id, struct err *e)
{
    bool good = strlen(id) == UUID_SIZE - 1;
    for (size_t i = 0; good && i < UUID_SIZE - 1; i++)
        good = i == 8 || i == 13 || i == 18 || i == 23 ? id[i] == '-'
                                                       : strchr("0123456789abcdef", id[i]) != NULL;
    return good ? 0 : err_set(e, EINVAL, "'%.64s' is no id of an upload", id);
}

int files_room(const struct files_storage *f, int64_t *ret_bytes, struct err *e)
{
    struct statvfs fs;
    if (statvfs(f->dir, &fs) < 0)
        return err_errno(e, errno, "cannot tell how much room there is in %s", f->dir);
    *ret_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    return 0;
}

int files_need(const struct files_storage *f, int64_t bytes, const char *what, struct err *e)
{
    int64_t room = 0;
    int r = files_room(f, &room, e);
    if (r < 0)
        return r;
    if (room < ROOM_RESERVE || room - ROOM_RESERVE < bytes)
        return err_set(e, ENOSPC,
                       "there is no room for %s: it needs %lld MiB, %lld MiB are free, and %lld "
                       "MiB stay free for running guests",
                       what, (long long)(bytes + (1 << 20) - 1) >> 20, (long long)(room >> 20),
                       (long long)(ROOM_RESERVE >> 20));
    return 0;
}

/*
 * Asked of qemu-img, which is made with the same options as QEMU and runs on the same kernel, but
 * as root: the kernel may keep io_uring from everybody else. None of the files is touched.
 */
static bool files_has_io_uring(struct storage *s)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf disabled = BUF_INIT(64);
    const char *path = files_temporary(files_of(s), a, DIR_VOLUMES, "probe", "io");
    const char zeroes[4096] = {0};
    if (file_read(IO_URING_SWITCH, &disabled, NULL) == 0 && disabled.len > 0 &&
        disabled.data[0] != '0')
        return false;
    if (file_write(path, zeroes, sizeof(zeroes), 0600, NULL) < 0)
        return false;
    bool has = qemu_img_has_io_uring(path);
    (void)file_remove(path, NULL);
    return has;
}

/* As df tells it. The volumes may have a file system of their own. */
static int files_storage_room(struct storage *s, struct disk_room *ret_room, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *path = arena_printf(a, "%s/" DIR_VOLUMES, files_of(s)->dir);
    struct statvfs fs;
    if (statvfs(path, &fs) < 0)
        return err_errno(e, errno, "cannot tell how much room there is in %s", path);
    int64_t used = (int64_t)(fs.f_blocks - fs.f_bfree) * (int64_t)fs.f_frsize;
    ret_room->free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    ret_room->size = used + ret_room->free;
    return 0;
}

/* Calls back with each entry's name until that fails. */
typedef int (*entry_fn)(void *ctx, const char *name, struct err *e);

static int each_entry(const char *path, entry_fn f, void *ctx, struct err *e)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return err_errno(e, errno, "cannot list %s", path);
    int r = 0;
    size_t n = 0;
    const struct dirent *entry = NULL;
    while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        if (n++ >= ENTRIES_MAX)
            r = err_set(e, E2BIG, "there are more than %d entries in %s", ENTRIES_MAX, path);
        else if (entry->d_name[0] != '.')
            r = f(ctx, entry->d_name, e);
    }
    if (r == 0 && errno != 0)
        r = err_errno(e, errno, "cannot list %s", path);
    (void)closedir(dir);
    return r;
}

struct listing {
    struct arena *a;
    bool (*is_id)(const char *id);
    const char *suffix;
    struct storage_names names;
};

static int list_entry(void *ctx, const char *name, struct err *e)
{
    struct listing *l = ctx;
    size_t len = strlen(name);
    size_t suffix = strlen(l->suffix);
    if (len <= suffix || strcmp(name + len - suffix, l->suffix) != 0)
        return 0;
    const char *id = arena_strndup(l->a, name, len - suffix);
    if (l->is_id(id))
        *arena_append(l->a, &l->names) = id;
    return 0;
}

static bool is_image(const char *id)
{
    return id_is_wellformed(id, "ami");
}

static bool is_instance(const char *id)
{
    return id_is_wellformed(id, "i");
}

static int list(struct storage *s, struct arena *a, const char *room, bool (*is_id)(const char *id),
                const char *suffix, struct storage_names *ret, struct err *e)
{
    struct listing l = {.a = a, .is_id = is_id, .suffix = suffix};
    int r = each_entry(arena_printf(a, "%s/%s", files_of(s)->dir, room), list_entry, &l, e);
    if (r == 0)
        *ret = l.names;
    return r;
}

static int files_list_images(struct storage *s, struct arena *a, struct storage_names *ret,
                             struct err *e)
{
    return list(s, a, DIR_IMAGES, is_image, DISK_SUFFIX, ret, e);
}

static int files_list_layers(struct storage *s, struct arena *a, struct storage_names *ret,
                             struct err *e)
{
    return list(s, a, DIR_VOLUMES, layer_id_ok, DISK_SUFFIX, ret, e);
}

static int files_list_instances(struct storage *s, struct arena *a, struct storage_names *ret,
                                struct err *e)
{
    return list(s, a, DIR_INSTANCES, is_instance, "", ret, e);
}

struct sweeping {
    const struct files_storage *storage;
    struct arena *a;
    const char *room;
    bool uploads;
};

/* Temporary files of other processes are those of a crash: there is one daemon per directory. */
static int sweep_entry(void *ctx, const char *name, struct err *e)
{
    const struct sweeping *w = ctx;
    const char *path = files_path(w->storage, w->a, w->room, name, "");
    if (strstr(name, TEMP_SUFFIX) != NULL)
        return strstr(name, w->storage->tag) != NULL ? 0 : file_remove(path, e);
    struct stat st;
    if (!w->uploads || files_check_upload_id(name, NULL) < 0 || lstat(path, &st) < 0)
        return 0;
    if (clock_now() - (int64_t)st.st_mtim.tv_sec * 1000 <= UPLOAD_KEPT_FOR)
        return 0;
    return file_remove(path, e);
}

static int files_sweep(struct storage *s, struct err *e)
{
    static const char *const rooms[] = {DIR_IMAGES, DIR_VOLUMES, DIR_UPLOADS};
    _cleanup_arena_ struct arena *a = arena_new();
    int first = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
        struct sweeping w = {.storage = files_of(s),
                             .a = a,
                             .room = rooms[i],
                             .uploads = streq(rooms[i], DIR_UPLOADS)};
        int r = each_entry(arena_printf(a, "%s/%s", files_of(s)->dir, rooms[i]), sweep_entry, &w,
                           first < 0 ? NULL : e);
        if (first == 0)
            first = r;
    }
    return first;
}

static void files_free(struct storage *s)
{
    struct files_storage *f = files_of(s);
    free(f->dir);
    free(f);
}

static const struct storage_ops files_ops = {
    .name = "files",
    .upload_begin = files_upload_begin,
    .upload_write = files_upload_write,
    .upload_finish = files_upload_finish,
    .upload_abort = files_upload_abort,
    .upload_remove = files_upload_remove,
    .image_make = files_image_make,
    .image_import = files_image_import,
    .image_export = files_image_export,
    .image_remove = files_image_remove,
    .image_path = files_image_path,
    .layer_make = files_layer_make,
    .layer_grow = files_layer_grow,
    .layer_remove = files_layer_remove,
    .layer_seal = files_layer_seal,
    .layer_rebase = files_layer_rebase,
    .layer_exists = files_layer_exists,
    .layer_in_use = files_layer_in_use,
    .layer_merge = files_layer_merge,
    .layer_flatten = files_layer_flatten,
    .layer_path = files_layer_path,
    .instance_prepare = files_instance_prepare,
    .instance_path = files_instance_path,
    .instance_write = files_instance_write,
    .store_make = files_store_make,
    .store_remove = files_store_remove,
    .instance_remove = files_instance_remove,
    .console_tail = files_console_tail,
    .list_images = files_list_images,
    .list_layers = files_list_layers,
    .list_instances = files_list_instances,
    .sweep = files_sweep,
    .has_io_uring = files_has_io_uring,
    .room = files_storage_room,
    .free = files_free,
};

int files_storage_new(const char *state_dir, struct storage **ret, struct err *e)
{
    static const struct {
        const char *name;
        mode_t mode;
    } rooms[] = {
        {"", 0711},          {DIR_IMAGES, 0711}, {DIR_VOLUMES, 0711}, {DIR_INSTANCES, 0711},
        {DIR_UPLOADS, 0700},
    };
    _cleanup_arena_ struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(rooms); i++) {
        const char *path = arena_printf(a, "%s/%s", state_dir, rooms[i].name);
        int r = dir_make(path, rooms[i].mode, e);
        if (r == 0 && chmod(path, rooms[i].mode) < 0)
            r = err_errno(e, errno, "cannot set the mode of %s", path);
        if (r < 0)
            return r;
    }
    struct files_storage *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return err_errno(e, ENOMEM, "cannot open the storage");
    f->base.ops = &files_ops;
    f->dir = realpath(state_dir, NULL); /* libvirt and qemu-img take absolute names */
    if (f->dir == NULL) {
        free(f);
        return err_errno(e, errno, "cannot open %s", state_dir);
    }
    unsigned char random[8];
    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), f->tag);
    *ret = &f->base;
    return 0;
}

void files_storage_set_helper(struct storage *s, const struct files_helper *helper)
{
    files_of(s)->helper = *helper;
}
