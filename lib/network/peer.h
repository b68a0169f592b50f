#pragma once
/*
 * The links of peerings. A link is a veth pair with the same name, pc<number>, in the namespaces of
 * both VPCs. Whoever comes first makes it, and the other's namespace if that is not there: what is
 * in such a namespace forwards nothing until its own VPC is applied.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"
#include "network/rtnl.h"

/* Makes the links of the intent's peerings and removes others. The thread is at home. */
int peer_links_put(struct arena *a, const struct net_vpc *intent, int namespace_fd, struct err *e);
/* Are all of them there? `rtnl` is the namespace's. */
bool peer_links_stand(const struct net_vpc *intent, struct rtnl *rtnl);
