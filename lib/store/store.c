#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/crash_point.h"
#include "store/backup.h"
#include "store/connection.h"
#include "store/port_log.h"

/*
 * Theory of operation
 *
 * One connection writes, behind a mutex. Readers take a connection from a small pool, made on
 * demand; in WAL mode each sees the snapshot of its BEGIN. When all are taken a reader waits for
 * one: reads are short, and threads are few.
 */

#define READERS_MAX 16

extern const char schema_sql[];
extern const char schema_2_sql[];
extern const char schema_3_sql[];
extern const char schema_4_sql[];

/* Step i brings a database of version i to i + 1. A step that people have run never changes. */
static const char *const migrations[] = {schema_sql, schema_2_sql, schema_3_sql, schema_4_sql};

struct reader {
    struct connection connection;
    bool open;
    bool taken;
};

struct store {
    char *path;
    pthread_mutex_t write_lock;
    struct connection writer;
    struct port_log *ports;
    _Atomic uint64_t network_version;
    pthread_mutex_t read_lock;
    pthread_cond_t read_free;
    struct reader readers[READERS_MAX];
};

static int schema_version(struct connection *c, int *ret_version, struct err *e)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(c->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        (void)sqlite3_finalize(stmt);
        return err_set(e, EIO, "database: %s", sqlite3_errmsg(c->db));
    }
    *ret_version = sqlite3_column_int(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return 0;
}

int store_schema_newest(void)
{
    return (int)ARRAY_SIZE(migrations);
}

/* A database with something in it is copied first: whoever wants to go back has what he had. */
static int migrate(struct connection *c, const char *path, struct err *e)
{
    int version = 0;
    int r = schema_version(c, &version, e);
    if (r < 0)
        return r;
    if ((size_t)version > ARRAY_SIZE(migrations))
        return err_set(e, EINVAL,
                       "the database was made by a newer Croft (schema %d; this one knows %zu)",
                       version, ARRAY_SIZE(migrations));
    if (version > 0 && (size_t)version < ARRAY_SIZE(migrations))
        r = store_backup_schema(path, version, e);
    if (r < 0)
        return err_wrap(e, r, "the database is not brought to schema %zu without a backup",
                        ARRAY_SIZE(migrations));
    for (size_t i = (size_t)version; i < ARRAY_SIZE(migrations); i++) {
        char done[64];
        (void)snprintf(done, sizeof(done), "PRAGMA user_version = %zu; COMMIT;", i + 1);
        r = connection_exec(c, "BEGIN IMMEDIATE", e);
        if (r == 0)
            r = connection_exec(c, migrations[i], e);
        if (r == 0)
            r = connection_exec(c, done, e);
        if (r < 0) {
            (void)connection_exec(c, "ROLLBACK", NULL);
            return err_wrap(e, r, "cannot bring the database to schema %zu", i + 1);
        }
    }
    return 0;
}

int store_open(const char *path, struct store **ret_store, struct err *e)
{
    struct store *s = calloc(1, sizeof(*s));
    CHECK_MEMORY(s != NULL);
    s->path = strdup(path);
    CHECK_MEMORY(s->path != NULL);
    (void)pthread_mutex_init(&s->write_lock, NULL);
    (void)pthread_mutex_init(&s->read_lock, NULL);
    (void)pthread_cond_init(&s->read_free, NULL);

    mode_t before = umask(0077); /* access keys are in there; -wal and -shm inherit the mode */
    int r = connection_open(&s->writer, path, true, e);
    (void)umask(before);
    if (r == 0)
        r = migrate(&s->writer, path, e);
    if (r == 0)
        r = port_log_open(&s->writer, &s->ports, e);
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret_store = s;
    return 0;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < READERS_MAX; i++) {
        CHECK(!s->readers[i].taken);
        if (s->readers[i].open)
            connection_close(&s->readers[i].connection);
    }
    if (s->writer.db != NULL)
        connection_close(&s->writer);
    port_log_close(s->ports);
    (void)pthread_mutex_destroy(&s->write_lock);
    (void)pthread_mutex_destroy(&s->read_lock);
    (void)pthread_cond_destroy(&s->read_free);
    free(s->path);
    free(s);
}

/* Prepared before there is a transaction: what ends a transaction needs no memory then. */
static const char *const ends[] = {"COMMIT", "ROLLBACK"};

static struct tx *tx_begin(struct store *s, struct connection *c, bool write, const char *begin)
{
    struct tx *tx = calloc(1, sizeof(*tx));
    CHECK_MEMORY(tx != NULL);
    *tx = (struct tx){.store = s, .connection = c, .write = write};
    tx->confirmed = port_log_confirmed(s->ports); /* before it begins */
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        (void)tx_statement(tx, ends[i]);
    (void)tx_step(tx, tx_statement(tx, begin));
    return tx;
}

struct tx *store_write(struct store *s)
{
    (void)pthread_mutex_lock(&s->write_lock);
    return tx_begin(s, &s->writer, true, "BEGIN IMMEDIATE");
}

/* A free reader, or one not yet opened; the lock is held. */
static struct reader *reader_find(struct store *s)
{
    for (size_t i = 0; i < READERS_MAX; i++)
        if (!s->readers[i].taken)
            return &s->readers[i];
    return NULL;
}

struct tx *store_read(struct store *s)
{
    (void)pthread_mutex_lock(&s->read_lock);
    struct reader *r = reader_find(s);
    while (r == NULL) {
        (void)pthread_cond_wait(&s->read_free, &s->read_lock);
        r = reader_find(s);
    }
    r->taken = true;
    (void)pthread_mutex_unlock(&s->read_lock);

    struct err e = {0};
    if (!r->open && connection_open(&r->connection, s->path, false, &e) < 0) {
        struct tx *tx = calloc(1, sizeof(*tx));
        CHECK_MEMORY(tx != NULL);
        *tx = (struct tx){.store = s, .connection = &r->connection, .failed = true, .error = e};
        return tx;
    }
    r->open = true;
    return tx_begin(s, &r->connection, false, "BEGIN");
}

static void tx_release(struct tx *tx)
{
    struct store *s = tx->store;
    if (tx->write) {
        (void)pthread_mutex_unlock(&s->write_lock);
    } else {
        (void)pthread_mutex_lock(&s->read_lock);
        ((struct reader *)tx->connection)->taken = false; /* its first member */
        (void)pthread_cond_signal(&s->read_free);
        (void)pthread_mutex_unlock(&s->read_lock);
    }
    free(tx);
}

void tx_end(struct tx *tx)
{
    if (tx == NULL)
        return;
    sqlite3 *db = tx->connection->db;
    /* A full disk may have ended the transaction already (SQLite: "Response To Errors Within A
       Transaction"). */
    if (db != NULL && sqlite3_get_autocommit(db) == 0) {
        tx->failed = false;
        (void)tx_step(tx, tx_statement(tx, tx->write ? "ROLLBACK" : "COMMIT"));
        /* Else the next change would be made together with half of this one. */
        CHECK(sqlite3_get_autocommit(db) != 0);
    }
    if (tx->write)
        port_log_drop_notes(tx->store->ports);
    tx_release(tx);
}

int tx_commit(struct tx *tx, struct err *e)
{
    if (!tx->failed && tx->write)
        port_log_announce(tx->store->ports);
    if (!tx->failed && tx->write)
        crash_point("before:commit");
    if (!tx->failed)
        (void)tx_step(tx, tx_statement(tx, "COMMIT"));
    if (!tx->failed && tx->write)
        crash_point("after:commit");
    if (tx->write)
        port_log_confirm(tx->store->ports);
    if (!tx->failed) {
        if (tx->network)
            tx->store->network_version++;
        tx_release(tx);
        return 0;
    }
    int r = err_set(e, tx->error.code, "%s", tx->error.message);
    tx_end(tx);
    return r;
}

void tx_try(struct tx *tx)
{
    CHECK(tx->write);
    tx->network_before = tx->network;
    (void)tx_step(tx, tx_statement(tx, "SAVEPOINT try"));
}

void tx_undo(struct tx *tx)
{
    (void)tx_step(tx, tx_statement(tx, "ROLLBACK TO try"));
    (void)tx_step(tx, tx_statement(tx, "RELEASE try"));
    tx->network = tx->network_before;
}

struct port_log *tx_port_log(struct tx *tx)
{
    return tx->store->ports;
}

bool tx_failed(const struct tx *tx)
{
    return tx->failed;
}

bool tx_is_write(const struct tx *tx)
{
    return tx->write;
}

uint64_t store_network_version(struct store *s)
{
    return s->network_version;
}

const char *store_setting(struct tx *tx, struct arena *a, const char *name)
{
    sqlite3_stmt *stmt = tx_statement(tx, "SELECT value FROM setting WHERE name = ?1");
    if (stmt == NULL)
        return NULL;
    tx_bind_text(stmt, 1, name);
    const char *value = NULL;
    if (tx_step(tx, stmt))
        value = tx_column_text(stmt, 0, a);
    tx_reset(stmt);
    return value;
}

void store_set_setting(struct tx *tx, const char *name, const char *value)
{
    CHECK(tx->write);
    sqlite3_stmt *stmt = tx_statement(tx, "INSERT INTO setting (name, value) VALUES (?1, ?2) "
                                          "ON CONFLICT (name) DO UPDATE SET value = ?2");
    if (stmt == NULL)
        return;
    tx_bind_text(stmt, 1, name);
    tx_bind_text(stmt, 2, value);
    (void)tx_step(tx, stmt);
}
