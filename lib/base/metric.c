#include "base/metric.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"

/*
 * Theory of operation
 *
 * A metric has an array with a cell for each pair of values of its labels; of a histogram it is a
 * row of cells for each value: one for each bucket, one for what is beyond all, one for the sum.
 * The arrays are large (each action with each error code) and nearly empty: untouched pages of a
 * fresh calloc() cost nothing.
 *
 * A scrape reads cell by cell while others count, so it may see a request counted and its time not
 * yet; the next one does. What is derived is derived from what was read: a histogram's count is the
 * sum of its buckets.
 */

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

/* Upper bounds in microseconds, and as they are written. */
static const struct {
    int64_t most;
    const char *text;
} buckets[] = {
    {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},
    {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}, {60000000, "60"},
};

#define N_BUCKETS ARRAY_SIZE(buckets)
#define ROW       (N_BUCKETS + 2)

static const struct description {
    const char *name;
    const char *help;
    enum metric_type type;
    int64_t unit;
    enum metric_label_id labels[2];
} table[] = {
#define METRIC(id, type, name, unit, a, b, help)                                                   \
    {name, help, type, unit, {METRIC_LABEL_##a, METRIC_LABEL_##b}},
#include "base/metrics.def"
#undef METRIC
};

#define VALUES(function, ...)                                                                      \
    static const char *const function##_values[] = {__VA_ARGS__};                                  \
    static const char *function(size_t i)                                                          \
    {                                                                                              \
        return function##_values[i];                                                               \
    }
VALUES(none, "")
VALUES(version, CROFT_VERSION)
VALUES(listener, "tcp", "unix", "guests")
VALUES(job_state, "queued", "running")
VALUES(job_result, "done", "again", "failed")
VALUES(result, "succeeded", "failed")
VALUES(room, "size", "promised", "free")

static struct {
    const char *name;
    size_t n;
    metric_value_fn *value;
} labels[_METRIC_LABEL_MAX] = {
#define OWN(id, name, function)                                                                    \
    [METRIC_LABEL_##id] = {name, ARRAY_SIZE(function##_values), function}
    OWN(NONE, NULL, none),
    OWN(VERSION, "version", version),
    OWN(LISTENER, "listener", listener),
    OWN(JOB_STATE, "state", job_state),
    OWN(JOB_RESULT, "result", job_result),
    OWN(RESULT, "result", result),
    OWN(ROOM, "part", room),
    [METRIC_LABEL_ACTION] = {"action"},
    [METRIC_LABEL_CODE] = {"code"},
    [METRIC_LABEL_CHECK] = {"check"},
    [METRIC_LABEL_INSTANCE_STATE] = {"state"},
    [METRIC_LABEL_VOLUME_TYPE] = {"type"},
    [METRIC_LABEL_JOB] = {"kind"},
#undef OWN
};

static _Atomic int64_t *cells[METRIC_MAX];

static size_t series(const struct description *d)
{
    return labels[d->labels[0]].n * labels[d->labels[1]].n;
}

void metric_label(enum metric_label_id label, size_t n, metric_value_fn *value)
{
    labels[label].n = n;
    labels[label].value = value;
}

void metrics_start(void)
{
    for (size_t m = 0; m < METRIC_MAX; m++) {
        const struct description *d = &table[m];
        CHECK(cells[m] == NULL && series(d) > 0);
        CHECK(d->type != HISTOGRAM || d->labels[1] == METRIC_LABEL_NONE);
        cells[m] = calloc(series(d) * (d->type == HISTOGRAM ? ROW : 1), sizeof(*cells[m]));
        CHECK_MEMORY(cells[m] != NULL);
    }
    metric_set(METRIC_BUILD_INFO, 0, 0, 1);
}

static _Atomic int64_t *cell(enum metric m, size_t a, size_t b)
{
    const struct description *d = &table[m];
    if (cells[m] == NULL)
        return NULL;
    CHECK(a < labels[d->labels[0]].n && b < labels[d->labels[1]].n);
    return &cells[m][(a * labels[d->labels[1]].n + b) * (d->type == HISTOGRAM ? ROW : 1)];
}

void metric_add(enum metric m, size_t a, size_t b, int64_t n)
{
    _Atomic int64_t *c = cell(m, a, b);
    if (c != NULL)
        (void)atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

void metric_set(enum metric m, size_t a, size_t b, int64_t value)
{
    _Atomic int64_t *c = cell(m, a, b);
    if (c != NULL)
        atomic_store_explicit(c, value, memory_order_relaxed);
}

int64_t metric_get(enum metric m, size_t a, size_t b)
{
    const _Atomic int64_t *c = cell(m, a, b);
    return c == NULL ? 0 : atomic_load_explicit(c, memory_order_relaxed);
}

void metric_observe(enum metric m, size_t a, int64_t microseconds)
{
    _Atomic int64_t *row = cell(m, a, 0);
    size_t i = 0;
    if (row == NULL)
        return;
    while (i < N_BUCKETS && microseconds > buckets[i].most)
        i++;
    (void)atomic_fetch_add_explicit(&row[i], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&row[N_BUCKETS + 1], microseconds, memory_order_relaxed);
}

/* --- the text */

static void add_number(struct buf *out, int64_t value, int64_t unit)
{
    if (unit == 1)
        buf_printf(out, " %lld\n", (long long)value);
    else if (unit == 1000)
        buf_printf(out, " %lld.%03lld\n", (long long)(value / unit), (long long)(value % unit));
    else
        buf_printf(out, " %lld.%06lld\n", (long long)(value / unit), (long long)(value % unit));
}

static void add_escaped(struct buf *out, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            buf_add_char(out, '\\');
        buf_add_char(out, *value);
    }
}

static void add_label(struct buf *out, const char *name, const char *value, bool *more)
{
    buf_add_str(out, *more ? "," : "{");
    buf_printf(out, "%s=\"", name);
    add_escaped(out, value);
    buf_add_char(out, '"');
    *more = true;
}

/* The name and labels of a series; `bound` is the label of a bucket, NULL: none. */
static void add_series(struct buf *out, const struct description *d, const char *suffix, size_t i,
                       const char *bound)
{
    const size_t values[2] = {i / labels[d->labels[1]].n, i % labels[d->labels[1]].n};
    bool more = false;
    buf_printf(out, "%s%s", d->name, suffix);
    for (size_t k = 0; k < ARRAY_SIZE(values); k++)
        if (d->labels[k] != METRIC_LABEL_NONE)
            add_label(out, labels[d->labels[k]].name, labels[d->labels[k]].value(values[k]), &more);
    if (bound != NULL)
        add_label(out, "le", bound, &more);
    if (more)
        buf_add_char(out, '}');
}

static void add_histogram(struct buf *out, const struct description *d, size_t i,
                          const _Atomic int64_t *row)
{
    int64_t counts[N_BUCKETS + 1];
    int64_t total = 0;
    for (size_t k = 0; k < ARRAY_SIZE(counts); k++)
        total += counts[k] = atomic_load_explicit(&row[k], memory_order_relaxed);
    if (total == 0)
        return;
    int64_t sum = atomic_load_explicit(&row[N_BUCKETS + 1], memory_order_relaxed);
    int64_t so_far = 0;
    for (size_t k = 0; k < ARRAY_SIZE(counts); k++) {
        so_far += counts[k];
        add_series(out, d, "_bucket", i, k < N_BUCKETS ? buckets[k].text : "+Inf");
        add_number(out, so_far, 1);
    }
    add_series(out, d, "_sum", i, NULL);
    add_number(out, sum, d->unit);
    add_series(out, d, "_count", i, NULL);
    add_number(out, total, 1);
}

/* Every gauge is shown, also at 0; of a counter with labels only what has been counted. */
static void add_plain(struct buf *out, const struct description *d, size_t i, int64_t value)
{
    if (value == 0 && d->type == COUNTER && d->labels[0] != METRIC_LABEL_NONE)
        return;
    add_series(out, d, "", i, NULL);
    add_number(out, value, d->unit);
}

void metrics_render(struct buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    for (size_t m = 0; m < METRIC_MAX && cells[m] != NULL; m++) {
        const struct description *d = &table[m];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name, types[d->type]);
        for (size_t i = 0; i < series(d); i++)
            if (d->type == HISTOGRAM)
                add_histogram(out, d, i, &cells[m][i * ROW]);
            else
                add_plain(out, d, i, atomic_load_explicit(&cells[m][i], memory_order_relaxed));
    }
}
