/* Flows of a VPC as croft-netd tells them: a connection that stays, and brings netd_flow_event. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "network/remote_internal.h"

#define EVENTS  256   /* that are read at once */
#define POLL_MS 10000 /* for the counters to be told */

struct remote_capture {
    struct flow_capture base;
    int socket;
    bool is_dead;
    struct flow_listener listener;
    void *ctx;
    struct netd_flow_event events[EVENTS];
    size_t have; /* bytes of them */
    bool polled;
    int poll_code;
};

static struct remote_capture *self(struct flow_capture *c)
{
    return (struct remote_capture *)c;
}

static void take(struct remote_capture *c, const struct netd_flow_event *event)
{
    switch ((enum netd_flow_kind)event->kind) {
    case NETD_FLOW_SEEN:
        c->listener.seen(c->ctx, &event->seen, event->has_own ? event->own : NULL);
        break;
    case NETD_FLOW_LOST:
        c->listener.lost(c->ctx);
        break;
    case NETD_FLOW_POLLED:
        c->polled = true;
        c->poll_code = event->code;
        break;
    }
}

/* False: there is no more for the moment. */
static bool receive(struct remote_capture *c)
{
    char *bytes = (char *)c->events;
    ssize_t n = recv(c->socket, bytes + c->have, sizeof(c->events) - c->have, MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
        return true;
    if (n <= 0) {
        c->is_dead = c->is_dead || n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return false;
    }
    c->have += (size_t)n;
    size_t whole = c->have / sizeof(c->events[0]);
    for (size_t i = 0; i < whole; i++)
        take(c, &c->events[i]);
    size_t done = whole * sizeof(c->events[0]);
    memmove(bytes, bytes + done, c->have - done);
    c->have -= done;
    return true;
}

static void remote_read(struct flow_capture *capture)
{
    while (receive(self(capture)))
        ;
}

static int remote_poll(struct flow_capture *capture, struct err *e)
{
    struct remote_capture *c = self(capture);
    int64_t deadline = clock_monotonic() + POLL_MS;
    c->polled = false;
    if (send(c->socket, "", 1, MSG_NOSIGNAL) != 1)
        c->is_dead = true;
    while (!c->polled && !c->is_dead) {
        int64_t left = deadline - clock_monotonic();
        struct pollfd p = {.fd = c->socket, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return err_set(e, ETIMEDOUT, "croft-netd does not tell the counters of flows");
        remote_read(capture);
    }
    if (c->is_dead)
        return err_set(e, EPIPE, "croft-netd does not follow the flows any more");
    return c->poll_code < 0 ? err_set(e, -c->poll_code, "croft-netd cannot read the connections")
                            : 0;
}

static void remote_tell(struct flow_capture *capture, void *ctx)
{
    self(capture)->ctx = ctx;
}

static void remote_close(struct flow_capture *capture)
{
    struct remote_capture *c = self(capture);
    (void)close(c->socket);
    free(c);
}

static bool remote_is_alive(const struct flow_capture *capture)
{
    return !((const struct remote_capture *)capture)->is_dead;
}

static void remote_fds(const struct flow_capture *capture, int ret_fds[2])
{
    const struct remote_capture *c = (const struct remote_capture *)capture;
    ret_fds[0] = c->is_dead ? -1 : c->socket;
    ret_fds[1] = -1;
}

static const struct flow_capture_ops remote_ops = {
    .tell = remote_tell,
    .close = remote_close,
    .is_alive = remote_is_alive,
    .fds = remote_fds,
    .read = remote_read,
    .poll = remote_poll,
};

int remote_follow(struct network *network, const char *vpc_id, const struct flow_listener *listener,
                  void *ctx, struct flow_capture **ret, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct netd_vpc request = {vpc_id};
    int socket = -1;
    int r = remote_call(network, a, NETD_FLOWS, &request, NULL, NULL, &socket, e);
    if (r < 0)
        return r;
    struct remote_capture *c = calloc(1, sizeof(*c));
    CHECK_MEMORY(c != NULL);
    c->base.ops = &remote_ops;
    c->socket = socket;
    c->listener = *listener;
    c->ctx = ctx;
    *ret = &c->base;
    return 0;
}
