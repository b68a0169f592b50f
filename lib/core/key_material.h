#pragma once
/*
 * Key pairs: making them, reading public keys that callers bring, fingerprints as EC2 computes
 * them (AWS: "Verify the fingerprint of your key pair"). All cryptography is libcrypto's.
 *
 * Pure but for the random numbers. Intermediate copies of private keys are wiped; the text that is
 * handed out lies in the caller's arena, to be shown once and never logged. Any thread may call.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/fault.h"

#define KEY_RSA_BITS 2048 /* of the keys that we make */

enum key_format {
    KEY_FORMAT_PEM, /* RSA: PKCS#1; Ed25519: OpenSSH's own; `ssh -i` takes both */
    KEY_FORMAT_PPK, /* PuTTY's, version 2, which every PuTTY reads */
};

struct key_material {
    const char *key_type;    /* rsa, ed25519 */
    const char *fingerprint; /* made RSA: SHA-1 of the private key; brought RSA: MD5 of the public
                                one; Ed25519: SHA-256, base64 with its padding */
    const char *public_key;  /* one OpenSSH line that ends in the name */
    const char *private_key; /* NULL for a key that was brought */
};

/* `type` is "rsa" or "ed25519"; `name` becomes the comment. 0, or -EIO when libcrypto fails. */
int key_material_make(struct arena *a, const char *type, enum key_format format, const char *name,
                      struct key_material *ret_material, struct err *e);
/*
 * A public key: an OpenSSH line, RFC 4716, PEM, DER, or base64 of DER; RSA of 1024, 2048, 3072 or
 * 4096 bits (3072 is what ssh-keygen makes by default), or Ed25519. Faults: InvalidKey.Format,
 * InvalidKeyPair.Format (another kind or size). They never quote the material, which may be a
 * private key by mistake.
 */
int key_material_read(struct arena *a, const char *data, size_t len, const char *name,
                      struct key_material *ret_material, struct fault *f);
/* Up to 255 printable ASCII characters, without space at either end. */
bool key_name_is_legal(const char *name);
