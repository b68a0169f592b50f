#include "core/sealed.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"

#define VERSION    "v1:"
#define NONCE_SIZE 12
#define TAG_SIZE   16

DEFINE_CLEANUP(cleanup_cipher, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
#define _cleanup_cipher_ _cleanup_(cleanup_cipher)
DEFINE_CLEANUP(cleanup_kdf, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
#define _cleanup_kdf_ _cleanup_(cleanup_kdf)

/* What the keys are derived for: never changed, or nothing opens any more. */
static const char *const purposes[_SEAL_PURPOSE_MAX] = {
    [SEAL_CHECK] = "croft check",           [SEAL_DISK_KEY] = "croft disk key",
    [SEAL_ACCESS_KEY] = "croft access key", [SEAL_SESSION] = "croft session",
    [SEAL_METADATA] = "croft metadata",     [SEAL_MESSAGE] = "croft message",
};

void server_key_derive(const unsigned char root[SEAL_KEY_BYTES], struct server_key *ret_key)
{
    for (size_t i = 0; i < _SEAL_PURPOSE_MAX; i++) {
        _cleanup_kdf_ EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
        size_t len = SEAL_KEY_BYTES;
        CHECK(c != NULL && EVP_PKEY_derive_init(c) == 1 &&
              EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
              EVP_PKEY_CTX_set1_hkdf_key(c, root, SEAL_KEY_BYTES) == 1 &&
              EVP_PKEY_CTX_add1_hkdf_info(c, (const unsigned char *)purposes[i],
                                          (int)strlen(purposes[i])) == 1 &&
              EVP_PKEY_derive(c, ret_key->of[i], &len) == 1 && len == SEAL_KEY_BYTES);
    }
}

bool is_sealed(const char *text)
{
    return has_prefix(text, VERSION);
}

static const char *seal_with(struct arena *a, const struct server_key *k, enum seal_purpose purpose,
                             const unsigned char nonce[NONCE_SIZE], const char *id,
                             const void *data, size_t len, struct err *e)
{
    CHECK(len < INT_MAX - NONCE_SIZE - TAG_SIZE);
    _cleanup_cipher_ EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char *all = arena_alloc(a, NONCE_SIZE + len + TAG_SIZE);
    unsigned char *body = all + NONCE_SIZE;
    int n = 0;
    memcpy(all, nonce, NONCE_SIZE);
    if (c == NULL || EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->of[purpose], all) != 1 ||
        EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)id, (int)strlen(id)) != 1 ||
        EVP_EncryptUpdate(c, body, &n, data, (int)len) != 1 ||
        EVP_EncryptFinal_ex(c, body + n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, body + len) != 1) {
        (void)err_set(e, EIO, "OpenSSL cannot seal the secret of %.64s", id);
        return NULL;
    }
    return arena_printf(a, VERSION "%s", base64_encode(a, all, NONCE_SIZE + len + TAG_SIZE));
}

const char *seal(struct arena *a, const struct server_key *k, enum seal_purpose purpose,
                 const char *id, const void *data, size_t len, struct err *e)
{
    unsigned char nonce[NONCE_SIZE];
    random_bytes(nonce, sizeof(nonce));
    return seal_with(a, k, purpose, nonce, id, data, len, e);
}

const char *seal_again(struct arena *a, const struct server_key *k, enum seal_purpose purpose,
                       const char *id, const void *data, size_t len, struct err *e)
{
    unsigned char mac[SEAL_KEY_BYTES];
    seal_derive(k, purpose, arena_printf(a, "nonce %s %s", id, base64_encode(a, data, len)), mac);
    return seal_with(a, k, purpose, mac, id, data, len, e);
}

int unseal(struct arena *a, const struct server_key *k, enum seal_purpose purpose, const char *id,
           const char *text, char **ret_data, size_t *ret_len, struct err *e)
{
    _cleanup_cipher_ EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    char *all = NULL;
    size_t size = 0;
    int n = 0;
    if (c == NULL || !is_sealed(text) ||
        base64_decode(a, text + strlen(VERSION), strlen(text) - strlen(VERSION), &all, &size) < 0 ||
        size < NONCE_SIZE + TAG_SIZE || size > INT_MAX)
        return err_set(e, EBADMSG, "the secret of %.64s is not sealed as this server does", id);
    size_t len = size - NONCE_SIZE - TAG_SIZE;
    const unsigned char *nonce = (const unsigned char *)all;
    unsigned char *data = arena_alloc(a, len + 1);
    if (EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->of[purpose], nonce) != 1 ||
        EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)id, (int)strlen(id)) != 1 ||
        EVP_DecryptUpdate(c, data, &n, nonce + NONCE_SIZE, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, all + NONCE_SIZE + len) != 1 ||
        EVP_DecryptFinal_ex(c, data + n, &n) != 1) {
        OPENSSL_cleanse(data, len);
        return err_set(e, EBADMSG, "the secret of %.64s does not open with this server's key", id);
    }
    data[len] = '\0';
    *ret_data = (char *)data;
    *ret_len = len;
    return 0;
}

void seal_derive(const struct server_key *k, enum seal_purpose purpose, const char *text,
                 unsigned char ret[SEAL_KEY_BYTES])
{
    unsigned int len = 0;
    CHECK(HMAC(EVP_sha256(), k->of[purpose], SEAL_KEY_BYTES, (const unsigned char *)text,
               strlen(text), ret, &len) != NULL &&
          len == SEAL_KEY_BYTES);
}
