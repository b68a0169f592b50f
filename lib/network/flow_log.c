#include "network/flow_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "network/flow_capture.h"
#include "network/flow_file.h"
#include "network/flow_window.h"
#include "network/network.h"

#define ROOM_FOR_ENTRIES 65536 /* of all windows together */
#define TEXT_MAX         (4 << 20)
#define TICK_MS          500
#define REPORT_SECONDS   60 /* between two reports of the same kind */

struct recorded {
    const struct flow_target *target;
    struct flow_window window;
};

struct watch {
    struct flow_recorder *recorder;
    const char *vpc_id; /* of the plan */
    struct flow_capture *capture;
};

struct flow_recorder {
    struct flow_recorder_config config;
    pthread_t thread;
    int stop_fd;
    struct arena *arena; /* of the plan */
    uint64_t version;
    struct recorded *recorded;
    size_t n_recorded;
    struct watch *watches;
    size_t n_watches;
    size_t room;
    time_t reported;
};

static void report(struct flow_recorder *r, const char *message)
{
    time_t now = time(NULL);
    if (now - r->reported < REPORT_SECONDS)
        return;
    r->reported = now;
    r->config.report(r->config.ctx, message);
}

/* --- what is seen */

static bool parse(const char *text, bool is_ipv6, uint8_t ret_address[16])
{
    memset(ret_address, 0, 16);
    return inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, ret_address) == 1;
}

static bool is_among(const char *const *list, size_t n, bool is_ipv6, const uint8_t address[16])
{
    uint8_t each[16];
    for (size_t i = 0; i < n; i++)
        if (parse(list[i], is_ipv6, each) && memcmp(each, address, sizeof(each)) == 0)
            return true;
    return false;
}

/* AWS leaves out what is said to its DNS, DHCP and metadata (AWS: "Flow log limitations"). */
static bool is_quiet(const struct flow_target *t, const struct flow_key *key)
{
    static const uint8_t service6[] = {0xfd, 0x00, 0x0e, 0xc2};
    const uint8_t *ends[] = {key->src, key->dst};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        if (key->is_ipv6 ? memcmp(ends[i], service6, sizeof(service6)) == 0 || ends[i][0] == 0xff ||
                               (ends[i][0] == 0xfe && (ends[i][1] & 0xc0) == 0x80)
                         : ends[i][0] == 169 && ends[i][1] == 254)
            return true;
        if (is_among(t->routers, t->n_routers, key->is_ipv6, ends[i]))
            return true;
    }
    return false;
}

/* False: no interface of a flow log has the address. */
static bool tell_of(const struct watch *w, const struct flow_seen *seen, const uint8_t own[16])
{
    bool found = false;
    for (size_t i = 0; i < w->recorder->n_recorded; i++) {
        struct recorded *each = &w->recorder->recorded[i];
        const struct flow_target *t = each->target;
        struct flow_key key = seen->key;
        if (!streq(t->vpc_id, w->vpc_id) ||
            !is_among(t->addresses, t->n_addresses, key.is_ipv6, own))
            continue;
        found = true;
        if (!(key.is_reject ? t->reject : t->accept) || is_quiet(t, &key))
            continue;
        key.is_egress = memcmp(key.src, own, sizeof(key.src)) == 0;
        int64_t first = seen->first > each->window.start ? seen->first : each->window.start;
        flow_window_add(&each->window, &key, seen->packets, seen->bytes, first, seen->last);
    }
    return found;
}

/* It is not known which side stopped it: told of the receiver, and of the sender if that is all
 * there is. */
static void on_seen(void *ctx, const struct flow_seen *seen, const uint8_t own[16])
{
    const struct watch *w = ctx;
    if (!tell_of(w, seen, own != NULL ? own : seen->key.dst) && own == NULL)
        (void)tell_of(w, seen, seen->key.src);
}

static void on_lost(void *ctx)
{
    struct watch *w = ctx;
    for (size_t i = 0; i < w->recorder->n_recorded; i++)
        if (streq(w->recorder->recorded[i].target->vpc_id, w->vpc_id))
            w->recorder->recorded[i].window.lost = true;
}

/* --- windows */

static void write_window(struct flow_recorder *r, struct recorded *each, int64_t now)
{
    struct err e = {0};
    _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);
    flow_window_write(&each->window, each->target, now, &text);
    int error = text.failed ? err_set(&e, EFBIG, "the records of a window are too long")
                            : flow_file_append(r->config.directory, each->target->file, &text, &e);
    if (error < 0)
        report(r, e.message);
}

static bool is_due(const struct recorded *each, int64_t now)
{
    return now / each->target->interval != each->window.start / each->target->interval;
}

/* What is due is written, when the connections that go on have been counted into it. */
static void write_due(struct flow_recorder *r, int64_t now)
{
    for (size_t i = 0; i < r->n_watches; i++) {
        struct watch *w = &r->watches[i];
        bool due = false;
        for (size_t k = 0; k < r->n_recorded; k++)
            due = due ||
                  (streq(r->recorded[k].target->vpc_id, w->vpc_id) && is_due(&r->recorded[k], now));
        struct err e = {0};
        if (due && w->capture != NULL && w->capture->ops->poll(w->capture, &e) < 0)
            report(r, e.message);
    }
    for (size_t k = 0; k < r->n_recorded; k++)
        if (is_due(&r->recorded[k], now))
            write_window(r, &r->recorded[k], now);
}

/* --- the plan */

static struct flow_capture *take_capture(struct watch *watches, size_t n, const char *vpc_id)
{
    for (size_t i = 0; i < n; i++)
        if (watches[i].capture != NULL && streq(watches[i].vpc_id, vpc_id))
            return TAKE(watches[i].capture);
    return NULL;
}

static void close_capture(struct flow_capture *c)
{
    if (c != NULL)
        c->ops->close(c);
}

static bool is_same(const struct flow_target *a, const struct flow_target *b)
{
    return streq(a->interface_id, b->interface_id) && streq(a->file, b->file) &&
           streq(a->format, b->format) && a->interval == b->interval && a->accept == b->accept &&
           a->reject == b->reject;
}

/* The window that goes on under another plan, or a new one. */
static struct flow_window window_of(struct flow_recorder *r, const struct flow_target *t,
                                    int64_t now)
{
    for (size_t i = 0; i < r->n_recorded; i++)
        if (r->recorded[i].target != NULL && is_same(r->recorded[i].target, t)) {
            r->recorded[i].target = NULL;
            return r->recorded[i].window;
        }
    return (struct flow_window){.start = now, .room = &r->room};
}

static void follow_plan(struct flow_recorder *r, struct arena *a, const struct flow_plan *plan)
{
    int64_t now = time(NULL);
    struct recorded *recorded = arena_array(a, plan->n, struct recorded);
    struct watch *watches = arena_array(a, plan->n, struct watch);
    size_t n_watches = 0;
    for (size_t i = 0; i < plan->n; i++) {
        const struct flow_target *t = &plan->v[i];
        recorded[i] = (struct recorded){t, window_of(r, t, now)};
        size_t k = 0;
        while (k < n_watches && !streq(watches[k].vpc_id, t->vpc_id))
            k++;
        if (k == n_watches)
            watches[n_watches++] =
                (struct watch){r, t->vpc_id, take_capture(r->watches, r->n_watches, t->vpc_id)};
    }
    /* What the new plan has not: its last window. */
    for (size_t i = 0; i < r->n_recorded; i++)
        if (r->recorded[i].target != NULL) {
            write_window(r, &r->recorded[i], now);
            flow_window_done(&r->recorded[i].window);
        }
    for (size_t i = 0; i < r->n_watches; i++)
        close_capture(r->watches[i].capture);
    arena_free(r->arena);
    r->arena = a;
    r->recorded = recorded;
    r->n_recorded = plan->n;
    r->watches = watches;
    r->n_watches = n_watches;
}

/* What goes on is counted into the windows that are there. */
static void count_all(struct flow_recorder *r)
{
    struct err e = {0};
    for (size_t i = 0; i < r->n_watches; i++)
        if (r->watches[i].capture != NULL &&
            r->watches[i].capture->ops->poll(r->watches[i].capture, &e) < 0)
            report(r, e.message);
}

static void look_at_plan(struct flow_recorder *r)
{
    struct err e = {0};
    struct flow_plan plan = {0};
    struct arena *a = arena_new();
    int got = r->config.plan(r->config.ctx, a, &r->version, &plan, &e);
    if (got > 0) {
        count_all(r);
        follow_plan(r, a, &plan);
    } else {
        arena_free(a);
    }
    if (got < 0)
        report(r, e.message);
}

static int open_capture(struct watch *w, struct err *e)
{
    static const struct flow_listener listener = {on_seen, on_lost};
    struct network *n = w->recorder->config.network;
    return n == NULL ? flow_capture_open(w->vpc_id, &listener, w, &w->capture, e)
                     : n->ops->follow(n, w->vpc_id, &listener, w, &w->capture, e);
}

/* Opens what is not open yet: the namespace may come later than the log, or be made anew. The
 * callbacks' context is where the watch is, so it is told again when that changes. */
static void look_at_captures(struct flow_recorder *r)
{
    for (size_t i = 0; i < r->n_watches; i++) {
        struct watch *w = &r->watches[i];
        struct err e = {0};
        if (w->capture != NULL && !w->capture->ops->is_alive(w->capture)) {
            close_capture(w->capture);
            w->capture = NULL;
        }
        if (w->capture != NULL)
            w->capture->ops->tell(w->capture, w);
        else if (open_capture(w, &e) < 0 && e.code != ENOENT)
            report(r, e.message);
    }
}

/* --- the thread */

/* False: to stop. */
static bool wait_a_while(struct flow_recorder *r)
{
    size_t n = 1 + 2 * r->n_watches;
    struct pollfd *fds = calloc(n, sizeof(*fds));
    CHECK_MEMORY(fds != NULL);
    fds[0] = (struct pollfd){.fd = r->stop_fd, .events = POLLIN};
    for (size_t i = 0; i < r->n_watches; i++) {
        int pair[2] = {-1, -1};
        if (r->watches[i].capture != NULL)
            r->watches[i].capture->ops->fds(r->watches[i].capture, pair);
        fds[1 + 2 * i] = (struct pollfd){.fd = pair[0], .events = POLLIN};
        fds[2 + 2 * i] = (struct pollfd){.fd = pair[1], .events = POLLIN};
    }
    (void)poll(fds, n, TICK_MS);
    bool goes_on = fds[0].revents == 0;
    free(fds);
    return goes_on;
}

static void *run(void *ctx)
{
    struct flow_recorder *r = ctx;
    time_t looked = 0;
    do {
        time_t now = time(NULL);
        if (now != looked) {
            look_at_plan(r);
            look_at_captures(r);
        }
        looked = now;
        for (size_t i = 0; i < r->n_watches; i++)
            if (r->watches[i].capture != NULL)
                r->watches[i].capture->ops->read(r->watches[i].capture);
        write_due(r, now);
    } while (wait_a_while(r));
    count_all(r);
    follow_plan(r, arena_new(), &(struct flow_plan){0});
    return NULL;
}

int flow_recorder_new(const struct flow_recorder_config *config, struct flow_recorder **ret,
                      struct err *e)
{
    struct flow_recorder *r = calloc(1, sizeof(*r));
    CHECK_MEMORY(r != NULL);
    r->config = *config;
    r->room = ROOM_FOR_ENTRIES;
    r->version = UINT64_MAX;
    r->arena = arena_new();
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
    int error = r->stop_fd < 0 ? errno : pthread_create(&r->thread, NULL, run, r);
    if (error != 0) {
        if (r->stop_fd >= 0)
            (void)close(r->stop_fd);
        arena_free(r->arena);
        free(r);
        return err_set(e, error, "cannot start the recorder of flow logs");
    }
    *ret = r;
    return 0;
}

void flow_recorder_free(struct flow_recorder *r)
{
    if (r == NULL)
        return;
    (void)eventfd_write(r->stop_fd, 1);
    (void)pthread_join(r->thread, NULL);
    (void)close(r->stop_fd);
    arena_free(r->arena);
    free(r);
}
