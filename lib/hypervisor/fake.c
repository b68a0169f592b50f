#include "hypervisor/fake.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "hypervisor/domain_xml.h"
#include "hypervisor/picture.h"

/*
 * A domain that is to end has `off_at`, a time of the monotonic clock; the driver's own thread
 * removes it then and raises the event, so that events come from another thread than the caller's,
 * as libvirt's do.
 */
#define DOMAINS_MAX      100000
#define FAKE_SERIAL_SIZE 24

#define FAKE_TAPS_MAX 32

struct fake_domain {
    char instance_id[ID_SIZE];
    enum domain_state state;
    int64_t memory_mib;
    int64_t off_at; /* 0: stays */
    enum domain_event off_how;
    bool suspended;
    char *xml;
    char taps[FAKE_TAPS_MAX][16];
    char disks[DOMAIN_DISKS_MAX][FAKE_SERIAL_SIZE]; /* serials; "" is free */
};

struct fake_hypervisor {
    struct hypervisor base;
    domain_event_fn event;
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct fake_domain *domains;
    size_t n_domains, capacity;
    int64_t memory_used;
    int delay_ms;
    int fail_next;
    struct volume_limits last_limits;
    bool disobedient;
    bool disconnected;
    bool say_connected;
    bool ends;
};

static struct fake_hypervisor *fake_of(struct hypervisor *h)
{
    return (struct fake_hypervisor *)h;
}

static struct fake_domain *find(struct fake_hypervisor *f, const char *instance_id)
{
    for (size_t i = 0; i < f->n_domains; i++)
        if (strcmp(f->domains[i].instance_id, instance_id) == 0)
            return &f->domains[i];
    return NULL;
}

static void forget(struct fake_hypervisor *f, struct fake_domain *d)
{
    free(d->xml);
    f->memory_used -= d->memory_mib;
    *d = f->domains[--f->n_domains];
}

/* Finds the domain with the lock held: 0, -ENOTCONN or -ENOENT. */
static int look_up(struct fake_hypervisor *f, const char *instance_id, struct fake_domain **ret,
                   struct err *e)
{
    if (f->disconnected)
        return err_set(e, ENOTCONN, "the fake hypervisor is away");
    struct fake_domain *d = find(f, instance_id);
    if (d == NULL)
        return err_set(e, ENOENT, "there is no domain %s", instance_id);
    *ret = d;
    return 0;
}

static void end_later(struct fake_hypervisor *f, struct fake_domain *d, enum domain_event how,
                      int delay_ms)
{
    if (d->off_at != 0)
        return;
    d->off_at = clock_monotonic() + delay_ms;
    d->off_how = how;
    (void)pthread_cond_signal(&f->wake);
}

/* Raises what is due; yields when to look again, 0: only when woken. */
static int64_t raise_due(struct fake_hypervisor *f)
{
    int64_t next = 0;
    for (size_t i = 0; i < f->n_domains;) {
        struct fake_domain *d = &f->domains[i];
        if (d->off_at == 0 || d->off_at > clock_monotonic()) {
            if (d->off_at != 0 && (next == 0 || d->off_at < next))
                next = d->off_at;
            i++;
            continue;
        }
        struct fake_domain gone = *d;
        forget(f, d);
        (void)pthread_mutex_unlock(&f->lock);
        if (f->event != NULL)
            f->event(f->ctx, gone.off_how, gone.instance_id);
        (void)pthread_mutex_lock(&f->lock);
        i = 0; /* the list may be another one now */
        next = 0;
    }
    return next;
}

static void *run(void *arg)
{
    struct fake_hypervisor *f = arg;
    (void)pthread_mutex_lock(&f->lock);
    while (!f->ends) {
        if (f->say_connected) {
            f->say_connected = false;
            (void)pthread_mutex_unlock(&f->lock);
            if (f->event != NULL)
                f->event(f->ctx, DOMAIN_EVENT_CONNECTED, NULL);
            (void)pthread_mutex_lock(&f->lock);
            continue;
        }
        int64_t next = raise_due(f);
        if (f->ends || f->say_connected)
            continue;
        if (next == 0) {
            (void)pthread_cond_wait(&f->wake, &f->lock);
        } else {
            struct timespec until = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
            (void)pthread_cond_timedwait(&f->wake, &f->lock, &until);
        }
    }
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

static int fake_host_info(struct hypervisor *h, struct host_info *ret_info, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    bool away = f->disconnected;
    int64_t used = f->memory_used;
    (void)pthread_mutex_unlock(&f->lock);
    if (away)
        return err_set(e, ENOTCONN, "the fake hypervisor is away");
    *ret_info = (struct host_info){
        .cpus = FAKE_HYPERVISOR_CPUS,
        .memory_mib = FAKE_HYPERVISOR_MEMORY_MIB,
        .memory_available_mib = FAKE_HYPERVISOR_MEMORY_MIB - used,
        .kvm = true,
        .emulates_arm64 = true,
        .version = "fake",
    };
    return 0;
}

/* What a test has asked for. The lock is held. */
static int fail_once(struct fake_hypervisor *f, const char *what, const char *instance_id,
                     struct err *e)
{
    int code = f->fail_next;
    f->fail_next = 0;
    return code == 0 ? 0 : err_errno(e, code, "cannot %s domain %s", what, instance_id);
}

static int add(struct fake_hypervisor *f, const struct domain_spec *spec, const char *xml,
               struct err *e)
{
    if (f->disconnected)
        return err_set(e, ENOTCONN, "the fake hypervisor is away");
    int r = fail_once(f, "create", spec->instance_id, e);
    if (r < 0)
        return r;
    if (find(f, spec->instance_id) != NULL)
        return err_set(e, EEXIST, "there is a domain %s", spec->instance_id);
    if (strlen(spec->instance_id) >= ID_SIZE)
        return err_set(e, EINVAL, "'%s' is no name for a domain", spec->instance_id);
    if (f->n_domains >= DOMAINS_MAX ||
        spec->memory_mib > FAKE_HYPERVISOR_MEMORY_MIB - f->memory_used)
        return err_set(e, ENOMEM, "no memory for domain %s", spec->instance_id);
    if (f->n_domains == f->capacity) {
        size_t capacity = f->capacity == 0 ? 64 : f->capacity * 2;
        struct fake_domain *more = realloc(f->domains, capacity * sizeof(*more));
        if (more == NULL)
            return err_errno(e, ENOMEM, "cannot create domain %s", spec->instance_id);
        f->domains = more;
        f->capacity = capacity;
    }
    struct fake_domain *d = &f->domains[f->n_domains++];
    *d = (struct fake_domain){
        .state = DOMAIN_PAUSED_NEW, .memory_mib = spec->memory_mib, .xml = strdup(xml)};
    (void)snprintf(d->instance_id, sizeof(d->instance_id), "%s", spec->instance_id);
    for (size_t i = 0; i < spec->n_nics && i < FAKE_TAPS_MAX; i++)
        (void)snprintf(d->taps[i], sizeof(d->taps[0]), "%s", spec->nics[i].tap);
    for (size_t i = 0; i < spec->n_disks && i < DOMAIN_DISKS_MAX; i++)
        (void)snprintf(d->disks[i], FAKE_SERIAL_SIZE, "%s", spec->disks[i].serial);
    f->memory_used += d->memory_mib;
    return 0;
}

static int fake_create_paused(struct hypervisor *h, const struct domain_spec *spec, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    int delay = f->delay_ms;
    (void)pthread_mutex_unlock(&f->lock);
    if (delay > 0)
        clock_sleep(delay);
    _cleanup_arena_ struct arena *a = arena_new();
    const char *xml = NULL;
    int r = domain_xml_build(a, spec, &xml, e);
    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&f->lock);
    r = add(f, spec, xml, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

const char *fake_hypervisor_xml(struct hypervisor *h, struct arena *a, const char *instance_id)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    const struct fake_domain *d = find(f, instance_id);
    const char *xml = d == NULL ? NULL : arena_strdup(a, d->xml);
    (void)pthread_mutex_unlock(&f->lock);
    return xml;
}

/* What a guest only has to be there for. */
static int fake_touch(struct hypervisor *h, const char *instance_id, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_resume(struct hypervisor *h, const char *instance_id, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL) {
        d->state = DOMAIN_RUNNING;
        d->suspended = false;
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_suspend(struct hypervisor *h, const char *instance_id, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL)
        d->suspended = true;
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

bool fake_hypervisor_is_suspended(struct hypervisor *h, const char *instance_id)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    const struct fake_domain *d = find(f, instance_id);
    bool suspended = d != NULL && d->suspended;
    (void)pthread_mutex_unlock(&f->lock);
    return suspended;
}

/* The slot of a tap, or an empty one for ""; NULL: there is none. */
static char *find_tap(struct fake_domain *d, const char *tap)
{
    for (size_t i = 0; i < FAKE_TAPS_MAX; i++)
        if (strcmp(d->taps[i], tap) == 0)
            return d->taps[i];
    return NULL;
}

static int put_tap(struct fake_domain *d, const char *tap, struct err *e)
{
    char *slot = find_tap(d, tap) != NULL ? find_tap(d, tap) : find_tap(d, "");
    if (slot == NULL)
        return err_set(e, ENOSPC, "domain %s has no room for %s", d->instance_id, tap);
    (void)snprintf(slot, sizeof(d->taps[0]), "%s", tap);
    return 0;
}

static int fake_nic_attach(struct hypervisor *h, const char *instance_id,
                           const struct domain_nic *nic, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (r == 0)
        r = put_tap(d, nic->tap, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_nic_connect(struct hypervisor *h, const char *instance_id,
                            const struct domain_nic *nic, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL && find_tap(d, nic->tap) == NULL)
        r = err_set(e, ENODEV, "domain %s has no interface %s", instance_id, nic->tap);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

/* A disobedient guest keeps what it has. */
static int fake_nic_detach(struct hypervisor *h, const char *instance_id,
                           const struct domain_nic *nic, bool ask, bool *ret_gone, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL) {
        char *slot = find_tap(d, nic->tap);
        if (slot != NULL && ask && !f->disobedient)
            *slot = '\0';
        *ret_gone = slot == NULL || *slot == '\0';
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_shutdown(struct hypervisor *h, const char *instance_id, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL && !f->disobedient)
        end_later(f, d, DOMAIN_EVENT_SHUTDOWN, f->delay_ms);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_destroy(struct hypervisor *h, const char *instance_id, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, NULL);
    if (d != NULL)
        forget(f, d);
    (void)pthread_mutex_unlock(&f->lock);
    return r == -ENOTCONN ? err_set(e, ENOTCONN, "the fake hypervisor is away") : 0;
}

static int fake_state(struct hypervisor *h, const char *instance_id, enum domain_state *ret_state,
                      struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, NULL);
    enum domain_state state = d != NULL ? d->state : DOMAIN_GONE;
    (void)pthread_mutex_unlock(&f->lock);
    if (r == -ENOTCONN)
        return err_set(e, ENOTCONN, "the fake hypervisor is away");
    *ret_state = state;
    return 0;
}

static int fake_list(struct hypervisor *h, struct arena *a, struct domain_list *ret_list,
                     struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct domain_list list = {0};
    (void)pthread_mutex_lock(&f->lock);
    bool away = f->disconnected;
    for (size_t i = 0; i < f->n_domains && !away; i++) {
        struct domain_seen *seen = arena_append(a, &list);
        seen->instance_id = arena_strdup(a, f->domains[i].instance_id);
        seen->state = f->domains[i].state;
    }
    (void)pthread_mutex_unlock(&f->lock);
    if (away)
        return err_set(e, ENOTCONN, "the fake hypervisor is away");
    *ret_list = list;
    return 0;
}

/* The slot of the disk with this serial, or NULL; "" finds a free one. */
static char *find_disk(struct fake_domain *d, const char *serial)
{
    for (size_t i = 0; i < DOMAIN_DISKS_MAX; i++)
        if (strcmp(d->disks[i], serial) == 0)
            return d->disks[i];
    return NULL;
}

/* As QEMU, which cannot open an encrypted file without its key. */
static int check_key(const struct domain_disk *disk, struct err *e)
{
    return (disk->n_encrypted > 0) == (disk->key != NULL)
               ? 0
               : err_set(e, EINVAL, "the disk %s lacks a key, or has one too many", disk->serial);
}

static int fake_disk_attach(struct hypervisor *h, const char *instance_id,
                            const struct domain_disk *disk, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = check_key(disk, e);
    if (r == 0)
        r = look_up(f, instance_id, &d, e);
    if (r == 0)
        r = fail_once(f, "attach a disk to", instance_id, e);
    if (r == 0 && find_disk(d, disk->serial) == NULL) {
        char *slot = find_disk(d, "");
        if (slot == NULL)
            r = err_set(e, ENOSPC, "domain %s has no room for another disk", instance_id);
        else
            (void)snprintf(slot, FAKE_SERIAL_SIZE, "%s", disk->serial);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

/* A disobedient guest lets go of nothing. */
static int fake_disk_detach(struct hypervisor *h, const char *instance_id, const char *serial,
                            bool ask, bool *ret_gone, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL) {
        char *slot = find_disk(d, serial);
        if (slot != NULL && ask && !f->disobedient)
            *slot = '\0';
        *ret_gone = slot == NULL || *slot == '\0';
    }
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_disk_resize(struct hypervisor *h, const char *instance_id, const char *serial,
                            int64_t bytes, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    struct fake_domain *d = NULL;
    (void)bytes;
    (void)pthread_mutex_lock(&f->lock);
    int r = look_up(f, instance_id, &d, e);
    if (d != NULL && find_disk(d, serial) == NULL)
        r = err_set(e, ENODEV, "domain %s has no disk %s", instance_id, serial);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_disk_limit(struct hypervisor *h, const char *instance_id, const char *serial,
                           const struct volume_limits *limits, struct err *e)
{
    struct fake_hypervisor *f = fake_of(h);
    int r = fake_disk_resize(h, instance_id, serial, 0, e);
    (void)pthread_mutex_lock(&f->lock);
    if (r == 0)
        f->last_limits = *limits;
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

struct volume_limits fake_hypervisor_last_limits(struct hypervisor *h)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    struct volume_limits limits = f->last_limits;
    (void)pthread_mutex_unlock(&f->lock);
    return limits;
}

static int has_disk(struct hypervisor *h, const char *instance_id, const char *serial,
                    struct err *e)
{
    return fake_disk_resize(h, instance_id, serial, 0, e);
}

static int fake_disks_freeze(struct hypervisor *h, const char *instance_id,
                             const struct domain_freeze *disks, size_t n, bool quiet,
                             bool *ret_quiet, struct err *e)
{
    int r = 0;
    *ret_quiet = quiet; /* each guest has an agent */
    for (size_t i = 0; r == 0 && i < n; i++)
        r = has_disk(h, instance_id, disks[i].serial, e);
    return r;
}

/* There is no data to copy. */
static int fake_disk_merge(struct hypervisor *h, const char *instance_id, const char *serial,
                           const char *top, const char *base, bool *ret_done, struct err *e)
{
    (void)top, (void)base;
    *ret_done = true;
    return has_disk(h, instance_id, serial, e);
}

static int fake_disk_flatten(struct hypervisor *h, const char *instance_id, const char *serial,
                             const char *base, bool *ret_done, struct err *e)
{
    return fake_disk_merge(h, instance_id, serial, NULL, base, ret_done, e);
}

/* A console that says who it is and hangs up. */
static int fake_console(struct hypervisor *h, const char *instance_id, const char *console_socket,
                        int *ret_fd, struct err *e)
{
    int r = fake_touch(h, instance_id, e);
    if (r < 0)
        return r;
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return err_errno(e, errno, "cannot open the console of %s", instance_id);
    char text[ID_SIZE + 32];
    int n = snprintf(text, sizeof(text), "console of %s\r\n", instance_id);
    ssize_t sent = send(ends[1], text, (size_t)n, MSG_NOSIGNAL);
    (void)close(ends[1]);
    if (sent != n) {
        (void)close(ends[0]);
        return err_set(e, EIO, "cannot open the console of %s", instance_id);
    }
    *ret_fd = ends[0];
    return 0;
}

/*
 * A screen of text, in which each byte of the id is a column of lights: so no two look the same.
 * Woken, it has a line at the bottom.
 */
static int fake_screenshot(struct hypervisor *h, const char *instance_id, bool wake,
                           struct buf *ret_jpeg, struct err *e)
{
    enum { WIDTH = 720, HEIGHT = 400, CELL = 16 };
    int r = fake_touch(h, instance_id, e);
    if (r < 0)
        return r;
    _cleanup_free_ unsigned char *rgb = calloc((size_t)WIDTH * HEIGHT, 3);
    if (rgb == NULL)
        return err_errno(e, ENOMEM, "cannot look at the screen of %s", instance_id);
    size_t columns = strlen(instance_id);
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++) {
            size_t column = x / CELL;
            size_t row = y / CELL;
            bool lit = column < columns && row < 8 && (instance_id[column] >> row & 1) != 0;
            lit |= wake && row == HEIGHT / CELL - 1;
            memset(rgb + 3 * (y * WIDTH + x), lit ? 0xff : 0, 3);
        }
    return picture_to_jpeg(&(struct picture){WIDTH, HEIGHT, rgb}, ret_jpeg, e);
}

static void fake_free(struct hypervisor *h)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    f->ends = true;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    (void)pthread_join(f->thread, NULL);
    (void)pthread_cond_destroy(&f->wake);
    (void)pthread_mutex_destroy(&f->lock);
    while (f->n_domains > 0)
        forget(f, &f->domains[f->n_domains - 1]);
    free(f->domains);
    free(f);
}

static const struct hypervisor_ops fake_ops = {
    .name = "fake",
    .host_info = fake_host_info,
    .create_paused = fake_create_paused,
    .resume = fake_resume,
    .suspend = fake_suspend,
    .shutdown = fake_shutdown,
    .reset = fake_touch,
    .reboot = fake_touch,
    .destroy = fake_destroy,
    .state = fake_state,
    .list = fake_list,
    .nic_attach = fake_nic_attach,
    .nic_connect = fake_nic_connect,
    .nic_detach = fake_nic_detach,
    .disk_attach = fake_disk_attach,
    .disk_detach = fake_disk_detach,
    .disk_resize = fake_disk_resize,
    .disk_limit = fake_disk_limit,
    .disks_freeze = fake_disks_freeze,
    .disk_merge = fake_disk_merge,
    .disk_flatten = fake_disk_flatten,
    .console = fake_console,
    .screenshot = fake_screenshot,
    .free = fake_free,
};

int fake_hypervisor_new(domain_event_fn event, void *ctx, struct hypervisor **ret)
{
    domain_xml_set_up();
    struct fake_hypervisor *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    f->base.ops = &fake_ops;
    f->event = event;
    f->ctx = ctx;
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_cond_init(&f->wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int r = pthread_create(&f->thread, NULL, run, f);
    if (r != 0) {
        (void)pthread_cond_destroy(&f->wake);
        (void)pthread_mutex_destroy(&f->lock);
        free(f);
        return -r;
    }
    *ret = &f->base;
    return 0;
}

void fake_hypervisor_set_delay(struct hypervisor *h, int milliseconds)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    f->delay_ms = milliseconds;
    (void)pthread_mutex_unlock(&f->lock);
}

void fake_hypervisor_fail_next(struct hypervisor *h, int code)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    f->fail_next = code;
    (void)pthread_mutex_unlock(&f->lock);
}

void fake_hypervisor_set_obedient(struct hypervisor *h, bool obedient)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    f->disobedient = !obedient;
    (void)pthread_mutex_unlock(&f->lock);
}

void fake_hypervisor_set_connected(struct hypervisor *h, bool connected)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    f->say_connected = connected && f->disconnected;
    f->disconnected = !connected;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

int fake_hypervisor_end(struct hypervisor *h, const char *instance_id, enum domain_event how)
{
    struct fake_hypervisor *f = fake_of(h);
    (void)pthread_mutex_lock(&f->lock);
    struct fake_domain *d = find(f, instance_id);
    if (d != NULL) {
        d->off_at = 0; /* sooner than what it may be on its way to */
        end_later(f, d, how, 0);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return d == NULL ? -ENOENT : 0;
}
