#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "storage/files_internal.h"

/*
 * Files that QEMU is to open stay ours: its user has its rights by the group. libvirt is told to
 * leave them alone (hypervisor/domain_xml.c), because only who owns a file may set its mode, and
 * what libvirt has given to QEMU's user it gives back to root.
 */

/* The group that QEMU runs in, by the names that distributions give its user; -1: none of them. */
static gid_t qemu_group(void)
{
    static const char *const names[] = {"libvirt-qemu", "qemu"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct passwd user;
        struct passwd *found = NULL;
        struct group own;
        struct group *named = NULL;
        char text[4096];
        char members[16384];
        if (getpwnam_r(names[i], &user, text, sizeof(text), &found) != 0 || found == NULL)
            continue;
        /* Debian's user is in the group kvm first, where people may be, too. */
        if (getgrnam_r(names[i], &own, members, sizeof(members), &named) == 0 && named != NULL)
            return own.gr_gid;
        return user.pw_gid;
    }
    return (gid_t)-1;
}

int files_lend(const char *path, bool writable, struct err *e)
{
    gid_t group = qemu_group();
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    /* Root takes back what libvirt may have given away. Who is not in the group runs QEMU as
     * itself. */
    bool root = geteuid() == 0;
    bool lent = group != (gid_t)-1 && fchown(fd, root ? 0 : (uid_t)-1, group) == 0;
    if (!lent && group != (gid_t)-1 && errno != EPERM)
        return err_errno(e, errno, "cannot set who may read %s", path);
    mode_t others = root && group == (gid_t)-1 ? 0444 : 0400;
    mode_t mode = writable ? (lent ? 0660 : 0600) : (lent ? 0440 : others);
    if (fchmod(fd, mode) < 0)
        return err_errno(e, errno, "cannot set who may read %s", path);
    return 0;
}

int files_own_write(const char *path, struct own_write *ret, struct err *e)
{
    struct stat st;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_errno(e, errno, "cannot open %s", path);
    ret->mode = st.st_mode & 07777;
    if ((ret->mode & S_IWUSR) != 0)
        return 0;
    if (fchmod(fd, ret->mode | S_IWUSR) < 0)
        return err_errno(e, errno, "cannot open %s for writing", path);
    ret->fd = TAKE_FD(fd);
    return 0;
}

void own_write_end(struct own_write *w)
{
    if (w->fd < 0)
        return;
    (void)fchmod(w->fd, w->mode);
    (void)close(w->fd);
    w->fd = -1;
}
