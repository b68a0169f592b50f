#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define BUSY_MS     10000
#define PATH_SIZE   4096
#define DATE_FORMAT "%Y%m%dT%H%M%SZ"
#define PREFIX      "croft-"

DEFINE_CLEANUP(cleanup_database, sqlite3, sqlite3_close)
DEFINE_CLEANUP(cleanup_statement, sqlite3_stmt, sqlite3_finalize)
#define _cleanup_database_  _cleanup_(cleanup_database)
#define _cleanup_statement_ _cleanup_(cleanup_statement)

static int open_database(const char *path, int flags, sqlite3 **ret_db, struct err *e)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        int r = err_set(e, EIO, "cannot open database %s: %s", path,
                        db == NULL ? "no memory" : sqlite3_errmsg(db));
        (void)sqlite3_close(db);
        return r;
    }
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    *ret_db = db;
    return 0;
}

/* In one step: readers and, because of the write-ahead log, writers go on meanwhile. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL)
        return sqlite3_errcode(to);
    int code = sqlite3_backup_step(b, -1);
    int end = sqlite3_backup_finish(b);
    return code == SQLITE_DONE ? end : code;
}

static int copy_into(const char *from, const char *to, struct err *e)
{
    _cleanup_database_ sqlite3 *source = NULL;
    _cleanup_database_ sqlite3 *copy = NULL;
    int r = open_database(from, SQLITE_OPEN_READWRITE, &source, e);
    if (r == 0)
        r = open_database(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &copy, e);
    if (r < 0)
        return r;
    int code = copy_pages(source, copy);
    if (code == SQLITE_OK) /* one file, without a log of its own */
        code = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return 0;
    return err_set(e, (code & 0xff) == SQLITE_FULL ? ENOSPC : EIO, "cannot copy database %s: %s",
                   from, sqlite3_errstr(code));
}

int store_copy(const char *from, const char *to, struct err *e)
{
    char fresh[PATH_SIZE];
    int n = snprintf(fresh, sizeof(fresh), "%s.new", to);
    if (n < 0 || (size_t)n >= sizeof(fresh))
        return err_set(e, ENAMETOOLONG, "the path %s is too long", to);
    int r = file_remove(fresh, e);
    if (r < 0)
        return r;
    mode_t before = umask(0077);
    r = copy_into(from, fresh, e);
    (void)umask(before);
    if (r == 0)
        r = file_commit(fresh, to, e);
    if (r < 0)
        (void)file_remove(fresh, NULL);
    return r;
}

/* The one text of a query; NULL: none. */
static const char *query_text(sqlite3 *db, struct arena *a, const char *sql, const char *parameter)
{
    _cleanup_statement_ sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    if (parameter != NULL)
        (void)sqlite3_bind_text(stmt, 1, parameter, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_text(stmt, 0) == NULL)
        return NULL;
    return arena_strdup(a, (const char *)sqlite3_column_text(stmt, 0));
}

int store_file_check(const char *path, int *ret_schema, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_database_ sqlite3 *db = NULL;
    int64_t schema = 0;
    int r = open_database(path, SQLITE_OPEN_READWRITE, &db, e);
    if (r < 0)
        return r;
    const char *whole = query_text(db, a, "PRAGMA integrity_check(1)", NULL);
    const char *version = query_text(db, a, "PRAGMA user_version", NULL);
    if (!streq(whole, "ok") || version == NULL || parse_int64(version, &schema) < 0)
        return err_set(e, EINVAL, "%s is no whole database: %s", path,
                       whole == NULL ? sqlite3_errmsg(db) : whole);
    if (schema < 1 ||
        query_text(db, a, "SELECT name FROM sqlite_schema WHERE name = 'instance'", NULL) == NULL)
        return err_set(e, EINVAL, "%s is no database of Croft's", path);
    *ret_schema = (int)schema;
    return 0;
}

const char *store_file_setting(const char *path, struct arena *a, const char *name)
{
    _cleanup_database_ sqlite3 *db = NULL;
    if (open_database(path, SQLITE_OPEN_READWRITE, &db, NULL) < 0)
        return NULL;
    return query_text(db, a, "SELECT value FROM setting WHERE name = ?1", name);
}

/* --- before migrations */

static int is_backup(const struct dirent *entry)
{
    return has_prefix(entry->d_name, PREFIX) && strstr(entry->d_name, "-schema-") != NULL;
}

/* Names begin with their date, so the first are the oldest. */
static void prune(const char *directory)
{
    struct dirent **names = NULL;
    int n = scandir(directory, &names, is_backup, alphasort);
    for (int i = 0; i < n; i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]->d_name);
        if (i + STORE_BACKUPS_MAX < n)
            (void)file_remove(path, NULL);
        free(names[i]);
    }
    free(names);
}

int store_backup_schema(const char *path, int schema, struct err *e)
{
    char directory[PATH_SIZE];
    char copy[PATH_SIZE + 64];
    char date[sizeof("20260102T030405Z")];
    struct tm tm;
    time_t now = time(NULL);
    const char *slash = strrchr(path, '/');
    int n = snprintf(directory, sizeof(directory), "%.*s/backups",
                     slash == NULL ? 1 : (int)(slash - path), slash == NULL ? "." : path);
    if (n < 0 || (size_t)n >= sizeof(directory))
        return err_set(e, ENAMETOOLONG, "the path %s is too long", path);
    (void)strftime(date, sizeof(date), DATE_FORMAT, gmtime_r(&now, &tm));
    (void)snprintf(copy, sizeof(copy), "%s/" PREFIX "%s-schema-%d.db", directory, date, schema);
    int r = dir_make(directory, 0700, e);
    if (r == 0)
        r = store_copy(path, copy, e);
    if (r == 0)
        prune(directory);
    return r;
}
