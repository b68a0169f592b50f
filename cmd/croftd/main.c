/*
 * croftd: the command line, reloads, the main loop. The parts are put together in daemon.c.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "backup.h"
#include "base/clock.h"
#include "base/confine.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon.h"
#include "journal.h"
#include "libraries.h"
#include "owner.h"

#define TRIM_SECONDS 10
#define TLS_LOOK_MS  ((int64_t)12 * 3600 * 1000)
#define BUSY_MAX_MS  ((int64_t)6 * 3600 * 1000) /* an export of a large disk takes hours */

static void tell_problems(const struct config_problems *p)
{
    for (size_t i = 0; i < p->n; i++)
        log_error("config-refused where=\"%s\" reason=\"%s\"", p->v[i].where, p->v[i].what);
}

/* Requests, guests and connections go on meanwhile; with an error all is as it was. */
static void reload(struct daemon *d)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct config fresh;
    struct config_problems problems;
    struct config_changes changes;
    struct err e = {0};
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
    if (config_load(a, d->argc, d->argv, &fresh, &problems) < 0) {
        tell_problems(&problems);
        log_error("config-kept: the one from before stays in force");
    } else {
        config_reload(&d->config, &fresh, d->arena, a, &changes);
        for (size_t i = 0; i < changes.n; i++)
            if (changes.v[i].in_force)
                log_info("config-changed key=%s", changes.v[i].key);
            else
                log_warning("config-needs-restart key=%s: it is as before", changes.v[i].key);
        daemon_retune(d);
        if (daemon_set_up_tls(d, &e) < 0)
            log_error("tls-certificate-kept reason=\"%s\"", e.message);
        log_info("config-reloaded changes=%zu", changes.n);
    }
    (void)sd_notify(0, "READY=1");
}

/*
 * The workers take turns at looking for work at least every JOBS_AUDIT_MS, unless each has a job
 * that takes long. The store is asked, too: a process that cannot read it is of no use.
 */
static bool is_alive(struct daemon *d)
{
    struct jobs_progress p;
    jobs_progress(d->jobs, &p);
    tx_end(store_read(d->store));
    int64_t quiet = clock_monotonic() - p.looked_at;
    return quiet < (p.all_busy ? BUSY_MAX_MS : (int64_t)3 * JOBS_AUDIT_MS);
}

/* A certificate of our own that ends soon is made anew. */
static void look_after_tls(struct daemon *d)
{
    struct err e = {0};
    int64_t now = clock_monotonic();
    if (!streq(d->config.tls, "auto") || now < d->tls_looked_at + TLS_LOOK_MS)
        return;
    d->tls_looked_at = now;
    if (daemon_set_up_tls(d, &e) < 0)
        log_error("tls-certificate-kept reason=\"%s\"", e.message);
}

static int wait_seconds(void)
{
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(/* unset_environment= */ 0, &watchdog_us) <= 0)
        return TRIM_SECONDS;
    int third = (int)(watchdog_us / 3000000);
    return third < 1 ? 1 : third < TRIM_SECONDS ? third : TRIM_SECONDS;
}

static void serve_until_told(struct daemon *d, const sigset_t *signals)
{
    const struct timespec often = {.tv_sec = wait_seconds()};
    int got = 0;
    d->tls_looked_at = clock_monotonic();
    do {
        got = sigtimedwait(signals, NULL, &often);
        if (got == SIGHUP)
            reload(d);
        look_after_tls(d);
        memory_give_back();
        if (is_alive(d))
            (void)sd_notify(0, "WATCHDOG=1");
        else
            log_error("workers-hang: nobody looks for work any more; the watchdog will end this");
    } while (got != SIGTERM && got != SIGINT);
    log_info("croftd-stops signal=%s: guests keep running", got == SIGTERM ? "SIGTERM" : "SIGINT");
}

static int run_backup(const struct config *c, const char *file,
                      int (*run)(struct arena *a, const struct config *c, const char *file,
                                 struct err *e))
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct err e = {0};
    int r = run(a, c, file, &e);
    if (r == 0)
        r = owner_give_back(c->state_dir, &e);
    if (r == 0)
        return 0;
    (void)fprintf(stderr, "croftd: %s\n", e.message);
    return 1;
}

/* --help, --version, --check-config and what is wrong: the status to end with, -1 to go on. */
static int answer_command_line(const struct config *c, const struct config_problems *p, int r)
{
    if (r < 0) {
        for (size_t i = 0; i < p->n; i++)
            (void)fprintf(stderr, "croftd: %s: %s\n", p->v[i].where, p->v[i].what);
        return 2;
    }
    if (c->show_help)
        config_print_help();
    else if (c->show_version)
        (void)printf("croftd %s\n", CROFT_VERSION);
    else if (c->check_only)
        (void)printf("The configuration is right.\n");
    else if (c->backup_file != NULL)
        return run_backup(c, c->backup_file, backup_make);
    else if (c->restore_file != NULL)
        return run_backup(c, c->restore_file, backup_restore);
    else
        return -1;
    return 0;
}

static int give_up(const struct daemon *d, struct err *e)
{
    if (geteuid() == 0 && !streq(d->config.hypervisor, "fake"))
        log_warning("croftd-runs-as-root: its place is the user croft, with croft-netd beside it");
    return confine(&confinement_croftd, e);
}

int main(int argc, char **argv)
{
    (void)prctl(PR_SET_DUMPABLE, 0); /* memory has secrets: none of it goes into a core file */
    memory_keep_free();
    libraries_set_up();
    _cleanup_arena_ struct arena *arena = arena_new();
    struct daemon d = {.arena = arena, .argc = argc, .argv = argv, .lock = -1};
    struct config_problems problems = {0};
    struct err e = {0};
    int r = config_load(arena, argc, argv, &d.config, &problems);
    int status = answer_command_line(&d.config, &problems, r);
    if (status >= 0)
        return status;
    journal_begin();
    daemon_tune_log(&d.config);

    /* Blocked before the first thread, so that sigwait() alone gets them. */
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    status = 1;
    if (give_up(&d, &e) == 0 && daemon_start(&d, &e) == 0) {
        log_info("croftd-serves version=%s account=%s", CROFT_VERSION, d.facts.account_id);
        (void)sd_notify(0, "READY=1");
        serve_until_told(&d, &signals);
        (void)sd_notify(0, "STOPPING=1");
        status = 0;
    } else {
        log_error("croftd-cannot-start reason=\"%s\"", e.message);
    }
    daemon_stop(&d);
    return status;
}
