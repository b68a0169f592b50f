#pragma once
/*
 * Tables and structs: how a row becomes a struct of lib/core and back.
 *
 * A struct table lists the columns of one table with the offsets of the struct's members; one
 * generic get, find, insert, update and delete serve them all. tables.h gives each table typed
 * functions. Rows come back in the arena, ordered by key.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "core/state.h"
#include "store/store.h"

enum column_kind { COLUMN_TEXT, COLUMN_INT, COLUMN_BOOL, COLUMN_STATE };

struct column {
    const char *name;
    enum column_kind kind;
    size_t offset;
    const struct state_table *states; /* for COLUMN_STATE */
    bool quiet;                       /* its values are not shown: see changes.h */
};

struct table {
    const char *name;
    size_t row_size;
    const struct column *columns; /* the first n_key of them are the primary key */
    size_t n_columns;
    size_t n_key;
    bool network; /* what a VPC looks like depends on it: see store_network_version() */
};

#define FIND_MAX 4 /* conditions in one find */

/* The row whose key is the given texts (n_key of them), or NULL. */
void *table_get(struct tx *tx, const struct table *t, struct arena *a, const char *const *key);
/*
 * Rows for which all conditions hold: pairs of a column's name and its text, ended by NULL. A value
 * of NULL means IS NULL.
 */
void table_find(struct tx *tx, const struct table *t, struct arena *a, void **ret_rows,
                size_t *ret_n, const char *const *conditions);
/* How many rows table_find would bring. */
size_t table_count(struct tx *tx, const struct table *t, const char *const *conditions);
void table_insert(struct tx *tx, const struct table *t, const void *row);
/* Writes the whole row; it must exist. */
void table_update(struct tx *tx, const struct table *t, const void *row);
void table_delete(struct tx *tx, const struct table *t, const char *const *conditions);
