#pragma once
/*
 * The file of the server's key: 32 bytes, which nobody but its owner may read. What leaves the
 * daemon as a secret is sealed with it (core/sealed.h): who has this file and the database can read
 * every encrypted disk and sign as every user, and without it nobody can.
 */
#include <stdbool.h>

#include "base/err.h"
#include "core/sealed.h"

/*
 * Makes the file when it is not there and `may_make`: not when something is sealed with the key
 * that has gone (-ENOKEY). -EPERM: others may read it. -EINVAL: it holds something else.
 */
int server_key_load(const char *path, bool may_make, struct server_key *ret_key, struct err *e);
