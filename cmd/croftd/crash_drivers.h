#pragma once
/*
 * Crash points before and after each call of a driver that changes something (base/crash_point.h).
 * Each is given once, before the first call of its driver; without the build option crash_points
 * nothing happens.
 */
#include "hypervisor/hypervisor.h"
#include "network/network.h"
#include "storage/storage.h"

void crash_storage(struct storage *s);
void crash_network(struct network *n);
void crash_hypervisor(struct hypervisor *h);
