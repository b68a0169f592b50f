/* Databases of earlier schemas are brought to the newest one after a backup, and copies are whole.
 */
#include "store/backup.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "store/queries.h"
#include "unit.h"

#define SCHEMA_MAX ((size_t)256 << 10)
#define PATH_SIZE  4096

static char directory[UNIT_DIRECTORY_SIZE];
static char path[96];
static char backups[96];

static void set_up(void)
{
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    (void)snprintf(backups, sizeof(backups), "%s/backups", directory);
}

static void take_down(void)
{
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}

static void run(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    int r = sqlite3_exec(db, sql, NULL, NULL, &why);
    ck_assert_msg(r == SQLITE_OK, "%s", why);
}

/* As croftd of that schema left it, with one setting. */
static void make_old(int version)
{
    sqlite3 *db = NULL;
    char sql[128];
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (int i = 1; i <= version; i++) {
        char file[PATH_SIZE];
        char number[16] = "";
        struct err e = {0};
        _cleanup_buf_ struct buf text = BUF_INIT(SCHEMA_MAX);
        if (i > 1)
            (void)snprintf(number, sizeof(number), "-%d", i);
        (void)snprintf(file, sizeof(file), "%s/../../lib/store/schema%s.sql", getenv("GOLDEN"),
                       number);
        ck_assert_msg(file_read(file, &text, &e) == 0, "%s", e.message);
        run(db, buf_str(&text));
    }
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO setting VALUES ('mark', 'of schema %d'); "
                   "PRAGMA user_version = %d",
                   version, version);
    run(db, sql);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* All tables, indexes and triggers, as they were made. */
static void read_schema(const char *file, struct buf *ret)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT type, name, tbl_name, coalesce(sql, '') "
                                        "FROM sqlite_schema ORDER BY type, name",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < 4; i++)
            buf_printf(ret, "%s\n", (const char *)sqlite3_column_text(stmt, i));
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
}

/* The names in backups/, sorted; the number of them. */
static int list_backups(char ret_last[PATH_SIZE])
{
    struct dirent **names = NULL;
    int n = scandir(backups, &names, NULL, alphasort);
    int found = 0;
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.') {
            (void)snprintf(ret_last, PATH_SIZE, "%s/%s", backups, names[i]->d_name);
            found++;
        }
        free(names[i]);
    }
    free(names);
    return found;
}

static void assert_setting(const char *file, const char *expected)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *found = store_file_setting(file, a, "mark");
    ck_assert_msg(streq(found, expected), "%s: %s", file, found == NULL ? "none" : found);
}

static void open_and_close(const char *file)
{
    struct err e = {0};
    struct store *s = NULL;
    ck_assert_msg(store_open(file, &s, &e) == 0, "%s", e.message);
    store_close(s);
}

START_TEST(every_earlier_schema_becomes_the_newest_with_a_backup)
{
    _cleanup_buf_ struct buf fresh = BUF_INIT(4 * SCHEMA_MAX);
    char other[PATH_SIZE];
    (void)snprintf(other, sizeof(other), "%s/fresh.db", directory);
    open_and_close(other);
    read_schema(other, &fresh);
    ck_assert_int_eq(list_backups(other), 0); /* a new one has nothing to keep */
    ck_assert_int_gt(store_schema_newest(), 1);

    for (int version = 1; version < store_schema_newest(); version++) {
        char expected[32];
        char copy[PATH_SIZE];
        struct stat st;
        int schema = 0;
        _cleanup_buf_ struct buf migrated = BUF_INIT(4 * SCHEMA_MAX);
        (void)snprintf(expected, sizeof(expected), "of schema %d", version);
        make_old(version);
        open_and_close(path);
        read_schema(path, &migrated);
        ck_assert_str_eq(buf_str(&migrated), buf_str(&fresh));
        ck_assert_int_eq(store_file_check(path, &schema, NULL), 0);
        ck_assert_int_eq(schema, store_schema_newest());
        assert_setting(path, expected);

        ck_assert_int_eq(list_backups(copy), 1);
        ck_assert_int_eq(store_file_check(copy, &schema, NULL), 0);
        ck_assert_int_eq(schema, version);
        assert_setting(copy, expected);
        ck_assert_int_eq(stat(copy, &st), 0);
        ck_assert_int_eq(st.st_mode & 0777, 0600);

        open_and_close(path); /* nothing to do, so nothing is kept */
        ck_assert_int_eq(list_backups(copy), 1);
        ck_assert_int_eq(dir_remove(backups, NULL), 0);
        ck_assert_int_eq(file_remove(path, NULL), 0);
    }
}
END_TEST

START_TEST(backups_have_a_bound_and_the_newest_stay)
{
    char last[PATH_SIZE];
    ck_assert_int_eq(dir_make(backups, 0700, NULL), 0);
    for (int i = 0; i < 2 * STORE_BACKUPS_MAX; i++) {
        char file[PATH_SIZE];
        (void)snprintf(file, sizeof(file), "%s/croft-2020010%dT000000Z-schema-1.db", backups, i);
        ck_assert_int_eq(file_write(file, "x", 1, 0600, NULL), 0);
    }
    char mine[PATH_SIZE];
    (void)snprintf(mine, sizeof(mine), "%s/a-file-of-the-owner-s", backups);
    ck_assert_int_eq(file_write(mine, "x", 1, 0600, NULL), 0);
    make_old(1);
    open_and_close(path);
    ck_assert_int_eq(list_backups(last), STORE_BACKUPS_MAX + 1);
    ck_assert_ptr_null(strstr(last, "2020010"));
    ck_assert(file_exists(mine));
}
END_TEST

START_TEST(without_a_backup_nothing_is_changed)
{
    struct err e = {0};
    struct store *s = NULL;
    int schema = 0;
    make_old(1);
    ck_assert_int_eq(file_write(backups, "in the way", 10, 0600, NULL), 0);
    ck_assert_int_lt(store_open(path, &s, &e), 0);
    ck_assert_msg(strstr(e.message, "without a backup") != NULL, "%s", e.message);
    ck_assert_int_eq(store_file_check(path, &schema, NULL), 0);
    ck_assert_int_eq(schema, 1);
}
END_TEST

START_TEST(one_of_a_newer_croft_is_left_alone)
{
    struct err e = {0};
    struct store *s = NULL;
    sqlite3 *db = NULL;
    char last[PATH_SIZE];
    open_and_close(path);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    run(db, "PRAGMA user_version = 99");
    (void)sqlite3_close(db);
    ck_assert_int_lt(store_open(path, &s, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.message, "newer Croft"));
    ck_assert_int_eq(list_backups(last), 0);
}
END_TEST

START_TEST(a_copy_of_a_store_in_use_has_what_was_committed)
{
    struct err e = {0};
    struct store *s = NULL;
    int schema = 0;
    char copy[PATH_SIZE];
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", directory);
    ck_assert_int_eq(store_open(path, &s, &e), 0);
    struct tx *tx = store_write(s);
    store_set_setting(tx, "mark", "committed");
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    tx = store_write(s);
    store_set_setting(tx, "mark", "on its way");
    ck_assert_msg(store_copy(path, copy, &e) == 0, "%s", e.message);
    tx_end(tx);
    store_close(s);
    ck_assert_int_eq(store_file_check(copy, &schema, &e), 0);
    assert_setting(copy, "committed");
}
END_TEST

START_TEST(what_is_no_database_of_ours_is_refused)
{
    struct err e = {0};
    int schema = 0;
    sqlite3 *db = NULL;
    ck_assert_int_eq(
        file_write(path, "nothing of the kind, but long enough to be looked at", 52, 0600, NULL),
        0);
    ck_assert_int_lt(store_file_check(path, &schema, &e), 0);
    ck_assert_int_eq(file_remove(path, NULL), 0);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    run(db, "CREATE TABLE other (x); PRAGMA user_version = 1");
    (void)sqlite3_close(db);
    ck_assert_int_lt(store_file_check(path, &schema, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.message, "no database of Croft's"));
}
END_TEST

UNIT_SUITE_WITH(set_up, take_down, every_earlier_schema_becomes_the_newest_with_a_backup,
                backups_have_a_bound_and_the_newest_stay, without_a_backup_nothing_is_changed,
                one_of_a_newer_croft_is_left_alone, a_copy_of_a_store_in_use_has_what_was_committed,
                what_is_no_database_of_ours_is_refused)
