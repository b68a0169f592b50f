#pragma once
/* What the parts of the client share; nobody else includes this. */
#include <curl/curl.h>

#include "auth/sigv4.h"
#include "client/client.h"

#define CLIENT_CONNECT_TIMEOUT_MS 10000
#define CLIENT_HASH_SIZE          65

struct client {
    CURL *curl;
    char *base;        /* "http://127.0.0.1:8773", no slash at the end */
    char *host;        /* the Host header: with the port when there is one */
    char *socket_path; /* or NULL */
    char *where;       /* for messages */
    char *ca_file;
    char *region; /* or NULL */
    char *service;
    char *access_key_id;
    char *secret_access_key;
    char *session_token;
    int timeout_ms;
    bool explain;
    struct sigv4 *signer; /* NULL over the unix socket */
    struct arena *arena;  /* of one call */
    char error[CURL_ERROR_SIZE];
};

struct client_message {
    const char *method;
    const char *target; /* path and query */
    const char *content_type;
    const void *body;
    size_t len;
    const char *payload_sha256; /* of a streamed body */
    bool upgrade;
};

/* The headers to send, signed where the endpoint asks for it; in c->arena. */
struct headers client_headers(struct client *c, const struct client_message *m);
/* Where to connect, common to all requests. */
void client_aim(struct client *c, CURL *curl);
/* -errno with e for a transfer that failed. */
int client_failed(struct client *c, CURL *curl, CURLcode code, struct err *e);
/* 0, or -EREMOTEIO with code and message read from the body. */
int client_judge(struct client_reply *reply, struct err *e);

/* Once in a process, before any handle is made. */
void client_init(void);
/* Of the rest of a file, in so many hex digits (64: SHA-256, 128: SHA-512); the offset is put back.
 */
int client_digest(int fd, size_t hex_len, char *out /* hex_len + 1 */, struct err *e);
