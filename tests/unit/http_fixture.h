#pragma once
/*
 * A server with one TCP and one unix listener, handlers that say what reached them, and clients
 * that are bare sockets, because much of what is tested no HTTP library would send.
 */
/* Each test file uses what it needs. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-variable"

#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/text.h"
#include "unit.h"

#define WAIT_MS 8000

static atomic_uint aborted;
static atomic_ulong uploaded;
static atomic_uint entered; /* slow handlers */
static atomic_bool leave;
static int guest_fd = -1; /* the far end of the last tunnel */

static void answer(struct http_response *resp, int status, const char *text)
{
    resp->status = status;
    resp->content_type = "text/plain";
    buf_reset(&resp->body);
    buf_add_str(&resp->body, text);
}

/* Says what arrived. */
static void describe(const struct http_request *req, struct http_response *resp)
{
    resp->content_type = "text/plain";
    buf_printf(&resp->body, "%s|%s|%s|%zu|%s|%s", req->method, req->path, req->query, req->body_len,
               req->body_len < 100 ? req->body : "...", req->peer->address);
    if (req->peer->is_unix)
        buf_printf(&resp->body, "|uid=%u", (unsigned)req->peer->uid);
    for (size_t i = 0; i < req->headers.n; i++) {
        if (has_prefix(req->headers.v[i].name, "X-"))
            buf_printf(&resp->body, "|%s=%s", req->headers.v[i].name, req->headers.v[i].value);
    }
}

static void handle(void *ctx, const struct http_request *req, struct http_response *resp)
{
    if (has_prefix(req->path, "/slow")) {
        (void)atomic_fetch_add(&entered, 1);
        while (!atomic_load(&leave))
            clock_sleep(5);
        answer(resp, 200, "slow");
    } else if (streq(req->path, "/tunnel")) {
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        resp->tunnel_fd = pair[0];
        guest_fd = pair[1];
    } else if (streq(req->path, "/large")) {
        static const char line[] = "0123456789abcde\n";
        for (size_t i = 0; i < (size_t)(4 << 20) / 16; i++)
            buf_add(&resp->body, line, 16);
    } else if (streq(req->path, "/toolarge")) {
        while (!resp->body.failed)
            buf_printf(&resp->body, "%1000d", 0);
    } else {
        describe(req, resp);
    }
}

static bool is_slow(void *ctx, const struct http_request *req)
{
    return has_prefix(req->path, "/slow");
}

static void render_error(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp)
{
    ck_assert_uint_eq(strlen(req->request_id), 36);
    resp->content_type = "text/xml";
    buf_printf(&resp->body, "<Error>%d %s</Error>", status, message);
}

static int sink_write(void *sink, const void *data, size_t len)
{
    (void)atomic_fetch_add(&uploaded, len);
    return streq(sink, "/upload/broken") ? -ENOSPC : 0;
}

static void sink_finish(void *sink, const struct http_request *req, struct http_response *resp)
{
    if (streq(sink, "/upload/broken"))
        answer(resp, 500, "no space");
    else
        buf_printf(&resp->body, "%lu bytes for %s", atomic_load(&uploaded), req->path);
    free(sink);
}

static void sink_abort(void *sink)
{
    (void)atomic_fetch_add(&aborted, 1);
    free(sink);
}

static int begin_upload(void *ctx, const struct http_request *req, struct http_response *resp,
                        struct http_sink *ret_sink)
{
    if (streq(req->path, "/upload/denied")) {
        answer(resp, 403, "denied");
        return -1;
    }
    if (!has_prefix(req->path, "/upload/"))
        return 0;
    atomic_store(&uploaded, 0);
    *ret_sink = (struct http_sink){strdup(req->path), (uint64_t)32 << 20, sink_write, sink_finish,
                                   sink_abort};
    return 1;
}

static const struct http_callbacks callbacks = {handle, is_slow, render_error, begin_upload};

static char socket_path[108];
static struct http_server *server;

static void name_socket(void)
{
    (void)snprintf(socket_path, sizeof(socket_path), "/tmp/croft-unit-http-%d.sock", (int)getpid());
}

/* One TCP and one unix listener. */
static void start(unsigned idle_s, unsigned receive_s)
{
    name_socket();
    const struct http_listener listeners[] = {
        {.fd = -1, .address = "127.0.0.1:0"},
        {.fd = -1, .address = socket_path, .unix_mode = 0660, .unix_gid = (gid_t)-1},
    };
    const struct http_config config = {
        .listeners = listeners,
        .n_listeners = 2,
        .idle_timeout_s = idle_s,
        .receive_timeout_s = receive_s,
    };
    struct err e = {0};
    int r = http_server_new(&config, &callbacks, NULL, &server, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

static void stop(void)
{
    http_server_free(server);
    ck_assert_int_eq(access(socket_path, F_OK), -1);
}

static int dial_tcp(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static int dial(void)
{
    return dial_tcp(http_server_port(server, 0));
}

static int dial_unix(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    return fd;
}

static bool send_bytes(int fd, const void *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        data = (const char *)data + n;
        len -= (size_t)n;
    }
    return true;
}

static bool send_text(int fd, const char *text)
{
    return send_bytes(fd, text, strlen(text));
}

/* Reads into `to` (a string) until it holds `until` (NULL: to the end); false when it never does.
 */
static bool read_until(int fd, struct buf *to, const char *until)
{
    int64_t deadline = clock_monotonic() + WAIT_MS;
    for (;;) {
        if (until != NULL && strstr(buf_str(to), until) != NULL)
            return true;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - clock_monotonic();
        ck_assert_msg(left > 0 && poll(&p, 1, (int)left) == 1, "nothing came; so far: %.200s",
                      buf_str(to));
        char data[65536];
        ssize_t n = recv(fd, data, sizeof(data), 0);
        if (n <= 0)
            return until == NULL;
        buf_add(to, data, (size_t)n);
    }
}

/* Sends a request on a connection of its own and yields the whole answer; free(). */
static char *ask(int fd, const char *request)
{
    struct buf reply = BUF_INIT((size_t)64 << 20);
    (void)send_text(fd, request);
    (void)read_until(fd, &reply, NULL);
    (void)close(fd);
    return buf_take(&reply);
}

static void expect(const char *reply, const char *part)
{
    ck_assert_msg(strstr(reply, part) != NULL, "no '%s' in: %.600s", part, reply);
}

#define CLOSE "Connection: close\r\n"
