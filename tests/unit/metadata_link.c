/* croftd's end and croft-metadata's, joined by a socket: what a guest asks and what it hears. */
#include "metadata/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/door.h"
#include "base/text.h"
#include "metadata/calls.h"
#include "metadata/front.h"
#include "network/pack.h"
#include "unit.h"

#define WAIT_MS 8000
#define NETWORK 7
#define CLOSE   "Host: h\r\nConnection: close\r\n"

static char directory[UNIT_DIRECTORY_SIZE];
static char path[UNIT_DIRECTORY_SIZE + 16];

/* croft-metadata */
static struct front_config front;
static int front_end;
static pthread_t front_thread;

/* croftd */
static struct metadata_link *croftd;
static int wake;
static int feed;
static atomic_uint asked;
static atomic_uint held; /* answers that wait for `leave` */
static atomic_bool leave;
static atomic_int tunnel = -1; /* the far end */

static void *serve_front(void *arg)
{
    (void)arg;
    ck_assert_int_eq(front_serve(&front, front_end, NULL), 0);
    return NULL;
}

static void start_front(void)
{
    front = (struct front_config){.listener = -1, .user = geteuid()};
    ck_assert_int_eq(door_listen(path, geteuid(), &front.listener, NULL), 0);
    front_end = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(pthread_create(&front_thread, NULL, serve_front, NULL), 0);
}

static void stop_front(void)
{
    ck_assert_int_eq(eventfd_write(front_end, 1), 0);
    ck_assert_int_eq(pthread_join(front_thread, NULL), 0);
    (void)close(front_end);
    (void)close(front.listener);
}

/* Says what arrived. */
static void describe(const struct http_request *req, int status, const char *message,
                     struct http_response *resp)
{
    resp->content_type = "text/plain";
    buf_printf(&resp->body, "%d|%s|%s|%s|%s|%u|%zu|", status, message, req->method, req->path,
               req->query, req->peer->network, req->body_len);
    buf_add(&resp->body, req->body, req->body_len);
    buf_printf(&resp->body, "|%s", req->peer->address);
    for (size_t i = 0; i < req->headers.n; i++)
        if (has_prefix(req->headers.v[i].name, "X-"))
            buf_printf(&resp->body, "|%s=%s", req->headers.v[i].name, req->headers.v[i].value);
}

static void answer(void *ctx, const struct http_request *req, int status, const char *message,
                   struct http_response *resp)
{
    (void)ctx;
    (void)atomic_fetch_add(&asked, 1);
    if (streq(req->path, "/v1/Hold")) {
        (void)atomic_fetch_add(&held, 1);
        while (!atomic_load(&leave))
            clock_sleep(5);
    }
    if (streq(req->path, "/tunnel")) {
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        resp->tunnel_fd = pair[0];
        tunnel = pair[1];
        return;
    }
    describe(req, status, message, resp);
    resp->status = status == 0 ? 200 : status;
    resp->hop_limit = 1;
    if (streq(req->path, "/large"))
        while (!resp->body.failed && resp->body.len < (size_t)4 << 20)
            buf_printf(&resp->body, "%1000d", 0);
    if (streq(req->path, "/toolarge"))
        while (!resp->body.failed)
            buf_printf(&resp->body, "%1000d", 0);
}

static void start_croftd(void)
{
    const struct link_config config = {.socket_path = path, .answer = answer};
    wake = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(link_new(&config, &croftd, NULL), 0);
}

static void stop_croftd(void)
{
    link_free(croftd);
    (void)close(wake);
}

static void begin(void)
{
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/" METADATA_SOCKET, directory);
    atomic_store(&asked, 0);
    atomic_store(&held, 0);
    atomic_store(&leave, false);
    start_front();
    start_croftd();
    ck_assert_int_eq(link_open(croftd, wake, &feed), 0);
}

static void end(void)
{
    stop_croftd();
    stop_front();
}

/* A connection of a guest of the network, given to croft-metadata. */
static int dial_from(const char *address, uint32_t network)
{
    int pair[2];
    struct sockaddr_storage from = {.ss_family = AF_INET};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(inet_pton(AF_INET, address, &((struct sockaddr_in *)&from)->sin_addr), 1);
    ck_assert_int_eq(link_give(croftd, pair[0], &from, network), 0);
    return pair[1];
}

static int dial(void)
{
    return dial_from("10.0.0.5", NETWORK);
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes until the end of the connection. */
static char *hear(int fd)
{
    struct buf heard = BUF_INIT((size_t)64 << 20);
    for (;;) {
        char data[65536];
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "nothing came; so far: %.200s", buf_str(&heard));
        ssize_t n = recv(fd, data, sizeof(data), 0);
        if (n <= 0)
            break;
        buf_add(&heard, data, (size_t)n);
    }
    (void)close(fd);
    return buf_take(&heard);
}

static char *ask(const char *request)
{
    int fd = dial();
    say(fd, request);
    return hear(fd);
}

static void expect(const char *reply, const char *part)
{
    ck_assert_msg(strstr(reply, part) != NULL, "no '%s' in: %.600s", part, reply);
}

static void wait_for(atomic_uint *count, unsigned n)
{
    for (int64_t until = clock_monotonic() + WAIT_MS; atomic_load(count) < n; clock_sleep(5))
        ck_assert_msg(clock_monotonic() < until, "%u of %u", atomic_load(count), n);
}

START_TEST(a_question_arrives_as_the_guest_asked_it)
{
    _cleanup_free_ char *get = ask("GET /a%20b?x=1 HTTP/1.1\r\nX-A: 1\r\nX-A: 2\r\n" CLOSE "\r\n");
    expect(get, "HTTP/1.1 200 ");
    expect(get, "0||GET|/a%20b|x=1|7|0||10.0.0.5|X-A=1|X-A=2");
    _cleanup_free_ char *post =
        ask("POST / HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "\r\nA=b\xff\n");
    expect(post, "0||POST|/||7|5|A=b\xff\n|10.0.0.5");
    _cleanup_free_ char *large = ask("GET /large HTTP/1.1\r\n" CLOSE "\r\n");
    ck_assert_uint_gt(strlen(large), (size_t)4 << 20);
    _cleanup_free_ char *too_large = ask("GET /toolarge HTTP/1.1\r\n" CLOSE "\r\n");
    expect(too_large, "HTTP/1.1 500 ");
}
END_TEST

START_TEST(what_http_refuses_croftd_words)
{
    _cleanup_free_ char *reply = ask("GET / HTTP/1.1\r\nContent-Length: x\r\n" CLOSE "\r\n");
    expect(reply, "HTTP/1.1 400 ");
    static char body[METADATA_BODY_MAX + 1];
    int fd = dial();
    say(fd, "PUT /x HTTP/1.1\r\nContent-Length: 65537\r\n" CLOSE "\r\n");
    memset(body, 'b', sizeof(body));
    (void)send(fd, body, sizeof(body), MSG_NOSIGNAL); /* it may refuse before it has all */
    _cleanup_free_ char *larger = hear(fd);
    expect(larger, "HTTP/1.1 413 ");
    expect(larger, "413|");
}
END_TEST

START_TEST(a_request_that_no_question_can_be_is_refused)
{
    /* libmicrohttpd lets these through. */
    _cleanup_free_ char *control = ask("GET /a HTTP/1.1\r\nX-A: a\x1b[2Jb\r\n" CLOSE "\r\n");
    expect(control, "HTTP/1.1 400 ");
    _cleanup_free_ char *name = ask("GET /a HTTP/1.1\r\nX-\x80: 1\r\n" CLOSE "\r\n");
    expect(name, "HTTP/1.1 400 ");
    ck_assert_uint_eq(atomic_load(&asked), 0);
}
END_TEST

START_TEST(a_tunnel_comes_through)
{
    int fd = dial();
    say(fd,
        "GET /tunnel HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: croft-tunnel\r\n\r\n");
    char data[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    ssize_t n = recv(fd, data, sizeof(data) - 1, 0);
    ck_assert_int_gt(n, 0);
    data[n] = '\0';
    expect(data, "HTTP/1.1 101 ");
    say(tunnel, "hello");
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    ck_assert_int_eq(recv(fd, data, sizeof(data), 0), 5);
    (void)close(tunnel);
    (void)close(fd);
}
END_TEST

/* Calls of the API wait for each other, and nobody's metadata for them. */
START_TEST(slow_calls_hold_nobody_up)
{
    enum { CALLS = METADATA_ASKERS_SLOW + 2 };
    int fds[CALLS];
    for (size_t i = 0; i < CALLS; i++) {
        char address[INET_ADDRSTRLEN];
        (void)snprintf(address, sizeof(address), "10.0.1.%zu", i);
        fds[i] = dial_from(address, NETWORK);
        say(fds[i], "POST /v1/Hold HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE "\r\n");
    }
    wait_for(&held, METADATA_ASKERS_SLOW);
    for (int i = 0; i < 20; i++) {
        _cleanup_free_ char *reply = ask("GET /quick HTTP/1.1\r\n" CLOSE "\r\n");
        expect(reply, "HTTP/1.1 200 ");
    }
    ck_assert_uint_eq(atomic_load(&held), METADATA_ASKERS_SLOW);
    atomic_store(&leave, true);
    for (size_t i = 0; i < CALLS; i++) {
        _cleanup_free_ char *reply = hear(fds[i]);
        expect(reply, "HTTP/1.1 200 ");
    }
    ck_assert_uint_eq(atomic_load(&held), CALLS);
}
END_TEST

START_TEST(a_network_that_has_gone_takes_its_connections_along)
{
    int gone = dial_from("10.0.0.5", NETWORK);
    int stays = dial_from("10.0.0.5", NETWORK + 1);
    say(gone, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    struct pollfd answered = {.fd = gone, .events = POLLIN};
    ck_assert_int_eq(poll(&answered, 1, WAIT_MS), 1);
    link_cut(croftd, NETWORK);
    _cleanup_free_ char *first = hear(gone);
    expect(first, "HTTP/1.1 200 ");
    say(stays, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    _cleanup_free_ char *second = hear(stays);
    expect(second, "0||GET|/||8|");
}
END_TEST

START_TEST(another_croft_metadata_is_found)
{
    int old = dial();
    say(old, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(&asked, 1);
    stop_front();
    free(hear(old)); /* it ends */
    struct pollfd p = {.fd = feed, .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    start_front();
    ck_assert_int_eq(link_open(croftd, wake, &feed), 0);
    _cleanup_free_ char *reply = ask("GET /again HTTP/1.1\r\n" CLOSE "\r\n");
    expect(reply, "0||GET|/again|");
}
END_TEST

START_TEST(another_croftd_is_served_and_asked_alone)
{
    int waits = dial();
    say(waits, "POST /v1/Hold HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE "\r\n");
    wait_for(&held, 1);
    atomic_store(&leave, true);
    stop_croftd();
    _cleanup_free_ char *cut = hear(waits); /* an answer, or none: never another's */
    ck_assert(*cut == '\0' || strstr(cut, "/v1/Hold") != NULL || strstr(cut, " 503 ") != NULL);
    start_croftd();
    ck_assert_int_eq(link_open(croftd, wake, &feed), 0);
    _cleanup_free_ char *reply = ask("GET /new HTTP/1.1\r\n" CLOSE "\r\n");
    expect(reply, "0||GET|/new|");
}
END_TEST

START_TEST(the_end_is_not_waited_for)
{
    stop_front();
    ck_assert_int_eq(eventfd_write(wake, 1), 0);
    ck_assert_int_eq(link_open(croftd, wake, &feed), -ECANCELED);
    start_front();
}
END_TEST

/* Whoever has taken croft-metadata over speaks as it likes. */

static int take_hello(unsigned *ret_call)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf got = BUF_INIT(64);
    struct metadata_hello hello;
    struct pollfd p = {.fd = front.listener, .events = POLLIN};
    int stray = -1;
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    int fd = accept4(front.listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(message_receive(fd, &metadata_messages, ret_call, &got, &stray, NULL), 0);
    ck_assert_int_eq(pack_read(a, &shape_hello, buf_str(&got), got.len, &hello, NULL), 0);
    ck_assert_int_gt(hello.session, 0);
    return fd;
}

static void *open_link(void *arg)
{
    (void)arg;
    ck_assert_int_eq(link_open(croftd, wake, &feed), 0);
    return NULL;
}

/* Yields its end of the feed, and of one asker. */
static int take_over(int *ret_asker)
{
    pthread_t opener;
    unsigned call = METADATA_CALLS;
    stop_front();
    ck_assert_int_eq(door_listen(path, geteuid(), &front.listener, NULL), 0);
    ck_assert_int_eq(pthread_create(&opener, NULL, open_link, NULL), 0);
    int own_feed = take_hello(&call);
    for (; call == METADATA_ASKER; own_feed = take_hello(&call))
        (void)close(own_feed); /* it was quicker to see that there is somebody */
    ck_assert_int_eq(metadata_send(own_feed, METADATA_READY, NULL, NULL, -1, NULL), 0);
    ck_assert_int_eq(pthread_join(opener, NULL), 0);
    *ret_asker = take_hello(&call);
    ck_assert_uint_eq(call, METADATA_ASKER);
    return own_feed;
}

static void give_up(int own_feed, int asker)
{
    (void)close(asker);
    (void)close(own_feed);
    (void)close(front.listener);
    start_front();
}

static const struct metadata_question good = {
    .network = NETWORK,
    .address = "10.0.0.5",
    .request_id = "0",
    .method = "GET",
    .path = "/",
    .query = "",
    .body = "",
    .message = "",
};

/* The status that comes back; 0: the connection has ended. */
static int64_t status_of(int fd, enum metadata_call call, const struct metadata_question *q)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct metadata_reply reply = {0};
    int none = -1;
    if (metadata_send(fd, call, &shape_question, q, -1, NULL) < 0 ||
        metadata_receive(fd, a, call, &shape_reply, &reply, &none, NULL) < 0)
        return 0;
    return reply.status;
}

START_TEST(what_is_no_question_reaches_nobody)
{
    static const struct header spaced = {"X A", "1"}, broken = {"X-A", "1\r\nX-B: 2"};
    struct metadata_question bad[7];
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = good;
    bad[0].network = 0;
    bad[1].address = "10.0.0.5/8";
    bad[2].path = "/\n2026-01-01 error";
    bad[3].headers = &spaced;
    bad[4].headers = &broken;
    bad[5].request_id = "a b";
    bad[6].status = 1000;
    bad[3].n_headers = bad[4].n_headers = 1;
    int asker = -1;
    int own_feed = take_over(&asker);
    ck_assert_int_eq(status_of(asker, METADATA_ASK, &good), 200);
    ck_assert_uint_eq(atomic_load(&asked), 1);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_msg(status_of(asker, METADATA_ASK, &bad[i]) == 400, "the bad one %zu", i);
    /* A question has no status, a refusal has one. */
    bad[0] = good;
    bad[0].status = 404;
    ck_assert_int_eq(status_of(asker, METADATA_ASK, &bad[0]), 400);
    ck_assert_int_eq(status_of(asker, METADATA_REFUSE, &good), 400);
    ck_assert_uint_eq(atomic_load(&asked), 1);
    ck_assert_int_eq(status_of(asker, METADATA_REFUSE, &bad[0]), 404);
    give_up(own_feed, asker);
}
END_TEST

START_TEST(what_is_no_message_ends_the_connection)
{
    int asker = -1;
    int own_feed = take_over(&asker);
    ck_assert_int_eq(status_of(asker, METADATA_TAKE, &good), 0);
    (void)close(asker);
    unsigned call = METADATA_CALLS;
    asker = take_hello(&call); /* it comes again, as another */
    ck_assert_uint_eq(call, METADATA_ASKER);
    say(asker, "GET / HTTP/1.1\r\nHost: croftd\r\n\r\n");
    struct pollfd p = {.fd = asker, .events = POLLIN};
    char byte;
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    ck_assert_int_le(recv(asker, &byte, 1, 0), 0);
    ck_assert_uint_eq(atomic_load(&asked), 0);
    give_up(own_feed, asker);
}
END_TEST

/* And whatever knocks at croft-metadata is no croftd until it says so. */
START_TEST(a_stranger_at_the_door_is_sent_away)
{
    for (int i = 0; i < 3; i++) {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        memcpy(at.sun_path, path, strlen(path) + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
        if (i == 0)
            say(fd, "GET / HTTP/1.1\r\nHost: croft-metadata\r\n\r\n");
        else if (i == 1)
            ck_assert_int_eq(metadata_send(fd, METADATA_READY, NULL, NULL, -1, NULL), 0);
        /* the third says nothing, for which there are two seconds */
        _cleanup_free_ char *heard = hear(fd);
        ck_assert_str_eq(heard, "");
    }
    _cleanup_free_ char *reply = ask("GET / HTTP/1.1\r\n" CLOSE "\r\n");
    expect(reply, "HTTP/1.1 200 ");
}
END_TEST

UNIT_SUITE_WITH(begin, end, a_question_arrives_as_the_guest_asked_it,
                what_http_refuses_croftd_words, a_request_that_no_question_can_be_is_refused,
                a_tunnel_comes_through, slow_calls_hold_nobody_up,
                a_network_that_has_gone_takes_its_connections_along,
                another_croft_metadata_is_found, another_croftd_is_served_and_asked_alone,
                the_end_is_not_waited_for, what_is_no_question_reaches_nobody,
                what_is_no_message_ends_the_connection, a_stranger_at_the_door_is_sent_away)
