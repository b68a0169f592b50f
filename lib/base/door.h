#pragma once
/*
 * The unix socket of a daemon that one user may ask, and root. systemd makes it
 * (the .socket units) and hands it in; without it the daemon does.
 */
#include <sys/types.h>

#include "base/err.h"

/* A user by name, or by number where there is no such name. -ENOENT. */
int door_user(const char *name, uid_t *ret_uid, struct err *e);
/* Listens on a socket of that user's, mode 0600, instead of what is at `path`. */
int door_listen(const char *path, uid_t user, int *ret_fd, struct err *e);
