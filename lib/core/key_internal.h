#pragma once
/* Between the files of key_material.h. */
#include <openssl/evp.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/key_material.h"

#define SECRET_MAX 16384

/* A buffer for private material: it never moves, and is wiped when it goes. */
struct buf secret_buf(void);
void secret_done(struct buf *b);
#define _cleanup_secret_ _cleanup_(secret_done)

static inline void cleanup_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define _cleanup_pkey_ _cleanup_(cleanup_pkey)

/* The types of RFC 4251: a string, a number, a positive integer of many bytes. */
void ssh_add_u32(struct buf *b, uint32_t value);
void ssh_add_string(struct buf *b, const void *data, size_t len);
/* A parameter of the key; -EIO when it has none of this name. */
int ssh_add_bignum(struct buf *b, const EVP_PKEY *key, const char *parameter, struct err *e);
/* Base64 in lines of at most `width` characters, each ended by "\n"; the number of lines. */
size_t add_base64_lines(struct buf *b, const void *data, size_t len, size_t width);

#define ED25519_SIZE 32

bool key_is_rsa(const EVP_PKEY *key);
/* The public key as SSH's protocol has it: what is base64 in an OpenSSH line. */
int key_public_blob(const EVP_PKEY *key, struct buf *out, struct err *e);
const char *key_ssh_name(const EVP_PKEY *key);
/* Type, line and, for Ed25519, the fingerprint. */
int key_describe_public(struct arena *a, const EVP_PKEY *key, const char *name,
                        struct key_material *ret_material, struct err *e);
const char *fingerprint_colons(struct arena *a, const EVP_MD *md, const void *data, size_t len);

int key_write_pem(const EVP_PKEY *key, const char *name, struct buf *out, struct err *e);
int key_write_ppk(const EVP_PKEY *key, const char *name, struct buf *out, struct err *e);
