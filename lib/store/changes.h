#pragma once
/*
 * What a transaction does, for whoever wants to tell it: the rows it writes as they were before and
 * are now, the jobs it enqueues, and how many rows of each table it reads, each counted once. Kept
 * only for transactions that are asked to (tx_watch()); it costs a read of every row that is
 * written.
 *
 * What counts is the net effect: a row that is written twice is one change, one that is inserted
 * and deleted is none, and an update that leaves a row as it was is none. Rows are copies in the
 * arena. Statements that write rows in other ways than by table.h do not show; no action has one.
 *
 * Columns whose values nobody but the guest or its owner needs to see are marked (column.quiet):
 * show that they change, never what they are.
 */
#include "store/table.h"

#define CHANGES_MAX 1000 /* rows kept; beyond them only the number is */

enum change_kind { CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE };

struct change {
    const struct table *table;
    const void *before; /* NULL: there was none */
    const void *after;  /* NULL: there is none any more */
};

struct change_list {
    struct change *v;
    size_t n;
};

struct rows_read {
    const struct table *table;
    size_t n;
};

struct enqueued {
    const char *kind; /* instance, image, vpc */
    const char *object_id;
};

struct changes {
    struct change_list rows; /* in the order of their first write */
    size_t left_off;         /* rows beyond CHANGES_MAX */
    struct {
        struct enqueued *v;
        size_t n;
    } jobs; /* each object once */
    struct {
        struct rows_read *v;
        size_t n;
    } reads;
};

/* From now on; the arena must outlive the transaction. */
void tx_watch(struct tx *tx, struct arena *a);
/* What was done so far, net; in the arena. Nothing is watched any more. NULL: nothing was. */
const struct changes *tx_watched(struct tx *tx);

enum change_kind change_kind(const struct change *c);
/* A column as text: NULL for NULL; flags are "true" and "false". In the arena. */
const char *column_text(const struct column *c, struct arena *a, const void *row);
/* NULL: the table has no such column, or the row NULL in it. */
const char *row_text(const struct table *t, struct arena *a, const void *row, const char *column);
