#include "jobs/jobs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "jobs/layer.h"
#include "jobs/peering.h"
#include "jobs/root_volume.h"
#include "jobs/stall.h"
#include "jobs/transfer.h"
#include "jobs/worker.h"

/*
 * Theory of operation
 *
 * A worker asks the store for due jobs and takes the first whose object no other worker has. Which
 * objects are taken is kept in memory only: after a crash all jobs are free again, and running one
 * twice is right. Finishing a job removes its row unless the row's generation has grown, that is,
 * unless somebody wanted something of the object meanwhile. Events of the hypervisor come on its
 * thread, which must not block: they wait in a short list for the next worker.
 */

#define DUE_MAX     (JOBS_WORKERS + 1) /* at least one of these is not taken */
#define RETRY_MIN   500
#define RETRY_MAX   30000
#define PAUSE_MAX   5000 /* of a worker while the store takes nothing */
#define STOP_WAIT_S 60

struct jobs *jobs_new(const struct jobs_config *config)
{
    struct jobs *j = calloc(1, sizeof(*j));
    CHECK_MEMORY(j != NULL);
    j->config = *config;
    metric_label(METRIC_LABEL_JOB, job_kinds, job_kind);
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&j->lock, NULL);
    (void)pthread_cond_init(&j->changed, &monotonic);
    (void)pthread_cond_init(&j->stall_ends, &monotonic);
    (void)pthread_cond_init(&j->pause_ends, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; i < VPC_SLOTS; i++)
        (void)pthread_mutex_init(&j->vpcs[i].lock, NULL);
    for (size_t i = 0; i < TREE_LOCKS; i++)
        (void)pthread_mutex_init(&j->trees[i], NULL);
    return j;
}

void jobs_free(struct jobs *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < VPC_SLOTS; i++) {
        free(j->vpcs[i].memories);
        (void)pthread_mutex_destroy(&j->vpcs[i].lock);
    }
    for (size_t i = 0; i < TREE_LOCKS; i++)
        (void)pthread_mutex_destroy(&j->trees[i]);
    (void)pthread_cond_destroy(&j->changed);
    (void)pthread_cond_destroy(&j->stall_ends);
    (void)pthread_cond_destroy(&j->pause_ends);
    (void)pthread_mutex_destroy(&j->lock);
    free(j);
}

void jobs_config_retune(struct jobs_config *to, const struct jobs_config *from)
{
    to->reserve_memory_mib = from->reserve_memory_mib;
    to->spot_notice_ms = from->spot_notice_ms;
    to->disk_full_percent = from->disk_full_percent;
    to->volume_limits = from->volume_limits;
    to->snapshot_freeze = from->snapshot_freeze;
}

void jobs_retune(struct jobs *j, const struct jobs_config *config)
{
    jobs_config_retune(&j->config, config);
    jobs_wake(j);
}

void jobs_wake(void *ctx)
{
    struct jobs *j = ctx;
    (void)pthread_mutex_lock(&j->lock);
    j->woken = true;
    (void)pthread_cond_signal(&j->changed);
    (void)pthread_mutex_unlock(&j->lock);
}

void jobs_on_domain_event(void *ctx, enum domain_event what, const char *instance_id)
{
    struct jobs *j = ctx;
    (void)pthread_mutex_lock(&j->lock);
    if (what == DOMAIN_EVENT_CONNECTED || j->n_events == JOBS_EVENTS_MAX) {
        j->look_at_everything = true;
    } else {
        struct pending_event *p = &j->events[j->n_events++];
        p->what = what;
        (void)snprintf(p->instance_id, sizeof(p->instance_id), "%s", instance_id);
    }
    (void)pthread_cond_signal(&j->changed);
    (void)pthread_mutex_unlock(&j->lock);
}

void jobs_host(void *ctx, struct host_info *ret_info)
{
    struct jobs *j = ctx;
    struct host_info fresh;
    bool known = j->hypervisor->ops->host_info(j->hypervisor, &fresh, NULL) == 0;
    (void)pthread_mutex_lock(&j->lock);
    if (known)
        j->host = fresh;
    *ret_info = j->host;
    (void)pthread_mutex_unlock(&j->lock);
}

void jobs_progress(void *ctx, struct jobs_progress *ret_progress)
{
    struct jobs *j = ctx;
    int64_t now = clock_monotonic();
    struct jobs_progress p = {0};
    (void)pthread_mutex_lock(&j->lock);
    p.reconciled_at = j->reconciled_at;
    p.reconciles = j->reconciles;
    p.looked_at = j->looked_at;
    p.all_busy = true;
    for (size_t i = 0; i < JOBS_WORKERS; i++) {
        p.all_busy = p.all_busy && j->running[i][0] != '\0';
        if (j->running[i][0] == '\0' || now - j->running_since[i] < p.longest_ms)
            continue;
        p.longest_ms = now - j->running_since[i];
        memcpy(p.longest_object, j->running[i], sizeof(p.longest_object));
    }
    (void)pthread_mutex_unlock(&j->lock);
    *ret_progress = p;
}

static bool is_running(const struct jobs *j, const char *object_id)
{
    for (size_t i = 0; i < JOBS_WORKERS; i++)
        if (streq(j->running[i], object_id))
            return true;
    return false;
}

/* A due job that no other worker has; the lock is held. *ret_next: when to look again (0: on a
 * wake). */
static struct job *claim(struct jobs *j, struct arena *a, size_t slot, int64_t *ret_next)
{
    struct tx *tx = store_read(j->config.store);
    struct job_list due = store_jobs_due(tx, a, clock_now(), DUE_MAX, ret_next);
    if (tx_failed(tx))
        *ret_next = clock_now() + RETRY_MAX;
    tx_end(tx);
    for (size_t i = 0; i < due.n; i++) {
        if (is_running(j, due.v[i].object_id))
            continue;
        (void)snprintf(j->running[slot], sizeof(j->running[slot]), "%s", due.v[i].object_id);
        j->running_since[slot] = clock_monotonic();
        return &due.v[i];
    }
    return NULL;
}

/* Each kind of job, and how it is run. */
#define KINDS                                                                                      \
    KIND("instance", instance_converge(j, a, job, o, e))                                           \
    KIND("image", image_converge(j, a, job->object_id, e))                                         \
    KIND("vpc", vpc_converge(j, job->object_id, e))                                                \
    KIND("volume", volume_converge(j, a, job, o, e))                                               \
    KIND(LAYER_JOB, layer_converge(j, a, job->object_id, o, e))                                    \
    KIND(ROOT_VOLUME_JOB, root_volume_converge(j, a, job->object_id, o, e))                        \
    KIND(SNAPSHOT_JOB, snapshot_converge(j, a, job->object_id, o, e))                              \
    KIND(IMPORT_JOB, import_converge(j, a, job->object_id, o, e))                                  \
    KIND(EXPORT_JOB, export_converge(j, a, job, o, e))                                             \
    KIND("nat-gateway", nat_gateway_converge(j, a, job->object_id, o, e))                          \
    KIND("capacity-reservation", capacity_reservation_converge(j, a, job->object_id, o, e))        \
    KIND("network-insights", insights_converge(j, a, job->object_id, e))                           \
    KIND(PEERING_JOB, peering_converge(j, a, job->object_id, o, e))                                \
    KIND("spot", market_converge(j, a, o, e))

static const char *const kinds[] = {
#define KIND(name, call) name,
    KINDS
#undef KIND
};

const size_t job_kinds = ARRAY_SIZE(kinds);

const char *job_kind(size_t i)
{
    CHECK(i < job_kinds);
    return kinds[i];
}

/* job_kinds for one that there is not. */
static size_t kind_index(const char *kind)
{
    size_t i = 0;
    while (i < job_kinds && !streq(kinds[i], kind))
        i++;
    return i;
}

static int run(struct jobs *j, struct arena *a, const struct job *job, struct outcome *o,
               struct err *e)
{
#define KIND(name, call)                                                                           \
    if (streq(job->kind, name))                                                                    \
        return call;
    KINDS
#undef KIND
    return err_set(e, EINVAL, "there is no kind of job called %s", job->kind);
}

static int64_t back_off(int64_t attempts)
{
    int64_t wait = RETRY_MIN;
    for (int64_t i = 0; i < attempts && wait < RETRY_MAX; i++)
        wait *= 2;
    return wait < RETRY_MAX ? wait : RETRY_MAX;
}

static void count_running(size_t kind, int64_t n)
{
    if (kind < job_kinds)
        metric_add(METRIC_JOBS, kind, METRIC_JOB_RUNNING, n);
}

/* False: the store did not take it. The row is as before, so the job is due again. */
static bool run_and_record(struct jobs *j, struct arena *a, const struct job *job)
{
    struct err e = {0};
    struct outcome outcome = {0};
    size_t kind = kind_index(job->kind);
    int64_t began = clock_monotonic_us();
    count_running(kind, 1);
    crash_work(job->kind);
    crash_point("before:job");
    int r = run(j, a, job, &outcome, &e);
    crash_point("after:job");
    count_running(kind, -1);
    int64_t took_us = clock_monotonic_us() - began;
    int64_t took = took_us / 1000;
    if (kind < job_kinds) {
        metric_observe(METRIC_JOB_TIME, kind, took_us);
        metric_count(METRIC_JOBS_ENDED, kind,
                     r < 0           ? METRIC_JOB_FAILED
                     : outcome.again ? METRIC_JOB_AGAIN
                                     : METRIC_JOB_DONE);
    }

    struct tx *tx = store_write(j->config.store);
    if (r < 0) {
        log_warning("job-failed kind=%s object=%s attempts=%lld took_ms=%lld reason=\"%s\"",
                    job->kind, job->object_id, (long long)job->attempts + 1, (long long)took,
                    e.message);
        store_job_retry(tx, job, clock_now() + back_off(job->attempts), e.message);
    } else if (outcome.again) {
        store_job_retry(tx, job, outcome.when, outcome.why);
    } else {
        (void)store_job_done(tx, job);
        log_debug("job-done kind=%s object=%s took_ms=%lld", job->kind, job->object_id,
                  (long long)took);
    }
    struct err commit = {0};
    bool recorded = tx_commit(tx, &commit) == 0;
    if (!recorded)
        log_error("job-not-recorded object=%s reason=\"%s\"", job->object_id, commit.message);
    crash_work(NULL); /* its text goes with the job */
    return recorded;
}

/* With a disk that is full or fails a job would run again at once, and again: a worker waits with
 * it, longer each time. The lock is held and given up meanwhile. */
static void wait_for_store(struct jobs *j, int64_t failures)
{
    int64_t wait = back_off(failures);
    int64_t until = clock_monotonic() + (wait < PAUSE_MAX ? wait : PAUSE_MAX);
    struct timespec ts = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    while (!j->stopping && clock_monotonic() < until)
        (void)pthread_cond_timedwait(&j->pause_ends, &j->lock, &ts);
}

static void wait_for_change(struct jobs *j, int64_t next_due)
{
    int64_t now = clock_monotonic();
    int64_t until = j->next_audit < j->next_networks ? j->next_audit : j->next_networks;
    if (next_due > 0) {
        int64_t left = next_due - clock_now();
        if (left < 1)
            left = 1; /* due, but its object is taken: the worker that has it will signal */
        if (now + left < until)
            until = now + left;
    }
    struct timespec ts = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    if (until > now)
        (void)pthread_cond_timedwait(&j->changed, &j->lock, &ts);
}

/* The lock is held. */
static void note_reconcile(struct jobs *j, bool well)
{
    j->reconciles = well;
    if (well)
        j->reconciled_at = clock_now();
    metric_count(METRIC_RECONCILES, well ? METRIC_SUCCEEDED : METRIC_NOT_SUCCEEDED, 0);
    metric_set(METRIC_RECONCILED_AT, 0, 0, j->reconciled_at);
}

/* Work that is about everything, by one worker; the lock is held and given up meanwhile. */
static void look_around(struct jobs *j, struct arena *a)
{
    j->look_at_everything = false;
    j->next_audit = clock_monotonic() + JOBS_AUDIT_MS;
    (void)pthread_mutex_unlock(&j->lock);
    struct err e = {0};
    crash_work("reconcile");
    bool well = reconcile(j, a, &e) == 0 && housekeeping(j, a, &e) == 0;
    if (!well)
        log_warning("reconcile-failed reason=\"%s\"", e.message);
    (void)pthread_mutex_lock(&j->lock);
    crash_work(NULL);
    note_reconcile(j, well);
    j->woken = true;
}

/* By one worker; the lock is held and given up meanwhile. VPCs that somebody is in. Each that is as
 * it should be costs a question to the kernel. */
static void look_at_networks(struct jobs *j, struct arena *a)
{
    j->next_networks = INT64_MAX; /* for the others */
    (void)pthread_mutex_unlock(&j->lock);
    struct err e = {0};
    struct tx *tx = store_read(j->config.store);
    struct vpc_list vpcs = store_vpcs(tx, a);
    size_t n = 0;
    for (size_t i = 0; i < vpcs.n; i++)
        if (store_count_network_interfaces(tx, "vpc_id", vpcs.v[i].id) > 0)
            vpcs.v[n++] = vpcs.v[i];
    int r = tx_commit(tx, &e);
    if (r < 0)
        log_warning("networks-not-looked-at reason=\"%s\"", e.message);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (vpc_look(j, vpcs.v[i].id, &e) < 0) {
            log_warning("network-not-mended vpc=%s reason=\"%s\"", vpcs.v[i].id, e.message);
            e = (struct err){0};
        }
    (void)pthread_mutex_lock(&j->lock);
    j->next_networks = clock_monotonic() + JOBS_NETWORKS_MS;
    j->woken = true;
}

static void take_events(struct jobs *j, struct arena *a)
{
    struct pending_event *events = arena_memdup(a, j->events, j->n_events * sizeof(j->events[0]));
    size_t n = j->n_events;
    j->n_events = 0;
    (void)pthread_mutex_unlock(&j->lock);
    bool lost = false;
    crash_work("event");
    for (size_t i = 0; i < n; i++) {
        struct err e = {0};
        int r = events[i].what == DOMAIN_EVENT_STALLED ? stall_note(j, a, events[i].instance_id, &e)
                                                       : instance_note_event(j, a, &events[i], &e);
        if (r < 0) {
            log_error("event-not-recorded instance=%s reason=\"%s\"", events[i].instance_id,
                      e.message);
            lost = true;
        }
    }
    (void)pthread_mutex_lock(&j->lock);
    crash_work(NULL);
    if (lost)
        j->look_at_everything = true;
    j->woken = true;
}

struct worker {
    struct jobs *jobs;
    size_t slot;
};

static void *work(void *arg)
{
    struct worker w = *(struct worker *)arg;
    free(arg);
    struct jobs *j = w.jobs;
    _cleanup_arena_ struct arena *a = arena_new();
    int64_t failures = 0; /* one after another */

    (void)pthread_mutex_lock(&j->lock);
    while (!j->stopping) {
        arena_reset(a);
        j->looked_at = clock_monotonic();
        if (j->n_events > 0) {
            take_events(j, a);
            continue;
        }
        if (j->look_at_everything || clock_monotonic() >= j->next_audit) {
            look_around(j, a);
            continue;
        }
        if (clock_monotonic() >= j->next_networks) {
            look_at_networks(j, a);
            continue;
        }
        j->woken = false;
        int64_t next = 0;
        struct job *job = claim(j, a, w.slot, &next);
        if (job == NULL) {
            if (!j->woken)
                wait_for_change(j, next);
            continue;
        }
        (void)pthread_cond_signal(&j->changed); /* there may be another one for a colleague */
        (void)pthread_mutex_unlock(&j->lock);
        bool recorded = run_and_record(j, a, job);
        (void)pthread_mutex_lock(&j->lock);
        if (recorded)
            failures = 0;
        else
            wait_for_store(j, failures++);
        j->running[w.slot][0] = '\0';
        j->woken = true;
        (void)pthread_cond_signal(&j->changed);
    }
    (void)pthread_mutex_unlock(&j->lock);
    return NULL;
}

int jobs_start(struct jobs *j, struct hypervisor *h, struct err *e)
{
    j->hypervisor = h;
    struct host_info host;
    jobs_host(j, &host);
    if (host.cpus == 0)
        log_warning("hypervisor-away: serving without it; nothing starts until it is back");
    _cleanup_arena_ struct arena *a = arena_new();
    int r = j->config.storage->ops->sweep(j->config.storage, e);
    if (r < 0)
        return err_wrap(e, r, "cannot clear up after an earlier run");
    r = reconcile(j, a, e);
    if (r == -ENOSPC) /* who serves reads can be asked what there is, and be told to delete some */
        log_error("reconcile-failed reason=\"%s\": serving without it", e->message);
    else if (r < 0)
        return err_wrap(e, r, "cannot compare the store with the machine");
    note_reconcile(j, r == 0); /* there are no workers yet */
    j->looked_at = clock_monotonic();
    j->next_audit = j->looked_at + (r == 0 ? JOBS_AUDIT_MS : JOBS_NETWORKS_MS);
    j->next_networks = j->looked_at + JOBS_NETWORKS_MS;
    for (; j->n_threads < JOBS_WORKERS; j->n_threads++) {
        struct worker *w = malloc(sizeof(*w));
        CHECK_MEMORY(w != NULL);
        *w = (struct worker){j, j->n_threads};
        int code = pthread_create(&j->threads[j->n_threads], NULL, work, w);
        if (code != 0) {
            free(w);
            return err_errno(e, code, "cannot start a worker");
        }
    }
    return stall_start(j, e);
}

void jobs_stop(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->lock);
    j->stopping = true;
    (void)pthread_cond_broadcast(&j->changed);
    (void)pthread_cond_broadcast(&j->pause_ends);
    (void)pthread_mutex_unlock(&j->lock);
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_WAIT_S;
    for (size_t i = 0; i < j->n_threads; i++)
        if (pthread_timedjoin_np(j->threads[i], NULL, &until) != 0) {
            /* A job that hangs is no reason to hang: its row is there, and the next start runs it
               again. But its thread would outlive everything that it uses, so nothing is freed. */
            log_error("worker-hangs object=%s: leaving it", j->running[i]);
            _exit(1);
        }
    j->n_threads = 0;
    if (stall_stop(j, &until) < 0) {
        log_error("watch-hangs: leaving it");
        _exit(1);
    }
}
