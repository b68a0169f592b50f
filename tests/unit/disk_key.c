/* Keys of disks, wrapped. */
#include "core/disk_key.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static const struct server_key server = {.of = {[SEAL_DISK_KEY] = {1, 2, 3}}};

START_TEST(a_wrapped_key_opens_with_the_servers_key_alone)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct disk_secret made = {0};
    struct disk_secret found = {0};
    struct err e = {0};
    disk_secret_make(&made);
    ck_assert_uint_eq(strlen(made.text), 64);
    const char *wrapped = disk_secret_wrap(a, &server, "vol-1", &made, &e);
    ck_assert_msg(wrapped != NULL, "%s", e.message);
    ck_assert_ptr_null(strstr(wrapped, made.text));
    static const struct server_key other = {.of = {[SEAL_DISK_KEY] = {1}}};
    ck_assert_int_eq(disk_secret_unwrap(&other, "vol-1", wrapped, &found, &e), -EBADMSG);
    ck_assert_str_eq(found.text, "");
    ck_assert_int_eq(disk_secret_unwrap(&server, "vol-1", wrapped, &found, &e), 0);
    ck_assert_str_eq(found.text, made.text);
}
END_TEST

START_TEST(a_wrapped_key_is_of_one_disk_and_cannot_be_changed)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct disk_secret made = {0};
    struct disk_secret found = {0};
    struct err e = {0};
    disk_secret_make(&made);
    char *wrapped = arena_strdup(a, disk_secret_wrap(a, &server, "vol-1", &made, &e));
    ck_assert_int_eq(disk_secret_unwrap(&server, "vol-2", wrapped, &found, &e), -EBADMSG);
    for (size_t at = 0; at < strlen(wrapped); at += 30) {
        char was = wrapped[at];
        wrapped[at] = was == '0' ? '1' : '0';
        ck_assert_int_eq(disk_secret_unwrap(&server, "vol-1", wrapped, &found, &e), -EBADMSG);
        wrapped[at] = '!';
        ck_assert_int_eq(disk_secret_unwrap(&server, "vol-1", wrapped, &found, &e), -EBADMSG);
        wrapped[at] = was;
    }
    ck_assert_int_eq(disk_secret_unwrap(&server, "vol-1", "", &found, &e), -EBADMSG);
    ck_assert_str_eq(found.text, "");
}
END_TEST

START_TEST(two_keys_and_two_wrappings_differ)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct disk_secret one = {0};
    struct disk_secret two = {0};
    disk_secret_make(&one);
    disk_secret_make(&two);
    ck_assert_str_ne(one.text, two.text);
    ck_assert_str_ne(disk_secret_wrap(a, &server, "vol-1", &one, NULL),
                     disk_secret_wrap(a, &server, "vol-1", &one, NULL));
    disk_secret_wipe(&one);
    ck_assert_str_eq(one.text, "");
}
END_TEST

UNIT_SUITE(a_wrapped_key_opens_with_the_servers_key_alone,
           a_wrapped_key_is_of_one_disk_and_cannot_be_changed, two_keys_and_two_wrappings_differ)
