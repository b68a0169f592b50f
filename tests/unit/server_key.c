/* The file of the server's key. */
#include "auth/server_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "unit.h"

static char dir[UNIT_DIRECTORY_SIZE];

static const char *begin(void)
{
    static char path[96];
    unit_directory(dir);
    (void)snprintf(path, sizeof(path), "%s/server.key", dir);
    return path;
}

START_TEST(a_key_is_made_once_and_is_its_owners_alone)
{
    const char *path = begin();
    struct server_key made = {0};
    struct server_key found = {0};
    struct stat st;
    ck_assert_int_eq(server_key_load(path, true, &made, NULL), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq((int)(st.st_mode & 07777), 0600);
    ck_assert_int_eq(server_key_load(path, true, &found, NULL), 0);
    ck_assert_int_eq(memcmp(&made, &found, sizeof(made)), 0);
    ck_assert_int_ne(memcmp(&made, &(struct server_key){0}, sizeof(made)), 0);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(a_key_that_is_needed_is_not_made_anew)
{
    const char *path = begin();
    struct server_key key = {0};
    ck_assert_int_eq(server_key_load(path, false, &key, NULL), -ENOKEY);
    ck_assert(!file_exists(path));
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(a_file_that_others_may_read_or_that_is_no_key_is_refused)
{
    const char *path = begin();
    struct server_key key = {0};
    ck_assert_int_eq(file_write(path, "0123456789abcdef0123456789abcdef", 32, 0640, NULL), 0);
    ck_assert_int_eq(server_key_load(path, true, &key, NULL), -EPERM);
    ck_assert_int_eq(file_write(path, "short", 5, 0600, NULL), 0);
    ck_assert_int_eq(server_key_load(path, true, &key, NULL), -EINVAL);
    ck_assert_int_eq(file_write(path, "0123456789abcdef0123456789abcdef", 32, 0600, NULL), 0);
    ck_assert_int_eq(server_key_load(path, true, &key, NULL), 0);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

UNIT_SUITE(a_key_is_made_once_and_is_its_owners_alone, a_key_that_is_needed_is_not_made_anew,
           a_file_that_others_may_read_or_that_is_no_key_is_refused)
