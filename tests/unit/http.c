/* The HTTP server over real sockets: what reaches a handler, and every limit. */
#include "http_fixture.h"

#include <sys/resource.h>

START_TEST(a_request_reaches_the_handler_as_it_was_sent)
{
    start(0, 0);
    _cleanup_free_ char *reply =
        ask(dial(), "POST /a%20b/../c%2F?x=%41+b&y HTTP/1.1\r\nHost: h\r\nX-B: 2\r\nx-lower: n\r\n"
                    "X-A:  1 \r\nX-B: 3\r\nContent-Length: 5\r\n" CLOSE "\r\nhe%20");
    expect(reply, "HTTP/1.1 200 ");
    expect(reply, "POST|/a%20b/../c%2F|x=%41+b&y|5|he%20|127.0.0.1|X-B=2|X-A=1|X-B=3");
    expect(reply, "\r\nDate: ");
    expect(reply, "\r\nx-amzn-RequestId: ");
    ck_assert_ptr_null(strcasestr(reply, "\r\nServer:"));
    _cleanup_free_ char *local = ask(dial_unix(), "GET / HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    char uid[40];
    (void)snprintf(uid, sizeof(uid), "GET|/||0||unix|uid=%u", (unsigned)getuid());
    expect(local, uid);
    struct stat st;
    ck_assert_int_eq(stat(socket_path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    stop();
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
    start(0, 0);
    int fd = dial();
    char first[64] = "";
    for (int i = 0; i < 50; i++) {
        _cleanup_buf_ struct buf reply = BUF_INIT(65536);
        char request[200];
        char want[40];
        (void)snprintf(request, sizeof(request),
                       "POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n%d", i, i % 10);
        (void)snprintf(want, sizeof(want), "POST|/%d||1|%d|", i, i % 10);
        ck_assert(send_text(fd, request));
        ck_assert(read_until(fd, &reply, want));
        const char *id = strstr(buf_str(&reply), "RequestId: ");
        ck_assert_ptr_nonnull(id);
        ck_assert_int_ne(strncmp(id, first, 47), 0);
        memcpy(first, id, 47);
    }
    /* Two at once, the second must not be lost. */
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    ck_assert(
        send_text(fd, "GET /p1 HTTP/1.1\r\nHost: h\r\n\r\nGET /p2 HTTP/1.1\r\nHost: h\r\n\r\n"));
    ck_assert(read_until(fd, &reply, "GET|/p2|"));
    expect(buf_str(&reply), "GET|/p1|");
    (void)close(fd);
    stop();
}
END_TEST

START_TEST(a_chunked_body_arrives_whole)
{
    start(0, 0);
    _cleanup_free_ char *reply =
        ask(dial(), "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" CLOSE
                    "\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    expect(reply, "POST|/c||7|abcdefg|");
    stop();
}
END_TEST

static char *post_of(size_t size, const char *extra)
{
    struct buf b = BUF_INIT((size_t)64 << 20);
    buf_printf(&b, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n%s\r\n", size, extra);
    char *to = buf_reserve(&b, size);
    memset(to, 'x', size);
    b.len += size;
    b.data[b.len] = '\0';
    return buf_take(&b);
}

START_TEST(a_body_of_one_mebibyte_is_taken_and_a_larger_one_read_away_and_refused)
{
    start(0, 0);
    _cleanup_free_ char *fits = post_of(HTTP_BODY_MAX, CLOSE);
    _cleanup_free_ char *taken = ask(dial(), fits);
    expect(taken, "|1048576|");

    _cleanup_free_ char *over = post_of(HTTP_BODY_MAX + 1, "");
    int fd = dial();
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    ck_assert(send_text(fd, over));
    ck_assert(read_until(fd, &reply, "</Error>"));
    expect(buf_str(&reply), "HTTP/1.1 413 ");
    expect(buf_str(&reply), "<Error>413 The body");
    /* the connection has survived */
    buf_reset(&reply);
    ck_assert(send_text(fd, "GET /after HTTP/1.1\r\nHost: h\r\n\r\n"));
    ck_assert(read_until(fd, &reply, "GET|/after|"));
    (void)close(fd);
    stop();
}
END_TEST

START_TEST(a_huge_body_is_refused_before_it_is_sent)
{
    start(0, 0);
    _cleanup_free_ char *huge =
        ask(dial(), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n");
    expect(huge, "HTTP/1.1 413 ");
    expect(huge, "<Error>413");
    _cleanup_free_ char *waiting =
        ask(dial(), "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n"
                    "Expect: 100-continue\r\n\r\n");
    expect(waiting, "HTTP/1.1 413 ");
    ck_assert_ptr_null(strstr(waiting, "100 Continue"));
    stop();
}
END_TEST

START_TEST(an_endless_chunked_body_is_cut)
{
    start(0, 0);
    int fd = dial();
    ck_assert(send_text(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    static char chunk[65536 + 16];
    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, "10000\r\n", 7);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    size_t sent = 0;
    while (sent < ((size_t)64 << 20) && send_bytes(fd, chunk, 7 + 65536 + 2))
        sent += 65536;
    ck_assert_uint_ge(sent, HTTP_DRAIN_MAX);
    ck_assert_uint_lt(sent, (size_t)64 << 20);
    (void)close(fd);
    stop();
}
END_TEST

START_TEST(headers_are_limited)
{
    start(0, 0);
    for (size_t size = 40000; size <= 70000; size += 30000) {
        _cleanup_buf_ struct buf b = BUF_INIT(200000);
        buf_add_str(&b, "GET /h HTTP/1.1\r\nHost: h\r\n" CLOSE);
        for (size_t n = 0; n < size; n += 1000)
            buf_printf(&b, "X%zu: %0980d\r\n", n, 0);
        buf_add_str(&b, "\r\n");
        _cleanup_free_ char *reply = ask(dial(), b.data);
        expect(reply, size < HTTP_HEADER_MAX ? "GET|/h|" : "HTTP/1.1 431 ");
        if (size > HTTP_HEADER_MAX)
            expect(reply, "<Error>431");
    }
    stop();
}
END_TEST

START_TEST(two_lengths_are_a_bad_request)
{
    start(0, 0);
    static const char *const headers[] = {
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        char request[300];
        (void)snprintf(request, sizeof(request), "POST / HTTP/1.1\r\nHost: h\r\n%s\r\nabcd",
                       headers[i]);
        _cleanup_free_ char *reply = ask(dial(), request);
        expect(reply, "HTTP/1.1 400 ");
        expect(reply, "<Error>400");
    }
    _cleanup_free_ char *trace = ask(dial(), "TRACE / HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(trace, "HTTP/1.1 405 ");
    _cleanup_free_ char *nonsense = ask(dial(), "nonsense\r\n\r\n");
    ck_assert(nonsense[0] == '\0' || strstr(nonsense, " 400 ") != NULL);
    stop();
}
END_TEST

/* Sends a byte each 100 ms until the server has had enough; how long it took. */
static int64_t drip(const char *start_with, char byte)
{
    int fd = dial();
    int64_t begin = clock_monotonic();
    (void)send_text(fd, start_with);
    while (clock_monotonic() - begin < WAIT_MS) {
        if (!send_bytes(fd, &byte, 1))
            break;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char c = 0;
        if (poll(&p, 1, 100) > 0 && recv(fd, &c, 1, 0) <= 0)
            break;
    }
    (void)close(fd);
    return clock_monotonic() - begin;
}

START_TEST(a_client_that_drips_is_cut)
{
    start(1, 1);
    int64_t line = drip("GET /", 'a');
    int64_t header = drip("GET / HTTP/1.1\r\nHost: h\r\nX-A: ", 'a');
    int64_t body = drip("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", 'a');
    int64_t upload = drip("PUT /upload/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", 'a');
    ck_assert_int_lt(line, 4000); /* idle and receive limits together */
    ck_assert_int_lt(header, 3000);
    ck_assert_int_lt(body, 3000);
    ck_assert_int_lt(upload, 3000);
    for (int i = 0; i < 100 && atomic_load(&aborted) == 0; i++)
        clock_sleep(20);
    ck_assert_uint_eq(atomic_load(&aborted), 1);
    stop();
}
END_TEST

START_TEST(an_idle_connection_is_closed)
{
    start(1, 1);
    int64_t begin = clock_monotonic();
    _cleanup_free_ char *reply = ask(dial(), "GET /idle HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(reply, "GET|/idle|");
    ck_assert_int_lt(clock_monotonic() - begin, 4000);
    stop();
}
END_TEST

START_TEST(who_waits_for_longest_makes_room_for_others)
{
    struct rlimit files; /* both ends of each connection are ours */
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    start(0, 0);
    int oldest = dial();
    int asking = dial();
    struct buf reply = BUF_INIT(4096);
    int crowd[HTTP_CONNECTIONS_TCP];
    for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
        crowd[i] = dial();
        if (i % 50 != 0)
            continue;
        /* Whoever asks now and then stays, and whoever is new is served at once. */
        buf_reset(&reply);
        ck_assert(send_text(asking, "GET /again HTTP/1.1\r\nHost: h\r\n\r\n"));
        ck_assert(read_until(asking, &reply, "GET|/again|"));
        _cleanup_free_ char *other = ask(dial(), "GET /new HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
        expect(other, "GET|/new|");
    }
    char byte = 0;
    ck_assert_int_eq(recv(oldest, &byte, 1, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
        (void)close(crowd[i]);
    (void)close(oldest);
    (void)close(asking);
    buf_done(&reply);
    stop();
}
END_TEST

START_TEST(a_target_may_name_the_server_and_a_host_comes_once)
{
    start(0, 0);
    _cleanup_free_ char *absolute =
        ask(dial(), "GET HTTP://h:1/a?b HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(absolute, "GET|/a|b|");
    _cleanup_free_ char *bare = ask(dial(), "GET https://h HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(bare, "GET|/||");
    _cleanup_free_ char *twice =
        ask(dial(), "GET / HTTP/1.1\r\nHost: h\r\nhost: g\r\n" CLOSE "\r\n");
    expect(twice, "HTTP/1.1 400 ");
    stop();
}
END_TEST

START_TEST(large_answers_arrive_and_those_beyond_the_cap_are_errors)
{
    start(0, 0);
    _cleanup_free_ char *large = ask(dial(), "GET /large HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(large, "Content-Length: 4194304\r\n");
    ck_assert_uint_gt(strlen(large), (size_t)4 << 20);
    _cleanup_free_ char *over = ask(dial(), "GET /toolarge HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(over, "HTTP/1.1 500 ");
    expect(over, "<Error>500");
    stop();
}
END_TEST

static void *client_thread(void *arg)
{
    int fd = *(int *)arg == 0 ? dial() : dial_unix();
    for (int i = 0; i < 200; i++) {
        char request[200];
        char want[60];
        (void)snprintf(request, sizeof(request),
                       "POST /%p/%d HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", arg, i);
        (void)snprintf(want, sizeof(want), "POST|/%p/%d||3|abc|", arg, i);
        struct buf reply = BUF_INIT(65536);
        ck_assert(send_text(fd, request));
        ck_assert(read_until(fd, &reply, want));
        buf_done(&reply);
    }
    (void)close(fd);
    return NULL;
}

START_TEST(eight_clients_at_once_get_their_own_answers)
{
    start(0, 0);
    pthread_t threads[8];
    int kinds[8];
    for (size_t i = 0; i < 8; i++) {
        kinds[i] = (int)i % 2;
        (void)pthread_create(&threads[i], NULL, client_thread, &kinds[i]);
    }
    for (size_t i = 0; i < 8; i++)
        (void)pthread_join(threads[i], NULL);
    stop();
}
END_TEST

static int try_listen(const struct http_listener *l, struct err *e)
{
    const struct http_config config = {.listeners = l, .n_listeners = 1};
    struct http_server *s = NULL;
    int r = http_server_new(&config, &callbacks, NULL, &s, e);
    http_server_free(s);
    return r;
}

START_TEST(addresses_are_checked)
{
    struct err e = {0};
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = "0.0.0.0:0"}, &e),
                     -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "TLS"));
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = "[::]:0"}, &e),
                     -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "TLS"));
    static const char *const bad[] = {"127.0.0.1", "localhost:80", "127.0.0.1:99999", "[::1:80",
                                      "",          ":80",          "127.0.0.1:80x"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = bad[i]}, &e),
                         -EINVAL);
    struct http_listener no_key = {.fd = -1, .address = "127.0.0.1:0", .tls_cert = "/etc/passwd"};
    ck_assert_int_eq(try_listen(&no_key, &e), -EINVAL);
    no_key.tls_key = "/etc/passwd";
    ck_assert_int_eq(try_listen(&no_key, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "/etc/passwd"));

    start(0, 0);
    char taken[40];
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", http_server_port(server, 0));
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = taken}, &e),
                     -EADDRINUSE);
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = socket_path}, &e),
                     -EADDRINUSE);
    ck_assert_int_eq(access(socket_path, F_OK), 0);
    stop();
    /* A socket file that a crash has left is no hindrance; a file of somebody's is. */
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strcpy(a.sun_path, socket_path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(stale, (struct sockaddr *)&a, sizeof(a)), 0);
    (void)close(stale);
    start(0, 0);
    stop();
    int file = open(socket_path, O_CREAT | O_WRONLY, 0600);
    (void)close(file);
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = -1, .address = socket_path}, &e),
                     -EEXIST);
    ck_assert_int_eq(unlink(socket_path), 0);
}
END_TEST

static void *let_go(void *fd)
{
    (void)usleep(300000);
    (void)close(*(int *)fd);
    return NULL;
}

/* The address is held as by a child that was being started when the last daemon was killed. */
static void listen_while_held(int fd, const struct sockaddr *a, socklen_t len, const char *address)
{
    struct http_listener l = {.fd = -1, .address = address};
    char tcp[40];
    struct sockaddr_in in = {0};
    socklen_t in_len = sizeof(in);
    struct err e = {0};
    pthread_t thread;
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    ck_assert_int_eq(bind(fd, a, len), 0);
    ck_assert_int_eq(listen(fd, 10), 0);
    if (address == NULL) {
        ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &in_len), 0);
        (void)snprintf(tcp, sizeof(tcp), "127.0.0.1:%u", ntohs(in.sin_port));
        l.address = tcp;
    }
    int64_t began = clock_monotonic();
    ck_assert_int_eq(pthread_create(&thread, NULL, let_go, &fd), 0);
    ck_assert_int_eq(try_listen(&l, &e), 0);
    ck_assert_int_ge(clock_monotonic() - began, 290);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(an_address_that_is_in_use_is_tried_again)
{
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    name_socket();
    strcpy(un.sun_path, socket_path);
    listen_while_held(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&in, sizeof(in),
                      NULL);
    listen_while_held(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)&un, sizeof(un),
                      socket_path);
}
END_TEST

START_TEST(a_socket_that_is_handed_in_is_served)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    struct err e = {0};
    int closed = dup(fd);
    ck_assert_int_eq(try_listen(&(struct http_listener){.fd = closed}, &e), -EINVAL);
    ck_assert_int_eq(fcntl(closed, F_GETFD), -1);
    ck_assert_int_eq(listen(fd, 10), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    const struct http_listener l = {.fd = fd};
    const struct http_config config = {.listeners = &l, .n_listeners = 1, .threads = 1};
    ck_assert_int_eq(http_server_new(&config, &callbacks, NULL, &server, &e), 0);
    ck_assert_uint_eq(http_server_port(server, 0), ntohs(a.sin_port));
    _cleanup_free_ char *reply =
        ask(dial_tcp(ntohs(a.sin_port)), "GET /in HTTP/1.1\r\nHost: h\r\n" CLOSE "\r\n");
    expect(reply, "GET|/in|");
    http_server_free(server);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

UNIT_SUITE(a_request_reaches_the_handler_as_it_was_sent, a_connection_serves_many_requests,
           a_chunked_body_arrives_whole,
           a_body_of_one_mebibyte_is_taken_and_a_larger_one_read_away_and_refused,
           a_huge_body_is_refused_before_it_is_sent, an_endless_chunked_body_is_cut,
           headers_are_limited, two_lengths_are_a_bad_request, a_client_that_drips_is_cut,
           an_idle_connection_is_closed, who_waits_for_longest_makes_room_for_others,
           a_target_may_name_the_server_and_a_host_comes_once,
           large_answers_arrive_and_those_beyond_the_cap_are_errors,
           eight_clients_at_once_get_their_own_answers, addresses_are_checked,
           an_address_that_is_in_use_is_tried_again, a_socket_that_is_handed_in_is_served)
