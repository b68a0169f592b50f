#include "certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "http/server.h"

#define VALID_DAYS   397 /* what browsers take at most */
#define NAMES_MAX    64
#define DAY_MS       ((int64_t)86400 * 1000)
#define HOST_MAX     256
#define SHA256_BYTES 32

DEFINE_CLEANUP(cleanup_bio, BIO, BIO_free_all)
DEFINE_CLEANUP(cleanup_pkey, EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(cleanup_x509, X509, X509_free)
DEFINE_CLEANUP(cleanup_extension, X509_EXTENSION, X509_EXTENSION_free)
DEFINE_CLEANUP(cleanup_addresses, struct ifaddrs, freeifaddrs)

/* An address of an interface as text; false: none that others would use. */
static bool address_text(const struct ifaddrs *i, char text[INET6_ADDRSTRLEN])
{
    if (i->ifa_addr == NULL || (i->ifa_flags & IFF_LOOPBACK) != 0)
        return false;
    if (i->ifa_addr->sa_family == AF_INET)
        return inet_ntop(AF_INET,
                         &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, text,
                         INET6_ADDRSTRLEN) != NULL;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)i->ifa_addr;
    return v6->sin6_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
           inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN) != NULL;
}

/* "DNS:localhost,IP:127.0.0.1,…": by which names clients may call the server. */
static const char *names_of_server(struct arena *a)
{
    const char *names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    char host[HOST_MAX] = "";
    if (gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0' &&
        strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
            strlen(host))
        names = arena_printf(a, "%s,DNS:%s", names, host);
    _cleanup_(cleanup_addresses) struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0)
        return names;
    size_t n = 0;
    for (const struct ifaddrs *i = all; i != NULL && n < NAMES_MAX; i = i->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (!address_text(i, text))
            continue;
        names = arena_printf(a, "%s,IP:%s", names, text);
        n++;
    }
    return names;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    _cleanup_(cleanup_extension) X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    return x != NULL && X509_add_ext(cert, x, -1) == 1;
}

/* A client that trusts the certificate itself wants it to be one that may sign: itself. */
static X509 *sign_itself(EVP_PKEY *key, const char *names)
{
    _cleanup_(cleanup_x509) X509 *cert = X509_new();
    uint64_t serial = 0;
    random_bytes(&serial, sizeof(serial));
    X509_NAME *name = cert == NULL ? NULL : X509_get_subject_name(cert);
    if (name == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) == NULL || /* clocks differ */
        X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0, NULL) == NULL ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Croft", -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(cert, name) != 1 || X509_set_pubkey(cert, key) != 1 ||
        !add_extension(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(cert, NID_key_usage, "critical,digitalSignature,keyCertSign") ||
        !add_extension(cert, NID_ext_key_usage, "serverAuth") ||
        !add_extension(cert, NID_subject_key_identifier, "hash") ||
        !add_extension(cert, NID_subject_alt_name, names) ||
        X509_sign(cert, key, EVP_sha256()) == 0)
        return NULL;
    return TAKE(cert);
}

/* The key first: a certificate without its key is noticed and both are made again. */
static int make(struct arena *a, const struct certificate *c, struct err *e)
{
    _cleanup_(cleanup_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
    _cleanup_(cleanup_x509) X509 *cert = key == NULL ? NULL : sign_itself(key, names_of_server(a));
    _cleanup_(cleanup_bio) BIO *key_text = BIO_new(BIO_s_secmem());
    _cleanup_(cleanup_bio) BIO *cert_text = BIO_new(BIO_s_mem());
    if (cert == NULL || key_text == NULL || cert_text == NULL ||
        PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(cert_text, cert) != 1)
        return err_set(e, EIO, "cannot make a certificate for TLS");
    char *text = NULL;
    long len = BIO_get_mem_data(key_text, &text);
    int r = file_write(c->key_path, text, (size_t)len, 0600, e);
    if (r < 0)
        return r;
    len = BIO_get_mem_data(cert_text, &text);
    return file_write(c->path, text, (size_t)len, 0644, e);
}

int certificate_ensure(struct arena *a, const char *state_dir, struct certificate *ret,
                       struct err *e)
{
    const char *directory = arena_printf(a, "%s/tls", state_dir);
    struct certificate c = {
        .path = arena_printf(a, "%s/server.pem", directory),
        .key_path = arena_printf(a, "%s/server.key", directory),
    };
    char fingerprint[FINGERPRINT_SIZE];
    int64_t ends = 0;
    int r = dir_make(directory, 0755, e);
    if (r < 0)
        return r;
    bool is_good = http_tls_check(c.path, c.key_path, NULL) == 0 &&
                   certificate_describe(c.path, fingerprint, &ends, NULL) == 0 &&
                   ends - clock_now() > CERTIFICATE_RENEW_DAYS * DAY_MS;
    if (!is_good)
        r = make(a, &c, e);
    c.is_new = !is_good;
    if (r == 0)
        *ret = c;
    return r;
}

int certificate_describe(const char *path, char ret_fingerprint[FINGERPRINT_SIZE],
                         int64_t *ret_ends, struct err *e)
{
    _cleanup_(cleanup_bio) BIO *file = BIO_new_file(path, "r");
    _cleanup_(cleanup_x509) X509 *cert =
        file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct tm ends;
    if (cert == NULL || X509_digest(cert, EVP_sha256(), digest, &n) != 1 || n != SHA256_BYTES ||
        ASN1_TIME_to_tm(X509_get0_notAfter(cert), &ends) != 1)
        return err_set(e, EINVAL, "there is no certificate in %s", path);
    for (unsigned i = 0; i < n; i++)
        (void)snprintf(ret_fingerprint + (size_t)3 * i, 4, "%02X%s", digest[i],
                       i + 1 < n ? ":" : "");
    *ret_ends = (int64_t)timegm(&ends) * 1000;
    return 0;
}
