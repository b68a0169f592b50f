/*
 * croft-netd: what of Croft needs root, and nothing else. It answers croftd's calls by the table of
 * network/netd_calls.h. What decides about the server itself (uplink, public addresses) it reads
 * from the owner's configuration, not from croftd.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/door.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "config.h"
#include "network/linux.h"
#include "network/netd.h"
#include "network/netd_calls.h"
#include "storage/files.h"

static int find_socket(const struct netd_options *o, uid_t user, int *ret_fd, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int handed = sd_listen_fds(/* unset_environment= */ 1);
    if (handed < 0)
        return err_errno(e, -handed, "cannot take the socket that was handed in");
    if (handed > 0) {
        *ret_fd = SD_LISTEN_FDS_START;
        return 0;
    }
    int r = dir_make(o->runtime_dir, 0755, e);
    return r < 0 ? r
                 : door_listen(arena_printf(a, "%s/" NETD_SOCKET, o->runtime_dir), user, ret_fd, e);
}

static int open_at(int directory, const char *name, int flags, int *ret_fd, struct err *e)
{
    int fd = openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", name);
    *ret_fd = fd;
    return 0;
}

/*
 * The directories are croftd's, who could put anything there: what is opened is a plain file of
 * root's with no other name, that stands where virtlogd has made it.
 */
static int open_console(void *ctx, const char *instance_id, bool older, int *ret_fd, struct err *e)
{
    const struct netd_options *o = ctx;
    const char *name = older ? FILES_CONSOLE_LOG_OLD : FILES_CONSOLE_LOG;
    _cleanup_close_ int state = -1;
    _cleanup_close_ int instances = -1;
    _cleanup_close_ int instance = -1;
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r = open_at(AT_FDCWD, o->state_dir, O_PATH | O_DIRECTORY, &state, e);
    if (r == 0)
        r = open_at(state, FILES_INSTANCES, O_PATH | O_DIRECTORY, &instances, e);
    if (r == 0)
        r = open_at(instances, instance_id, O_PATH | O_DIRECTORY, &instance, e);
    if (r == 0)
        r = open_at(instance, name, O_RDONLY | O_NONBLOCK, &fd, e);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != 0)
        return err_set(e, EACCES, "%s of %s is not what virtlogd makes", name, instance_id);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int open_network(void *ctx, struct network **ret_network, struct err *e)
{
    const struct netd_options *o = ctx;
    _cleanup_arena_ struct arena *a = arena_new();
    struct netd_settings s = {0};
    int r = netd_settings_read(a, o->config_file, &s, e);
    if (r < 0)
        return r;
    const struct linux_network_config network = {
        .runtime_dir = o->runtime_dir,
        .public_addresses = s.public_addresses,
        .uplink = s.uplink,
        .resolver = s.resolver,
        .ipv6_prefix = s.ipv6_prefix,
    };
    r = linux_network_new(&network, ret_network, e);
    if (r == 0)
        log_info("netd-network uplink=%s", s.uplink == NULL ? "none" : s.uplink);
    return r;
}

static void report(void *ctx, const char *message)
{
    (void)ctx;
    log_warning("netd-refused %s", message);
}

/* 0, or -errno. */
static int serve(const struct netd_options *o, struct err *e)
{
    uid_t user = 0;
    _cleanup_close_ int listener = -1;
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int r = door_user(o->user, &user, e);
    if (r == 0)
        r = find_socket(o, user, &listener, e);
    if (r == 0)
        r = confine(&confinement_netd, e);
    _cleanup_close_ int stop = r < 0 ? -1 : signalfd(-1, &signals, SFD_CLOEXEC);
    if (r == 0 && stop < 0)
        r = err_errno(e, errno, "cannot wait for signals");
    if (r < 0)
        return r;
    const struct netd_config config = {.listener = listener,
                                       .user = user,
                                       .open = open_network,
                                       .open_console = open_console,
                                       .report = report,
                                       .ctx = (void *)(uintptr_t)o};
    log_info("netd-serves version=%s user=%s", CROFT_VERSION, o->user);
    (void)sd_notify(0, "READY=1");
    r = netd_serve(&config, stop, e);
    (void)sd_notify(0, "STOPPING=1");
    log_info("netd-stops: networks stay as they are");
    return r;
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_DUMPABLE, 0);
    /* jansson does not tell a lack of memory from bad rules
     * (docs/decisions/0039-without-memory.md). */
    json_set_alloc_funcs(memory_alloc, free);
    struct netd_options options = {0};
    struct err e = {0};
    enum log_level level = LOG_LEVEL_INFO;
    int r = netd_options_read(argc, argv, &options, &e);
    if (r == 0 && options.show_help) {
        netd_options_print_help();
        return 0;
    }
    if (r == 0 && options.show_version) {
        (void)printf("croft-netd %s\n", CROFT_VERSION);
        return 0;
    }
    if (r == 0 && log_level_from_name(options.log_level, &level) < 0)
        r = err_set(&e, EINVAL, "there is no log level '%s'", options.log_level);
    if (r < 0) {
        (void)fprintf(stderr, "croft-netd: %s\n", e.message);
        return 2;
    }
    log_set_level(level);
    if (serve(&options, &e) < 0) {
        log_error("netd-cannot-serve reason=\"%s\"", e.message);
        return 1;
    }
    return 0;
}
