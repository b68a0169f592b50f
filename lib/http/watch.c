/*
 * The connections and their deadlines.
 *
 * libmicrohttpd's own time limit starts anew with each byte, so a client that sends one byte a
 * second would hold a connection for ever. Here each phase of a connection has a deadline, and a
 * thread shuts down the sockets that are past theirs; libmicrohttpd then notices the end and cleans
 * up. The socket of a connection in the list is open: libmicrohttpd reports the close before it
 * closes, and taking it off the list waits for the lock.
 *
 * libmicrohttpd accepts nobody beyond its limit of connections, so a crowd that is silent could
 * lock everybody out until its deadlines. Before that, each connection that comes cuts one that
 * waits: the one that has been idle for longest, else the one that has been sending for longest.
 * Clients know that a connection which is idle may go.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/text.h"
#include "http/http_internal.h"

#define WATCH_INTERVAL_MS 500
#define HAND_OVER_MS      100

/* From so many open connections on, a new one costs an old one. */
static unsigned crowded(const struct http_daemon *d)
{
    return d->limit - d->limit / 4;
}

static int64_t deadline_of(const struct http_conn *c)
{
    return atomic_load_explicit(&c->deadline, memory_order_relaxed);
}

/* Of two that wait, the one to be cut first. A phase begins with a deadline: the earlier ends
 * first. */
static bool goes_before(const struct http_conn *c, const struct http_conn *other)
{
    if (other == NULL || c->phase != other->phase)
        return other == NULL || c->phase == HTTP_IDLE;
    return deadline_of(c) < deadline_of(other);
}

/*
 * The lock is held. Only reading ends: an answer that was begun in this very moment still goes out,
 * and a connection that waits is closed because nothing can come any more.
 */
static void cut_one(struct http_server *s, const struct http_daemon *d)
{
    struct http_conn *first = NULL;
    for (struct http_conn *c = s->conns; c != NULL; c = c->next)
        if (c->daemon == d && !c->cut && c->phase != HTTP_BUSY && goes_before(c, first))
            first = c;
    if (first == NULL)
        return;
    first->cut = true;
    (void)shutdown(first->fd, SHUT_RD);
}

static void describe_peer(struct http_conn *c, struct MHD_Connection *mhd,
                          const struct http_daemon *d)
{
    c->peer.address = c->address;
    c->peer.is_unix = d->is_unix;
    c->peer.is_tls = d->is_tls;
    c->peer.uid = (uid_t)-1;
    c->peer.gid = (gid_t)-1;
    if (d->is_unix) {
        memcpy(c->address, "unix", sizeof("unix"));
        struct ucred cred;
        socklen_t len = sizeof(cred);
        if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0) {
            c->peer.uid = cred.uid;
            c->peer.gid = cred.gid;
            c->peer.pid = cred.pid;
        }
        len = sizeof(c->groups);
        if (getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, c->groups, &len) == 0) {
            c->peer.groups = c->groups;
            c->peer.n_groups = len / sizeof(c->groups[0]);
        }
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info == NULL ? NULL : info->client_addr;
    if (a != NULL && d->is_fed) {
        const struct sockaddr_in6 *from = (const struct sockaddr_in6 *)(const void *)a;
        bool v4 = IN6_IS_ADDR_V4MAPPED(&from->sin6_addr);
        (void)inet_ntop(v4 ? AF_INET : AF_INET6, &from->sin6_addr.s6_addr[v4 ? 12 : 0], c->address,
                        sizeof(c->address));
        c->peer.network = from->sin6_scope_id;
    } else if (a != NULL && a->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr,
                        c->address, sizeof(c->address));
    else if (a != NULL && a->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                        c->address, sizeof(c->address));
}

static enum metric_listener listener_of(const struct http_daemon *d)
{
    return d->is_fed    ? METRIC_LISTENER_GUESTS
           : d->is_unix ? METRIC_LISTENER_UNIX
                        : METRIC_LISTENER_TCP;
}

static void started(struct http_daemon *d, struct MHD_Connection *mhd, void **socket_cls)
{
    struct http_server *s = d->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_conn *c = calloc(1, sizeof(*c));
    if (c == NULL || info == NULL) {
        free(c);
        return; /* http_on_uri() finds no connection and nothing is served */
    }
    c->server = s;
    c->daemon = d;
    c->fd = info->connect_fd;
    c->body = (struct buf)BUF_INIT(s->body_max);
    describe_peer(c, mhd, d);
    http_deadline(c, 1000 * ((int64_t)s->idle_timeout_s + s->receive_timeout_s));
    *socket_cls = c;
    metric_count(METRIC_CONNECTIONS, listener_of(d), 0);
    metric_count(METRIC_CONNECTIONS_BEGUN, listener_of(d), 0);

    (void)pthread_mutex_lock(&s->lock);
    if (++d->open >= crowded(d))
        cut_one(s, d);
    c->next = s->conns;
    c->link = &s->conns;
    if (c->next != NULL)
        c->next->link = &c->next;
    s->conns = c;
    s->begun++;
    if (c->next == NULL || d->is_fed)
        (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
}

static void closed(struct http_conn *c)
{
    struct http_server *s = c->server;
    metric_add(METRIC_CONNECTIONS, listener_of(c->daemon), 0, -1);
    (void)pthread_mutex_lock(&s->lock);
    c->daemon->open--;
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    (void)pthread_mutex_unlock(&s->lock);
    arena_free(c->arena);
    buf_done(&c->body);
    free(c);
}

void http_on_connection(void *cls, struct MHD_Connection *mhd, void **socket_cls,
                        enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        started(cls, mhd, socket_cls);
    } else if (*socket_cls != NULL) {
        closed(*socket_cls);
        *socket_cls = NULL;
    }
}

/* --- connections that are handed in */

static unsigned connections_of(const struct http_server *s, const char *address, uint32_t network)
{
    unsigned n = 0;
    for (const struct http_conn *c = s->conns; c != NULL; c = c->next)
        n += c->peer.network == network && streq(c->address, address);
    return n;
}

/* libmicrohttpd's thread has yet to take the connection up. Until then it is not counted. */
static void wait_begun(struct http_server *s, uint64_t before)
{
    int64_t until = clock_monotonic() + HAND_OVER_MS;
    struct timespec ts = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    (void)pthread_mutex_lock(&s->lock);
    while (s->begun == before && pthread_cond_timedwait(&s->changed, &s->lock, &ts) != ETIMEDOUT)
        ;
    (void)pthread_mutex_unlock(&s->lock);
}

int http_server_serve(struct http_server *s, int fd, const struct sockaddr_storage *from,
                      uint32_t network)
{
    /* The network travels as the scope of the address, which is what a scope is. */
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_scope_id = network};
    char address[INET6_ADDRSTRLEN] = "";
    if (from->ss_family == AF_INET) {
        const struct in_addr *v4 = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
        at.sin6_addr.s6_addr[10] = at.sin6_addr.s6_addr[11] = 0xff;
        memcpy(&at.sin6_addr.s6_addr[12], v4, sizeof(*v4));
        (void)inet_ntop(AF_INET, v4, address, sizeof(address));
    } else {
        at.sin6_addr = ((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
        (void)inet_ntop(AF_INET6, &at.sin6_addr, address, sizeof(address));
    }
    (void)pthread_mutex_lock(&s->lock);
    bool room =
        s->connections_each == 0 || connections_of(s, address, network) < s->connections_each;
    uint64_t before = s->begun;
    (void)pthread_mutex_unlock(&s->lock);
    if (!room) {
        (void)close(fd);
        return -EAGAIN;
    }
    /* It closes the socket when it fails. */
    if (MHD_add_connection(s->daemons[0].mhd, fd, (const struct sockaddr *)&at, sizeof(at)) !=
        MHD_YES)
        return -ENOMEM;
    wait_begun(s, before);
    return 0;
}

void http_server_cut(struct http_server *s, uint32_t network)
{
    (void)pthread_mutex_lock(&s->lock);
    for (struct http_conn *c = s->conns; c != NULL; c = c->next)
        if (c->peer.network == network)
            (void)shutdown(c->fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&s->lock);
}

/* --- deadlines */

void http_deadline(struct http_conn *c, int64_t milliseconds)
{
    int64_t at =
        milliseconds == HTTP_DEADLINE_NONE ? HTTP_DEADLINE_NONE : clock_monotonic() + milliseconds;
    atomic_store_explicit(&c->deadline, at, memory_order_relaxed);
}

static void *watch(void *arg)
{
    struct http_server *s = arg;
    (void)pthread_mutex_lock(&s->lock);
    while (!s->watch_stop) {
        if (s->conns == NULL) {
            (void)pthread_cond_wait(&s->changed, &s->lock);
            continue;
        }
        int64_t now = clock_monotonic();
        for (struct http_conn *c = s->conns; c != NULL; c = c->next) {
            if (now < deadline_of(c))
                continue;
            (void)shutdown(c->fd, SHUT_RDWR);
            atomic_store_explicit(&c->deadline, HTTP_DEADLINE_NONE, memory_order_relaxed);
        }
        int64_t until = now + WATCH_INTERVAL_MS;
        struct timespec ts = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        (void)pthread_cond_timedwait(&s->changed, &s->lock, &ts);
    }
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

int http_watch_start(struct http_server *s, struct err *e)
{
    int r = pthread_create(&s->watch, NULL, watch, s);
    if (r != 0)
        return err_errno(e, r, "cannot start a thread");
    s->watch_started = true;
    return 0;
}

void http_watch_stop(struct http_server *s)
{
    if (!s->watch_started)
        return;
    (void)pthread_mutex_lock(&s->lock);
    s->watch_stop = true;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    (void)pthread_join(s->watch, NULL);
    s->watch_started = false;
}
