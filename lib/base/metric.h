#pragma once
/*
 * Metrics: numbers about this process, for whoever watches it. metrics.def lists them; each is one
 * line there and one where it is counted:
 *
 *     metric_count(METRIC_THROTTLED, action_index(action), 0);
 *
 * A label has a fixed set of values, named by a number from 0 on; whoever knows them says how many
 * there are (metric_label()). So the series are bounded, and counting is one atomic addition: there
 * is no lock, and nothing is allocated after metrics_start().
 *
 * There is one set for the process, as there is one log. Before metrics_start(), which comes before
 * the threads, nothing is counted.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum metric {
#define METRIC(id, ...) METRIC_##id,
#include "base/metrics.def"
#undef METRIC
    METRIC_MAX
};

/* Some have values that are the same everywhere, in metric.c; the rest belong to other rooms. */
enum metric_label_id {
    METRIC_LABEL_NONE,
    METRIC_LABEL_VERSION,
    METRIC_LABEL_LISTENER,  /* enum metric_listener */
    METRIC_LABEL_JOB_STATE, /* enum metric_job_state, and so on */
    METRIC_LABEL_JOB_RESULT,
    METRIC_LABEL_RESULT,
    METRIC_LABEL_ROOM,
    METRIC_LABEL_ACTION,         /* api: rows of actions.def, and one for none */
    METRIC_LABEL_CODE,           /* api: enum fault_code, and OK */
    METRIC_LABEL_CHECK,          /* api: enum health_check */
    METRIC_LABEL_INSTANCE_STATE, /* api: enum instance_state */
    METRIC_LABEL_VOLUME_TYPE,    /* api: core/volume_type.h */
    METRIC_LABEL_JOB,            /* jobs: kinds of jobs */
    _METRIC_LABEL_MAX
};

enum metric_listener { METRIC_LISTENER_TCP, METRIC_LISTENER_UNIX, METRIC_LISTENER_GUESTS };
enum metric_job_state { METRIC_JOB_QUEUED, METRIC_JOB_RUNNING };
enum metric_job_result { METRIC_JOB_DONE, METRIC_JOB_AGAIN, METRIC_JOB_FAILED };
enum metric_result { METRIC_SUCCEEDED, METRIC_NOT_SUCCEEDED };
enum metric_room { METRIC_ROOM_SIZE, METRIC_ROOM_PROMISED, METRIC_ROOM_FREE };

/* The text of value i, until the next call on this thread. */
typedef const char *metric_value_fn(size_t i);

void metric_label(enum metric_label_id label, size_t n, metric_value_fn *value);
/* All labels are known: makes the numbers, all zero. Once. */
void metrics_start(void);

/* `a` and `b` are values of the metric's labels, 0 where it has none. */
void metric_add(enum metric m, size_t a, size_t b, int64_t n);
void metric_set(enum metric m, size_t a, size_t b, int64_t value);
/* One more observation of a histogram. */
void metric_observe(enum metric m, size_t a, int64_t microseconds);
static inline void metric_count(enum metric m, size_t a, size_t b)
{
    metric_add(m, a, b, 1);
}
/* What it stands at; 0 before the start. Not of a histogram. */
int64_t metric_get(enum metric m, size_t a, size_t b);

/* All of it, in Prometheus' text format (version 0.0.4). */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_render(struct buf *out);
