#include "hypervisor/connection.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

#define FIRST_ATTEMPT_MS   10000
#define PAUSE_MIN_MS       250
#define PAUSE_MAX_MS       8000
#define KEEPALIVE_INTERVAL 5 /* seconds */
#define KEEPALIVE_COUNT    3

struct connection {
    char *uri;
    domain_event_fn on_event;
    void *ctx;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    virConnectPtr conn; /* NULL: away */
    int callback;       /* of the events of conn */
    bool lost;          /* conn is there, but dead */
    bool tried;         /* the first attempt is over */
    bool ends;

    pthread_t connector;
    pthread_t events;
    _Atomic bool events_end;
    int timer; /* wakes the event loop up */
};

/* libvirt prints each error to stderr unless it is told not to; ours go back to the caller. */
static void keep_quiet(void *ctx, virErrorPtr error)
{
    (void)ctx, (void)error;
}

static void on_timer(int timer, void *opaque)
{
    virEventUpdateTimeout(timer, -1);
}

static void *run_events(void *arg)
{
    struct connection *c = arg;
    while (!c->events_end)
        if (virEventRunDefaultImpl() < 0)
            clock_sleep(100); /* out of memory or descriptors: no reason to spin */
    return NULL;
}

static enum domain_event event_of_stop(int detail)
{
    switch (detail) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
        return DOMAIN_EVENT_SHUTDOWN;
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
    case VIR_DOMAIN_EVENT_STOPPED_FAILED: /* QEMU is gone without a word: kill -9 */
        return DOMAIN_EVENT_CRASHED;
    default: /* destroyed, saved or migrated away by somebody */
        return DOMAIN_EVENT_DESTROYED;
    }
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
                        void *opaque)
{
    struct connection *c = opaque;
    const char *name = virDomainGetName(domain);
    /* The metadata of a domain that has ended is gone, so its name must do; a stranger that is
     * called like an instance is unknown to the store and ignored there. */
    if (name == NULL || !id_is_wellformed(name, "i"))
        return 0;
    if (c->on_event == NULL)
        return 0;
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        c->on_event(c->ctx, event_of_stop(detail), name);
    else if (event == VIR_DOMAIN_EVENT_CRASHED)
        c->on_event(c->ctx, DOMAIN_EVENT_CRASHED, name);
    else if (event == VIR_DOMAIN_EVENT_SUSPENDED && detail == VIR_DOMAIN_EVENT_SUSPENDED_IOERROR)
        c->on_event(c->ctx, DOMAIN_EVENT_STALLED, name);
    return 0;
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
    struct connection *c = opaque;
    (void)pthread_mutex_lock(&c->lock);
    if (conn == c->conn) {
        c->lost = true;
        (void)pthread_cond_broadcast(&c->changed);
    }
    (void)pthread_mutex_unlock(&c->lock);
}

static void hang_up(struct connection *c, virConnectPtr conn, int callback)
{
    (void)virConnectUnregisterCloseCallback(conn, on_close);
    (void)virConnectDomainEventDeregisterAny(conn, callback);
    (void)virConnectClose(conn);
}

/* Opens a connection with everything that belongs to it; the reason is libvirt's last error. */
static virConnectPtr dial(struct connection *c, int *ret_callback)
{
    virConnectPtr conn = virConnectOpen(c->uri);
    if (conn == NULL)
        return NULL;
    if (virConnectSetKeepAlive(conn, KEEPALIVE_INTERVAL, KEEPALIVE_COUNT) < 0 ||
        virConnectRegisterCloseCallback(conn, on_close, c, NULL) < 0) {
        (void)virConnectClose(conn);
        return NULL;
    }
    int callback =
        virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), c, NULL);
    if (callback < 0) {
        (void)virConnectUnregisterCloseCallback(conn, on_close);
        (void)virConnectClose(conn);
        return NULL;
    }
    *ret_callback = callback;
    return conn;
}

static void wait_until(struct connection *c, int64_t deadline)
{
    struct timespec until = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
    (void)pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

static void *run_connector(void *arg)
{
    struct connection *c = arg;
    bool again = false;
    int64_t pause = 0;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->ends) {
        if (c->conn != NULL && !c->lost) {
            (void)pthread_cond_wait(&c->changed, &c->lock);
            continue;
        }
        if (c->conn != NULL) {
            virConnectPtr dead = TAKE(c->conn);
            c->lost = false;
            (void)pthread_mutex_unlock(&c->lock);
            log_warning("libvirt is away uri=%s; guests run on", c->uri);
            hang_up(c, dead, c->callback);
            (void)pthread_mutex_lock(&c->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&c->lock);
        int callback = -1;
        virConnectPtr conn = dial(c, &callback);
        if (conn == NULL && pause == 0 && !again)
            log_warning("libvirt does not answer uri=%s reason=\"%s\"; trying on", c->uri,
                        virGetLastErrorMessage());
        (void)pthread_mutex_lock(&c->lock);
        c->conn = conn;
        c->callback = callback;
        /* The close callback may have come before c->conn was there to compare with. */
        c->lost = conn != NULL && virConnectIsAlive(conn) != 1;
        bool late = again || c->tried;
        c->tried = true;
        (void)pthread_cond_broadcast(&c->changed);
        if (conn != NULL && !c->lost) {
            pause = 0;
            again = true;
            if (late) {
                (void)pthread_mutex_unlock(&c->lock);
                log_info("libvirt is there uri=%s", c->uri);
                if (c->on_event != NULL)
                    c->on_event(c->ctx, DOMAIN_EVENT_CONNECTED, NULL);
                (void)pthread_mutex_lock(&c->lock);
            }
            continue;
        }
        pause = pause == 0 ? PAUSE_MIN_MS : pause * 2;
        pause = pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause;
        int64_t deadline = clock_monotonic() + pause;
        while (!c->ends && clock_monotonic() < deadline)
            wait_until(c, deadline);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_result;

static void library_init(void)
{
    virSetErrorFunc(NULL, keep_quiet);
    library_result = virInitialize() < 0 || virEventRegisterDefaultImpl() < 0 ? -EIO : 0;
}

static void release(struct connection *c)
{
    (void)pthread_cond_destroy(&c->changed);
    (void)pthread_mutex_destroy(&c->lock);
    free(c->uri);
    free(c);
}

static void stop_events(struct connection *c)
{
    c->events_end = true;
    virEventUpdateTimeout(c->timer, 0);
    (void)pthread_join(c->events, NULL);
    (void)virEventRemoveTimeout(c->timer);
}

int connection_new(const char *uri, domain_event_fn on_event, void *ctx, struct connection **ret,
                   struct err *e)
{
    (void)pthread_once(&library_once, library_init);
    if (library_result < 0)
        return err_set(e, -library_result, "cannot initialise libvirt");
    struct connection *c = calloc(1, sizeof(*c));
    if (c == NULL || (c->uri = strdup(uri)) == NULL) {
        free(c);
        return err_errno(e, ENOMEM, "cannot connect to libvirt");
    }
    c->on_event = on_event;
    c->ctx = ctx;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);

    c->timer = virEventAddTimeout(-1, on_timer, NULL, NULL);
    int r = c->timer < 0 ? ENOMEM : pthread_create(&c->events, NULL, run_events, c);
    if (r != 0) {
        release(c);
        return err_errno(e, r, "cannot start libvirt's event loop");
    }
    r = pthread_create(&c->connector, NULL, run_connector, c);
    if (r != 0) {
        stop_events(c);
        release(c);
        return err_errno(e, r, "cannot start the thread that connects to libvirt");
    }
    int64_t deadline = clock_monotonic() + FIRST_ATTEMPT_MS;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->tried && clock_monotonic() < deadline)
        wait_until(c, deadline);
    c->tried = true; /* what comes from now on is news */
    (void)pthread_mutex_unlock(&c->lock);
    *ret = c;
    return 0;
}

void connection_free(struct connection *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->ends = true;
    (void)pthread_cond_broadcast(&c->changed);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->connector, NULL);
    if (c->conn != NULL)
        hang_up(c, c->conn, c->callback);
    stop_events(c);
    release(c);
}

int connection_get(struct connection *c, virConnectPtr *ret, struct err *e)
{
    virConnectPtr conn = NULL;
    (void)pthread_mutex_lock(&c->lock);
    if (c->conn != NULL && !c->lost && virConnectRef(c->conn) == 0)
        conn = c->conn;
    (void)pthread_mutex_unlock(&c->lock);
    if (conn == NULL)
        return err_set(e, ENOTCONN, "libvirt is away");
    *ret = conn;
    return 0;
}

static int errno_of(int code)
{
    switch (code) {
    case VIR_ERR_NO_DOMAIN:
        return ENOENT;
    case VIR_ERR_DOM_EXIST:
        return EEXIST;
    case VIR_ERR_NO_MEMORY:
        return ENOMEM;
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_AGENT_UNRESPONSIVE:
        return ETIMEDOUT;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
        return EACCES;
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
    case VIR_ERR_XML_INVALID_SCHEMA:
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_CONFIG_UNSUPPORTED:
        return EINVAL;
    case VIR_ERR_RESOURCE_BUSY:
        return EBUSY;
    default:
        return EIO;
    }
}

int connection_error(virConnectPtr conn, struct err *e, const char *what, const char *instance_id)
{
    const virError *last = virGetLastError();
    int code = last == NULL ? EIO : errno_of(last->code);
    char message[ERR_MESSAGE_MAX];
    (void)snprintf(message, sizeof(message), "%s",
                   last == NULL || last->message == NULL ? "no reason given" : last->message);
    /* A call that broke off says anything at all; what counts is that the other end is gone. */
    if (conn != NULL && virConnectIsAlive(conn) != 1)
        code = ENOTCONN;
    return err_set(e, code, "cannot %s %s: %s", what, instance_id, message);
}
