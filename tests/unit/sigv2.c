/*
 * Signatures of version 2 against vectors (tests/tools/make_sigv2_vectors.py), and each vector
 * broken in every part: whatever is changed, verification must refuse.
 */
#include "auth/sigv2.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"

#define MINUTE ((int64_t)60 * 1000)

static const char *const regions[] = {"eu-central-1", "us-east-1", NULL};
static const char *const services[] = {"ec2", "sts", NULL};

static json_t *vectors;
static int64_t now;
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

static struct sigv4 *verifier(bool on)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/sigv2/vectors.json", getenv("GOLDEN"));
    json_error_t error;
    vectors = json_load_file(path, 0, &error);
    ck_assert_msg(vectors != NULL, "%s: %s", path, error.text);
    now = json_integer_value(json_object_get(vectors, "now"));
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
    return sigv4_new(&(struct sigv4_config){regions, services, find, admit, NULL, .version_2 = on});
}

static void done(struct sigv4 *s)
{
    sigv4_free(s);
    json_decref(vectors);
}

static struct sigv4_request request_of(json_t *c, struct arena *a, struct headers *h)
{
    json_t *pair = NULL;
    size_t i = 0;
    *h = (struct headers){0};
    json_array_foreach(json_object_get(c, "headers"), i, pair)
    {
        *arena_append(a, h) = (struct header){json_string_value(json_array_get(pair, 0)),
                                              json_string_value(json_array_get(pair, 1))};
    }
    const char *body = text_of(c, "body");
    return (struct sigv4_request){
        .method = text_of(c, "method"),
        .path = "/",
        .query = text_of(c, "query"),
        .headers = h,
        .body = body,
        .body_len = strlen(body),
    };
}

static struct sigv4_request named(const char *name, struct arena *a, struct headers *h)
{
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        if (streq(text_of(c, "name"), name))
            return request_of(c, a, h);
    }
    ck_abort_msg("no vector '%s'", name);
    return (struct sigv4_request){0};
}

/* What verification says, through the entrance that the API uses. */
static int verify(struct sigv4 *s, const struct sigv4_request *r, int64_t when, struct fault *f)
{
    struct arena *a = arena_new();
    struct sigv4_caller caller = {0};
    fault_clear(f);
    int result = sigv4_verify(s, r, when, a, &caller, f);
    ck_assert_int_eq(result < 0, fault_is_set(f));
    if (result == 0) {
        ck_assert_str_eq(caller.credential->principal.account_id, "123456789012");
        ck_assert_str_eq(caller.region, "eu-central-1");
        ck_assert_str_eq(caller.service, "ec2");
    }
    arena_free(a);
    return result;
}

START_TEST(every_vector_verifies)
{
    struct sigv4 *s = verifier(true);
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers h;
        struct sigv4_request r = request_of(c, a, &h);
        struct fault f = {0};
        ck_assert(sigv2_is_signed(&r) && sigv4_is_signed(&r));
        ck_assert_msg(verify(s, &r, now, &f) == 0, "%s: %s", text_of(c, "name"), f.message);
    }
    ck_assert_uint_ge(i, 14);
    done(s);
}
END_TEST

START_TEST(switched_off_it_names_the_key_that_switches_it_on)
{
    struct sigv4 *s = verifier(false);
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers h;
        struct sigv4_request r = request_of(c, a, &h);
        struct fault f = {0};
        ck_assert_int_eq(verify(s, &r, now, &f), -1);
        ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
        ck_assert_ptr_nonnull(strstr(f.message, "signature_v2 = yes"));
    }
    ck_assert_uint_eq(lookups, 0);
    done(s);
}
END_TEST

/* Every character of the text changed in turn, and one added at the end: never a success. */
static void break_text(struct sigv4 *s, struct sigv4_request *r, const char *text, bool query)
{
    size_t len = strlen(text);
    for (size_t i = 0; i <= len; i++) {
        char *broken = strdup(text);
        ck_assert_ptr_nonnull(broken);
        if (i < len)
            broken[i] = broken[i] == 'x' ? 'y' : 'x';
        char *longer = NULL;
        ck_assert_int_gt(asprintf(&longer, "%s%s", broken, i == len ? "&More=1" : ""), 0);
        if (query) {
            r->query = longer;
        } else {
            r->body = longer;
            r->body_len = strlen(longer);
        }
        struct fault f = {0};
        ck_assert_msg(verify(s, r, now, &f) == -1, "%s verifies", longer);
        free(broken);
        free(longer);
    }
}

START_TEST(nothing_may_be_altered)
{
    struct sigv4 *s = verifier(true);
    json_t *c = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(vectors, "cases"), i, c)
    {
        _cleanup_arena_ struct arena *a = arena_new();
        struct headers h;
        struct sigv4_request r = request_of(c, a, &h);
        const struct sigv4_request whole = r;
        if (r.query[0] != '\0')
            break_text(s, &r, whole.query, true);
        r = whole;
        if (r.body_len > 0)
            break_text(s, &r, whole.body, false);
        r = whole;
        r.method = streq(r.method, "GET") ? "POST" : "GET";
        struct fault f = {0};
        ck_assert_int_eq(verify(s, &r, now, &f), -1);
        r = whole;
        r.path = "/v1/RunInstances";
        ck_assert_int_eq(verify(s, &r, now, &f), -1);
        h.v[0].value = "elsewhere:8773";
        ck_assert_int_eq(verify(s, &whole, now, &f), -1);
        ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    }
    done(s);
}
END_TEST

START_TEST(parameters_may_come_in_any_order_and_none_may_be_added)
{
    struct sigv4 *s = verifier(true);
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r = named("get", a, &h);
    struct fault f = {0};
    const char *first = strchr(r.query, '&');
    r.query = arena_printf(a, "%s&%.*s", first + 1, (int)(first - r.query), r.query);
    ck_assert_int_eq(verify(s, &r, now, &f), 0);
    /* A second Action, in the form of a request whose query string is signed */
    r.method = "POST";
    r.body = "Action=TerminateInstances";
    r.body_len = strlen(r.body);
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    /* Bytes behind a NUL would be read and not signed. */
    r = named("post", a, &h);
    r.body_len++;
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INCOMPLETE_SIGNATURE);
    done(s);
}
END_TEST

START_TEST(what_is_no_form_cannot_be_signed)
{
    struct sigv4 *s = verifier(true);
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r = named("get", a, &h);
    struct fault f = {0};
    *arena_append(a, &h) = (struct header){"X-Amz-Target", "AmazonEC2.TerminateInstances"};
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INCOMPLETE_SIGNATURE);
    r = named("get", a, &h);
    *arena_append(a, &h) = (struct header){"Content-Type", "application/json"};
    r.body = "{}";
    r.body_len = 2;
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INCOMPLETE_SIGNATURE);
    done(s);
}
END_TEST

START_TEST(a_timestamp_is_good_for_the_clock_window)
{
    struct sigv4 *s = verifier(true);
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r = named("post", a, &h);
    struct fault f = {0};
    ck_assert_int_eq(verify(s, &r, now + 14 * MINUTE, &f), 0);
    ck_assert_int_eq(verify(s, &r, now - 14 * MINUTE, &f), 0);
    ck_assert_int_eq(verify(s, &r, now + 16 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    ck_assert_int_eq(verify(s, &r, now - 16 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    done(s);
}
END_TEST

START_TEST(expires_is_kept_to_the_second_and_within_a_week)
{
    struct sigv4 *s = verifier(true);
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r = named("get_expires", a, &h); /* an hour */
    struct fault f = {0};
    ck_assert_int_eq(verify(s, &r, now + 60 * MINUTE, &f), 0);
    ck_assert_int_eq(verify(s, &r, now + 60 * MINUTE + 1, &f), -1);
    ck_assert_int_eq(f.code, FAULT_REQUEST_EXPIRED);
    ck_assert_int_eq(verify(s, &r, now - 7 * 24 * 60 * MINUTE, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INCOMPLETE_SIGNATURE);
    r.query = arena_printf(a, "%s&Timestamp=2026-01-02T03%%3A04%%3A05Z", r.query);
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INVALID_PARAMETER_COMBINATION);
    done(s);
}
END_TEST

START_TEST(each_part_must_be_there_once)
{
    struct sigv4 *s = verifier(true);
    struct header host = {"Host", "h"};
    struct headers h = {&host, 1};
    static const char *const queries[] = {
        "AWSAccessKeyId=AKIDEXAMPLE",
        "Signature=x",
        "SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x&Timestamp=2026-01-02T03:04:05Z",
        "AWSAccessKeyId=A&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x",
        "AWSAccessKeyId=A&SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=2026-01-02T03:04:"
        "05Z",
        "AWSAccessKeyId=A&SignatureVersion=2&Signature=x&Timestamp=2026-01-02T03:04:05Z",
        "AWSAccessKeyId=A&SignatureVersion=2&SignatureMethod=HmacMD5&Signature=x&Timestamp=2026-01-"
        "02T03:04:05Z",
        "AWSAccessKeyId=A&SignatureVersion=1&SignatureMethod=HmacSHA256&Signature=x&Timestamp=2026-"
        "01-02T03:04:05Z",
        "AWSAccessKeyId=A&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x&Timestamp="
        "yesterday",
        "AWSAccessKeyId=A&AWSAccessKeyId=A&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature="
        "x&Timestamp=2026-01-02T03:04:05Z",
    };
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        struct sigv4_request r = {.method = "GET", .path = "/", .query = queries[i], .headers = &h};
        struct fault f = {0};
        ck_assert_int_eq(verify(s, &r, now, &f), -1);
        ck_assert_msg(f.code == FAULT_INCOMPLETE_SIGNATURE, "%s: %s", queries[i], f.message);
    }
    ck_assert_uint_eq(lookups, 0);
    done(s);
}
END_TEST

START_TEST(unknown_keys_foreign_tokens_and_failed_lookups)
{
    struct sigv4 *s = verifier(true);
    _cleanup_arena_ struct arena *a = arena_new();
    struct headers h;
    struct sigv4_request r = named("post_session_token", a, &h);
    struct fault f = {0};
    own_token = "another";
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INVALID_CLIENT_TOKEN_ID);
    ck_assert_str_eq(f.message, "not for ec2");
    own_token = NULL;
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    r = named("post", a, &h);
    plain_token = "its token";
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    plain_token = NULL;
    ck_assert_uint_eq(admissions, 3);
    plain_key.secret_access_key = "changed";
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_AUTH_FAILURE);
    struct fault wrong = f;
    plain_key.access_key_id = "AKIDANOTHER";
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_str_eq(f.message, wrong.message);
    lookup_error = -EIO;
    ck_assert_int_eq(verify(s, &r, now, &f), -1);
    ck_assert_int_eq(f.code, FAULT_INTERNAL_ERROR);
    done(s);
}
END_TEST

UNIT_SUITE(every_vector_verifies, switched_off_it_names_the_key_that_switches_it_on,
           nothing_may_be_altered, parameters_may_come_in_any_order_and_none_may_be_added,
           what_is_no_form_cannot_be_signed, a_timestamp_is_good_for_the_clock_window,
           expires_is_kept_to_the_second_and_within_a_week, each_part_must_be_there_once,
           unknown_keys_foreign_tokens_and_failed_lookups)
