#pragma once
/*
 * The key that the keys of encrypted disks are wrapped with: 32 bytes in a file of its own, which
 * nobody but its owner may read. Who has this file and the database can read every encrypted disk,
 * and without it nobody can.
 */
#include <stdbool.h>

#include "base/err.h"
#include "core/disk_key.h"

/*
 * Makes the file when it is not there and `may_make`: not when something is wrapped with the key
 * that has gone (-ENOKEY). -EPERM: others may read it. -EINVAL: it holds something else.
 */
int server_key_load(const char *path, bool may_make, struct server_key *ret_key, struct err *e);
