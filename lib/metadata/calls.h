#pragma once
/*
 * What croftd and croft-metadata say to each other. croft-metadata listens on a unix socket, and
 * croftd connects: one connection is the feed, by which it hands over the connections of guests
 * that it has accepted; the others are askers, on each of which croft-metadata asks, and croftd
 * answers, one request at a time. The first message of each says which it is, and the session: a
 * number of this run of croftd, so that what came by one feed is never asked of another.
 *
 * Messages are those of network/message.h; the shapes are the whole of what is believed. Pure.
 */
#include "base/header.h"
#include "http/server.h"
#include "network/message.h"
#include "network/shape.h"

#define METADATA_SOCKET "metadata.sock" /* in the runtime directory */
#define METADATA_ASKERS 16
/* Of which calls of the API, which may wait for a disk, take no more: others are answered. */
#define METADATA_ASKERS_SLOW 12

#define METADATA_HEADER_MAX ((size_t)32 << 10) /* a session token alone may take 16 KiB */
#define METADATA_BODY_MAX   ((size_t)64 << 10) /* of calls of the API */
#define METADATA_ANSWER_MAX ((size_t)24 << 20) /* bytes of a body */
#define METADATA_HEADERS    256

enum metadata_call {
    METADATA_FEED,   /* croftd: metadata_hello. croft-metadata answers METADATA_READY */
    METADATA_ASKER,  /* croftd: metadata_hello */
    METADATA_READY,  /* croft-metadata, on the feed: nothing */
    METADATA_TAKE,   /* croftd, on the feed: metadata_guest, with the connection */
    METADATA_CUT,    /* croftd, on the feed: metadata_network; end the connections from there */
    METADATA_ASK,    /* croft-metadata, on an asker: metadata_question; metadata_reply comes back */
    METADATA_REFUSE, /* the same, for a request that HTTP alone refuses: how to say so */
    METADATA_CALLS,
};

struct metadata_hello {
    int64_t session;
};

/* A network is a number that croftd gave: it says nothing to whoever asks, and is never used again.
 */
struct metadata_network {
    int64_t network;
};

struct metadata_guest {
    int64_t network;
    const char *address;
};

struct metadata_question {
    int64_t network;
    const char *address;
    const char *request_id;
    const char *method;
    const char *path;
    const char *query;
    const struct header *headers;
    size_t n_headers;
    const char *body;
    size_t n_body;
    int64_t status; /* of METADATA_REFUSE; otherwise 0 */
    const char *message;
};

struct metadata_reply {
    int64_t status;
    const char *content_type;
    const struct header *headers;
    size_t n_headers;
    const char *body;
    size_t n_body;
    bool close;
    int64_t hop_limit;
    bool has_tunnel; /* a descriptor comes with it */
};

extern const struct message_set metadata_messages;
extern const struct shape shape_hello;
extern const struct shape shape_network;
extern const struct shape shape_guest;
extern const struct shape shape_question;
extern const struct shape shape_reply;

/*
 * A message and what is in it; `shape` NULL: nothing is. The receiver tells which call it expects,
 * and -EPROTO is everything else.
 */
int metadata_send(int socket, enum metadata_call call, const struct shape *shape, const void *what,
                  int fd, struct err *e);
int metadata_receive(int socket, struct arena *a, enum metadata_call call,
                     const struct shape *shape, void *ret, int *ret_fd, struct err *e);

/* Is it for the API? That is what IMDS has nothing at: a POST to its root, or a query there, and
 * the paths of actions. */
bool metadata_is_call(const struct http_request *req);
