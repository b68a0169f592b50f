#include "hypervisor/console.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/check.h"
#include "base/cleanup.h"

/*
 * Theory of operation: a hub per guest, in a list, each with a thread that reads and writes. A new
 * client is put into the hub under the lock, and the thread woken; only the thread takes one out.
 * It ends when the guest does or the last client has left, and takes its hub out of the list in the
 * same hold of the lock, so that nobody joins a hub that has ended.
 */
#define CHUNK 4096

struct hub {
    struct hub *next;
    char *path;
    int guest;
    int wake;
    int clients[CONSOLE_WATCHERS_MAX];
    size_t n;
    char typed[CHUNK]; /* on its way to a guest that does not read at the moment */
    size_t typed_len;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hub *hubs;
static size_t n_hubs;

static void hub_free(struct hub *h)
{
    cleanup_close(&h->guest);
    cleanup_close(&h->wake);
    for (size_t i = 0; i < h->n; i++)
        (void)close(h->clients[i]);
    free(h->path);
    free(h);
}

/* With the lock held. */
static void take_out(struct hub *h)
{
    struct hub **link = &hubs;
    while (*link != h)
        link = &(*link)->next;
    *link = h->next;
    n_hubs--;
}

static bool is_later(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* A client that has left is noticed when it is polled. */
static void tell(const struct hub *h, const char *data, size_t len)
{
    for (size_t i = 0; i < h->n; i++)
        (void)send(h->clients[i], data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* false: the guest is gone. */
static bool from_guest(struct hub *h)
{
    char chunk[CHUNK];
    ssize_t n = recv(h->guest, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (n <= 0)
        return is_later(n);
    (void)pthread_mutex_lock(&lock);
    tell(h, chunk, (size_t)n);
    (void)pthread_mutex_unlock(&lock);
    return true;
}

static bool to_guest(struct hub *h)
{
    ssize_t n = send(h->guest, h->typed, h->typed_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return is_later(n);
    h->typed_len -= (size_t)n;
    memmove(h->typed, h->typed + n, h->typed_len);
    return true;
}

/* false: that client is gone. */
static bool from_client(struct hub *h, int fd)
{
    ssize_t n = recv(fd, h->typed + h->typed_len, sizeof(h->typed) - h->typed_len, MSG_DONTWAIT);
    if (n > 0)
        h->typed_len += (size_t)n;
    return n > 0 || is_later(n);
}

/* What the thread waits for: the guest, the wake-up, the clients as they were. */
struct wait {
    struct pollfd fds[2 + CONSOLE_WATCHERS_MAX];
    size_t n;
};

static void prepare(struct hub *h, struct wait *w)
{
    short typing = h->typed_len < sizeof(h->typed) ? POLLIN : 0;
    (void)pthread_mutex_lock(&lock);
    w->fds[0] = (struct pollfd){.fd = h->guest,
                                .events = (short)(h->typed_len > 0 ? POLLIN | POLLOUT : POLLIN)};
    w->fds[1] = (struct pollfd){.fd = h->wake, .events = POLLIN};
    w->n = 2;
    for (size_t i = 0; i < h->n; i++)
        w->fds[w->n++] = (struct pollfd){.fd = h->clients[i], .events = typing};
    (void)pthread_mutex_unlock(&lock);
}

static void drop(struct hub *h, int fd)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < h->n; i++)
        if (h->clients[i] == fd) {
            h->clients[i] = h->clients[--h->n];
            break;
        }
    (void)pthread_mutex_unlock(&lock);
    (void)close(fd);
}

static void hear_clients(struct hub *h, const struct wait *w)
{
    for (size_t i = 2; i < w->n; i++) {
        const struct pollfd *p = &w->fds[i];
        bool there = (p->revents & (POLLERR | POLLNVAL)) == 0;
        if (there && (p->revents & POLLIN) != 0 && h->typed_len < sizeof(h->typed))
            there = from_client(h, p->fd);
        else if (there && (p->revents & POLLHUP) != 0 && (p->revents & POLLIN) == 0)
            there = false;
        if (!there)
            drop(h, p->fd);
    }
}

static bool nobody_left(struct hub *h, bool guest_is_there)
{
    (void)pthread_mutex_lock(&lock);
    bool ends = !guest_is_there || h->n == 0;
    if (ends)
        take_out(h);
    (void)pthread_mutex_unlock(&lock);
    return ends;
}

static void *run(void *arg)
{
    struct hub *h = arg;
    struct wait w;
    bool there = true;
    while (!nobody_left(h, there)) {
        prepare(h, &w);
        if (poll(w.fds, w.n, -1) < 0) {
            there = errno == EINTR;
            continue;
        }
        if (w.fds[1].revents != 0) {
            uint64_t count = 0;
            (void)!read(h->wake, &count, sizeof(count));
        }
        if ((w.fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            there = from_guest(h);
        hear_clients(h, &w);
        if (there && h->typed_len > 0)
            there = to_guest(h);
    }
    hub_free(h);
    return NULL;
}

static int dial(const char *path, const char *instance_id, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return err_errno(e, ENAMETOOLONG, "cannot open the console of %s", instance_id);
    memcpy(address.sun_path, path, len + 1);
    /* Not blocking: a full queue of waiting clients is an answer, no reason to wait in it. */
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot open the console of %s", instance_id);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED) /* no file, or one that a dead QEMU left */
            return err_set(e, ENOENT, "the console of %s is not there", instance_id);
        if (errno == EAGAIN)
            return err_set(e, EBUSY, "the console of %s is in use", instance_id);
        return err_errno(e, errno, "cannot open the console of %s", instance_id);
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* With the lock held. A hub without clients, whose thread has not begun. */
static int hub_new(const char *path, const char *instance_id, struct hub **ret, struct err *e)
{
    if (n_hubs >= CONSOLES_MAX)
        return err_set(e, EBUSY, "there are %d open consoles, which is the limit", CONSOLES_MAX);
    struct hub *h = calloc(1, sizeof(*h));
    CHECK_MEMORY(h != NULL);
    h->guest = h->wake = -1;
    h->path = strdup(path);
    CHECK_MEMORY(h->path != NULL);
    int r = dial(path, instance_id, &h->guest, e);
    if (r == 0) {
        h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = h->wake < 0 ? err_errno(e, errno, "cannot open the console of %s", instance_id) : 0;
    }
    if (r < 0)
        hub_free(h);
    else
        *ret = h;
    return r;
}

/* With the lock held; `client` is the hub's from here on. */
static int join(const char *path, const char *instance_id, int client, struct err *e)
{
    struct hub *h = hubs;
    while (h != NULL && strcmp(h->path, path) != 0)
        h = h->next;
    bool is_new = h == NULL;
    int r = is_new ? hub_new(path, instance_id, &h, e) : 0;
    if (r < 0)
        return r;
    CHECK(h != NULL);
    if (h->n == CONSOLE_WATCHERS_MAX)
        return err_set(e, EBUSY, "the console of %s has %d clients, which is the limit",
                       instance_id, CONSOLE_WATCHERS_MAX);
    h->clients[h->n++] = client;
    if (!is_new) {
        uint64_t one = 1;
        (void)!write(h->wake, &one, sizeof(one));
        return 0;
    }
    pthread_t thread;
    h->next = hubs;
    hubs = h;
    n_hubs++;
    int code = pthread_create(&thread, NULL, run, h);
    if (code != 0) {
        h->n = 0;
        take_out(h);
        hub_free(h);
        return err_errno(e, code, "cannot open the console of %s", instance_id);
    }
    (void)pthread_detach(thread);
    return 0;
}

int console_open(const char *path, const char *instance_id, int *ret_fd, struct err *e)
{
    int ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return err_errno(e, errno, "cannot open the console of %s", instance_id);
    (void)pthread_mutex_lock(&lock);
    int r = join(path, instance_id, ends[1], e);
    (void)pthread_mutex_unlock(&lock);
    if (r < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return r;
    }
    *ret_fd = ends[0];
    return 0;
}
