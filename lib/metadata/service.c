/*
 * Listening: a socket for each VPC's namespace, one thread that accepts on all of them, and the
 * HTTP server that takes what it accepts.
 *
 * A VPC has a number here for as long as its namespace is the same one; connections carry it. So
 * one that is left from a namespace that has gone is of no VPC, and gets nothing.
 */
#include <errno.h>
#include <pthread.h>
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
#include "metadata/metadata.h"
#include "store/queries.h"

#define EVENTS_MAX     64
#define ACCEPTS_MAX    32  /* of one socket before the others have their turn */
#define BACK_OFF_MS    100 /* when there are no descriptors left */
#define STOP_MS        1000
#define IPV4           0
#define IPV6           1
#define LISTENERS_GROW 16

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
    struct http_server *http;
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
    http_server_cut(m->http, l->number);
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
        if (r == 0)
            (void)http_server_serve(m->http, fd, &from, number);
    }
}

static void *serve(void *arg)
{
    struct metadata *m = arg;
    struct err e = {0};
    struct epoll_event events[EVENTS_MAX];
    int r = secrets_load(m->store, m->config.server_key, &m->secrets, &e);
    if (m->config.credentials_ms > 0)
        m->secrets.credentials_ms = m->config.credentials_ms;
    if (r == 0 && m->certificate_path != NULL) {
        _cleanup_arena_ struct arena *a = arena_new();
        const char *text = secrets_certificate(&m->secrets, a);
        r = file_write(m->certificate_path, text, strlen(text), 0644, &e);
    }
    if (r < 0) {
        log_error("no-metadata: %s", e.message);
        return NULL;
    }
    for (;;) {
        int n = epoll_wait(m->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 == 0) /* numbers begin with 1 */
                return NULL;
            accept_some(m, events[i].data.u64);
        }
    }
}

/* What IMDS has nothing at: a POST to its root, or a query there, and the paths of actions. */
static bool is_for_api(const struct metadata *m, const struct http_request *req)
{
    bool is_root = streq(req->path, "/");
    return m->config.api != NULL &&
           ((is_root && !str_empty(req->query)) ||
            (streq(req->method, "POST") && (is_root || has_prefix(req->path, "/v1/"))));
}

/* It may wait for the disk, and others' metadata is not to wait for that. */
static bool is_slow(void *ctx, const struct http_request *req)
{
    return is_for_api(ctx, req);
}

static void handle(void *ctx, const struct http_request *req, struct http_response *resp)
{
    struct metadata *m = ctx;
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

static void render_error(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp)
{
    struct metadata *m = ctx;
    if (is_for_api(m, req))
        m->config.api->render_error(m->config.api_ctx, req, status, message, resp);
    else
        metadata_refuse(resp, req->arena, status);
}

/* --- beginning and end */

static int start(struct metadata *m, struct err *e)
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
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    m->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event end = {.events = EPOLLIN};
    if (m->epoll < 0 || m->wake < 0 || epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->wake, &end) < 0)
        return err_errno(e, errno, "cannot make an epoll set");
    int r = http_server_new(&config, &callbacks, m, &m->http, e);
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
    if (m->http != NULL)
        http_server_stop(m->http, STOP_MS);
    http_server_free(m->http);
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
