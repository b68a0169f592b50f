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

/* Appends the last `max` bytes of one of the two. One that is not there adds nothing. */
static int tail_of(struct console *c, bool older, size_t max, struct err *e)
{
    struct stat st;
    _cleanup_close_ int fd = -1;
    int r = open_log(c, older, &fd, e);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return err_errno(e, errno, "cannot look at the console log of %s", c->instance_id);
    if (!S_ISREG(st.st_mode))
        return err_set(e, EIO, "the console log of %s is no plain file", c->instance_id);
    size_t len = (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
    char *to = buf_reserve(c->out, len);
    if (to == NULL)
        return err_errno(e, ENOMEM, "cannot read the console log of %s", c->instance_id);
    ssize_t n = pread(fd, to, len, st.st_size - (off_t)len);
    if (n < 0)
        return err_errno(e, errno, "cannot read the console log of %s", c->instance_id);
    c->out->len += (size_t)n;
    c->out->data[c->out->len] = '\0';
    int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    if (changed > c->when)
        c->when = changed;
    return 0;
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
    const char *path = files_instance_path(s, a, instance_id, FILES_CONSOLE_LOG);
    size_t max = out->max - out->len;
    struct stat st;
    /* The newer file may have been begun a moment ago: what is missing is at the older one's end.
     */
    size_t newer = stat(path, &st) < 0 ? 0 : (size_t)st.st_size;
    if (newer < max)
        r = tail_of(&c, true, max - newer, e);
    if (r == 0)
        r = tail_of(&c, false, out->max - out->len, e);
    if (r == 0)
        *ret_when = c.when;
    return r;
}
