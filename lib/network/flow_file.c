#include "network/flow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "network/flow_log.h"

static void rotate(struct arena *a, const char *path)
{
    for (int n = FLOW_FILES_KEPT; n > 0; n--) {
        const char *from = n > 1 ? arena_printf(a, "%s.%d", path, n - 1) : path;
        (void)rename(from, arena_printf(a, "%s.%d", path, n));
    }
}

int flow_file_append(const char *directory, const char *file, const struct buf *text, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    char *path = arena_printf(a, "%s/%s", directory, file);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    int r = dir_make(path, 0750, e);
    *slash = '/';
    if (r < 0)
        return r;
    struct stat there;
    if (stat(path, &there) == 0 && there.st_size > 0 &&
        there.st_size + (off_t)text->len > FLOW_FILE_MAX)
        rotate(a, path);
    _cleanup_close_ int fd =
        open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0 || fstat(fd, &there) < 0)
        return err_set(e, errno, "cannot open %s", path);
    for (size_t done = 0; done < text->len;) {
        ssize_t n = write(fd, text->data + done, text->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int error = errno;
            bool whole = ftruncate(fd, there.st_size) == 0;
            return err_set(e, error, "cannot write %s%s", path,
                           whole ? "" : ", and its last line is cut short");
        }
        done += (size_t)n;
    }
    return 0;
}
