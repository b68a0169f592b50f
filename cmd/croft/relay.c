#include "croft/relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define CHUNK ((size_t)32 << 10)

/* One direction: what was read and is not written yet. */
struct flow {
    int from, to;
    bool to_is_socket;
    bool ended;  /* `from` has no more */
    bool closed; /* and `to` was told, or takes no more */
    size_t at, n;
    /* An escape that turned out to be none gives a byte back, a filter what it held. */
    char data[CHUNK + TEXT_FILTER_HELD];
};

static bool is_socket(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode);
}

static void flow_read(struct flow *f)
{
    ssize_t n = read(f->from, f->data, CHUNK);

    if (n > 0)
        f->n = (size_t)n;
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        f->ended = true;
    f->at = 0;
}

/*
 * Writes without blocking. Descriptors 0 and 1 are shared with other processes, so that they cannot
 * be made non-blocking; a pipe that poll() calls writable takes PIPE_BUF bytes at once.
 */
static void flow_write(struct flow *f)
{
    size_t len = f->n - f->at;
    ssize_t n;

    if (f->to_is_socket)
        n = send(f->to, f->data + f->at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else
        n = write(f->to, f->data + f->at, len < PIPE_BUF ? len : PIPE_BUF);
    if (n >= 0)
        f->at += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR)
        f->closed = true;
    if (f->at == f->n)
        f->at = f->n = 0;
}

/* Takes the escape out of what was typed; true when it says to leave. */
static bool leave(struct flow *in, struct escape *escape)
{
    char typed[CHUNK];
    size_t used, n = in->n, done = 0;
    enum escape_order order;

    memcpy(typed, in->data, n);
    in->n = 0;
    do {
        size_t made;
        order = escape_filter(escape, typed + done, n - done, &used, in->data + in->n, &made);
        in->n += made;
        done += used;
    } while (order == ESCAPE_HELP && done < n);
    return order == ESCAPE_QUIT;
}

static void pass(struct flow *out, struct text_filter *filter)
{
    char raw[CHUNK];
    size_t n = out->n;

    memcpy(raw, out->data, n);
    out->n = text_filter(filter, raw, n, out->data);
}

static void step(struct flow *in, struct flow *out, struct text_filter *filter,
                 const struct pollfd *p)
{
    if (out->n == 0 && p[1].revents != 0) {
        flow_read(out);
        if (filter != NULL)
            pass(out, filter);
    }
    if (out->n > 0 && !out->closed && p[2].revents != 0)
        flow_write(out);
    if (in->n > 0 && !in->closed && p[3].revents != 0)
        flow_write(in);
}

int relay_run(int remote, struct escape *escape, struct text_filter *filter, int signals,
              struct err *e)
{
    static struct flow in, out;

    in = (struct flow){.from = STDIN_FILENO, .to = remote, .to_is_socket = true};
    out = (struct flow){
        .from = remote, .to = STDOUT_FILENO, .to_is_socket = is_socket(STDOUT_FILENO)};
    while (!out.closed && (!out.ended || out.n > 0)) {
        bool reading = !in.ended && !in.closed && in.n == 0;
        struct pollfd p[5] = {
            {.fd = reading ? in.from : -1, .events = POLLIN},
            {.fd = !out.ended && out.n == 0 ? out.from : -1, .events = POLLIN},
            {.fd = out.n > 0 ? out.to : -1, .events = POLLOUT},
            {.fd = in.n > 0 && !in.closed ? in.to : -1, .events = POLLOUT},
            {.fd = signals, .events = POLLIN},
        };

        if (poll(p, 5, -1) < 0 && errno != EINTR)
            return err_errno(e, errno, "cannot wait for input");
        if (p[4].revents != 0) {
            int sig = terminal_signal(signals);
            if (sig == SIGHUP || sig == SIGTERM)
                return 0;
        }
        if (p[0].revents != 0) {
            flow_read(&in);
            if (escape != NULL && in.n > 0 && leave(&in, escape))
                return 0;
        }
        step(&in, &out, filter, p);
        if (in.ended && in.n == 0 && !in.closed) {
            (void)shutdown(remote, SHUT_WR);
            in.closed = true;
        }
    }
    return 0;
}
