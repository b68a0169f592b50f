/*
 * croft-netd: what of Croft needs root, and nothing else. It answers croftd's calls by the table of
 * network/netd_calls.h. What decides about the server itself (uplink, public addresses) it reads
 * from the owner's configuration, not from croftd.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "helper/helper.h"
#include "network/linux.h"
#include "network/netd.h"
#include "network/netd_calls.h"
#include "settings.h"
#include "storage/files.h"

static const char *config_file = "/etc/croft/croft.conf";
static const char *state_dir = "/var/lib/croft";
static const char *runtime_dir;

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
    (void)ctx;
    const char *name = older ? FILES_CONSOLE_LOG_OLD : FILES_CONSOLE_LOG;
    _cleanup_close_ int state = -1;
    _cleanup_close_ int instances = -1;
    _cleanup_close_ int instance = -1;
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r = open_at(AT_FDCWD, state_dir, O_PATH | O_DIRECTORY, &state, e);
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
    (void)ctx;
    _cleanup_arena_ struct arena *a = arena_new();
    struct netd_settings s = {0};
    int r = netd_settings_read(a, config_file, &s, e);
    if (r < 0)
        return r;
    const struct linux_network_config network = {
        .runtime_dir = runtime_dir,
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

static int serve(const struct helper_run *run, struct err *e)
{
    const struct netd_config config = {.listener = run->listener,
                                       .user = run->user,
                                       .open = open_network,
                                       .open_console = open_console,
                                       .report = report};
    runtime_dir = run->runtime_dir;
    return netd_serve(&config, run->stop, e);
}

int main(int argc, char **argv)
{
    static const struct helper_option options[] = {
        {"--config", &config_file, "croftd's configuration"},
        {"--state-dir", &state_dir, "where croftd keeps the guests"},
    };
    static const struct helper self = {
        .name = "croft-netd",
        .word = "netd",
        .purpose = "Does for croftd what needs root: the networks of VPCs.",
        .socket = NETD_SOCKET,
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .confinement = &confinement_netd,
        .serve = serve,
    };
    memory_keep_free();
    /* jansson does not tell a lack of memory from bad rules
     * (docs/decisions/0039-without-memory.md). */
    json_set_alloc_funcs(memory_alloc, free);
    return helper_main(&self, argc, argv);
}
