#include "metadata/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "metadata/calls.h"
#include "metadata/metadata.h"
#include "metadata/refusal.h"
#include "network/pack.h"

#define HELLO_MS    2000   /* for croftd to say what a connection is for */
#define REPLY_MS    120000 /* for an answer: the API may wait for a disk */
#define BORROW_S    10     /* for one of the askers */
#define STOP_MS     1000
#define BACK_OFF_MS 100
#define PLACES      ((size_t)2 * METADATA_ASKERS) /* those of a croftd that ends are there yet */
#define NO_SESSION  0

struct place {
    int fd; /* -1: free */
    int64_t session;
    bool busy;
};

struct front {
    struct front_config config;
    int feed; /* -1: croftd is not there */
    struct http_server *http;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int64_t session; /* NO_SESSION: croftd is not there */
    struct place places[PLACES];
    unsigned slow; /* that are busy with calls of the API */
};

static void close_at(int *fd)
{
    cleanup_close(fd);
    *fd = -1;
}

/* --- askers */

static struct place *idle(struct front *f)
{
    for (size_t i = 0; i < PLACES; i++)
        if (f->places[i].fd >= 0 && !f->places[i].busy && f->places[i].session == f->session)
            return &f->places[i];
    return NULL;
}

/* NULL: croftd has gone, or all are busy for long. */
static struct place *borrow(struct front *f, bool slow)
{
    struct timespec until;
    struct place *p = NULL;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += BORROW_S;
    (void)pthread_mutex_lock(&f->lock);
    while (f->session != NO_SESSION) {
        p = slow && f->slow >= METADATA_ASKERS_SLOW ? NULL : idle(f);
        if (p != NULL || pthread_cond_timedwait(&f->changed, &f->lock, &until) != 0)
            break;
    }
    if (p != NULL) {
        p->busy = true;
        f->slow += slow ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return p;
}

static void give_back(struct front *f, struct place *p, bool slow, bool good)
{
    (void)pthread_mutex_lock(&f->lock);
    p->busy = false;
    if (!good || p->session != f->session)
        close_at(&p->fd);
    f->slow -= slow ? 1 : 0;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
}

static void add_asker(struct front *f, int fd, int64_t session)
{
    _cleanup_close_ int asker = fd;
    if (message_limit(fd, REPLY_MS, REPLY_MS) < 0)
        return;
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < PLACES && asker >= 0; i++)
        if (f->places[i].fd < 0)
            f->places[i] = (struct place){.fd = TAKE_FD(asker), .session = session};
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
}

/* Who waits for an answer on one of these hears that none comes. */
static void drop_askers(struct front *f, int64_t session)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place *p = &f->places[i];
        if (p->fd < 0 || p->session != session)
            continue;
        if (p->busy)
            (void)shutdown(p->fd, SHUT_RDWR);
        else
            close_at(&p->fd);
    }
}

/* --- requests, on the threads of the server */

static const char *text_of(const char *text)
{
    return text == NULL ? "" : text;
}

static struct metadata_question question_of(const struct http_request *req, int status,
                                            const char *message)
{
    return (struct metadata_question){
        .network = req->peer->network,
        .address = req->peer->address,
        .request_id = req->request_id,
        .method = text_of(req->method),
        .path = text_of(req->path),
        .query = text_of(req->query),
        .headers = req->headers.v,
        .n_headers = req->headers.n,
        .body = req->body,
        .n_body = req->body_len,
        .status = status,
        .message = text_of(message),
    };
}

/* A request that is refused for its headers is refused in the words that the others ask for. */
static const struct header *usual_headers(const struct http_request *req, size_t *ret_n)
{
    struct headers usual = {0};
    for (size_t i = 0; i < req->headers.n && usual.n < METADATA_HEADERS; i++)
        if (strlen(req->headers.v[i].value) <= WORD_MAX)
            *arena_append(req->arena, &usual) = req->headers.v[i];
    *ret_n = usual.n;
    return usual.v;
}

static void take_reply(const struct http_request *req, const struct metadata_reply *reply, int *fd,
                       struct http_response *resp)
{
    resp->status = (int)reply->status;
    resp->content_type = reply->content_type;
    for (size_t i = 0; i < reply->n_headers; i++)
        *arena_append(req->arena, &resp->headers) = reply->headers[i];
    buf_add(&resp->body, reply->body, reply->n_body);
    resp->close = reply->close;
    resp->hop_limit = (int)reply->hop_limit;
    resp->tunnel_fd = TAKE_FD(*fd);
}

static int ask(struct front *f, const struct http_request *req, int status, const char *message,
               struct http_response *resp)
{
    enum metadata_call call = status == 0 ? METADATA_ASK : METADATA_REFUSE;
    struct metadata_question question = question_of(req, status, message);
    struct metadata_reply reply = {0};
    _cleanup_close_ int fd = -1;
    bool slow = status == 0 && metadata_is_call(req);
    struct place *p = borrow(f, slow);
    if (p == NULL)
        return -EPIPE;
    if (status != 0)
        question.headers = usual_headers(req, &question.n_headers);
    int r = metadata_send(p->fd, call, &shape_question, &question, -1, NULL);
    if (r == 0)
        r = metadata_receive(p->fd, req->arena, call, &shape_reply, &reply, &fd, NULL);
    if (r == 0 && reply.has_tunnel != (fd >= 0))
        r = -EPROTO;
    give_back(f, p, slow, r == 0);
    if (r == 0 && status != 0 && reply.status != status)
        return -EPROTO; /* croftd could not read the question, which HTTP had refused, too */
    if (r == 0)
        take_reply(req, &reply, &fd, resp);
    return r;
}

static void handle(void *ctx, const struct http_request *req, struct http_response *resp)
{
    if (ask(ctx, req, 0, NULL, resp) < 0)
        metadata_refuse(resp, req->arena, 503);
}

static void render_error(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp)
{
    if (ask(ctx, req, status, message, resp) < 0)
        metadata_refuse(resp, req->arena, status);
}

/* It may wait for the disk, and others' metadata is not to wait for that. */
static bool is_slow(void *ctx, const struct http_request *req)
{
    (void)ctx;
    return metadata_is_call(req);
}

/* --- croftd */

static void tell(const struct front *f, const char *message)
{
    if (f->config.report != NULL)
        f->config.report(f->config.ctx, message);
}

static void end_session(struct front *f)
{
    if (f->feed < 0)
        return;
    (void)pthread_mutex_lock(&f->lock);
    drop_askers(f, f->session);
    f->session = NO_SESSION;
    (void)pthread_cond_broadcast(&f->changed);
    (void)pthread_mutex_unlock(&f->lock);
    http_server_stop(f->http, STOP_MS);
    http_server_free(f->http);
    f->http = NULL;
    close_at(&f->feed);
    tell(f, "croftd has gone: nobody is served");
}

static int begin_session(struct front *f, int fd, int64_t session)
{
    static const struct http_callbacks callbacks = {
        .handle = handle, .is_slow = is_slow, .render_error = render_error};
    static const struct http_config config = {
        .takes_connections = true,
        .connections_tcp = METADATA_CONNECTIONS,
        .connections_each = METADATA_CONNECTIONS_EACH,
        .idle_timeout_s = METADATA_IDLE_S,
        .receive_timeout_s = METADATA_RECEIVE_S,
        .header_max = METADATA_HEADER_MAX,
        .body_max = METADATA_BODY_MAX,
    };
    _cleanup_close_ int feed = fd;
    struct err e = {0};
    end_session(f);
    int r = http_server_new(&config, &callbacks, f, &f->http, &e);
    if (r == 0)
        r = metadata_send(feed, METADATA_READY, NULL, NULL, -1, &e);
    if (r < 0) {
        http_server_free(f->http);
        f->http = NULL;
        tell(f, e.message);
        return r;
    }
    f->feed = TAKE_FD(feed);
    (void)pthread_mutex_lock(&f->lock);
    f->session = session;
    (void)pthread_mutex_unlock(&f->lock);
    tell(f, "croftd is there: guests are served");
    return 0;
}

static bool is_let_in(const struct front *f, int fd)
{
    struct ucred who;
    socklen_t size = sizeof(who);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == f->config.user || who.uid == 0);
}

static void let_in(struct front *f)
{
    _cleanup_close_ int fd = accept4(f->config.listener, NULL, NULL, SOCK_CLOEXEC);
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf got = BUF_INIT(sizeof(struct metadata_hello) + 1);
    _cleanup_close_ int stray = -1;
    struct metadata_hello hello = {0};
    unsigned call = METADATA_CALLS;
    if (fd < 0) /* there may be no descriptors left */
        clock_sleep(BACK_OFF_MS);
    if (fd < 0 || !is_let_in(f, fd) || message_limit(fd, HELLO_MS, HELLO_MS) < 0 ||
        message_receive(fd, &metadata_messages, &call, &got, &stray, NULL) < 0 || stray >= 0 ||
        pack_read(a, &shape_hello, buf_str(&got), got.len, &hello, NULL) < 0)
        return;
    if (call == METADATA_FEED)
        (void)begin_session(f, TAKE_FD(fd), hello.session);
    else if (call == METADATA_ASKER)
        add_asker(f, TAKE_FD(fd), hello.session);
}

static int serve_guest(struct front *f, const struct metadata_guest *guest, int fd)
{
    struct sockaddr_storage from = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&from;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;
    if (inet_pton(AF_INET, guest->address, &v4->sin_addr) == 1)
        from.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, guest->address, &v6->sin6_addr) == 1)
        from.ss_family = AF_INET6;
    /* Refused, it is of that connection alone. */
    (void)http_server_serve(f->http, fd, &from, (uint32_t)guest->network);
    return 0;
}

/* What croftd says on the feed; negative: it has gone. */
static int follow(struct front *f)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf got = BUF_INIT(PACK_MAX);
    _cleanup_close_ int fd = -1;
    struct metadata_guest guest = {0};
    struct metadata_network gone = {0};
    unsigned call = METADATA_CALLS;
    int r = message_receive(f->feed, &metadata_messages, &call, &got, &fd, NULL);
    if (r < 0)
        return r;
    if (call == METADATA_TAKE && fd >= 0 &&
        pack_read(a, &shape_guest, buf_str(&got), got.len, &guest, NULL) == 0)
        return serve_guest(f, &guest, TAKE_FD(fd));
    if (call == METADATA_CUT && fd < 0 &&
        pack_read(a, &shape_network, buf_str(&got), got.len, &gone, NULL) == 0) {
        http_server_cut(f->http, (uint32_t)gone.network);
        return 0;
    }
    return -EPROTO;
}

int front_serve(const struct front_config *config, int stop, struct err *e)
{
    struct front f = {.config = *config, .feed = -1};
    pthread_condattr_t monotonic;
    CHECK(pthread_condattr_init(&monotonic) == 0 &&
          pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
          pthread_cond_init(&f.changed, &monotonic) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&f.lock, NULL);
    for (size_t i = 0; i < PLACES; i++)
        f.places[i].fd = -1;
    int r = 0;
    while (r == 0) {
        struct pollfd p[] = {{.fd = stop, .events = POLLIN},
                             {.fd = f.feed, .events = POLLIN},
                             {.fd = config->listener, .events = POLLIN}};
        if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            r = err_errno(e, errno, "cannot wait for croftd");
        else if (p[0].revents != 0)
            break;
        if (r == 0 && p[1].revents != 0 && follow(&f) < 0)
            end_session(&f);
        if (r == 0 && p[2].revents != 0)
            let_in(&f);
    }
    end_session(&f);
    for (size_t i = 0; i < PLACES; i++)
        close_at(&f.places[i].fd);
    (void)pthread_cond_destroy(&f.changed);
    (void)pthread_mutex_destroy(&f.lock);
    return r;
}
