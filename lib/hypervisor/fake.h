#pragma once
/*
 * The in-memory hypervisor: what API tests run against, as any user and in no time. Domains are
 * entries of a list; nothing outlives the process. Thread-safe like the real one. The functions
 * below play the guest and the server; `h` must come from fake_hypervisor_new().
 */
#include "hypervisor/hypervisor.h"

#define FAKE_HYPERVISOR_CPUS       4096
#define FAKE_HYPERVISOR_MEMORY_MIB 1000000

int fake_hypervisor_new(domain_event_fn event, void *ctx, struct hypervisor **ret);
/* How long a create takes, and how long a guest takes from ops->shutdown to being off. 0 at first.
 */
void fake_hypervisor_set_delay(struct hypervisor *h, int milliseconds);
/* The next create_paused or disk_attach fails with -code (a positive errno) and leaves nothing. */
void fake_hypervisor_fail_next(struct hypervisor *h, int code);
/* Do guests obey ops->shutdown? They do at first. */
void fake_hypervisor_set_obedient(struct hypervisor *h, bool obedient);
/* false: calls answer -ENOTCONN; true again: DOMAIN_EVENT_CONNECTED is raised. */
void fake_hypervisor_set_connected(struct hypervisor *h, bool connected);
/* The XML of the domain, as libvirt would have been given it; in the arena. NULL: there is none. */
const char *fake_hypervisor_xml(struct hypervisor *h, struct arena *a, const char *instance_id);
bool fake_hypervisor_is_suspended(struct hypervisor *h, const char *instance_id);
/* What a disk that is there was limited to last. */
struct volume_limits fake_hypervisor_last_limits(struct hypervisor *h);
/*
 * The domain ends by itself and the event is raised (asynchronously): DOMAIN_EVENT_SHUTDOWN,
 * _CRASHED or _DESTROYED. -ENOENT when there is none.
 */
int fake_hypervisor_end(struct hypervisor *h, const char *instance_id, enum domain_event how);
