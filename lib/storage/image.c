#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "base/text.h"
#include "storage/files_internal.h"
#include "storage/qemu_img.h"

/*
 * How an upload becomes a layer:
 *
 *     recognise -> unpack (.xz, .gz) and recognise again -> qemu-img info -> take or convert
 *
 * A qcow2 file that is plain and sound is taken as it is, by rename; all else, and what is to be
 * encrypted, is converted into a new file. Until that is in place the upload stays, so that a job
 * that was cut off can be repeated.
 */
#define UNPACK_MS 3600000

const char *files_image_path(struct storage *s, struct arena *a, const char *image_id)
{
    return files_path(files_of(s), a, DIR_IMAGES, image_id, DISK_SUFFIX);
}

/* "vhd" is what people call QEMU's "vpc". */
static bool has_name(enum format format, const char *name)
{
    return streq(format_name(format), streq(name, "vhd") ? "vpc" : name);
}

/* Looks at both ends of a file. -ENOENT: no such file; -EINVAL: no disk image. */
static int recognise(const char *path, bool any_raw, struct format_seen *ret, struct err *e)
{
    char head[FORMAT_HEAD];
    char tail[FORMAT_TAIL];
    struct stat st;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(e, errno, "cannot open %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, EINVAL, "%s is no plain file", path);
    ssize_t head_len = pread(fd, head, sizeof(head), 0);
    ssize_t tail_len = 0;
    if (head_len >= 0 && st.st_size >= (off_t)sizeof(tail))
        tail_len = pread(fd, tail, sizeof(tail), st.st_size - (off_t)sizeof(tail));
    if (head_len < 0 || tail_len < 0)
        return err_errno(e, errno, "cannot read %s", path);
    return (any_raw ? format_recognise_raw : format_recognise)(
        head, (size_t)head_len, tail, (size_t)tail_len, st.st_size, ret, e);
}

/*
 * xz and gzip want the name to end in theirs, and write beside it: they get a hard link. What comes
 * out is bounded by the room that there is, so that a small upload cannot fill the disk.
 */
static int unpack(struct files_storage *f, struct arena *a, const char *from, enum format format,
                  const char *to, struct err *e)
{
    bool xz = format == FORMAT_XZ;
    const char *packed = arena_printf(a, "%s%s", to, xz ? ".xz" : ".gz");
    int64_t room = 0;
    int r = files_room(f, &room, e);
    if (r < 0)
        return r;
    if (room <= ROOM_RESERVE)
        return files_need(f, 0, "unpacking the image", e);
    int64_t limit = room - ROOM_RESERVE < DISK_SIZE_MAX ? room - ROOM_RESERVE : DISK_SIZE_MAX;
    (void)unlink(packed);
    if (link(from, packed) < 0)
        return err_errno(e, errno, "cannot link %s", packed);
    const char *size = arena_printf(a, "--fsize=%lld", (long long)limit);
    const char *argv_xz[] = {"prlimit", size, "--",  "xz", "--memlimit-decompress=1GiB",
                             "-q",      "-d", "-kf", "--", packed,
                             NULL};
    const char *argv_gz[] = {"prlimit", size, "--", "gzip", "-q", "-d", "-kf", "--", packed, NULL};
    struct err why = {0};
    r = child_run(&(struct child){.argv = xz ? argv_xz : argv_gz, .timeout_ms = UNPACK_MS}, &why);
    (void)unlink(packed);
    if (r == 0)
        return 0;
    (void)unlink(to);
    if (r == -EIO)
        return err_set(e, EINVAL,
                       "the file cannot be unpacked: it is damaged, or what is in it is "
                       "larger than the %lld MiB that are free here",
                       (long long)(limit >> 20));
    return err_set(e, why.code, "%s", why.message);
}

/* What it is, which must be what it is said to be, unless it has yet to be unpacked. */
static int identify(const char *path, const struct image_taking *t, struct format_seen *ret,
                    struct err *e)
{
    struct format_seen seen = {0};
    int r = recognise(path, t->any_raw, &seen, e);
    if (r == 0 && t->format != NULL && !format_is_compressed(seen.format) &&
        !has_name(seen.format, t->format))
        r = err_set(e, EINVAL, "the file is of the format %s, and not %s as it is said to be",
                    format_name(seen.format), t->format);
    if (r == 0)
        *ret = seen;
    return r;
}

/* Makes the file under its temporary name. */
static int convert(struct files_storage *f, const char *from, enum format format,
                   int64_t virtual_size, const char *to, const struct image_taking *t,
                   struct err *e)
{
    int64_t bytes = 0;
    int r = qemu_img_measure(from, format, &bytes, e);
    if (r == 0)
        r = files_need(f, bytes, "the image", e);
    if (r == 0)
        r = t->key == NULL ? qemu_img_convert(from, format, to, t->watch, e)
                           : qemu_img_encrypt(from, format, virtual_size, to, t->key, t->watch, e);
    return r;
}

/* What is encrypted stays its owner's, as all layers do until they are sealed. */
static int put_in_place(const char *from, const char *to, bool encrypted, struct err *e)
{
    if (chmod(from, encrypted ? 0600 : 0444) < 0)
        return err_errno(e, errno, "cannot set the mode of %s", from);
    return file_commit(from, to, e);
}

static int make_file(struct files_storage *f, struct arena *a, const char *upload, const char *path,
                     const struct image_taking *t, int64_t *ret_virtual_size, struct err *e)
{
    const char *room = t->key == NULL ? DIR_IMAGES : DIR_VOLUMES;
    const char *unpacked = files_temporary(f, a, room, t->file_id, "unpacked");
    const char *converted = files_temporary(f, a, room, t->file_id, "converted");
    const char *source = upload;
    struct format_seen seen = {0};
    struct image_info info = {0};
    int r = identify(upload, t, &seen, e);
    if (r == 0 && format_is_compressed(seen.format)) {
        r = unpack(f, a, upload, seen.format, unpacked, e);
        source = unpacked;
        if (r == 0)
            r = identify(source, t, &seen, e);
        if (r == 0 && format_is_compressed(seen.format))
            r = err_set(e, EINVAL, "the file is packed more than once");
    }
    if (r == 0)
        r = qemu_img_info(source, seen.format, &info, e);
    if (r == 0 && t->key == NULL && seen.format == FORMAT_QCOW2 && seen.plain &&
        qemu_img_is_sound(source)) {
        r = put_in_place(source, path, false, e);
    } else if (r == 0) {
        r = convert(f, source, seen.format, info.virtual_size, converted, t, e);
        if (r == 0)
            r = put_in_place(converted, path, t->key != NULL, e);
    }
    (void)unlink(unpacked);
    (void)unlink(converted);
    if (r == 0)
        *ret_virtual_size = info.virtual_size;
    return r;
}

int files_image_take(struct files_storage *f, const char *source, const struct image_taking *taking,
                     int64_t *ret_virtual_size, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *path = taking->key == NULL ? files_image_path(&f->base, a, taking->file_id)
                                           : files_layer_path(&f->base, a, taking->file_id);
    struct format_layer made = {0};
    int r = file_exists(path) ? files_layer_header(a, path, &made, e)
                              : make_file(f, a, source, path, taking, &made.virtual_size, e);
    if (r < 0)
        return r;
    *ret_virtual_size = made.virtual_size;
    (void)unlink(source); /* used up; one that stays is swept after a day */
    return 0;
}

int files_image_make(struct storage *s, const char *image_id, const char *upload_id,
                     int64_t *ret_virtual_size, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct files_storage *f = files_of(s);
    int r = files_check_id(image_id, "ami", e);
    if (r == 0)
        r = files_check_upload_id(upload_id, e);
    if (r < 0)
        return r;
    return files_image_take(f, files_path(f, a, DIR_UPLOADS, upload_id, ""),
                            &(struct image_taking){.file_id = image_id}, ret_virtual_size, e);
}

int files_image_remove(struct storage *s, const char *image_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(image_id, "ami", e);
    return r < 0 ? r : file_remove(files_image_path(s, a, image_id), e);
}
