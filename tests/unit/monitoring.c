/* Who may read what monitors read, and what they find when a part of the server fails. */
#include "api/monitoring.h"

#include <errno.h>
#include <jansson.h>

#include "api/health.h"
#include "base/clock.h"
#include "base/text.h"
#include "hypervisor/fake.h"
#include "storage/fake.h"
#include "support/calls.h"
#include "unit.h"

static struct calls *k;
static struct api api;
static struct jobs_config jobs_config;
static struct hypervisor *hypervisor;
static struct jobs_progress progress;
static const char *network_broken;

static void no_event(void *ctx, enum domain_event what, const char *instance_id)
{
    (void)ctx;
    (void)what;
    (void)instance_id;
}

static void tell_progress(void *ctx, struct jobs_progress *ret_progress)
{
    (void)ctx;
    *ret_progress = progress;
}

static int list_networks(struct network *n, struct arena *a, struct net_names *ret_ids,
                         struct err *e)
{
    (void)n;
    (void)a;
    (void)ret_ids;
    return network_broken == NULL ? 0 : err_set(e, EIO, "%s", network_broken);
}

static void set_up(void)
{
    static const struct network_ops ops = {.name = "test", .list = list_networks};
    static struct network network = {.ops = &ops};
    k = calls_new();
    network_broken = NULL;
    progress = (struct jobs_progress){.reconciled_at = clock_now(), .reconciles = true};
    jobs_config = (struct jobs_config){.disk_full_percent = 95};
    ck_assert_int_eq(fake_hypervisor_new(no_event, NULL, &hypervisor), 0);
    k->config.hypervisor = hypervisor;
    k->config.network = &network;
    k->config.jobs = &jobs_config;
    k->config.progress = tell_progress;
    api = (struct api){.config = k->config, .started_at = clock_now()};
}

static void take_down(void)
{
    hypervisor->ops->free(hypervisor);
    calls_free(k);
}

static int ask(const char *path, const struct http_peer *peer, struct buf *ret_body)
{
    const struct http_request request = {
        .method = "GET", .path = path, .query = "", .body = "", .peer = peer, .arena = k->arena};
    struct http_response response = {.status = 200, .body = BUF_INIT(HTTP_RESPONSE_MAX)};
    ck_assert(monitoring_handle(&api, &request, &response));
    if (ret_body != NULL)
        *ret_body = response.body;
    else
        buf_done(&response.body);
    return response.status;
}

START_TEST(the_configuration_says_who_may_read)
{
    static const struct http_peer peers[] = {
        {.is_unix = true, .address = "unix"},
        {.address = "127.0.0.1"},
        {.address = "::1"},
        {.address = "192.0.2.7"},
        {.address = "172.31.0.9", .network = 3},
        {.address = "127.0.0.1", .network = 3},
    };
    static const bool may[][ARRAY_SIZE(peers)] = {
        [MONITORING_LOOPBACK] = {true, true, true, false, false, false},
        [MONITORING_SOCKET] = {true, false, false, false, false, false},
        [MONITORING_EVERYONE] = {true, true, true, true, false, false},
        [MONITORING_NOBODY] = {false, false, false, false, false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(may); i++)
        for (size_t p = 0; p < ARRAY_SIZE(peers); p++) {
            api.config.monitoring = (enum monitoring)i;
            ck_assert_int_eq(ask("/metrics", &peers[p], NULL), may[i][p] ? 200 : 403);
            ck_assert_int_eq(ask("/healthz", &peers[p], NULL), may[i][p] ? 200 : 403);
        }
}
END_TEST

START_TEST(a_word_of_the_configuration_is_one_of_four)
{
    enum monitoring m = MONITORING_LOOPBACK;
    ck_assert_int_eq(monitoring_parse("no", &m), 0);
    ck_assert_int_eq(m, MONITORING_NOBODY);
    ck_assert_int_eq(monitoring_parse("yes", &m), -EINVAL);
    ck_assert_int_eq(monitoring_parse("", &m), -EINVAL);
    ck_assert_int_eq(m, MONITORING_NOBODY);
}
END_TEST

static void assert_fails(const char *check, const char *reason)
{
    static const struct http_peer peer = {.address = "127.0.0.1"};
    struct buf body;
    int status = ask("/healthz", &peer, &body);
    json_t *said = json_loads(buf_str(&body), 0, NULL);
    const char *name = NULL;
    json_t *value = NULL;
    ck_assert_ptr_nonnull(said);
    json_object_foreach(json_object_get(said, "checks"), name, value)
    {
        bool ok = json_is_true(json_object_get(value, "ok"));
        ck_assert_msg(ok == !streq(name, check), "%s: %s", name, buf_str(&body));
        if (!ok)
            ck_assert_ptr_nonnull(
                strstr(json_string_value(json_object_get(value, "detail")), reason));
    }
    ck_assert_int_eq(status, check == NULL ? 200 : 503);
    ck_assert_str_eq(json_string_value(json_object_get(said, "status")),
                     check == NULL ? "ok" : "failing");
    json_decref(said);
    buf_done(&body);
}

START_TEST(what_fails_is_named_with_its_reason)
{
    assert_fails(NULL, "");

    network_broken = "the kernel has no bridges";
    assert_fails("network", network_broken);
    network_broken = NULL;

    fake_hypervisor_set_connected(hypervisor, false);
    assert_fails("hypervisor", "away");
    fake_hypervisor_set_connected(hypervisor, true);

    fake_storage_set_free(k->storage, 1 << 20);
    assert_fails("disk", "1 MiB of");
    fake_storage_set_free(k->storage, FAKE_STORAGE_ROOM);

    progress.reconciles = false;
    assert_fails("reconciler", "it fails");
    progress.reconciles = true;
    progress.reconciled_at -= (int64_t)4 * JOBS_AUDIT_MS;
    assert_fails("reconciler", "last done");
    progress.reconciled_at = clock_now();

    assert_fails(NULL, "");
}
END_TEST

UNIT_SUITE_WITH(set_up, take_down, the_configuration_says_who_may_read,
                a_word_of_the_configuration_is_one_of_four, what_fails_is_named_with_its_reason)
