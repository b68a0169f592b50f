#include "storage/bucket.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storage/files_internal.h"

#define FILE_MODE   0600
#define FOLDER_MODE 0700

bool bucket_path_ok(const char *path)
{
    for (const char *part = path;; part++) {
        size_t len = strcspn(part, "/");
        bool dots = (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0);
        if (len == 0 || len > NAME_MAX || dots)
            return false;
        part += len;
        if (*part == '\0')
            return true;
    }
}

static int open_beneath(int at, const char *path, uint64_t flags)
{
    struct open_how how = {
        .flags = flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

static int open_root(const char *directory, int *ret_fd, struct err *e)
{
    int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "the directory of buckets cannot be opened");
    *ret_fd = fd;
    return 0;
}

/* The words are for the user: they name the path as it was given, and nothing of the server's. */
static int complain(const char *path, int code, struct err *e)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return err_set(e, ENOENT, "there is no %s", path);
    case EXDEV:
    case ELOOP:
        return err_set(e, code, "%s leads through a link or out of its bucket", path);
    default:
        return err_errno(e, code, "cannot open %s", path);
    }
}

int bucket_open(const char *directory, const char *path, int *ret_fd, struct err *e)
{
    _cleanup_close_ int root = -1;
    struct stat st;
    int r = open_root(directory, &root, e);
    if (r < 0)
        return r;
    if (!bucket_path_ok(path))
        return err_set(e, EINVAL, "'%s' is no path of a file in a bucket", path);
    /* Not to read at first: opening a device or a pipe may do something already. */
    _cleanup_close_ int seen = open_beneath(root, path, O_PATH);
    if (seen < 0)
        return complain(path, errno, e);
    if (fstat(seen, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, EINVAL, "%s is no plain file", path);
    _cleanup_close_ int fd = open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return complain(path, errno, e);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_set(e, EINVAL, "%s is no plain file", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/*
 * Root gives what it has made to the bucket's owner. Anybody else can give it to the bucket's group
 * alone, if he is in it: then its members may do with it what the owner may.
 */
static int give(int fd, const struct stat *bucket, mode_t mode)
{
    if (geteuid() == 0)
        return fchown(fd, bucket->st_uid, bucket->st_gid) < 0 ? -1 : fchmod(fd, mode);
    if (fchown(fd, (uid_t)-1, bucket->st_gid) < 0)
        return errno == EPERM ? fchmod(fd, mode) : -1;
    return fchmod(fd, mode | (mode & 0700) >> 3);
}

/* The folder, with what was missing of it below the bucket, and who owns that. */
static int open_folder(const char *directory, const char *folder, int *ret_fd,
                       struct stat *ret_bucket, struct err *e)
{
    _cleanup_close_ int at = -1;
    char part[NAME_MAX + 1];
    int r = open_root(directory, &at, e);
    if (r < 0)
        return r;
    if (!bucket_path_ok(folder))
        return err_set(e, EINVAL, "'%s' is no path in a bucket", folder);
    for (const char *rest = folder; *rest != '\0'; rest += *rest == '/') {
        size_t len = strcspn(rest, "/");
        (void)snprintf(part, sizeof(part), "%.*s", (int)len, rest);
        bool first = rest == folder;
        bool made = !first && mkdirat(at, part, FOLDER_MODE) == 0;
        int next = open_beneath(at, part, O_DIRECTORY | O_RDONLY);
        if (next < 0)
            return complain(first ? "such bucket" : folder, errno, e);
        cleanup_close(&at);
        at = next;
        if (first && fstat(at, ret_bucket) < 0)
            return err_errno(e, errno, "cannot look at the bucket");
        if (made && give(at, ret_bucket, FOLDER_MODE) < 0)
            return err_errno(e, errno, "cannot give away a folder of the bucket");
        rest += len;
    }
    *ret_fd = TAKE_FD(at);
    return 0;
}

int bucket_has(const char *directory, const char *folder, const char *name, bool *ret,
               struct err *e)
{
    _cleanup_close_ int at = -1;
    struct stat bucket = {0};
    struct stat st;
    int r = open_folder(directory, folder, &at, &bucket, e);
    if (r < 0)
        return r;
    *ret = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    return 0;
}

/* Onto another file system, under a name that is no image's until all of it is there. */
static int copy_in(int at, const char *name, const char *from, struct err *e)
{
    char part[NAME_MAX + 1];
    struct stat st;
    (void)snprintf(part, sizeof(part), ".%.200s.part", name);
    (void)unlinkat(at, part, 0); /* of a run that was cut short */
    _cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int out = openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0 || out < 0 || fstat(in, &st) < 0)
        return err_errno(e, errno, "cannot write into the bucket");
    int r = files_copy(NULL, in, 0, st.st_size, out, NULL, e);
    struct stat to;
    if (r == 0 && fstat(in, &to) == 0 && give(out, &to, FILE_MODE) < 0)
        r = err_errno(e, errno, "cannot give the file away");
    if (r == 0 && fsync(out) < 0)
        r = err_errno(e, errno, "cannot write into the bucket");
    if (r == 0 && renameat2(at, part, at, name, RENAME_NOREPLACE) < 0)
        r = err_errno(e, errno, "cannot name the file in the bucket");
    if (r < 0)
        (void)unlinkat(at, part, 0);
    else
        (void)unlink(from);
    return r;
}

int bucket_put(const char *directory, const char *folder, const char *name, const char *from,
               struct err *e)
{
    _cleanup_close_ int at = -1;
    struct stat bucket = {0};
    int r = open_folder(directory, folder, &at, &bucket, e);
    if (r < 0)
        return r;
    _cleanup_close_ int file = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 || give(file, &bucket, FILE_MODE) < 0 || fsync(file) < 0)
        return err_errno(e, errno, "cannot prepare the file for the bucket");
    if (renameat2(AT_FDCWD, from, at, name, RENAME_NOREPLACE) < 0)
        r = errno == EXDEV ? copy_in(at, name, from, e)
                           : err_errno(e, errno, "cannot name the file in the bucket");
    if (r == 0 && fsync(at) < 0)
        r = err_errno(e, errno, "cannot sync the bucket");
    return r;
}
