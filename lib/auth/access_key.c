#include "auth/access_key.h"

#include <errno.h>
#include <string.h>

#include "base/id.h"

#define ID_LETTERS     16
#define SECRET_LETTERS 40

int access_key_make(struct arena *a, const struct server_key *k, struct access_key_pair *ret_pair,
                    struct err *e)
{
    struct access_key_pair pair = {
        .id =
            arena_printf(a, ACCESS_KEY_LONG_TERM "%s", random_text(a, ID_LETTERS, BASE32_LETTERS)),
        .secret = random_text(a, SECRET_LETTERS, BASE64_LETTERS),
    };
    pair.sealed = seal(a, k, SEAL_ACCESS_KEY, pair.id, pair.secret, strlen(pair.secret), e);
    if (pair.sealed == NULL)
        return -EIO;
    *ret_pair = pair;
    return 0;
}

const char *access_key_open(struct arena *a, const struct server_key *k, const char *id,
                            const char *sealed, struct err *e)
{
    char *secret = NULL;
    size_t len = 0;
    return unseal(a, k, SEAL_ACCESS_KEY, id, sealed, &secret, &len, e) < 0 ? NULL : secret;
}
