/* The facts of a line of the log. */
#include "base/log.h"

#include <string.h>

#include "unit.h"

static void assert_field(const struct log_field *f, const char *key, const char *value)
{
    ck_assert_uint_eq(f->key_len, strlen(key));
    ck_assert_int_eq(strncmp(f->key, key, f->key_len), 0);
    ck_assert_uint_eq(f->value_len, strlen(value));
    ck_assert_int_eq(strncmp(f->value, value, f->value_len), 0);
}

START_TEST(facts_are_words_with_an_equals_sign)
{
    struct log_field v[8];
    ck_assert_uint_eq(
        log_fields("call action=RunInstances  request=1-2 x= reason=\"no room = full\" end", v, 8),
        4);
    assert_field(&v[0], "action", "RunInstances");
    assert_field(&v[1], "request", "1-2");
    assert_field(&v[2], "x", "");
    assert_field(&v[3], "reason", "no room = full");
}
END_TEST

START_TEST(what_is_no_fact_is_passed_over)
{
    struct log_field v[8];
    ck_assert_uint_eq(log_fields("", v, 8), 0);
    ck_assert_uint_eq(log_fields("plain words A=1 =x -a=b", v, 8), 0);
    ck_assert_uint_eq(log_fields("a=1 b=2 c=3", v, 2), 2);
    ck_assert_uint_eq(log_fields("why=\"cut sho", v, 8), 1);
    assert_field(&v[0], "why", "cut sho");
}
END_TEST

static char seen[256];

static bool remember(int priority, const char *message, size_t len)
{
    ck_assert_int_eq(priority, 4);
    memcpy(seen, message, len);
    seen[len] = '\0';
    return true;
}

START_TEST(nothing_in_a_line_ends_it_or_speaks_to_a_terminal)
{
    log_set_sink(remember);
    log_warning("guest says=%s", "a\nb\033[31mc\x7f \xc2\x9b"
                                 "d\x9b"
                                 "e\xff größe");
    log_set_sink(NULL);
    ck_assert_str_eq(seen, "guest says=a b [31mc    d e  größe");
}
END_TEST

UNIT_SUITE(facts_are_words_with_an_equals_sign, what_is_no_fact_is_passed_over,
           nothing_in_a_line_ends_it_or_speaks_to_a_terminal)
