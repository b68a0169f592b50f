#pragma once
/*
 * What a daemon gives up once it has started: new privileges by programs that it runs, all
 * capabilities but those named, and system calls that none of its work needs. It holds for its
 * threads and children and cannot be taken back. To be called before the first thread.
 *
 * The filter is a list of what is refused (EPERM), for it has to suit QEMU's tools, dnsmasq and the
 * libraries of each release; systemd's list of what is allowed (packaging/) stands around it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CONFINE_CAPABILITY(number) ((uint64_t)1 << (number))

struct confinement {
    uint64_t capabilities; /* that are kept, when they are there: CONFINE_CAPABILITY(CAP_…) | … */
    bool namespaces;       /* setns, unshare, mount */
    bool packets;          /* sockets of AF_PACKET and of netlink other than routes */
    bool nothing_new;      /* it serves what it is handed: no programs, connections or names */
};

/*
 * croftd as the user croft has no capabilities. Started as root, for tests and by developers, it
 * keeps what files of others take, and none of the kernel's.
 */
extern const struct confinement confinement_croftd;
/*
 * croft-netd. NET_ADMIN and SYS_ADMIN: links, addresses, nftables, namespaces and their names.
 * NET_RAW: probes. NET_BIND_SERVICE: port 80 of the metadata service. SETUID, SETGID, CHOWN,
 * SETPCAP: dnsmasq, which becomes its own user. KILL and SYS_PTRACE: that dnsmasq, and whose it is.
 */
extern const struct confinement confinement_netd;

/*
 * croft-metadata, which speaks with guests: no capability, no program, no socket but unix ones, no
 * connection of its own making (a guest's, connected anew, would be a way into its VPC), no change
 * to any file system.
 */
extern const struct confinement confinement_metadata;

int confine(const struct confinement *c, struct err *e);
