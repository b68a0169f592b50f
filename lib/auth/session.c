#include "auth/session.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"

/*
 * An id is ASIA and 80 bits in base 32. As AWS's tools read it, the account number is 40 of them,
 * from the second bit on; the rest is random, or follows from a seed.
 */
#define PREFIX        "ASIA"
#define DIGITS        16
#define RAW_SIZE      10
#define ACCOUNT_SHIFT 7
#define ACCOUNT_MASK  ((uint64_t)0x7fffffffff80)
#define ACCOUNTS      ((uint64_t)1000000000000) /* 12 digits */
#define SECRET_BYTES  30                        /* 40 characters of base64, as all secrets have */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void cleanup_json(json_t **j)
{
    json_decref(*j);
}
#define _cleanup_json_ _cleanup_(cleanup_json)

/* --- ids */

static const char *encode_id(struct arena *a, const unsigned char raw[RAW_SIZE])
{
    char text[DIGITS + 1] = "";
    for (size_t i = 0; i < DIGITS; i++) {
        size_t bit = 5 * i;
        unsigned two =
            (unsigned)raw[bit / 8] << 8 | (bit / 8 + 1 < RAW_SIZE ? raw[bit / 8 + 1] : 0);
        text[i] = alphabet[two >> (11 - bit % 8) & 31];
    }
    return arena_printf(a, PREFIX "%s", text);
}

/* The first 48 bits of an id, where the account is. */
static uint64_t head_of(const char *access_key_id)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < 10; i++) {
        const char *at = strchr(alphabet, access_key_id[strlen(PREFIX) + i]);
        bits = bits << 5 | (uint64_t)(at - alphabet);
    }
    return bits >> 2;
}

bool session_is_key(const char *access_key_id)
{
    if (access_key_id == NULL || strlen(access_key_id) != strlen(PREFIX) + DIGITS ||
        !has_prefix(access_key_id, PREFIX) ||
        strspn(access_key_id + strlen(PREFIX), alphabet) != DIGITS)
        return false;
    return (head_of(access_key_id) & ACCOUNT_MASK) >> ACCOUNT_SHIFT < ACCOUNTS;
}

void session_key_account(const char *access_key_id, char ret[SESSION_ACCOUNT_SIZE])
{
    CHECK(session_is_key(access_key_id));
    uint64_t account = (head_of(access_key_id) & ACCOUNT_MASK) >> ACCOUNT_SHIFT;
    (void)snprintf(ret, SESSION_ACCOUNT_SIZE, "%012llu", (unsigned long long)account);
}

static const char *make_id(struct arena *a, const struct server_key *k, const char *account_id,
                           const char *seed)
{
    unsigned char raw[SEAL_KEY_BYTES];
    int64_t account = 0;
    bool ok = parse_int64(account_id, &account) == 0 && account >= 0;
    CHECK(ok && (uint64_t)account < ACCOUNTS);
    if (seed == NULL)
        random_bytes(raw, RAW_SIZE);
    else
        seal_derive(k, SEAL_SESSION, arena_printf(a, "id %s", seed), raw);
    uint64_t head = 0;
    for (size_t i = 0; i < 6; i++)
        head = head << 8 | raw[i];
    head = (head & ~ACCOUNT_MASK) | (uint64_t)account << ACCOUNT_SHIFT;
    for (size_t i = 6; i-- > 0; head >>= 8)
        raw[i] = (unsigned char)head;
    return encode_id(a, raw);
}

const char *session_secret(struct arena *a, const struct server_key *k, const char *access_key_id)
{
    unsigned char raw[SEAL_KEY_BYTES];
    seal_derive(k, SEAL_SESSION, arena_printf(a, "secret %s", access_key_id), raw);
    const char *secret = base64_encode(a, raw, SECRET_BYTES);
    OPENSSL_cleanse(raw, sizeof(raw));
    return secret;
}

/* --- what a token says: JSON with short names; what is not there, has none */

static void put_text(json_t *o, const char *name, const char *text)
{
    int r = text == NULL ? 0 : json_object_set_new(o, name, json_string(text));
    CHECK(r == 0); /* what is put has been checked to be UTF-8 */
}

static void put_texts(json_t *o, const char *name, const char *const *v, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        CHECK(json_array_append_new(list, json_string(v[i])) == 0);
    CHECK(json_object_set_new(o, name, list) == 0);
}

/* What STS's limit is for: policies and tags. */
static json_t *packed_of(const struct session *s)
{
    json_t *o = json_object();
    if (s->n_policies > 0)
        put_texts(o, "p", s->policies, s->n_policies);
    if (s->n_policy_arns > 0)
        put_texts(o, "m", s->policy_arns, s->n_policy_arns);
    for (size_t i = 0; i < s->n_tags; i++) {
        json_t *tags = json_object_get(o, "t");
        if (tags == NULL)
            CHECK(json_object_set_new(o, "t", tags = json_array()) == 0);
        json_t *tag =
            json_pack("[ssb]", s->tags[i].key, s->tags[i].value, s->tags[i].is_transitive);
        CHECK(json_array_append_new(tags, tag) == 0);
    }
    return o;
}

static const char *text_of(struct arena *a, const json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(text != NULL);
    const char *copy = arena_strdup(a, text);
    free(text);
    return copy;
}

static const char *write_token(struct arena *a, const struct principal *p, size_t *ret_packed)
{
    const struct session *s = p->session;
    json_t *packed = packed_of(s);
    *ret_packed = json_object_size(packed) == 0 ? 0 : strlen(text_of(a, packed));
    _cleanup_json_ json_t *o = json_pack("{sisI sI so}", "k", (int)p->kind, "b", s->issued_at, "e",
                                         s->expires_at, "x", packed);
    CHECK(o != NULL);
    put_text(o, "a", p->account_id);
    put_text(o, "r", p->arn);
    put_text(o, "u", p->user_id);
    put_text(o, "id", p->id);
    put_text(o, "n", s->name);
    put_text(o, "src", s->source_identity);
    put_text(o, "i", s->instance_id);
    put_text(o, "as", s->association_id);
    return text_of(a, o);
}

static const char *get_text(struct arena *a, const json_t *o, const char *name)
{
    return arena_strdup(a, json_string_value(json_object_get(o, name)));
}

static const char **get_texts(struct arena *a, const json_t *o, const char *name, size_t *ret_n)
{
    const json_t *list = json_object_get(o, name);
    size_t n = json_array_size(list);
    const char **v = n == 0 ? NULL : arena_array(a, n, const char *);
    for (size_t i = 0; i < n; i++)
        v[i] = arena_strdup(a, json_string_value(json_array_get(list, i)));
    *ret_n = n;
    return v;
}

static void read_packed(struct arena *a, const json_t *o, struct session *s)
{
    const json_t *tags = json_object_get(o, "t");
    s->policies = get_texts(a, o, "p", &s->n_policies);
    s->policy_arns = get_texts(a, o, "m", &s->n_policy_arns);
    s->n_tags = json_array_size(tags);
    s->tags = s->n_tags == 0 ? NULL : arena_array(a, s->n_tags, struct session_tag);
    for (size_t i = 0; i < s->n_tags; i++) {
        const json_t *tag = json_array_get(tags, i);
        s->tags[i] = (struct session_tag){
            .key = arena_strdup(a, json_string_value(json_array_get(tag, 0))),
            .value = arena_strdup(a, json_string_value(json_array_get(tag, 1))),
            .is_transitive = json_is_true(json_array_get(tag, 2)),
        };
    }
}

/* The text is ours: it has opened. */
static void read_token(struct arena *a, const json_t *o, struct principal *ret)
{
    struct session *s = arena_new_of(a, struct session);
    *s = (struct session){
        .issued_at = json_integer_value(json_object_get(o, "b")),
        .expires_at = json_integer_value(json_object_get(o, "e")),
        .name = get_text(a, o, "n"),
        .source_identity = get_text(a, o, "src"),
        .instance_id = get_text(a, o, "i"),
        .association_id = get_text(a, o, "as"),
    };
    read_packed(a, json_object_get(o, "x"), s);
    *ret = (struct principal){
        .kind = (enum principal_kind)json_integer_value(json_object_get(o, "k")),
        .account_id = get_text(a, o, "a"),
        .arn = get_text(a, o, "r"),
        .user_id = get_text(a, o, "u"),
        .id = get_text(a, o, "id"),
        .session = s,
    };
}

/* --- credentials */

int session_make(struct arena *a, const struct server_key *k, const struct principal *p,
                 const char *seed, struct session_credentials *ret_credentials, struct err *e)
{
    CHECK(p->session != NULL);
    size_t packed = 0;
    const char *text = write_token(a, p, &packed);
    struct session_credentials made = {.packed_percent = (100 * packed + SESSION_PACKED_MAX - 1) /
                                                         SESSION_PACKED_MAX};
    if (packed > SESSION_PACKED_MAX) {
        *ret_credentials = made;
        return err_set(e, E2BIG, "policies and tags of the session take %zu bytes, at most %zu",
                       packed, SESSION_PACKED_MAX);
    }
    made.access_key_id = make_id(a, k, p->account_id, seed);
    made.secret_access_key = session_secret(a, k, made.access_key_id);
    made.token = seed == NULL
                     ? seal(a, k, SEAL_SESSION, made.access_key_id, text, strlen(text), e)
                     : seal_again(a, k, SEAL_SESSION, made.access_key_id, text, strlen(text), e);
    if (made.token == NULL)
        return -EIO;
    CHECK(strlen(made.token) <= SESSION_TOKEN_MAX);
    *ret_credentials = made;
    return 0;
}

int session_open(struct arena *a, const struct server_key *k, const char *access_key_id,
                 const char *token, int64_t now, struct principal *ret_principal, struct err *e)
{
    char *text = NULL;
    size_t len = 0;
    if (strlen(token) > SESSION_TOKEN_MAX)
        return err_set(e, EBADMSG, "the session token of %.64s is too long", access_key_id);
    int r = unseal(a, k, SEAL_SESSION, access_key_id, token, &text, &len, e);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *o = json_loadb(text, len, 0, NULL);
    if (!json_is_object(o))
        return err_set(e, EBADMSG, "the session token of %.64s cannot be read", access_key_id);
    read_token(a, o, ret_principal);
    ret_principal->access_key_id = access_key_id;
    if (now >= ret_principal->session->expires_at)
        return err_set(e, ETIME, "the credentials of %.64s have ended", access_key_id);
    return 0;
}
