#pragma once
/*
 * Temporary credentials, of which nothing is kept: an access key id ASIA…, a secret that follows
 * from the id and the server's key, and a session token, which is all that they mean, sealed for
 * that id. So there is no table to fill or to clean, and a restart of the daemon ends none.
 *
 *     struct session_credentials made;
 *     session_make(arena, &server, &principal, NULL, &made, &e);
 *     ...
 *     session_secret(arena, &server, id)            what the signature is checked with
 *     session_open(arena, &server, id, token, now, &principal, &e)     and then whose it is
 *
 * That the role, the instance or its profile are still there is for whoever has the rows to find
 * out (api/authenticate.c). Pure, but for random numbers: from any thread.
 */
#include <stdbool.h>

#include "auth/principal.h"
#include "base/arena.h"
#include "base/err.h"
#include "core/sealed.h"

/* Policies and tags together, as they stand in the token; AWS has a limit of its own for both. */
#define SESSION_PACKED_MAX   ((size_t)8 << 10)
#define SESSION_TOKEN_MAX    ((size_t)16 << 10) /* characters */
#define SESSION_ACCOUNT_SIZE 13

struct session_credentials {
    const char *access_key_id;
    const char *secret_access_key; /* sensitive */
    const char *token;             /* sensitive */
    size_t packed_percent;         /* of SESSION_PACKED_MAX; above 100: refused */
};

/* Has it the form of a temporary access key's id? */
bool session_is_key(const char *access_key_id);
/* The account that the id of a temporary key names; as in AWS's own, it can be read from it. */
void session_key_account(const char *access_key_id, char ret[SESSION_ACCOUNT_SIZE]);

/*
 * Credentials of a principal with a session. `seed` is NULL for new ones; the same seed, principal
 * and session bring the same credentials again. -E2BIG: policies and tags are too large together;
 * then ret_credentials has packed_percent alone.
 */
int session_make(struct arena *a, const struct server_key *k, const struct principal *p,
                 const char *seed, struct session_credentials *ret_credentials, struct err *e);
const char *session_secret(struct arena *a, const struct server_key *k, const char *access_key_id);
/*
 * -EBADMSG: not a token of this server for that key. -ETIME: it has ended; *ret_principal is filled
 * in.
 */
int session_open(struct arena *a, const struct server_key *k, const char *access_key_id,
                 const char *token, int64_t now, struct principal *ret_principal, struct err *e);
