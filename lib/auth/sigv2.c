/*
 * Verification, in the order of version 4's: take the parameters apart, check the time, look the
 * key up, compute, compare. An unknown key is computed with a secret that nobody has, as there.
 */
#include "auth/sigv2.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "auth/sigv4_internal.h"
#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

static const struct {
    const char *name;
    const char *digest; /* libcrypto's */
} methods[] = {
    {"HmacSHA256", "SHA256"},
    {"HmacSHA1", "SHA1"},
};

struct v2 {
    const char *access_key_id;
    const char *token; /* NULL: none */
    const char *value; /* base64 */
    const char *digest;
};

static bool has_parameter(const char *text, size_t len)
{
    static const char *const names[] = {"AWSAccessKeyId=", "SignatureVersion=", "Signature="};
    const char *end = text + len;
    for (const char *p = text; p != NULL && p < end;) {
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            size_t name_len = strlen(names[i]);
            if (name_len <= (size_t)(end - p) && memcmp(p, names[i], name_len) == 0)
                return true;
        }
        p = memchr(p, '&', (size_t)(end - p));
        p = p == NULL ? NULL : p + 1;
    }
    return false;
}

static bool is_form(const struct sigv4_request *r)
{
    const char *type = headers_get(r->headers, "content-type");
    return !r->streamed && r->body_len > 0 &&
           (type == NULL || strncasecmp(type, FORM_TYPE, strlen(FORM_TYPE)) == 0);
}

bool sigv2_is_signed(const struct sigv4_request *r)
{
    return (r->query != NULL && has_parameter(r->query, strlen(r->query))) ||
           (is_form(r) && has_parameter(r->body, r->body_len));
}

/* Query string and form as one text, as they will be read later. */
static const char *all_parameters(const struct sigv4_request *r, struct arena *a, struct fault *f)
{
    const char *query = r->query == NULL ? "" : r->query;
    if (r->body_len == 0)
        return query;
    if (!is_form(r) || memchr(r->body, '\0', r->body_len) != NULL) {
        (void)fault(f, FAULT_INCOMPLETE_SIGNATURE,
                    "Signature version 2 signs parameters alone: the body must be " FORM_TYPE);
        return NULL;
    }
    return arena_printf(a, "%s%s%.*s", query, query[0] != '\0' ? "&" : "", (int)r->body_len,
                        (const char *)r->body);
}

static bool is_in(const struct sigv4_query *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++)
        if (streq(q->v[i].name, name))
            return true;
    return false;
}

static int parse(const struct sigv4_query *q, struct v2 *v, struct arena *a, struct fault *f)
{
    v->access_key_id = sigv4_take_param(q, "AWSAccessKeyId", a, f);
    const char *version = sigv4_take_param(q, "SignatureVersion", a, f);
    const char *method = sigv4_take_param(q, "SignatureMethod", a, f);
    v->value = sigv4_take_param(q, "Signature", a, f);
    if (is_in(q, "SecurityToken"))
        v->token = sigv4_take_param(q, "SecurityToken", a, f);
    if (fault_is_set(f))
        return -1;
    if (!streq(version, "2"))
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "SignatureVersion must be 2, or the request signed with version 4");
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (streq(methods[i].name, method))
            v->digest = methods[i].digest;
    if (v->digest == NULL)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "SignatureMethod must be HmacSHA256 or HmacSHA1");
    return 0;
}

/* Either when it was made, or until when it is good: at most as long as a presigned request. */
static int check_time(const struct sigv4_query *q, int64_t now, struct arena *a, struct fault *f)
{
    bool expires = is_in(q, "Expires");
    if (expires && is_in(q, "Timestamp"))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A request has Timestamp or Expires, not both");
    const char *name = expires ? "Expires" : "Timestamp";
    const char *text = sigv4_take_param(q, name, a, f);
    if (text == NULL)
        return -1;
    int64_t when = 0;
    if (clock_parse_iso8601(text, &when) < 0)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "%s must look like 2026-01-02T03:04:05Z", name);
    if (!expires)
        return sigv4_check_window(when, when + SIGV4_CLOCK_WINDOW, now, f);
    if (when > now + SIGV4_PRESIGNED_MAX * 1000)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "Expires must be within %lld seconds (seven days)",
                     (long long)SIGV4_PRESIGNED_MAX);
    return sigv4_check_window(now, when, now, f);
}

static bool matches(const struct v2 *v, const char *secret, const char *text, struct arena *a)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    size_t len = 0;
    CHECK(EVP_Q_mac(NULL, "HMAC", NULL, v->digest, NULL, secret, strlen(secret),
                    (const unsigned char *)text, strlen(text), mac, sizeof(mac), &len) != NULL);
    const char *expected = base64_encode(a, mac, len);
    return strlen(v->value) == strlen(expected) &&
           CRYPTO_memcmp(v->value, expected, strlen(expected)) == 0;
}

static const char *string_to_sign(const struct sigv4_request *r, const struct sigv4_query *q,
                                  struct arena *a, struct fault *f)
{
    const char *parameters = sigv4_canonical_query(q, false, "Signature", a);
    const char *sent = headers_get(r->headers, "host");
    if (parameters == NULL || sent == NULL) {
        (void)fault(f, FAULT_INCOMPLETE_SIGNATURE,
                    parameters == NULL ? "A parameter is not form-encoded text"
                                       : "A signed request needs a Host header");
        return NULL;
    }
    char *host = arena_strdup(a, sent);
    for (char *p = host; *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return arena_printf(a, "%s\n%s\n/\n%s", r->method, host, parameters);
}

int sigv2_verify(struct sigv4 *s, const struct sigv4_request *r, int64_t now, struct arena *a,
                 struct sigv4_caller *ret_caller, struct fault *f)
{
    const struct sigv4_config *config = sigv4_config_of(s);
    if (!config->version_2)
        return fault(f, FAULT_AUTH_FAILURE,
                     "The request is signed with version 2, which this server does not take unless "
                     "its owner sets 'signature_v2 = yes' in croft.conf; sign with version 4");
    if ((!streq(r->path, "/") && !str_empty(r->path)) ||
        headers_get(r->headers, "x-amz-target") != NULL)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "Signature version 2 is for the query protocol at / alone; use version 4");
    const char *text = all_parameters(r, a, f);
    if (text == NULL)
        return -1;
    struct sigv4_query q;
    if (sigv4_query_split(text, a, &q) < 0)
        return fault(f, FAULT_MALFORMED_QUERY_STRING, "More than %d parameters",
                     SIGV4_QUERY_PARTS_MAX);
    struct v2 v = {0};
    if (parse(&q, &v, a, f) < 0 || check_time(&q, now, a, f) < 0)
        return -1;
    text = string_to_sign(r, &q, a, f);
    if (text == NULL)
        return -1;
    struct credential *credential = NULL;
    int found = config->find(config->ctx, v.access_key_id, a, &credential);
    if (found < 0 && found != -ENOENT)
        return fault(f, FAULT_INTERNAL_ERROR, "The access key could not be looked up");
    bool ok =
        matches(&v, found == 0 ? credential->secret_access_key : sigv4_nobodys_secret(s), text, a);
    if (!ok || found < 0)
        return fault(f, FAULT_AUTH_FAILURE, SIGV4_NOT_VALID);
    if (config->admit(config->ctx, credential, v.token, SIGV2_SERVICE, now, a, f) < 0)
        return -1;
    *ret_caller = (struct sigv4_caller){
        .credential = credential,
        .region = config->regions[0],
        .service = SIGV2_SERVICE,
        .payload_sha256 = NULL,
    };
    return 0;
}
