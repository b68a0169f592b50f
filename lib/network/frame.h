#pragma once
/*
 * The frame of a VPC's namespace: what its kernel is told, bridges, the router's own addresses. The
 * thread is in the namespace.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/network.h"
#include "network/rtnl.h"

int frame_put(struct arena *a, const struct net_vpc *intent, struct err *e);
/* Are its links there, and up? */
bool frame_stands(const struct net_vpc *intent, struct rtnl *rtnl);
/* Puts a tap that is there into a bridge. */
int frame_plug(struct rtnl *rtnl, const char *tap, const char *bridge, struct err *e);
/* Taps that are there and in no bridge: a plug may have been cut short. */
int frame_plug_again(struct arena *a, const struct net_vpc *intent, struct err *e);
