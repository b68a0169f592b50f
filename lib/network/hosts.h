#pragma once
/* The names and leases of a VPC's interfaces: what dnsmasq's files say, kept as the intent says. */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"

struct hosts_place {
    const char *directory; /* of dnsmasq */
    int namespace_fd;
    int *pidfd;   /* of the dnsmasq that runs */
    size_t *gone; /* hosts that it has seen go */
};

/* Ports of both are sorted. `from` NULL: what the files say. */
int hosts_put(struct arena *a, const struct hosts_place *place, const struct net_vpc *from,
              const struct net_vpc *intent, struct err *e);
