#include "core/disk_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/id.h"

/* A wrapped key is, in hexadecimal digits: a random nonce, the encrypted text, the tag. The nonces
 * of one server key do not repeat: SP 800-38D allows 2^32 random ones, and one is used for a key.
 */
#define NONCE_SIZE   12
#define TAG_SIZE     16
#define TEXT_SIZE    ((size_t)2 * DISK_KEY_BYTES)
#define WRAPPED_SIZE (NONCE_SIZE + TEXT_SIZE + TAG_SIZE)

static void cleanup_cipher(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}
#define _cleanup_cipher_ _cleanup_(cleanup_cipher)

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
    _cleanup_cipher_ EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    unsigned char all[WRAPPED_SIZE];
    int n = 0;
    random_bytes(all, NONCE_SIZE);
    bool ok =
        c != NULL && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, server->bytes, all) == 1 &&
        EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)id, (int)strlen(id)) == 1 &&
        EVP_EncryptUpdate(c, all + NONCE_SIZE, &n, (const unsigned char *)s->text, TEXT_SIZE) ==
            1 &&
        EVP_EncryptFinal_ex(c, all + NONCE_SIZE + n, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, all + NONCE_SIZE + TEXT_SIZE) == 1;
    if (!ok) {
        (void)err_set(e, EIO, "OpenSSL cannot wrap the key of %s", id);
        return NULL;
    }
    char *text = arena_alloc(a, 2 * sizeof(all) + 1);
    hex_encode(all, sizeof(all), text);
    return text;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool hex_decode(const char *text, unsigned char *ret, size_t size)
{
    if (strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

int disk_secret_unwrap(const struct server_key *server, const char *id, const char *wrapped,
                       struct disk_secret *ret_secret, struct err *e)
{
    _cleanup_cipher_ EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    _cleanup_disk_secret_ struct disk_secret s = {0};
    unsigned char all[WRAPPED_SIZE];
    int n = 0;
    bool ok =
        c != NULL && hex_decode(wrapped, all, sizeof(all)) &&
        EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, server->bytes, all) == 1 &&
        EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)id, (int)strlen(id)) == 1 &&
        EVP_DecryptUpdate(c, (unsigned char *)s.text, &n, all + NONCE_SIZE, (int)TEXT_SIZE) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, all + NONCE_SIZE + TEXT_SIZE) == 1 &&
        EVP_DecryptFinal_ex(c, (unsigned char *)s.text + n, &n) == 1;
    if (!ok)
        return err_set(e, EBADMSG, "the key of %s does not open with the server's disk key", id);
    *ret_secret = s;
    return 0;
}
