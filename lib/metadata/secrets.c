#include "metadata/secrets.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"

#define KEY         "identity_key"
#define CERTIFICATE "identity_certificate"
#define RSA_BITS    2048
#define VALID_DAYS  36500

DEFINE_CLEANUP(cleanup_bio, BIO, BIO_free_all)
DEFINE_CLEANUP(cleanup_pkey, EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(cleanup_x509, X509, X509_free)

static const char *text_of(BIO *bio, struct arena *a)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    return arena_strndup(a, data, (size_t)len);
}

/* AWS's own are valid for more than a century, too: documents are checked, not renewed. */
static X509 *sign_itself(EVP_PKEY *key)
{
    _cleanup_(cleanup_x509) X509 *cert = X509_new();
    uint64_t serial = 0;
    random_bytes(&serial, sizeof(serial));
    X509_NAME *name = cert == NULL ? NULL : X509_get_subject_name(cert);
    if (name == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(cert), 0) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) == NULL ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"Croft instance identity", -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(cert, name) != 1 || X509_set_pubkey(cert, key) != 1 ||
        X509_sign(cert, key, EVP_sha256()) == 0)
        return NULL;
    return TAKE(cert);
}

struct texts {
    const char *key;
    const char *certificate;
};

static int make_identity(struct arena *a, struct texts *ret, struct err *e)
{
    _cleanup_(cleanup_pkey) EVP_PKEY *key = EVP_RSA_gen(RSA_BITS);
    _cleanup_(cleanup_x509) X509 *cert = key == NULL ? NULL : sign_itself(key);
    _cleanup_(cleanup_bio) BIO *key_text = BIO_new(BIO_s_mem());
    _cleanup_(cleanup_bio) BIO *cert_text = BIO_new(BIO_s_mem());
    if (cert == NULL || key_text == NULL || cert_text == NULL ||
        PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(cert_text, cert) != 1)
        return err_set(e, EIO, "cannot make the key that identity documents are signed with");
    *ret = (struct texts){text_of(key_text, a), text_of(cert_text, a)};
    return 0;
}

static int parse(const struct texts *t, struct secrets *s, struct err *e)
{
    _cleanup_(cleanup_bio) BIO *key = BIO_new_mem_buf(t->key, -1);
    _cleanup_(cleanup_bio) BIO *cert = BIO_new_mem_buf(t->certificate, -1);
    s->identity_key = key == NULL ? NULL : PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    s->identity_certificate = cert == NULL ? NULL : PEM_read_bio_X509(cert, NULL, NULL, NULL);
    if (s->identity_key == NULL || s->identity_certificate == NULL)
        return err_set(e, EINVAL, "the setting " KEY " or " CERTIFICATE " cannot be read");
    return 0;
}

static void read_settings(struct tx *tx, struct arena *a, struct texts *t)
{
    t->key = store_setting(tx, a, KEY);
    t->certificate = store_setting(tx, a, CERTIFICATE);
}

/* The key sealed, and the certificate that belongs to it. */
static int write_settings(struct store *store, struct arena *a, const struct server_key *k,
                          const struct texts *made, struct texts *found, struct err *e)
{
    CHECK(made->key != NULL);
    const char *sealed = seal(a, k, SEAL_METADATA, KEY, made->key, strlen(made->key), e);
    if (sealed == NULL)
        return -EIO;
    struct tx *tx = store_write(store);
    store_set_setting(tx, KEY, sealed);
    store_set_setting(tx, CERTIFICATE, made->certificate);
    read_settings(tx, a, found);
    return tx_commit(tx, e);
}

/* The key in the clear; one that an earlier version left so is sealed on the way. */
static int open_key(struct store *store, struct arena *a, const struct server_key *k,
                    struct texts *t, struct err *e)
{
    char *key = NULL;
    size_t len = 0;
    struct texts sealed;
    if (!is_sealed(t->key))
        return write_settings(store, a, k, t, &sealed, e);
    int r = unseal(a, k, SEAL_METADATA, KEY, t->key, &key, &len, e);
    t->key = key;
    return r;
}

int secrets_load(struct store *store, const struct server_key *k, struct secrets *ret_secrets,
                 struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct texts found = {0};
    struct texts made = {0};
    struct secrets s = {.server_key = k, .credentials_ms = SECRETS_CREDENTIALS_MS};
    struct tx *tx = store_read(store);
    read_settings(tx, a, &found);
    int r = tx_commit(tx, e);
    /* Made outside the transaction: it takes a while, and writers wait for each other. */
    if (r == 0 && (found.key == NULL || found.certificate == NULL)) {
        r = make_identity(a, &made, e);
        if (r == 0)
            r = write_settings(store, a, k, &made, &found, e);
    }
    if (r == 0)
        r = open_key(store, a, k, &found, e);
    if (r == 0)
        r = parse(&found, &s, e);
    if (r < 0) {
        secrets_done(&s);
        return r;
    }
    seal_derive(k, SEAL_METADATA, "tokens", s.token_key.bytes);
    *ret_secrets = s;
    return 0;
}

void secrets_done(struct secrets *s)
{
    EVP_PKEY_free(s->identity_key);
    X509_free(s->identity_certificate);
    OPENSSL_cleanse(s, sizeof(*s));
}

const char *secrets_certificate(const struct secrets *s, struct arena *a)
{
    _cleanup_(cleanup_bio) BIO *text = BIO_new(BIO_s_mem());
    CHECK(text != NULL && PEM_write_bio_X509(text, s->identity_certificate) == 1);
    return text_of(text, a);
}
