#pragma once
/*
 * Keys of encrypted disks. A disk key opens the layers of one volume, of its snapshots and of what
 * is made from those. It is kept only wrapped: sealed with the server's key and bound to
 * its id (core/sealed.h).
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "core/sealed.h"

#define DISK_KEY_BYTES 32

/* What is stored of a key. */
struct disk_key {
    const char *id; /* of the first layer that it was made for */
    const char *wrapped;
};

/* The key itself, as text (QEMU takes text): never written anywhere, and wiped after its use. */
struct disk_secret {
    char text[2 * DISK_KEY_BYTES + 1]; /* "": none, for disks that are not encrypted */
};

void disk_secret_make(struct disk_secret *ret_secret);
void disk_secret_wipe(struct disk_secret *s);
#define _cleanup_disk_secret_ _cleanup_(disk_secret_wipe)

/* NULL: OpenSSL failed. */
const char *disk_secret_wrap(struct arena *a, const struct server_key *server, const char *id,
                             const struct disk_secret *s, struct err *e);
/* -EBADMSG: it was not wrapped with this key for this id, or was changed. */
int disk_secret_unwrap(const struct server_key *server, const char *id, const char *wrapped,
                       struct disk_secret *ret_secret, struct err *e);
