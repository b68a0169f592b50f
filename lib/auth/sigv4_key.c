/*
 * Hashes, HMAC chain and the cache of signing keys.
 *
 * Algorithms are fetched once: OpenSSL 3 looks an algorithm up by name at each use otherwise, which
 * costs more than hashing a request. The template context has its digest set and is only ever
 * copied, so threads share it.
 *
 * A cache entry is found by the SHA-256 over scope and secret together. So a changed secret misses
 * by itself, and no secret is kept in the cache, only the key derived for one day.
 */
#include "auth/sigv4_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"

struct entry {
    uint64_t used; /* 0: free */
    unsigned char digest[SIGV4_HASH_LEN];
    unsigned char key[SIGV4_HASH_LEN];
};

struct sigv4 {
    struct sigv4_config config;
    EVP_MD *sha256;
    EVP_MAC *mac;
    EVP_MAC_CTX *template;
    char nobody[SIGV4_HEX_SIZE];
    pthread_mutex_t lock; /* of what follows */
    uint64_t tick;
    struct entry entries[SIGV4_CACHE_SIZE];
};

struct sigv4 *sigv4_new(const struct sigv4_config *config)
{
    struct sigv4 *s = calloc(1, sizeof(*s));
    CHECK_MEMORY(s != NULL);
    if (config != NULL)
        s->config = *config;
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    CHECK_MEMORY(s->sha256 != NULL && s->mac != NULL);
    s->template = EVP_MAC_CTX_new(s->mac);
    CHECK_MEMORY(s->template != NULL);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_end(),
    };
    CHECK(EVP_MAC_CTX_set_params(s->template, params) == 1);
    unsigned char random[SIGV4_HASH_LEN];
    random_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), s->nobody);
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sigv4_free(struct sigv4 *s)
{
    if (s == NULL)
        return;
    EVP_MAC_CTX_free(s->template);
    EVP_MAC_free(s->mac);
    EVP_MD_free(s->sha256);
    (void)pthread_mutex_destroy(&s->lock);
    OPENSSL_cleanse(s, sizeof(*s));
    free(s);
}

const struct sigv4_config *sigv4_config_of(const struct sigv4 *s)
{
    return &s->config;
}

const char *sigv4_nobodys_secret(const struct sigv4 *s)
{
    return s->nobody;
}

void sigv4_sha256(const struct sigv4 *s, const void *data, size_t len, unsigned char *out)
{
    CHECK(EVP_Digest(len > 0 ? data : "", len, out, NULL, s->sha256, NULL) == 1);
}

void sigv4_sha256_hex(const struct sigv4 *s, const void *data, size_t len, char out[SIGV4_HEX_SIZE])
{
    unsigned char hash[SIGV4_HASH_LEN];
    sigv4_sha256(s, data, len, hash);
    hex_encode(hash, sizeof(hash), out);
}

/* `out` may be `key`. */
static void hmac(const struct sigv4 *s, const void *key, size_t key_len, const char *text,
                 size_t text_len, unsigned char out[SIGV4_HASH_LEN])
{
    EVP_MAC_CTX *c = EVP_MAC_CTX_dup(s->template);
    CHECK_MEMORY(c != NULL);
    size_t n = 0;
    CHECK(EVP_MAC_init(c, key, key_len, NULL) == 1);
    CHECK(EVP_MAC_update(c, (const unsigned char *)text, text_len) == 1);
    CHECK(EVP_MAC_final(c, out, &n, SIGV4_HASH_LEN) == 1 && n == SIGV4_HASH_LEN);
    EVP_MAC_CTX_free(c);
}

static void derive(const struct sigv4 *s, const char *secret, const struct sigv4_scope *scope,
                   unsigned char key[SIGV4_HASH_LEN])
{
    size_t len = strlen(secret) + 4;
    char *first = NULL;
    CHECK_MEMORY(asprintf(&first, "AWS4%s", secret) == (int)len);
    hmac(s, first, len, scope->date, strlen(scope->date), key);
    OPENSSL_cleanse(first, len);
    free(first);
    hmac(s, key, SIGV4_HASH_LEN, scope->region, strlen(scope->region), key);
    hmac(s, key, SIGV4_HASH_LEN, scope->service, strlen(scope->service), key);
    hmac(s, key, SIGV4_HASH_LEN, SIGV4_TERMINATOR, strlen(SIGV4_TERMINATOR), key);
}

static struct entry *find(struct sigv4 *s, const unsigned char digest[SIGV4_HASH_LEN])
{
    for (size_t i = 0; i < SIGV4_CACHE_SIZE; i++) {
        struct entry *e = &s->entries[i];
        if (e->used != 0 && CRYPTO_memcmp(e->digest, digest, SIGV4_HASH_LEN) == 0)
            return e;
    }
    return NULL;
}

static void signing_key(struct sigv4 *s, const char *secret, const struct sigv4_scope *scope,
                        unsigned char key[SIGV4_HASH_LEN])
{
    struct buf what = BUF_INIT(SIGV4_CANONICAL_MAX);
    buf_printf(&what, "%s/%s/%s/%s", scope->date, scope->region, scope->service, secret);
    unsigned char digest[SIGV4_HASH_LEN];
    sigv4_sha256(s, buf_str(&what), what.len, digest);
    if (what.data != NULL)
        OPENSSL_cleanse(what.data, what.len);
    buf_done(&what);

    (void)pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, digest);
    if (e != NULL) {
        e->used = ++s->tick;
        memcpy(key, e->key, SIGV4_HASH_LEN);
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (e != NULL)
        return;

    derive(s, secret, scope, key);
    (void)pthread_mutex_lock(&s->lock);
    struct entry *oldest = &s->entries[0];
    for (size_t i = 1; i < SIGV4_CACHE_SIZE; i++) {
        if (s->entries[i].used < oldest->used)
            oldest = &s->entries[i];
    }
    if (find(s, digest) == NULL) {
        oldest->used = ++s->tick;
        memcpy(oldest->digest, digest, SIGV4_HASH_LEN);
        memcpy(oldest->key, key, SIGV4_HASH_LEN);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void sigv4_signature(struct sigv4 *s, const char *secret, const struct sigv4_scope *scope,
                     const char *time, const struct buf *canonical, char out[SIGV4_HEX_SIZE])
{
    char hash[SIGV4_HEX_SIZE];
    sigv4_sha256_hex(s, buf_str(canonical), canonical->len, hash);
    struct buf text = BUF_INIT(SIGV4_CANONICAL_MAX);
    buf_printf(&text, SIGV4_ALGORITHM "\n%s\n%s/%s/%s/" SIGV4_TERMINATOR "\n%s", time, scope->date,
               scope->region, scope->service, hash);
    unsigned char key[SIGV4_HASH_LEN];
    signing_key(s, secret, scope, key);
    hmac(s, key, sizeof(key), buf_str(&text), text.len, key);
    hex_encode(key, sizeof(key), out);
    OPENSSL_cleanse(key, sizeof(key));
    buf_done(&text);
}
