#include <jansson.h>
#include <locale.h>
#include <string.h>

#include "croft/output.h"
#include "croft/screen.h"
#include "croft/table.h"
#include "croft/text_filter.h"
#include "unit.h"

static const struct column columns[] = {{"NAME", .shrinks = true},
                                        {"ID"},
                                        {"IMAGE", .shrinks = true, .goes = true},
                                        {"AGE", .to_right = true}};

static void check_table(size_t width, const char *wanted)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(10000);
    struct table t = {.columns = columns, .n_columns = ARRAY_SIZE(columns)};

    *table_add(a, &t) =
        (struct table_row){{{"a-rather-long-name"}, {"i-1"}, {"ami-12345"}, {"5s"}}};
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    *table_add(a, &t) = (struct table_row){{{NULL}, {"i-22"}, {"ami-1"}, {"12m"}}};
    table_build(a, &t, width, false, "", &out);
    ck_assert_str_eq(buf_str(&out), wanted);
}

START_TEST(a_table_is_as_wide_as_its_texts)
{
    check_table(WIDTH_UNLIMITED, "NAME                ID    IMAGE      AGE\n"
                                 "a-rather-long-name  i-1   ami-12345   5s\n"
                                 "-                   i-22  ami-1      12m\n");
}
END_TEST

START_TEST(the_widest_column_is_cut_first)
{
    check_table(34, "NAME          ID    IMAGE      AGE\n"
                    "a-rather-lo…  i-1   ami-12345   5s\n"
                    "-             i-22  ami-1      12m\n");
}
END_TEST

START_TEST(a_column_that_may_go_goes_when_cutting_does_not_help)
{
    check_table(20, "NAME    ID    AGE\n"
                    "a-rat…  i-1    5s\n"
                    "-       i-22  12m\n");
}
END_TEST

START_TEST(columns_are_those_of_the_terminal)
{
    _cleanup_arena_ struct arena *a = arena_new();

    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    ck_assert_uint_eq(text_columns("größe"), 5);
    ck_assert_uint_eq(text_columns("日本"), 4);
    ck_assert_uint_eq(text_columns(""), 0);
    ck_assert_str_eq(text_cut(a, "größe", 4), "grö…");
    ck_assert_str_eq(text_cut(a, "日本語", 4), "日…");
    ck_assert_uint_eq(text_columns("\xff\xfe"), 2);
}
END_TEST

START_TEST(a_name_cannot_drive_the_terminal)
{
    _cleanup_arena_ struct arena *a = arena_new();

    ck_assert_str_eq(text_harmless(a, "a\033[2Jb\nc\x7f"), "a?[2Jb?c?");
    ck_assert_str_eq(text_harmless(a, "a\xc2\x9b"
                                      "b\x9b\xff"),
                     "a??b??");
    ck_assert_str_eq(text_harmless(a, "größe"), "größe");
}
END_TEST

static void check_filter_of(bool session, const char *in, const char *wanted)
{
    struct text_filter whole = {.session = session}, single = {.session = session};
    char out[200];
    size_t n = text_filter(&whole, in, strlen(in), out);

    out[n] = '\0';
    ck_assert_str_eq(out, wanted);
    n = 0;
    for (size_t i = 0; in[i] != '\0'; i++)
        n += text_filter(&single, in + i, 1, out + n);
    out[n] = '\0';
    ck_assert_str_eq(out, wanted);
}

static void check_filter(const char *in, const char *wanted)
{
    check_filter_of(false, in, wanted);
}

START_TEST(a_console_comes_without_escape_sequences)
{
    check_filter("plain\r\ntext\t.", "plain\r\ntext\t.");
    check_filter("\033[1;32m[ OK ]\033[0m x", "[ OK ] x");
    check_filter("\033]0;title\007after", "after");
    check_filter("\033]0;title\033\\after", "after");
    check_filter("\033Pquery\nnext", "next");
    check_filter("\033(Bx\033cy\a", "xy");
    check_filter("a\033\033[31mb\033[31\033[0mc", "abc");
    check_filter("größe 日本 🙂\x7f\x05", "größe 日本 🙂");
}
END_TEST

/* A terminal that is set to 8 bits takes those bytes alone for ESC and a letter. */
START_TEST(nor_with_the_controls_of_c1_or_bytes_that_are_no_utf8)
{
    check_filter("a\xc2\x9b"
                 "31mb\xc2\x9d"
                 "0;title\ac\xc2\x85"
                 "d",
                 "abcd");
    check_filter("a\x9b"
                 "31m",
                 "a?31m");
    check_filter("\xff\xe2\x82x\xe2\xc3\xa4\xc0\x9b.", "??x?ä??.");
    check_filter("\xed\xa0\x80\xf4\x90\x80\x80", "??");
}
END_TEST

static void check_session(const char *in, const char *wanted)
{
    check_filter_of(true, in, wanted);
}

START_TEST(a_session_draws_its_screen_and_does_no_more)
{
    static const char *const kept[] = {
        "\033[1;32mok\033[0m\b \a", "\033[2J\033[H\033[?25l\033[?1;1049h",
        "\033(0q\033(B\0337\0338\033M", "\033[6n\033[4hx\033[10;20Hy"};
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        check_session(kept[i], kept[i]);
    check_session("\033]52;c;Y2FsYw==\a1\033Pq\033\\2\033_x\0333\033\\4", "124");
    check_session(
        "\033[c\033[>c\033[5i\033[21t\033[?1000h\033[?25;1006h\033[!p\033[0\"p\033[2 q\033Z\x05.",
        ".");
    check_session("\033[1111111111111111111111111111111111111111111mx", "x");
    check_session("\033[?h\033[;h\033[25h.", ".");
    check_session("\033[1\005m\033[\a0m\033[3\x9bm.", ".");
    /* A NUL does not end what is looked at. */
    struct text_filter f = {.session = true};
    char out[8 + TEXT_FILTER_HELD];
    ck_assert_uint_eq(text_filter(&f, "\033[\0\005m", 5, out), 0);
}
END_TEST

static json_t *reply(void)
{
    return json_pack("{s:[{s:s, s:[{s:{s:i, s:s}, s:s, s:[{s:s, s:s}], s:b}]}], s:[]}",
                     "Reservations", "OwnerId", "1", "Instances", "State", "Code", 16, "Name",
                     "running", "InstanceId", "i-1", "Tags", "Key", "Name", "Value", "web",
                     "EbsOptimized", 0, "Empty");
}

START_TEST(text_is_laid_out_as_the_aws_cli_does)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(10000);
    json_t *r = reply();

    text_of_reply(a, r, &out);
    ck_assert_str_eq(buf_str(&out), "RESERVATIONS\t1\n"
                                    "INSTANCES\tFalse\ti-1\n"
                                    "STATE\t16\trunning\n"
                                    "TAGS\tName\tweb\n");
    json_decref(r);
}
END_TEST

START_TEST(a_reply_as_a_table_is_an_outline)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf out = BUF_INIT(10000);
    json_t *r = reply();

    table_of_reply(a, r, WIDTH_UNLIMITED, &out);
    ck_assert_str_eq(buf_str(&out), "Reservations\n"
                                    "  [0]\n"
                                    "    OwnerId  1\n"
                                    "    Instances\n"
                                    "      [0]\n"
                                    "        State         Code=16, Name=running\n"
                                    "        InstanceId    i-1\n"
                                    "        Tags\n"
                                    "          Key   Value\n"
                                    "          Name  web\n"
                                    "        EbsOptimized  false\n"
                                    "Empty  (none)\n");
    json_decref(r);
}
END_TEST

START_TEST(times_become_iso_8601_by_the_model)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_struct *s = wire_struct_find(wire_service_find("ec2"), "Instance");
    json_t *r = json_pack("{s:f, s:s}", "LaunchTime", 1700000000.5, "InstanceId", "i-1");

    output_times(a, s, r);
    ck_assert_str_eq(json_string_value(json_object_get(r, "LaunchTime")),
                     "2023-11-14T22:13:20.500000+00:00");
    json_object_set_new(r, "LaunchTime", json_integer(0));
    output_times(a, s, r);
    ck_assert_str_eq(json_string_value(json_object_get(r, "LaunchTime")),
                     "1970-01-01T00:00:00+00:00");
    json_decref(r);
}
END_TEST

UNIT_SUITE(a_table_is_as_wide_as_its_texts, the_widest_column_is_cut_first,
           a_column_that_may_go_goes_when_cutting_does_not_help, columns_are_those_of_the_terminal,
           a_name_cannot_drive_the_terminal, a_console_comes_without_escape_sequences,
           nor_with_the_controls_of_c1_or_bytes_that_are_no_utf8,
           a_session_draws_its_screen_and_does_no_more, text_is_laid_out_as_the_aws_cli_does,
           a_reply_as_a_table_is_an_outline, times_become_iso_8601_by_the_model)
