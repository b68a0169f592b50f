/* Counting from several threads, and what is shown of it. */
#include "base/metric.h"

#include <pthread.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

#define THREADS 4
#define TIMES   20000

static const char *letter(size_t i)
{
    static const char *const letters[] = {"a", "b\"\\", "c"};
    return letters[i];
}

/* There is one set of metrics for a process, so this is one test of all that is shown. */
static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < TIMES; i++) {
        metric_count(METRIC_REQUESTS, 1, 2);
        metric_observe(METRIC_REQUEST_TIME, 1, 1000 + i % 2);
    }
    return NULL;
}

static void assert_shows(const char *text, const char *line)
{
    ck_assert_msg(strstr(text, line) != NULL, "no line '%s' in:\n%s", line, text);
}

START_TEST(what_threads_count_at_once_adds_up_and_is_shown)
{
    pthread_t threads[THREADS];
    _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
    metric_count(METRIC_REQUESTS, 0, 0); /* before the start: nowhere */
    metrics_render(&out);
    ck_assert_uint_eq(out.len, 0);

    const enum metric_label_id others[] = {METRIC_LABEL_ACTION,      METRIC_LABEL_CODE,
                                           METRIC_LABEL_CHECK,       METRIC_LABEL_INSTANCE_STATE,
                                           METRIC_LABEL_VOLUME_TYPE, METRIC_LABEL_JOB};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        metric_label(others[i], 3, letter);
    metrics_start();
    ck_assert_int_eq(metric_get(METRIC_REQUESTS, 0, 0), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    metric_set(METRIC_STARTED_AT, 0, 0, 1700000000042);
    metric_add(METRIC_CONNECTIONS, METRIC_LISTENER_UNIX, 0, -1);
    metric_observe(METRIC_JOB_TIME, 0, 3600000000);
    ck_assert_int_eq(metric_get(METRIC_REQUESTS, 1, 2), THREADS * TIMES);

    metrics_render(&out);
    const char *text = buf_str(&out);
    ck_assert(!out.failed);
    assert_shows(text, "\ncroft_requests_total{action=\"b\\\"\\\\\",code=\"c\"} 80000\n");
    ck_assert_ptr_null(strstr(text, "action=\"a\"")); /* not counted */
    /* A bound belongs to its bucket, and a bucket has all below it. */
    assert_shows(text, "_bucket{action=\"b\\\"\\\\\",le=\"0.001\"} 40000\n");
    assert_shows(text, "_bucket{action=\"b\\\"\\\\\",le=\"0.0025\"} 80000\n");
    assert_shows(text, "_bucket{action=\"b\\\"\\\\\",le=\"+Inf\"} 80000\n");
    assert_shows(text, "_sum{action=\"b\\\"\\\\\"} 80.040000\n");
    assert_shows(text, "_count{action=\"b\\\"\\\\\"} 80000\n");
    assert_shows(text, "croft_job_duration_seconds_bucket{kind=\"a\",le=\"60\"} 0\n");
    assert_shows(text, "croft_job_duration_seconds_bucket{kind=\"a\",le=\"+Inf\"} 1\n");
    assert_shows(text, "\nprocess_start_time_seconds 1700000000.042\n");
    assert_shows(text, "\ncroft_connections{listener=\"unix\"} -1\n");
    assert_shows(text, "\ncroft_connections{listener=\"tcp\"} 0\n");
    assert_shows(text, "\ncroft_build_info{version=\"" CROFT_VERSION "\"} 1\n");
}
END_TEST

UNIT_SUITE(what_threads_count_at_once_adds_up_and_is_shown)
