#pragma once
/*
 * Access keys: an id and a secret that both sides have, made here and kept sealed (core/sealed.h).
 * A signature can be checked in no other way, so the secret is opened for each; it lives in the
 * arena of the request that it signs.
 */
#include "base/arena.h"
#include "base/err.h"
#include "core/sealed.h"

/* What comes before the random part of ids (AWS: "IAM identifiers", unique ids). */
#define ACCESS_KEY_LONG_TERM "AKIA"
#define ACCESS_KEY_TEMPORARY "ASIA"

struct access_key_pair {
    const char *id;     /* AKIA and 16 characters */
    const char *secret; /* 40 characters; sensitive: shown once to whom it belongs */
    const char *sealed; /* what is stored of it */
};

int access_key_make(struct arena *a, const struct server_key *k, struct access_key_pair *ret_pair,
                    struct err *e);
/* NULL: it does not open. */
const char *access_key_open(struct arena *a, const struct server_key *k, const char *id,
                            const char *sealed, struct err *e);
