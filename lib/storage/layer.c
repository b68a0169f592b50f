#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "core/layer.h"
#include "storage/files_internal.h"
#include "storage/qemu_img.h"

/*
 * A layer names the one below relative to itself, so that the state directory may be moved as a
 * whole. (A guest's QEMU may have written an absolute name; it is taken for what it means.)
 *
 * Extended L2 entries let a cluster be allocated in pieces of 4 KiB: a guest's first small write
 * into a cluster of the layer does not copy all of it. Measured with 6,000 scattered writes of
 * 4 KiB: a quarter of the time and a fifteenth of the space of qemu-img's defaults. Refcounts are
 * kept (lazy ones need a repair after every crash), and nothing is preallocated.
 */
#define IMAGE_FROM_LAYER "../" DIR_IMAGES "/%s" DISK_SUFFIX

/* NULL for a layer that stands on nothing. */
static const char *backing_name(struct arena *a, const char *below)
{
    if (below == NULL)
        return NULL;
    return has_prefix(below, "ami-") ? arena_printf(a, IMAGE_FROM_LAYER, below)
                                     : arena_printf(a, "%s" DISK_SUFFIX, below);
}

const char *const *layer_make_argv(struct arena *a, const char *path, const char *below,
                                   int64_t size_gib)
{
    return qemu_img_create_argv(a, path, backing_name(a, below), size_gib << 30);
}

const char *files_layer_path(struct storage *s, struct arena *a, const char *layer_id)
{
    return files_path(files_of(s), a, DIR_VOLUMES, layer_id, DISK_SUFFIX);
}

int files_layer_check_id(const char *id, struct err *e)
{
    return layer_id_ok(id) ? 0 : err_set(e, EINVAL, "'%.64s' is no id of a layer", id);
}

static const char *path_below(struct files_storage *f, struct arena *a, const char *below)
{
    return has_prefix(below, "ami-") ? files_path(f, a, DIR_IMAGES, below, DISK_SUFFIX)
                                     : files_path(f, a, DIR_VOLUMES, below, DISK_SUFFIX);
}

int files_layer_header(struct arena *a, const char *path, struct format_layer *ret, struct err *e)
{
    char head[FORMAT_HEAD];
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", path);
    int r = format_qcow2_layer(a, head, (size_t)n, ret, e);
    return r < 0 ? err_wrap(e, r, "cannot take %s for a layer", path) : 0;
}

static int check_below(struct files_storage *f, struct arena *a, const char *below,
                       int64_t size_gib, struct err *e)
{
    struct format_layer lower = {0};
    int r = has_prefix(below, "ami-") ? files_check_id(below, "ami", e)
                                      : files_layer_check_id(below, e);
    if (r == 0)
        r = files_layer_header(a, path_below(f, a, below), &lower, e);
    if (r < 0)
        return err_wrap(e, r, "cannot stand on the layer of %s", below);
    if (size_gib << 30 < lower.virtual_size) /* the guest would lose the end of its disk */
        return err_set(e, EINVAL, "%lld GiB is less than the disk of %s", (long long)size_gib,
                       below);
    return 0;
}

/* --- what qemu-img is told of encrypted ones */

/* Links of a chain: the layers of a volume, what they take on while they are merged, its image. */
#define CHAIN_MAX 4096

static void cleanup_json(json_t **p)
{
    json_decref(*p);
}
#define _cleanup_json_ _cleanup_(cleanup_json)

/* The file that one names as what it stands on, by an absolute name. */
static const char *path_of_backing(struct arena *a, const char *path, const char *backing)
{
    const char *slash = strrchr(path, '/');
    return backing[0] == '/' || slash == NULL
               ? backing
               : arena_printf(a, "%.*s/%s", (int)(slash - path), path, backing);
}

/* One file of the chain, as QEMU's block layer describes it, and what is below unless that is not
 * to be opened. */
static json_t *describe(const char *path, bool encrypted)
{
    json_t *node = json_pack("{s:s, s:{s:s, s:s}, s:n}", "driver", "qcow2", "file", "driver",
                             "file", "filename", path, "backing");
    if (encrypted && node != NULL)
        (void)json_object_set_new(
            node, "encrypt", json_pack("{s:s, s:s}", "format", "luks", "key-secret", QEMU_IMG_KEY));
    return node;
}

static int write_spec(struct arena *a, const json_t *node, const char **ret, struct err *e)
{
    _cleanup_free_ char *text = json_dumps(node, JSON_COMPACT);
    if (text == NULL)
        return err_set(e, ENOMEM, "the layer cannot be described to qemu-img");
    *ret = arena_printf(a, "json:%s", text);
    return 0;
}

int files_layer_spec(struct arena *a, const char *path, const char *key, const char **ret,
                     struct err *e)
{
    _cleanup_json_ json_t *top = NULL;
    json_t *last = NULL;
    if (key == NULL) {
        *ret = path;
        return 0;
    }
    for (int n = 0; path != NULL; n++) {
        struct format_layer header = {0};
        int r = n < CHAIN_MAX ? files_layer_header(a, path, &header, e)
                              : err_set(e, ELOOP, "the chain of layers has no end at %s", path);
        json_t *node = r < 0 ? NULL : describe(path, header.encrypted);
        if (node == NULL)
            return r < 0 ? r : err_set(e, EINVAL, "%s cannot be described to qemu-img", path);
        if (last == NULL)
            top = node;
        else
            (void)json_object_set_new(last, "backing", node);
        last = node;
        path = header.backing == NULL ? NULL : path_of_backing(a, path, header.backing);
    }
    return write_spec(a, top, ret, e);
}

/* --- making, growing, removing */

int files_layer_make(struct storage *s, const char *layer_id, const char *below, int64_t size_gib,
                     const char *key, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct files_storage *f = files_of(s);
    int r = files_layer_check_id(layer_id, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    if (file_exists(path))
        return 0;
    if (size_gib <= 0 || size_gib > DISK_SIZE_MAX >> 30)
        return err_set(e, EINVAL, "a volume cannot have %lld GiB", (long long)size_gib);
    if (below != NULL && (r = check_below(f, a, below, size_gib, e)) < 0)
        return r;
    /* Layers are thin: a new one takes a few hundred KiB, whatever its size. */
    r = files_need(f, 1 << 20, "a volume", e);
    if (r < 0)
        return r;

    const char *temporary = files_temporary(f, a, DIR_VOLUMES, layer_id, "new");
    r = qemu_img_create(temporary, backing_name(a, below), size_gib << 30, key, e);
    if (r == 0)
        r = files_lend(temporary, true, e);
    if (r < 0) {
        (void)unlink(temporary);
        return err_wrap(e, r, "cannot make the layer %s", layer_id);
    }
    return file_commit(temporary, path, e);
}

int files_layer_grow(struct storage *s, const char *layer_id, int64_t size_gib, const char *key,
                     struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct format_layer header = {0};
    int r = files_layer_check_id(layer_id, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    const char *spec = NULL;
    r = files_layer_header(a, path, &header, e);
    if (r == 0 && header.virtual_size < size_gib << 30) {
        r = files_layer_spec(a, path, key, &spec, e);
        if (r == 0)
            r = qemu_img_resize(spec, size_gib << 30, key, e);
    }
    return r < 0 ? err_wrap(e, r, "cannot grow the layer %s", layer_id) : 0;
}

int files_layer_remove(struct storage *s, const char *layer_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_layer_check_id(layer_id, e);
    return r < 0 ? r : file_remove(files_layer_path(s, a, layer_id), e);
}

int files_layer_seal(struct storage *s, const char *layer_id, bool sealed, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_layer_check_id(layer_id, e);
    return r < 0 ? r : files_lend(files_layer_path(s, a, layer_id), !sealed, e);
}

/* By the name of the file below, without its directory. */
static int stands_on(struct arena *a, const char *path, const char *below, bool *ret, struct err *e)
{
    struct format_layer header = {0};
    int r = files_layer_header(a, path, &header, e);
    const char *name = header.backing;
    const char *slash = name == NULL ? NULL : strrchr(name, '/');
    *ret = r == 0 && streq(slash == NULL ? name : slash + 1,
                           below == NULL ? NULL : arena_printf(a, "%s" DISK_SUFFIX, below));
    return r;
}

/* Copies nothing, and opens nothing below. */
static int set_backing(struct arena *a, const char *path, const char *below, const char *key,
                       struct err *e)
{
    _cleanup_own_write_ struct own_write write = OWN_WRITE_NONE;
    _cleanup_json_ json_t *alone = key == NULL ? NULL : describe(path, true);
    const char *spec = path;
    int r = files_own_write(path, &write, e);
    if (r == 0 && alone != NULL)
        r = write_spec(a, alone, &spec, e);
    return r < 0 ? r : qemu_img_rebase(spec, backing_name(a, below), false, key, e);
}

int files_layer_rebase(struct storage *s, const char *layer_id, const char *below, const char *key,
                       struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    bool there = false;
    int r = files_layer_check_id(layer_id, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    r = stands_on(a, path, below, &there, e);
    if (r == 0 && !there)
        r = set_backing(a, path, below, key, e);
    return r < 0 ? err_wrap(e, r, "cannot put the layer %s on another", layer_id) : 0;
}

int files_layer_exists(struct storage *s, const char *id, bool *ret_there, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *path = path_below(files_of(s), a, id);
    int r = access(path, F_OK);
    *ret_there = r == 0;
    return r == 0 || errno == ENOENT ? 0
                                     : err_errno(e, errno, "cannot see whether %s is there", path);
}

/*
 * QEMU and its tools lock bytes of the files that they have open: from the 100th on one for each
 * thing that is done to the file, from the 200th on one for each that nobody else is to do.
 */
#define LOCKS_AT  100
#define LOCKS_LEN 200

int files_layer_in_use(struct storage *s, const char *layer_id, bool *ret_used, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_layer_check_id(layer_id, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS_AT, .l_len = LOCKS_LEN};
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *ret_used = false;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0)
        return err_errno(e, errno, "cannot see who has %s open", path);
    *ret_used = lock.l_type != F_UNLCK;
    return 0;
}

static int check_unused(struct storage *s, const char *layer_id, struct err *e)
{
    bool used = false;
    int r = files_layer_in_use(s, layer_id, &used, e);
    return r == 0 && used ? err_set(e, EBUSY, "the layer %s is in use", layer_id) : r;
}

/* qemu-img takes no relative name for what it copies from beside a description; it gets that
 * afterwards. */
static int flatten(struct files_storage *f, struct arena *a, const char *path, const char *below,
                   const char *key, struct err *e)
{
    const char *spec = NULL;
    if (key == NULL)
        return qemu_img_rebase(path, backing_name(a, below), true, NULL, e);
    int r = files_layer_spec(a, path, key, &spec, e);
    if (r == 0)
        r = qemu_img_rebase(spec, below == NULL ? NULL : path_below(f, a, below), true, key, e);
    return r < 0 || below == NULL ? r : set_backing(a, path, below, key, e);
}

int files_layer_flatten(struct storage *s, const char *layer_id, const char *below, const char *key,
                        struct err *e)
{
    _cleanup_own_write_ struct own_write write = OWN_WRITE_NONE;
    _cleanup_arena_ struct arena *a = arena_new();
    bool there = false;
    int r = files_layer_check_id(layer_id, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    r = stands_on(a, path, below, &there, e);
    if (r == 0 && !there)
        r = check_unused(s, layer_id, e);
    if (r == 0 && !there)
        r = files_own_write(path, &write, e);
    if (r == 0 && !there)
        r = flatten(files_of(s), a, path, below, key, e);
    return r < 0 ? err_wrap(e, r, "cannot flatten the layer %s", layer_id) : 0;
}

/* Encrypted data is not to come into a layer that is not, and the other way. */
static int check_same_kind(struct arena *a, const char *path, const char *into, struct err *e)
{
    struct format_layer upper = {0};
    struct format_layer lower = {0};
    int r = files_layer_header(a, path, &upper, e);
    if (r == 0)
        r = files_layer_header(a, into, &lower, e);
    if (r == 0 && upper.encrypted != lower.encrypted)
        r = err_set(e, EINVAL, "one of %s and %s is encrypted", path, into);
    return r;
}

int files_layer_merge(struct storage *s, const char *layer_id, const char *into, const char *key,
                      struct err *e)
{
    _cleanup_own_write_ struct own_write write = OWN_WRITE_NONE;
    _cleanup_arena_ struct arena *a = arena_new();
    struct files_storage *f = files_of(s);
    const char *spec = NULL;
    struct stat st;
    int r = files_layer_check_id(layer_id, e);
    if (r == 0)
        r = files_layer_check_id(into, e);
    if (r == 0)
        r = check_unused(s, layer_id, e);
    if (r == 0)
        r = check_unused(s, into, e);
    if (r < 0)
        return r;
    const char *path = files_layer_path(s, a, layer_id);
    if (stat(path, &st) < 0)
        return err_errno(e, errno, "cannot look at %s", path);
    r = check_same_kind(a, path, files_layer_path(s, a, into), e);
    /* qemu-img copies into what the file names, so that had better be the right one. */
    if (r == 0)
        r = files_layer_rebase(s, layer_id, into, key, e);
    if (r == 0)
        r = files_need(f, (int64_t)st.st_blocks * 512, "merging layers", e);
    if (r == 0)
        r = files_layer_spec(a, path, key, &spec, e);
    if (r == 0)
        r = files_own_write(path, &write, e);
    if (r == 0)
        r = qemu_img_commit(spec, key, e);
    return r < 0 ? err_wrap(e, r, "cannot merge the layer %s into %s", layer_id, into) : 0;
}
