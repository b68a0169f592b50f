/* Secrets that leave the daemon. */
#include "core/sealed.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static struct server_key key_of(unsigned char first)
{
    struct server_key k;
    server_key_derive((unsigned char[SEAL_KEY_BYTES]){first}, &k);
    return k;
}

START_TEST(what_was_sealed_opens_for_its_purpose_and_id_alone)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct server_key k = key_of(1);
    const struct server_key other = key_of(2);
    char *data = NULL;
    size_t len = 99;
    const char *text = seal(a, &k, SEAL_SESSION, "ASIA1", "a\0b", 3, NULL);
    ck_assert(is_sealed(text));
    ck_assert_int_eq(unseal(a, &k, SEAL_SESSION, "ASIA1", text, &data, &len, NULL), 0);
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(data, "a\0b", 4);
    ck_assert_int_eq(unseal(a, &k, SEAL_SESSION, "ASIA2", text, &data, &len, NULL), -EBADMSG);
    ck_assert_int_eq(unseal(a, &k, SEAL_MESSAGE, "ASIA1", text, &data, &len, NULL), -EBADMSG);
    ck_assert_int_eq(unseal(a, &other, SEAL_SESSION, "ASIA1", text, &data, &len, NULL), -EBADMSG);
}
END_TEST

START_TEST(nothing_is_sealed_twice_alike_and_nothing_is_long_enough)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct server_key k = key_of(1);
    char *data = NULL;
    size_t len = 99;
    ck_assert_str_ne(seal(a, &k, SEAL_CHECK, "x", "", 0, NULL),
                     seal(a, &k, SEAL_CHECK, "x", "", 0, NULL));
    ck_assert_int_eq(unseal(a, &k, SEAL_CHECK, "x", seal(a, &k, SEAL_CHECK, "x", "", 0, NULL),
                            &data, &len, NULL),
                     0);
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(data, "");
}
END_TEST

START_TEST(what_was_changed_or_is_something_else_does_not_open)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct server_key k = key_of(1);
    char *data = NULL;
    size_t len = 0;
    char *text = arena_strdup(a, seal(a, &k, SEAL_ACCESS_KEY, "AKIA1", "secret", 6, NULL));
    struct err e = {0};
    for (size_t at = 0; at + 4 < strlen(text); at++) {
        char was = text[at];
        text[at] = was == 'B' ? 'C' : 'B';
        ck_assert_int_eq(unseal(a, &k, SEAL_ACCESS_KEY, "AKIA1", text, &data, &len, &e), -EBADMSG);
        text[at] = was;
    }
    static const char *const others[] = {
        "", "v1:", "v1:AAAA", "v1:%%%%", "plain", "v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_int_eq(unseal(a, &k, SEAL_ACCESS_KEY, "AKIA1", others[i], &data, &len, &e),
                         -EBADMSG);
}
END_TEST

START_TEST(the_keys_of_all_purposes_differ_and_never_change)
{
    const struct server_key k = key_of(1);
    unsigned char derived[SEAL_KEY_BYTES];
    for (size_t i = 0; i < _SEAL_PURPOSE_MAX; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(k.of[i], k.of[j], SEAL_KEY_BYTES);
    seal_derive(&k, SEAL_SESSION, "ASIA1", derived);
    ck_assert_mem_ne(derived, k.of[SEAL_SESSION], SEAL_KEY_BYTES);
    /* HKDF-SHA256 of 01 00..., no salt, "croft disk key", by another implementation */
    static const unsigned char known[] = {0x8f, 0xf0, 0xef, 0x4a, 0x16, 0x2b, 0x58, 0x68,
                                          0xfc, 0xbd, 0x7f, 0x2a, 0x90, 0x64, 0x07, 0xa5,
                                          0x19, 0x5f, 0x7e, 0xf0, 0xbe, 0x30, 0xf7, 0xcc,
                                          0x24, 0x32, 0xb2, 0x48, 0x1c, 0x95, 0x25, 0x47};
    ck_assert_mem_eq(k.of[SEAL_DISK_KEY], known, sizeof(known));
}
END_TEST

UNIT_SUITE(what_was_sealed_opens_for_its_purpose_and_id_alone,
           nothing_is_sealed_twice_alike_and_nothing_is_long_enough,
           what_was_changed_or_is_something_else_does_not_open,
           the_keys_of_all_purposes_differ_and_never_change)
