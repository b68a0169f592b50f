#pragma once
/* Keys of encrypted layers, opened for as long as they are needed. */
#include "core/disk_key.h"
#include "jobs/worker.h"

struct open_keys {
    struct disk_secret *v;
    size_t n, max;
};

/* For at most so many keys; wiped when it goes. */
struct open_keys open_keys_new(struct arena *a, size_t max);
void open_keys_wipe(struct open_keys *k);
#define _cleanup_open_keys_ _cleanup_(open_keys_wipe)

/* The text of a key, which lives as long as `keys`; NULL for a key_id of NULL. */
int layer_open_key(struct jobs *j, struct arena *a, const char *key_id, struct open_keys *keys,
                   const char **ret_key, struct err *e);
/* The same for disks that are given to a guest. */
int layer_open_disks(struct jobs *j, struct arena *a, struct domain_disk *disks, size_t n,
                     struct open_keys *keys, struct err *e);
/* Makes the key of the first layer that it is for, unless it is there. */
int layer_make_key(struct jobs *j, struct arena *a, const char *key_id, struct err *e);
/* A layer has gone: its key goes with the last that has it. Nobody can read a copy of them then. */
void layer_drop_key(struct tx *tx, const char *key_id);
