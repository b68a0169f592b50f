#pragma once
/*
 * The libvirt driver.
 *
 * One connection is shared by all threads; a thread of the driver runs libvirt's event loop and
 * another one reconnects, with growing pauses, when libvirtd has gone away. While it is away every
 * call answers -ENOTCONN, and guests run on; when it is back, DOMAIN_EVENT_CONNECTED is raised.
 *
 * libvirt's event loop belongs to the process: there is at most one such driver at a time.
 */
#include "hypervisor/hypervisor.h"

#define LIBVIRT_URI "qemu:///system"

/*
 * uri NULL: LIBVIRT_URI. Tries to connect once before it returns; a libvirtd that does not answer
 * yet is no failure (the driver goes on trying) but a warning in the log. Says in the log, once,
 * when guests will be emulated in software because the processor or /dev/kvm cannot carry KVM.
 * `event` may be NULL; it is called from threads of the driver until ops->free returns.
 */
int libvirt_hypervisor_new(const char *uri, domain_event_fn event, void *ctx,
                           struct hypervisor **ret, struct err *e);
