#include "client/client.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "client/client_internal.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void client_init(void)
{
    (void)pthread_once(&once, init_curl);
}

static char *copy(const char *s)
{
    if (s == NULL)
        return NULL;
    char *p = strdup(s);
    CHECK(p != NULL);
    return p;
}

/* Takes an http(s) endpoint apart: base URL and Host header. */
static int set_url(struct client *c, const char *endpoint, struct err *e)
{
    CURLU *u = curl_url();
    CHECK(u != NULL);
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    char *path = NULL;
    int r = 0;
    if (curl_url_set(u, CURLUPART_URL, endpoint, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK || !streq(path, "/") ||
        (!streq(scheme, "http") && !streq(scheme, "https"))) {
        r = err_set(e, EINVAL,
                    "'%s' is no endpoint: write the path of a socket, http://HOST:PORT or "
                    "https://HOST:PORT",
                    endpoint);
    } else {
        /* As libcurl: the default port is not written. */
        bool with_port = curl_url_get(u, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
        char *text = NULL;
        CHECK(asprintf(&text, "%s%s%s", host, with_port ? ":" : "", with_port ? port : "") > 0);
        c->host = text;
        CHECK(asprintf(&text, "%s://%s", scheme, c->host) > 0);
        c->base = text;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_url_cleanup(u);
    return r;
}

int client_new(const struct client_config *config, struct client **ret_client, struct err *e)
{
    client_init();
    if (str_empty(config->endpoint))
        return err_set(e, EINVAL, "no endpoint is given");
    _cleanup_client_ struct client *c = calloc(1, sizeof(*c));
    CHECK(c != NULL);
    c->arena = arena_new();
    c->where = copy(config->endpoint);
    c->timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : CLIENT_TIMEOUT_MS;
    c->explain = config->explain;
    c->ca_file = copy(config->ca_file);
    c->region = copy(config->region);
    c->service = copy(config->service != NULL ? config->service : "ec2");
    const char *path = has_prefix(config->endpoint, "unix://") ? config->endpoint + 7
                       : has_prefix(config->endpoint, "unix:") ? config->endpoint + 5
                                                               : config->endpoint;
    if (path[0] == '/') {
        c->socket_path = copy(path);
        c->host = copy("croft");
        c->base = copy("http://croft");
    } else {
        int r = set_url(c, config->endpoint, e);
        if (r < 0)
            return r;
        const struct client_credentials *k = &config->credentials;
        if (str_empty(k->access_key_id) || str_empty(k->secret_access_key))
            return err_set(e, ENOKEY,
                           "%s needs an access key: set AWS_ACCESS_KEY_ID and "
                           "AWS_SECRET_ACCESS_KEY, or use the unix socket",
                           config->endpoint);
        c->access_key_id = copy(k->access_key_id);
        c->secret_access_key = copy(k->secret_access_key);
        c->session_token = str_empty(k->session_token) ? NULL : copy(k->session_token);
        c->signer = sigv4_new(NULL);
    }
    c->curl = curl_easy_init();
    CHECK(c->curl != NULL);
    *ret_client = TAKE(c);
    return 0;
}

void client_free(struct client *c)
{
    if (c == NULL)
        return;
    if (c->curl != NULL)
        curl_easy_cleanup(c->curl);
    sigv4_free(c->signer);
    arena_free(c->arena);
    char *secrets[] = {c->secret_access_key, c->session_token};
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
        if (secrets[i] != NULL)
            explicit_bzero(secrets[i], strlen(secrets[i]));
        free(secrets[i]);
    }
    free(c->base);
    free(c->host);
    free(c->socket_path);
    free(c->where);
    free(c->ca_file);
    free(c->region);
    free(c->service);
    free(c->access_key_id);
    free(c);
}

void client_reply_done(struct client_reply *r)
{
    buf_done(&r->body);
}

static void reply_reset(struct client_reply *r)
{
    buf_reset(&r->body);
    r->status = 0;
    r->request_id[0] = r->code[0] = r->message[0] = '\0';
}

struct headers client_headers(struct client *c, const struct client_message *m)
{
    struct arena *a = c->arena;
    struct headers h = {0};
    *arena_append(a, &h) = (struct header){"Host", c->host};
    if (m->content_type != NULL)
        *arena_append(a, &h) = (struct header){"Content-Type", m->content_type};
    if (c->signer == NULL && c->region != NULL)
        *arena_append(a, &h) = (struct header){"X-Croft-Region", c->region};
    if (c->signer != NULL) {
        size_t path = strcspn(m->target, "?");
        const struct sigv4_request r = {
            .method = m->method,
            .path = arena_strndup(a, m->target, path),
            .query = m->target[path] == '?' ? m->target + path + 1 : "",
            .headers = &h,
            .body = m->body,
            .body_len = m->len,
            .streamed = m->payload_sha256 != NULL,
        };
        const struct sigv4_signing with = {
            .access_key_id = c->access_key_id,
            .secret_access_key = c->secret_access_key,
            .session_token = c->session_token,
            .region = c->region != NULL ? c->region : "us-east-1",
            .service = c->service,
            .now = clock_now(),
        };
        struct headers add = {0};
        sigv4_sign(c->signer, &r, &with, m->payload_sha256, a, &add);
        for (size_t i = 0; i < add.n; i++)
            *arena_append(a, &h) = add.v[i];
    }
    *arena_append(a, &h) = (struct header){"Accept", "application/json"};
    *arena_append(a, &h) = (struct header){"User-Agent", "croft/" CROFT_VERSION};
    if (c->explain)
        *arena_append(a, &h) = (struct header){"X-Croft-Explain", "1"};
    if (m->upgrade) {
        *arena_append(a, &h) = (struct header){"Connection", "Upgrade"};
        *arena_append(a, &h) = (struct header){"Upgrade", "croft-tunnel"};
    }
    return h;
}

void client_aim(struct client *c, CURL *curl)
{
    curl_easy_reset(curl);
    c->error[0] = '\0';
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->error);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CLIENT_CONNECT_TIMEOUT_MS);
    if (c->socket_path != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->socket_path);
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    }
    if (c->ca_file != NULL)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_file);
}

int client_failed(struct client *c, CURL *curl, CURLcode code, struct err *e)
{
    long os = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        if (os == EACCES && c->socket_path != NULL)
            return err_set(e, EACCES,
                           "you may not use %s: join the group 'croft' (sudo usermod -aG croft "
                           "USER, then log in again), or use sudo",
                           c->where);
        return err_errno(e, os > 0 ? (int)os : ECONNREFUSED, "cannot reach croftd at %s", c->where);
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(e, ETIMEDOUT, "croftd at %s did not answer in time", c->where);
    default:
        return err_set(e, EIO, "the exchange with croftd at %s failed: %s", c->where,
                       c->error[0] != '\0' ? c->error : curl_easy_strerror(code));
    }
}

static void take_text(json_t *root, const char *const names[2], char *to, size_t size)
{
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(root, names[i]));
        if (text != NULL) {
            (void)snprintf(to, size, "%s", text);
            return;
        }
    }
}

int client_judge(struct client_reply *reply, struct err *e)
{
    if (reply->status >= 200 && reply->status < 300)
        return 0;
    json_t *root = json_loadb(buf_str(&reply->body), reply->body.len, 0, NULL);
    char type[CLIENT_CODE_MAX] = "";
    take_text(root, (const char *const[2]){"__type", "code"}, type, sizeof(type));
    take_text(root, (const char *const[2]){"message", "Message"}, reply->message,
              sizeof(reply->message));
    json_decref(root);
    /* "prefix#Code:more" in the JSON protocols of AWS */
    const char *code = strchr(type, '#');
    code = code == NULL ? type : code + 1;
    (void)snprintf(reply->code, sizeof(reply->code), "%.*s", (int)strcspn(code, ":"), code);
    if (reply->code[0] == '\0')
        (void)snprintf(reply->code, sizeof(reply->code), "HTTP %d", reply->status);
    if (reply->message[0] == '\0')
        return err_set(e, EREMOTEIO, "%s", reply->code);
    return err_set(e, EREMOTEIO, "%s: %s", reply->code, reply->message);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    struct client_reply *reply = arg;
    buf_add(&reply->body, data, size * n);
    return reply->body.failed ? 0 : size * n;
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
    static const char name[] = "x-amzn-requestid:";
    struct client_reply *reply = arg;
    size_t len = size * n;
    if (len > strlen(name) && strncasecmp(line, name, strlen(name)) == 0) {
        const char *value = line + strlen(name);
        const char *end = line + len;
        while (value < end && *value == ' ')
            value++;
        (void)snprintf(reply->request_id, sizeof(reply->request_id), "%.*s",
                       (int)strcspn(value, "\r\n"), value);
    }
    return len;
}

struct upload {
    struct client *client;
    int fd;
    int64_t size;
    int64_t last_done;
    int64_t last_moved;
    int read_error;
    bool cancelled;
    bool stalled;
    client_progress *progress;
    void *ctx;
};

#define STALL_MS 60000

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
    struct upload *u = arg;
    ssize_t got = read(u->fd, to, size * n);
    if (got >= 0)
        return (size_t)got;
    u->read_error = errno;
    return CURL_READFUNC_ABORT;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t total,
                       curl_off_t done)
{
    struct upload *u = arg;
    int64_t now = clock_monotonic();
    (void)down_total;
    (void)down;
    (void)total;
    if (done != u->last_done || u->last_moved == 0 || done >= u->size) {
        u->last_done = done;
        u->last_moved = now;
    }
    /* Once all is sent the server may take its time. */
    u->stalled = now - u->last_moved > STALL_MS;
    u->cancelled = u->progress != NULL && u->progress(u->ctx, done, u->size) != 0;
    return u->stalled || u->cancelled;
}

/* One exchange; `u` for a streamed body. */
static int perform(struct client *c, const struct client_message *m, struct upload *u,
                   struct client_reply *reply, struct err *e)
{
    CURL *curl = c->curl;
    client_aim(c, curl);
    struct headers h = client_headers(c, m);
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no wait for a 100 */
    for (size_t i = 0; i < h.n; i++)
        list = curl_slist_append(list, arena_printf(c->arena, "%s: %s", h.v[i].name, h.v[i].value));
    CHECK(list != NULL);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    (void)curl_easy_setopt(curl, CURLOPT_URL, arena_printf(c->arena, "%s%s", c->base, m->target));
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, reply);
    if (u != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
        (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)u->size);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, u);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, u);
        (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    } else {
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
        if (!streq(m->method, "GET")) {
            (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, m->len > 0 ? m->body : "");
            (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->len);
            (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, m->method);
        }
    }
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(list);
    int r = 0;
    if (code == CURLE_OK) {
        long status = 0;
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        reply->status = (int)status;
        r = client_judge(reply, e);
    } else if (reply->body.failed) {
        r = err_set(e, EFBIG, "the answer is larger than %zu MiB", reply->body.max >> 20);
    } else if (u != NULL && u->read_error != 0) {
        r = err_errno(e, u->read_error, "cannot read the file");
    } else if (u != NULL && u->cancelled) {
        r = err_set(e, ECANCELED, "the transfer was cancelled");
    } else if (u != NULL && u->stalled) {
        r = err_set(e, ETIMEDOUT, "the transfer to %s stands still", c->where);
    } else {
        r = client_failed(c, curl, code, e);
    }
    arena_reset(c->arena);
    return r;
}

int client_request(struct client *c, const char *method, const char *target,
                   const char *content_type, const void *body, size_t len,
                   struct client_reply *reply, struct err *e)
{
    const struct client_message m = {
        .method = method,
        .target = target,
        .content_type = content_type,
        .body = body,
        .len = len,
    };
    reply_reset(reply);
    return perform(c, &m, NULL, reply, e);
}

int client_call(struct client *c, const char *action, const char *json, size_t len,
                struct client_reply *reply, struct err *e)
{
    const char *target = arena_printf(c->arena, "/v1/%s", action);
    return client_request(c, "POST", target, "application/json", json, len, reply, e);
}

int client_put_file(struct client *c, const char *target, int fd, int64_t size,
                    client_progress *progress, void *ctx, struct client_reply *reply, struct err *e)
{
    struct client_message m = {
        .method = "PUT",
        .target = target,
        .content_type = "application/octet-stream",
    };
    char hash[CLIENT_HASH_SIZE];
    reply_reset(reply);
    if (c->signer != NULL) {
        int r = client_digest(fd, CLIENT_HASH_SIZE - 1, hash, e);
        if (r < 0)
            return r;
        m.payload_sha256 = hash;
    }
    struct upload u = {.client = c, .fd = fd, .size = size, .progress = progress, .ctx = ctx};
    return perform(c, &m, &u, reply, e);
}
