/* Private keys as the files that ssh and PuTTY read, without a passphrase as EC2 hands them out. */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "core/key_internal.h"

static int raw_private(const EVP_PKEY *key, unsigned char out[ED25519_SIZE], struct err *e)
{
    size_t len = ED25519_SIZE;
    if (EVP_PKEY_get_raw_private_key(key, out, &len) != 1 || len != ED25519_SIZE)
        return err_set(e, EIO, "libcrypto does not give the private key");
    return 0;
}

static int write_pkcs1(const EVP_PKEY *key, struct buf *out, struct err *e)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    char *text = NULL;
    long len = 0;
    if (bio != NULL &&
        PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        len = BIO_get_mem_data(bio, &text);
    if (len > 0)
        buf_add(out, text, (size_t)len);
    BIO_free(bio);
    return len > 0 && !out->failed ? 0 : err_set(e, EIO, "libcrypto does not write the key");
}

/* PROTOCOL.key of OpenSSH: "openssh-key-v1", one key, no cipher. */
static int write_openssh(const EVP_PKEY *key, const char *name, struct buf *out, struct err *e)
{
    _cleanup_secret_ struct buf private = secret_buf();
    _cleanup_secret_ struct buf whole = secret_buf();
    _cleanup_buf_ struct buf blob = BUF_INIT(256);
    unsigned char both[2 * ED25519_SIZE]; /* the seed, then the public key */
    size_t len = ED25519_SIZE;
    int r = raw_private(key, both, e);
    if (r == 0)
        r = key_public_blob(key, &blob, e);
    if (r < 0 || EVP_PKEY_get_raw_public_key(key, both + ED25519_SIZE, &len) != 1) {
        OPENSSL_cleanse(both, sizeof(both));
        return r < 0 ? r : err_set(e, EIO, "libcrypto does not give the public key");
    }

    /* Two equal numbers show whether a decryption was right. */
    uint32_t check = 0;
    random_bytes(&check, sizeof(check));
    ssh_add_u32(&private, check);
    ssh_add_u32(&private, check);
    buf_add(&private, blob.data, blob.len); /* its name and the public key, as wanted here */
    ssh_add_string(&private, both, sizeof(both));
    OPENSSL_cleanse(both, sizeof(both));
    ssh_add_string(&private, name, strlen(name));
    for (char pad = 1; private.len % 8 != 0; pad++)
        buf_add_char(&private, pad);

    buf_add(&whole, "openssh-key-v1", sizeof("openssh-key-v1"));
    ssh_add_string(&whole, "none", 4);
    ssh_add_string(&whole, "none", 4);
    ssh_add_string(&whole, "", 0);
    ssh_add_u32(&whole, 1);
    ssh_add_string(&whole, blob.data, blob.len);
    ssh_add_string(&whole, private.data, private.len);
    buf_add_str(out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    (void)add_base64_lines(out, whole.data, whole.len, 68);
    buf_add_str(out, "-----END OPENSSH PRIVATE KEY-----\n");
    return out->failed || whole.failed || private.failed ? err_set(e, EIO, "the key is too large")
                                                         : 0;
}

int key_write_pem(const EVP_PKEY *key, const char *name, struct buf *out, struct err *e)
{
    return key_is_rsa(key) ? write_pkcs1(key, out, e) : write_openssh(key, name, out, e);
}

static int ppk_private_blob(const EVP_PKEY *key, struct buf *out, struct err *e)
{
    static const char *const parameters[] = {OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
                                             OSSL_PKEY_PARAM_RSA_FACTOR2,
                                             OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    if (!key_is_rsa(key)) {
        unsigned char seed[ED25519_SIZE];
        int r = raw_private(key, seed, e);
        if (r == 0)
            ssh_add_string(out, seed, sizeof(seed));
        OPENSSL_cleanse(seed, sizeof(seed));
        return r;
    }
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
        int r = ssh_add_bignum(out, key, parameters[i], e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* PuTTY's "PPK file format", version 2: the MAC's key is a hash of a constant and the (here empty)
 * passphrase. */
static int ppk_mac(const char *type, const char *name, const struct buf *public,
                   const struct buf *private, char out[41], struct err *e)
{
    static const char salt[] = "putty-private-key-file-mac-key";
    unsigned char mac_key[20];
    unsigned char mac[20];
    unsigned int len = 0;
    _cleanup_secret_ struct buf data = secret_buf();
    ssh_add_string(&data, type, strlen(type));
    ssh_add_string(&data, "none", 4);
    ssh_add_string(&data, name, strlen(name));
    ssh_add_string(&data, public->data, public->len);
    ssh_add_string(&data, private->data, private->len);
    if (data.failed || EVP_Digest(salt, sizeof(salt) - 1, mac_key, &len, EVP_sha1(), NULL) != 1 ||
        HMAC(EVP_sha1(), mac_key, sizeof(mac_key), (const unsigned char *)data.data, data.len, mac,
             &len) == NULL)
        return err_set(e, EIO, "libcrypto does not compute the MAC of the key file");
    hex_encode(mac, sizeof(mac), out);
    return 0;
}

int key_write_ppk(const EVP_PKEY *key, const char *name, struct buf *out, struct err *e)
{
    const char *type = key_ssh_name(key);
    _cleanup_secret_ struct buf private = secret_buf();
    _cleanup_secret_ struct buf lines = secret_buf();
    _cleanup_buf_ struct buf public = BUF_INIT(4096);
    char mac[41];
    int r = key_public_blob(key, &public, e);
    if (r == 0)
        r = ppk_private_blob(key, &private, e);
    if (r == 0)
        r = ppk_mac(type, name, &public, &private, mac, e);
    if (r < 0)
        return r;
    size_t n = add_base64_lines(&lines, public.data, public.len, 64);
    buf_printf(out, "PuTTY-User-Key-File-2: %s\nEncryption: none\nComment: %s\nPublic-Lines: %zu\n",
               type, name, n);
    buf_add(out, lines.data, lines.len);
    buf_reset(&lines);
    n = add_base64_lines(&lines, private.data, private.len, 64);
    buf_printf(out, "Private-Lines: %zu\n", n);
    buf_add(out, lines.data, lines.len);
    buf_printf(out, "Private-MAC: %s\n", mac);
    return out->failed || lines.failed ? err_set(e, EIO, "the key is too large") : 0;
}
