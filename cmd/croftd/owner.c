#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

/* Where others than croftd make files: virtlogd's console logs stay root's. */
static const char *const others[] = {"instances", NULL};

static void cleanup_dir(DIR **d)
{
    if (*d != NULL)
        (void)closedir(*d);
}

/* The owner could put links here: only a plain file that has no other name is given away. */
static int give_one(int at, const char *name, const struct stat *owner)
{
    struct stat st;
    _cleanup_close_ int fd =
        openat(at, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) < 0)
        return errno == ELOOP || errno == ENOENT || errno == ENXIO ? 0 : -errno;
    if (!S_ISREG(st.st_mode) || st.st_uid != 0 || st.st_nlink != 1)
        return 0;
    return fchown(fd, owner->st_uid, owner->st_gid) < 0 ? -errno : 0;
}

static int give_all(int at, const char *name, const struct stat *owner, bool below)
{
    int r = 0;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
    _cleanup_(cleanup_dir) DIR *d = fdopendir(fd);
    if (d == NULL) {
        (void)close(fd);
        return -ENOMEM;
    }
    for (const struct dirent *each; r == 0 && (each = readdir(d)) != NULL;) {
        if (streq(each->d_name, ".") || streq(each->d_name, "..") ||
            text_is_among(each->d_name, others))
            continue;
        if (each->d_type == DT_DIR)
            r = below ? give_all(fd, each->d_name, owner, false) : 0;
        else
            r = give_one(fd, each->d_name, owner);
    }
    struct stat st;
    if (r == 0 && fstat(fd, &st) == 0 && st.st_uid == 0 &&
        fchown(fd, owner->st_uid, owner->st_gid) < 0)
        r = -errno;
    return r;
}

int owner_give_back(const char *state_dir, struct err *e)
{
    struct stat owner;
    if (geteuid() != 0 || lstat(state_dir, &owner) < 0 || owner.st_uid == 0)
        return 0;
    int r = give_all(AT_FDCWD, state_dir, &owner, true);
    return r < 0 ? err_errno(e, -r, "cannot give the state to its owner") : 0;
}
