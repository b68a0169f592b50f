#pragma once
/* network_ops.accept() of drivers whose listeners are sockets of TCP: whoever holds one may. */
#include "network/network.h"

int network_accept(struct network *network, int listener, struct sockaddr_storage *ret_from,
                   int *ret_fd);
