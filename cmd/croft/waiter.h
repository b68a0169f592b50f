#pragma once
/*
 * Waiters: what an action must answer until something is so. The conditions are those of the AWS
 * SDKs (waiters.def). Pure: nothing is called here.
 */
#include <jansson.h>
#include <stdint.h>

enum wait_verdict { WAIT_ON, WAIT_DONE, WAIT_FAILED };

enum wait_match {
    WAITER_ITSELF,
    MATCH_ALL,
    MATCH_ANY,
    MATCH_SOME,
    MATCH_NONE,
    MATCH_REFUSED,
    MATCH_ANSWERED
};

/* A waiter is a row of WAITER_ITSELF and the rows behind it, up to the next one. */
struct waiter {
    enum wait_match match;
    const char *name;   /* of a waiter: instance-running */
    const char *action; /* of a waiter */
    int64_t seconds;    /* of a waiter: how long it is worth waiting */
    enum wait_verdict verdict;
    const char *value; /* of a condition: the text, or the code of a refusal */
    const char *path;  /* "Reservations.Instances.State.Name": lists on the way are walked */
};

/* All rows; the last one has neither a name nor a path and is WAITER_ITSELF. */
extern const struct waiter waiters[];

/* NULL when there is none. */
const struct waiter *waiter_find(const char *name);
/* After `w`, or the first for NULL; NULL at the end. */
const struct waiter *waiter_next(const struct waiter *w);
/*
 * What a reply means; `reply` is NULL when the call was refused with `code`. *ret_why is the row
 * that decided, or NULL when none did (then a refusal is WAIT_FAILED).
 */
enum wait_verdict waiter_judge(const struct waiter *w, const json_t *reply, const char *code,
                               const struct waiter **ret_why);
