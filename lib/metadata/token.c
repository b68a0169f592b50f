#include "metadata/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"

/* A multiple of three bytes, so that the text has no padding and no spare bits. */
#define VERSION    1 /* the first byte */
#define TIME_AT    1 /* eight bytes */
#define NONCE_AT   9
#define NONCE_SIZE ((size_t)9)
#define MAC_SIZE   ((size_t)24) /* of HMAC-SHA256's 32 */
#define MAC_AT     (NONCE_AT + NONCE_SIZE)
#define RAW_SIZE   (MAC_AT + MAC_SIZE)
#define BASE64     ((RAW_SIZE / 3) * 4)
#define HOLDER_MAX 128

_Static_assert(RAW_SIZE % 3 == 0 && BASE64 == TOKEN_SIZE - 1, "a token is 56 characters");

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void sign(const struct token_key *key, const struct token_holder *holder,
                 const unsigned char raw[RAW_SIZE], unsigned char out[MAC_SIZE])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    _cleanup_buf_ struct buf text = BUF_INIT(MAC_AT + HOLDER_MAX);
    buf_add(&text, raw, MAC_AT);
    buf_printf(&text, "%s/%s", holder->interface_id, holder->instance_id);
    CHECK(!text.failed);
    CHECK(HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), (const unsigned char *)buf_str(&text),
               text.len, mac, &mac_len) != NULL &&
          mac_len >= MAC_SIZE);
    memcpy(out, mac, MAC_SIZE);
}

void token_make(const struct token_key *key, const struct token_holder *holder, int64_t expires_at,
                char out[TOKEN_SIZE])
{
    unsigned char raw[RAW_SIZE] = {VERSION};
    for (int i = 0; i < 8; i++)
        raw[TIME_AT + i] = (unsigned char)((uint64_t)expires_at >> (56 - 8 * i));
    random_bytes(raw + NONCE_AT, NONCE_SIZE);
    sign(key, holder, raw, raw + MAC_AT);
    for (size_t i = 0, o = 0; i < RAW_SIZE; i += 3) {
        uint32_t three = (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | raw[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            out[o++] = alphabet[three >> shift & 63];
    }
    out[BASE64] = '\0';
}

static bool decode(const char *text, unsigned char raw[RAW_SIZE])
{
    if (strlen(text) != BASE64)
        return false;
    for (size_t i = 0, o = 0; i < BASE64; i += 4) {
        uint32_t three = 0;
        for (size_t k = 0; k < 4; k++) {
            const char *at = strchr(alphabet, text[i + k]);
            if (at == NULL)
                return false;
            three = three << 6 | (uint32_t)(at - alphabet);
        }
        raw[o++] = (unsigned char)(three >> 16);
        raw[o++] = (unsigned char)(three >> 8);
        raw[o++] = (unsigned char)three;
    }
    return true;
}

bool token_check(const struct token_key *key, const struct token_holder *holder, int64_t now,
                 const char *text, int64_t *ret_left)
{
    unsigned char raw[RAW_SIZE];
    unsigned char mac[MAC_SIZE];
    uint64_t expires_at = 0;
    if (!decode(text, raw))
        return false;
    sign(key, holder, raw, mac);
    if (CRYPTO_memcmp(mac, raw + MAC_AT, MAC_SIZE) != 0 || raw[0] != VERSION)
        return false;
    for (int i = 0; i < 8; i++)
        expires_at = expires_at << 8 | raw[TIME_AT + i];
    if ((int64_t)expires_at <= now)
        return false;
    *ret_left = (int64_t)expires_at - now;
    return true;
}
