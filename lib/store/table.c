#include "store/table.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/watch.h"

#define KEY_MAX 512

enum verb { FIND, COUNT, INSERT, UPDATE, DELETE };

/* What a statement is made from. */
struct wanted {
    enum verb verb;
    const struct table *table;
    const char *const *conditions;
};

static const struct column *column_find(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (streq(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

static void add_columns(struct buf *sql, const struct table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        buf_printf(sql, "%s%s", i > 0 ? ", " : "", t->columns[i].name);
}

/* " WHERE a = ?1 AND b IS NULL"; bindings are numbered by the conditions. */
static void add_conditions(struct buf *sql, const struct table *t, const char *const *conditions)
{
    for (size_t i = 0; conditions[i] != NULL; i += 2) {
        CHECK(i / 2 < FIND_MAX && column_find(t, conditions[i]) != NULL);
        buf_printf(sql, "%s%s ", i == 0 ? " WHERE " : " AND ", conditions[i]);
        if (conditions[i + 1] == NULL)
            buf_add_str(sql, "IS NULL");
        else
            buf_printf(sql, "= ?%zu", i / 2 + 1);
    }
}

static void add_key_order(struct buf *sql, const struct table *t)
{
    for (size_t i = 0; i < t->n_key; i++)
        buf_printf(sql, "%s%s", i == 0 ? " ORDER BY " : ", ", t->columns[i].name);
}

static void add_insert(struct buf *sql, const struct table *t)
{
    buf_printf(sql, "INSERT INTO %s (", t->name);
    add_columns(sql, t);
    buf_add_str(sql, ") VALUES (");
    for (size_t i = 0; i < t->n_columns; i++)
        buf_printf(sql, "%s?%zu", i > 0 ? ", " : "", i + 1);
    buf_add_char(sql, ')');
}

static void add_update(struct buf *sql, const struct table *t)
{
    buf_printf(sql, "UPDATE %s SET ", t->name);
    for (size_t i = 0; i < t->n_columns; i++)
        buf_printf(sql, "%s%s = ?%zu", i > 0 ? ", " : "", t->columns[i].name, i + 1);
    for (size_t i = 0; i < t->n_key; i++)
        buf_printf(sql, "%s%s = ?%zu", i == 0 ? " WHERE " : " AND ", t->columns[i].name, i + 1);
}

static void write_statement(struct buf *sql, const void *ctx)
{
    const struct wanted *w = ctx;
    const struct table *t = w->table;
    switch (w->verb) {
    case FIND:
        buf_add_str(sql, "SELECT ");
        add_columns(sql, t);
        buf_printf(sql, " FROM %s", t->name);
        add_conditions(sql, t, w->conditions);
        add_key_order(sql, t);
        break;
    case COUNT:
        buf_printf(sql, "SELECT count(*) FROM %s", t->name);
        add_conditions(sql, t, w->conditions);
        break;
    case INSERT:
        add_insert(sql, t);
        break;
    case UPDATE:
        add_update(sql, t);
        break;
    case DELETE:
        buf_printf(sql, "DELETE FROM %s", t->name);
        add_conditions(sql, t, w->conditions);
        break;
    }
}

static void append(char *key, size_t *len, const char *text)
{
    size_t n = strlen(text);
    CHECK(*len + n + 2 < KEY_MAX);
    memcpy(key + *len, text, n + 1);
    *len += n;
}

/* "0 instance vpc_id=state!": all that a statement's text depends on. */
static void write_key(const struct wanted *w, char key[KEY_MAX])
{
    size_t len = 0;
    key[len++] = (char)('0' + w->verb);
    append(key, &len, w->table->name);
    key[len++] = ' ';
    for (size_t i = 0; w->conditions[i] != NULL; i += 2) {
        append(key, &len, w->conditions[i]);
        key[len++] = w->conditions[i + 1] == NULL ? '!' : '=';
    }
    key[len] = '\0';
}

/*
 * Values of INTEGER columns are bound as text, too: column affinity converts them for the
 * comparison.
 */
static sqlite3_stmt *prepare(struct tx *tx, enum verb verb, const struct table *t,
                             const char *const *conditions)
{
    struct wanted w = {verb, t, conditions};
    char key[KEY_MAX];
    write_key(&w, key);
    sqlite3_stmt *stmt = tx_statement_made(tx, key, write_statement, &w);
    for (size_t i = 0; stmt != NULL && conditions[i] != NULL; i += 2)
        if (conditions[i + 1] != NULL)
            tx_bind_text(stmt, (int)(i / 2 + 1), conditions[i + 1]);
    return stmt;
}

static void read_row(sqlite3_stmt *stmt, const struct table *t, struct arena *a, void *row)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];
        char *at = (char *)row + c->offset;
        switch (c->kind) {
        case COLUMN_TEXT: {
            const char *text = tx_column_text(stmt, (int)i, a);
            memcpy(at, &text, sizeof(text));
            break;
        }
        case COLUMN_INT: {
            int64_t v = sqlite3_column_int64(stmt, (int)i);
            memcpy(at, &v, sizeof(v));
            break;
        }
        case COLUMN_BOOL: {
            bool v = sqlite3_column_int(stmt, (int)i) != 0;
            memcpy(at, &v, sizeof(v));
            break;
        }
        case COLUMN_STATE: {
            const char *name = (const char *)sqlite3_column_text(stmt, (int)i);
            CHECK_MEMORY(name != NULL || sqlite3_column_type(stmt, (int)i) == SQLITE_NULL);
            int v = name == NULL ? -1 : state_from_name(c->states, name);
            CHECK(v >= 0); /* nothing but write_row() puts it there */
            memcpy(at, &v, sizeof(v));
            break;
        }
        }
    }
}

/* Binds all columns from index 1 on. */
static void write_row(sqlite3_stmt *stmt, const struct table *t, const void *row)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *c = &t->columns[i];
        const char *at = (const char *)row + c->offset;
        int index = (int)i + 1;
        switch (c->kind) {
        case COLUMN_TEXT: {
            const char *text = NULL;
            memcpy(&text, at, sizeof(text));
            tx_bind_text(stmt, index, text);
            break;
        }
        case COLUMN_INT: {
            int64_t v = 0;
            memcpy(&v, at, sizeof(v));
            (void)sqlite3_bind_int64(stmt, index, v);
            break;
        }
        case COLUMN_BOOL: {
            bool v = false;
            memcpy(&v, at, sizeof(v));
            (void)sqlite3_bind_int(stmt, index, v);
            break;
        }
        case COLUMN_STATE: {
            int v = 0;
            memcpy(&v, at, sizeof(v));
            tx_bind_text(stmt, index, state_name(c->states, v));
            break;
        }
        }
    }
}

void table_find(struct tx *tx, const struct table *t, struct arena *a, void **ret_rows,
                size_t *ret_n, const char *const *conditions)
{
    void *rows = NULL;
    size_t n = 0;
    sqlite3_stmt *stmt = prepare(tx, FIND, t, conditions);
    while (tx_step(tx, stmt))
        read_row(stmt, t, a, arena_append_to(a, &rows, &n, t->row_size));
    watch_read(tx, t, rows, n);
    *ret_rows = rows;
    *ret_n = n;
}

void *table_get(struct tx *tx, const struct table *t, struct arena *a, const char *const *key)
{
    const char *conditions[2 * FIND_MAX + 1] = {NULL};
    CHECK(t->n_key <= FIND_MAX);
    for (size_t i = 0; i < t->n_key; i++) {
        conditions[2 * i] = t->columns[i].name;
        conditions[2 * i + 1] = key[i];
    }
    void *rows = NULL;
    size_t n = 0;
    table_find(tx, t, a, &rows, &n, conditions);
    return n == 0 ? NULL : rows;
}

size_t table_count(struct tx *tx, const struct table *t, const char *const *conditions)
{
    sqlite3_stmt *stmt = prepare(tx, COUNT, t, conditions);
    size_t n = 0;
    if (tx_step(tx, stmt))
        n = (size_t)sqlite3_column_int64(stmt, 0);
    tx_reset(stmt);
    return n;
}

static const char *const none[] = {NULL};

void table_insert(struct tx *tx, const struct table *t, const void *row)
{
    CHECK(tx->write);
    sqlite3_stmt *stmt = prepare(tx, INSERT, t, none);
    if (stmt == NULL)
        return;
    write_row(stmt, t, row);
    tx->network = tx->network || t->network;
    (void)tx_step(tx, stmt);
    watch_change(tx, t, NULL, row);
}

void table_update(struct tx *tx, const struct table *t, const void *row)
{
    CHECK(tx->write);
    const void *before = watch_before(tx, t, row);
    sqlite3_stmt *stmt = prepare(tx, UPDATE, t, none);
    if (stmt == NULL)
        return;
    write_row(stmt, t, row);
    tx->network = tx->network || t->network;
    (void)tx_step(tx, stmt);
    CHECK(tx->failed || sqlite3_changes(tx->connection->db) == 1);
    watch_change(tx, t, before, row);
}

void table_delete(struct tx *tx, const struct table *t, const char *const *conditions)
{
    CHECK(tx->write && conditions[0] != NULL);
    tx->network = tx->network || t->network;
    watch_delete(tx, t, conditions);
    (void)tx_step(tx, prepare(tx, DELETE, t, conditions));
}
