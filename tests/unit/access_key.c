/* Access keys: made, and kept sealed. */
#include "auth/access_key.h"

#include <string.h>

#include "unit.h"

START_TEST(a_key_has_the_form_of_aws_and_opens_again)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct server_key k;
    struct access_key_pair one;
    struct access_key_pair two;
    server_key_derive((unsigned char[SEAL_KEY_BYTES]){1}, &k);
    ck_assert_int_eq(access_key_make(a, &k, &one, NULL), 0);
    ck_assert_int_eq(access_key_make(a, &k, &two, NULL), 0);
    ck_assert_uint_eq(strlen(one.id), 20);
    ck_assert_mem_eq(one.id, "AKIA", 4);
    ck_assert_uint_eq(strspn(one.id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 20);
    ck_assert_uint_eq(strlen(one.secret), 40);
    ck_assert_str_ne(one.id, two.id);
    ck_assert_str_ne(one.secret, two.secret);
    ck_assert_ptr_null(strstr(one.sealed, one.secret));
    ck_assert_str_eq(access_key_open(a, &k, one.id, one.sealed, NULL), one.secret);
    ck_assert_ptr_null(access_key_open(a, &k, two.id, one.sealed, NULL));
}
END_TEST

UNIT_SUITE(a_key_has_the_form_of_aws_and_opens_again)
