#include <string.h>

#include "base/buf.h"
#include "unit.h"
#include "wire/form.h"

static struct arena *a;
static struct form form;
static struct fault f;

static int parse(const char *text)
{
    arena_free(a);
    a = arena_new();
    form = (struct form){0};
    fault_clear(&f);
    return form_parse(a, text, strlen(text), &form, &f);
}

START_TEST(plus_is_a_space_and_percent_is_a_byte_in_names_and_values)
{
    ck_assert_int_eq(parse("A%2E1=x+y%2Bz&B=%C3%BC&C+D=1"), 0);
    ck_assert_uint_eq(form.n, 3);
    ck_assert_str_eq(form_get(&form, "A.1"), "x y+z");
    ck_assert_str_eq(form_get(&form, "B"), "\u00fc");
    ck_assert_str_eq(form_get(&form, "C D"), "1");
    ck_assert_ptr_null(form_get(&form, "D"));
}
END_TEST

START_TEST(empty_pairs_are_skipped_and_a_bare_name_has_an_empty_value)
{
    ck_assert_int_eq(parse("&&A&B=&&C=a=b&"), 0);
    ck_assert_uint_eq(form.n, 3);
    ck_assert_str_eq(form_get(&form, "A"), "");
    ck_assert_str_eq(form_get(&form, "B"), "");
    ck_assert_str_eq(form_get(&form, "C"), "a=b");
    ck_assert_int_eq(parse(""), 0);
    ck_assert_uint_eq(form.n, 0);
}
END_TEST

START_TEST(a_nul_in_a_value_is_kept_for_the_decoder_to_refuse)
{
    ck_assert_int_eq(parse("A=x%00y"), 0);
    ck_assert_uint_eq(form.v[0].len, 3);
    ck_assert_mem_eq(form.v[0].value, "x\0y", 4);
}
END_TEST

START_TEST(malformed_forms_are_refused)
{
    static const char *const forms[] = {"A=%",    "A=%4",   "A=%4g",   "A=%g1", "%=1",
                                        "A%00=1", "A%ff=1", "A%01B=1", "\xff=1"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        ck_assert_msg(parse(forms[i]) == -1, "%s", forms[i]);
        ck_assert_int_eq(f.code, FAULT_MALFORMED_QUERY_STRING);
    }
}
END_TEST

START_TEST(more_pairs_than_the_cap_are_refused)
{
    _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
    for (int i = 0; i < FORM_PAIRS_MAX; i++)
        buf_add_str(&text, "&A=1");
    ck_assert_int_eq(parse(buf_str(&text)), 0);
    buf_add_str(&text, "&B");
    ck_assert_int_eq(parse(buf_str(&text)), -1);
    ck_assert_int_eq(f.code, FAULT_RESOURCE_COUNT_EXCEEDED);
}
END_TEST

UNIT_SUITE(plus_is_a_space_and_percent_is_a_byte_in_names_and_values,
           empty_pairs_are_skipped_and_a_bare_name_has_an_empty_value,
           a_nul_in_a_value_is_kept_for_the_decoder_to_refuse, malformed_forms_are_refused,
           more_pairs_than_the_cap_are_refused)
