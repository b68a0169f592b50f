/* The store's column lists, the schema and the structs of rows say the same. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/text.h"
#include "store/queries.h"
#include "unit.h"

static const struct table *const tables[] = {
#define STORE_TABLE(one, many) &table_##one,
    STORE_TABLES
#undef STORE_TABLE
};

static const struct column *column_named(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (streq(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

static void compare(sqlite3 *db, const struct table *t)
{
    sqlite3_stmt *stmt = NULL;
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "PRAGMA table_info(%s)", t->name);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    size_t n = 0;
    size_t keys = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 1);
        const char *type = (const char *)sqlite3_column_text(stmt, 2);
        int key = sqlite3_column_int(stmt, 5);
        const struct column *c = column_named(t, name);
        ck_assert_msg(c != NULL, "%s.%s is in the schema alone", t->name, name);
        bool text = c->kind == COLUMN_TEXT || c->kind == COLUMN_STATE;
        ck_assert_msg(streq(type, text ? "TEXT" : "INTEGER"), "%s.%s is %s", t->name, name, type);
        ck_assert_msg((c->kind == COLUMN_STATE) == (c->states != NULL), "%s.%s", t->name, name);
        if (key > 0) {
            keys++;
            ck_assert_msg(c == &t->columns[key - 1], "%s.%s is not key %d", t->name, name, key);
        }
        n++;
    }
    sqlite3_finalize(stmt);
    ck_assert_msg(n == t->n_columns, "%s has %zu columns, its list %zu", t->name, n, t->n_columns);
    ck_assert_uint_eq(keys, t->n_key);
}

START_TEST(columns_are_those_of_the_schema)
{
    char directory[UNIT_DIRECTORY_SIZE];
    char path[96];
    struct store *store = NULL;
    sqlite3 *db = NULL;
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    struct err e = {0};
    ck_assert_int_eq(store_open(path, &store, &e), 0);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        compare(db, tables[i]);

    /* And there is no table without a list, but the settings'. */
    sqlite3_stmt *stmt = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                                        "AND name NOT LIKE 'sqlite_%' AND name <> 'setting'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(stmt, 0), (int)ARRAY_SIZE(tables));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    store_close(store);
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}
END_TEST

static size_t column_size(const struct column *c)
{
    switch (c->kind) {
    case COLUMN_TEXT:
        return sizeof(const char *);
    case COLUMN_INT:
        return sizeof(int64_t);
    case COLUMN_BOOL:
        return sizeof(bool);
    case COLUMN_STATE:
        return sizeof(int);
    }
    return 0;
}

START_TEST(every_member_of_a_row_is_a_column)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        const struct table *t = tables[i];
        unsigned char *covered = calloc(1, t->row_size);
        ck_assert_ptr_nonnull(covered);
        for (size_t j = 0; j < t->n_columns; j++)
            for (size_t b = 0; b < column_size(&t->columns[j]); b++) {
                ck_assert_msg(covered[t->columns[j].offset + b] == 0, "%s.%s overlaps", t->name,
                              t->columns[j].name);
                covered[t->columns[j].offset + b] = 1;
            }
        /* Pointers and numbers fill their place; padding follows flags and states, and is shorter
         * than a pointer. */
        for (size_t at = 0; at + sizeof(void *) <= t->row_size; at += sizeof(void *)) {
            bool any = false;
            for (size_t b = 0; b < sizeof(void *); b++)
                any |= covered[at + b] != 0;
            ck_assert_msg(any, "struct %s has a member at %zu that is no column", t->name, at);
        }
        free(covered);
    }
}
END_TEST

START_TEST(a_row_comes_back_as_it_was_put)
{
    char directory[UNIT_DIRECTORY_SIZE];
    char path[96];
    struct store *store = NULL;
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    struct err e = {0};
    ck_assert_int_eq(store_open(path, &store, &e), 0);
    struct arena *a = arena_new();
    struct tx *tx = store_write(store);
    struct key_pair pair = {.id = "key-1",
                            .account_id = "1",
                            .region = "r",
                            .name = "n",
                            .key_type = "rsa",
                            .fingerprint = "f",
                            .public_key = "p",
                            .created_at = INT64_C(1) << 40};
    store_insert_key_pair(tx, &pair);
    struct key_pair *same = store_key_pair(tx, a, "key-1");
    ck_assert_ptr_nonnull(same);
    ck_assert_str_eq(same->name, "n");
    ck_assert_int_eq(same->created_at, pair.created_at);
    same->name = "other";
    store_update_key_pair(tx, same);
    ck_assert_ptr_null(store_key_pair_named(tx, a, "1", "r", "n"));
    ck_assert_ptr_nonnull(store_key_pair_named(tx, a, "1", "r", "other"));
    store_delete_key_pairs(tx, "id", "key-1");
    ck_assert_ptr_null(store_key_pair(tx, a, "key-1"));
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    arena_free(a);
    store_close(store);
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}
END_TEST

extern const char schema_sql[];

START_TEST(a_database_of_the_first_schema_is_brought_up_to_date)
{
    char directory[UNIT_DIRECTORY_SIZE];
    char path[96];
    sqlite3 *db = NULL;
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/croft.db", directory);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, schema_sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "INSERT INTO vpc VALUES ('vpc-1', '1', 'r', '10.0.0.0/16', 'a', "
                                  "1, 'd', 5, 0); PRAGMA user_version = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);

    struct store *store = NULL;
    struct err e = {0};
    ck_assert_msg(store_open(path, &store, &e) == 0, "%s", e.message);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        compare(db, tables[i]);
    sqlite3_close(db);
    struct arena *a = arena_new();
    struct tx *tx = store_read(store);
    struct vpc *vpc = store_vpc(tx, a, "vpc-1");
    ck_assert_ptr_nonnull(vpc);
    ck_assert_int_eq(vpc->created_at, 5);
    tx_end(tx);
    arena_free(a);
    store_close(store);
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}
END_TEST

UNIT_SUITE(columns_are_those_of_the_schema, every_member_of_a_row_is_a_column,
           a_row_comes_back_as_it_was_put, a_database_of_the_first_schema_is_brought_up_to_date)
