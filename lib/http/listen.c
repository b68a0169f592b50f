/*
 * Listening sockets. A TCP address that is not on loopback is refused without TLS: a signature
 * proves who asks, but does not hide the key material and user data in requests and answers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/http_internal.h"

#define BACKLOG 1024
/*
 * An address in use is tried again for so long: a child that was just being started as the daemon
 * before this one was killed has a copy of its descriptors until the child's execve(2) closes them.
 */
#define IN_USE_MS      2000
#define IN_USE_EACH_MS 20

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

/* "127.0.0.1:8773", "[::1]:8773" */
static int parse_tcp(const char *text, union address *ret, socklen_t *ret_len)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    if (colon == NULL || parse_int64(colon + 1, &port) < 0 || port < 0 || port > 65535)
        return -EINVAL;
    char host[INET6_ADDRSTRLEN];
    size_t len = (size_t)(colon - text);
    bool v6 = len >= 2 && text[0] == '[' && colon[-1] == ']';
    if (v6) {
        text++;
        len -= 2;
    }
    if (len >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    memset(ret, 0, sizeof(*ret));
    if (v6) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t)port);
        *ret_len = sizeof(ret->v6);
        return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1 ? 0 : -EINVAL;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons((uint16_t)port);
    *ret_len = sizeof(ret->v4);
    return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static bool is_loopback(const union address *a)
{
    if (a->any.sa_family == AF_INET)
        return (ntohl(a->v4.sin_addr.s_addr) >> 24) == 127;
    if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
        return a->v6.sin6_addr.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static int bad_address(const char *text, struct err *e)
{
    return err_set(e, EINVAL,
                   "'%s' is no address to listen on: write ADDRESS:PORT, "
                   "[ADDRESS]:PORT or the path of a socket",
                   text);
}

int http_address_check(const char *text, bool *ret_loopback, struct err *e)
{
    union address a;
    socklen_t len = 0;
    if (parse_tcp(text, &a, &len) < 0)
        return bad_address(text, e);
    *ret_loopback = is_loopback(&a);
    return 0;
}

static int bind_tcp(const char *text, int *ret_fd, struct err *e)
{
    union address a;
    socklen_t len = 0;
    if (parse_tcp(text, &a, &len) < 0)
        return bad_address(text, e);
    _cleanup_close_ int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot make a socket");
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a.any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, &a.any, len) < 0 || listen(fd, BACKLOG) < 0)
        return err_errno(e, errno, "cannot listen on %s", text);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* A socket file that nobody listens on is left over from a crash, and goes. */
static int remove_stale(const struct sockaddr_un *address, struct err *e)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : err_errno(e, errno, "cannot look at %s", address->sun_path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, EEXIST, "%s exists and is no socket", address->sun_path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot make a socket");
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
        return err_set(e, EADDRINUSE, "another process listens on %s", address->sun_path);
    if (unlink(address->sun_path) < 0 && errno != ENOENT)
        return err_errno(e, errno, "cannot remove %s", address->sun_path);
    return 0;
}

static int bind_unix(const struct http_listener *l, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(l->address);
    if (len >= sizeof(address.sun_path))
        return err_set(e, ENAMETOOLONG, "the path of a socket may have %zu characters: %s",
                       sizeof(address.sun_path) - 1, l->address);
    memcpy(address.sun_path, l->address, len + 1);
    int r = remove_stale(&address, e);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot make a socket");
    /*
     * fchmod before bind gives the file its mode from the start (unix(7)), with no moment in which
     * the umask decides who gets in.
     */
    mode_t mode = l->unix_mode != 0 ? l->unix_mode : 0600;
    if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return err_errno(e, errno, "cannot listen on %s", l->address);
    if ((l->unix_gid != (gid_t)-1 && chown(l->address, (uid_t)-1, l->unix_gid) < 0) ||
        chmod(l->address, mode) < 0 || listen(fd, BACKLOG) < 0) {
        r = err_errno(e, errno, "cannot listen on %s", l->address);
        (void)unlink(l->address);
        return r;
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int bind_address(const struct http_listener *l, int *ret_fd, struct err *e)
{
    int64_t until = clock_monotonic() + IN_USE_MS;
    for (;;) {
        int r = l->address[0] == '/' ? bind_unix(l, ret_fd, e) : bind_tcp(l->address, ret_fd, e);
        if (r != -EADDRINUSE || clock_monotonic() >= until)
            return r;
        clock_sleep(IN_USE_EACH_MS);
    }
}

/* What a socket that was handed in is. */
static int adopt(struct http_daemon *d, bool has_tls, struct err *e)
{
    union address a = {0};
    socklen_t len = sizeof(a);
    int listening = 0;
    socklen_t listening_len = sizeof(listening);
    if (getsockname(d->fd, &a.any, &len) < 0)
        return err_errno(e, errno, "descriptor %d is no socket", d->fd);
    if (getsockopt(d->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_len) < 0 || !listening)
        return err_set(e, EINVAL, "descriptor %d is no listening socket", d->fd);
    d->is_unix = a.any.sa_family == AF_UNIX;
    if (a.any.sa_family == AF_INET)
        d->port = ntohs(a.v4.sin_port);
    else if (a.any.sa_family == AF_INET6)
        d->port = ntohs(a.v6.sin6_port);
    else if (!d->is_unix)
        return err_set(e, EINVAL, "descriptor %d is neither a TCP nor a unix socket", d->fd);
    if (d->is_unix && has_tls)
        return err_set(e, EINVAL, "a unix socket takes no TLS certificate");
    if (!d->is_unix && !has_tls && !is_loopback(&a))
        return err_set(e, EINVAL,
                       "an address that is not on loopback needs TLS: give a "
                       "certificate and its key, or listen on 127.0.0.1");
    /* Workers share the socket: one that comes late to accept() must not block. */
    int flags = fcntl(d->fd, F_GETFL);
    if (flags < 0 || fcntl(d->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(d->fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_errno(e, errno, "cannot set up descriptor %d", d->fd);
    return 0;
}

int http_listen(const struct http_listener *l, struct http_daemon *d, struct err *e)
{
    if ((l->tls_cert == NULL) != (l->tls_key == NULL))
        return err_set(e, EINVAL, "TLS needs both a certificate and a key");
    d->fd = l->fd;
    if (l->fd < 0) {
        if (str_empty(l->address))
            return err_set(e, EINVAL, "a listener needs an address or a descriptor");
        int r = bind_address(l, &d->fd, e);
        if (r < 0)
            return r;
        if (l->address[0] == '/') {
            d->unix_path = strdup(l->address);
            if (d->unix_path == NULL)
                return err_set(e, ENOMEM, "out of memory");
        }
    }
    return adopt(d, l->tls_cert != NULL, e);
}
