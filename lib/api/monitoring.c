#include "api/monitoring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/bulk.h"
#include "api/health.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/metric.h"
#include "base/text.h"
#include "core/volume_limits.h"
#include "core/volume_type.h"
#include "jobs/market.h"

#define MIB           ((int64_t)1 << 20)
#define STATM_MAX     256
#define TIMEVAL_US(t) ((int64_t)(t).tv_sec * 1000000 + (t).tv_usec)

int monitoring_parse(const char *text, enum monitoring *ret_monitoring)
{
    static const char *const words[] = {
        [MONITORING_LOOPBACK] = "loopback",
        [MONITORING_SOCKET] = "socket",
        [MONITORING_EVERYONE] = "everyone",
        [MONITORING_NOBODY] = "no",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (streq(words[i], text)) {
            *ret_monitoring = (enum monitoring)i;
            return 0;
        }
    return -EINVAL;
}

static const char *code_label(size_t i)
{
    return i == FAULT_CODE_MAX ? "OK" : fault_code_name((enum fault_code)i);
}

static const char *state_label(size_t i)
{
    return instance_state_name((enum instance_state)i);
}

void monitoring_labels(void)
{
    metric_label(METRIC_LABEL_ACTION, action_count() + 1, action_label);
    metric_label(METRIC_LABEL_CODE, FAULT_CODE_MAX + 1, code_label);
    metric_label(METRIC_LABEL_CHECK, _HEALTH_CHECK_MAX, health_check_name);
    metric_label(METRIC_LABEL_INSTANCE_STATE, _INSTANCE_STATE_MAX, state_label);
    metric_label(METRIC_LABEL_VOLUME_TYPE, volume_type_count(), volume_type_name);
}

static int64_t count_entries(const char *path)
{
    int64_t n = 0;
    DIR *d = opendir(path);
    if (d == NULL)
        return 0;
    for (const struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d))
        n += entry->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

/* --- gauges that are read when somebody asks */

static void measure_process(const struct api *api)
{
    long page = sysconf(_SC_PAGESIZE);
    long long size = 0;
    long long resident = 0;
    _cleanup_buf_ struct buf text = BUF_INIT(STATM_MAX);
    /* The kernel writes numbers that fit (proc(5)). */
    // NOLINTNEXTLINE(cert-err34-c)
    if (file_read("/proc/self/statm", &text, NULL) == 0 &&
        sscanf(buf_str(&text), "%lld %lld", &size, &resident) == 2) {
        metric_set(METRIC_VIRTUAL, 0, 0, size * page);
        metric_set(METRIC_RESIDENT, 0, 0, resident * page);
    }
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_set(METRIC_CPU_TIME, 0, 0, TIMEVAL_US(usage.ru_utime) + TIMEVAL_US(usage.ru_stime));
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(METRIC_DESCRIPTORS_MAX, 0, 0, (int64_t)limit.rlim_cur);
    metric_set(METRIC_DESCRIPTORS, 0, 0, count_entries("/proc/self/fd") - 1); /* that one itself */
    metric_set(METRIC_THREADS, 0, 0, count_entries("/proc/self/task"));
    metric_set(METRIC_STARTED_AT, 0, 0, api->started_at);
}

/* What those that a guest has may do is what the disk may have to do. */
static void measure_volumes(struct tx *tx, struct arena *a, int64_t limits)
{
    for (size_t i = 0; i < volume_type_count(); i++) {
        struct volume_list l = store_volumes(tx, a, "volume_type", volume_type_name(i));
        int64_t operations = 0;
        int64_t bytes = 0;
        for (size_t k = 0; k < l.n; k++) {
            if (l.v[k].attachment_state != ATTACHMENT_ATTACHED)
                continue;
            struct volume_limits limit = volume_limits_of(&l.v[k], limits);
            operations += limit.operations.base;
            bytes += limit.bytes.base;
        }
        metric_set(METRIC_VOLUMES, i, 0, (int64_t)l.n);
        metric_set(METRIC_VOLUME_OPERATIONS, i, 0, operations);
        metric_set(METRIC_VOLUME_BYTES, i, 0, bytes);
    }
}

static void measure_rows(struct api *api, struct arena *a)
{
    struct host_info host;
    struct room room;
    api->config.host(api->config.ctx, &host);
    struct tx *tx = store_read(api->config.store);
    struct capacity_used used = store_capacity_used(tx, api->config.host_id);
    market_room(tx, api->config.host_id, &host, api->config.reserve_memory_mib, &room);
    int64_t promised = store_promised_gib(tx) * 1024 * MIB;
    for (size_t i = 0; i < _INSTANCE_STATE_MAX; i++)
        metric_set(METRIC_INSTANCES, i, 0,
                   (int64_t)store_count_instances(tx, "state", state_label(i)));
    for (size_t i = 0; i < job_kinds; i++) {
        int64_t n = (int64_t)store_count_jobs(tx, "kind", job_kind(i));
        int64_t waiting = n - metric_get(METRIC_JOBS, i, METRIC_JOB_RUNNING);
        metric_set(METRIC_JOBS, i, METRIC_JOB_QUEUED, waiting > 0 ? waiting : 0);
    }
    measure_volumes(tx, a, api->config.jobs->volume_limits);
    tx_end(tx);
    int64_t left = room_free(&room);
    metric_set(METRIC_VCPUS, 0, 0, used.vcpus);
    metric_set(METRIC_MEMORY, METRIC_ROOM_SIZE, 0, room.size * MIB);
    metric_set(METRIC_MEMORY, METRIC_ROOM_PROMISED, 0, room.promised * MIB);
    metric_set(METRIC_MEMORY, METRIC_ROOM_FREE, 0, left > 0 ? left * MIB : 0);
    struct disk_room disk = {0};
    (void)api->config.storage->ops->room(api->config.storage, &disk, NULL);
    metric_set(METRIC_DISK, METRIC_ROOM_SIZE, 0, disk.size);
    metric_set(METRIC_DISK, METRIC_ROOM_PROMISED, 0, promised);
    metric_set(METRIC_DISK, METRIC_ROOM_FREE, 0, disk.free);
}

static void answer_metrics(struct api *api, const struct http_request *http,
                           struct http_response *resp)
{
    struct health health;
    health_look(api, http->arena, &health);
    for (size_t i = 0; i < _HEALTH_CHECK_MAX; i++)
        metric_set(METRIC_CHECKS, i, 0, health.checks[i].ok);
    measure_rows(api, http->arena);
    measure_process(api);
    metrics_render(&resp->body);
    resp->content_type = METRICS_CONTENT_TYPE;
}

static void answer_health(struct api *api, const struct http_request *http,
                          struct http_response *resp)
{
    struct health health;
    health_look(api, http->arena, &health);
    bulk_answer_json(json_pack("{s:s, s:s, s:o}", "status", health.ok ? "ok" : "failing", "version",
                               CROFT_VERSION, "checks", health_json(&health)),
                     resp);
    resp->status = health.ok ? 200 : 503;
}

/* --- who may */

static bool is_loopback(const struct http_peer *peer)
{
    return peer->network == 0 && (has_prefix(peer->address, "127.") || streq(peer->address, "::1"));
}

static bool may_read(const struct api *api, const struct http_peer *peer)
{
    enum monitoring who = api->config.monitoring; /* clang does not switch on what is atomic */
    switch (who) {
    case MONITORING_LOOPBACK:
        return peer->is_unix || is_loopback(peer);
    case MONITORING_SOCKET:
        return peer->is_unix;
    case MONITORING_EVERYONE:
        return peer->network == 0;
    case MONITORING_NOBODY:
        return false;
    }
    return false;
}

bool monitoring_handle(struct api *api, const struct http_request *http, struct http_response *resp)
{
    static const struct {
        const char *path;
        void (*answer)(struct api *api, const struct http_request *http,
                       struct http_response *resp);
    } paths[] = {{"/metrics", answer_metrics}, {"/healthz", answer_health}};
    if (!streq(http->method, "GET") && !streq(http->method, "HEAD"))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        if (!streq(http->path, paths[i].path))
            continue;
        if (may_read(api, http->peer)) {
            paths[i].answer(api, http, resp);
        } else {
            resp->status = 403;
            resp->content_type = "text/plain";
            buf_add_str(&resp->body, "Not from here: see the key `monitoring` in croftd(8)\n");
        }
        return true;
    }
    return false;
}
