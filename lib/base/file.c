#include "base/file.h"

#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crash_point.h"

int file_read(const char *path, struct buf *out, struct err *e)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    for (;;) {
        size_t room = out->max - out->len;
        if (room == 0) {
            char extra = 0;
            if (read(fd, &extra, 1) == 0)
                return 0;
            return err_set(e, EFBIG, "%s is larger than %zu bytes", path, out->max);
        }
        size_t chunk = room < 65536 ? room : 65536;
        char *to = buf_reserve(out, chunk);
        if (to == NULL)
            return err_errno(e, ENOMEM, "cannot read %s", path);
        ssize_t n = read(fd, to, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "cannot read %s", path);
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        if (n == 0)
            return 0;
    }
}

static int dir_sync(const char *path, struct err *e)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof(copy))
        return err_errno(e, ENAMETOOLONG, "cannot sync the directory of %s", path);
    memcpy(copy, path, len + 1);
    const char *dir = dirname(copy);
    _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return err_errno(e, errno, "cannot sync directory %s", dir);
    return 0;
}

int write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n >= 0) {
            p += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof(temporary), "%s.tmp", path);
    if (n < 0 || (size_t)n >= sizeof(temporary))
        return err_errno(e, ENAMETOOLONG, "cannot write %s", path);
    int r = file_remove(temporary, e);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return err_errno(e, errno, "cannot create %s", temporary);
    r = write_all(fd, data, len);
    if (r == 0 && fchmod(fd, mode) < 0) /* whatever the umask took away */
        r = -errno;
    if (r < 0) {
        (void)unlink(temporary);
        return err_errno(e, -r, "cannot write %s", temporary);
    }
    return file_commit(temporary, path, e);
}

int file_commit(const char *from, const char *to, struct err *e)
{
    _cleanup_close_ int fd = open(from, O_RDONLY | O_CLOEXEC);
    crash_point("before:file.commit");
    if (fd < 0 || fsync(fd) < 0 || rename(from, to) < 0) {
        int code = errno;
        (void)unlink(from);
        return err_errno(e, code, "cannot put %s in place", to);
    }
    crash_point("after:file.commit");
    return dir_sync(to, e);
}

int file_remove(const char *path, struct err *e)
{
    crash_point("before:file.remove");
    if (unlink(path) < 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove %s", path);
    crash_point("after:file.remove");
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int dir_make(const char *path, mode_t mode, struct err *e)
{
    char copy[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(copy))
        return err_errno(e, ENAMETOOLONG, "cannot make directory %s", path);
    memcpy(copy, path, len + 1);
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        if (mkdir(copy, mode) < 0 && errno != EEXIST)
            return err_errno(e, errno, "cannot make directory %s", copy);
        if (end == '\0')
            return 0;
        *p = end;
    }
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    crash_point("before:directory.remove_entry");
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int dir_remove(const char *path, struct err *e)
{
    /* FTW_PHYS: a link is removed, never followed. */
    if (nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove %s", path);
    return 0;
}
