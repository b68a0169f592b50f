#include "network/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/check.h"
#include "base/cleanup.h"

#define PIECE   ((size_t)1 << 20)
#define FDS_MAX 4 /* that are taken out of one message, to be closed */

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static int failed(struct err *e, int code, const char *what)
{
    if (code == EAGAIN || code == EWOULDBLOCK)
        code = ETIMEDOUT;
    if (code == ECONNRESET)
        code = EPIPE;
    return err_errno(e, code, "cannot %s a frame", what);
}

/* All of both parts, which go together as far as the socket takes them: the reader wakes up once.
 */
static int send_parts(int socket, struct iovec parts[2], int fd, struct err *e)
{
    union control control = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(e, errno, "send");
        message.msg_control = NULL; /* it goes with the first byte */
        message.msg_controllen = 0;
        for (size_t i = 0, left = (size_t)n, gone; i < 2; i++, left -= gone) {
            gone = left < parts[i].iov_len ? left : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + gone;
            parts[i].iov_len -= gone;
        }
    }
    return 0;
}

int message_send(int socket, const struct message_set *set, unsigned call,
                 const struct buf *payload, int fd, struct err *e)
{
    if (payload->failed || payload->len > UINT32_MAX)
        return err_set(e, EFBIG, "a frame is longer than %zu MiB", payload->max >> 20);
    struct message_head head = {
        .fingerprint = set->fingerprint(), .call = call, .len = (uint32_t)payload->len};
    struct iovec parts[2] = {{&head, sizeof(head)},
                             {(void *)(uintptr_t)buf_str(payload), payload->len}};
    return send_parts(socket, parts, fd, e);
}

/* The first descriptor of the message; others are closed. */
static void take_fds(struct msghdr *message, int *fd)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
            int each = -1;
            memcpy(&each, CMSG_DATA(c) + at, sizeof(each));
            if (*fd < 0)
                *fd = each;
            else
                (void)close(each);
        }
    }
}

static int receive_all(int socket, char *to, size_t len, int *fd, struct err *e)
{
    while (len > 0) {
        union control control;
        struct iovec part = {to, len};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = control.room,
                                 .msg_controllen = sizeof(control.room)};
        ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(e, errno, "receive");
        take_fds(&message, fd);
        if (n == 0)
            return err_set(e, EPIPE, "the other side has gone");
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

int message_receive(int socket, const struct message_set *set, unsigned *ret_call,
                    struct buf *payload, int *ret_fd, struct err *e)
{
    struct message_head head;
    _cleanup_close_ int fd = -1;
    int r = receive_all(socket, (char *)&head, sizeof(head), &fd, e);
    if (r < 0)
        return r;
    if (head.fingerprint != set->fingerprint() || head.call >= set->calls)
        return err_set(e, EPROTO, "%s are not of the same build: restart both", set->between);
    /* In pieces: what is announced takes no memory before it comes. */
    for (size_t left = head.len, piece; left > 0; left -= piece) {
        piece = left < PIECE ? left : PIECE;
        char *to = buf_reserve(payload, piece);
        if (to == NULL)
            return err_set(e, EFBIG, "a frame is longer than %zu MiB", payload->max >> 20);
        r = receive_all(socket, to, piece, &fd, e);
        if (r < 0)
            return r;
        payload->len += piece;
    }
    *ret_call = head.call;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int limit(int socket, int option, int milliseconds)
{
    const struct timeval after = {.tv_sec = milliseconds / 1000,
                                  .tv_usec = (suseconds_t)(milliseconds % 1000) * 1000};
    return setsockopt(socket, SOL_SOCKET, option, &after, sizeof(after)) < 0 ? -errno : 0;
}

int message_limit(int socket, int receive_ms, int send_ms)
{
    int r = limit(socket, SO_RCVTIMEO, receive_ms);
    return r < 0 ? r : limit(socket, SO_SNDTIMEO, send_ms);
}
