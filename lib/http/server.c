/*
 * Assembly: one libmicrohttpd daemon for each listening socket, each with its own workers, because
 * a daemon has one socket and one certificate. Connections, deadlines, tunnels are the server's.
 */
#include "http/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "http/http_internal.h"

#define THREADS_DEFAULT 2
#define THREADS_MAX     64
#define TIMEOUT_DEFAULT 60
#define WORKER_STACK    ((size_t)1 << 20)
#define TLS_PRIORITIES  "SECURE256:SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

#define NO_MEMORY "Error allocating memory" /* how libmicrohttpd (0.9.75) says it */

#define NO_DESCRIPTORS "Hit process or system resource limit"
#define NO_CONNECTIONS NO_DESCRIPTORS " at FIRST" /* of this worker; it tries again at once */
#define PAUSE_MS       100
#define WARN_EVERY_MS  60000

/* Connections wait in the socket's queue until others end. */
static void lack_descriptors(bool spins)
{
    static _Atomic int64_t warned;
    int64_t now = clock_monotonic();
    int64_t before = atomic_load(&warned);
    if ((before == 0 || now - before >= WARN_EVERY_MS) &&
        atomic_compare_exchange_strong(&warned, &before, now))
        log_warning("no-descriptors: connections wait until others end (LimitNOFILE)");
    if (spins)
        clock_sleep(PAUSE_MS);
}

/*
 * libmicrohttpd's complaints are about what clients do. But a worker that has no memory for its
 * poll() has already taken note of the connections that were resumed, and lets them wait for a
 * minute; and one that has no connection and gets no descriptor for one would spin.
 */
__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format, va_list ap)
{
    char text[512];
    (void)cls;
    CHECK_MEMORY(strncmp(format, NO_MEMORY, sizeof(NO_MEMORY) - 1) != 0);
    if (strncmp(format, NO_DESCRIPTORS, sizeof(NO_DESCRIPTORS) - 1) == 0)
        lack_descriptors(strncmp(format, NO_CONNECTIONS, sizeof(NO_CONNECTIONS) - 1) == 0);
    (void)vsnprintf(text, sizeof(text), format, ap);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("http %s", text);
}

/* Paths are split by ourselves and the query is decoded by its reader, so nothing is unescaped. */
static size_t keep_escapes(void *cls, struct MHD_Connection *mhd, char *s)
{
    (void)cls;
    (void)mhd;
    return strlen(s);
}

static int daemon_start(struct http_daemon *d, const struct http_config *config,
                        const struct http_listener *l, unsigned connections, struct err *e)
{
    unsigned threads = config->threads == 0 ? THREADS_DEFAULT : config->threads;
    if (d->is_fed) /* the limit is one for all of them */
        threads = 1;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    /* The limit is divided among the workers, and each needs one. */
    if (connections < threads)
        connections = threads;
    d->limit = connections;

    /* Not epoll: with 128 connections ready at once libmicrohttpd (0.9.75) waits for more with its
     * whole timeout, before it looks at those. When all clients wait for an answer that is a minute
     * (tests/api/load.py). */
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC |
                     MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME;
    if (d->is_fed)
        flags |= MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem more[8];
    size_t n = 0;
    if (l->tls_cert != NULL) {
        int r = http_tls_load(l->tls_cert, l->tls_key, e);
        if (r < 0)
            return r;
        d->is_tls = true;
        flags |= MHD_USE_TLS;
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2, 0,
                                            (void *)(uintptr_t)http_tls_present};
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                            (void *)(uintptr_t)TLS_PRIORITIES};
    }
    if (!d->is_fed)
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, d->fd, NULL};
    if (threads > 1) /* a pool of one is refused with a warning */
        more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL};
    more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};

    d->mhd = MHD_start_daemon(
        flags, (uint16_t)d->port, NULL, NULL, http_on_request, d, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, NULL, MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
        d->server->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        d->server->header_max + HTTP_POOL_REST, MHD_OPTION_THREAD_STACK_SIZE, WORKER_STACK,
        MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, d, MHD_OPTION_NOTIFY_COMPLETED,
        http_on_completed, d, MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, d,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    if (d->mhd == NULL) {
        /* Some of its failures close the socket, and some do not. */
        if (d->fd >= 0 && fcntl(d->fd, F_GETFD) < 0)
            d->fd = -1;
        return err_set(e, EIO, "cannot start the HTTP server on %s",
                       d->is_fed                         ? "what it is given"
                       : l->address != NULL && l->fd < 0 ? l->address
                                                         : "the given socket");
    }
    return 0;
}

static unsigned share(unsigned total, unsigned preset, size_t n)
{
    if (total == 0)
        total = preset;
    return n == 0 ? total : (total + (unsigned)n - 1) / (unsigned)n;
}

static int start_all(struct http_server *s, const struct http_config *config, struct err *e)
{
    size_t n_unix = 0;
    for (size_t i = 0; i < config->n_listeners; i++) {
        struct http_daemon *d = &s->daemons[i];
        int r = http_listen(&config->listeners[i], d, e);
        if (r < 0)
            return r;
        n_unix += d->is_unix;
    }
    int r = http_tunnels_new(&s->tunnels, e);
    if (r == 0)
        r = http_watch_start(s, e);
    if (r == 0 && config->takes_connections) {
        static const struct http_listener none;
        s->daemons[0].is_fed = true;
        r = daemon_start(&s->daemons[0], config, &none,
                         share(config->connections_tcp, HTTP_CONNECTIONS_TCP, 1), e);
    }
    for (size_t i = 0; r == 0 && i < config->n_listeners; i++) {
        struct http_daemon *d = &s->daemons[i];
        unsigned connections = d->is_unix
                                   ? share(config->connections_unix, HTTP_CONNECTIONS_UNIX, n_unix)
                                   : share(config->connections_tcp, HTTP_CONNECTIONS_TCP,
                                           config->n_listeners - n_unix);
        r = daemon_start(d, config, &config->listeners[i], connections, e);
    }
    return r;
}

int http_server_new(const struct http_config *config, const struct http_callbacks *callbacks,
                    void *ctx, struct http_server **ret_server, struct err *e)
{
    CHECK(callbacks->handle != NULL && callbacks->render_error != NULL);
    struct http_server *s = calloc(1, sizeof(*s));
    CHECK_MEMORY(s != NULL);
    s->callbacks = *callbacks;
    s->ctx = ctx;
    s->idle_timeout_s = config->idle_timeout_s == 0 ? TIMEOUT_DEFAULT : config->idle_timeout_s;
    s->receive_timeout_s =
        config->receive_timeout_s == 0 ? TIMEOUT_DEFAULT : config->receive_timeout_s;
    s->connections_each = config->connections_each;
    s->header_max = config->header_max == 0 ? HTTP_HEADER_MAX : config->header_max;
    s->body_max = config->body_max == 0 ? HTTP_BODY_MAX : config->body_max;
    (void)pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&s->changed, &attr);
    (void)pthread_condattr_destroy(&attr);

    int r = 0;
    size_t n = config->n_listeners;
    if (config->takes_connections) {
        CHECK(n == 0);
        s->n_daemons = 1;
        s->daemons[0].server = s;
        s->daemons[0].fd = -1;
    } else if (n == 0 || n > HTTP_LISTENERS_MAX) {
        r = err_set(e, EINVAL, "a server listens on 1 to %d sockets", HTTP_LISTENERS_MAX);
        for (size_t i = 0; i < n; i++) {
            if (config->listeners[i].fd >= 0)
                (void)close(config->listeners[i].fd);
        }
        n = 0;
    }
    if (!config->takes_connections)
        s->n_daemons = n;
    for (size_t i = 0; i < n; i++) {
        s->daemons[i].server = s;
        s->daemons[i].fd = config->listeners[i].fd;
    }
    if (r == 0)
        r = start_all(s, config, e);
    if (r < 0) {
        http_server_free(s);
        return r;
    }
    *ret_server = s;
    return 0;
}

/* Waits until nothing runs, at most until `deadline` (monotonic), or for ever with -1. */
static void wait_for_end(struct http_server *s, int64_t deadline)
{
    struct timespec ts = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
    (void)pthread_mutex_lock(&s->lock);
    if (deadline < 0) {
        while (s->slow > 0)
            (void)pthread_cond_wait(&s->changed, &s->lock);
    } else {
        while (s->running > 0 && pthread_cond_timedwait(&s->changed, &s->lock, &ts) != ETIMEDOUT)
            ;
    }
    (void)pthread_mutex_unlock(&s->lock);
}

void http_server_stop(struct http_server *s, int timeout_ms)
{
    if (s->stopped)
        return;
    s->stopped = true;
    atomic_store(&s->stopping, true);
    for (size_t i = 0; i < s->n_daemons; i++) {
        struct http_daemon *d = &s->daemons[i];
        if (d->mhd != NULL)
            (void)MHD_quiesce_daemon(d->mhd); /* the socket is ours again */
        if (d->unix_path != NULL)
            (void)unlink(d->unix_path);
    }
    if (timeout_ms > 0)
        wait_for_end(s, clock_monotonic() + timeout_ms);
    /* libmicrohttpd ends the process when it is stopped with a suspended connection. */
    wait_for_end(s, -1);
    if (s->tunnels != NULL)
        http_tunnels_stop(s->tunnels);
    for (size_t i = 0; i < s->n_daemons; i++) {
        struct http_daemon *d = &s->daemons[i];
        if (d->mhd != NULL)
            MHD_stop_daemon(d->mhd);
        d->mhd = NULL;
        if (d->fd >= 0)
            (void)close(d->fd);
        d->fd = -1;
    }
    http_watch_stop(s);
}

void http_server_free(struct http_server *s)
{
    if (s == NULL)
        return;
    http_server_stop(s, 0);
    http_tunnels_free(s->tunnels);
    for (size_t i = 0; i < s->n_daemons; i++) {
        struct http_daemon *d = &s->daemons[i];
        free(d->unix_path);
    }
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

unsigned http_server_port(const struct http_server *s, size_t i)
{
    CHECK(i < s->n_daemons);
    return s->daemons[i].port;
}

unsigned http_server_tunnels(const struct http_server *s)
{
    return http_tunnels_count(s->tunnels);
}
