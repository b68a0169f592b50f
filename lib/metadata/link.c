#include "metadata/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "metadata/calls.h"
#include "metadata/refusal.h"
#include "network/pack.h"

#define RETRY_MS 100
#define FEED_MS  1000  /* for a connection to be taken */
#define REPLY_MS 10000 /* for an answer to be taken */

struct asker {
    struct metadata_link *link;
    pthread_t thread;
    bool started;
    int fd; /* -1: not connected; under the link's lock */
};

struct metadata_link {
    struct sockaddr_un address;
    struct link_config config;
    int64_t session;
    struct asker askers[METADATA_ASKERS];

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool stop;
    int feed; /* -1: there is none */
};

/* --- connections */

static int connect_as(const struct metadata_link *l, enum metadata_call call, int *ret_fd)
{
    const struct metadata_hello hello = {l->session};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = message_limit(fd, 0, call == METADATA_FEED ? FEED_MS : REPLY_MS);
    if (r == 0 && connect(fd, (const struct sockaddr *)&l->address, sizeof(l->address)) < 0)
        r = -errno;
    if (r == 0)
        r = metadata_send(fd, call, &shape_hello, &hello, -1, NULL);
    if (r == 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}

/* Is there something to read before `wake` is? */
static bool wait_for(int fd, int wake, int milliseconds)
{
    struct pollfd p[] = {{.fd = wake, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int n = poll(p, ARRAY_SIZE(p), milliseconds);
    return n > 0 && p[0].revents == 0;
}

static bool is_woken(int wake, int milliseconds)
{
    struct pollfd p = {.fd = wake, .events = POLLIN};
    return poll(&p, 1, milliseconds) > 0;
}

static void set_feed(struct metadata_link *l, int fd)
{
    (void)pthread_mutex_lock(&l->lock);
    cleanup_close(&l->feed);
    l->feed = fd;
    (void)pthread_cond_broadcast(&l->changed);
    (void)pthread_mutex_unlock(&l->lock);
}

int link_open(struct metadata_link *l, int wake, int *ret_feed)
{
    bool told = false;
    set_feed(l, -1);
    for (; !is_woken(wake, told ? RETRY_MS : 0); told = true) {
        _cleanup_arena_ struct arena *a = arena_new();
        _cleanup_close_ int fd = -1;
        int r = connect_as(l, METADATA_FEED, &fd);
        if (r < 0 && !told)
            log_warning("no-metadata: croft-metadata does not answer at %s: waiting for it",
                        l->address.sun_path);
        if (r < 0 || !wait_for(fd, wake, -1) ||
            metadata_receive(fd, a, METADATA_READY, NULL, NULL, NULL, NULL) < 0)
            continue;
        log_info("metadata-link: croft-metadata serves");
        *ret_feed = fd;
        set_feed(l, TAKE_FD(fd));
        return 0;
    }
    return -ECANCELED;
}

static int feed(struct metadata_link *l, enum metadata_call call, const struct shape *shape,
                const void *what, int fd)
{
    (void)pthread_mutex_lock(&l->lock);
    int r = l->feed < 0 ? -EPIPE : metadata_send(l->feed, call, shape, what, fd, NULL);
    /* Half of a message may have gone: the reader is to see the end. */
    if (r < 0 && l->feed >= 0)
        (void)shutdown(l->feed, SHUT_RDWR);
    (void)pthread_mutex_unlock(&l->lock);
    return r < 0 ? -EPIPE : 0;
}

int link_give(struct metadata_link *l, int fd, const struct sockaddr_storage *from,
              uint32_t network)
{
    _cleanup_close_ int connection = fd;
    char address[INET6_ADDRSTRLEN];
    const void *bytes = from->ss_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)from)->sin_addr;
    const char *text = inet_ntop(from->ss_family, bytes, address, sizeof(address));
    if (text == NULL)
        return 0; /* of no address that a guest has */
    const struct metadata_guest guest = {network, text};
    return feed(l, METADATA_TAKE, &shape_guest, &guest, connection);
}

void link_cut(struct metadata_link *l, uint32_t network)
{
    const struct metadata_network gone = {network};
    (void)feed(l, METADATA_CUT, &shape_network, &gone, -1);
}

/* --- answers */

static struct metadata_reply reply_of(const struct http_response *resp)
{
    return (struct metadata_reply){
        .status = resp->status,
        .content_type = resp->content_type,
        .headers = resp->headers.v,
        .n_headers = resp->headers.n,
        .body = buf_str(&resp->body),
        .n_body = resp->body.len,
        .close = resp->close,
        .hop_limit = resp->hop_limit,
        .has_tunnel = resp->tunnel_fd >= 0,
    };
}

static void answer(struct metadata_link *l, struct arena *a, const struct metadata_question *q,
                   struct http_response *resp)
{
    const struct http_peer peer = {.address = q->address, .network = (uint32_t)q->network};
    const struct http_request req = {
        .method = q->method,
        .path = q->path,
        .query = q->query,
        .headers = {(struct header *)(uintptr_t)q->headers, q->n_headers},
        .body = q->body,
        .body_len = q->n_body,
        .peer = &peer,
        .request_id = q->request_id,
        .arena = a,
    };
    l->config.answer(l->config.ctx, &req, (int)q->status, q->message, resp);
}

/* False: the connection has ended. */
static bool answer_one(struct metadata_link *l, int socket, struct arena *a)
{
    _cleanup_buf_ struct buf got = BUF_INIT(PACK_MAX);
    _cleanup_close_ int stray = -1;
    struct metadata_question q = {0};
    struct http_response resp = {
        .status = 200, .tunnel_fd = -1, .body = BUF_INIT(METADATA_ANSWER_MAX)};
    unsigned call = METADATA_CALLS;
    if (message_receive(socket, &metadata_messages, &call, &got, &stray, NULL) < 0 || stray >= 0 ||
        (call != METADATA_ASK && call != METADATA_REFUSE))
        return false;
    /* A guest may have written what no request has: that is his error. */
    if (pack_read(a, &shape_question, buf_str(&got), got.len, &q, NULL) < 0 ||
        (call == METADATA_ASK) != (q.status == 0))
        metadata_refuse(&resp, a, 400);
    else
        answer(l, a, &q, &resp);
    if (resp.body.failed)
        metadata_refuse(&resp, a, 500);
    const struct metadata_reply reply = reply_of(&resp);
    int r =
        metadata_send(socket, (enum metadata_call)call, &shape_reply, &reply, resp.tunnel_fd, NULL);
    cleanup_close(&resp.tunnel_fd);
    buf_done(&resp.body);
    return r == 0;
}

/* There is somebody to connect to. False: the link ends. */
static bool wait_for_feed(struct metadata_link *l)
{
    (void)pthread_mutex_lock(&l->lock);
    while (l->feed < 0 && !l->stop)
        (void)pthread_cond_wait(&l->changed, &l->lock);
    bool go = !l->stop;
    (void)pthread_mutex_unlock(&l->lock);
    return go;
}

/* False: the link ends. */
static bool hold(struct asker *k, int fd)
{
    (void)pthread_mutex_lock(&k->link->lock);
    bool go = !k->link->stop;
    k->fd = go ? fd : -1;
    (void)pthread_mutex_unlock(&k->link->lock);
    return go;
}

static void *serve(void *arg)
{
    struct asker *k = arg;
    struct metadata_link *l = k->link;
    _cleanup_arena_ struct arena *a = arena_new();
    while (wait_for_feed(l)) {
        _cleanup_close_ int fd = -1;
        if (connect_as(l, METADATA_ASKER, &fd) == 0 && hold(k, fd)) {
            while (answer_one(l, fd, a))
                arena_reset(a);
            (void)hold(k, -1);
        }
        arena_reset(a);
        clock_sleep(RETRY_MS);
    }
    return NULL;
}

/* --- beginning and end */

static int begin(struct metadata_link *l, struct err *e)
{
    if (getrandom(&l->session, sizeof(l->session), 0) != (ssize_t)sizeof(l->session))
        return err_errno(e, errno, "cannot get random numbers");
    l->session = (l->session & INT64_MAX) | 1;
    for (size_t i = 0; i < METADATA_ASKERS; i++) {
        struct asker *k = &l->askers[i];
        *k = (struct asker){.link = l, .fd = -1};
        int r = pthread_create(&k->thread, NULL, serve, k);
        if (r != 0)
            return err_errno(e, r, "cannot start a thread");
        k->started = true;
    }
    return 0;
}

int link_new(const struct link_config *config, struct metadata_link **ret_link, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(config->socket_path) >= sizeof(address.sun_path))
        return err_set(e, ENAMETOOLONG, "too long a path for a socket: %s", config->socket_path);
    memcpy(address.sun_path, config->socket_path, strlen(config->socket_path) + 1);
    struct metadata_link *l = calloc(1, sizeof(*l));
    CHECK_MEMORY(l != NULL);
    *l = (struct metadata_link){.address = address, .config = *config, .feed = -1};
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->changed, NULL);
    int r = begin(l, e);
    if (r < 0) {
        link_free(l);
        return r;
    }
    *ret_link = l;
    return 0;
}

void link_free(struct metadata_link *l)
{
    if (l == NULL)
        return;
    (void)pthread_mutex_lock(&l->lock);
    l->stop = true;
    for (size_t i = 0; i < METADATA_ASKERS; i++)
        if (l->askers[i].started && l->askers[i].fd >= 0)
            (void)shutdown(l->askers[i].fd, SHUT_RDWR);
    (void)pthread_cond_broadcast(&l->changed);
    (void)pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < METADATA_ASKERS; i++)
        if (l->askers[i].started)
            (void)pthread_join(l->askers[i].thread, NULL);
    set_feed(l, -1);
    (void)pthread_cond_destroy(&l->changed);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}
