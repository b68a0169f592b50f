#include "core/key_material.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/text.h"
#include "core/key_internal.h"

#define KEY_NAME_MAX 255
#define BLOB_MAX     4096

struct buf secret_buf(void)
{
    struct buf b = BUF_INIT(SECRET_MAX);
    char *place = buf_reserve(&b, SECRET_MAX - 1);
    CHECK(place != NULL);
    return b;
}

void secret_done(struct buf *b)
{
    if (b->data != NULL)
        OPENSSL_cleanse(b->data, b->capacity);
    buf_done(b);
}

void ssh_add_u32(struct buf *b, uint32_t value)
{
    const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                   (unsigned char)(value >> 8), (unsigned char)value};
    buf_add(b, bytes, sizeof(bytes));
}

void ssh_add_string(struct buf *b, const void *data, size_t len)
{
    ssh_add_u32(b, (uint32_t)len);
    buf_add(b, data, len);
}

int ssh_add_bignum(struct buf *b, const EVP_PKEY *key, const char *parameter, struct err *e)
{
    BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
        return err_set(e, EIO, "libcrypto does not give the key's parameter %s", parameter);
    /* A leading zero byte keeps a number positive whose first bit is set. */
    size_t len = (size_t)BN_num_bytes(number);
    bool pad = len > 0 && BN_is_bit_set(number, (int)len * 8 - 1);
    ssh_add_u32(b, (uint32_t)(len + pad));
    if (pad)
        buf_add_char(b, '\0');
    char *place = buf_reserve(b, len);
    if (place != NULL)
        b->len += (size_t)BN_bn2bin(number, (unsigned char *)place);
    BN_clear_free(number);
    return b->failed ? err_set(e, EIO, "the key is too large") : 0;
}

size_t add_base64_lines(struct buf *b, const void *data, size_t len, size_t width)
{
    size_t lines = 0;
    size_t step = width / 4 * 3;
    for (size_t at = 0; at < len; at += step, lines++) {
        size_t n = len - at < step ? len - at : step;
        char *place = buf_reserve(b, width + 1); /* EVP_EncodeBlock() writes a NUL */
        if (place == NULL)
            break;
        b->len += (size_t)EVP_EncodeBlock((unsigned char *)place, (const unsigned char *)data + at,
                                          (int)n);
        buf_add_char(b, '\n');
    }
    return lines;
}

bool key_is_rsa(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") == 1;
}

const char *key_ssh_name(const EVP_PKEY *key)
{
    return key_is_rsa(key) ? "ssh-rsa" : "ssh-ed25519";
}

int key_public_blob(const EVP_PKEY *key, struct buf *out, struct err *e)
{
    ssh_add_string(out, key_ssh_name(key), strlen(key_ssh_name(key)));
    if (key_is_rsa(key)) {
        int r = ssh_add_bignum(out, key, OSSL_PKEY_PARAM_RSA_E, e);
        return r < 0 ? r : ssh_add_bignum(out, key, OSSL_PKEY_PARAM_RSA_N, e);
    }
    unsigned char public[ED25519_SIZE];
    size_t len = sizeof(public);
    if (EVP_PKEY_get_raw_public_key(key, public, &len) != 1 || len != sizeof(public))
        return err_set(e, EIO, "libcrypto does not give the public key");
    ssh_add_string(out, public, len);
    return out->failed ? err_set(e, EIO, "the key is too large") : 0;
}

const char *fingerprint_colons(struct arena *a, const EVP_MD *md, const void *data, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    int r = EVP_Digest(data, len, digest, &n, md, NULL);
    CHECK(r == 1);
    char *text = arena_alloc(a, (size_t)n * 3);
    for (size_t i = 0; i < n; i++) {
        text[i * 3] = "0123456789abcdef"[digest[i] >> 4];
        text[i * 3 + 1] = "0123456789abcdef"[digest[i] & 15];
        text[i * 3 + 2] = i + 1 < n ? ':' : '\0';
    }
    return text;
}

int key_describe_public(struct arena *a, const EVP_PKEY *key, const char *name,
                        struct key_material *ret_material, struct err *e)
{
    _cleanup_buf_ struct buf blob = BUF_INIT(BLOB_MAX);
    int r = key_public_blob(key, &blob, e);
    if (r < 0)
        return r;
    ret_material->key_type = key_is_rsa(key) ? "rsa" : "ed25519";
    ret_material->public_key =
        arena_printf(a, "%s %s %s", key_ssh_name(key), base64_encode(a, blob.data, blob.len), name);
    if (!key_is_rsa(key)) {
        unsigned char digest[32];
        unsigned int n = 0;
        r = EVP_Digest(blob.data, blob.len, digest, &n, EVP_sha256(), NULL);
        CHECK(r == 1 && n == sizeof(digest));
        ret_material->fingerprint = base64_encode(a, digest, n);
    }
    return 0;
}

/* Of a pair that EC2 has made: SHA-1 over the private key as DER of PKCS#8. */
static int fingerprint_private(struct arena *a, const EVP_PKEY *key, const char **ret_text,
                               struct err *e)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *der = NULL;
    int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (len <= 0)
        return err_set(e, EIO, "libcrypto does not encode the key");
    *ret_text = fingerprint_colons(a, EVP_sha1(), der, (size_t)len);
    OPENSSL_clear_free(der, (size_t)len);
    return 0;
}

int key_material_make(struct arena *a, const char *type, enum key_format format, const char *name,
                      struct key_material *ret_material, struct err *e)
{
    bool rsa = streq(type, "rsa");
    CHECK(rsa || streq(type, "ed25519"));
    _cleanup_pkey_ EVP_PKEY *key =
        rsa ? EVP_RSA_gen(KEY_RSA_BITS) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL)
        return err_set(e, EIO, "libcrypto does not make a key");

    struct key_material material = {0};
    _cleanup_secret_ struct buf text = secret_buf();
    int r = key_describe_public(a, key, name, &material, e);
    if (r == 0 && rsa)
        r = fingerprint_private(a, key, &material.fingerprint, e);
    if (r == 0)
        r = format == KEY_FORMAT_PPK ? key_write_ppk(key, name, &text, e)
                                     : key_write_pem(key, name, &text, e);
    if (r < 0)
        return r;
    material.private_key = arena_strndup(a, text.data, text.len);
    *ret_material = material;
    return 0;
}

bool key_name_is_legal(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > KEY_NAME_MAX || name[0] == ' ' || name[len - 1] == ' ')
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] < 0x20 || name[i] > 0x7e)
            return false;
    return true;
}
