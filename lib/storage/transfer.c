#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "storage/bucket.h"
#include "storage/files_internal.h"
#include "storage/ova.h"
#include "storage/qemu_img.h"

/*
 * Images that come from files of a bucket, and go there.
 *
 * Who can write into a bucket could change a file after it was looked at: a plain image could
 * become one with a backing file just before qemu-img opens it. So all is done with a copy in the
 * uploads' directory, which is root's. On file systems that share data between files that takes no
 * time and no room. Both ways make files under temporary names, which sweep removes after a crash.
 */
#define CHUNK      ((size_t)1 << 20)
#define LOOK_EVERY ((int64_t)16 << 20) /* bytes between two looks at the room that is left */

static int tell(const struct storage_watch *watch, enum storage_stage stage, int64_t done,
                int64_t all, struct err *e)
{
    int percent = all <= 0 ? 100 : (int)(done * 100 / all);
    if (watch == NULL || watch->tell(watch->ctx, stage, percent) == 0)
        return 0;
    return err_set(e, ECANCELED, "it was stopped");
}

static int write_at(int fd, const char *p, size_t len, int64_t at, struct err *e)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, p, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot copy the file");
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The next piece that holds data, from *at on; length 0: there is none. */
static int64_t next_data(int fd, int64_t *at, int64_t end)
{
    off_t data = lseek(fd, *at, SEEK_DATA);
    if (data < 0)
        data = errno == ENXIO ? end : *at; /* a hole to the end, or a file system without holes */
    if (data >= end)
        return 0;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    *at = data;
    return (hole < 0 || hole > end ? end : hole) - data;
}

int files_copy(const struct files_storage *f, int from, int64_t at, int64_t length, int to,
               const struct storage_watch *watch, struct err *e)
{
    _cleanup_free_ char *chunk = malloc(CHUNK);
    int64_t start = at;
    int64_t end = at + length;
    int64_t next_look = 0;
    int64_t written = 0;
    int r = 0;
    if (chunk == NULL)
        return err_errno(e, ENOMEM, "cannot copy the file");
    while (r == 0) {
        int64_t piece = next_data(from, &at, end);
        if (piece == 0)
            break;
        for (; r == 0 && piece > 0;) {
            size_t want = piece < (int64_t)CHUNK ? (size_t)piece : CHUNK;
            ssize_t n = pread(from, chunk, want, at);
            if (n < 0)
                return err_errno(e, errno, "cannot read the file");
            if (n == 0)
                return err_set(e, EINVAL, "the file became shorter while it was read");
            if (f != NULL && written >= next_look && (r = files_need(f, LOOK_EVERY, "it", e)) < 0)
                return r;
            next_look = written >= next_look ? written + LOOK_EVERY : next_look;
            r = write_at(to, chunk, (size_t)n, at - start, e);
            at += n;
            written += n;
            piece -= n;
            if (r == 0)
                r = tell(watch, STORAGE_READING, at - start, length, e);
        }
    }
    if (r == 0 && ftruncate(to, length) < 0)
        r = err_errno(e, errno, "cannot copy the file");
    return r;
}

/* All of the file, or the disk in an OVA, into `to`, which is ours alone. */
static int take_copy(struct files_storage *f, int from, bool ova, const char *to,
                     const struct storage_watch *watch, struct err *e)
{
    struct stat st;
    struct ova_disk part = {0};
    int r = fstat(from, &st) < 0 ? err_errno(e, errno, "cannot look at the file") : 0;
    part.length = st.st_size;
    if (r == 0 && ova)
        r = ova_find_disk(from, st.st_size, &part, e);
    if (r < 0)
        return r;
    _cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return err_errno(e, errno, "cannot create %s", to);
    if (part.offset == 0 && ioctl(out, FICLONE, from) == 0)
        return tell(watch, STORAGE_READING, 1, 1, e);
    int64_t held = (int64_t)st.st_blocks * 512;
    r = files_need(f, part.length < held ? part.length : held, "a copy of the file", e);
    return r < 0 ? r : files_copy(f, from, part.offset, part.length, out, watch, e);
}

static int looks_like_ova(int fd)
{
    char head[OVA_BLOCK];
    ssize_t n = pread(fd, head, sizeof(head), 0);
    return n > 0 && ova_is_one(head, (size_t)n);
}

static int import_open(struct files_storage *f, const char *file_id, int from,
                       const struct storage_source *source, const char *key,
                       const struct storage_watch *watch, int64_t *ret_virtual_size, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *copy = files_temporary(f, a, DIR_UPLOADS, file_id, "import");
    bool raw = streq(source->format, "raw");
    bool ova = !raw && looks_like_ova(from);
    if (streq(source->format, "ova") && !ova)
        return err_set(e, EINVAL, "the file is no OVA");
    if (ova && source->format != NULL && !streq(source->format, "ova"))
        return err_set(e, EINVAL, "the file is an OVA, and not %s as it is said to be",
                       source->format);
    struct image_taking taking = {
        .file_id = file_id,
        .key = key,
        .format = ova ? "vmdk" : source->format,
        .any_raw = raw && !source->boots,
        .watch = watch,
    };
    (void)unlink(copy);
    int r = take_copy(f, from, ova, copy, watch, e);
    if (r == 0)
        r = files_image_take(f, copy, &taking, ret_virtual_size, e);
    (void)unlink(copy);
    return r;
}

int files_image_import(struct storage *s, const char *file_id, const struct storage_source *from,
                       const char *key, const struct storage_watch *watch,
                       int64_t *ret_virtual_size, struct err *e)
{
    _cleanup_close_ int fd = -1;
    int r = key == NULL ? files_check_id(file_id, "ami", e) : files_layer_check_id(file_id, e);
    if (r == 0)
        r = bucket_open(from->directory, from->path, &fd, e);
    return r < 0 ? r : import_open(files_of(s), file_id, fd, from, key, watch, ret_virtual_size, e);
}

static enum format export_format(const char *name)
{
    return streq(name, "vmdk") ? FORMAT_VMDK : streq(name, "vhd") ? FORMAT_VHD : FORMAT_RAW;
}

int files_image_export(struct storage *s, const char *layer_id, const struct storage_target *to,
                       const struct storage_watch *watch, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct files_storage *f = files_of(s);
    bool there = false;
    int64_t bytes = 0;
    const char *from = has_prefix(layer_id, "ami-") ? files_image_path(s, a, layer_id)
                                                    : files_layer_path(s, a, layer_id);
    const char *made = files_temporary(f, a, DIR_UPLOADS, to->name, "export");
    if (strchr(layer_id, '/') != NULL || strchr(to->name, '/') != NULL)
        return err_set(e, EINVAL, "'%.64s' is no id of a layer", layer_id);
    int r = bucket_has(to->directory, to->folder, to->name, &there, e);
    if (r < 0 || (there && to->may_be_there))
        return r;
    if (there)
        return err_set(e, EEXIST, "there is a %s in the bucket already", to->name);
    r = qemu_img_measure(from, FORMAT_QCOW2, &bytes, e);
    if (r == 0)
        r = files_need(f, bytes, "the exported image", e);
    if (r == 0)
        r = qemu_img_export(from, export_format(to->format), made, watch, e);
    if (r == 0)
        r = tell(watch, STORAGE_PUTTING, 0, 1, e);
    if (r == 0)
        r = bucket_put(to->directory, to->folder, to->name, made, e);
    (void)unlink(made);
    return r;
}
