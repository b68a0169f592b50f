#pragma once
/* What the parts of the signature code share; nobody else includes this. */
#include <stdbool.h>
#include <stddef.h>

#include "auth/sigv4.h"
#include "base/buf.h"

#define SIGV4_ALGORITHM     "AWS4-HMAC-SHA256"
#define SIGV4_TERMINATOR    "aws4_request"
#define SIGV4_DATE_SIZE     9  /* 20260102 */
#define SIGV4_TIME_SIZE     17 /* 20260102T030405Z */
#define SIGV4_HASH_LEN      32
#define SIGV4_HEX_SIZE      65
#define SIGV4_CANONICAL_MAX ((size_t)2 << 20)
#define SIGV4_PRESIGNED     "X-Amz-Signature" /* the parameter that a presigned GET does not sign */
#define SIGV4_NOT_VALID                                                                            \
    "Croft was not able to validate the provided access credentials: the access key is unknown "   \
    "or the signature does not match it"

struct sigv4_scope {
    const char *date; /* 8 digits */
    const char *region;
    const char *service;
};

/* sigv4_key.c: hashes and keys */
void sigv4_sha256(const struct sigv4 *s, const void *data, size_t len, unsigned char *out);
void sigv4_sha256_hex(const struct sigv4 *s, const void *data, size_t len,
                      char out[SIGV4_HEX_SIZE]);
/* The signature, in hex, of a canonical request under a secret. */
void sigv4_signature(struct sigv4 *s, const char *secret, const struct sigv4_scope *scope,
                     const char *time, const struct buf *canonical, char out[SIGV4_HEX_SIZE]);
const struct sigv4_config *sigv4_config_of(const struct sigv4 *s);
/* A secret that nobody has: unknown keys are verified with it, so that they take as long. */
const char *sigv4_nobodys_secret(const struct sigv4 *s);

/* sigv4_canonical.c: the canonical request */
struct sigv4_param {
    const char *name; /* encoded as sent */
    const char *value;
};

struct sigv4_query {
    struct sigv4_param *v;
    size_t n;
};

struct sigv4_names {
    const char **v; /* lower case, sorted */
    size_t n;
};

/* 0, or -E2BIG above SIGV4_QUERY_PARTS_MAX. */
int sigv4_query_split(const char *query, struct arena *a, struct sigv4_query *ret_query);
/* Percent-decoding, '+' is a space; NULL when it is malformed or holds a NUL. */
const char *sigv4_unescape(const char *s, struct arena *a);
/* Percent-encoding of everything but A-Z a-z 0-9 - . _ ~ */
const char *sigv4_escape(const char *s, struct arena *a);
/*
 * Sorted by name, then value, but the parameter `without`. With `as_sent` the parts are taken as
 * they are, else decoded and encoded again in the canonical way; NULL when they cannot be decoded.
 */
const char *sigv4_canonical_query(const struct sigv4_query *q, bool as_sent, const char *without,
                                  struct arena *a);
void sigv4_canonical_request(const struct sigv4_request *r, const char *canonical_query,
                             const struct sigv4_names *names, const char *payload_hash,
                             struct arena *a, struct buf *out);
/* sigv4.c: steps that version 2 has, too */
/* The decoded value of a parameter that must be there once; NULL with a fault. */
char *sigv4_take_param(const struct sigv4_query *q, const char *name, struct arena *a,
                       struct fault *f);
/* RequestExpired before `from` (less the window that clocks may differ by) and after `until`. */
int sigv4_check_window(int64_t from, int64_t until, int64_t now, struct fault *f);

void sigv4_format_time(int64_t when, char out[SIGV4_TIME_SIZE]);
