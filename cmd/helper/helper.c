#include "helper/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/door.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static const char *runtime_dir = "/run/croft";
static const char *user = "croft";
static const char *log_level = "info";

static const struct helper_option common[] = {
    {"--runtime-dir", &runtime_dir, "where its socket and its files are"},
    {"--user", &user, "who may ask, beside root: croftd's user"},
    {"--log-level", &log_level, "error, warning, info or debug"},
};

static const struct helper_option *option_at(const struct helper *h, size_t k)
{
    return k < h->n_options ? &h->options[k] : &common[k - h->n_options];
}

static void print_help(const struct helper *h)
{
    (void)printf("usage: %s [OPTION VALUE]...\n\n%s\n\n", h->name, h->purpose);
    for (size_t k = 0; k < h->n_options + ARRAY_SIZE(common); k++) {
        const struct helper_option *o = option_at(h, k);
        (void)printf("  %-14s %s (%s)\n", o->name, o->text, *o->value);
    }
}

/* 1: it was a question, which is answered. */
static int read_options(const struct helper *h, int argc, char **argv, struct err *e)
{
    size_t n = h->n_options + ARRAY_SIZE(common);
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        if (streq(argv[i], "--help") || streq(argv[i], "-h")) {
            print_help(h);
            return 1;
        }
        if (streq(argv[i], "--version")) {
            (void)printf("%s %s\n", h->name, CROFT_VERSION);
            return 1;
        }
        while (k < n && !streq(argv[i], option_at(h, k)->name))
            k++;
        if (k == n)
            return err_set(e, EINVAL, "there is no option '%s'; --help lists them", argv[i]);
        if (i + 1 == argc)
            return err_set(e, EINVAL, "the option '%s' needs a value", argv[i]);
        *option_at(h, k)->value = argv[i + 1];
    }
    enum log_level level;
    if (log_level_from_name(log_level, &level) < 0)
        return err_set(e, EINVAL, "there is no log level '%s'", log_level);
    log_set_level(level);
    return 0;
}

static int find_socket(const struct helper *h, uid_t uid, int *ret_fd, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    int handed = sd_listen_fds(/* unset_environment= */ 1);
    if (handed < 0)
        return err_errno(e, -handed, "cannot take the socket that was handed in");
    if (handed > 0) {
        *ret_fd = SD_LISTEN_FDS_START;
        return 0;
    }
    int r = dir_make(runtime_dir, 0755, e);
    return r < 0 ? r
                 : door_listen(arena_printf(a, "%s/%s", runtime_dir, h->socket), uid, ret_fd, e);
}

static int serve(const struct helper *h, struct err *e)
{
    struct helper_run run = {.runtime_dir = runtime_dir};
    _cleanup_close_ int listener = -1;
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int r = door_user(user, &run.user, e);
    if (r == 0)
        r = find_socket(h, run.user, &listener, e);
    if (r == 0)
        r = confine(h->confinement, e);
    _cleanup_close_ int stop = r < 0 ? -1 : signalfd(-1, &signals, SFD_CLOEXEC);
    if (r == 0 && stop < 0)
        r = err_errno(e, errno, "cannot wait for signals");
    if (r < 0)
        return r;
    run.listener = listener;
    run.stop = stop;
    log_info("%s-serves version=%s user=%s", h->word, CROFT_VERSION, user);
    (void)sd_notify(0, "READY=1");
    r = h->serve(&run, e);
    (void)sd_notify(0, "STOPPING=1");
    log_info("%s-stops", h->word);
    return r;
}

int helper_main(const struct helper *h, int argc, char **argv)
{
    struct err e = {0};
    (void)prctl(PR_SET_DUMPABLE, 0); /* what croftd says to it goes into no core file */
    int r = read_options(h, argc, argv, &e);
    if (r == 1)
        return 0;
    if (r < 0) {
        (void)fprintf(stderr, "%s: %s\n", h->name, e.message);
        return 2;
    }
    if (serve(h, &e) < 0) {
        log_error("%s-cannot-serve reason=\"%s\"", h->word, e.message);
        return 1;
    }
    return 0;
}
