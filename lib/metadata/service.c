/*
 * Listening: a socket for each VPC's namespace, one thread that accepts on all of them, and
 * croft-metadata, which takes what it accepts and asks what to answer. While croft-metadata is away
 * nothing is accepted: guests wait in the queues of the sockets.
 *
 * A VPC has a number here for as long as its namespace is the same one; connections carry it. So
 * one that is left from a namespace that has gone is of no VPC, and gets nothing.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "metadata/answer.h"
#include "metadata/calls.h"
#include "metadata/link.h"
#include "metadata/metadata.h"
#include "metadata/refusal.h"
#include "store/queries.h"

#define EVENTS_MAX      64
#define ACCEPTS_MAX     32  /* of one socket before the others have their turn */
#define BACK_OFF_MS     100 /* when there are no descriptors left */
#define IPV4            0
#define IPV6            1
#define LISTENERS_GROW  16
#define KEYS_AGAIN_MS   2000
#define CERTIFICATE_MAX ((size_t)64 << 10)

/* What events are of, beside listeners, whose numbers begin with 1. */
#define EVENT_WAKE 0
#define EVENT_FEED 1

struct listener {
    uint32_t number; /* never used again */
    char *vpc_id;
    int fds[2]; /* IPv4, IPv6; -1: none */
};

struct metadata {
    struct store *store;
    struct network *network;
    char *certificate_path;
    struct metadata_config config;
    struct secrets secrets;
    atomic_bool has_keys; /* `secrets` is loaded */
    struct metadata_link *link;
    int epoll;
    int wake; /* an eventfd: the end */
    bool started;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows */
    struct listener *listeners;
    size_t n_listeners;
    uint32_t last_number;
};

/* --- listeners; the lock is held */

static struct listener *find_vpc(struct metadata *m, const char *vpc_id)
{
    for (size_t i = 0; i < m->n_listeners; i++)
        if (streq(m->listeners[i].vpc_id, vpc_id))
            return &m->listeners[i];
    return NULL;
}

static struct listener *find_number(struct metadata *m, uint32_t number)
{
    for (size_t i = 0; i < m->n_listeners; i++)
        if (m->listeners[i].number == number)
            return &m->listeners[i];
    return NULL;
}

static void close_listener(struct listener *l)
{
    for (size_t i = 0; i < ARRAY_SIZE(l->fds); i++)
        cleanup_close(&l->fds[i]); /* epoll lets go of it by itself */
    free(l->vpc_id);
}

static void drop(struct metadata *m, struct listener *l)
{
    if (l == NULL)
        return;
    link_cut(m->link, l->number);
    close_listener(l);
    *l = m->listeners[--m->n_listeners];
}

static struct listener *add(struct metadata *m, const char *vpc_id)
{
    if (m->n_listeners % LISTENERS_GROW == 0) {
        m->listeners =
            reallocarray(m->listeners, m->n_listeners + LISTENERS_GROW, sizeof(*m->listeners));
        CHECK_MEMORY(m->listeners != NULL);
    }
    struct listener *l = &m->listeners[m->n_listeners++];
    *l = (struct listener){++m->last_number, strdup(vpc_id), {-1, -1}};
    CHECK_MEMORY(l->vpc_id != NULL);
    return l;
}

static int watch(struct metadata *m, struct listener *l, int which, int fd, struct err *e)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t)l->number << 1 | (unsigned)which};
    cleanup_close(&l->fds[which]);
    l->fds[which] = fd;
    if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return err_errno(e, errno, "cannot wait for connections in %s", l->vpc_id);
    return 0;
}

/* A new socket means a new namespace: what there was is of one that has gone. */
static int look_locked(struct metadata *m, const char *vpc_id, bool ipv6, struct err *e)
{
    const struct network_ops *ops = m->network->ops;
    int fd = -1;
    int r = ops->listen(m->network, vpc_id, false, &fd, e);
    if (r == 0) {
        drop(m, find_vpc(m, vpc_id));
        r = watch(m, add(m, vpc_id), IPV4, fd, e);
    } else if (r == -ENOENT) {
        drop(m, find_vpc(m, vpc_id));
        return 0;
    } else if (r == -EADDRINUSE && find_vpc(m, vpc_id) != NULL) {
        r = 0;
    }
    if (r < 0 || !ipv6)
        return r;
    r = ops->listen(m->network, vpc_id, true, &fd, e);
    if (r == 0)
        r = watch(m, find_vpc(m, vpc_id), IPV6, fd, e);
    return r == -EADDRINUSE ? 0 : r;
}

static bool has_ipv6(struct store *s, const char *vpc_id)
{
    struct tx *tx = store_read(s);
    size_t n = store_count_vpc_cidr_blocks(tx, "vpc_id", vpc_id, "is_ipv6", "1");
    tx_end(tx);
    return n > 0;
}

void metadata_network_changed(void *ctx, const char *vpc_id)
{
    struct metadata *m = ctx;
    struct err e = {0};
    bool ipv6 = has_ipv6(m->store, vpc_id);
    (void)pthread_mutex_lock(&m->lock);
    int r = look_locked(m, vpc_id, ipv6, &e);
    (void)pthread_mutex_unlock(&m->lock);
    if (r < 0)
        log_warning("no-metadata vpc=%s: %s", vpc_id, e.message);
}

/* --- connections */

static void accept_some(struct metadata *m, uint64_t which)
{
    const struct network_ops *ops = m->network->ops;
    uint32_t number = (uint32_t)(which >> 1);
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage from;
        int fd = -1;
        (void)pthread_mutex_lock(&m->lock);
        const struct listener *l = find_number(m, number);
        int r = l == NULL ? -EAGAIN : ops->accept(m->network, l->fds[which & 1], &from, &fd);
        (void)pthread_mutex_unlock(&m->lock);
        if (r == -EAGAIN)
            return;
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS) {
            clock_sleep(BACK_OFF_MS);
            return;
        }
        /* Others are of that connection alone. */
        if (r == 0 && link_give(m->link, fd, &from, number) < 0)
            return;
    }
}

/* Until croft-metadata has gone; false: until the end. */
static bool accept_for(struct metadata *m, int feed)
{
    struct epoll_event events[EVENTS_MAX];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = EVENT_FEED};
    /* link_open() and the end of the link close it, and epoll lets go of it by itself. */
    if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, feed, &event) < 0)
        return true;
    for (;;) {
        int n = epoll_wait(m->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == EVENT_WAKE)
                return false;
            if (events[i].data.u64 == EVENT_FEED)
                return true;
        }
        for (int i = 0; i < n; i++)
            accept_some(m, events[i].data.u64);
    }
}

/* Unless it is there from before: the disk may be full. */
static int show_certificate(struct metadata *m, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf there = BUF_INIT(CERTIFICATE_MAX);
    const char *text = secrets_certificate(&m->secrets, a);
    if (file_read(m->certificate_path, &there, NULL) == 0 && streq(buf_str(&there), text))
        return 0;
    return file_write(m->certificate_path, text, strlen(text), 0644, e);
}

static int load_keys(struct metadata *m, struct err *e)
{
    int r = 0;
    if (m->secrets.identity_key == NULL) {
        r = secrets_load(m->store, m->config.server_key, &m->secrets, e);
        if (r == 0 && m->config.credentials_ms > 0)
            m->secrets.credentials_ms = m->config.credentials_ms;
    }
    return r < 0 || m->certificate_path == NULL ? r : show_certificate(m, e);
}

/* Tries until it has them; false: until the end. */
static bool get_keys(struct metadata *m)
{
    struct pollfd end = {.fd = m->wake, .events = POLLIN};
    struct err e = {0};
    for (bool told = false; load_keys(m, &e) < 0; told = true) {
        if (!told)
            log_error("no-metadata: %s; guests wait, it is tried again", e.message);
        e = (struct err){0};
        if (poll(&end, 1, KEYS_AGAIN_MS) > 0)
            return false;
    }
    atomic_store(&m->has_keys, true);
    return true;
}

static void *serve(void *arg)
{
    struct metadata *m = arg;
    int feed = -1;
    if (!get_keys(m))
        return NULL;
    while (link_open(m->link, m->wake, &feed) == 0 && accept_for(m, feed))
        ;
    return NULL;
}

static bool is_for_api(const struct metadata *m, const struct http_request *req)
{
    return m->config.api != NULL && metadata_is_call(req);
}

static void handle(struct metadata *m, const struct http_request *req, struct http_response *resp)
{
    if (is_for_api(m, req)) {
        m->config.api->handle(m->config.api_ctx, req, resp);
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    const struct listener *l = find_number(m, req->peer->network);
    const char *vpc_id = l == NULL ? NULL : arena_strdup(req->arena, l->vpc_id);
    (void)pthread_mutex_unlock(&m->lock);
    if (vpc_id == NULL)
        metadata_refuse(resp, req->arena, 404);
    else
        metadata_answer(m->store, &m->secrets, vpc_id, req, resp);
}

/* Whatever croft-metadata asks, nothing is answered before the keys are there. */
static void answer(void *ctx, const struct http_request *req, int status, const char *message,
                   struct http_response *resp)
{
    struct metadata *m = ctx;
    if (!atomic_load(&m->has_keys))
        metadata_refuse(resp, req->arena, 503);
    else if (status == 0)
        handle(m, req, resp);
    else if (is_for_api(m, req))
        m->config.api->render_error(m->config.api_ctx, req, status, message, resp);
    else
        metadata_refuse(resp, req->arena, status);
}

/* --- beginning and end */

static int start(struct metadata *m, struct err *e)
{
    const struct link_config config = {
        .socket_path = m->config.socket_path, .answer = answer, .ctx = m};
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    m->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event end = {.events = EPOLLIN, .data.u64 = EVENT_WAKE};
    if (m->epoll < 0 || m->wake < 0 || epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->wake, &end) < 0)
        return err_errno(e, errno, "cannot make an epoll set");
    int r = link_new(&config, &m->link, e);
    if (r < 0)
        return r;
    r = pthread_create(&m->thread, NULL, serve, m);
    if (r != 0)
        return err_errno(e, r, "cannot start a thread");
    m->started = true;
    return 0;
}

int metadata_new(const struct metadata_config *config, struct metadata **ret_metadata,
                 struct err *e)
{
    struct metadata *m = calloc(1, sizeof(*m));
    CHECK_MEMORY(m != NULL);
    m->config = *config;
    m->store = config->store;
    m->network = config->network;
    m->epoll = m->wake = -1;
    (void)pthread_mutex_init(&m->lock, NULL);
    if (config->certificate_path != NULL) {
        m->certificate_path = strdup(config->certificate_path);
        CHECK_MEMORY(m->certificate_path != NULL);
    }
    int r = start(m, e);
    if (r < 0) {
        metadata_free(m);
        return r;
    }
    *ret_metadata = m;
    return 0;
}

void metadata_free(struct metadata *m)
{
    if (m == NULL)
        return;
    if (m->started) {
        CHECK(eventfd_write(m->wake, 1) == 0);
        (void)pthread_join(m->thread, NULL);
    }
    link_free(m->link);
    for (size_t i = 0; i < m->n_listeners; i++)
        close_listener(&m->listeners[i]);
    free(m->listeners);
    cleanup_close(&m->epoll);
    cleanup_close(&m->wake);
    secrets_done(&m->secrets);
    free(m->certificate_path);
    (void)pthread_mutex_destroy(&m->lock);
    free(m);
}
