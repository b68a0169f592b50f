/* The HTTP server over real sockets: uploads, tunnels, slow handlers, stopping. */
#include "http_fixture.h"

static bool put(int fd, const char *path, size_t size)
{
    char text[200];
    (void)snprintf(text, sizeof(text),
                   "PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n" CLOSE "\r\n", path,
                   size);
    bool ok = send_text(fd, text);
    static char block[65536];
    for (size_t done = 0; ok && done < size; done += sizeof(block))
        ok = send_bytes(fd, block, size - done < sizeof(block) ? size - done : sizeof(block));
    return ok;
}

START_TEST(an_upload_is_streamed_and_answered)
{
    start(0, 0);
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    int fd = dial_unix();
    ck_assert(put(fd, "/upload/x", (size_t)20 << 20));
    ck_assert(read_until(fd, &reply, "20971520 bytes for /upload/x"));
    (void)close(fd);
    ck_assert_uint_eq(atomic_load(&aborted), 0);

    /* Other PUTs come whole, and are bounded as everything else. */
    _cleanup_free_ char *plain =
        ask(dial(), "PUT /plain HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n" CLOSE "\r\nok");
    expect(plain, "PUT|/plain||2|ok|");
    stop();
}
END_TEST

START_TEST(uploads_that_may_not_be_are_refused)
{
    start(0, 0);
    _cleanup_free_ char *large =
        ask(dial(), "PUT /upload/x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
    expect(large, "HTTP/1.1 413 ");
    ck_assert_uint_eq(atomic_load(&aborted), 1);
    ck_assert_uint_eq(atomic_load(&uploaded), 0);

    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    int fd = dial();
    ck_assert(put(fd, "/upload/denied", 1000));
    ck_assert(read_until(fd, &reply, "denied"));
    expect(buf_str(&reply), "HTTP/1.1 403 ");
    (void)close(fd);

    /* A sink that fails answers by itself, after one write. */
    buf_reset(&reply);
    fd = dial();
    ck_assert(put(fd, "/upload/broken", (size_t)4 << 20));
    ck_assert(read_until(fd, &reply, "no space"));
    expect(buf_str(&reply), "HTTP/1.1 500 ");
    ck_assert_uint_lt(atomic_load(&uploaded), (unsigned long)1 << 20);
    (void)close(fd);

    /* A client that leaves in the middle. */
    fd = dial();
    ck_assert(
        send_text(fd, "PUT /upload/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc"));
    clock_sleep(100);
    (void)close(fd);
    for (int i = 0; i < 100 && atomic_load(&aborted) < 2; i++)
        clock_sleep(20);
    ck_assert_uint_eq(atomic_load(&aborted), 2);
    stop();
}
END_TEST

#define UPGRADE                                                                                    \
    "GET /tunnel HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "              \
    "croft-tunnel\r\n\r\n"

static int open_tunnel(int fd, const char *with)
{
    char request[400];
    (void)snprintf(request, sizeof(request), UPGRADE "%s", with);
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    ck_assert(send_text(fd, request));
    ck_assert(read_until(fd, &reply, "\r\n\r\n"));
    expect(buf_str(&reply), "HTTP/1.1 101 ");
    expect(buf_str(&reply), "Upgrade: croft-tunnel\r\n");
    return guest_fd;
}

static void expect_bytes(int fd, const char *want)
{
    _cleanup_buf_ struct buf got = BUF_INIT(65536);
    ck_assert(read_until(fd, &got, want));
    ck_assert_str_eq(buf_str(&got), want);
}

static void await_tunnels(unsigned want)
{
    for (int i = 0; i < 200 && http_server_tunnels(server) != want; i++)
        clock_sleep(10);
    ck_assert_uint_eq(http_server_tunnels(server), want);
}

START_TEST(a_tunnel_carries_bytes_both_ways_and_half_closes)
{
    start(1, 1);
    for (int kind = 0; kind < 2; kind++) {
        int fd = kind == 0 ? dial() : dial_unix();
        int guest = open_tunnel(fd, "SSH-2.0-client\r\n"); /* right behind the request */
        expect_bytes(guest, "SSH-2.0-client\r\n");
        ck_assert(send_text(guest, "SSH-2.0-guest\r\n"));
        expect_bytes(fd, "SSH-2.0-guest\r\n");
        clock_sleep(3000); /* longer than every limit of the server */
        ck_assert(send_text(fd, "still"));
        expect_bytes(guest, "still");
        ck_assert_uint_eq(http_server_tunnels(server), 1);
        /* The client has said all; the guest still answers. */
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        char c = 0;
        ck_assert_int_eq(recv(guest, &c, 1, 0), 0);
        ck_assert(send_text(guest, "last words"));
        expect_bytes(fd, "last words");
        (void)close(guest);
        ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
        (void)close(fd);
        await_tunnels(0);
    }
    stop();
}
END_TEST

struct pumping {
    int fd;
    size_t size;
};

static void *pump(void *arg)
{
    const struct pumping *p = arg;
    char block[10000];
    for (size_t done = 0; done < p->size; done += sizeof(block)) {
        memset(block, 'a' + (int)(done / sizeof(block) % 26), sizeof(block));
        if (!send_bytes(p->fd, block, sizeof(block)))
            break;
    }
    (void)shutdown(p->fd, SHUT_WR);
    return NULL;
}

/* Exits with 1 unless all of it comes, unaltered. */
static int drain(int fd, size_t size)
{
    char c[4096];
    size_t got = 0;
    ssize_t n = 0;
    while ((n = recv(fd, c, sizeof(c), 0)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (c[i] != 'a' + (int)((got + (size_t)i) / 10000 % 26))
                return 1;
        }
        got += (size_t)n;
    }
    return got == size ? 0 : 1;
}

static void *drain_thread(void *arg)
{
    const struct pumping *p = arg;
    return drain(p->fd, p->size) == 0 ? arg : NULL;
}

START_TEST(a_tunnel_is_whole_in_both_directions_at_once)
{
    start(0, 0);
    int fd = dial();
    int guest = open_tunnel(fd, "");
    struct pumping up = {fd, 8000000};
    struct pumping down = {guest, 12000000};
    pthread_t threads[3];
    (void)pthread_create(&threads[0], NULL, pump, &up);
    (void)pthread_create(&threads[1], NULL, pump, &down);
    clock_sleep(200); /* buffers are full by now: the senders wait */
    struct pumping arriving = {guest, up.size};
    (void)pthread_create(&threads[2], NULL, drain_thread, &arriving);
    ck_assert_int_eq(drain(fd, down.size), 0);
    void *whole = NULL;
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    (void)pthread_join(threads[2], &whole);
    ck_assert_ptr_nonnull(whole);
    (void)close(fd);
    (void)close(guest);
    await_tunnels(0);
    stop();
}
END_TEST

START_TEST(a_tunnel_ends_when_either_end_is_gone)
{
    start(0, 0);
    int fd = dial_unix();
    int guest = open_tunnel(fd, "");
    (void)close(fd);
    char c = 0;
    ck_assert_int_eq(recv(guest, &c, 1, 0), 0);
    await_tunnels(0); /* though the guest holds on: nobody is there any more */
    (void)close(guest);

    fd = dial();
    guest = open_tunnel(fd, "");
    (void)close(guest);
    ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
    await_tunnels(0);
    (void)close(fd);

    /* Without the upgrade there is no tunnel. */
    _cleanup_free_ char *plain = ask(dial(), "GET /tunnel HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(plain, "HTTP/1.1 400 ");
    ck_assert_int_eq(recv(guest_fd, &c, 1, 0), 0);
    await_tunnels(0);

    /* One that is open does not keep the server from stopping. */
    fd = dial();
    guest = open_tunnel(fd, "");
    int64_t begin = clock_monotonic();
    http_server_stop(server, 3000);
    ck_assert_int_lt(clock_monotonic() - begin, 2000);
    ck_assert_int_eq(recv(guest, &c, 1, 0), 0);
    ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
    (void)close(guest);
    (void)close(fd);
    stop();
}
END_TEST

/* The client has its 101 before the relay has its tunnel: the server may stop in between. */
START_TEST(a_tunnel_may_open_while_the_server_stops)
{
    for (int round = 0; round < 100; round++) {
        start(0, 0);
        int fd = round % 2 == 0 ? dial() : dial_unix();
        int guest = open_tunnel(fd, "");
        http_server_stop(server, 3000);
        char c = 0;
        ck_assert_int_eq(recv(guest, &c, 1, 0), 0);
        ck_assert_int_eq(recv(fd, &c, 1, 0), 0);
        ck_assert_uint_eq(http_server_tunnels(server), 0);
        (void)close(guest);
        (void)close(fd);
        stop();
    }
}
END_TEST

START_TEST(tunnels_are_bounded)
{
    start(0, 0);
    static int fds[HTTP_TUNNELS_MAX][2];
    unsigned n = 0;
    /* Both doors: each alone has fewer connections than there may be tunnels. */
    for (; n < HTTP_TUNNELS_MAX; n++) {
        fds[n][0] = dial();
        fds[n][1] = open_tunnel(fds[n][0], "");
    }
    _cleanup_free_ char *refused = ask(dial_unix(), UPGRADE "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    expect(refused, "HTTP/1.1 503 ");
    for (unsigned i = 0; i < n; i++) {
        (void)close(fds[i][0]);
        (void)close(fds[i][1]);
    }
    await_tunnels(0);
    stop();
}
END_TEST

static void *slow_request(void *arg)
{
    return ask(dial(), "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
}

START_TEST(slow_handlers_hold_nobody_up_and_are_waited_for)
{
    start(1, 1);
    pthread_t threads[6];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        (void)pthread_create(&threads[i], NULL, slow_request, NULL);
    while (atomic_load(&entered) < ARRAY_SIZE(threads))
        clock_sleep(5);
    for (int i = 0; i < 20; i++) {
        _cleanup_free_ char *quick = ask(dial(), "GET /q HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
        expect(quick, "GET|/q|");
    }
    clock_sleep(2500); /* a handler that runs has no time limit */
    pthread_t stopper;
    atomic_store(&leave, true);
    (void)pthread_create(&stopper, NULL, (void *(*)(void *))(void *)http_server_free, server);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *reply = NULL;
        (void)pthread_join(threads[i], &reply);
        free(reply);
    }
    (void)pthread_join(stopper, NULL);
}
END_TEST

START_TEST(stopping_lets_running_requests_end)
{
    start(0, 0);
    pthread_t thread;
    (void)pthread_create(&thread, NULL, slow_request, NULL);
    while (atomic_load(&entered) < 1)
        clock_sleep(5);
    pthread_t stopper;
    (void)pthread_create(&stopper, NULL, (void *(*)(void *))(void *)slow_request, NULL);
    while (atomic_load(&entered) < 2)
        clock_sleep(5);
    int unused = dial(); /* an idle connection is no reason to wait */
    atomic_store(&leave, true);
    http_server_stop(server, 5000);
    void *replies[2] = {NULL, NULL};
    (void)pthread_join(thread, &replies[0]);
    (void)pthread_join(stopper, &replies[1]);
    for (size_t i = 0; i < 2; i++) {
        expect(replies[i], "HTTP/1.1 200 ");
        expect(replies[i], "slow");
        free(replies[i]);
    }
    (void)close(unused);
    stop();
}
END_TEST

UNIT_SUITE(an_upload_is_streamed_and_answered, uploads_that_may_not_be_are_refused,
           a_tunnel_carries_bytes_both_ways_and_half_closes,
           a_tunnel_is_whole_in_both_directions_at_once, a_tunnel_ends_when_either_end_is_gone,
           a_tunnel_may_open_while_the_server_stops, tunnels_are_bounded,
           slow_handlers_hold_nobody_up_and_are_waited_for, stopping_lets_running_requests_end)
