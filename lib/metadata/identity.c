/*
 * The identity document and its signatures (AWS: "Instance identity documents"). They are made by
 * the server's own key; whoever checks one has the server's certificate from its owner.
 */
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "metadata/values.h"

#define LINE_LENGTH 64 /* of base64 */

DEFINE_CLEANUP(cleanup_bio, BIO, BIO_free_all)
DEFINE_CLEANUP(cleanup_md, EVP_MD_CTX, EVP_MD_CTX_free)
DEFINE_CLEANUP(cleanup_pkcs7, PKCS7, PKCS7_free)

/* No value in it needs an escape: ids, names of types and zones, addresses. */
struct value value_document(struct guest *g, const char *const *at)
{
    const struct instance *i = g->instance;
    char launched[CLOCK_ISO8601_SIZE];
    (void)at;
    clock_format_iso8601(i->launch_time, launched);
    return value_text(arena_printf(g->arena,
                                   "{\n"
                                   "  \"accountId\" : \"%s\",\n"
                                   "  \"architecture\" : \"%s\",\n"
                                   "  \"availabilityZone\" : \"%s\",\n"
                                   "  \"billingProducts\" : null,\n"
                                   "  \"devpayProductCodes\" : null,\n"
                                   "  \"marketplaceProductCodes\" : null,\n"
                                   "  \"imageId\" : \"%s\",\n"
                                   "  \"instanceId\" : \"%s\",\n"
                                   "  \"instanceType\" : \"%s\",\n"
                                   "  \"kernelId\" : null,\n"
                                   "  \"pendingTime\" : \"%.19sZ\",\n"
                                   "  \"privateIp\" : \"%s\",\n"
                                   "  \"ramdiskId\" : null,\n"
                                   "  \"region\" : \"%s\",\n"
                                   "  \"version\" : \"2017-09-30\"\n"
                                   "}",
                                   i->account_id, i->architecture, i->zone, i->image_id, i->id,
                                   i->instance_type, launched, guest_primary(g)->private_ip,
                                   i->region));
}

static struct value base64_lines(struct arena *a, const void *data, size_t len)
{
    const char *text = base64_encode(a, data, len);
    size_t n = strlen(text);
    char *out = arena_alloc(a, n + n / LINE_LENGTH + 1);
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && i % LINE_LENGTH == 0)
            out[o++] = '\n';
        out[o++] = text[i];
    }
    return (struct value){out, o};
}

struct value value_signature(struct guest *g, const char *const *at)
{
    struct value document = value_document(g, at);
    _cleanup_(cleanup_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
    const unsigned char *data = (const unsigned char *)document.data;
    size_t len = 0;
    if (md == NULL ||
        EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, g->secrets->identity_key) != 1 ||
        EVP_DigestSign(md, NULL, &len, data, document.len) != 1)
        return value_text(NULL);
    unsigned char *signature = arena_alloc(g->arena, len);
    if (EVP_DigestSign(md, signature, &len, data, document.len) != 1)
        return value_text(NULL);
    return base64_lines(g->arena, signature, len);
}

/* With the document in it and, as AWS's, without the certificate. */
struct value value_pkcs7(struct guest *g, const char *const *at)
{
    struct value document = value_document(g, at);
    unsigned char *der = NULL;
    _cleanup_(cleanup_bio) BIO *in = BIO_new_mem_buf(document.data, (int)document.len);
    _cleanup_(cleanup_pkcs7) PKCS7 *p7 =
        in == NULL ? NULL
                   : PKCS7_sign(g->secrets->identity_certificate, g->secrets->identity_key, NULL,
                                in, PKCS7_BINARY | PKCS7_NOCERTS | PKCS7_NOSMIMECAP);
    int len = p7 == NULL ? -1 : i2d_PKCS7(p7, &der);
    if (len < 0)
        return value_text(NULL);
    struct value v = base64_lines(g->arena, der, (size_t)len);
    OPENSSL_free(der);
    return v;
}
