/*
 * One request and its answer.
 *
 * libmicrohttpd calls http_on_uri() with the raw request line, http_on_request() once with the
 * headers, then with each piece of the body, then once more when all is there, and
 * http_on_completed() when the answer has been sent or the connection died. It cannot answer while
 * a body is coming in: a refused body is read away first, up to HTTP_DRAIN_MAX, so that the client
 * reads its error and not a reset. Only a body that is announced as larger, or whose client waits
 * with `Expect: 100-continue`, is refused at once; libmicrohttpd then ends the connection by
 * itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "http/http_internal.h"

#define UPLOAD_STEP     ((uint64_t)64 << 10) /* moves the deadline of an upload */
#define BODY_KEEP       ((size_t)64 << 10)   /* a larger body buffer is not kept for the next */
#define SLOW_STACK_SIZE ((size_t)512 << 10)

/*
 * "http://host:8773/path" as proxies are asked for is "/path" (RFC 9112, 3.2.2). Who is meant is of
 * no matter: there is one host here.
 */
static const char *origin_form(const char *uri)
{
    const char *authority = strncasecmp(uri, "http://", 7) == 0    ? uri + 7
                            : strncasecmp(uri, "https://", 8) == 0 ? uri + 8
                                                                   : NULL;
    return authority == NULL ? uri : authority + strcspn(authority, "/?");
}

void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    struct http_daemon *d = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_conn *c = info == NULL ? NULL : info->socket_context;
    if (c == NULL)
        return NULL;
    if (c->arena == NULL)
        c->arena = arena_new();
    struct http_exchange *x = arena_new_of(c->arena, struct http_exchange);
    x->server = d->server;
    x->conn = c;
    x->mhd = mhd;
    x->tunnel_fd = -1;
    http_answer_init(&x->answer);
    uuid_new(x->id);
    x->header_size = strlen(uri);
    uri = origin_form(uri);
    size_t path = strcspn(uri, "?");
    x->pub = (struct http_request){
        .method = "",
        .path = path == 0 ? "/" : arena_strndup(c->arena, uri, path),
        .query = uri[path] == '?' ? arena_strdup(c->arena, uri + path + 1) : "",
        .body = "",
        .peer = &c->peer,
        .request_id = x->id,
        .arena = c->arena,
    };
    http_deadline(c, 1000 * (int64_t)d->server->receive_timeout_s);
    c->phase = HTTP_RECEIVING;
    return x;
}

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                  size_t key_len, const char *value, size_t value_len)
{
    struct http_exchange *x = cls;
    (void)kind;
    x->header_size += key_len + value_len + 4;
    /* libmicrohttpd leaves white space at the end of a value. */
    while (value_len > 0 && (value[value_len - 1] == ' ' || value[value_len - 1] == '\t'))
        value_len--;
    if (memchr(key, '\0', key_len) != NULL ||
        (value != NULL && memchr(value, '\0', value_len) != NULL))
        x->refuse_status = 400; /* what we would check is not what was sent */
    *arena_append(x->pub.arena, &x->pub.headers) = (struct header){
        arena_strndup(x->pub.arena, key, key_len),
        value == NULL ? "" : arena_strndup(x->pub.arena, value, value_len),
    };
    return MHD_YES;
}

static void refuse(struct http_exchange *x, int status, const char *message)
{
    if (x->refuse_status != 0 && x->refuse_message != NULL)
        return;
    x->refuse_status = status;
    x->refuse_message = message;
}

/* The announced length of the body: 0 for none, UINT64_MAX for a chunked one. */
static uint64_t check_length(struct http_exchange *x)
{
    size_t lengths = 0;
    size_t encodings = 0;
    for (size_t i = 0; i < x->pub.headers.n; i++) {
        lengths += strcasecmp(x->pub.headers.v[i].name, "content-length") == 0;
        encodings += strcasecmp(x->pub.headers.v[i].name, "transfer-encoding") == 0;
    }
    const char *encoding = headers_get(&x->pub.headers, "transfer-encoding");
    /* Two opinions about where a request ends are how requests are smuggled (RFC 9112, 6.3). */
    if (lengths + encodings > 1 || (encoding != NULL && strcasecmp(encoding, "chunked") != 0)) {
        refuse(x, 400,
               "The length of the body must be given once: Content-Length, or "
               "Transfer-Encoding: chunked");
        x->answer.close = true;
        return UINT64_MAX;
    }
    if (encoding != NULL)
        return UINT64_MAX;
    const char *length = headers_get(&x->pub.headers, "content-length");
    int64_t value = 0;
    if (length == NULL || parse_int64(length, &value) < 0 || value < 0)
        return 0;
    return (uint64_t)value;
}

/* Two names for the host are two opinions about whom the request is for (RFC 9112, 3.2). */
static void check_host(struct http_exchange *x)
{
    size_t hosts = 0;
    for (size_t i = 0; i < x->pub.headers.n; i++)
        hosts += strcasecmp(x->pub.headers.v[i].name, "host") == 0;
    if (hosts > 1)
        refuse(x, 400, "The header Host must be given once");
}

static void check_method(struct http_exchange *x)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (streq(x->pub.method, known[i]))
            return;
    }
    refuse(x, 405, "The method is not one of GET, POST and PUT");
}

static void begin_upload(struct http_exchange *x, uint64_t length)
{
    struct http_server *s = x->server;
    int r = s->callbacks.begin_upload(s->ctx, &x->pub, &x->answer, &x->sink);
    x->refused_by_caller = r < 0;
    if (r <= 0)
        return;
    x->is_upload = true;
    x->sink_open = true;
    x->conn->phase = HTTP_BUSY;
    if (length != UINT64_MAX && length > x->sink.max)
        refuse(x, 413, "The upload is larger than allowed");
    if (atomic_fetch_add(&s->uploads, 1) >= HTTP_UPLOADS_MAX)
        refuse(x, 503, "Too many uploads are running; try again");
}

static void sink_abort(struct http_exchange *x)
{
    if (x->sink_open)
        x->sink.abort(x->sink.sink);
    x->sink_open = false;
}

static bool is_refused(const struct http_exchange *x)
{
    return x->refuse_status != 0 || x->refused_by_caller;
}

static enum MHD_Result send_refusal(struct http_exchange *x)
{
    sink_abort(x);
    if (x->refuse_status != 0) {
        bool end = x->answer.close;
        http_answer_error(x, x->refuse_status,
                          x->refuse_message != NULL ? x->refuse_message
                                                    : "The request's header is malformed");
        x->answer.close |= end;
    }
    return http_answer(x);
}

/* The headers are here. */
static enum MHD_Result begin(struct http_exchange *x, const char *method)
{
    struct http_server *s = x->server;
    x->started = true;
    x->counted = true;
    (void)pthread_mutex_lock(&s->lock);
    s->running++;
    (void)pthread_mutex_unlock(&s->lock);
    x->pub.method = arena_strdup(x->pub.arena, method);
    (void)MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, add_header, x);
    if (x->header_size > s->header_max)
        refuse(x, 431, "The request's header is too large");
    check_method(x);
    check_host(x);
    uint64_t length = check_length(x);
    if (!is_refused(x) && s->callbacks.begin_upload != NULL && streq(x->pub.method, "PUT"))
        begin_upload(x, length);
    if (!x->is_upload && length != UINT64_MAX && length > s->body_max)
        refuse(x, 413, "The body is larger than any request may be");

    const char *expect = headers_get(&x->pub.headers, "expect");
    bool waits = expect != NULL && strcasecmp(expect, "100-continue") == 0;
    if (is_refused(x) && length > 0 &&
        (waits || x->answer.close || (length != UINT64_MAX && length > HTTP_DRAIN_MAX)))
        return send_refusal(x);
    return MHD_YES;
}

static enum MHD_Result take_piece(struct http_exchange *x, const char *data, size_t len)
{
    x->received += len;
    if (x->is_upload && !is_refused(x)) {
        if (x->received > x->sink.max) {
            x->received = len;
            refuse(x, 413, "The upload is larger than allowed");
            sink_abort(x);
            return MHD_YES;
        }
        if (!x->sink_failed)
            x->sink_failed = x->sink.write(x->sink.sink, data, len) < 0;
        if (x->received - (uint64_t)x->extended_at >= UPLOAD_STEP) {
            x->extended_at = (int64_t)x->received;
            http_deadline(x->conn, 1000 * (int64_t)x->server->receive_timeout_s);
        }
        return MHD_YES;
    }
    if (!is_refused(x)) {
        buf_add(&x->conn->body, data, len);
        if (!x->conn->body.failed)
            return MHD_YES;
        refuse(x, 413, "The body is larger than any request may be");
    }
    return x->received > HTTP_DRAIN_MAX ? MHD_NO : MHD_YES;
}

static void run(struct http_exchange *x)
{
    struct http_server *s = x->server;
    if (x->is_upload) {
        x->sink_open = false;
        x->sink.finish(x->sink.sink, &x->pub, &x->answer);
    } else {
        s->callbacks.handle(s->ctx, &x->pub, &x->answer);
    }
}

static void *slow_thread(void *arg)
{
    struct http_exchange *x = arg;
    struct http_server *s = x->server;
    struct MHD_Connection *mhd = x->mhd;
    (void)pthread_mutex_lock(&s->lock);
    while (!x->suspended)
        (void)pthread_cond_wait(&s->changed, &s->lock);
    (void)pthread_mutex_unlock(&s->lock);
    run(x);
    MHD_resume_connection(mhd); /* x may be gone after this */
    (void)pthread_mutex_lock(&s->lock);
    s->slow--;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* 0 when the answer will come from a thread of its own. */
static int run_slowly(struct http_exchange *x)
{
    struct http_server *s = x->server;
    (void)pthread_mutex_lock(&s->lock);
    bool room = s->slow < HTTP_SLOW_MAX;
    s->slow += room;
    (void)pthread_mutex_unlock(&s->lock);
    if (!room)
        return -EBUSY;
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, SLOW_STACK_SIZE);
    /* The thread first: a connection that is suspended and resumed in one call cannot be answered
     * in it, too. */
    pthread_t thread;
    int r = pthread_create(&thread, &attr, slow_thread, x);
    (void)pthread_attr_destroy(&attr);
    if (r == 0) {
        x->slow_started = true;
        MHD_suspend_connection(x->mhd);
    }
    (void)pthread_mutex_lock(&s->lock);
    if (r == 0)
        x->suspended = true; /* x may be gone once the lock is */
    else
        s->slow--;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    return -r;
}

/* All of the request is here; called again after a slow run. */
static enum MHD_Result end(struct http_exchange *x)
{
    struct http_server *s = x->server;
    if (x->slow_started)
        return http_answer(x);
    if (is_refused(x))
        return send_refusal(x);
    http_deadline(x->conn, HTTP_DEADLINE_NONE);
    x->conn->phase = HTTP_BUSY;
    x->pub.body = buf_str(&x->conn->body);
    x->pub.body_len = x->conn->body.len;
    if (x->is_upload || (s->callbacks.is_slow != NULL && s->callbacks.is_slow(s->ctx, &x->pub))) {
        if (run_slowly(x) == 0)
            return MHD_YES;
        refuse(x, 503, "Too many requests are waiting; try again");
        return send_refusal(x);
    }
    run(x);
    return http_answer(x);
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *data_len, void **req_cls)
{
    struct http_exchange *x = *req_cls;
    (void)cls;
    (void)mhd;
    (void)url;
    (void)version;
    if (x == NULL)
        return MHD_NO;
    if (!x->started)
        return begin(x, method);
    if (*data_len > 0) {
        size_t len = *data_len;
        *data_len = 0;
        return take_piece(x, data, len);
    }
    return end(x);
}

void http_on_completed(void *cls, struct MHD_Connection *mhd, void **req_cls,
                       enum MHD_RequestTerminationCode how)
{
    struct http_exchange *x = *req_cls;
    (void)cls;
    (void)mhd;
    (void)how;
    *req_cls = NULL;
    if (x == NULL)
        return;
    struct http_server *s = x->server;
    struct http_conn *c = x->conn;
    sink_abort(x);
    if (x->is_upload)
        (void)atomic_fetch_sub(&s->uploads, 1);
    if (x->tunnel_fd >= 0) { /* the client left before the upgrade */
        (void)close(x->tunnel_fd);
        http_tunnels_unreserve(s->tunnels);
    }
    if (x->answer.tunnel_fd >= 0)
        (void)close(x->answer.tunnel_fd);
    buf_done(&x->answer.body);
    if (x->counted) {
        (void)pthread_mutex_lock(&s->lock);
        s->running--;
        if (s->running == 0 && atomic_load(&s->stopping)) /* nobody else waits for it */
            (void)pthread_cond_broadcast(&s->changed);
        (void)pthread_mutex_unlock(&s->lock);
    }
    if (c->body.capacity > BODY_KEEP)
        buf_done(&c->body);
    else
        buf_reset(&c->body);
    arena_reset(c->arena);
    http_deadline(c, 1000 * ((int64_t)s->idle_timeout_s + s->receive_timeout_s));
    c->phase = HTTP_IDLE;
}
