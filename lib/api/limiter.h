#pragma once
/*
 * Buckets of tokens: each holds so many, is full at first, and is filled up by so many a second.
 *
 *     struct limiter *l = limiter_new(LIMITER_BUCKETS_MAX);
 *     const struct limit of = {.size = 100, .refill = 20};
 *     if (limiter_take(l, "123456789012 us-east-1 READS", &of, 1, clock_monotonic_us(), &tell) < 0)
 *         ... refuse, and say it in the log if `tell`
 *
 * Buckets are found by name and made when they are asked for. There are `max` at most; then the one
 * that was not asked for longest makes room. It is full by then or nearly so, and a full one need
 * not be kept. Time is the caller's, in microseconds that never go back. Thread-safe.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMITER_BUCKETS_MAX 4096
#define LIMITER_NAME_MAX    128 /* of a bucket, with its NUL */

struct limiter;

struct limit {
    int64_t size;   /* tokens */
    int64_t refill; /* tokens a second */
};

struct limiter *limiter_new(size_t max);
void limiter_free(struct limiter *l);
/*
 * 0: there were n tokens and they are taken. -EAGAIN: there are not, and none is; *ret_tell is true
 * for the first time in a minute of the bucket. A name that is too long is a programmer's error.
 */
int limiter_take(struct limiter *l, const char *name, const struct limit *of, int64_t n,
                 int64_t now_us, bool *ret_tell);
size_t limiter_count(struct limiter *l); /* of buckets that are kept */
