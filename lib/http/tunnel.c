/*
 * Tunnels: bytes between a client's upgraded connection and a guest, relayed by one thread.
 *
 * A tunnel has two sides and two flows, each with a buffer. A flow reads from its side only while
 * its buffer has room and writes to the other side while there is something to write, so a slow
 * reader slows the writer down and memory stays bounded. When a side has ended and its flow is
 * drained, the other side's sending half is shut down; the tunnel ends when both flows have, or at
 * the first error. There is no idle limit, because an SSH session may be silent for days; TCP
 * keepalive finds out when a peer is gone.
 *
 * epoll is level-triggered and told what each side waits for; a side that waits for nothing is
 * taken out of the set, because a hang-up is reported always and would spin.
 *
 * The client's socket belongs to libmicrohttpd: it is closed by MHD_upgrade_action(). With TLS it
 * is one half of a socket pair that libmicrohttpd fills from the connection, and 0.9.75 does not
 * pass the end of the connection on, in neither direction: now and then its worker goes to sleep
 * without having closed anything. So the connection itself is watched, too, and the tunnel ends
 * shortly after it; and when the guest has ended, the connection is shut down after the same while.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/check.h"
#include "base/clock.h"
#include "http/http_internal.h"

#define FLOW_SIZE  ((size_t)32 << 10)
#define ROUNDS_MAX 16 /* buffers moved for one event, so that one tunnel cannot starve the rest */
#define EVENTS_MAX 64
#define LINGER_MS  1000 /* for the last bytes of a TLS client */
#define POLL_MS    200  /* while a tunnel lingers */

struct tunnel;

struct side {
    struct tunnel *tunnel;
    int fd;
    uint32_t events; /* what epoll waits for; 0: not in the set */
    bool hung_up;    /* nobody reads what we send there */
};

struct flow {
    char *data;
    size_t size;
    size_t start;
    size_t end;
    bool ended; /* its side sends no more */
    bool done;  /* and all of it has been delivered */
};

struct tunnel {
    struct tunnel *next;
    struct tunnel **link;
    struct MHD_UpgradeResponseHandle *urh;
    struct side sides[2]; /* 0: the client, 1: the guest */
    struct side wire;     /* the connection below TLS, or fd -1 */
    int64_t ends_at;      /* monotonic ms; 0: not yet known */
    struct flow flows[2]; /* flows[i] is from sides[i] to sides[1 - i] */
    bool dead;
};

struct http_tunnels {
    int epoll;
    int wake;
    pthread_t thread;
    atomic_uint count; /* places taken */
    atomic_bool stop;
    unsigned lingering;   /* the relay's */
    pthread_mutex_t lock; /* of what follows */
    struct tunnel *list;
    bool stopped; /* the relay has ended: no tunnel is added any more */
};

static void set_up(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    /* On a unix socket these fail, which is fine. libmicrohttpd turns TCP_NODELAY off. */
    int on = 1;
    int idle_s = 60;
    int interval_s = 15;
    int probes = 8;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

static void watch_side(struct http_tunnels *t, struct side *s, uint32_t events)
{
    if (events == s->events)
        return;
    int op = s->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    struct epoll_event event = {.events = events, .data.ptr = s};
    s->events = events;
    if (epoll_ctl(t->epoll, op, s->fd, &event) < 0) {
        s->events = 0;
        s->tunnel->dead = true;
    }
}

/* Moves what can be moved; false at an error that ends the tunnel. */
static bool flow_move(struct tunnel *t, int i)
{
    struct flow *f = &t->flows[i];
    int from = t->sides[i].fd;
    int to = t->sides[1 - i].fd;
    for (int round = 0; round < ROUNDS_MAX && !f->done; round++) {
        bool moved = false;
        if (!f->ended && f->end < f->size) {
            ssize_t n = recv(from, f->data + f->end, f->size - f->end, 0);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            f->ended = n == 0;
            f->end += n > 0 ? (size_t)n : 0;
            moved = n > 0;
        }
        if (t->sides[1 - i].hung_up) /* nobody is there */
            f->start = f->end;
        if (f->start < f->end) {
            ssize_t n = send(to, f->data + f->start, f->end - f->start, MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return false;
            f->start += n > 0 ? (size_t)n : 0;
            moved |= n > 0;
        }
        if (f->start == f->end) /* the buffer has room again; tunnel_watch() relies on it */
            f->start = f->end = 0;
        if (f->ended && f->start == f->end) {
            (void)shutdown(to, SHUT_WR);
            f->done = true;
        }
        if (!moved)
            break;
    }
    /* With the other side gone there is no use in waiting for more. */
    if (t->sides[1 - i].hung_up)
        f->done = true;
    return true;
}

static void tunnel_watch(struct http_tunnels *ts, struct tunnel *t)
{
    for (int i = 0; i < 2; i++) {
        const struct flow *out = &t->flows[i];
        const struct flow *in = &t->flows[1 - i];
        uint32_t events = 0;
        if (!out->ended && !out->done && out->end < out->size)
            events |= EPOLLIN;
        if (!in->done && in->start < in->end)
            events |= EPOLLOUT;
        watch_side(ts, &t->sides[i], events);
    }
}

static void linger(struct http_tunnels *ts, struct tunnel *t)
{
    if (t->ends_at != 0)
        return;
    t->ends_at = clock_monotonic() + LINGER_MS;
    ts->lingering++;
}

static void tunnel_move(struct http_tunnels *ts, struct tunnel *t)
{
    if (t->dead)
        return;
    t->dead = !flow_move(t, 0) || !flow_move(t, 1);
    bool done = t->flows[0].done && t->flows[1].done;
    if (done && t->wire.fd >= 0)
        linger(ts, t); /* its last bytes are still in libmicrohttpd */
    else
        t->dead |= done;
    if (!t->dead)
        tunnel_watch(ts, t);
}

static void tunnel_free(struct http_tunnels *ts, struct tunnel *t)
{
    for (int i = 0; i < 2; i++) {
        watch_side(ts, &t->sides[i], 0);
        free(t->flows[i].data);
    }
    if (t->wire.fd >= 0)
        watch_side(ts, &t->wire, 0);
    if (t->ends_at != 0)
        ts->lingering--;
    (void)shutdown(t->sides[0].fd, SHUT_RDWR);
    if (t->wire.fd >= 0) /* while it is certainly ours: the next call may close it */
        (void)shutdown(t->wire.fd, SHUT_RDWR);
    (void)MHD_upgrade_action(t->urh, MHD_UPGRADE_ACTION_CLOSE);
    (void)close(t->sides[1].fd);
    free(t);
    http_tunnels_unreserve(ts);
}

static void unlink_tunnel(struct tunnel *t)
{
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
}

/* Only after a batch of events: later events of it may point to the same tunnel. */
static void free_dead(struct http_tunnels *ts, bool all)
{
    (void)pthread_mutex_lock(&ts->lock);
    for (struct tunnel *t = ts->list, *next = NULL; t != NULL; t = next) {
        next = t->next;
        if (!t->dead && !all)
            continue;
        unlink_tunnel(t);
        tunnel_free(ts, t);
    }
    (void)pthread_mutex_unlock(&ts->lock);
}

/* Deals with an event; true when its tunnel has ended. */
static bool on_event(struct http_tunnels *ts, struct side *s, uint32_t events)
{
    struct tunnel *t = s->tunnel;
    if (s == &t->wire) {
        watch_side(ts, s, 0);
        linger(ts, t);
        return t->dead;
    }
    if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        s->hung_up = true;
    tunnel_move(ts, t);
    return t->dead;
}

static void end_lingering(struct http_tunnels *ts)
{
    int64_t now = clock_monotonic();
    (void)pthread_mutex_lock(&ts->lock);
    for (struct tunnel *t = ts->list; t != NULL; t = t->next)
        t->dead |= t->ends_at != 0 && now >= t->ends_at;
    (void)pthread_mutex_unlock(&ts->lock);
}

static void *relay(void *arg)
{
    struct http_tunnels *ts = arg;
    while (!atomic_load(&ts->stop)) {
        struct epoll_event events[EVENTS_MAX];
        int n = epoll_wait(ts->epoll, events, EVENTS_MAX, ts->lingering > 0 ? POLL_MS : -1);
        /* Tunnels are added under the lock: what they are made of is visible after it. */
        (void)pthread_mutex_lock(&ts->lock);
        (void)pthread_mutex_unlock(&ts->lock);
        bool dead = ts->lingering > 0;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr != NULL)
                dead |= on_event(ts, events[i].data.ptr, events[i].events);
        }
        if (ts->lingering > 0)
            end_lingering(ts);
        if (dead)
            free_dead(ts, false);
    }
    free_dead(ts, true);
    return NULL;
}

int http_tunnels_new(struct http_tunnels **ret_tunnels, struct err *e)
{
    struct http_tunnels *ts = calloc(1, sizeof(*ts));
    CHECK_MEMORY(ts != NULL);
    (void)pthread_mutex_init(&ts->lock, NULL);
    ts->epoll = epoll_create1(EPOLL_CLOEXEC);
    ts->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    int r = 0;
    if (ts->epoll < 0 || ts->wake < 0 || epoll_ctl(ts->epoll, EPOLL_CTL_ADD, ts->wake, &event) < 0)
        r = errno;
    if (r == 0)
        r = pthread_create(&ts->thread, NULL, relay, ts);
    if (r != 0) {
        ts->stopped = true;
        http_tunnels_free(ts);
        return err_errno(e, r, "cannot start the relay of tunnels");
    }
    *ret_tunnels = ts;
    return 0;
}

void http_tunnels_stop(struct http_tunnels *ts)
{
    if (ts->stopped)
        return;
    atomic_store(&ts->stop, true);
    uint64_t one = 1;
    (void)!write(ts->wake, &one, sizeof(one));
    (void)pthread_join(ts->thread, NULL);
    (void)pthread_mutex_lock(&ts->lock);
    ts->stopped = true;
    (void)pthread_mutex_unlock(&ts->lock);
    free_dead(ts, true); /* one that was added while the thread ended */
}

void http_tunnels_free(struct http_tunnels *ts)
{
    if (ts == NULL)
        return;
    http_tunnels_stop(ts);
    if (ts->epoll >= 0)
        (void)close(ts->epoll);
    if (ts->wake >= 0)
        (void)close(ts->wake);
    (void)pthread_mutex_destroy(&ts->lock);
    free(ts);
}

unsigned http_tunnels_count(const struct http_tunnels *ts)
{
    return atomic_load(&ts->count);
}

bool http_tunnels_reserve(struct http_tunnels *ts)
{
    if (atomic_fetch_add(&ts->count, 1) < HTTP_TUNNELS_MAX)
        return true;
    http_tunnels_unreserve(ts);
    return false;
}

void http_tunnels_unreserve(struct http_tunnels *ts)
{
    (void)atomic_fetch_sub(&ts->count, 1);
}

void http_tunnels_add(struct http_tunnels *ts, int sock, int wire,
                      struct MHD_UpgradeResponseHandle *urh, int fd, const char *extra,
                      size_t extra_len)
{
    struct tunnel *t = calloc(1, sizeof(*t));
    CHECK_MEMORY(t != NULL);
    t->urh = urh;
    t->wire = (struct side){.tunnel = t, .fd = wire};
    set_up(sock);
    set_up(fd);
    if (wire >= 0)
        set_up(wire);
    const int fds[2] = {sock, fd};
    for (int i = 0; i < 2; i++) {
        struct flow *f = &t->flows[i];
        t->sides[i] = (struct side){.tunnel = t, .fd = fds[i]};
        /* What the client sent right behind its request has been read by libmicrohttpd. */
        f->end = i == 0 ? extra_len : 0;
        f->size = f->end > FLOW_SIZE ? f->end : FLOW_SIZE;
        f->data = malloc(f->size);
        CHECK_MEMORY(f->data != NULL);
        if (f->end > 0)
            memcpy(f->data, extra, f->end);
    }
    (void)pthread_mutex_lock(&ts->lock);
    t->next = ts->list;
    t->link = &ts->list;
    if (t->next != NULL)
        t->next->link = &t->next;
    ts->list = t;
    bool ended = ts->stopped;
    if (!ended)
        tunnel_watch(ts, t);
    if (!ended && wire >= 0)
        watch_side(ts, &t->wire, EPOLLRDHUP);
    ended |= t->dead;
    if (ended) {
        unlink_tunnel(t);
        tunnel_free(ts, t);
    }
    (void)pthread_mutex_unlock(&ts->lock);
}
