#pragma once
/*
 * A network in memory, for API tests: it remembers which VPCs were applied and which taps were
 * plugged, and moves no packet. Needs no root. connect() always answers -EOPNOTSUPP.
 */
#include "network/network.h"

struct network *fake_network_new(void);
