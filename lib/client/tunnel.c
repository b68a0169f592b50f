/*
 * A tunnel: libcurl connects (TLS, too), we send the upgrade and read the answer's header, because
 * libcurl keeps no connection open after an upgrade that it does not know. The header is read byte
 * by byte: what follows it belongs to the guest's stream and must stay in the socket.
 *
 * Over TLS the stream cannot be a plain descriptor; there a thread relays between libcurl and one
 * half of a socket pair, whose other half the caller gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "client/client_internal.h"

#define HEADER_MAX ((size_t)16 << 10)
#define RELAY_SIZE ((size_t)32 << 10)

static int socket_of(CURL *curl)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK)
        return -1;
    return fd;
}

static int wait_for(CURL *curl, short what, int64_t deadline)
{
    int64_t left = deadline - clock_monotonic();
    struct pollfd p = {.fd = socket_of(curl), .events = what};
    if (left > INT32_MAX)
        left = INT32_MAX;
    return left > 0 && poll(&p, 1, (int)left) > 0 ? 0 : -ETIMEDOUT;
}

static CURLcode send_all(CURL *curl, const char *data, size_t len, int64_t deadline)
{
    while (len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(curl, data, len, &n);
        if (code == CURLE_AGAIN && wait_for(curl, POLLOUT, deadline) < 0)
            return CURLE_OPERATION_TIMEDOUT;
        if (code != CURLE_OK && code != CURLE_AGAIN)
            return code;
        data += n;
        len -= n;
    }
    return CURLE_OK;
}

/* Appends up to `len` bytes; CURLE_GOT_NOTHING at the end of the stream. */
static CURLcode receive(CURL *curl, struct buf *out, size_t len, int64_t deadline)
{
    char *to = buf_reserve(out, len);
    if (to == NULL)
        return CURLE_FILESIZE_EXCEEDED;
    for (;;) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(curl, to, len, &n);
        if (code == CURLE_OK && n > 0) {
            out->len += n;
            out->data[out->len] = '\0';
            return CURLE_OK;
        }
        if (code == CURLE_OK)
            return CURLE_GOT_NOTHING;
        if (code != CURLE_AGAIN)
            return code;
        if (wait_for(curl, POLLIN, deadline) < 0)
            return CURLE_OPERATION_TIMEDOUT;
    }
}

static CURLcode exchange(struct client *c, CURL *curl, const char *target, int64_t deadline,
                         struct client_reply *reply)
{
    const struct client_message m = {.method = "GET", .target = target, .upgrade = true};
    struct headers h = client_headers(c, &m);
    _cleanup_buf_ struct buf text = BUF_INIT(HEADER_MAX);
    buf_printf(&text, "GET %s HTTP/1.1\r\n", target);
    for (size_t i = 0; i < h.n; i++)
        buf_printf(&text, "%s: %s\r\n", h.v[i].name, h.v[i].value);
    buf_add_str(&text, "\r\n");
    if (text.failed)
        return CURLE_FILESIZE_EXCEEDED;
    CURLcode code = send_all(curl, text.data, text.len, deadline);

    buf_reset(&text);
    while (code == CURLE_OK &&
           (text.len < 4 || memcmp(text.data + text.len - 4, "\r\n\r\n", 4) != 0))
        code = receive(curl, &text, 1, deadline);
    if (code != CURLE_OK)
        return code;
    if (sscanf(text.data, "HTTP/1.1 %3d", &reply->status) != 1)
        return CURLE_WEIRD_SERVER_REPLY;
    const char *id = strcasestr(text.data, "\r\nx-amzn-requestid:");
    if (id != NULL)
        (void)sscanf(id + 19, " %36[0-9a-f-]", reply->request_id);
    if (reply->status == 101)
        return CURLE_OK;
    /* A refusal, with its reason; croftd sends no chunked one. */
    const char *length = strcasestr(text.data, "\r\ncontent-length:");
    size_t left = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
    while (code == CURLE_OK && reply->body.len < left)
        code = receive(curl, &reply->body, left - reply->body.len, deadline);
    return code == CURLE_GOT_NOTHING ? CURLE_OK : code;
}

/* Bytes on their way: data[start..end). */
struct flow {
    size_t start;
    size_t end;
    char data[RELAY_SIZE];
};

struct relay {
    CURL *curl;
    int fd;
    bool local_ended; /* the caller has shut down its sending half */
    struct flow out;  /* caller to server */
    struct flow in;   /* server to caller */
};

/*
 * What the caller wrote, to the server; false when the caller is gone or the connection is. TLS in
 * libcurl cannot close one half, so the server is told when the caller closes.
 */
static bool move_out(struct relay *r, short revents)
{
    struct flow *f = &r->out;
    if (f->start == f->end && !r->local_ended && revents != 0) {
        f->start = f->end = 0;
        ssize_t n = recv(r->fd, f->data, RELAY_SIZE, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        f->end = n > 0 ? (size_t)n : 0;
        r->local_ended = n == 0;
    }
    if (r->local_ended && (revents & POLLHUP) != 0)
        return false;
    while (f->start < f->end) {
        size_t n = 0;
        CURLcode code = curl_easy_send(r->curl, f->data + f->start, f->end - f->start, &n);
        if (code == CURLE_AGAIN)
            return true;
        if (code != CURLE_OK)
            return false;
        f->start += n;
    }
    return true;
}

/* And the other way, until there is no more: what TLS has decrypted does not show in poll(). */
static bool move_in(struct relay *r)
{
    struct flow *f = &r->in;
    for (;;) {
        while (f->start < f->end) {
            ssize_t n = send(r->fd, f->data + f->start, f->end - f->start, MSG_NOSIGNAL);
            if (n < 0 && errno == EAGAIN)
                return true;
            if (n < 0 && errno != EINTR)
                return false;
            f->start += n > 0 ? (size_t)n : 0;
        }
        f->start = f->end = 0;
        size_t n = 0;
        CURLcode code = curl_easy_recv(r->curl, f->data, RELAY_SIZE, &n);
        if (code == CURLE_AGAIN)
            return true;
        if (code != CURLE_OK || n == 0)
            return false;
        f->end = n;
    }
}

static void *relay(void *arg)
{
    struct relay *r = arg;
    for (;;) {
        bool sending = r->out.start < r->out.end;
        bool receiving = r->in.start < r->in.end;
        struct pollfd p[2] = {
            {.fd = socket_of(r->curl)},
            {.fd = r->fd},
        };
        p[0].events = (short)((receiving ? 0 : POLLIN) | (sending ? POLLOUT : 0));
        p[1].events = (short)((sending || r->local_ended ? 0 : POLLIN) | (receiving ? POLLOUT : 0));
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            break;
        if (!move_out(r, p[1].revents) || !move_in(r))
            break;
    }
    (void)close(r->fd);
    curl_easy_cleanup(r->curl);
    free(r);
    return NULL;
}

/* Takes over the handle when it succeeds. */
static int start_relay(CURL *curl, int *ret_fd, struct err *e)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_errno(e, errno, "cannot make a socket");
    struct relay *r = calloc(1, sizeof(*r));
    CHECK(r != NULL);
    r->curl = curl;
    r->fd = pair[0];
    (void)fcntl(r->fd, F_SETFL, O_NONBLOCK);
    /* The handle outlives the client that its error buffer is in. */
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, relay, r);
    if (failed != 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
        free(r);
        return err_errno(e, failed, "cannot start a thread");
    }
    (void)pthread_detach(thread);
    *ret_fd = pair[1];
    return 0;
}

static int hand_over(CURL *curl, int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd = fcntl(socket_of(curl), F_DUPFD_CLOEXEC, 0);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
        return err_errno(e, errno, "cannot take the connection over");
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int client_upgrade(struct client *c, const char *target, int *ret_fd, struct client_reply *reply,
                   struct err *e)
{
    buf_reset(&reply->body);
    reply->status = 0;
    reply->request_id[0] = reply->code[0] = reply->message[0] = '\0';
    CURL *curl = curl_easy_init();
    CHECK(curl != NULL);
    client_aim(c, curl);
    (void)curl_easy_setopt(curl, CURLOPT_URL, c->base);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = exchange(c, curl, target, clock_monotonic() + c->timeout_ms, reply);
    int r = 0;
    if (code != CURLE_OK) {
        r = client_failed(c, curl, code, e);
    } else if (reply->status != 101) {
        r = reply->status < 300 ? err_set(e, EPROTO, "croftd at %s did not open a tunnel", c->where)
                                : client_judge(reply, e);
    } else if (has_prefix(c->base, "https:")) {
        r = start_relay(curl, ret_fd, e);
        if (r == 0)
            curl = NULL;
    } else {
        r = hand_over(curl, ret_fd, e);
    }
    if (curl != NULL)
        curl_easy_cleanup(curl);
    arena_reset(c->arena);
    return r;
}

int client_tunnel(struct client *c, const char *instance_id, unsigned port, int *ret_fd,
                  struct client_reply *reply, struct err *e)
{
    const char *target = arena_printf(c->arena, "/v1/tunnel/%s/%u", instance_id, port);

    return client_upgrade(c, target, ret_fd, reply, e);
}
