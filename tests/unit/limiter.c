/* Buckets of tokens, on a clock that stands until it is moved. */
#include "api/limiter.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "unit.h"

#define SECOND INT64_C(1000000)

static struct limiter *l;
static int64_t now;
static bool tell;

static void before(void)
{
    l = limiter_new(4);
    now = 5 * SECOND;
}

static void after(void)
{
    limiter_free(l);
}

/* How many of so many requests get a token. */
static int let_through(const char *name, struct limit of, int requests)
{
    int n = 0;
    for (int i = 0; i < requests; i++)
        n += limiter_take(l, name, &of, 1, now, &tell) == 0;
    return n;
}

START_TEST(a_bucket_is_full_at_first_and_fills_up_by_and_by)
{
    const struct limit of = {.size = 100, .refill = 20};
    ck_assert_int_eq(let_through("a", of, 150), 100);
    ck_assert_int_eq(let_through("a", of, 10), 0);
    now += SECOND / 2;
    ck_assert_int_eq(let_through("a", of, 150), 10);
    now += SECOND / 20 - 1; /* a token takes a twentieth of a second */
    ck_assert_int_eq(let_through("a", of, 10), 0);
    now += 1;
    ck_assert_int_eq(let_through("a", of, 10), 1);
    for (int i = 0; i < 200; i++) { /* whatever the steps, what passed in all counts */
        now += SECOND / 200;
        (void)let_through("b", of, 0);
    }
    ck_assert_int_eq(let_through("a", of, 150), 20);
}
END_TEST

START_TEST(a_bucket_holds_its_size_however_long_nobody_asks)
{
    const struct limit of = {.size = 5, .refill = 2};
    ck_assert_int_eq(let_through("a", of, 9), 5);
    now += 3600 * SECOND;
    ck_assert_int_eq(let_through("a", of, 9), 5);
    now = INT64_MAX / 2;
    ck_assert_int_eq(let_through("a", of, 9), 5);
    const struct limit once = {.size = 3, .refill = 0};
    ck_assert_int_eq(let_through("b", once, 9), 3);
    now += 3600 * SECOND;
    ck_assert_int_eq(let_through("b", once, 9), 0);
    const struct limit largest = {.size = 1000000, .refill = 20000};
    now = INT64_MAX - SECOND;
    ck_assert_int_eq(limiter_take(l, "c", &largest, 1000000, now, &tell), 0);
    now += SECOND;
    ck_assert_int_eq(limiter_take(l, "c", &largest, 20000, now, &tell), 0);
    ck_assert_int_eq(limiter_take(l, "c", &largest, 1, now, &tell), -EAGAIN);
}
END_TEST

START_TEST(several_tokens_are_taken_all_or_none)
{
    const struct limit of = {.size = 10, .refill = 1};
    ck_assert_int_eq(limiter_take(l, "a", &of, 11, now, &tell), -EAGAIN);
    ck_assert_int_eq(limiter_take(l, "a", &of, 7, now, &tell), 0);
    ck_assert_int_eq(limiter_take(l, "a", &of, 4, now, &tell), -EAGAIN);
    ck_assert_int_eq(limiter_take(l, "a", &of, 3, now, &tell), 0);
    ck_assert_int_eq(limiter_take(l, "a", &of, 0, now, &tell), 0);
}
END_TEST

START_TEST(there_are_so_many_buckets_and_the_oldest_makes_room)
{
    const struct limit of = {.size = 2, .refill = 0};
    for (const char *name = "abcd"; *name != '\0'; name++) {
        char one[2] = {*name, '\0'};
        ck_assert_int_eq(let_through(one, of, 3), 2);
    }
    ck_assert_uint_eq(limiter_count(l), 4);
    ck_assert_int_eq(let_through("a", of, 1), 0); /* and "b" is the oldest now */
    ck_assert_int_eq(let_through("e", of, 3), 2);
    ck_assert_uint_eq(limiter_count(l), 4);
    ck_assert_int_eq(let_through("a", of, 1), 0);
    ck_assert_int_eq(let_through("c", of, 1), 0);
    ck_assert_int_eq(let_through("b", of, 3), 2);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "n%d", i);
        ck_assert_int_eq(let_through(name, of, 3), 2);
    }
    ck_assert_uint_eq(limiter_count(l), 4);
}
END_TEST

START_TEST(a_refusal_is_told_once_a_minute)
{
    const struct limit of = {.size = 1, .refill = 0};
    ck_assert_int_eq(limiter_take(l, "a", &of, 1, now, &tell), 0);
    ck_assert(!tell);
    for (int minute = 0; minute < 3; minute++) {
        ck_assert_int_eq(limiter_take(l, "a", &of, 1, now, &tell), -EAGAIN);
        ck_assert(tell);
        for (int i = 0; i < 10; i++) {
            ck_assert_int_eq(limiter_take(l, "a", &of, 1, now, &tell), -EAGAIN);
            ck_assert(!tell);
            now += 5 * SECOND;
        }
        now += 10 * SECOND;
    }
}
END_TEST

static atomic_int given;

static void *ask(void *arg)
{
    const struct limit *of = arg;
    bool told = false;
    for (int i = 0; i < 5000; i++)
        if (limiter_take(l, i % 2 == 0 ? "a" : "b", of, 1, now, &told) == 0)
            (void)atomic_fetch_add(&given, 1);
    return NULL;
}

START_TEST(no_token_is_given_twice)
{
    struct limit of = {.size = 1000, .refill = 0};
    pthread_t threads[4];
    atomic_store(&given, 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, &of), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        (void)pthread_join(threads[i], NULL);
    ck_assert_int_eq(atomic_load(&given), 2000);
}
END_TEST

UNIT_SUITE_WITH(before, after, a_bucket_is_full_at_first_and_fills_up_by_and_by,
                a_bucket_holds_its_size_however_long_nobody_asks,
                several_tokens_are_taken_all_or_none,
                there_are_so_many_buckets_and_the_oldest_makes_room,
                a_refusal_is_told_once_a_minute, no_token_is_given_twice)
