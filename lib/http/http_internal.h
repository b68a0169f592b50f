#pragma once
/* What the parts of the server share; nobody else includes this. */
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "http/server.h"

/*
 * The pool of a connection holds the header block, the parsed fields and the read buffer: so much
 * beside the largest header. libmicrohttpd clears all of it after each request, so it is not made
 * larger than that.
 */
#define HTTP_POOL_REST     ((size_t)32 << 10)
#define HTTP_DEADLINE_NONE INT64_MAX

struct http_daemon {
    struct http_server *server;
    struct MHD_Daemon *mhd;
    int fd;          /* the listening socket, or -1; closed by us when mhd was quiesced */
    unsigned port;   /* 0: unix */
    char *unix_path; /* to be unlinked at the end, or NULL */
    bool is_unix;
    bool is_tls;
    bool is_fed;    /* by http_server_serve() */
    unsigned limit; /* of connections */
    unsigned open;  /* connections; under server->lock */
};

/* What a connection is for at the moment; see watch.c. */
enum http_phase {
    HTTP_IDLE,      /* between requests, or not a line has come yet */
    HTTP_RECEIVING, /* a header or a body is coming in */
    HTTP_BUSY,      /* being answered, or an upload or a tunnel */
};

/* A connection, from accept to close. */
struct http_conn {
    struct http_conn *next; /* server->conns, under server->lock; the newest first */
    struct http_conn **link;
    struct http_server *server;
    struct http_daemon *daemon;
    int fd;
    bool cut; /* to make room; under server->lock */
    int hops; /* what its packets are limited to; 0: nothing */
    _Atomic enum http_phase phase;
    _Atomic int64_t deadline; /* monotonic ms; after it the watch thread cuts the connection */
    struct arena *arena;      /* of the request that is being served */
    struct buf body;
    struct http_peer peer;
    gid_t groups[HTTP_PEER_GROUPS_MAX];
    char address[64];
};

/* A request, from its first line to the end of its answer; in the connection's arena. */
struct http_exchange {
    struct http_request pub;
    struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    char id[UUID_SIZE];
    size_t header_size;
    bool started; /* the headers have been seen */
    bool counted; /* in server->running */
    uint64_t received;
    int64_t extended_at; /* `received` when the deadline was last moved */
    int refuse_status;   /* answer with this error once the body is read away */
    const char *refuse_message;
    bool refused_by_caller; /* `answer` is ready */
    struct http_response answer;
    bool is_upload;
    bool sink_open;
    bool sink_failed;
    struct http_sink sink;
    bool suspended;    /* until that thread is through; under server->lock */
    bool slow_started; /* on a thread of its own; then `answer` is ready when it is seen again */
    int tunnel_fd;     /* between the answer and the upgrade */
};

struct http_server {
    struct http_callbacks callbacks;
    void *ctx;
    unsigned idle_timeout_s;
    unsigned receive_timeout_s;
    unsigned connections_each; /* 0: no limit */
    size_t header_max;
    size_t body_max;
    struct http_daemon daemons[HTTP_LISTENERS_MAX];
    size_t n_daemons;
    struct http_tunnels *tunnels;

    atomic_bool stopping;
    atomic_uint uploads;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct http_conn *conns;
    unsigned running; /* exchanges whose answer has not been sent */
    unsigned slow;    /* threads of their own */
    uint64_t begun;   /* connections so far */
    bool watch_stop;
    bool watch_started;
    bool stopped;
    pthread_t watch;
};

/* listen.c: makes d->fd ready to listen; 0 or -errno. */
int http_listen(const struct http_listener *l, struct http_daemon *d, struct err *e);

/* tls.c: gnutls_certificate_retrieve_function3 */
int http_tls_present(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                     gnutls_pcert_st **ret_certs, unsigned *ret_n, gnutls_ocsp_data_st **ret_ocsp,
                     unsigned *ret_n_ocsp, gnutls_privkey_t *ret_key, unsigned *ret_flags);

/* exchange.c: libmicrohttpd's callbacks */
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_len, void **req_cls);
void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
void http_on_completed(void *cls, struct MHD_Connection *mhd, void **req_cls,
                       enum MHD_RequestTerminationCode how);

/* answer.c: sends x->answer; MHD_NO cuts the connection. */
enum MHD_Result http_answer(struct http_exchange *x);
void http_answer_init(struct http_response *r);
/* Renders an error into x->answer, throwing away what is in it. */
void http_answer_error(struct http_exchange *x, int status, const char *message);

/* watch.c: the connections and their deadlines */
void http_on_connection(void *cls, struct MHD_Connection *mhd, void **socket_cls,
                        enum MHD_ConnectionNotificationCode what);
void http_deadline(struct http_conn *c, int64_t milliseconds); /* from now; or HTTP_DEADLINE_NONE */
int http_watch_start(struct http_server *s, struct err *e);
void http_watch_stop(struct http_server *s);

/* tunnel.c: relaying */
struct http_tunnels;
int http_tunnels_new(struct http_tunnels **ret_tunnels, struct err *e);
/* Ends all tunnels. */
void http_tunnels_stop(struct http_tunnels *t);
void http_tunnels_free(struct http_tunnels *t);
unsigned http_tunnels_count(const struct http_tunnels *t);
/* Takes a place; false when all are taken. Give it back, or hand it to http_tunnels_add. */
bool http_tunnels_reserve(struct http_tunnels *t);
void http_tunnels_unreserve(struct http_tunnels *t);
/*
 * `fd` is taken over; `sock` is libmicrohttpd's until `urh` is closed. `wire` is the connection
 * below TLS, -1 without TLS.
 */
void http_tunnels_add(struct http_tunnels *t, int sock, int wire,
                      struct MHD_UpgradeResponseHandle *urh, int fd, const char *extra,
                      size_t extra_len);
