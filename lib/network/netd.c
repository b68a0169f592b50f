#include "network/netd.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "network/netd_frame.h"
#include "network/netd_internal.h"
#include "network/pack.h"

#define STRIPES    256   /* locks of VPCs: two may share one */
#define REQUEST_MS 10000 /* for a request to come, and an answer to be taken */
#define MOMENT_MS  100
#define IDLE_MS    5000 /* then what calls have freed goes back to the system */
#define STOP_MS    5000 /* for what is under way when it is to end */

struct netd {
    struct netd_config config;
    int stop_fd;
    pthread_rwlock_t open; /* read: the network is used; write: it is made anew */
    struct network *network;
    pthread_mutex_t stripes[STRIPES];
    pthread_mutex_t lock; /* of the counts */
    pthread_cond_t less;
    size_t calls;
    size_t flows;
};

/* What a thread works on. */
struct visit {
    struct netd *netd;
    int socket;
    struct arena *arena;
    union netd_request request;
    union netd_answer answer;
    int fd;                       /* -1: none is given */
    struct flow_capture *capture; /* of NETD_FLOWS */
};

/* --- the calls; `n` is open */

static int run_apply(struct visit *v, struct network *n, struct err *e)
{
    const struct netd_apply *in = &v->request.apply;
    int r = netd_check_vpc(v->arena, &in->vpc, e);
    if (r == 0)
        r = netd_check_part(&in->part, e);
    return r < 0 ? r : n->ops->apply(n, &in->vpc, in->has_part ? &in->part : NULL, e);
}

static int run_differing(struct visit *v, struct network *n, struct err *e)
{
    int r = netd_check_vpc(v->arena, &v->request.vpc, e);
    if (r == 0)
        v->answer.count.n = (int64_t)n->ops->differing(n, &v->request.vpc);
    return r;
}

static int run_plug(struct visit *v, struct network *n, struct err *e)
{
    const struct netd_plug *in = &v->request.plug;
    const struct net_subnet subnet = {.subnet_id = "subnet", .bridge = in->bridge};
    const struct net_port port = {
        .interface_id = in->interface_id, .tap = in->tap, .subnet_id = subnet.subnet_id};
    const struct net_vpc intent = {
        .vpc_id = in->vpc_id, .subnets = &subnet, .n_subnets = 1, .ports = &port, .n_ports = 1};
    int r = netd_check_tap(in->interface_id, in->tap, e);
    return r < 0 ? r : n->ops->plug(n, &intent, in->interface_id, e);
}

static int run_unplug(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->unplug(n, v->request.unplug.vpc_id, v->request.unplug.tap, e);
}

static int run_remove(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->remove(n, v->request.remove.id, v->request.remove.index, e);
}

static int run_connect(struct visit *v, struct network *n, struct err *e)
{
    const struct netd_connect *in = &v->request.connect;
    return n->ops->connect(n, in->vpc_id, in->private_ip, in->port, in->timeout_ms, &v->fd, e);
}

static int run_listen(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->listen(n, v->request.listen.vpc_id, v->request.listen.ipv6, &v->fd, e);
}

static int run_probe(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->probe(n, v->arena, &v->request.probe, &v->answer.probed, e);
}

static int run_nat_connections(struct visit *v, struct network *n, struct err *e)
{
    const struct netd_nat *in = &v->request.nat;
    size_t found = 0;
    int r = n->ops->nat_connections(n, in->nat_gateway_id, in->private_ip, &found, e);
    v->answer.count.n = (int64_t)found;
    return r;
}

static int run_answers_on(struct visit *v, struct network *n, struct err *e)
{
    (void)e;
    v->answer.link.link = n->ops->answers_on(n, v->request.address.public_ip);
    return 0;
}

static int run_list(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->list(n, v->arena, &v->answer.names, e);
}

static int run_taps(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->taps(n, v->arena, v->request.one.vpc_id, &v->answer.names, e);
}

static int run_flows(struct visit *v, struct network *n, struct err *e)
{
    return n->ops->follow(n, v->request.one.vpc_id, &netd_flows_listener, NULL, &v->capture, e);
}

static int run_console(struct visit *v, struct network *n, struct err *e)
{
    (void)n;
    const struct netd_console *in = &v->request.console;
    const struct netd_config *c = &v->netd->config;
    return c->open_console(c->ctx, in->instance_id, in->older, &v->fd, e);
}

static int (*const runs[NETD_CALLS])(struct visit *v, struct network *n, struct err *e) = {
    [NETD_APPLY] = run_apply,
    [NETD_DIFFERING] = run_differing,
    [NETD_PLUG] = run_plug,
    [NETD_UNPLUG] = run_unplug,
    [NETD_REMOVE] = run_remove,
    [NETD_CONNECT] = run_connect,
    [NETD_LISTEN] = run_listen,
    [NETD_PROBE] = run_probe,
    [NETD_NAT_CONNECTIONS] = run_nat_connections,
    [NETD_ANSWERS_ON] = run_answers_on,
    [NETD_LIST] = run_list,
    [NETD_TAPS] = run_taps,
    [NETD_FLOWS] = run_flows,
    [NETD_CONSOLE] = run_console,
};

/* --- the network */

/* Whoever holds the lock for writing. */
static int make_network(struct netd *d, struct err *e)
{
    if (d->network != NULL)
        d->network->ops->free(d->network);
    d->network = NULL;
    return d->config.open(d->config.ctx, &d->network, e);
}

static int begin(struct netd *d, bool anew, struct err *e)
{
    (void)pthread_rwlock_wrlock(&d->open);
    int r = anew || d->network == NULL ? make_network(d, e) : 0;
    (void)pthread_rwlock_unlock(&d->open);
    return r;
}

/* FNV-1a of the id. */
static pthread_mutex_t *stripe_of(struct netd *d, const char *vpc_id)
{
    uint32_t hash = 2166136261U;
    for (; *vpc_id != '\0'; vpc_id++)
        hash = (hash ^ (unsigned char)*vpc_id) * 16777619U;
    return &d->stripes[hash % STRIPES];
}

static int run(struct visit *v, enum netd_call call, struct err *e)
{
    struct netd *d = v->netd;
    if (call == NETD_BEGIN)
        return begin(d, true, e);
    for (;;) {
        (void)pthread_rwlock_rdlock(&d->open);
        if (d->network != NULL)
            break;
        (void)pthread_rwlock_unlock(&d->open);
        int r = begin(d, false, e);
        if (r < 0)
            return r;
    }
    pthread_mutex_t *stripe =
        netd_calls[call].one_at_a_time ? stripe_of(d, v->request.vpc_id) : NULL;
    if (stripe != NULL)
        (void)pthread_mutex_lock(stripe);
    int r = runs[call](v, d->network, e);
    if (stripe != NULL)
        (void)pthread_mutex_unlock(stripe);
    (void)pthread_rwlock_unlock(&d->open);
    return r;
}

/* --- a connection */

static void report(struct netd *d, const char *call, const struct err *e)
{
    char text[ERR_MESSAGE_MAX + 64];
    (void)snprintf(text, sizeof(text), "call=%s reason=\"%s\"", call, e->message);
    d->config.report(d->config.ctx, text);
}

static int check_peer(const struct netd *d, int socket, struct err *e)
{
    struct ucred peer = {0};
    socklen_t len = sizeof(peer);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return err_errno(e, errno, "cannot tell who asks");
    if (peer.uid != 0 && peer.uid != d->config.user)
        return err_set(e, EACCES, "uid %u may not ask", (unsigned)peer.uid);
    return 0;
}

static int read_request(struct visit *v, enum netd_call *ret_call, struct err *e)
{
    _cleanup_buf_ struct buf got = BUF_INIT(PACK_MAX);
    _cleanup_close_ int fd = -1; /* nobody may give one */
    int r = check_peer(v->netd, v->socket, e);
    if (r == 0)
        r = netd_frame_limit(v->socket, REQUEST_MS);
    if (r == 0)
        r = netd_frame_receive(v->socket, ret_call, &got, &fd, e);
    return r < 0 ? r
                 : pack_read(v->arena, netd_calls[*ret_call].request, buf_str(&got), got.len,
                             &v->request, e);
}

static int answer(struct visit *v, enum netd_call call, int code, const struct err *why,
                  struct err *e)
{
    _cleanup_buf_ struct buf packed = BUF_INIT(PACK_MAX);
    const char *message = code == 0 ? NULL : why->message;
    const struct netd_outcome outcome = {
        .code = code,
        .message = message == NULL || word_is(WORD_SENTENCE, message) ? message : "not printable",
    };
    pack_write(&shape_outcome, &outcome, &packed);
    if (code == 0)
        pack_write(netd_calls[call].answer, &v->answer, &packed);
    return netd_frame_send(v->socket, call, &packed, code == 0 ? v->fd : -1, e);
}

static void leave(struct netd *d, size_t *count)
{
    (void)pthread_mutex_lock(&d->lock);
    (*count)--;
    (void)pthread_cond_broadcast(&d->less);
    (void)pthread_mutex_unlock(&d->lock);
}

/* It is no call any more: it stays as long as somebody reads. */
static bool become_flow(struct netd *d)
{
    (void)pthread_mutex_lock(&d->lock);
    bool fits = d->flows < NETD_FLOWS_MAX;
    if (fits) {
        d->flows++;
        d->calls--;
        (void)pthread_cond_broadcast(&d->less);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return fits;
}

static void serve_one(struct visit *v, size_t **count)
{
    struct netd *d = v->netd;
    struct err e = {0};
    struct err lost = {0};
    enum netd_call call = NETD_CALLS;
    int r = read_request(v, &call, &e);
    const char *name = call < NETD_CALLS ? netd_calls[call].name : "none";
    if (call == NETD_CALLS) { /* there is nothing that could be answered */
        report(d, name, &e);
        return;
    }
    if (r < 0)
        report(d, name, &e);
    else
        r = run(v, call, &e);
    if (r == 0 && call == NETD_FLOWS && !become_flow(d)) {
        v->capture->ops->close(v->capture);
        r = err_set(&e, ENOSPC, "the flows of %d VPCs are followed", NETD_FLOWS_MAX);
    } else if (r == 0 && call == NETD_FLOWS) {
        *count = &d->flows;
    }
    bool told = answer(v, call, r, &e, &lost) == 0;
    if (!told)
        report(d, name, &lost);
    if (*count == &d->flows && told)
        netd_flows_tell(v->socket, v->capture, d->stop_fd);
    else if (*count == &d->flows)
        v->capture->ops->close(v->capture);
}

static void *serve(void *ctx)
{
    struct visit *v = ctx;
    struct netd *d = v->netd;
    size_t *count = &d->calls;
    v->arena = arena_new();
    serve_one(v, &count);
    cleanup_close(&v->fd);
    (void)close(v->socket);
    arena_free(v->arena);
    free(v);
    leave(d, count);
    return NULL;
}

/* --- the door */

/* At most for a moment: the caller looks whether it is to end. Nobody else makes calls more. */
static bool wait_for_room(struct netd *d)
{
    int64_t until = clock_monotonic() + MOMENT_MS;
    struct timespec ts = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    (void)pthread_mutex_lock(&d->lock);
    while (d->calls >= NETD_CALLS_MAX &&
           pthread_cond_timedwait(&d->less, &d->lock, &ts) != ETIMEDOUT)
        ;
    bool room = d->calls < NETD_CALLS_MAX;
    (void)pthread_mutex_unlock(&d->lock);
    return room;
}

static int start_visit(struct netd *d, int socket)
{
    struct visit *v = calloc(1, sizeof(*v));
    CHECK_MEMORY(v != NULL);
    v->netd = d;
    v->socket = socket;
    v->fd = -1;
    (void)pthread_mutex_lock(&d->lock);
    d->calls++;
    (void)pthread_mutex_unlock(&d->lock);
    pthread_t thread;
    int r = pthread_create(&thread, NULL, serve, v);
    if (r != 0) {
        free(v);
        leave(d, &d->calls);
        return -r;
    }
    (void)pthread_detach(thread);
    return 0;
}

/* One that has gone, or a signal: there is nothing to wait for. */
static bool is_passing(int error)
{
    return error == EINTR || error == EAGAIN || error == ECONNABORTED;
}

static void accept_all(struct netd *d)
{
    for (;;) {
        bool room = wait_for_room(d);
        struct pollfd fds[] = {{.fd = d->stop_fd, .events = POLLIN},
                               {.fd = room ? d->config.listener : -1, .events = POLLIN}};
        int n = poll(fds, ARRAY_SIZE(fds), room ? IDLE_MS : 0);
        if (n < 0 && errno != EINTR)
            return;
        if (n == 0 && room)
            memory_give_back();
        if (fds[0].revents != 0)
            return;
        if (fds[1].revents == 0)
            continue;
        int socket = accept4(d->config.listener, NULL, NULL, SOCK_CLOEXEC);
        int r = socket < 0 ? -errno : start_visit(d, socket);
        if (socket >= 0 && r < 0)
            (void)close(socket);
        if (r < 0 && !is_passing(-r))
            clock_sleep(MOMENT_MS); /* no descriptors, memory or threads: others will end */
    }
}

/* False: some have not ended in time. */
static bool wait_for_all(struct netd *d)
{
    int64_t deadline = clock_monotonic() + STOP_MS;
    bool any = true;
    while (any && clock_monotonic() < deadline) {
        (void)pthread_mutex_lock(&d->lock);
        any = d->calls + d->flows > 0;
        (void)pthread_mutex_unlock(&d->lock);
        if (any)
            clock_sleep(10);
    }
    return !any;
}

int netd_serve(const struct netd_config *config, int stop_fd, struct err *e)
{
    struct netd *d = calloc(1, sizeof(*d));
    CHECK_MEMORY(d != NULL);
    d->config = *config;
    d->stop_fd = stop_fd;
    (void)pthread_rwlock_init(&d->open, NULL);
    for (size_t i = 0; i < STRIPES; i++)
        (void)pthread_mutex_init(&d->stripes[i], NULL);
    (void)pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->less, &attr);
    (void)pthread_condattr_destroy(&attr);
    accept_all(d);
    if (!wait_for_all(d)) /* they still use it: it ends with the process */
        return err_set(e, ETIMEDOUT, "calls were under way when it ended");
    if (d->network != NULL)
        d->network->ops->free(d->network);
    (void)pthread_rwlock_destroy(&d->open);
    for (size_t i = 0; i < STRIPES; i++)
        (void)pthread_mutex_destroy(&d->stripes[i]);
    (void)pthread_mutex_destroy(&d->lock);
    (void)pthread_cond_destroy(&d->less);
    free(d);
    return 0;
}
