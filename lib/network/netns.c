#include "network/netns.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/check.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/text.h"

#define NETNS_DIRECTORY "/run/netns"
#define NAMES_MAX       65536

/* With O_NOFOLLOW and a look at the file system: nothing but a namespace is entered. */
static int open_namespace(const char *name, int *ret_fd, struct err *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), NETNS_DIRECTORY "/%s", name);
    if (n < 0 || n >= (int)sizeof(path) || strchr(name, '/') != NULL)
        return err_set(e, EINVAL, "not the name of a namespace: %s", name);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(e, errno, "cannot open namespace %s", name);
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return err_errno(e, errno, "cannot look at namespace %s", name);
    if (fs.f_type != NSFS_MAGIC)
        return err_set(e, ESTALE, "%s is a name without a namespace", path);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int netns_open(const char *name, int *ret_fd, struct err *e)
{
    int r = open_namespace(name, ret_fd, e);
    return r == -ESTALE ? -ENOENT : r;
}

int netns_make(const char *name, int *ret_fd, struct err *e)
{
    int r = open_namespace(name, ret_fd, NULL);
    if (r == 0)
        return 0;
    /* `ip netns add` makes the file first and then mounts the namespace over it: it may have been
     * killed between the two, and it refuses a file that is there. */
    if (r == -ESTALE) {
        r = CHILD(e, "ip", "netns", "delete", name);
        if (r < 0)
            return r;
    }
    r = CHILD(e, "ip", "netns", "add", name);
    if (r < 0)
        return r;
    return open_namespace(name, ret_fd, e);
}

int netns_remove(const char *name, struct err *e)
{
    int fd = -1;
    int r = open_namespace(name, &fd, NULL);
    cleanup_close(&fd);
    if (r == -ENOENT)
        return 0;
    return CHILD(e, "ip", "netns", "delete", name);
}

int netns_list(struct arena *a, const char *prefix, struct net_names *ret_names, struct err *e)
{
    struct net_names names = {0};
    DIR *d = opendir(NETNS_DIRECTORY);
    if (d == NULL && errno != ENOENT)
        return err_errno(e, errno, "cannot read " NETNS_DIRECTORY);
    for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        if (!has_prefix(entry->d_name, prefix))
            continue;
        if (names.n == NAMES_MAX) {
            (void)closedir(d);
            return err_set(e, E2BIG, "more than %d namespaces", NAMES_MAX);
        }
        *arena_append(a, &names) = arena_strdup(a, entry->d_name);
    }
    if (d != NULL)
        (void)closedir(d);
    *ret_names = names;
    return 0;
}

bool netns_is(int fd, const char *name)
{
    char path[PATH_MAX];
    struct stat held;
    struct stat named;
    int n = snprintf(path, sizeof(path), NETNS_DIRECTORY "/%s", name);
    return n > 0 && n < (int)sizeof(path) && fstat(fd, &held) == 0 && stat(path, &named) == 0 &&
           held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int netns_enter(struct netns_visit *visit, int fd, struct err *e)
{
    CHECK(visit->home < 0);
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0)
        return err_errno(e, errno, "cannot open the thread's own network namespace");
    if (setns(fd, CLONE_NEWNET) < 0) {
        int code = errno;
        (void)close(home);
        return err_errno(e, code, "cannot enter a network namespace");
    }
    visit->home = home;
    return 0;
}

void netns_leave(struct netns_visit *visit)
{
    if (visit->home < 0)
        return;
    CHECK(setns(visit->home, CLONE_NEWNET) == 0);
    (void)close(visit->home);
    visit->home = -1;
}

int netns_sysctl(const char *name, const char *value, struct err *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "/proc/sys/%s", name);
    if (n < 0 || n >= (int)sizeof(path))
        return err_set(e, ENAMETOOLONG, "the name of a sysctl is too long");
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        return err_errno(e, errno, "cannot set %s to %s", name, value);
    return 0;
}

bool netns_sysctl_is(const char *name, const char *value)
{
    char path[PATH_MAX];
    char text[64] = "";
    int n = snprintf(path, sizeof(path), "/proc/sys/%s", name);
    if (n < 0 || n >= (int)sizeof(path))
        return false;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (got < 0)
        return false;
    text[strcspn(text, "\n")] = '\0';
    return streq(text, value);
}

int netns_link_ipv6(const char *link, bool on, struct err *e)
{
    static const struct {
        const char *name;
        const char *value;
    } settings[] = {{"accept_dad", "0"},
                    {"dad_transmits", "0"},
                    {"accept_ra", "0"},
                    {"forwarding", "1"},
                    {"disable_ipv6", "0"}};
    char name[128];
    int r = 0;
    if (!on) {
        int n = snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6", link);
        r = n < 0 || n >= (int)sizeof(name) ? -ENAMETOOLONG : netns_sysctl(name, "1", NULL);
        return r == -ENOENT ? 0 : r < 0 ? err_set(e, -r, "cannot keep IPv6 from %s", link) : 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(settings) && r == 0; i++) {
        int n = snprintf(name, sizeof(name), "net/ipv6/conf/%s/%s", link, settings[i].name);
        r = n < 0 || n >= (int)sizeof(name)
                ? err_set(e, ENAMETOOLONG, "the name %s is too long", link)
                : netns_sysctl(name, settings[i].value, e);
    }
    return r;
}
