#include "store/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

/* Small, because each thread has a connection; what it lacks is in the system's page cache. */
#define CACHE_KIB      256
#define BUSY_TIMEOUT_S 10
#define SQL_MAX        4096

int connection_exec(struct connection *c, const char *sql, struct err *e)
{
    if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return err_set(e, EIO, "database: %s", sqlite3_errmsg(c->db));
    return 0;
}

int connection_open(struct connection *c, const char *path, bool create, struct err *e)
{
    *c = (struct connection){0};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &c->db, flags, NULL) != SQLITE_OK) {
        int r = err_set(e, EIO, "cannot open database %s: %s", path,
                        c->db == NULL ? "no memory" : sqlite3_errmsg(c->db));
        connection_close(c);
        return r;
    }
    (void)sqlite3_busy_timeout(c->db, BUSY_TIMEOUT_S * 1000);
    (void)sqlite3_extended_result_codes(c->db, 1);
    char pragmas[256];
    int n = snprintf(pragmas, sizeof(pragmas),
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                     "PRAGMA foreign_keys = ON; PRAGMA cache_size = -%d; "
                     "PRAGMA temp_store = MEMORY;",
                     CACHE_KIB);
    CHECK(n > 0 && (size_t)n < sizeof(pragmas));
    int r = connection_exec(c, pragmas, e);
    if (r < 0)
        connection_close(c);
    return r;
}

void connection_close(struct connection *c)
{
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(c->statements[i].stmt);
        free(c->statements[i].key);
    }
    (void)sqlite3_close(c->db);
    *c = (struct connection){0};
}

static void tx_fail(struct tx *tx, int code)
{
    if (tx->failed)
        return;
    tx->failed = true;
    int primary = code & 0xff;
    (void)err_set(&tx->error, primary == SQLITE_FULL ? ENOSPC : EIO, "database: %s",
                  sqlite3_errmsg(tx->connection->db));
}

static size_t hash(const char *s)
{
    size_t h = 14695981039346656037U; /* FNV-1a */
    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211U;
    return h;
}

sqlite3_stmt *tx_statement_made(struct tx *tx, const char *key, statement_text *sql,
                                const void *ctx)
{
    if (tx->failed)
        return NULL;
    struct connection *c = tx->connection;
    size_t at = hash(key) % STATEMENTS_MAX;
    while (c->statements[at].key != NULL && strcmp(c->statements[at].key, key) != 0)
        at = (at + 1) % STATEMENTS_MAX;
    struct statement *s = &c->statements[at];
    if (s->key != NULL) {
        tx_reset(s->stmt);
        return s->stmt;
    }
    /* The keys come from our own tables, so their number is fixed; a third of the places stays
     * free. */
    CHECK(c->n_statements + 1 < STATEMENTS_MAX * 2 / 3);
    _cleanup_buf_ struct buf text = BUF_INIT(SQL_MAX);
    sql(&text, ctx);
    CHECK(!text.failed);
    int r =
        sqlite3_prepare_v3(c->db, buf_str(&text), -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);
    if (r != SQLITE_OK) {
        tx_fail(tx, r);
        return NULL;
    }
    s->key = strdup(key);
    CHECK_MEMORY(s->key != NULL);
    c->n_statements++;
    return s->stmt;
}

static void as_it_is(struct buf *out, const void *ctx)
{
    buf_add_str(out, ctx);
}

sqlite3_stmt *tx_statement(struct tx *tx, const char *sql)
{
    return tx_statement_made(tx, sql, as_it_is, sql);
}

bool tx_step(struct tx *tx, sqlite3_stmt *stmt)
{
    if (stmt == NULL)
        return false;
    int r = sqlite3_step(stmt);
    if (r == SQLITE_ROW)
        return true;
    if (r != SQLITE_DONE)
        tx_fail(tx, r);
    (void)sqlite3_reset(stmt);
    return false;
}

void tx_reset(sqlite3_stmt *stmt)
{
    if (stmt == NULL)
        return;
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

void tx_bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    /* Static: every caller steps before its text can go. */
    int r = text == NULL ? sqlite3_bind_null(stmt, index)
                         : sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
    CHECK(r == SQLITE_OK);
}

const char *tx_column_text(sqlite3_stmt *stmt, int index, struct arena *a)
{
    const unsigned char *text = sqlite3_column_text(stmt, index);
    if (text == NULL) {
        CHECK_MEMORY(sqlite3_column_type(stmt, index) == SQLITE_NULL);
        return NULL;
    }
    return arena_strndup(a, (const char *)text, (size_t)sqlite3_column_bytes(stmt, index));
}
