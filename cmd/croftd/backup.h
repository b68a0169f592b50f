#pragma once
/*
 * A backup of the state, without disks: one file (tar) with the database at one moment, the
 * configuration, and, when asked, the server's key, without which the secrets in the database open
 * for nobody. Making one disturbs nobody; bringing one back needs that no daemon runs.
 */
#include "config.h"

/* Held by a daemon for its life, and while a backup is brought back. -EBUSY: another has it. */
int state_lock(struct arena *a, const char *state_dir, int *ret_fd, struct err *e);

int backup_make(struct arena *a, const struct config *c, const char *file, struct err *e);
/*
 * The database that is there goes to STATE_DIR/backups. The configuration of the backup is only
 * put where none is. From then on the reconciler removes nothing that it does not know, until
 * somebody has looked (STATE_DIR/keep-strays).
 */
int backup_restore(struct arena *a, const struct config *c, const char *file, struct err *e);

/* While this file is there, what belongs to no row is left alone. */
const char *keep_strays_path(struct arena *a, const char *state_dir);
