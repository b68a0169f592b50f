/* Spot requests' states, prices, and who gives up room. */
#include "core/spot.h"

#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "core/room.h"
#include "unit.h"

static struct spot_request request_in(enum spot_state state, enum spot_status status)
{
    return (struct spot_request){.id = "sir-1", .state = state, .status = status};
}

START_TEST(a_request_is_fulfilled_and_closed)
{
    struct spot_request r = {.id = "sir-1"};
    bool changed = false;
    ck_assert_int_eq(
        spot_request_enter(&r, SPOT_OPEN, SPOT_PENDING_EVALUATION, NULL, 5, &changed, NULL), 0);
    ck_assert(changed);
    ck_assert_str_eq(r.status_message, "Your Spot request has been submitted for review, and is "
                                       "pending evaluation.");
    ck_assert_int_eq(spot_request_enter(&r, SPOT_ACTIVE, SPOT_FULFILLED, NULL, 6, NULL, NULL), 0);
    ck_assert_int_eq(r.state, SPOT_ACTIVE);
    ck_assert_int_eq(r.status_at, 6);
    ck_assert_int_eq(r.ended_at, 0);
    ck_assert_int_eq(
        spot_request_enter(&r, SPOT_CLOSED, SPOT_INSTANCE_TERMINATED_BY_USER, NULL, 7, NULL, NULL),
        0);
    ck_assert_int_eq(r.ended_at, 7);
    ck_assert_int_eq(
        spot_request_enter(&r, SPOT_OPEN, SPOT_PENDING_EVALUATION, NULL, 8, NULL, NULL), -EPERM);
    ck_assert_int_eq(r.state, SPOT_CLOSED);
}
END_TEST

START_TEST(the_same_status_in_the_same_words_keeps_its_time)
{
    struct spot_request r = {.id = "sir-1"};
    bool changed = false;
    (void)spot_request_enter(&r, SPOT_OPEN, SPOT_PRICE_TOO_LOW, "0.1 < 0.2", 5, NULL, NULL);
    ck_assert_int_eq(
        spot_request_enter(&r, SPOT_OPEN, SPOT_PRICE_TOO_LOW, "0.1 < 0.2", 9, &changed, NULL), 0);
    ck_assert(!changed);
    ck_assert_int_eq(r.status_at, 5);
    (void)spot_request_enter(&r, SPOT_OPEN, SPOT_PRICE_TOO_LOW, "0.1 < 0.3", 9, &changed, NULL);
    ck_assert(changed);
    ck_assert_int_eq(r.status_at, 9);
}
END_TEST

START_TEST(a_code_stands_only_in_its_states)
{
    struct spot_request r = request_in(SPOT_ACTIVE, SPOT_FULFILLED);
    struct err e = {0};
    ck_assert_int_eq(spot_request_enter(&r, SPOT_OPEN, SPOT_FULFILLED, NULL, 1, NULL, &e), -EPERM);
    ck_assert_str_eq(e.message, "no spot request is open with the status fulfilled");
    ck_assert_int_eq(r.state, SPOT_ACTIVE);
    r = request_in(SPOT_OPEN, SPOT_PENDING_EVALUATION);
    ck_assert_int_eq(
        spot_request_enter(&r, SPOT_CLOSED, SPOT_INSTANCE_TERMINATED_BY_USER, NULL, 1, NULL, &e),
        -EPERM);
    r = request_in(SPOT_CANCELLED, SPOT_REQUEST_CANCELED_AND_INSTANCE_RUNNING);
    ck_assert_int_eq(spot_request_enter(&r, SPOT_ACTIVE, SPOT_FULFILLED, NULL, 1, NULL, &e),
                     -EPERM);
    ck_assert_int_eq(spot_request_enter(&r, SPOT_CANCELLED, SPOT_INSTANCE_TERMINATED_NO_CAPACITY,
                                        NULL, 1, NULL, &e),
                     0);
}
END_TEST

START_TEST(prices_are_read_and_written)
{
    static const struct {
        const char *text;
        int64_t price;
    } good[] = {{"0.01", 10000},  {".5", 500000},      {"1", 1000000},    {"1.", 1000000},
                {"0.0000019", 1}, {"0.031400", 31400}, {"000.1", 100000}, {"1000", 1000000000}};
    static const char *const bad[] = {
        "",    ".",         "-1",     "+1",  "0",
        "0.0", "1,5",       "1e3",    " 1",  "1 ",
        "$1",  "0.0000001", "1000.1", "nan", "99999999999999999999999999"};
    char text[SPOT_PRICE_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        int64_t price = 0;
        ck_assert_msg(spot_price_parse(good[i].text, &price) == 0, "%s", good[i].text);
        ck_assert_int_eq(price, good[i].price);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t price = 7;
        ck_assert_msg(spot_price_parse(bad[i], &price) == -EINVAL, "%s", bad[i]);
        ck_assert_int_eq(price, 7);
    }
    spot_price_format(10400, text);
    ck_assert_str_eq(text, "0.010400");
    spot_price_format(12345678, text);
    ck_assert_str_eq(text, "12.345678");
}
END_TEST

START_TEST(prices_are_close_to_those_of_aws_and_rise_with_the_load)
{
    static const struct {
        const char *name;
        int64_t aws; /* us-east-1, Linux, on demand */
    } known[] = {{"t3.micro", 10400},  {"m5.large", 96000},    {"m5.24xlarge", 4608000},
                 {"c5.large", 85000},  {"r5.large", 126000},   {"m6g.large", 77000},
                 {"t4g.small", 16800}, {"m6i.2xlarge", 384000}};
    struct instance_type_table types = instance_type_builtin();
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        const struct instance_type *type = instance_type_find(&types, known[i].name);
        ck_assert_ptr_nonnull(type);
        int64_t price = spot_on_demand_price(type);
        ck_assert_msg(price * 100 >= known[i].aws * 90 && price * 100 <= known[i].aws * 110,
                      "%s costs %lld", type->name, (long long)price);
    }
    int64_t last = 0;
    for (int64_t percent = 0; percent <= 100; percent += 5) {
        int64_t price = spot_price(96000, percent);
        ck_assert_int_gt(price, last);
        last = price;
    }
    ck_assert_int_eq(spot_price(96000, 0), 28800);
    ck_assert_int_eq(last, 96000); /* never more than on demand */
    ck_assert_int_eq(spot_used_percent(0, 1000), 0);
    ck_assert_int_eq(spot_used_percent(499, 1000), 45);
    ck_assert_int_eq(spot_used_percent(500, 1000), 50);
    ck_assert_int_eq(spot_used_percent(1500, 1000), 100);
    ck_assert_int_eq(spot_used_percent(1, 0), 100);
}
END_TEST

#define MANY 8

/* "0 2": the indexes of those that are chosen, in order. */
static const char *chosen(const struct spot_candidate *v, size_t n)
{
    static char text[64];
    size_t len = 0;
    text[0] = '\0';
    for (size_t index = 0; index < MANY; index++)
        for (size_t i = 0; i < n; i++)
            if (v[i].index == index && v[i].chosen)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%zu", len > 0 ? " " : "",
                                        index);
    return text;
}

/* Sizes from the oldest to the youngest. */
static const char *choose(int64_t mib, size_t n, const int64_t *sizes, bool enough)
{
    struct spot_candidate v[MANY] = {{0}};
    for (size_t i = 0; i < n; i++)
        v[i] = (struct spot_candidate){.index = i, .mib = sizes[i], .launched_at = (int64_t)i};
    ck_assert_int_eq(spot_choose(v, n, mib), enough);
    return chosen(v, n);
}

#define SIZES(...)                                                                                 \
    sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[])                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

START_TEST(as_few_as_can_be_go_and_the_youngest_of_them)
{
    ck_assert_str_eq(choose(10, SIZES(10, 10, 10), true), "2");
    ck_assert_str_eq(choose(11, SIZES(10, 10, 10), true), "1 2");
    /* One large one before two small ones, however old. */
    ck_assert_str_eq(choose(20, SIZES(20, 10, 10), true), "0");
    /* Of the pairs that do, the one with the youngest, and then the next. */
    ck_assert_str_eq(choose(25, SIZES(10, 20, 20, 10, 5), true), "2 4");
    ck_assert_str_eq(choose(30, SIZES(20, 20, 10, 10), true), "1 3");
    ck_assert_str_eq(choose(40, SIZES(20, 20, 10, 10), true), "0 1");
    ck_assert_str_eq(choose(60, SIZES(20, 20, 10, 10), true), "0 1 2 3");
    ck_assert_str_eq(choose(61, SIZES(20, 20, 10, 10), false), "0 1 2 3");
    ck_assert_str_eq(choose(0, SIZES(20, 20), true), "");
    ck_assert_str_eq(choose(-5, SIZES(20, 20), true), "");
}
END_TEST

START_TEST(no_smaller_set_would_have_done)
{
    unsigned seed = 7;
    for (int round = 0; round < 2000; round++) {
        struct spot_candidate v[MANY] = {{0}};
        int64_t sizes[MANY];
        int64_t all = 0;
        for (size_t i = 0; i < MANY; i++) {
            sizes[i] = 1 + rand_r(&seed) % 9;
            all += sizes[i];
            v[i] = (struct spot_candidate){.index = i, .mib = sizes[i], .launched_at = (int64_t)i};
        }
        int64_t need = 1 + rand_r(&seed) % all;
        ck_assert(spot_choose(v, MANY, need));
        size_t count = 0;
        int64_t freed = 0;
        for (size_t i = 0; i < MANY; i++)
            if (v[i].chosen) {
                count++;
                freed += v[i].mib;
            }
        ck_assert_int_ge(freed, need);
        for (unsigned set = 0; set < 1U << MANY; set++) {
            int64_t sum = 0;
            for (size_t i = 0; i < MANY; i++)
                sum += (set >> i & 1) != 0 ? sizes[i] : 0;
            ck_assert(sum < need || (size_t)__builtin_popcount(set) >= count);
        }
    }
}
END_TEST

START_TEST(the_oldest_are_let_off_while_the_rest_is_enough)
{
    struct spot_candidate v[] = {{.index = 0, .mib = 10, .launched_at = 0, .chosen = true},
                                 {.index = 1, .mib = 20, .launched_at = 1, .chosen = true},
                                 {.index = 2, .mib = 10, .launched_at = 2, .chosen = true},
                                 {.index = 3, .mib = 10, .launched_at = 3}};
    spot_let_off(v, 4, 40);
    ck_assert_str_eq(chosen(v, 4), "0 1 2");
    spot_let_off(v, 4, 25);
    ck_assert_str_eq(chosen(v, 4), "1 2");
    spot_let_off(v, 4, 15);
    ck_assert_str_eq(chosen(v, 4), "1");
    spot_let_off(v, 4, 0);
    ck_assert_str_eq(chosen(v, 4), "");
}
END_TEST

START_TEST(a_notice_says_what_and_when)
{
    struct spot_notice notice = {0};
    struct instance i = {.spot_request_id = "sir-1"};
    ck_assert(!spot_notice_of(&i, &notice));
    i.interruption_action = "stop";
    i.interruption_at = 77;
    ck_assert(spot_notice_of(&i, &notice));
    ck_assert_str_eq(notice.action, "stop");
    ck_assert_int_eq(notice.at, 77);
}
END_TEST

START_TEST(room_is_short_by_what_was_promised_beyond_it)
{
    struct room r = {.size = 100, .promised = 90, .held = 10, .spot = 30};
    ck_assert_int_eq(room_free(&r), 10);
    ck_assert_int_eq(room_on_demand(&r), 40);
    ck_assert_int_eq(room_present(&r), 20);
    ck_assert_int_eq(room_short(&r), 0);
    r.promised = 115; /* 25 more, for one that waits */
    r.waiting = 25;
    ck_assert_int_eq(room_short(&r), 15);
    ck_assert(!room_takes(&r, 25));
    r.ending = 10;
    ck_assert_int_eq(room_short(&r), 5);
    r.promised = 100; /* spot instances of 15 have gone */
    r.spot = 15;
    r.ending = 0;
    ck_assert_int_eq(room_short(&r), 0);
    ck_assert(room_takes(&r, 25));
    r.waiting = 0; /* nobody waits: nobody has to go, although there is less room than promised */
    r.size = 50;
    ck_assert_int_eq(room_short(&r), 0);
}
END_TEST

UNIT_SUITE(a_request_is_fulfilled_and_closed, the_same_status_in_the_same_words_keeps_its_time,
           a_code_stands_only_in_its_states, prices_are_read_and_written,
           prices_are_close_to_those_of_aws_and_rise_with_the_load,
           as_few_as_can_be_go_and_the_youngest_of_them, no_smaller_set_would_have_done,
           the_oldest_are_let_off_while_the_rest_is_enough, a_notice_says_what_and_when,
           room_is_short_by_what_was_promised_beyond_it)
