#include "base/door.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BACKLOG 128

int door_user(const char *name, uid_t *ret_uid, struct err *e)
{
    const struct passwd *user = getpwnam(name);
    int64_t number = 0;
    if (user != NULL)
        *ret_uid = user->pw_uid;
    else if (parse_int64(name, &number) == 0 && number >= 0 && number < UINT32_MAX)
        *ret_uid = (uid_t)number;
    else
        return err_set(e, ENOENT, "there is no user '%s'", name);
    return 0;
}

int door_listen(const char *path, uid_t user, int *ret_fd, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(at.sun_path))
        return err_set(e, ENAMETOOLONG, "too long a path for a socket: %s", path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    bool bound = fd >= 0 && (unlink(path) == 0 || errno == ENOENT) &&
                 bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    (void)umask(mask);
    if (!bound || lchown(path, user, (gid_t)-1) < 0 || listen(fd, BACKLOG) < 0)
        return err_errno(e, errno, "cannot listen on %s", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}
