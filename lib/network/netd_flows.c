#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "network/netd_internal.h"

#define TICK_MS  500        /* the namespace may have gone */
#define KEEP_MAX (64 << 10) /* bytes of events that are sent together */

struct telling {
    int socket;
    bool failed;
    struct buf events;
};

static void flush(struct telling *t)
{
    const char *data = buf_str(&t->events);
    size_t left = t->events.len;
    while (left > 0 && !t->failed) {
        ssize_t n = send(t->socket, data, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        t->failed = n < 0;
        data += n < 0 ? 0 : n;
        left -= n < 0 ? 0 : (size_t)n;
    }
    buf_reset(&t->events);
}

static void add(struct telling *t, const struct netd_flow_event *event)
{
    if (t->events.len + sizeof(*event) > KEEP_MAX)
        flush(t);
    buf_add(&t->events, event, sizeof(*event));
}

static void on_seen(void *ctx, const struct flow_seen *seen, const uint8_t own[16])
{
    struct netd_flow_event event;
    memset(&event, 0, sizeof(event));
    event.kind = NETD_FLOW_SEEN;
    event.seen = *seen;
    event.has_own = own != NULL;
    if (own != NULL)
        memcpy(event.own, own, sizeof(event.own));
    add(ctx, &event);
}

static void on_lost(void *ctx)
{
    struct netd_flow_event event;
    memset(&event, 0, sizeof(event));
    event.kind = NETD_FLOW_LOST;
    add(ctx, &event);
}

const struct flow_listener netd_flows_listener = {on_seen, on_lost};

/* Each byte that came asks for the counters. False: the other side has gone. */
static bool answer_polls(struct telling *t, struct flow_capture *capture)
{
    char bytes[16];
    ssize_t n = recv(t->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    for (ssize_t i = 0; i < n; i++) {
        struct netd_flow_event event;
        memset(&event, 0, sizeof(event));
        event.kind = NETD_FLOW_POLLED;
        event.code = capture->ops->poll(capture, NULL);
        add(t, &event);
    }
    return n > 0;
}

void netd_flows_tell(int socket, struct flow_capture *capture, int stop_fd)
{
    struct telling t = {.socket = socket, .events = BUF_INIT(KEEP_MAX)};
    int64_t looked = clock_monotonic();
    bool goes_on = true;
    capture->ops->tell(capture, &t);
    while (goes_on && !t.failed) {
        int own[2] = {-1, -1};
        capture->ops->fds(capture, own);
        struct pollfd fds[] = {{.fd = stop_fd, .events = POLLIN},
                               {.fd = socket, .events = POLLIN},
                               {.fd = own[0], .events = POLLIN},
                               {.fd = own[1], .events = POLLIN}};
        (void)poll(fds, ARRAY_SIZE(fds), TICK_MS);
        goes_on = fds[0].revents == 0;
        capture->ops->read(capture);
        if (fds[1].revents != 0)
            goes_on = answer_polls(&t, capture) && goes_on;
        flush(&t);
        if (clock_monotonic() - looked >= TICK_MS) {
            looked = clock_monotonic();
            goes_on = goes_on && capture->ops->is_alive(capture);
        }
    }
    capture->ops->close(capture);
    buf_done(&t.events);
}
