#pragma once
/*
 * The connection to libvirtd, kept alive: for libvirt.c only.
 *
 * Two threads: one runs libvirt's event loop (events, keep-alive), the other one connects, and does
 * so again whenever the connection is lost, pausing 0.25 to 8 seconds between attempts. A
 * libvirtd that answers nothing for about 20 seconds counts as lost, so no call hangs for ever.
 */
#include <libvirt/libvirt.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "hypervisor/hypervisor.h"

struct connection;

/*
 * Returns when the first attempt is over, successful or not, or after 10 seconds.
 * `on_event` may be NULL.
 */
int connection_new(const char *uri, domain_event_fn on_event, void *ctx, struct connection **ret,
                   struct err *e);
void connection_free(struct connection *c);
/* A reference for one call, to be closed with virConnectClose(); -ENOTCONN while there is none. */
int connection_get(struct connection *c, virConnectPtr *ret, struct err *e);
/* Fills `e` from libvirt's last error of this thread and returns its -errno. */
int connection_error(virConnectPtr conn, struct err *e, const char *what, const char *instance_id);

static inline void cleanup_connect(virConnectPtr *p)
{
    if (*p != NULL)
        (void)virConnectClose(*p);
}
#define _cleanup_connect_ _cleanup_(cleanup_connect)
