/*
 * croft-metadata: what of Croft speaks with guests, and nothing else. It parses the HTTP that they
 * send to the metadata service, and asks croftd what to answer (metadata/front.h). It has no
 * privileges, no state and no configuration.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "base/arena.h"
#include "base/confine.h"
#include "base/door.h"
#include "base/log.h"
#include "base/text.h"
#include "metadata/calls.h"
#include "metadata/front.h"

struct options {
    const char *runtime_dir;
    const char *user;
    const char *log_level;
};

static const struct {
    const char *name;
    size_t at;
    const char *value; /* the built-in one */
    const char *text;
} table[] = {
    {"--runtime-dir", offsetof(struct options, runtime_dir), "/run/croft", "where its socket is"},
    {"--user", offsetof(struct options, user), "croft", "whose croftd it asks"},
    {"--log-level", offsetof(struct options, log_level), "info", "error, warning, info or debug"},
};

static const char **slot(struct options *o, size_t at)
{
    return (const char **)((char *)o + at);
}

static void print_help(void)
{
    (void)puts("usage: croft-metadata [OPTION VALUE]...\n"
               "\n"
               "Speaks HTTP with guests for croftd: the metadata service.\n");
    for (size_t k = 0; k < ARRAY_SIZE(table); k++)
        (void)printf("  %-14s %s (%s)\n", table[k].name, table[k].text, table[k].value);
}

/* 1: there is nothing more to do. */
static int read_options(int argc, char **argv, struct options *o, struct err *e)
{
    for (size_t k = 0; k < ARRAY_SIZE(table); k++)
        *slot(o, table[k].at) = table[k].value;
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        if (streq(argv[i], "--help") || streq(argv[i], "-h")) {
            print_help();
            return 1;
        }
        if (streq(argv[i], "--version")) {
            (void)printf("croft-metadata %s\n", CROFT_VERSION);
            return 1;
        }
        while (k < ARRAY_SIZE(table) && !streq(argv[i], table[k].name))
            k++;
        if (k == ARRAY_SIZE(table))
            return err_set(e, EINVAL, "there is no option '%s'; --help lists them", argv[i]);
        if (i + 1 == argc)
            return err_set(e, EINVAL, "the option '%s' needs a value", argv[i]);
        *slot(o, table[k].at) = argv[i + 1];
    }
    return 0;
}

static int find_socket(const struct options *o, uid_t user, int *ret_fd, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int handed = sd_listen_fds(/* unset_environment= */ 1);
    if (handed < 0)
        return err_errno(e, -handed, "cannot take the socket that was handed in");
    if (handed == 0)
        return door_listen(arena_printf(a, "%s/" METADATA_SOCKET, o->runtime_dir), user, ret_fd, e);
    *ret_fd = SD_LISTEN_FDS_START;
    return 0;
}

static void report(void *ctx, const char *message)
{
    (void)ctx;
    log_info("metadata: %s", message);
}

static int serve(const struct options *o, struct err *e)
{
    struct front_config config = {.report = report};
    _cleanup_close_ int listener = -1;
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int r = door_user(o->user, &config.user, e);
    if (r == 0)
        r = find_socket(o, config.user, &listener, e);
    if (r == 0)
        r = confine(&confinement_metadata, e);
    _cleanup_close_ int stop = r < 0 ? -1 : signalfd(-1, &signals, SFD_CLOEXEC);
    if (r == 0 && stop < 0)
        r = err_errno(e, errno, "cannot wait for signals");
    if (r < 0)
        return r;
    config.listener = listener;
    log_info("metadata-serves version=%s user=%s", CROFT_VERSION, o->user);
    (void)sd_notify(0, "READY=1");
    r = front_serve(&config, stop, e);
    (void)sd_notify(0, "STOPPING=1");
    log_info("metadata-stops");
    return r;
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_DUMPABLE, 0);
    struct options options = {0};
    struct err e = {0};
    enum log_level level = LOG_LEVEL_INFO;
    int r = read_options(argc, argv, &options, &e);
    if (r == 1)
        return 0;
    if (r == 0 && log_level_from_name(options.log_level, &level) < 0)
        r = err_set(&e, EINVAL, "there is no log level '%s'", options.log_level);
    if (r < 0) {
        (void)fprintf(stderr, "croft-metadata: %s\n", e.message);
        return 2;
    }
    log_set_level(level);
    if (serve(&options, &e) < 0) {
        log_error("metadata-cannot-serve reason=\"%s\"", e.message);
        return 1;
    }
    return 0;
}
