#include "core/disk_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/id.h"

void disk_secret_make(struct disk_secret *ret_secret)
{
    unsigned char bytes[DISK_KEY_BYTES];
    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), ret_secret->text);
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

void disk_secret_wipe(struct disk_secret *s)
{
    OPENSSL_cleanse(s, sizeof(*s));
}

const char *disk_secret_wrap(struct arena *a, const struct server_key *server, const char *id,
                             const struct disk_secret *s, struct err *e)
{
    return seal(a, server, SEAL_DISK_KEY, id, s->text, strlen(s->text), e);
}

int disk_secret_unwrap(const struct server_key *server, const char *id, const char *wrapped,
                       struct disk_secret *ret_secret, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    char *text = NULL;
    size_t len = 0;
    int r = unseal(a, server, SEAL_DISK_KEY, id, wrapped, &text, &len, e);
    if (r < 0)
        return r;
    if (len == sizeof(ret_secret->text) - 1)
        memcpy(ret_secret->text, text, len + 1);
    else
        r = err_set(e, EBADMSG, "the key of %s has not the length of one", id);
    OPENSSL_cleanse(text, len);
    return r;
}
