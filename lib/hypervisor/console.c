#include "hypervisor/console.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

#define CHUNK 4096

struct relay {
    int guest;
    int client;
    char typed[CHUNK]; /* on its way to a guest that does not read at the moment */
    size_t typed_len;
};

static _Atomic int n_open;

static void relay_free(struct relay *r)
{
    cleanup_close(&r->guest);
    cleanup_close(&r->client);
    free(r);
    n_open--;
}

static bool is_later(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* false: that end is gone. */
static bool from_guest(struct relay *r)
{
    char chunk[CHUNK];
    ssize_t n = recv(r->guest, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (n <= 0)
        return is_later(n);
    ssize_t sent = send(r->client, chunk, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent >= 0 || is_later(sent);
}

static bool from_client(struct relay *r)
{
    ssize_t n = recv(r->client, r->typed, sizeof(r->typed), MSG_DONTWAIT);
    if (n <= 0)
        return is_later(n);
    r->typed_len = (size_t)n;
    return true;
}

static bool to_guest(struct relay *r)
{
    ssize_t n = send(r->guest, r->typed, r->typed_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return is_later(n);
    r->typed_len -= (size_t)n;
    memmove(r->typed, r->typed + n, r->typed_len);
    return true;
}

static void *run(void *arg)
{
    struct relay *r = arg;
    bool there = true;
    while (there) {
        bool pending = r->typed_len > 0;
        struct pollfd fds[] = {
            {.fd = r->guest, .events = (short)(pending ? POLLIN | POLLOUT : POLLIN)},
            {.fd = r->client, .events = (short)(pending ? 0 : POLLIN)},
        };
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
            there = errno == EINTR;
            continue;
        }
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            there = from_guest(r);
        if (there && pending && (fds[0].revents & POLLOUT) != 0)
            there = to_guest(r);
        if (there && !pending && fds[1].revents != 0)
            there = from_client(r);
        else if (there && (fds[1].revents & (POLLHUP | POLLERR)) != 0)
            there = false;
    }
    relay_free(r);
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

int console_open(const char *path, const char *instance_id, int *ret_fd, struct err *e)
{
    struct relay *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return err_errno(e, ENOMEM, "cannot open the console of %s", instance_id);
    r->guest = r->client = -1;
    if (++n_open > CONSOLES_MAX) {
        relay_free(r);
        return err_set(e, EBUSY, "there are %d open consoles, which is the limit", CONSOLES_MAX);
    }
    int ends[2] = {-1, -1};
    int result = dial(path, instance_id, &r->guest, e);
    if (result == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        result = err_errno(e, errno, "cannot open the console of %s", instance_id);
    if (result < 0) {
        relay_free(r);
        return result;
    }
    r->client = ends[1];
    pthread_t thread;
    int code = pthread_create(&thread, NULL, run, r);
    if (code != 0) {
        relay_free(r);
        (void)close(ends[0]);
        return err_errno(e, code, "cannot open the console of %s", instance_id);
    }
    (void)pthread_detach(thread);
    *ret_fd = ends[0];
    return 0;
}
