#include "api/health.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"

#define RECONCILE_LATE_MS ((int64_t)3 * JOBS_AUDIT_MS)

static const char *const names[_HEALTH_CHECK_MAX] = {
    [HEALTH_DATABASE] = "database",     [HEALTH_HYPERVISOR] = "hypervisor",
    [HEALTH_NETWORK] = "network",       [HEALTH_DISK] = "disk",
    [HEALTH_RECONCILER] = "reconciler",
};

const char *health_check_name(size_t check)
{
    CHECK(check < _HEALTH_CHECK_MAX);
    return names[check];
}

static void set(struct health *h, enum health_check check, bool ok, const char *detail)
{
    h->checks[check].ok = ok;
    h->checks[check].detail = detail;
    h->ok = h->ok && ok;
}

static void look_at_database(struct api *api, struct arena *a, struct health *h)
{
    struct err e = {0};
    struct tx *tx = store_read(api->config.store);
    (void)store_account(tx, a, api->config.account_id);
    bool ok = tx_commit(tx, &e) == 0;
    set(h, HEALTH_DATABASE, ok, ok ? "it answers" : arena_strdup(a, e.message));
}

static void look_at_hypervisor(struct api *api, struct arena *a, struct health *h)
{
    struct err e = {0};
    struct host_info info;
    bool ok = api->config.hypervisor->ops->host_info(api->config.hypervisor, &info, &e) == 0;
    set(h, HEALTH_HYPERVISOR, ok,
        !ok                    ? arena_strdup(a, e.message)
        : info.version == NULL ? api->config.hypervisor->ops->name
                               : arena_strdup(a, info.version));
}

static void look_at_network(struct api *api, struct arena *a, struct health *h)
{
    struct err e = {0};
    struct net_names names_there = {0};
    struct network *n = api->config.network;
    bool ok = n->ops->list(n, a, &names_there, &e) == 0;
    set(h, HEALTH_NETWORK, ok,
        ok ? arena_printf(a, "%zu networks are there", names_there.n) : arena_strdup(a, e.message));
}

static void look_at_disk(struct api *api, struct arena *a, struct health *h)
{
    struct err e = {0};
    struct disk_room room = {0};
    struct storage *s = api->config.storage;
    int64_t full = api->config.jobs->disk_full_percent;
    bool known = s->ops->room(s, &room, &e) == 0;
    bool ok = known && !disk_is_full(&room, full);
    set(h, HEALTH_DISK, ok,
        !known ? arena_strdup(a, e.message)
               : arena_printf(a, "%lld MiB of %lld are free; guests are paused at %lld %% in use",
                              (long long)room.free >> 20, (long long)room.size >> 20,
                              (long long)full));
}

static void look_at_reconciler(struct api *api, struct arena *a, struct health *h)
{
    struct jobs_progress p;
    api->config.progress(api->config.ctx, &p);
    int64_t ago = clock_now() - p.reconciled_at;
    char when[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(p.reconciled_at, when);
    set(h, HEALTH_RECONCILER, p.reconciles && ago < RECONCILE_LATE_MS,
        arena_printf(a, "%s%s", p.reconciles ? "last done " : "it fails since ", when));
}

void health_look(struct api *api, struct arena *a, struct health *ret_health)
{
    struct health h = {.ok = true};
    look_at_database(api, a, &h);
    look_at_hypervisor(api, a, &h);
    look_at_network(api, a, &h);
    look_at_disk(api, a, &h);
    look_at_reconciler(api, a, &h);
    *ret_health = h;
}

json_t *health_json(const struct health *h)
{
    json_t *all = json_object();
    for (size_t i = 0; i < _HEALTH_CHECK_MAX; i++)
        json_object_set_new(
            all, names[i],
            json_pack("{s:b, s:s}", "ok", h->checks[i].ok, "detail", h->checks[i].detail));
    return all;
}
