#pragma once
/* Where store.c tells port_changes.c of its transactions. Inside lib/store only. */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct connection;
struct port_log;

/* Makes the triggers of port_changes.sql on the connection that writes, which lives as long. */
int port_log_open(struct connection *writer, struct port_log **ret_log, struct err *e);
void port_log_close(struct port_log *log);

/*
 * A commit is announced before it can be seen and confirmed once it can, or has failed: so a
 * snapshot has all that had been confirmed before it began, and nothing that was not yet announced
 * after it had begun. Commits come one at a time.
 */
void port_log_announce(struct port_log *log);
void port_log_confirm(struct port_log *log);
/* What has been noted since the last commit was for nothing. */
void port_log_drop_notes(struct port_log *log);
/* The number of the last commit that was confirmed; the first one is 2. */
uint64_t port_log_confirmed(const struct port_log *log);
