/* Patterns with wildcards, and how much work they make. */
#include "base/wildcard.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "unit.h"

START_TEST(a_pattern_stands_for_what_it_says)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"*b?d*", "abcbbde", true},
        {"*b?d*", "abcbde", false},
        {"*?b*?b*", "abab", true},
        {"*?b*?b*", "abb", false},
        {"*?\xc3\xa4*", "\xc3\xa4", false},
        {"*?\xc3\xa4*", "\xc3\xa4\xc3\xa4", true},
        {"*\xc3\xa4?*z", "a\xc3\xa4\xe2\x82\xacz", true},
        {"*a??*", "a\xe2\x82\xac", false},
        {"*a??*", "a\xe2\x82\xac\xf0\x9f\x99\x82", true},
        {"*\\**", "a*b", true},
        {"*\\**", "ab", false},
        {"*\\?b*", "a?b", true},
        {"*\\?b*", "acb", false},
        {"*\\", "a\\", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(wildcard_match(rows[i].pattern, rows[i].text) == rows[i].matches, "%s on %s",
                      rows[i].pattern, rows[i].text);
}
END_TEST

/* A piece of more elements than a word has bits. */
START_TEST(a_long_piece_is_found_where_it_stands)
{
    for (size_t n = 60; n < 200; n++) {
        _cleanup_arena_ struct arena *a = arena_new();
        char *piece = arena_alloc(a, n + 1);
        memset(piece, 'a', n);
        piece[n / 2] = '?';
        const char *pattern = arena_printf(a, "*%s*b", piece);
        piece[n / 2] = 'x';
        ck_assert(wildcard_match(pattern, arena_printf(a, "aaaxaa%sab", piece)));
        ck_assert(wildcard_match(pattern, arena_printf(a, "%sb", piece)));
        piece[n / 2 + 1] = 'x';
        ck_assert(!wildcard_match(pattern, arena_printf(a, "%sb", piece)));
        piece[n - 1] = '\0';
        ck_assert(!wildcard_match(pattern, arena_printf(a, "%sb", piece)));
    }
}
END_TEST

static void repeat(struct buf *b, const char *text, size_t times)
{
    while (times-- > 0)
        buf_add_str(b, text);
}

/* What makes a matcher that goes back try every place, or every division of the text. */
START_TEST(the_work_is_bounded_for_every_pattern)
{
    static const struct {
        const char *head, *repeated, *tail;
    } patterns[] = {
        {"*", "a", "?b*"},   {"*", "?", "b*"},  {"*", "a?", "b*"},       {"*", "?*", "b"},
        {"", "*a", "b"},     {"", "*a?", "*b"}, {"*?", "a", "*b"},       {"", "*", "b"},
        {"*", "\\a", "?b*"}, {"*", "??", "*b"}, {"", "*\xc3\xa4?", "*"},
    };
    static const char *const texts[] = {"a", "ab", "\xc3\xa4", "aaaaaaaaaaaaaaac"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            for (size_t n = 4; n <= 4096; n *= 4) {
                _cleanup_buf_ struct buf pattern = BUF_INIT(1 << 20);
                _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
                buf_add_str(&pattern, patterns[i].head);
                repeat(&pattern, patterns[i].repeated, n);
                buf_add_str(&pattern, patterns[i].tail);
                repeat(&text, texts[j], 2 * n);
                uint64_t steps = 0;
                (void)wildcard_match_counted(buf_str(&pattern), pattern.len, buf_str(&text),
                                             text.len, &steps);
                ck_assert_msg(steps <= wildcard_steps_max(pattern.len, text.len),
                              "%s%s...%s of %zu on %s...: %llu steps", patterns[i].head,
                              patterns[i].repeated, patterns[i].tail, n, texts[j],
                              (unsigned long long)steps);
            }
        }
    }
}
END_TEST

/* As large as a policy may be, on as much as a value may be: what the bound comes to. */
START_TEST(the_largest_pattern_takes_a_few_steps_a_byte)
{
    _cleanup_buf_ struct buf pattern = BUF_INIT(1 << 20);
    _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
    buf_add_str(&pattern, "*");
    repeat(&pattern, "a?", 30);
    repeat(&pattern, "*b", 3000);
    repeat(&text, "a", 6144);
    uint64_t steps = 0;
    ck_assert(
        !wildcard_match_counted(buf_str(&pattern), pattern.len, buf_str(&text), text.len, &steps));
    ck_assert_uint_lt(steps, 6 * (pattern.len + text.len));
}
END_TEST

UNIT_SUITE(a_pattern_stands_for_what_it_says, a_long_piece_is_found_where_it_stands,
           the_work_is_bounded_for_every_pattern, the_largest_pattern_takes_a_few_steps_a_byte)
