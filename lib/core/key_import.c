/* Public keys as callers bring them. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "core/key_internal.h"

#define IMPORT_MAX 16384 /* an RSA key of 4096 bits has less than 1 KiB in any form */

/* Where in the material we are, reading SSH's types. */
struct cursor {
    const unsigned char *at;
    size_t left;
};

static bool read_string(struct cursor *c, const unsigned char **ret_data, size_t *ret_len)
{
    if (c->left < 4)
        return false;
    size_t len = (size_t)c->at[0] << 24 | (size_t)c->at[1] << 16 | (size_t)c->at[2] << 8 | c->at[3];
    if (len > c->left - 4)
        return false;
    *ret_data = c->at + 4;
    *ret_len = len;
    c->at += 4 + len;
    c->left -= 4 + len;
    return true;
}

static EVP_PKEY *rsa_of_numbers(const unsigned char *e, size_t e_len, const unsigned char *n,
                                size_t n_len)
{
    EVP_PKEY *key = NULL;
    BIGNUM *be = BN_bin2bn(e, (int)e_len, NULL);
    BIGNUM *bn = BN_bin2bn(n, (int)n_len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (be != NULL && bn != NULL && build != NULL && context != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(be);
    BN_free(bn);
    return key;
}

/* What is base64 in an OpenSSH line. NULL: not a key of a kind that we know. */
static EVP_PKEY *read_blob(const char *data, size_t len)
{
    struct cursor c = {(const unsigned char *)data, len};
    const unsigned char *type = NULL;
    const unsigned char *first = NULL;
    const unsigned char *second = NULL;
    size_t type_len = 0;
    size_t first_len = 0;
    size_t second_len = 0;
    if (!read_string(&c, &type, &type_len) || !read_string(&c, &first, &first_len))
        return NULL;
    if (type_len == 11 && memcmp(type, "ssh-ed25519", 11) == 0)
        return c.left == 0 && first_len == ED25519_SIZE
                   ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, first, first_len)
                   : NULL;
    if (type_len != 7 || memcmp(type, "ssh-rsa", 7) != 0 ||
        !read_string(&c, &second, &second_len) || c.left != 0)
        return NULL;
    return rsa_of_numbers(first, first_len, second, second_len);
}

/* SubjectPublicKeyInfo or PKCS#1. */
static EVP_PKEY *read_der(const char *data, size_t len)
{
    const unsigned char *at = (const unsigned char *)data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)len);
    if (key == NULL) {
        at = (const unsigned char *)data;
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)len);
    }
    if (key != NULL && at != (const unsigned char *)data + len) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *read_pem(const char *text, size_t len)
{
    EVP_PKEY *key = NULL;
    char *name = NULL;
    char *header = NULL;
    unsigned char *data = NULL;
    long size = 0;
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    if (bio != NULL && PEM_read_bio(bio, &name, &header, &data, &size) == 1 &&
        (streq(name, "PUBLIC KEY") || streq(name, "RSA PUBLIC KEY")))
        key = read_der((const char *)data, (size_t)size);
    BIO_free(bio);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return key;
}

/* "ssh-rsa BASE64 comment": the base64 between the first two runs of space. */
static EVP_PKEY *read_line(struct arena *a, const char *text)
{
    text += strcspn(text, " \t");
    text += strspn(text, " \t");
    char *blob = NULL;
    size_t len = 0;
    if (base64_decode(a, text, strcspn(text, " \t\r\n"), &blob, &len) < 0)
        return NULL;
    return read_blob(blob, len);
}

/* RFC 4716: headers, which a backslash continues, and base64 between two marks. */
static EVP_PKEY *read_rfc4716(struct arena *a, const char *text)
{
    _cleanup_buf_ struct buf body = BUF_INIT(IMPORT_MAX);
    bool continued = false;
    for (text += strcspn(text, "\n"); *text == '\n'; text += strcspn(text, "\n")) {
        text++;
        size_t len = strcspn(text, "\r\n");
        if (has_prefix(text, "----"))
            break;
        bool header = continued || memchr(text, ':', len) != NULL;
        continued = header && len > 0 && text[len - 1] == '\\';
        if (!header)
            buf_add(&body, text, len);
    }
    char *blob = NULL;
    size_t len = 0;
    if (base64_decode(a, buf_str(&body), body.len, &blob, &len) < 0)
        return NULL;
    return read_blob(blob, len);
}

static bool is_private_text(const char *text)
{
    return strstr(text, "PRIVATE KEY") != NULL || strstr(text, "PuTTY-User-Key-File") != NULL;
}

static bool is_private_der(const char *data, size_t len)
{
    const unsigned char *at = (const unsigned char *)data;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)len);
    EVP_PKEY_free(key);
    return key != NULL;
}

static EVP_PKEY *read_any(struct arena *a, const char *data, size_t len, bool *ret_private)
{
    char *copy = arena_strndup(a, data, len);
    const char *text = copy + strspn(copy, " \t\r\n");
    *ret_private = is_private_text(text);
    if (*ret_private) {
        OPENSSL_cleanse(copy, strlen(copy)); /* a NUL in the data ends the copy */
        return NULL;
    }
    if (has_prefix(text, "ssh-"))
        return read_line(a, text);
    if (has_prefix(text, "---- BEGIN SSH2 PUBLIC KEY"))
        return read_rfc4716(a, text);
    if (has_prefix(text, "-----BEGIN "))
        return read_pem(text, strlen(text));
    char *der = (char *)data;
    size_t size = len;
    bool decoded = false;
    if (data[0] != 0x30) { /* SEQUENCE: DER as it is */
        if (base64_decode(a, text, strlen(text), &der, &size) < 0)
            return NULL;
        decoded = true;
    }
    *ret_private = is_private_der(der, size);
    EVP_PKEY *key = *ret_private ? NULL : read_der(der, size);
    if (decoded)
        OPENSSL_cleanse(der, size);
    return key;
}

/* Both numbers are odd and the exponent does encrypt: no more can be told cheaply. */
static bool is_sound_rsa(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    BIGNUM *n = NULL;
    bool sound = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                 EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 && BN_is_odd(e) &&
                 !BN_is_one(e) && BN_is_odd(n);
    BN_free(e);
    BN_free(n);
    return sound;
}

static int check_kind(const EVP_PKEY *key, struct fault *f)
{
    int bits = EVP_PKEY_get_bits(key);
    if (key_is_rsa(key)
            ? (bits == 1024 || bits == 2048 || bits == 3072 || bits == 4096) && is_sound_rsa(key)
            : EVP_PKEY_is_a(key, "ED25519") == 1)
        return 0;
    return fault(f, FAULT_INVALID_KEY_PAIR_FORMAT,
                 "The public key must be RSA of 1024, 2048, 3072 or 4096 bits, or ED25519");
}

int key_material_read(struct arena *a, const char *data, size_t len, const char *name,
                      struct key_material *ret_material, struct fault *f)
{
    if (len == 0 || len > IMPORT_MAX)
        return fault(f, FAULT_INVALID_KEY_FORMAT, "Key is not in valid OpenSSH public key format");
    bool is_private = false;
    _cleanup_pkey_ EVP_PKEY *key = read_any(a, data, len, &is_private);
    ERR_clear_error();
    if (is_private)
        return fault(f, FAULT_INVALID_KEY_FORMAT,
                     "This is a private key: keep it to yourself and import its public half "
                     "(ssh-keygen -y prints it)");
    if (key == NULL)
        return fault(f, FAULT_INVALID_KEY_FORMAT, "Key is not in valid OpenSSH public key format");
    if (check_kind(key, f) < 0)
        return -1;
    struct key_material material = {0};
    if (key_describe_public(a, key, name, &material, NULL) < 0)
        return fault(f, FAULT_INVALID_KEY_FORMAT, "Key is not in valid OpenSSH public key format");
    if (key_is_rsa(key)) {
        unsigned char *der = NULL;
        int size = i2d_PUBKEY(key, &der);
        if (size <= 0)
            return fault(f, FAULT_INVALID_KEY_FORMAT,
                         "Key is not in valid OpenSSH public key format");
        material.fingerprint = fingerprint_colons(a, EVP_md5(), der, (size_t)size);
        OPENSSL_free(der);
    }
    *ret_material = material;
    return 0;
}
