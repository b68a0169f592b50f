#pragma once
/*
 * AWS Signature Version 4: verifying what clients send, and signing what lib/client sends.
 *
 * Verification is over the raw bytes of the request, before anything is decoded. Both forms are
 * taken: the Authorization header, and a presigned GET with X-Amz-* parameters. What must be
 * signed: host, the date (x-amz-date, or date without it), x-amz-target and x-amz-security-token
 * when present, and content-type unless it says application/x-www-form-urlencoded. (AWS's page asks
 * for content-type always; curl --aws-sigv4 leaves out the one it makes up itself.)
 *
 * A struct sigv4 is shared by all threads. It keeps the signing keys of the last callers (at most
 * SIGV4_CACHE_SIZE); an entry is found only with the same secret.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/principal.h"
#include "base/arena.h"
#include "base/header.h"
#include "core/fault.h"

/* AWS: "Signing in to a global service": what clients sign for IAM, wherever they are. */
#define SIGV4_GLOBAL_REGION "us-east-1"

#define SIGV4_CACHE_SIZE         64
#define SIGV4_CLOCK_WINDOW       ((int64_t)15 * 60 * 1000) /* milliseconds either way */
#define SIGV4_PRESIGNED_MAX      ((int64_t)7 * 24 * 3600)  /* seconds */
#define SIGV4_QUERY_PARTS_MAX    4096                      /* parameters in a query string */
#define SIGV4_SIGNED_HEADERS_MAX 64

struct sigv4_request {
    const char *method;
    const char *path;  /* as sent, still encoded, without the query */
    const char *query; /* as sent, behind the '?'; "" or NULL when there is none */
    const struct headers *headers;
    const void *body;
    size_t body_len;
    /*
     * The body is not here yet (an upload): x-amz-content-sha256 must be there and is taken at its
     * word. The caller compares it with what arrives (struct sigv4_caller, payload_sha256).
     */
    bool streamed;
};

struct sigv4_caller {
    const struct credential *credential;
    const char *region;
    const char *service;
    const char *payload_sha256; /* 64 hex digits; NULL: version 2, which has none */
};

/*
 * Looks an access key up: 0 with *ret_credential (from the arena), -ENOENT when there is none,
 * another -errno when that cannot be told. Called by many threads.
 */
typedef int sigv4_find(void *ctx, const char *access_key_id, struct arena *a,
                       struct credential **ret_credential);

/*
 * Asked once a signature has proved right, for every key: 0 when its credential may be used with
 * the security token that was signed, too (NULL: none was), or -1 with the fault in the words of
 * the service. Of a temporary key it fills in the principal.
 */
typedef int sigv4_admit(void *ctx, struct credential *credential, const char *token,
                        const char *service, int64_t now, struct arena *a, struct fault *f);

struct sigv4;

struct sigv4_config {
    const char *const *regions;  /* served; NULL-terminated, kept by the caller */
    const char *const *services; /* likewise: "ec2", "sts" */
    sigv4_find *find;
    sigv4_admit *admit;
    void *ctx;
    bool version_2; /* take requests signed with version 2, too (auth/sigv2.h) */
    /* Of the services, what is in no region: also signed for SIGV4_GLOBAL_REGION. NULL: none is. */
    const char *const *global_services;
};

/* Never NULL: without SHA-256 in libcrypto the process ends. */
struct sigv4 *sigv4_new(const struct sigv4_config *config);
void sigv4_free(struct sigv4 *s);

/* Is there anything that looks like a signature, of whatever version? */
bool sigv4_is_signed(const struct sigv4_request *r);

/*
 * 0 with *ret_caller in the arena, or -1 with a fault: MissingAuthenticationToken (nothing signed),
 * IncompleteSignature (a part lacks or is malformed), AuthFailure (wrong signature, wrong region;
 * at EC2 an unknown key, too), InvalidClientTokenId (an unknown key elsewhere), RequestExpired,
 * InternalError (the lookup failed), or what admit() refuses it with. `now` is clock_now(). A
 * request that is signed with version 2 is verified as such where the config says so.
 */
int sigv4_verify(struct sigv4 *s, const struct sigv4_request *r, int64_t now, struct arena *a,
                 struct sigv4_caller *ret_caller, struct fault *f);

/*
 * The service that the request says it is signed for, whether that is true or not: in whose words
 * it is to be refused. In the arena; NULL: it does not say.
 */
const char *sigv4_signed_for(const struct sigv4_request *r, struct arena *a);
/* A key that is unknown, or not the one of the token, as the service calls it; -1. EC2 tells
 * nothing more of it than of a wrong signature. */
int sigv4_refuse_key(const char *service, struct fault *f);

/* The names of a NULL-terminated list (regions or services that are served), for a sentence. */
const char *sigv4_names(const char *const *list, struct arena *a);

struct sigv4_signing {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* or NULL */
    const char *region;
    const char *service;
    int64_t now; /* milliseconds since 1970 */
};

/*
 * Signs `r`, whose headers must hold Host and everything else that will be sent and is to be
 * signed; *ret_add are the headers to send besides: X-Amz-Date, X-Amz-Content-Sha256 for a streamed
 * body, X-Amz-Security-Token, Authorization. For a streamed request payload_sha256 (64 hex digits)
 * stands for the body; NULL otherwise.
 */
void sigv4_sign(struct sigv4 *s, const struct sigv4_request *r, const struct sigv4_signing *with,
                const char *payload_sha256, struct arena *a, struct headers *ret_add);

/*
 * Presigns a GET: the query string to send instead of r->query, valid for expires_s seconds. The
 * headers in `r` (Host at least) are signed.
 */
const char *sigv4_presign(struct sigv4 *s, const struct sigv4_request *r,
                          const struct sigv4_signing *with, int64_t expires_s, struct arena *a);

DEFINE_CLEANUP(cleanup_sigv4, struct sigv4, sigv4_free)
#define _cleanup_sigv4_ _cleanup_(cleanup_sigv4)
