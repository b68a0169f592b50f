/*
 * The client against the server in the same process: the unix socket, signed TCP, TLS; calls,
 * refusals, uploads, tunnels, and what is said when nobody is there.
 */
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "auth/sigv4.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/server.h"
#include "unit.h"

#define KEY    "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

static const char *const regions[] = {"us-east-1", NULL};
static const char *const services[] = {"ec2", NULL};
static struct credential credential = {.access_key_id = KEY, .secret_access_key = SECRET};

static struct sigv4 *verifier;
static struct http_server *server;
static char folder[UNIT_DIRECTORY_SIZE];
static char socket_path[128];
static char cert_path[128];
static char key_path[128];
static int guest_fd = -1;
static uint64_t uploaded;

static int find(void *ctx, const char *access_key_id, struct arena *a,
                struct credential **ret_credential)
{
    if (!streq(access_key_id, KEY))
        return -ENOENT;
    *ret_credential = &credential;
    return 0;
}

static int admit(void *ctx, struct credential *who, const char *token, const char *service,
                 int64_t now, struct arena *a, struct fault *f)
{
    if (who == &credential && streq(token, "its token"))
        return 0;
    return fault(f, FAULT_INVALID_CLIENT_TOKEN_ID, "not for %s", service);
}

static bool is_allowed(const struct http_request *req, bool streamed, struct http_response *resp)
{
    if (req->peer->is_unix)
        return true;
    const struct sigv4_request r = {
        .method = req->method,
        .path = req->path,
        .query = req->query,
        .headers = &req->headers,
        .body = req->body,
        .body_len = req->body_len,
        .streamed = streamed,
    };
    struct sigv4_caller caller;
    struct fault f = {0};
    if (sigv4_verify(verifier, &r, clock_now(), req->arena, &caller, &f) == 0)
        return true;
    resp->status = fault_http_status(f.code);
    buf_printf(&resp->body, "{\"__type\":\"croft#%s:x\",\"message\":\"%s\"}",
               fault_code_name(f.code), f.message);
    return false;
}

static void handle(void *ctx, const struct http_request *req, struct http_response *resp)
{
    if (!is_allowed(req, false, resp))
        return;
    if (has_prefix(req->path, "/v1/tunnel/i-0123/22")) {
        int pair[2];
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        resp->tunnel_fd = pair[0];
        guest_fd = pair[1];
        (void)!write(guest_fd, "SSH-2.0-first\r\n", 15); /* before the upgrade is through */
    } else if (has_prefix(req->path, "/v1/tunnel/")) {
        resp->status = 400;
        buf_add_str(&resp->body, "{\"__type\":\"InvalidInstanceID.NotFound\","
                                 "\"message\":\"The instance ID 'i-9' does not exist\"}");
    } else if (streq(req->path, "/v1/Wait")) {
        clock_sleep(1500);
    } else if (streq(req->path, "/v1/Html")) {
        resp->status = 502;
        buf_add_str(&resp->body, "<html>");
    } else {
        buf_printf(&resp->body, "{\"path\":\"%s?%s\",\"body\":%s}", req->path, req->query,
                   req->body_len > 0 ? req->body : "null");
    }
}

static void render_error(void *ctx, const struct http_request *req, int status, const char *message,
                         struct http_response *resp)
{
    buf_printf(&resp->body, "{\"__type\":\"Refused\",\"message\":\"%s\"}", message);
}

static int sink_write(void *sink, const void *data, size_t len)
{
    uploaded += len;
    return 0;
}

static void sink_finish(void *sink, const struct http_request *req, struct http_response *resp)
{
    buf_printf(&resp->body, "{\"bytes\":%llu}", (unsigned long long)uploaded);
}

static void sink_abort(void *sink)
{
}

static int begin_upload(void *ctx, const struct http_request *req, struct http_response *resp,
                        struct http_sink *ret_sink)
{
    uploaded = 0;
    *ret_sink = (struct http_sink){NULL, UINT64_MAX, sink_write, sink_finish, sink_abort};
    return is_allowed(req, true, resp) ? 1 : -1;
}

static const struct http_callbacks callbacks = {
    .handle = handle, .render_error = render_error, .begin_upload = begin_upload};

/* A certificate for 127.0.0.1, made on the spot. */
static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    ck_assert(key != NULL && x != NULL);
    (void)X509_set_version(x, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME *name = X509_get_subject_name(x);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"croft", -1,
                                     -1, 0);
    (void)X509_set_issuer_name(x, name);
    (void)X509_set_pubkey(x, key);
    X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    (void)X509_add_ext(x, alt, -1);
    X509_EXTENSION_free(alt);
    ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
    FILE *f = fopen(cert_path, "w");
    ck_assert_int_eq(PEM_write_X509(f, x), 1);
    (void)fclose(f);
    f = fopen(key_path, "w");
    ck_assert_int_eq(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void start(void)
{
    unit_directory(folder);
    (void)snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
    (void)snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", folder);
    (void)snprintf(key_path, sizeof(key_path), "%s/key.pem", folder);
    make_certificate();
    verifier = sigv4_new(&(struct sigv4_config){regions, services, find, admit, NULL});
    const struct http_listener listeners[] = {
        {.fd = -1, .address = "127.0.0.1:0"},
        {.fd = -1, .address = socket_path, .unix_mode = 0600, .unix_gid = (gid_t)-1},
        {.fd = -1, .address = "127.0.0.1:0", .tls_cert = cert_path, .tls_key = key_path},
    };
    const struct http_config config = {.listeners = listeners, .n_listeners = 3};
    struct err e = {0};
    ck_assert_msg(http_server_new(&config, &callbacks, NULL, &server, &e) == 0, "%s", e.message);
}

static void stop(void)
{
    http_server_free(server);
    sigv4_free(verifier);
    (void)unlink(cert_path);
    (void)unlink(key_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

enum door { DOOR_TCP, DOOR_UNIX, DOOR_TLS, DOOR_MAX };

static struct client *dial_with(enum door door, const char *secret, int timeout_ms)
{
    char endpoint[200];
    if (door == DOOR_UNIX)
        (void)snprintf(endpoint, sizeof(endpoint), "unix:%s", socket_path);
    else
        (void)snprintf(endpoint, sizeof(endpoint), "%s://127.0.0.1:%u",
                       door == DOOR_TLS ? "https" : "http", http_server_port(server, door));
    const struct client_config config = {
        .endpoint = endpoint,
        .credentials = {KEY, secret, "its token"},
        .ca_file = cert_path,
        .timeout_ms = timeout_ms,
    };
    struct client *c = NULL;
    struct err e = {0};
    ck_assert_msg(client_new(&config, &c, &e) == 0, "%s", e.message);
    return c;
}

static struct client *dial(enum door door)
{
    return dial_with(door, SECRET, 0);
}

START_TEST(a_call_succeeds_at_every_door)
{
    start();
    for (enum door door = 0; door < DOOR_MAX; door++) {
        _cleanup_client_ struct client *c = dial(door);
        _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
        struct err e = {0};
        for (int i = 0; i < 3; i++) {
            int r = client_call(c, "DescribeInstances", "{\"a\":\"ü\"}", 10, &reply, &e);
            ck_assert_msg(r == 0, "%d: %s", door, e.message);
            ck_assert_int_eq(reply.status, 200);
            ck_assert_str_eq(buf_str(&reply.body),
                             "{\"path\":\"/v1/DescribeInstances?\",\"body\":{\"a\":\"ü\"}}");
            ck_assert_uint_eq(strlen(reply.request_id), 36);
        }
        int r = client_request(c, "GET", "/health?b=2&a=1%20x", NULL, NULL, 0, &reply, &e);
        ck_assert_msg(r == 0, "%d: %s", door, e.message);
        ck_assert_str_eq(buf_str(&reply.body), "{\"path\":\"/health?b=2&a=1%20x\",\"body\":null}");
    }
    stop();
}
END_TEST

START_TEST(a_refusal_has_its_code_and_message)
{
    start();
    _cleanup_client_ struct client *c = dial_with(DOOR_TCP, "wrong", 0);
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    struct err e = {0};
    ck_assert_int_eq(client_call(c, "A", "{}", 2, &reply, &e), -EREMOTEIO);
    ck_assert_int_eq(reply.status, 401);
    ck_assert_str_eq(reply.code, "AuthFailure");
    ck_assert_ptr_nonnull(strstr(reply.message, "not able to validate"));
    ck_assert_ptr_nonnull(strstr(e.message, "AuthFailure: Croft was"));
    _cleanup_client_ struct client *local = dial(DOOR_UNIX);
    ck_assert_int_eq(client_call(local, "Html", "{}", 2, &reply, &e), -EREMOTEIO);
    ck_assert_str_eq(reply.code, "HTTP 502");
    stop();
}
END_TEST

START_TEST(nobody_there_and_no_answer_are_told_apart)
{
    start();
    struct err e = {0};
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    struct client *c = dial_with(DOOR_UNIX, SECRET, 300);
    ck_assert_int_eq(client_call(c, "Wait", "{}", 2, &reply, &e), -ETIMEDOUT);
    client_free(c);
    c = dial(DOOR_UNIX);
    struct client *tcp = dial(DOOR_TCP);
    stop();
    ck_assert_int_eq(client_call(c, "A", "{}", 2, &reply, &e), -ENOENT);
    ck_assert_ptr_nonnull(strstr(e.message, socket_path));
    int fd = -1;
    ck_assert_int_eq(client_tunnel(c, "i-0123", 22, &fd, &reply, &e), -ENOENT);
    ck_assert_int_eq(client_call(tcp, "A", "{}", 2, &reply, &e), -ECONNREFUSED);
    client_free(c);
    client_free(tcp);
    ck_assert_int_eq(client_new(&(struct client_config){.endpoint = "ftp://x"}, &c, &e), -EINVAL);
    ck_assert_int_eq(client_new(&(struct client_config){.endpoint = "http://x"}, &c, &e), -ENOKEY);
}
END_TEST

static int64_t last_done;
static int stop_at = -1;

static int on_progress(void *ctx, int64_t done, int64_t total)
{
    ck_assert_int_le(done, total);
    ck_assert_int_ge(done, last_done);
    last_done = done;
    return stop_at >= 0 && done > stop_at;
}

START_TEST(a_file_is_put_as_a_stream)
{
    start();
    const int64_t size = (int64_t)50 << 20;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ck_assert_int_eq(ftruncate(fd, size), 0);
    struct err e = {0};
    for (enum door door = 0; door < DOOR_MAX; door++) {
        _cleanup_client_ struct client *c = dial(door);
        _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
        last_done = 0;
        (void)lseek(fd, 0, SEEK_SET);
        int r = client_put_file(c, "/v1/images/upload?Name=a%20b", fd, size, on_progress, NULL,
                                &reply, &e);
        ck_assert_msg(r == 0, "%d: %s", door, e.message);
        ck_assert_str_eq(buf_str(&reply.body), "{\"bytes\":52428800}");
        ck_assert_int_eq(last_done, size);
    }
    _cleanup_client_ struct client *c = dial(DOOR_UNIX);
    _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
    last_done = 0;
    stop_at = 1;
    (void)lseek(fd, 0, SEEK_SET);
    ck_assert_int_eq(
        client_put_file(c, "/v1/images/upload", fd, size, on_progress, NULL, &reply, &e),
        -ECANCELED);
    (void)close(fd);
    stop();
}
END_TEST

static void expect_bytes(int fd, const char *want)
{
    char got[200] = "";
    size_t n = 0;
    while (n < strlen(want)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ck_assert_msg(poll(&p, 1, 5000) == 1, "only '%s' came", got);
        ssize_t more = recv(fd, got + n, sizeof(got) - 1 - n, 0);
        ck_assert_int_gt(more, 0);
        n += (size_t)more;
    }
    ck_assert_str_eq(got, want);
}

static size_t bulk;

static void *echo(void *arg)
{
    char data[8192];
    ssize_t n = 0;
    while ((n = recv(guest_fd, data, sizeof(data), 0)) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t sent = send(guest_fd, data + done, (size_t)(n - done), MSG_NOSIGNAL);
            if (sent < 0)
                return NULL;
            done += sent;
        }
    }
    return NULL;
}

static void *write_bulk(void *arg)
{
    static char data[10007];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7);
    for (size_t done = 0; done < bulk;) {
        size_t at = done % sizeof(data);
        size_t len = sizeof(data) - at < bulk - done ? sizeof(data) - at : bulk - done;
        ssize_t n = send(*(int *)arg, data + at, len, MSG_NOSIGNAL);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    return NULL;
}

START_TEST(a_tunnel_that_is_full_both_ways_loses_nothing)
{
    start();
    for (enum door door = 0; door < DOOR_MAX; door++) {
        _cleanup_client_ struct client *c = dial(door);
        _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
        struct err e = {0};
        int fd = -1;
        /* libmicrohttpd 0.9.75 moves four bytes at a time between TLS and a tunnel. */
        bulk = door == DOOR_TLS ? 40000 : (size_t)3 << 20;
        ck_assert_int_eq(client_tunnel(c, "i-0123", 22, &fd, &reply, &e), 0);
        expect_bytes(fd, "SSH-2.0-first\r\n");
        pthread_t threads[2];
        (void)pthread_create(&threads[0], NULL, echo, NULL);
        (void)pthread_create(&threads[1], NULL, write_bulk, &fd);
        size_t got = 0;
        size_t wrong = 0;
        while (got < bulk) {
            char data[5000];
            struct pollfd p = {.fd = fd, .events = POLLIN};
            ck_assert_msg(poll(&p, 1, 5000) == 1, "it stands still at door %d: %zu", door, got);
            ssize_t n = recv(fd, data, sizeof(data), 0);
            ck_assert_int_gt(n, 0);
            for (ssize_t i = 0; i < n; i++)
                wrong += data[i] != (char)((got + (size_t)i) % 10007 * 7);
            got += (size_t)n;
        }
        ck_assert_uint_eq(wrong, 0);
        (void)pthread_join(threads[1], NULL);
        /* The guest is told when the client goes, though nothing is on its way. */
        (void)close(fd);
        (void)pthread_join(threads[0], NULL);
        (void)close(guest_fd);
    }
    stop();
}
END_TEST

START_TEST(a_tunnel_carries_the_guests_bytes_and_nothing_else)
{
    start();
    for (enum door door = 0; door < DOOR_MAX; door++) {
        struct client *c = dial(door);
        _cleanup_client_reply_ struct client_reply reply = CLIENT_REPLY_INIT;
        struct err e = {0};
        int fd = -1;
        int r = client_tunnel(c, "i-0123", 22, &fd, &reply, &e);
        ck_assert_msg(r == 0, "%d: %s", door, e.message);
        client_free(c); /* the tunnel does not need it */
        expect_bytes(fd, "SSH-2.0-first\r\n");
        for (int i = 0; i < 100; i++) {
            ck_assert_int_eq(write(fd, "to guest", 8), 8);
            expect_bytes(guest_fd, "to guest");
            ck_assert_int_eq(write(guest_fd, "to client", 9), 9);
            expect_bytes(fd, "to client");
        }
        (void)close(guest_fd);
        char byte = 0;
        ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
        (void)close(fd);

        c = dial(door);
        ck_assert_int_eq(client_tunnel(c, "i-0123", 22, &fd, &reply, &e), 0);
        (void)close(fd);
        char banner[100];
        struct pollfd p = {.fd = guest_fd, .events = POLLIN};
        ck_assert_msg(poll(&p, 1, 5000) == 1, "the guest is not told at door %d", door);
        ck_assert_int_eq(recv(guest_fd, banner, sizeof(banner), 0), 0);
        (void)close(guest_fd);

        ck_assert_int_eq(client_tunnel(c, "i-9", 22, &fd, &reply, &e), -EREMOTEIO);
        ck_assert_str_eq(reply.code, "InvalidInstanceID.NotFound");
        ck_assert_str_eq(reply.message, "The instance ID 'i-9' does not exist");
        client_free(c);
    }
    for (int i = 0; i < 200 && http_server_tunnels(server) > 0; i++)
        clock_sleep(10);
    ck_assert_uint_eq(http_server_tunnels(server), 0);
    stop();
}
END_TEST

START_TEST(credentials_come_from_the_environment_or_the_file)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct client_credentials k = {0};
    struct err e = {0};
    char path[] = "/tmp/croft-unit-credentials-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "# mine\n[default]\naws_access_key_id = A1\n"
                               "aws_secret_access_key=S1=+/\n\n[ lab ]\r\n"
                               "aws_access_key_id=A2\r\naws_secret_access_key = S2\r\n"
                               "aws_session_token = T2\r\n[none]\naws_access_key_id=A3\n";
    ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    (void)close(fd);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    (void)unsetenv("AWS_ACCESS_KEY_ID");
    (void)unsetenv("AWS_PROFILE");
    ck_assert_int_eq(client_credentials_find(NULL, a, &k, &e), 0);
    ck_assert_str_eq(k.access_key_id, "A1");
    ck_assert_str_eq(k.secret_access_key, "S1=+/");
    ck_assert_ptr_null(k.session_token);
    ck_assert_int_eq(client_credentials_find("lab", a, &k, &e), 0);
    ck_assert_str_eq(k.access_key_id, "A2");
    ck_assert_str_eq(k.secret_access_key, "S2");
    ck_assert_str_eq(k.session_token, "T2");
    ck_assert_int_eq(client_credentials_find("none", a, &k, &e), -ENOENT);
    (void)setenv("AWS_ACCESS_KEY_ID", "A4", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "S4", 1);
    (void)unsetenv("AWS_SESSION_TOKEN");
    ck_assert_int_eq(client_credentials_find(NULL, a, &k, &e), 0);
    ck_assert_str_eq(k.access_key_id, "A4");
    ck_assert_ptr_null(k.session_token);
    (void)unlink(path);
}
END_TEST

UNIT_SUITE(a_call_succeeds_at_every_door, a_refusal_has_its_code_and_message,
           nobody_there_and_no_answer_are_told_apart, a_file_is_put_as_a_stream,
           a_tunnel_that_is_full_both_ways_loses_nothing,
           a_tunnel_carries_the_guests_bytes_and_nothing_else,
           credentials_come_from_the_environment_or_the_file)
