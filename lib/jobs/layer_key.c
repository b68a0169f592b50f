#include "jobs/layer_key.h"

#include <errno.h>

#include "base/check.h"

struct open_keys open_keys_new(struct arena *a, size_t max)
{
    return (struct open_keys){arena_array(a, max, struct disk_secret), 0, max};
}

void open_keys_wipe(struct open_keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        disk_secret_wipe(&k->v[i]);
}

int layer_open_key(struct jobs *j, struct arena *a, const char *key_id, struct open_keys *keys,
                   const char **ret_key, struct err *e)
{
    *ret_key = NULL;
    if (key_id == NULL)
        return 0;
    struct tx *tx = store_read(j->config.store);
    const struct disk_key *key = store_disk_key(tx, a, key_id);
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    if (key == NULL)
        return err_set(e, ENOENT, "the key of %s has gone", key_id);
    CHECK(keys->n < keys->max);
    struct disk_secret *secret = &keys->v[keys->n++];
    r = disk_secret_unwrap(j->config.server_key, key_id, key->wrapped, secret, e);
    if (r == 0)
        *ret_key = secret->text;
    return r;
}

int layer_open_disks(struct jobs *j, struct arena *a, struct domain_disk *disks, size_t n,
                     struct open_keys *keys, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = layer_open_key(j, a, disks[i].key_id, keys, &disks[i].key, e);
    return r;
}

int layer_make_key(struct jobs *j, struct arena *a, const char *key_id, struct err *e)
{
    _cleanup_disk_secret_ struct disk_secret secret = {0};
    disk_secret_make(&secret);
    const char *wrapped = disk_secret_wrap(a, j->config.server_key, key_id, &secret, e);
    if (wrapped == NULL)
        return -EIO;
    struct tx *tx = store_write(j->config.store);
    if (store_disk_key(tx, a, key_id) == NULL)
        store_insert_disk_key(tx, &(struct disk_key){key_id, wrapped});
    return tx_commit(tx, e);
}

void layer_drop_key(struct tx *tx, const char *key_id)
{
    if (key_id != NULL && store_count_layers(tx, "key_id", key_id) == 0)
        store_delete_disk_keys(tx, "id", key_id);
}
