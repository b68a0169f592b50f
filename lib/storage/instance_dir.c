#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/file.h"
#include "core/instance_type.h"
#include "storage/files_internal.h"

static const char *directory(struct files_storage *f, struct arena *a, const char *instance_id)
{
    return files_path(f, a, DIR_INSTANCES, instance_id, "");
}

int files_instance_prepare(struct storage *s, const char *instance_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    if (r < 0)
        return r;
    const char *path = directory(files_of(s), a, instance_id);
    r = dir_make(path, 0711, e);
    if (r == 0 && chmod(path, 0711) < 0) /* whatever the umask took away */
        r = err_errno(e, errno, "cannot set the mode of %s", path);
    return r;
}

const char *files_instance_path(struct storage *s, struct arena *a, const char *instance_id,
                                const char *file)
{
    return arena_printf(a, "%s/%s", directory(files_of(s), a, instance_id), file);
}

int files_instance_write(struct storage *s, const char *instance_id, const char *file,
                         const void *data, size_t len, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    const char *path = files_instance_path(s, a, instance_id, file);
    if (r == 0)
        r = file_write(path, data, len, 0600, e);
    return r < 0 ? r : files_lend(path, false, e);
}

const char *storage_store_disk(struct arena *a, int64_t number)
{
    return arena_printf(a, "ephemeral%lld.raw", (long long)number);
}

/* Under a temporary name first, so that a disk that is there has its size. */
static int make_store_disk(const char *path, int64_t size, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *temporary = arena_printf(a, "%s" TEMP_SUFFIX, path);
    if (access(path, F_OK) == 0)
        return 0;
    _cleanup_close_ int fd =
        open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || ftruncate(fd, size) < 0)
        return err_errno(e, errno, "cannot make %s", path);
    int r = files_lend(temporary, true, e);
    crash_point("before:store_disk");
    if (r == 0 && rename(temporary, path) < 0)
        r = err_errno(e, errno, "cannot make %s", path);
    return r;
}

int files_store_make(struct storage *s, const char *instance_id, int64_t disks, int64_t size,
                     struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    for (int64_t k = 0; r == 0 && k < disks; k++)
        r = make_store_disk(files_instance_path(s, a, instance_id, storage_store_disk(a, k)), size,
                            e);
    return r;
}

int files_store_remove(struct storage *s, const char *instance_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    for (int64_t k = 0; r == 0 && k < STORE_DISKS_MAX; k++) {
        const char *path = files_instance_path(s, a, instance_id, storage_store_disk(a, k));
        if (unlink(path) < 0 && errno != ENOENT)
            r = err_errno(e, errno, "cannot remove %s", path);
    }
    return r;
}

int files_instance_remove(struct storage *s, const char *instance_id, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    return r < 0 ? r : dir_remove(directory(files_of(s), a, instance_id), e);
}

#define ROTATIONS_MAX 5 /* of a log while it is read */

struct console {
    struct files_storage *files;
    struct arena *arena;
    const char *instance_id;
    struct buf *out;
    int64_t when;
};

/* Guests write the log's content, and QEMU's user owns nothing else in the directory: links are not
 * followed all the same. */
static int open_log(const struct console *c, bool older, int *ret_fd, struct err *e)
{
    const char *path = files_instance_path(&c->files->base, c->arena, c->instance_id,
                                           older ? FILES_CONSOLE_LOG_OLD : FILES_CONSOLE_LOG);
    const struct files_helper *helper = &c->files->helper;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == EACCES && helper->open_console != NULL)
        return helper->open_console(helper->ctx, c->instance_id, older, ret_fd, e);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    *ret_fd = fd;
    return 0;
}

/* One of the two as it is now; fd -1: there is none. */
struct log_file {
    int fd;
    struct stat st;
};

static void log_file_close(struct log_file *f)
{
    cleanup_close(&f->fd);
}

static int log_file_open(const struct console *c, bool older, struct log_file *ret, struct err *e)
{
    int r = open_log(c, older, &ret->fd, e);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    if (fstat(ret->fd, &ret->st) < 0)
        return err_errno(e, errno, "cannot look at the console log of %s", c->instance_id);
    if (!S_ISREG(ret->st.st_mode))
        return err_set(e, EIO, "the console log of %s is no plain file", c->instance_id);
    return 0;
}

/* Appends its last `max` bytes. */
static int tail_of(struct console *c, const struct log_file *f, size_t max, struct err *e)
{
    if (f->fd < 0)
        return 0;
    size_t len = (uint64_t)f->st.st_size < max ? (size_t)f->st.st_size : max;
    char *to = buf_reserve(c->out, len);
    if (to == NULL)
        return err_errno(e, ENOMEM, "cannot read the console log of %s", c->instance_id);
    ssize_t n = pread(f->fd, to, len, f->st.st_size - (off_t)len);
    if (n < 0)
        return err_errno(e, errno, "cannot read the console log of %s", c->instance_id);
    c->out->len += (size_t)n;
    c->out->data[c->out->len] = '\0';
    int64_t changed = (int64_t)f->st.st_mtim.tv_sec * 1000 + f->st.st_mtim.tv_nsec / 1000000;
    if (changed > c->when)
        c->when = changed;
    return 0;
}

/*
 * The newer file may have been begun a moment ago: what is missing is at the older one's end. A
 * guest that prints without end has virtlogd begin one many times a second, so what is open counts
 * and not what has a name: the two are read only when they follow one another. -EAGAIN: the newer
 * one became the older in between.
 */
static int tail_of_both(struct console *c, struct err *e)
{
    _cleanup_(log_file_close) struct log_file newer = {.fd = -1};
    _cleanup_(log_file_close) struct log_file older = {.fd = -1};
    size_t max = c->out->max - c->out->len;
    int r = log_file_open(c, false, &newer, e);
    if (r == 0 && newer.fd >= 0 && (uint64_t)newer.st.st_size >= max)
        return tail_of(c, &newer, max, e);
    if (r == 0)
        r = log_file_open(c, true, &older, e);
    if (r < 0)
        return r;
    if (newer.fd >= 0 && older.fd >= 0 && newer.st.st_ino == older.st.st_ino &&
        newer.st.st_dev == older.st.st_dev)
        return err_set(e, EAGAIN, "the console log of %s is being rotated", c->instance_id);
    r = tail_of(c, &older, max - (newer.fd < 0 ? 0 : (size_t)newer.st.st_size), e);
    return r < 0 ? r : tail_of(c, &newer, c->out->max - c->out->len, e);
}

int files_console_tail(struct storage *s, const char *instance_id, struct buf *out,
                       int64_t *ret_when, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct console c = {
        .files = files_of(s), .arena = a, .instance_id = instance_id, .out = out, .when = 0};
    int r = files_check_id(instance_id, "i", e);
    if (r < 0)
        return r;
    for (int i = 0; i < ROTATIONS_MAX; i++) {
        r = tail_of_both(&c, e);
        if (r != -EAGAIN)
            break;
    }
    if (r == 0)
        *ret_when = c.when;
    return r;
}
