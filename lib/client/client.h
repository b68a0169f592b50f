#pragma once
/*
 * The client side of Croft's API, on libcurl: used by `croft` and by tests. It speaks JSON to
 * `POST /v1/Action`, over the unix socket (no signature) or http(s) with SigV4.
 *
 * A struct client is for one thread at a time and keeps its connection open between calls.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"

#define CLIENT_REPLY_MAX   ((size_t)64 << 20)
#define CLIENT_TIMEOUT_MS  60000
#define CLIENT_CODE_MAX    128
#define CLIENT_MESSAGE_MAX 1024

struct client_credentials {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* or NULL */
};

struct client_config {
    /* "/run/croft/croft.sock", "unix:/run/…", "http://127.0.0.1:8773" or "https://…" */
    const char *endpoint;
    struct client_credentials credentials; /* needed for http(s); copied */
    const char *region;  /* NULL: us-east-1; over the unix socket the server's default */
    const char *service; /* NULL: ec2 */
    const char *ca_file; /* PEM; NULL: the system's */
    int timeout_ms;      /* of a call; 0: CLIENT_TIMEOUT_MS */
    bool explain;        /* ask for explanations: "CroftExplanation" in replies and refusals */
};

struct client;

/* What came back. Release with client_reply_done(); init with CLIENT_REPLY_INIT. */
struct client_reply {
    int status;      /* HTTP's */
    struct buf body; /* JSON */
    char request_id[UUID_SIZE];
    char code[CLIENT_CODE_MAX];       /* "InvalidKeyPair.NotFound"; "" on success */
    char message[CLIENT_MESSAGE_MAX]; /* the server's sentence */
};

#define CLIENT_REPLY_INIT                                                                          \
    {                                                                                              \
        .body = BUF_INIT(CLIENT_REPLY_MAX)                                                         \
    }

int client_new(const struct client_config *config, struct client **ret_client, struct err *e);
void client_free(struct client *c);
void client_reply_done(struct client_reply *r);

/*
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; else `profile` (NULL: AWS_PROFILE,
 * then "default") of the shared credentials file (AWS_SHARED_CREDENTIALS_FILE, else
 * ~/.aws/credentials). 0, or -ENOENT: there are none. Strings are in the arena.
 */
int client_credentials_find(const char *profile, struct arena *a,
                            struct client_credentials *ret_credentials, struct err *e);

/*
 * POST /v1/ACTION. 0: the call succeeded. -EREMOTEIO: the server refused; status, code and message
 * are in *reply, and e says "code: message". Any other -errno: nothing usable came back, e says why
 * (-ECONNREFUSED, -ENOENT: no such socket, -EACCES, -ETIMEDOUT, -EFBIG …).
 */
int client_call(struct client *c, const char *action, const char *json, size_t len,
                struct client_reply *reply, struct err *e);

/* Any request to the same server, e.g. GET /health. Errors as client_call. */
int client_request(struct client *c, const char *method, const char *target,
                   const char *content_type, const void *body, size_t len,
                   struct client_reply *reply, struct err *e);

/* done and total in bytes. Non-zero ends the transfer with -ECANCELED. */
typedef int client_progress(void *ctx, int64_t done, int64_t total);

/*
 * PUT of a file as a stream; `target` is the path with its query ("/v1/images/upload?Name=x").
 * There is no time limit, but a transfer that stands still for a minute ends with -ETIMEDOUT.
 */
int client_put_file(struct client *c, const char *target, int fd, int64_t size,
                    client_progress *progress, void *ctx, struct client_reply *reply,
                    struct err *e);

/*
 * A connection to a TCP port of an instance, carried by the daemon. *ret_fd carries the guest's
 * bytes and nothing else, blocking, owned by the caller (poll, read, write, shutdown(SHUT_WR),
 * close). Independent of the client afterwards. Errors as client_call.
 */
int client_tunnel(struct client *c, const char *instance_id, unsigned port, int *ret_fd,
                  struct client_reply *reply, struct err *e);

/* The same for any target that answers with a stream: /v1/console/INSTANCE_ID, the serial port. */
int client_upgrade(struct client *c, const char *target, int *ret_fd, struct client_reply *reply,
                   struct err *e);

DEFINE_CLEANUP(cleanup_client, struct client, client_free)
#define _cleanup_client_       _cleanup_(cleanup_client)
#define _cleanup_client_reply_ _cleanup_(client_reply_done)
