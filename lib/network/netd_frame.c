#include "network/netd_frame.h"

#include "network/message.h"

static const struct message_set calls_of_netd = {
    .fingerprint = netd_fingerprint, .calls = NETD_CALLS, .between = "croftd and croft-netd"};

int netd_frame_send(int socket, enum netd_call call, const struct buf *payload, int fd,
                    struct err *e)
{
    return message_send(socket, &calls_of_netd, call, payload, fd, e);
}

int netd_frame_receive(int socket, enum netd_call *ret_call, struct buf *payload, int *ret_fd,
                       struct err *e)
{
    unsigned call = 0;
    int r = message_receive(socket, &calls_of_netd, &call, payload, ret_fd, e);
    if (r == 0)
        *ret_call = (enum netd_call)call;
    return r;
}

int netd_frame_limit(int socket, int milliseconds)
{
    return message_limit(socket, milliseconds, milliseconds);
}
