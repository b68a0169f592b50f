#pragma once
/*
 * The HTTP server, on libmicrohttpd: listening sockets, limits, whole requests in, whole responses
 * out, plus two ways for bulk bytes: an upload as a stream and a tunnel to a guest.
 *
 * Threads: callbacks run on the server's worker threads, several at once. A callback that blocks
 * holds up the other connections of its worker; a sink's finish(), and handle() where is_slow()
 * says so, run on threads of their own.
 *
 * Ownership: a request and everything it points to lives until the callback returns (for an
 * upload: until finish() or abort() returns).
 *
 * Each response carries Date and x-amzn-RequestId. Every refusal is rendered by render_error(),
 * except of bytes that are no HTTP request at all: libmicrohttpd answers those itself with 400.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/header.h"
#include "base/id.h"

#define HTTP_HEADER_MAX       ((size_t)64 << 10) /* request line and header block, bytes */
#define HTTP_BODY_MAX         ((size_t)1 << 20)  /* larger bodies are read away, then 413 */
#define HTTP_DRAIN_MAX        ((size_t)16 << 20) /* beyond this the connection is cut */
#define HTTP_RESPONSE_MAX     ((size_t)64 << 20)
#define HTTP_CONNECTIONS_TCP  768 /* all TCP listeners together, by default */
#define HTTP_CONNECTIONS_UNIX 256
#define HTTP_TUNNELS_MAX      256
#define HTTP_UPLOADS_MAX      8
#define HTTP_SLOW_MAX         64 /* requests on a thread of their own */
#define HTTP_LISTENERS_MAX    16
#define HTTP_PEER_GROUPS_MAX  64
#define HTTP_TUNNEL_PROTOCOL  "croft-tunnel"

struct http_peer {
    bool is_unix;
    uid_t uid; /* unix only, as are gid, pid and groups */
    gid_t gid;
    pid_t pid;
    const gid_t *groups; /* supplementary, at most HTTP_PEER_GROUPS_MAX */
    size_t n_groups;
    const char *address; /* "192.0.2.7", "::1"; "unix" for the unix socket */
    uint32_t network;    /* as http_server_serve() was told; 0 otherwise */
    bool is_tls;
};

struct http_request {
    const char *method;
    const char *path;  /* as sent, still encoded, up to the '?' */
    const char *query; /* as sent, behind the '?'; "" when there is none */
    struct headers headers;
    const char *body; /* terminated by a NUL that does not count; "" for an upload */
    size_t body_len;
    const struct http_peer *peer;
    const char *request_id; /* a UUID, also sent as x-amzn-RequestId */
    struct arena *arena;
};

struct http_response {
    int status;               /* 200 unless set */
    const char *content_type; /* NULL: none; in the arena or static */
    struct headers headers;   /* further ones, same; append with arena_append */
    struct buf body;          /* taken over by the server; if it failed, the answer is a 500 */
    /*
     * A connected stream socket, taken over; -1 (preset) for none. The answer becomes `101
     * Switching Protocols` with `Upgrade: croft-tunnel`, and bytes flow both ways until both ends
     * have closed. Only when http_wants_tunnel() says so.
     */
    int tunnel_fd;
    bool close; /* end the connection afterwards */
    /*
     * Packets of this answer, and of all that follows on the connection, live for so many hops
     * only; 0: as ever. It is never raised again, or a packet that is sent once more would get
     * further than it may.
     */
    int hop_limit;
};

/* Where the bytes of an upload go. Exactly one of finish and abort ends it. */
struct http_sink {
    void *sink;
    uint64_t max; /* bytes; a longer body is refused with 413 (then abort() is called) */
    /* 0, or negative: no further write comes, the rest is read away, finish() answers. */
    int (*write)(void *sink, const void *data, size_t len);
    /* The body is complete: answer. May take long. */
    void (*finish)(void *sink, const struct http_request *req, struct http_response *resp);
    /* The client went away or was refused. */
    void (*abort)(void *sink);
};

struct http_callbacks {
    void (*handle)(void *ctx, const struct http_request *req, struct http_response *resp);
    /*
     * Does handle() wait for something outside, such as a connection to a guest? Then it is called
     * on a thread of its own. May be NULL: never.
     */
    bool (*is_slow)(void *ctx, const struct http_request *req);
    /*
     * Renders a refusal of the server's own: 400, 405, 413, 431, 500, 503. `req` has what is known
     * of the request; never NULL. The status is preset in resp.
     */
    void (*render_error)(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp);
    /*
     * Asked for each PUT when its headers are in. 1: an upload, *ret_sink is filled in. 0: none, it
     * comes to handle() whole. -1: refused, resp is filled in. May be NULL: no uploads.
     */
    int (*begin_upload)(void *ctx, const struct http_request *req, struct http_response *resp,
                        struct http_sink *ret_sink);
};

struct http_listener {
    int fd; /* a bound, listening stream socket, taken over; -1: bind `address` */
    /* "127.0.0.1:8773", "[::1]:0" (0: any port), or "/run/croft/croft.sock"; unused with an fd.
       While it is in use it is tried for 2 s. */
    const char *address;
    mode_t unix_mode; /* of the socket file, e.g. 0660 */
    gid_t unix_gid;   /* its group; (gid_t)-1 leaves it */
    /* PEM files, the same for all; NULL: no TLS, which a TCP socket that is not on loopback is
       refused without */
    const char *tls_cert;
    const char *tls_key;
};

struct http_config {
    const struct http_listener *listeners;
    size_t n_listeners;
    bool takes_connections;     /* by http_server_serve(); then there are no listeners */
    unsigned threads;           /* workers for each listener; 0: 2 */
    unsigned connections_tcp;   /* 0: HTTP_CONNECTIONS_TCP */
    unsigned connections_unix;  /* 0: HTTP_CONNECTIONS_UNIX */
    unsigned idle_timeout_s;    /* between requests; 0: 60 */
    unsigned receive_timeout_s; /* for a whole request; an upload: for each 64 KiB; 0: 60 */
    unsigned connections_each;  /* of one address, with takes_connections; 0: all of them */
    size_t header_max;          /* 0: HTTP_HEADER_MAX */
    size_t body_max;            /* 0: HTTP_BODY_MAX */
};

struct http_server;

/*
 * Listens and serves when it returns 0. -EINVAL, -EADDRINUSE, … with e: then nothing is left, and
 * descriptors that were handed in are closed.
 */
int http_server_new(const struct http_config *config, const struct http_callbacks *callbacks,
                    void *ctx, struct http_server **ret_server, struct err *e);
/*
 * Serves a connection that the caller has accepted, and takes it over. An address means something
 * within its network only: `network` is a number for that, and the request has it, too. -EAGAIN:
 * that address has as many connections as it may; -ENOMEM: there are too many in all.
 */
int http_server_serve(struct http_server *s, int fd, const struct sockaddr_storage *from,
                      uint32_t network);
/* Ends the connections from there. */
void http_server_cut(struct http_server *s, uint32_t network);
/*
 * Stops accepting, lets running requests end for at most timeout_ms, then cuts what is left,
 * tunnels included. A callback that runs is waited for; none runs after it returns. Idempotent.
 */
void http_server_stop(struct http_server *s, int timeout_ms);
/* Stops (without waiting) and frees. */
void http_server_free(struct http_server *s);
/* The TCP port of listener i, 0 for a unix socket. */
unsigned http_server_port(const struct http_server *s, size_t i);
/* Tunnels open now. */
unsigned http_server_tunnels(const struct http_server *s);

/*
 * Is the text an address to listen on, ADDRESS:PORT or [ADDRESS]:PORT? 0, or -EINVAL. One that is
 * not on loopback needs TLS.
 */
int http_address_check(const char *text, bool *ret_loopback, struct err *e);
/* Are these PEM files a certificate (and its chain) and the key of it? */
int http_tls_check(const char *cert_path, const char *key_path, struct err *e);
/*
 * From now on TLS listeners, of which http_server_new() has been told, show this certificate to
 * whoever connects; connections that are there go on. On failure everything is as before.
 */
int http_tls_load(const char *cert_path, const char *key_path, struct err *e);

/* Did the client ask for `Upgrade: croft-tunnel`? */
bool http_wants_tunnel(const struct http_request *req);

DEFINE_CLEANUP(cleanup_http_server, struct http_server, http_server_free)
#define _cleanup_http_server_ _cleanup_(cleanup_http_server)
