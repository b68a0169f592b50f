#include "network/accept.h"

#include <errno.h>
#include <sys/socket.h>

int network_accept(struct network *network, int listener, struct sockaddr_storage *ret_from,
                   int *ret_fd)
{
    (void)network;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return -errno;
    *ret_from = from;
    *ret_fd = fd;
    return 0;
}
