#pragma once
/*
 * Paths to be looked at, and what looking at them came to (AWS: "Reachability Analyzer"). An
 * analysis is of the moment in which it ran; its findings stay as they were.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

#define INSIGHTS_PATHS_MAX    100  /* of an account in a region (AWS: "Quotas") */
#define INSIGHTS_ANALYSES_MAX 1000 /* likewise */
#define INSIGHTS_RUNNING_MAX  6    /* at once, likewise */

struct network_insights_path {
    const char *id; /* nip-… */
    const char *account_id;
    const char *region;
    const char *source_id;      /* i-…, eni-…; igw-…: from outside */
    const char *source_ip;      /* NULL: the primary address; of an igw-: the server itself */
    const char *destination_id; /* i-…, eni-…; NULL or igw-…: destination_ip, outside */
    const char *destination_ip;
    const char *protocol;     /* tcp, udp, icmp */
    int64_t destination_port; /* 0: none */
    int64_t created_at;
};

/*
 *   start -> running ----> succeeded   an answer, be it yes or no
 *               |
 *               +--------> failed      no answer: an end of the path is gone
 */
enum insights_state { INSIGHTS_RUNNING, INSIGHTS_SUCCEEDED, INSIGHTS_FAILED, _INSIGHTS_STATE_MAX };

extern const struct state_table insights_states;

struct network_insights_analysis {
    const char *id; /* nia-… */
    const char *account_id;
    const char *region;
    const char *path_id;
    int state; /* enum insights_state; read it, never assign it */
    const char *status_message;
    bool path_found;
    const char *findings; /* JSON of what the reply shows of it; NULL: none yet */
    int64_t started_at;
};

/* The one place that assigns the state. 0 or -EPERM. */
int insights_enter_state(struct network_insights_analysis *n, enum insights_state to,
                         struct err *e);
