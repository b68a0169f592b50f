#pragma once
/* A SQLite connection with its cached statements: inside lib/store only. */
#include <sqlite3.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#define STATEMENTS_MAX 1024 /* of one connection; the code has some 200 */

struct statement {
    char *key;
    sqlite3_stmt *stmt;
};

struct connection {
    sqlite3 *db;
    struct statement statements[STATEMENTS_MAX]; /* open addressing by hash of the text */
    size_t n_statements;
};

struct watch;
struct port_log;

struct tx {
    struct store *store;
    struct connection *connection;
    bool write;
    bool failed;
    bool network;        /* it has changed a row that a VPC is made from */
    bool network_before; /* the same, before tx_try() */
    uint64_t confirmed;  /* the last commit that it sees for certain: see port_log.h */
    struct err error;    /* of the first statement that failed */
    struct watch *watch; /* see changes.h; NULL: nobody watches */
};

int connection_open(struct connection *c, const char *path, bool create, struct err *e);
void connection_close(struct connection *c);
/* Runs statements that bring no rows (PRAGMA, schema). */
int connection_exec(struct connection *c, const char *sql, struct err *e);

struct port_log *tx_port_log(struct tx *tx);

/*
 * The statement that is cached under this key, reset and without bindings; when there is none, it
 * is prepared from what `sql` writes. NULL when the transaction has failed. So the text of a
 * statement is put together once for each connection and not for each use. Valid until the same key
 * is asked for again.
 */
typedef void statement_text(struct buf *out, const void *ctx);
sqlite3_stmt *tx_statement_made(struct tx *tx, const char *key, statement_text *sql,
                                const void *ctx);
/* The same for a text that is its own key. */
sqlite3_stmt *tx_statement(struct tx *tx, const char *sql);
/* True while there is a row; on an error the transaction is marked. Resets the statement at the
 * end. */
bool tx_step(struct tx *tx, sqlite3_stmt *stmt);
/* Ends a statement before its last row. */
void tx_reset(sqlite3_stmt *stmt);
void tx_bind_text(sqlite3_stmt *stmt, int index, const char *text);
/* A column's text copied to the arena; NULL for NULL. */
const char *tx_column_text(sqlite3_stmt *stmt, int index, struct arena *a);
