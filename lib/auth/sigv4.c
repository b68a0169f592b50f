/*
 * Verification, in the order: take the signature apart, check its scope and time, check that what
 * matters is signed, look the key up, compute, compare.
 *
 * An unknown key goes through the same computation with a secret that nobody has, so that time does
 * not tell which keys exist. EC2 answers it as it answers a wrong signature; other services say
 * that they do not know the key, as AWS's do.
 */
#include "auth/sigv4.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/sigv2.h"
#include "auth/sigv4_internal.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"

/* A signature, taken apart; strings are in the arena. */
struct signature {
    bool presigned;
    const char *access_key_id;
    struct sigv4_scope scope;
    struct sigv4_names names;
    const char *value; /* 64 hex digits */
    char time[SIGV4_TIME_SIZE];
    int64_t when;    /* milliseconds */
    int64_t expires; /* seconds, presigned only */
};

static bool has_param(const char *query, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = query; p != NULL && *p != '\0';) {
        if (strncmp(p, name, len) == 0 && (p[len] == '=' || p[len] == '&' || p[len] == '\0'))
            return true;
        p = strchr(p, '&');
        p = p == NULL ? NULL : p + 1;
    }
    return false;
}

bool sigv4_is_signed(const struct sigv4_request *r)
{
    return headers_get(r->headers, "authorization") != NULL ||
           has_param(r->query, "X-Amz-Signature") || has_param(r->query, "X-Amz-Algorithm") ||
           sigv2_is_signed(r);
}

/* "20260102T030405Z" */
static int parse_basic_time(const char *text, int64_t *ret_when)
{
    static const char shape[] = "dddddddd"
                                "Tdddddd"
                                "Z";
    if (strlen(text) != sizeof(shape) - 1)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool fits = shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
        if (!fits)
            return -EINVAL;
    }
    char iso[CLOCK_ISO8601_SIZE];
    (void)snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6,
                   text + 9, text + 11, text + 13);
    return clock_parse_iso8601(iso, ret_when);
}

/* x-amz-date, else Date in either form. */
static int parse_request_time(const struct headers *h, struct signature *sig, struct fault *f)
{
    const char *text = headers_get(h, "x-amz-date");
    if (text == NULL)
        text = headers_get(h, "date");
    if (text == NULL)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "A signed request needs an X-Amz-Date or a Date header");
    if (parse_basic_time(text, &sig->when) < 0) {
        struct tm tm = {0};
        const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (headers_get(h, "x-amz-date") != NULL || end == NULL || *end != '\0')
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "The request's date must look like 20260102T030405Z");
        sig->when = (int64_t)timegm(&tm) * 1000;
    }
    sigv4_format_time(sig->when, sig->time);
    return 0;
}

static int parse_credential(char *text, struct signature *sig, struct fault *f)
{
    /* From the end: an access key id of the owner's own may hold a slash. */
    const char *parts[4];
    for (size_t i = 4; i-- > 0;) {
        char *slash = strrchr(text, '/');
        if (slash == NULL)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "The credential must be KEY/DATE/REGION/SERVICE/" SIGV4_TERMINATOR);
        *slash = '\0';
        parts[i] = slash + 1;
    }
    sig->access_key_id = text;
    sig->scope = (struct sigv4_scope){parts[0], parts[1], parts[2]};
    if (!streq(parts[3], SIGV4_TERMINATOR) || str_empty(text))
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "The credential must be KEY/DATE/REGION/SERVICE/" SIGV4_TERMINATOR);
    return 0;
}

static int parse_names(char *text, struct signature *sig, struct arena *a, struct fault *f)
{
    while (text != NULL) {
        const char *name = strsep(&text, ";");
        for (const char *p = name; *p != '\0'; p++) {
            if ((*p >= 'A' && *p <= 'Z') || (unsigned char)*p <= ' ')
                return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                             "The signed headers must be in lower case");
        }
        if (sig->names.n == SIGV4_SIGNED_HEADERS_MAX)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE, "More than %d signed headers",
                         SIGV4_SIGNED_HEADERS_MAX);
        if (name[0] == '\0' ||
            (sig->names.n > 0 && strcmp(sig->names.v[sig->names.n - 1], name) >= 0))
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "The signed headers must be sorted, each once");
        *arena_append(a, &sig->names) = name;
    }
    return 0;
}

static int parse_parts(char *credential, char *names, const char *value, struct signature *sig,
                       struct arena *a, struct fault *f)
{
    if (parse_credential(credential, sig, f) < 0 || parse_names(names, sig, a, f) < 0)
        return -1;
    if (strlen(value) != SIGV4_HEX_SIZE - 1 ||
        strspn(value, "0123456789abcdef") != SIGV4_HEX_SIZE - 1)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "The signature must be 64 lower-case hexadecimal digits");
    sig->value = value;
    return 0;
}

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t len = strlen(s);
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        s[--len] = '\0';
    return s;
}

static int parse_header_form(const struct sigv4_request *r, const char *authorization,
                             struct signature *sig, struct arena *a, struct fault *f)
{
    size_t count = 0;
    for (size_t i = 0; i < r->headers->n; i++)
        count += strcasecmp(r->headers->v[i].name, "authorization") == 0;
    if (count > 1)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "There is more than one Authorization header");
    size_t len = strlen(SIGV4_ALGORITHM);
    if (strncmp(authorization, SIGV4_ALGORITHM, len) != 0 ||
        (authorization[len] != ' ' && authorization[len] != '\t'))
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "The Authorization header must begin with " SIGV4_ALGORITHM);

    struct {
        const char *name;
        char *value;
    } parts[] = {{"Credential", NULL}, {"SignedHeaders", NULL}, {"Signature", NULL}};
    char *rest = arena_strdup(a, authorization + len);
    while (rest != NULL) {
        char *part = trim(strsep(&rest, ","));
        char *value = strchr(part, '=');
        if (value == NULL)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "The Authorization header has a part that is not NAME=VALUE");
        *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
            if (!streq(parts[i].name, part))
                continue;
            if (parts[i].value != NULL)
                return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                             "The Authorization header says '%s' twice", parts[i].name);
            parts[i].value = value;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].value == NULL)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE, "The Authorization header lacks '%s'",
                         parts[i].name);
    }
    if (parse_request_time(r->headers, sig, f) < 0)
        return -1;
    return parse_parts(parts[0].value, parts[1].value, parts[2].value, sig, a, f);
}

char *sigv4_take_param(const struct sigv4_query *q, const char *name, struct arena *a,
                       struct fault *f)
{
    const char *found = NULL;
    for (size_t i = 0; i < q->n; i++) {
        if (!streq(q->v[i].name, name))
            continue;
        if (found != NULL) {
            fault(f, FAULT_INCOMPLETE_SIGNATURE, "The request has '%s' twice", name);
            return NULL;
        }
        found = q->v[i].value;
    }
    const char *value = found == NULL ? NULL : sigv4_unescape(found, a);
    if (value == NULL)
        fault(f, FAULT_INCOMPLETE_SIGNATURE, "The signed parameters lack '%s'", name);
    return (char *)value;
}

static int parse_presigned_form(const struct sigv4_request *r, const struct sigv4_query *q,
                                struct signature *sig, struct arena *a, struct fault *f)
{
    sig->presigned = true;
    if (!streq(r->method, "GET"))
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "Only a GET can be presigned");
    char *algorithm = sigv4_take_param(q, "X-Amz-Algorithm", a, f);
    char *credential = sigv4_take_param(q, "X-Amz-Credential", a, f);
    char *date = sigv4_take_param(q, "X-Amz-Date", a, f);
    char *expires = sigv4_take_param(q, "X-Amz-Expires", a, f);
    char *names = sigv4_take_param(q, "X-Amz-SignedHeaders", a, f);
    char *value = sigv4_take_param(q, "X-Amz-Signature", a, f);
    if (fault_is_set(f))
        return -1;
    if (!streq(algorithm, SIGV4_ALGORITHM))
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "X-Amz-Algorithm must be " SIGV4_ALGORITHM);
    if (parse_basic_time(date, &sig->when) < 0)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "X-Amz-Date must look like 20260102T030405Z");
    (void)memcpy(sig->time, date, SIGV4_TIME_SIZE);
    if (parse_int64(expires, &sig->expires) < 0 || sig->expires < 1 ||
        sig->expires > SIGV4_PRESIGNED_MAX)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "X-Amz-Expires must be 1 to %lld seconds (seven days)",
                     (long long)SIGV4_PRESIGNED_MAX);
    return parse_parts(credential, names, value, sig, a, f);
}

static bool is_listed(const char *const *list, const char *what)
{
    for (; list != NULL && *list != NULL; list++) {
        if (streq(*list, what))
            return true;
    }
    return false;
}

const char *sigv4_names(const char *const *list, struct arena *a)
{
    const char *all = "";
    for (; list != NULL && *list != NULL; list++)
        all = arena_printf(a, "%s%s%s", all, all[0] != '\0' ? ", " : "", *list);
    return all;
}

/* The credential as the request says it, unchecked. */
static char *claimed_credential(const struct sigv4_request *r, struct arena *a)
{
    static const char name[] = "Credential=";
    struct fault ignored = {0};
    struct sigv4_query q;
    const char *authorization = headers_get(r->headers, "authorization");
    const char *at = authorization == NULL ? NULL : strstr(authorization, name);
    if (at != NULL)
        return arena_strndup(a, at + strlen(name), strcspn(at + strlen(name), ", \t"));
    return sigv4_query_split(r->query, a, &q) < 0
               ? NULL
               : sigv4_take_param(&q, "X-Amz-Credential", a, &ignored);
}

const char *sigv4_signed_for(const struct sigv4_request *r, struct arena *a)
{
    struct signature sig = {0};
    struct fault ignored = {0};
    char *credential = claimed_credential(r, a);
    return credential == NULL || parse_credential(credential, &sig, &ignored) < 0
               ? NULL
               : sig.scope.service;
}

int sigv4_refuse_key(const char *service, struct fault *f)
{
    if (streq(service, SIGV2_SERVICE))
        return fault(f, FAULT_AUTH_FAILURE, SIGV4_NOT_VALID);
    return fault(f, FAULT_INVALID_CLIENT_TOKEN_ID,
                 "The security token included in the request is invalid");
}

static int refuse_signature(const char *service, struct fault *f)
{
    if (streq(service, SIGV2_SERVICE))
        return fault(f, FAULT_AUTH_FAILURE, SIGV4_NOT_VALID);
    return fault(f, FAULT_AUTH_FAILURE,
                 "The request signature we calculated does not match the signature you provided. "
                 "Check your AWS Secret Access Key and signing method.");
}

static int check_scope(const struct sigv4_config *config, const struct signature *sig,
                       struct arena *a, struct fault *f)
{
    CHECK(sig->scope.date != NULL && sig->time != NULL); /* parsed before */
    if (strncmp(sig->scope.date, sig->time, 8) != 0 || strlen(sig->scope.date) != 8)
        return fault(f, FAULT_AUTH_FAILURE,
                     "The credential's date (%.16s) is not the day of the request (%.8s)",
                     sig->scope.date, sig->time);
    bool is_global = is_listed(config->global_services, sig->scope.service) &&
                     streq(sig->scope.region, SIGV4_GLOBAL_REGION);
    if (!is_global && !is_listed(config->regions, sig->scope.region))
        return fault(f, FAULT_AUTH_FAILURE,
                     "The request is signed for region '%.64s'; this server serves: %s",
                     sig->scope.region, sigv4_names(config->regions, a));
    if (!is_listed(config->services, sig->scope.service))
        return fault(f, FAULT_AUTH_FAILURE,
                     "The request is signed for service '%.64s'; this server serves: %s",
                     sig->scope.service, sigv4_names(config->services, a));
    return 0;
}

int sigv4_check_window(int64_t from, int64_t until, int64_t now, struct fault *f)
{
    char server[CLOCK_ISO8601_SIZE];
    char other[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(now, server);
    if (from > now + SIGV4_CLOCK_WINDOW) {
        clock_format_iso8601(from, other);
        return fault(f, FAULT_REQUEST_EXPIRED,
                     "Request is not yet valid: it was signed for %s and the server's time is %s",
                     other, server);
    }
    if (now > until) {
        clock_format_iso8601(until, other);
        return fault(f, FAULT_REQUEST_EXPIRED,
                     "Request has expired: it was valid until %s and the server's time is %s",
                     other, server);
    }
    return 0;
}

static int check_time(const struct signature *sig, int64_t now, struct fault *f)
{
    int64_t valid_for = sig->presigned ? sig->expires * 1000 : SIGV4_CLOCK_WINDOW;
    return sigv4_check_window(sig->when, sig->when + valid_for, now, f);
}

static bool is_signed(const struct signature *sig, const char *name)
{
    for (size_t i = 0; i < sig->names.n; i++) {
        if (streq(sig->names.v[i], name))
            return true;
    }
    return false;
}

static int check_names(const struct sigv4_request *r, const struct signature *sig, struct fault *f)
{
    const char *missing = NULL;
    if (!is_signed(sig, "host"))
        missing = "host";
    if (!sig->presigned) {
        const char *date = headers_get(r->headers, "x-amz-date") != NULL ? "x-amz-date" : "date";
        if (!is_signed(sig, date))
            missing = date;
    }
    static const char *const if_present[] = {"x-amz-target", "x-amz-security-token",
                                             "x-amz-content-sha256"};
    for (size_t i = 0; i < ARRAY_SIZE(if_present); i++) {
        if (headers_get(r->headers, if_present[i]) != NULL && !is_signed(sig, if_present[i]))
            missing = if_present[i];
    }
    const char *type = headers_get(r->headers, "content-type");
    static const char form[] = "application/x-www-form-urlencoded";
    if (type != NULL && strncasecmp(type, form, strlen(form)) != 0 &&
        !is_signed(sig, "content-type"))
        missing = "content-type";
    if (missing != NULL)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE, "The header '%s' must be signed", missing);

    for (size_t i = 0; i < sig->names.n; i++) {
        if (headers_get(r->headers, sig->names.v[i]) == NULL)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "The header '%.64s' is signed and not in the request", sig->names.v[i]);
    }
    return 0;
}

/* The hash of the body as the client must have signed it. */
static int payload_hash(struct sigv4 *s, const struct sigv4_request *r, char out[SIGV4_HEX_SIZE],
                        struct fault *f)
{
    const char *said = headers_get(r->headers, "x-amz-content-sha256");
    if (said != NULL && has_prefix(said, "UNSIGNED-PAYLOAD"))
        return fault(f, FAULT_AUTH_FAILURE, "An unsigned payload is not accepted");
    if (r->streamed) {
        if (said == NULL || strlen(said) != SIGV4_HEX_SIZE - 1 ||
            strspn(said, "0123456789abcdef") != SIGV4_HEX_SIZE - 1)
            return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                         "An upload needs X-Amz-Content-Sha256 with the SHA-256 of the body");
        (void)memcpy(out, said, SIGV4_HEX_SIZE);
        return 0;
    }
    sigv4_sha256_hex(s, r->body, r->body_len, out);
    if (said != NULL && !streq(said, out))
        return fault(f, FAULT_AUTH_FAILURE, "X-Amz-Content-Sha256 is not the hash of the body");
    return 0;
}

static bool matches(struct sigv4 *s, const struct sigv4_request *r, const struct signature *sig,
                    const char *secret, const char *canonical_query, const char *hash,
                    struct arena *a)
{
    _cleanup_buf_ struct buf canonical = BUF_INIT(SIGV4_CANONICAL_MAX);
    sigv4_canonical_request(r, canonical_query, &sig->names, hash, a, &canonical);
    char expected[SIGV4_HEX_SIZE];
    sigv4_signature(s, secret, &sig->scope, sig->time, &canonical, expected);
    return !canonical.failed && CRYPTO_memcmp(expected, sig->value, SIGV4_HEX_SIZE - 1) == 0;
}

/*
 * Some clients sign the query string without the canonical encoding: sorted (botocore, for a
 * prepared URL), or just as they send it (curl --aws-sigv4 before 8.0). Either binds the very bytes
 * and is as good.
 */
static bool matches_either(struct sigv4 *s, const struct sigv4_request *r,
                           const struct sigv4_query *q, const struct signature *sig,
                           const char *secret, const char *hash, struct arena *a)
{
    const char *encoded = sigv4_canonical_query(q, false, SIGV4_PRESIGNED, a);
    const char *sent = sigv4_canonical_query(q, true, SIGV4_PRESIGNED, a);
    bool ok = encoded != NULL && matches(s, r, sig, secret, encoded, hash, a);
    if (!ok && !streq(encoded, sent))
        ok = matches(s, r, sig, secret, sent, hash, a);
    if (!ok && !sig->presigned && r->query != NULL && !streq(sent, r->query))
        ok = matches(s, r, sig, secret, r->query, hash, a);
    return ok;
}

static int take_token(const struct sigv4_request *r, const struct sigv4_query *q,
                      const struct signature *sig, const char **ret_token, struct arena *a,
                      struct fault *f)
{
    const char *token = headers_get(r->headers, "x-amz-security-token");
    if (sig->presigned && token == NULL && has_param(r->query, "X-Amz-Security-Token")) {
        token = sigv4_take_param(q, "X-Amz-Security-Token", a, f);
        if (token == NULL)
            return -1;
    }
    *ret_token = token;
    return 0;
}

int sigv4_verify(struct sigv4 *s, const struct sigv4_request *r, int64_t now, struct arena *a,
                 struct sigv4_caller *ret_caller, struct fault *f)
{
    const struct sigv4_config *config = sigv4_config_of(s);
    const char *authorization = headers_get(r->headers, "authorization");
    bool presigned =
        has_param(r->query, "X-Amz-Signature") || has_param(r->query, "X-Amz-Algorithm");
    if (authorization == NULL && !presigned && sigv2_is_signed(r))
        return sigv2_verify(s, r, now, a, ret_caller, f);
    if (authorization == NULL && !presigned)
        return fault(f, FAULT_MISSING_AUTHENTICATION_TOKEN,
                     "The request must be signed with AWS Signature Version 4 and an access key "
                     "of this server");
    if (authorization != NULL && presigned)
        return fault(f, FAULT_INCOMPLETE_SIGNATURE,
                     "The request is signed twice: in its header and in its query string");

    struct sigv4_query q;
    if (sigv4_query_split(r->query, a, &q) < 0)
        return fault(f, FAULT_MALFORMED_QUERY_STRING, "More than %d parameters",
                     SIGV4_QUERY_PARTS_MAX);
    struct signature sig = {0};
    if ((presigned ? parse_presigned_form(r, &q, &sig, a, f)
                   : parse_header_form(r, authorization, &sig, a, f)) < 0)
        return -1;
    char *hash = arena_alloc(a, SIGV4_HEX_SIZE);
    if (check_scope(config, &sig, a, f) < 0 || check_time(&sig, now, f) < 0 ||
        check_names(r, &sig, f) < 0 || payload_hash(s, r, hash, f) < 0)
        return -1;

    struct credential *credential = NULL;
    const char *token = NULL;
    int found = config->find(config->ctx, sig.access_key_id, a, &credential);
    if (found < 0 && found != -ENOENT)
        return fault(f, FAULT_INTERNAL_ERROR, "The access key could not be looked up");
    const char *secret = found == 0 ? credential->secret_access_key : sigv4_nobodys_secret(s);
    bool ok = matches_either(s, r, &q, &sig, secret, hash, a);
    if (found < 0)
        return sigv4_refuse_key(sig.scope.service, f);
    if (!ok)
        return refuse_signature(sig.scope.service, f);
    if (take_token(r, &q, &sig, &token, a, f) < 0 ||
        config->admit(config->ctx, credential, token, sig.scope.service, now, a, f) < 0)
        return -1;
    *ret_caller = (struct sigv4_caller){
        .credential = credential,
        .region = sig.scope.region,
        .service = sig.scope.service,
        .payload_sha256 = hash,
    };
    return 0;
}
