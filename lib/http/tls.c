/*
 * The certificate that TLS listeners show. There is one for the process; whoever comes after
 * http_tls_load() sees the new one, and connections that are there keep what they have. It is
 * parsed once, for libtasn1 (4.19), which does that, uses a null pointer when it has no memory, and
 * a handshake is no place for that. All handshakes share what came of it; GnuTLS only reads it.
 * What was shown before is kept, since a handshake may have it: certificates change a few times in
 * a process's life.
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
#include "base/text.h"
#include "http/http_internal.h"

#define PEM_MAX   ((size_t)1 << 20)
#define CHAIN_MAX 16

struct pair {
    struct pair *before;
    char *cert_text;
    char *key_text;
    gnutls_pcert_st certs[CHAIN_MAX];
    unsigned n;
    gnutls_privkey_t key;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of those who replace it */
static _Atomic(struct pair *) current;

static void pair_free(struct pair *p)
{
    for (unsigned i = 0; i < p->n; i++)
        gnutls_pcert_deinit(&p->certs[i]);
    if (p->key != NULL)
        gnutls_privkey_deinit(p->key);
    free(p->cert_text);
    if (p->key_text != NULL)
        explicit_bzero(p->key_text, strlen(p->key_text));
    free(p->key_text);
    free(p);
}
DEFINE_CLEANUP(cleanup_pair, struct pair, pair_free)
#define _cleanup_pair_ _cleanup_(cleanup_pair)

static int read_pem(const char *path, char **ret_text, struct err *e)
{
    _cleanup_buf_ struct buf text = BUF_INIT(PEM_MAX);
    int r = file_read(path, &text, e);
    if (r < 0)
        return r;
    if (text.len == 0)
        return err_set(e, EINVAL, "%s is empty", path);
    *ret_text = buf_take(&text);
    return 0;
}

static gnutls_datum_t datum(const char *text)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)text, (unsigned)strlen(text)};
}

/* 0, or what GnuTLS says. */
static int parse(struct pair *p)
{
    gnutls_certificate_credentials_t try = NULL;
    gnutls_datum_t cert = datum(p->cert_text);
    gnutls_datum_t key = datum(p->key_text);
    int code = gnutls_certificate_allocate_credentials(&try);
    CHECK_MEMORY(code == GNUTLS_E_SUCCESS);
    code = gnutls_certificate_set_x509_key_mem(try, &cert, &key, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(try);
    if (code >= 0)
        code = gnutls_privkey_init(&p->key);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(p->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    unsigned n = CHAIN_MAX;
    if (code >= 0)
        code = gnutls_pcert_list_import_x509_raw(p->certs, &n, &cert, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return code;
    p->n = n;
    return 0;
}

/* Both files, if they are a certificate and its key. */
static int pair_read(const char *cert_path, const char *key_path, struct pair **ret, struct err *e)
{
    _cleanup_pair_ struct pair *p = calloc(1, sizeof(*p));
    CHECK_MEMORY(p != NULL);
    int r = read_pem(cert_path, &p->cert_text, e);
    if (r == 0)
        r = read_pem(key_path, &p->key_text, e);
    if (r < 0)
        return r;
    CHECK(p->cert_text != NULL && p->key_text != NULL);
    int code = parse(p);
    if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return err_set(e, EINVAL, "the key in %s is not that of the certificate in %s", key_path,
                       cert_path);
    if (code < 0)
        return err_set(e, EINVAL, "%s and %s are no PEM certificate and its key: %s", cert_path,
                       key_path, gnutls_strerror(code));
    *ret = TAKE(p);
    return 0;
}

int http_tls_check(const char *cert_path, const char *key_path, struct err *e)
{
    _cleanup_pair_ struct pair *p = NULL;
    return pair_read(cert_path, key_path, &p, e);
}

int http_tls_load(const char *cert_path, const char *key_path, struct err *e)
{
    _cleanup_pair_ struct pair *fresh = NULL;
    int r = pair_read(cert_path, key_path, &fresh, e);
    if (r < 0)
        return r;
    CHECK(fresh != NULL);
    (void)pthread_mutex_lock(&lock);
    struct pair *shown = atomic_load(&current);
    if (shown == NULL || !streq(shown->cert_text, fresh->cert_text) ||
        !streq(shown->key_text, fresh->key_text)) {
        fresh->before = shown;
        atomic_store(&current, TAKE(fresh));
    }
    (void)pthread_mutex_unlock(&lock);
    return 0;
}

int http_tls_present(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                     gnutls_pcert_st **ret_certs, unsigned *ret_n, gnutls_ocsp_data_st **ret_ocsp,
                     unsigned *ret_n_ocsp, gnutls_privkey_t *ret_key, unsigned *ret_flags)
{
    /* There is one: listeners have TLS only once it has been loaded. */
    struct pair *p = atomic_load(&current);
    (void)session;
    (void)info;
    CHECK(p != NULL);
    *ret_certs = p->certs;
    *ret_n = p->n;
    *ret_ocsp = NULL;
    *ret_n_ocsp = 0;
    *ret_key = p->key;
    *ret_flags = 0; /* they are ours */
    return 0;
}
