/*
 * Signatures against vectors made by botocore (tests/tools/make_sigv4_vectors.py), and each vector
 * broken in every part: whatever is changed, verification must refuse.
 */
#include "auth/sigv4.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "auth/peer.h"
#include "auth/sigv4_internal.h"
#include "base/text.h"
#include "unit.h"

#define MINUTE ((int64_t)60 * 1000)

static json_t *vectors;
static const char *const regions[] = {"eu-central-1", "us-east-1", NULL};
static const char *const services[] = {"ec2", "sts", NULL};

/* What find() answers; tests change it. */
static struct credential plain_key;
static struct credential token_key;
static int lookup_error;
static unsigned lookups;

static const char *text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    ck_assert_msg(text != NULL, "no '%s' in the vectors", name);
    return text;
}

static int find(void *ctx, const char *access_key_id, struct arena *a,
                struct credential **ret_credential)
{
    lookups++;
    if (lookup_error < 0)
        return lookup_error;
    if (streq(access_key_id, plain_key.access_key_id))
        *ret_credential = &plain_key;
    else if (streq(access_key_id, token_key.access_key_id))
        *ret_credential = &token_key;
    else
        return -ENOENT;
    return 0;
}

/* Whose token is whose, and that nothing is asked before the signature has proved right. */
static const char *plain_token;
static const char *own_token;
static unsigned admissions;

static int admit(void *ctx, struct credential *credential, const char *token, const char *service,
                 int64_t at, struct arena *a, struct fault *f)
{
    admissions++;
    if (streq(token, credential == &token_key ? own_token : plain_token))
        return 0;
    return fault(f, FAULT_INVALID_CLIENT_TOKEN_ID, "not for %s", service);
}

static int64_t load(void)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/sigv4/vectors.json", getenv("GOLDEN"));
    json_error_t error;
    vectors = json_load_file(path, 0, &error);
    ck_assert_msg(vectors != NULL, "%s: %s", path, error.text);
    plain_key = (struct credential){
        .access_key_id = text_of(vectors, "access_key_id"),
        .secret_access_key = text_of(vectors, "secret_access_key"),
        .principal = {.account_id = "123456789012"},
    };
    token_key = plain_key;
    token_key.access_key_id = text_of(vectors, "token_access_key_id");
    own_token = text_of(vectors, "session_token");
    plain_token = NULL;
    admissions = 0;
    lookup_error = 0;
    lookups = 0;
    return json_integer_value(json_object_get(vectors, "now"));
}

static struct sigv4 *verifier(void)
{
    return sigv4_new(&(struct sigv4_config){regions, services, find, admit, NULL});
}

static void load_request(json_t *c, struct arena *a, struct headers *h, struct sigv4_request *r)
{
    json_t *pair = NULL;
    size_t i = 0;
    *h = (struct headers){0};
    json_array_foreach(json_object_get(c, "headers"), i, pair)
    {
        *arena_append(a, h) =
            (struct header){arena_strdup(a, json_string_value(json_array_get(pair, 0))),
                            arena_strdup(a, json_string_value(json_array_get(pair, 1)))};
    }
    const char *body = text_of(c, "body");
    *r = (struct sigv4_request){
        .method = text_of(c, "method"),
        .path = text_of(c, "path"),
        .query = text_of(c, "query"),
        .headers = h,
        .body = body,
        .body_len = strlen(body),
    };
}

static json_t *case_of(const char *name)
{
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        if (streq(text_of(c, "name"), name))
            return c;
    }
    ck_abort_msg("no vector '%s'", name);
    return NULL;
}

static int verify_at(struct sigv4 *s, const struct sigv4_request *r, int64_t now, struct fault *f)
{
    struct arena *a = arena_new();
    struct sigv4_caller caller = {0};
    fault_clear(f);
    int result = sigv4_verify(s, r, now, a, &caller, f);
    if (result == 0)
        ck_assert_str_eq(caller.credential->principal.account_id, "123456789012");
    ck_assert_int_eq(result < 0, fault_is_set(f));
    arena_free(a);
    return result;
}

START_TEST(every_vector_of_botocore_verifies)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers h;
        struct sigv4_request r;
        load_request(c, a, &h, &r);
        struct fault f = {0};
        ck_assert_msg(verify_at(s, &r, now, &f) == 0, "%s: %s", text_of(c, "name"), f.message);
        /* and again, from the cache of signing keys */
        ck_assert_msg(verify_at(s, &r, now, &f) == 0, "%s: %s", text_of(c, "name"), f.message);
    }
    ck_assert_uint_gt(i, 15);
    json_decref(vectors);
}
END_TEST

START_TEST(our_signatures_are_those_of_botocore)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = sigv4_new(NULL);
    json_t *c = NULL;
    size_t i = 0;
    unsigned signed_cases = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        if (!json_is_true(json_object_get(c, "sign")))
            continue;
        signed_cases++;
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers all;
        struct sigv4_request r;
        load_request(c, a, &all, &r);
        struct headers h = {0};
        for (size_t j = 0; j < all.n; j++) {
            if (strcasecmp(all.v[j].name, "authorization") != 0 &&
                strncasecmp(all.v[j].name, "x-amz-date", 10) != 0 &&
                strncasecmp(all.v[j].name, "x-amz-security", 14) != 0)
                *arena_append(a, &h) = all.v[j];
        }
        r.headers = &h;
        bool token = json_is_true(json_object_get(c, "token"));
        const struct credential *k = token ? &token_key : &plain_key;
        struct headers add;
        sigv4_sign(s, &r,
                   &(struct sigv4_signing){k->access_key_id, k->secret_access_key,
                                           k == &token_key ? own_token : NULL, text_of(c, "region"),
                                           text_of(c, "service"), now},
                   NULL, a, &add);
        ck_assert_str_eq(headers_get(&add, "authorization"), headers_get(&all, "authorization"));
        ck_assert_str_eq(headers_get(&add, "x-amz-date"), headers_get(&all, "x-amz-date"));
    }
    ck_assert_uint_gt(signed_cases, 10);
    json_decref(vectors);
}
END_TEST

START_TEST(what_we_presign_verifies_until_it_expires)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct header host[] = {{"Host", "[::1]:8773"}};
    struct headers h = {host, 1};
    struct sigv4_request r = {
        .method = "GET", .path = "/", .query = "Action=A&B=a%20b%2Bc", .headers = &h};
    r.query =
        sigv4_presign(s, &r,
                      &(struct sigv4_signing){token_key.access_key_id, token_key.secret_access_key,
                                              own_token, "us-east-1", "ec2", now},
                      3600, a);
    struct fault f = {0};
    ck_assert_msg(verify_at(s, &r, now + 59 * MINUTE, &f) == 0, "%s", f.message);
    ck_assert_int_eq(verify_at(s, &r, now + 61 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    ck_assert_int_eq(verify_at(s, &r, now - 16 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    json_decref(vectors);
}
END_TEST

/* Changes one character, to another of the same kind where it can. */
static char *altered(struct arena *a, const char *s, size_t at)
{
    char *copy = arena_strdup(a, s);
    copy[at] = copy[at] == 'a'                      ? 'b'
               : copy[at] == '1'                    ? '2'
               : copy[at] >= '0' && copy[at] <= '9' ? '1'
                                                    : 'a';
    return copy;
}

static void refuse_altered(struct sigv4 *s, const struct sigv4_request *r, int64_t now,
                           const char *name, const char *part, size_t at)
{
    struct fault f = {0};
    ck_assert_msg(verify_at(s, r, now, &f) < 0, "%s: %s may be altered at %zu", name, part, at);
    ck_assert_msg(f.code != FAULT_INTERNAL_ERROR, "%s: %s at %zu: %s", name, part, at, f.message);
}

/* %2A and %2a are the same. */
static bool is_equivalent(struct arena *a, const char *before, const char *after)
{
    return streq(sigv4_unescape(before, a), sigv4_unescape(after, a));
}

START_TEST(nothing_may_be_altered)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        const char *name = text_of(c, "name");
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers h;
        struct sigv4_request original;
        load_request(c, a, &h, &original);

        struct sigv4_request r = original;
        r.method = streq(r.method, "GET") ? "POST" : "PUT";
        refuse_altered(s, &r, now, name, "the method", 0);
        r = original;
        r.path = arena_printf(a, "%sx", r.path);
        refuse_altered(s, &r, now, name, "the path", 0);
        r = original;
        r.body = arena_printf(a, "%s ", (const char *)r.body);
        r.body_len++;
        refuse_altered(s, &r, now, name, "the body's length", 0);
        r = original;
        r.query = arena_printf(a, "%s%sDryRun=true", r.query, r.query[0] != '\0' ? "&" : "");
        refuse_altered(s, &r, now, name, "a further parameter", 0);
        for (size_t at = 0; at < original.body_len; at++) {
            r = original;
            r.body = altered(a, original.body, at);
            refuse_altered(s, &r, now, name, "the body", at);
        }
        for (size_t at = 0; original.query[at] != '\0'; at++) {
            r = original;
            r.query = altered(a, original.query, at);
            if (!is_equivalent(a, original.query, r.query))
                refuse_altered(s, &r, now, name, "the query string", at);
        }
        for (size_t n = 0; n < h.n; n++) {
            const char *value = h.v[n].value;
            for (size_t at = 0; value[at] != '\0'; at++) {
                h.v[n].value = altered(a, value, at);
                refuse_altered(s, &original, now, name, h.v[n].name, at);
            }
            h.v[n].value = value;
            /* Leaving any of them out, or sending one twice, is no better. */
            struct headers less = {arena_memdup(a, h.v, h.n * sizeof(*h.v)), h.n - 1};
            less.v[n] = h.v[h.n - 1];
            r = original;
            r.headers = &less;
            refuse_altered(s, &r, now, name, "a header left out", n);
            struct headers more = {arena_array(a, h.n + 1, struct header), h.n + 1};
            memcpy(more.v, h.v, h.n * sizeof(*h.v));
            more.v[h.n] = (struct header){h.v[n].name, "x"};
            r.headers = &more;
            refuse_altered(s, &r, now, name, "a header sent twice", n);
        }
    }
    json_decref(vectors);
}
END_TEST

START_TEST(a_query_string_signed_as_it_is_sent_verifies)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    /* What curl 7.88 signs: neither sorted nor encoded again. */
    struct header v[3] = {{"Host", "h"}, {"X-Amz-Date", "20260102T030405Z"}};
    struct headers h = {v, 2};
    struct sigv4_request r = {
        .method = "GET", .path = "/", .query = "Version=2016-11-15&Action=A", .headers = &h};
    const char *names[] = {"host", "x-amz-date"};
    char empty[SIGV4_HEX_SIZE];
    char signature[SIGV4_HEX_SIZE];
    sigv4_sha256_hex(s, "", 0, empty);
    _cleanup_buf_ struct buf canonical = BUF_INIT(10000);
    sigv4_canonical_request(&r, r.query, &(struct sigv4_names){names, 2}, empty, a, &canonical);
    sigv4_signature(s, plain_key.secret_access_key,
                    &(struct sigv4_scope){"20260102", "us-east-1", "ec2"}, "20260102T030405Z",
                    &canonical, signature);
    v[2] = (struct header){"Authorization",
                           arena_printf(a,
                                        "AWS4-HMAC-SHA256 Credential=%s/20260102/us-east-1/ec2/"
                                        "aws4_request,SignedHeaders=host;x-amz-date,Signature=%s",
                                        plain_key.access_key_id, signature)};
    h.n = 3;
    struct fault f = {0};
    ck_assert_msg(verify_at(s, &r, now, &f) == 0, "%s", f.message);
    r.query = "Version=2016-11-15&Action=B";
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    json_decref(vectors);
}
END_TEST

START_TEST(an_unknown_key_is_refused_as_a_wrong_signature_is)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_form"), a, &h, &r);
    struct fault unknown = {0};
    struct fault wrong = {0};
    const char *id = plain_key.access_key_id;
    plain_key.access_key_id = "ANOTHER";
    ck_assert_int_eq(verify_at(s, &r, now, &unknown), -1);
    plain_key.access_key_id = id;
    plain_key.secret_access_key = "another secret";
    ck_assert_int_eq(verify_at(s, &r, now, &wrong), -1);
    ck_assert_int_eq(unknown.code, FAULT_AUTH_FAILURE);
    ck_assert_int_eq(wrong.code, FAULT_AUTH_FAILURE);
    ck_assert_str_eq(unknown.message, wrong.message);
    json_decref(vectors);
}
END_TEST

START_TEST(a_changed_secret_is_not_served_from_the_cache)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_form"), a, &h, &r);
    struct fault f = {0};
    ck_assert_int_eq(verify_at(s, &r, now, &f), 0);
    plain_key.secret_access_key = "rotated";
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    json_decref(vectors);
}
END_TEST

START_TEST(the_cache_is_bounded_and_right_when_it_overflows)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SIGV4_CACHE_SIZE * 2; i++) {
            _cleanup_arena_ struct arena *a = arena_new();
            plain_key.secret_access_key = arena_printf(a, "secret %d", i);
            struct header host[] = {{"Host", "h"}};
            struct headers h = {host, 1};
            struct sigv4_request r = {.method = "POST", .path = "/", .headers = &h};
            struct headers add;
            sigv4_sign(s, &r,
                       &(struct sigv4_signing){plain_key.access_key_id, plain_key.secret_access_key,
                                               NULL, "us-east-1", "ec2", now},
                       NULL, a, &add);
            *arena_append(a, &add) = host[0];
            r.headers = &add;
            struct fault f = {0};
            ck_assert_msg(verify_at(s, &r, now, &f) == 0, "%s", f.message);
        }
    }
    json_decref(vectors);
}
END_TEST

START_TEST(a_time_outside_the_window_is_refused_with_the_servers_time)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_form"), a, &h, &r);
    struct fault f = {0};
    ck_assert_int_eq(verify_at(s, &r, now + 14 * MINUTE, &f), 0);
    ck_assert_int_eq(verify_at(s, &r, now - 14 * MINUTE, &f), 0);
    ck_assert_int_eq(verify_at(s, &r, now + 16 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    ck_assert_ptr_nonnull(strstr(f.message, "2026-01-02T03:20:05"));
    ck_assert_int_eq(verify_at(s, &r, now - 16 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    json_decref(vectors);
}
END_TEST

START_TEST(the_wrong_region_is_told_which_are_served)
{
    int64_t now = load();
    static const char *const other[] = {"home-1", "home-2", NULL};
    _cleanup_sigv4_ struct sigv4 *s =
        sigv4_new(&(struct sigv4_config){other, services, find, admit, NULL});
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_form"), a, &h, &r);
    struct fault f = {0};
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    ck_assert_ptr_nonnull(strstr(f.message, "home-1, home-2"));
    ck_assert_ptr_nonnull(strstr(f.message, "eu-central-1"));
    ck_assert_uint_eq(lookups, 0);
    json_decref(vectors);
}
END_TEST

/* Signs a POST with the given header besides Host, and says what verification makes of it. */
static int sign_and_verify(struct sigv4 *s, int64_t now, const char *name, const char *value,
                           bool sign_it, struct fault *f)
{
    struct arena *a = arena_new();
    struct header v[2] = {{"Host", "h"}, {name, value}};
    struct headers to_sign = {v, sign_it ? 2 : 1};
    struct sigv4_request r = {
        .method = "POST", .path = "/", .headers = &to_sign, .body = "{}", .body_len = 2};
    struct headers add;
    sigv4_sign(s, &r,
               &(struct sigv4_signing){plain_key.access_key_id, plain_key.secret_access_key, NULL,
                                       "us-east-1", "ec2", now},
               NULL, a, &add);
    *arena_append(a, &add) = v[0];
    *arena_append(a, &add) = v[1];
    r.headers = &add;
    int result = verify_at(s, &r, now, f);
    arena_free(a);
    return result;
}

START_TEST(what_decides_the_meaning_must_be_signed)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    static const struct {
        const char *name;
        const char *value;
        bool unsigned_is_fine;
    } cases[] = {
        {"X-Amz-Target", "AmazonEC2.RunInstances", false},
        {"Content-Type", "application/x-amz-json-1.1", false},
        {"Content-Type", "application/x-www-form-urlencoded", true},
        {"User-Agent", "x", true},
    };
    struct fault f = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_int_eq(sign_and_verify(s, now, cases[i].name, cases[i].value, true, &f), 0);
        int r = sign_and_verify(s, now, cases[i].name, cases[i].value, false, &f);
        ck_assert_int_eq(r, cases[i].unsigned_is_fine ? 0 : -1);
    }
    json_decref(vectors);
}
END_TEST

START_TEST(the_payload_hash_must_be_right_and_signed)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    struct fault f = {0};
    static const char name[] = "X-Amz-Content-Sha256";
    char hash[SIGV4_HEX_SIZE];
    sigv4_sha256_hex(s, "{}", 2, hash);
    ck_assert_int_eq(sign_and_verify(s, now, name, hash, true, &f), 0);
    ck_assert_int_eq(sign_and_verify(s, now, name, hash, false, &f), -1);
    sigv4_sha256_hex(s, "[]", 2, hash);
    ck_assert_int_eq(sign_and_verify(s, now, name, hash, true, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    ck_assert_int_eq(sign_and_verify(s, now, name, "UNSIGNED-PAYLOAD", true, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    json_decref(vectors);
}
END_TEST

START_TEST(a_streamed_body_is_bound_by_its_declared_hash)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    char hash[SIGV4_HEX_SIZE];
    sigv4_sha256_hex(s, "gigabytes", 9, hash);
    struct header host[] = {{"Host", "h"}};
    struct headers h = {host, 1};
    struct sigv4_request r = {.method = "PUT", .path = "/v1/x", .headers = &h, .streamed = true};
    struct headers add;
    sigv4_sign(s, &r,
               &(struct sigv4_signing){plain_key.access_key_id, plain_key.secret_access_key, NULL,
                                       "us-east-1", "ec2", now},
               hash, a, &add);
    *arena_append(a, &add) = host[0];
    r.headers = &add;
    struct sigv4_caller caller;
    struct fault f = {0};
    ck_assert_int_eq(sigv4_verify(s, &r, now, a, &caller, &f), 0);
    ck_assert_str_eq(caller.payload_sha256, hash);
    r.streamed = false; /* an empty body is not that one */
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    json_decref(vectors);
}
END_TEST

START_TEST(who_signed_right_is_admitted_by_token_and_service)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_session_token"), a, &h, &r);
    struct fault f = {0};
    own_token = "another";
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INVALID_CLIENT_TOKEN_ID);
    ck_assert_str_eq(f.message, "not for ec2");
    /* and a key that has a token is nothing without it */
    load_request(case_of("post_form"), a, &h, &r);
    plain_token = "its token";
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INVALID_CLIENT_TOKEN_ID);
    ck_assert_uint_eq(admissions, 2);
    /* a wrong signature does not get so far */
    plain_key.secret_access_key = "wrong";
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    ck_assert_uint_eq(admissions, 2);
    json_decref(vectors);
}
END_TEST

START_TEST(malformed_authorizations_are_incomplete_signatures)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
#define SIG  "Signature=b089144126f190e755829e351e40df6308ed848bab37b18feef84c2853e0d803"
#define CRED "Credential=AK/20260102/us-east-1/ec2/aws4_request"
    static const char *const texts[] = {
        "",
        "Basic dXNlcjpwYXNz",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-amz-date",
        "AWS4-HMAC-SHA256 " CRED ", " SIG,
        "AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", " CRED ", SignedHeaders=host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 Credential=AK/us-east-1, SignedHeaders=host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 Credential=AK/20260102/us-east-1/ec2/aws5, "
        "SignedHeaders=host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=x-amz-date;host, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host;host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=Host;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-absent;x-amz-date, " SIG,
        "AWS4-HMAC-SHA256 " CRED ", SignedHeaders=host;x-amz-date, Signature=00",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct header v[] = {
            {"Host", "h"}, {"X-Amz-Date", "20260102T030405Z"}, {"Authorization", texts[i]}};
        struct headers h = {v, 3};
        struct sigv4_request r = {.method = "POST", .path = "/", .headers = &h};
        struct fault f = {0};
        ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
        ck_assert_msg(f.code == FAULT_INCOMPLETE_SIGNATURE, "%s: %s", texts[i],
                      fault_code_name(f.code));
    }
    struct header host[] = {{"Host", "h"}};
    struct headers h = {host, 1};
    struct sigv4_request r = {.method = "POST", .path = "/", .headers = &h};
    struct fault f = {0};
    ck_assert(!sigv4_is_signed(&r));
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_MISSING_AUTHENTICATION_TOKEN);
    ck_assert_uint_eq(lookups, 0);
    json_decref(vectors);
}
END_TEST

START_TEST(a_failed_lookup_is_no_verdict)
{
    int64_t now = load();
    _cleanup_sigv4_ struct sigv4 *s = verifier();
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r;
    load_request(case_of("post_form"), a, &h, &r);
    lookup_error = -EIO;
    struct fault f = {0};
    ck_assert_int_eq(verify_at(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INTERNAL_ERROR);
    json_decref(vectors);
}
END_TEST

START_TEST(peers_are_let_in_by_uid_or_group)
{
    struct peer_gate *g = peer_gate_new("daemon", "123456789012");
    _cleanup_arena_ struct arena *a = arena_new();
    struct principal p;
    struct fault f = {0};
    struct peer root = {.uid = 0};
    ck_assert_int_eq(peer_gate_check(g, &root, a, &p, &f), 0);
    ck_assert_str_eq(p.arn, "arn:aws:iam::123456789012:root");
    ck_assert_str_eq(p.account_id, "123456789012");

    const gid_t in[] = {77, 1}; /* daemon is group 1 on every Debian */
    struct peer other = {.uid = 4242, .gid = 4242, .groups = in, .n_groups = 1};
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    ck_assert_ptr_nonnull(strstr(f.message, "join the group 'daemon'"));
    fault_clear(&f);
    other.n_groups = 2;
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), 0);
    other = (struct peer){.uid = 4242, .gid = 1};
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), 0);
    /* By NSS alone: user 1 (daemon) has group 1, though its process does not carry it. */
    other = (struct peer){.uid = 1, .gid = 4242};
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), 0);
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), 0);
    peer_gate_free(g);

    g = peer_gate_new("no-such-group", "123456789012");
    ck_assert_int_eq(peer_gate_check(g, &other, a, &p, &f), -1);
    peer_gate_free(g);
}
END_TEST

UNIT_SUITE(every_vector_of_botocore_verifies, our_signatures_are_those_of_botocore,
           what_we_presign_verifies_until_it_expires, nothing_may_be_altered,
           a_query_string_signed_as_it_is_sent_verifies,
           an_unknown_key_is_refused_as_a_wrong_signature_is,
           a_changed_secret_is_not_served_from_the_cache,
           the_cache_is_bounded_and_right_when_it_overflows,
           a_time_outside_the_window_is_refused_with_the_servers_time,
           the_wrong_region_is_told_which_are_served, what_decides_the_meaning_must_be_signed,
           the_payload_hash_must_be_right_and_signed, a_streamed_body_is_bound_by_its_declared_hash,
           who_signed_right_is_admitted_by_token_and_service,
           malformed_authorizations_are_incomplete_signatures, a_failed_lookup_is_no_verdict,
           peers_are_let_in_by_uid_or_group)
