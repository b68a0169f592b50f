#pragma once
/* A key pair's public half. The private one is shown once, in the answer to CreateKeyPair, and not
 * kept. */
#include <stdint.h>

struct key_pair {
    const char *id; /* key-… */
    const char *account_id;
    const char *region;
    const char *name;
    const char *key_type;    /* rsa, ed25519 */
    const char *fingerprint; /* as EC2 computes it; see core/key_material.h */
    const char *public_key;  /* one OpenSSH line */
    int64_t created_at;
};
