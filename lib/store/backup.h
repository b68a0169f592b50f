#pragma once
/*
 * Copies of the whole database, made while others use it (SQLite's online backup): each is the
 * state at one moment, in one file.
 */
#include "base/arena.h"
#include "base/err.h"

#define STORE_BACKUPS_MAX 5 /* before migrations; older ones go */

/* Replaces `to`, which is there whole or not at all (0600). 0 or -errno. */
int store_copy(const char *from, const char *to, struct err *e);

/* Reads a database that nobody uses: is it whole, and of which schema? 0, or -EINVAL with why. */
int store_file_check(const char *path, int *ret_schema, struct err *e);
/* One of its settings, in the arena; NULL: there is none. */
const char *store_file_setting(const char *path, struct arena *a, const char *name);
/* What this Croft knows at most. */
int store_schema_newest(void);

/*
 * Before a migration: DIR/backups/croft-DATE-schema-N.db, beside the database, of which there are
 * STORE_BACKUPS_MAX at most.
 */
int store_backup_schema(const char *path, int schema, struct err *e);
