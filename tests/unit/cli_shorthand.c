#include "croft/shorthand.h"

#include <string.h>

#include "cli_vectors.h"
#include "croft/cli.h"
#include "unit.h"

START_TEST(shorthand_is_read_as_the_aws_cli_reads_it)
{
    _cleanup_json_ json_t *vectors = cli_vectors("shorthand");
    size_t i;
    json_t *vector;

    ck_assert_uint_gt(json_array_size(vectors), 400);
    json_array_foreach(vectors, i, vector)
    {
        const char *text = json_text(vector, "text");
        const json_t *wanted = json_object_get(vector, "value");
        struct err e = {0};
        _cleanup_json_ json_t *value = shorthand_parse(text, &e);

        if (wanted == NULL) {
            ck_assert_msg(value == NULL, "'%s' was taken", text);
            ck_assert_msg(e.message[0] != '\0', "'%s' was refused without a word", text);
            continue;
        }
        ck_assert_msg(value != NULL, "'%s' was refused: %s", text, e.message);
        if (!json_equal(value, wanted)) {
            _cleanup_free_ char *got = json_dumps(value, 0), *want = json_dumps(wanted, 0);
            ck_abort_msg("'%s' is %s, not %s", text, got, want);
        }
    }
}
END_TEST

START_TEST(a_message_points_at_the_place)
{
    struct err e = {0};

    ck_assert_ptr_null(shorthand_parse("Name=x,Tags={Key", &e));
    ck_assert_str_eq(e.message, "expected '=', but it ends at character 17 of 'Name=x,Tags={Key'");
    ck_assert_ptr_null(shorthand_parse("a=x,a=y", &e));
    ck_assert_ptr_nonnull(strstr(e.message, "a second time"));
}
END_TEST

START_TEST(nesting_has_a_limit)
{
    char text[3 * SHORTHAND_DEPTH_MAX + 8] = "a=";
    struct err e = {0};

    for (size_t i = 0; i < 2 * SHORTHAND_DEPTH_MAX; i++)
        text[2 + i] = '[';
    ck_assert_ptr_null(shorthand_parse(text, &e));
    ck_assert_ptr_nonnull(strstr(e.message, "too deeply nested"));
}
END_TEST

UNIT_SUITE(shorthand_is_read_as_the_aws_cli_reads_it, a_message_points_at_the_place,
           nesting_has_a_limit)
