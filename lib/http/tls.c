/*
 * The certificate that TLS listeners show. There is one for the process; whoever comes after
 * http_tls_load() sees the new one, and connections that are there keep what they have. GnuTLS asks
 * for it at each handshake and is given a copy of its own, so nothing is shared with one that is
 * replaced.
 */
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "http/http_internal.h"

#define PEM_MAX   ((size_t)1 << 20)
#define CHAIN_MAX 16

struct pair {
    char *cert;
    char *key;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair current;

static void pair_done(struct pair *p)
{
    free(p->cert);
    if (p->key != NULL)
        explicit_bzero(p->key, strlen(p->key));
    free(p->key);
}
#define _cleanup_pair_ _cleanup_(pair_done)

static int read_pem(const char *path, char **ret_text, struct err *e)
{
    struct buf text = BUF_INIT(PEM_MAX);
    int r = file_read(path, &text, e);
    if (r == 0 && text.len == 0)
        r = err_set(e, EINVAL, "%s is empty", path);
    if (r == 0)
        *ret_text = buf_take(&text);
    buf_done(&text);
    return r;
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

/* Both files, if they are a certificate and its key. */
static int pair_read(const char *cert_path, const char *key_path, struct pair *ret, struct err *e)
{
    _cleanup_pair_ struct pair p = {0};
    gnutls_certificate_credentials_t try = NULL;
    int r = read_pem(cert_path, &p.cert, e);
    if (r == 0)
        r = read_pem(key_path, &p.key, e);
    if (r < 0)
        return r;
    int code = gnutls_certificate_allocate_credentials(&try);
    CHECK(code == GNUTLS_E_SUCCESS);
    CHECK(p.cert != NULL && p.key != NULL);
    gnutls_datum_t cert = datum(p.cert);
    gnutls_datum_t key = datum(p.key);
    code = gnutls_certificate_set_x509_key_mem(try, &cert, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(try);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return err_set(e, EINVAL, "the key in %s is not that of the certificate in %s", key_path,
                       cert_path);
    if (code < 0)
        return err_set(e, EINVAL, "%s and %s are no PEM certificate and its key: %s", cert_path,
                       key_path, gnutls_strerror(code));
    *ret = (struct pair){TAKE(p.cert), TAKE(p.key)};
    return 0;
}

int http_tls_check(const char *cert_path, const char *key_path, struct err *e)
{
    _cleanup_pair_ struct pair p = {0};
    return pair_read(cert_path, key_path, &p, e);
}

int http_tls_load(const char *cert_path, const char *key_path, struct err *e)
{
    struct pair fresh = {0};
    int r = pair_read(cert_path, key_path, &fresh, e);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&lock);
    struct pair old = current;
    current = fresh;
    (void)pthread_mutex_unlock(&lock);
    pair_done(&old);
    return 0;
}

/* Of the one that there is: listeners have TLS only once it has been loaded. */
static struct pair pair_copy(void)
{
    (void)pthread_mutex_lock(&lock);
    CHECK(current.cert != NULL && current.key != NULL);
    struct pair p = {strdup(current.cert), strdup(current.key)};
    (void)pthread_mutex_unlock(&lock);
    CHECK(p.cert != NULL && p.key != NULL);
    return p;
}

int http_tls_present(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                     gnutls_pcert_st **ret_certs, unsigned *ret_n, gnutls_ocsp_data_st **ret_ocsp,
                     unsigned *ret_n_ocsp, gnutls_privkey_t *ret_key, unsigned *ret_flags)
{
    _cleanup_pair_ struct pair p = pair_copy();
    gnutls_datum_t cert = datum(p.cert);
    gnutls_datum_t text = datum(p.key);
    gnutls_privkey_t key = NULL;
    unsigned n = CHAIN_MAX;
    (void)session;
    (void)info;
    /* GnuTLS frees them, as the flags say. */
    gnutls_pcert_st *certs = gnutls_calloc(CHAIN_MAX, sizeof(*certs));
    if (certs == NULL || gnutls_privkey_init(&key) < 0 ||
        gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0) < 0 ||
        gnutls_pcert_list_import_x509_raw(certs, &n, &cert, GNUTLS_X509_FMT_PEM, 0) < 0) {
        if (key != NULL)
            gnutls_privkey_deinit(key);
        gnutls_free(certs);
        return -1;
    }
    *ret_certs = certs;
    *ret_n = n;
    *ret_ocsp = NULL;
    *ret_n_ocsp = 0;
    *ret_key = key;
    *ret_flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}
