/* A server that is given its connections: whose they are, how many, and how far its packets go. */
#include "http_fixture.h"

#define EACH 3

static void tell(void *ctx, const struct http_request *req, struct http_response *resp)
{
    int64_t hops = 0;
    (void)ctx;
    resp->content_type = "text/plain";
    buf_printf(&resp->body, "%s in %u", req->peer->address, req->peer->network);
    if (parse_int64(req->path + 1, &hops) == 0)
        resp->hop_limit = (int)hops;
}

static void refuse(void *ctx, const struct http_request *req, int status, const char *message,
                   struct http_response *resp)
{
    (void)ctx;
    (void)req;
    answer(resp, status, message);
}

static struct http_server *given(void)
{
    static const struct http_callbacks telling = {.handle = tell, .render_error = refuse};
    const struct http_config config = {
        .takes_connections = true,
        .connections_tcp = 32,
        .connections_each = EACH,
        .header_max = 2048,
        .body_max = 100,
    };
    struct http_server *s = NULL;
    struct err e = {0};
    ck_assert_int_eq(http_server_new(&config, &telling, NULL, &s, &e), 0);
    return s;
}

/* Both ends of a TCP connection; the server's does not block. */
static void pair(int ret_fds[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    _cleanup_close_ int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(ret_fds[0], (struct sockaddr *)&at, len), 0);
    ret_fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    ck_assert_int_ge(ret_fds[1], 0);
}

static int give(struct http_server *s, const char *address, uint32_t network, int fds[2])
{
    struct sockaddr_storage from = {.ss_family = AF_INET6};
    if (inet_pton(AF_INET6, address, &((struct sockaddr_in6 *)&from)->sin6_addr) != 1) {
        from.ss_family = AF_INET;
        ck_assert_int_eq(inet_pton(AF_INET, address, &((struct sockaddr_in *)&from)->sin_addr), 1);
    }
    pair(fds);
    return http_server_serve(s, fds[1], &from, network);
}

/* One request on a connection that stays open. */
static void ask_on(int fd, const char *path, const char *wanted)
{
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    char request[4200];
    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    ck_assert(send_text(fd, request));
    ck_assert_msg(read_until(fd, &reply, wanted), "%s", buf_str(&reply));
}

static bool is_closed(int fd)
{
    struct timeval limit = {.tv_sec = 5};
    char byte = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ssize_t n = recv(fd, &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

START_TEST(a_request_has_the_address_and_the_network_that_came_with_it)
{
    struct http_server *s = given();
    int fds[2];
    ck_assert_int_eq(give(s, "172.31.0.10", 7, fds), 0);
    ask_on(fds[0], "/", "172.31.0.10 in 7");
    ask_on(fds[0], "/", "172.31.0.10 in 7");
    (void)close(fds[0]);
    ck_assert_int_eq(give(s, "fd00::10", 4294967295U, fds), 0);
    ask_on(fds[0], "/", "fd00::10 in 4294967295");
    (void)close(fds[0]);
    http_server_free(s);
}
END_TEST

START_TEST(an_address_has_so_many_connections_and_another_network_its_own)
{
    struct http_server *s = given();
    int fds[EACH][2];
    int more[2];
    for (size_t i = 0; i < EACH; i++)
        ck_assert_int_eq(give(s, "172.31.0.10", 7, fds[i]), 0);
    ck_assert_int_eq(give(s, "172.31.0.10", 7, more), -EAGAIN);
    ck_assert(is_closed(more[0]));
    (void)close(more[0]);
    ck_assert_int_eq(give(s, "172.31.0.10", 8, more), 0);
    ask_on(more[0], "/", "in 8");
    (void)close(more[0]);
    ck_assert_int_eq(give(s, "172.31.0.11", 7, more), 0);
    ask_on(more[0], "/", "172.31.0.11");
    (void)close(more[0]);
    (void)close(fds[0][0]);
    int64_t until = clock_monotonic() + WAIT_MS;
    int r = -EAGAIN;
    while (r == -EAGAIN && clock_monotonic() < until) {
        clock_sleep(10);
        r = give(s, "172.31.0.10", 7, more);
        if (r == -EAGAIN)
            (void)close(more[0]);
    }
    ck_assert_int_eq(r, 0); /* there is room again */
    ask_on(more[0], "/", "in 7");
    (void)close(more[0]);
    for (size_t i = 1; i < EACH; i++)
        (void)close(fds[i][0]);
    http_server_free(s);
}
END_TEST

START_TEST(connections_of_a_network_are_cut_together)
{
    struct http_server *s = given();
    int one[2];
    int other[2];
    ck_assert_int_eq(give(s, "172.31.0.10", 7, one), 0);
    ck_assert_int_eq(give(s, "172.31.0.10", 8, other), 0);
    http_server_cut(s, 7);
    ck_assert(is_closed(one[0]));
    ask_on(other[0], "/", "in 8");
    (void)close(one[0]);
    (void)close(other[0]);
    http_server_free(s);
}
END_TEST

static int ttl_of(int fd)
{
    int ttl = 0;
    socklen_t len = sizeof(ttl);
    ck_assert_int_eq(getsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, &len), 0);
    return ttl;
}

START_TEST(a_hop_limit_is_lowered_and_never_raised)
{
    struct http_server *s = given();
    int fds[2];
    ck_assert_int_eq(give(s, "172.31.0.10", 7, fds), 0);
    ask_on(fds[0], "/", "in 7");
    ck_assert_int_gt(ttl_of(fds[1]), 32);
    ask_on(fds[0], "/2", "in 7");
    ck_assert_int_eq(ttl_of(fds[1]), 2);
    ask_on(fds[0], "/5", "in 7");
    ck_assert_int_eq(ttl_of(fds[1]), 2);
    ask_on(fds[0], "/1", "in 7");
    ck_assert_int_eq(ttl_of(fds[1]), 1);
    ask_on(fds[0], "/", "in 7");
    ck_assert_int_eq(ttl_of(fds[1]), 1);
    (void)close(fds[0]);
    http_server_free(s);
}
END_TEST

START_TEST(limits_are_those_of_the_configuration)
{
    struct http_server *s = given();
    char path[2100];
    int fds[2];
    memset(path, 'a', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(give(s, "172.31.0.10", 7, fds), 0);
    ask_on(fds[0], path, " 431 ");
    (void)close(fds[0]);
    ck_assert_int_eq(give(s, "172.31.0.10", 7, fds), 0);
    _cleanup_buf_ struct buf reply = BUF_INIT(65536);
    char body[102] = "";
    memset(body, 'b', 101);
    char request[300];
    (void)snprintf(request, sizeof(request),
                   "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n%s", body);
    ck_assert(send_text(fds[0], request));
    ck_assert(read_until(fds[0], &reply, " 413 "));
    (void)close(fds[0]);
    http_server_free(s);
}
END_TEST

UNIT_SUITE(a_request_has_the_address_and_the_network_that_came_with_it,
           an_address_has_so_many_connections_and_another_network_its_own,
           connections_of_a_network_are_cut_together, a_hop_limit_is_lowered_and_never_raised,
           limits_are_those_of_the_configuration)
