#pragma once
/* Where table.c and queries.c report to changes.c; each does nothing while nobody watches. Inside
 * lib/store only. */
#include "store/changes.h"

/* The row of this key as it is now, or NULL. To be asked before the row is written. */
const void *watch_before(struct tx *tx, const struct table *t, const void *row);
void watch_change(struct tx *tx, const struct table *t, const void *before, const void *after);
/* To be called before the rows go. */
void watch_delete(struct tx *tx, const struct table *t, const char *const *conditions);
void watch_read(struct tx *tx, const struct table *t, const void *rows, size_t n);
void watch_job(struct tx *tx, const char *kind, const char *object_id);
