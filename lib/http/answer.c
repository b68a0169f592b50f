/* From a struct http_response to libmicrohttpd's, and errors of the server's own. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "http/http_internal.h"

/* An answer may take this long for each 8 KiB beyond the ordinary limit. */
#define SLOWEST_READER 8 /* bytes in a millisecond */

void http_answer_init(struct http_response *r)
{
    *r = (struct http_response){
        .status = 200,
        .body = BUF_INIT(HTTP_RESPONSE_MAX),
        .tunnel_fd = -1,
    };
}

static void release(struct http_response *r)
{
    buf_done(&r->body);
    if (r->tunnel_fd >= 0)
        (void)close(r->tunnel_fd);
    r->tunnel_fd = -1;
}

void http_answer_error(struct http_exchange *x, int status, const char *message)
{
    release(&x->answer);
    http_answer_init(&x->answer);
    x->answer.status = status;
    x->server->callbacks.render_error(x->server->ctx, &x->pub, status, message, &x->answer);
    if (x->answer.tunnel_fd >= 0 || x->answer.body.failed || x->answer.status < 400) {
        log_debug("an error could not be rendered request=%s status=%d", x->id, status);
        release(&x->answer);
        http_answer_init(&x->answer);
        x->answer.status = status;
    }
}

static void on_upgrade(void *cls, struct MHD_Connection *mhd, void *req_cls, const char *extra,
                       size_t extra_len, MHD_socket sock, struct MHD_UpgradeResponseHandle *urh)
{
    struct http_exchange *x = req_cls;
    (void)cls;
    (void)mhd;
    http_deadline(x->conn, HTTP_DEADLINE_NONE);
    int fd = x->tunnel_fd;
    x->tunnel_fd = -1;
    /* A tunnel is no running request: stopping does not wait for it. */
    if (x->counted) {
        x->counted = false;
        (void)pthread_mutex_lock(&x->server->lock);
        x->server->running--;
        (void)pthread_cond_broadcast(&x->server->changed);
        (void)pthread_mutex_unlock(&x->server->lock);
    }
    http_tunnels_add(x->server->tunnels, sock, x->conn->peer.is_tls ? x->conn->fd : -1, urh, fd,
                     extra, extra_len);
}

/* Checks that the tunnel may be; otherwise the answer becomes an error. */
static bool take_tunnel(struct http_exchange *x)
{
    if (x->answer.tunnel_fd < 0)
        return false;
    if (!http_wants_tunnel(&x->pub)) {
        http_answer_error(x, 400,
                          "A tunnel needs the headers 'Connection: Upgrade' and "
                          "'Upgrade: " HTTP_TUNNEL_PROTOCOL "'");
        return false;
    }
    if (atomic_load(&x->server->stopping) || !http_tunnels_reserve(x->server->tunnels)) {
        http_answer_error(x, 503, "Too many tunnels are open");
        return false;
    }
    x->tunnel_fd = x->answer.tunnel_fd;
    x->answer.tunnel_fd = -1;
    return true;
}

static bool add_header(struct MHD_Response *r, const struct http_exchange *x, const char *name,
                       const char *value)
{
    if (MHD_add_response_header(r, name, value) == MHD_YES)
        return true;
    log_warning("header-refused request=%s name=%s", x->id, name);
    return false;
}

/* An answer without one of its headers would be another answer: then there is none. */
static bool add_headers(struct MHD_Response *r, const struct http_exchange *x, bool tunnel)
{
    const struct http_response *a = &x->answer;
    bool ok = !tunnel || add_header(r, x, "Upgrade", HTTP_TUNNEL_PROTOCOL);
    ok = ok && add_header(r, x, "x-amzn-RequestId", x->id);
    if (!str_empty(a->content_type))
        ok = ok && add_header(r, x, "Content-Type", a->content_type);
    for (size_t i = 0; i < a->headers.n; i++)
        ok = ok && add_header(r, x, a->headers.v[i].name, a->headers.v[i].value);
    if (!tunnel && (a->close || atomic_load(&x->server->stopping)))
        ok = ok && add_header(r, x, "Connection", "close");
    return ok;
}

/* A unix socket has no hops. */
static bool limit_hops(struct http_conn *c, int hops)
{
    int family = AF_UNSPEC;
    socklen_t len = sizeof(family);
    if (hops == 0 || (c->hops != 0 && c->hops <= hops))
        return true;
    c->hops = hops;
    if (getsockopt(c->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) < 0)
        return false;
    if (family == AF_INET6)
        return setsockopt(c->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops)) == 0;
    return family != AF_INET || setsockopt(c->fd, IPPROTO_IP, IP_TTL, &hops, sizeof(hops)) == 0;
}

enum MHD_Result http_answer(struct http_exchange *x)
{
    if (x->answer.body.failed || !limit_hops(x->conn, x->answer.hop_limit))
        http_answer_error(x, 500, "The answer could not be made");
    bool tunnel = take_tunnel(x);
    struct http_response *a = &x->answer;
    struct MHD_Response *r = NULL;
    size_t len = a->body.len;
    if (tunnel) {
        a->status = MHD_HTTP_SWITCHING_PROTOCOLS;
        r = MHD_create_response_for_upgrade(on_upgrade, NULL);
    } else if (len == 0) {
        r = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    } else {
        char *data = buf_take(&a->body);
        r = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
        if (r == NULL)
            free(data);
    }
    release(a);
    if (r == NULL)
        return MHD_NO;

    bool complete = add_headers(r, x, tunnel);
    http_deadline(x->conn,
                  1000 * (int64_t)x->server->receive_timeout_s + (int64_t)(len / SLOWEST_READER));
    enum MHD_Result ok = complete ? MHD_queue_response(x->mhd, (unsigned)a->status, r) : MHD_NO;
    MHD_destroy_response(r);
    return ok;
}

/* Is `token` one of the comma-separated words of any header of that name? */
static bool has_token(const struct headers *h, const char *name, const char *token)
{
    size_t len = strlen(token);
    for (size_t i = 0; i < h->n; i++) {
        if (strcasecmp(h->v[i].name, name) != 0)
            continue;
        for (const char *p = h->v[i].value; *p != '\0';) {
            p += strspn(p, ", \t");
            size_t n = strcspn(p, ", \t");
            if (n == len && strncasecmp(p, token, n) == 0)
                return true;
            p += n;
        }
    }
    return false;
}

bool http_wants_tunnel(const struct http_request *req)
{
    return streq(req->method, "GET") && has_token(&req->headers, "connection", "upgrade") &&
           has_token(&req->headers, "upgrade", HTTP_TUNNEL_PROTOCOL);
}
