#pragma once
/*
 * The store: SQLite in WAL mode, and the only room with SQL.
 *
 * All access is within a transaction. A read transaction sees one snapshot and never waits; write
 * transactions come one at a time. Both are taken and ended by the same thread, which may read
 * while it writes (and sees what was committed last) but never waits for a write while it reads.
 *
 *     struct tx *tx = store_write(s);
 *     struct instance *i = store_instance(tx, arena, id);      // NULL: there is none
 *     ...
 *     int r = tx_commit(tx, &e);                               // ends it either way
 *
 * A statement that fails (disk full, damaged file) marks the transaction: later calls do nothing
 * and find nothing, and tx_commit() reports it. So code in between need not look, but whoever acts
 * on "there is none" outside the database asks tx_failed() first. Commits are synchronous: what is
 * committed survives a power loss.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct store;
struct tx;

/*
 * Opens or makes the database (0600), and brings an older schema up to date, after a copy of it
 * (backup.h).
 */
int store_open(const char *path, struct store **ret_store, struct err *e);
void store_close(struct store *s);

struct tx *store_read(struct store *s);
struct tx *store_write(struct store *s);
/* Ends a read transaction, or throws away a write; NULL is fine. */
void tx_end(struct tx *tx);
/* Commits a write (or ends a read). 0, or -EIO/-ENOSPC with nothing changed. */
int tx_commit(struct tx *tx, struct err *e);
/* A try within a write: everything since tx_try() is undone by tx_undo(). One at a time. */
void tx_try(struct tx *tx);
void tx_undo(struct tx *tx);
bool tx_failed(const struct tx *tx);
bool tx_is_write(const struct tx *tx);

/*
 * Grows with each commit that changes what a VPC is made from (interfaces, groups, rules, subnets).
 * Equal numbers: nothing has changed between the two calls. Starts anew with the process.
 */
uint64_t store_network_version(struct store *s);

/* Settings: small facts about this server. NULL when not set. */
const char *store_setting(struct tx *tx, struct arena *a, const char *name);
void store_set_setting(struct tx *tx, const char *name, const char *value);

static inline void cleanup_tx(struct tx **tx)
{
    if (*tx != NULL)
        tx_end(*tx);
}
#define _cleanup_tx_ _cleanup_(cleanup_tx)
