#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/instance_type.h"
#include "storage/files_internal.h"

#define CONSOLE_LOG "console.log"
/* What virtlogd renames the log to when it has reached virtlogd.conf's max_size. */
#define CONSOLE_LOG_OLD "console.log.0"

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
    return r < 0 ? r : file_write(files_instance_path(s, a, instance_id, file), data, len, 0600, e);
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
    if (fd < 0 || ftruncate(fd, size) < 0 || rename(temporary, path) < 0)
        return err_errno(e, errno, "cannot make %s", path);
    return 0;
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

/*
 * Appends the last `max` bytes of one file. Guests write the log's content, and QEMU's user owns
 * nothing else in the directory: links are not followed all the same. A file that is not there
 * adds nothing and yields max.
 */
static int tail_of(const char *path, size_t max, struct buf *out, int64_t *when, size_t *ret_left,
                   struct err *e)
{
    struct stat st;
    *ret_left = max;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(e, errno, "cannot open %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, EIO, "%s is no plain file", path);
    size_t len = (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
    char *to = buf_reserve(out, len);
    if (to == NULL)
        return err_errno(e, ENOMEM, "cannot read %s", path);
    ssize_t n = pread(fd, to, len, st.st_size - (off_t)len);
    if (n < 0)
        return err_errno(e, errno, "cannot read %s", path);
    out->len += (size_t)n;
    out->data[out->len] = '\0';
    int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    if (changed > *when)
        *when = changed;
    *ret_left = max - (size_t)n;
    return 0;
}

int files_console_tail(struct storage *s, const char *instance_id, struct buf *out,
                       int64_t *ret_when, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int r = files_check_id(instance_id, "i", e);
    if (r < 0)
        return r;
    const char *path = files_instance_path(s, a, instance_id, CONSOLE_LOG);
    const char *old = files_instance_path(s, a, instance_id, CONSOLE_LOG_OLD);
    size_t max = out->max - out->len;
    struct stat st;
    int64_t when = 0;
    size_t left = 0;
    /* The newer file may have been begun a moment ago: what is missing is at the older one's end.
     */
    size_t newer = stat(path, &st) < 0 ? 0 : (size_t)st.st_size;
    if (newer < max)
        r = tail_of(old, max - newer, out, &when, &left, e);
    if (r == 0)
        r = tail_of(path, out->max - out->len, out, &when, &left, e);
    if (r == 0)
        *ret_when = when;
    return r;
}
