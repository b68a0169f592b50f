#pragma once
/*
 * Secrets that leave the daemon: encrypted (AES-256-GCM) with a key of the server, for one purpose,
 * and bound to the id of what they belong to, so that a row or a token that was put in the place of
 * another does not open.
 *
 *     const char *text = seal(arena, &server, SEAL_ACCESS_KEY, key->id, secret, strlen(secret),
 * &e);
 *     ...
 *     if (unseal(arena, &server, SEAL_ACCESS_KEY, key->id, text, &secret, &len, &e) < 0)
 *         e.message says which, and never what
 *
 * A sealed text is "v1:" and base64 of a random nonce, the encrypted bytes and the tag. Nonces of a
 * key do not repeat: NIST SP 800-38D allows 2^32 random ones. Each purpose has a key of its own,
 * derived from the server's (HKDF, RFC 5869), so that what is sealed for one opens for no other.
 *
 * No state: from any thread. What is opened lives in the arena; who opens it wipes it, where it
 * should not outlive its use.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define SEAL_KEY_BYTES 32

enum seal_purpose {
    SEAL_CHECK, /* a known text, by which a database knows the key that it was sealed with */
    SEAL_DISK_KEY,
    SEAL_ACCESS_KEY,
    SEAL_SESSION, /* tokens of temporary credentials, and their secrets */
    SEAL_METADATA,
    SEAL_MESSAGE, /* encoded authorization messages */
    _SEAL_PURPOSE_MAX
};

/* The keys of all purposes. Sensitive. */
struct server_key {
    unsigned char of[_SEAL_PURPOSE_MAX][SEAL_KEY_BYTES];
};

/* From the 32 bytes of the server's file. */
void server_key_derive(const unsigned char root[SEAL_KEY_BYTES], struct server_key *ret_key);

/* Is the text one that seal() made, by its form? */
bool is_sealed(const char *text);

/* NULL: OpenSSL failed. */
const char *seal(struct arena *a, const struct server_key *k, enum seal_purpose purpose,
                 const char *id, const void *data, size_t len, struct err *e);
/*
 * The same, for what is to look the same each time: the nonce follows from the purpose's key, the
 * id and the data, so that two different ones have the same nonce as seldom as two random ones.
 */
const char *seal_again(struct arena *a, const struct server_key *k, enum seal_purpose purpose,
                       const char *id, const void *data, size_t len, struct err *e);
/* The result is terminated by a NUL that does not count. -EBADMSG: it was not sealed with this key
 * for this purpose and id, or was changed. */
int unseal(struct arena *a, const struct server_key *k, enum seal_purpose purpose, const char *id,
           const char *text, char **ret_data, size_t *ret_len, struct err *e);

/* HMAC-SHA256 of the text: what is derived instead of stored. */
void seal_derive(const struct server_key *k, enum seal_purpose purpose, const char *text,
                 unsigned char ret[SEAL_KEY_BYTES]);
