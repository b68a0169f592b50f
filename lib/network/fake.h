#pragma once
/*
 * A network in memory, for API tests: it remembers which VPCs were applied and which taps were
 * plugged, and moves no packet. Needs no root. connect() always answers -EOPNOTSUPP.
 *
 * listen() makes a unix socket DIRECTORY/VPC_ID (or VPC_ID-ipv6). Whoever connects is taken for the
 * guest whose address the client's own socket is bound to: an abstract name "ADDRESS/ANYTHING",
 * as in "172.31.0.10/4711". Other connections are closed. A directory of NULL: it does not listen.
 */
#include "network/network.h"

struct network *fake_network_new(const char *directory);
