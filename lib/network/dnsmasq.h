#pragma once
/*
 * The DHCP and DNS server of a VPC: one dnsmasq in its namespace, with its files in a directory.
 *
 *     dnsmasq.conf   written only while no dnsmasq runs from it: who runs, runs with what is there
 *     dnsmasq.pid
 *     hosts/eni-…    a line of --dhcp-hostsdir per interface: MAC, addresses, name
 *     names/eni-…    lines of --hostsdir: address, full name
 *
 * It outlives the daemon and is adopted again. A new file in hosts/ and names/ is noticed by
 * dnsmasq itself (inotify). One that is gone is noticed after SIGHUP only, and even then the lease
 * stays, and with it the address: so a DHCPRELEASE in the guest's name follows.
 *
 * IPv6: a router advertisement says "ask by DHCPv6" and names no prefix that is on the link or to
 * make addresses of, so that all traffic comes to the router and no guest has an address that its
 * port does not let through.
 *
 * Not for several threads at once on one directory.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "network/network.h"

struct dnsmasq_host {
    const char *interface_id;
    const char *mac;
    const char *private_ip; /* the one that is leased */
    bool has_ipv6;
    /* What its two files say. */
    const char *host;  /* hosts/: MAC, addresses to lease, name */
    const char *names; /* names/: each of its IPv4 addresses and that one's full name */
};

struct dnsmasq_hosts {
    struct dnsmasq_host *v;
    size_t n;
};

struct dnsmasq_options {
    const char *directory;
    const char *user;     /* the user that it becomes; NULL: what it was built with */
    const char *upstream; /* the name server for all other names; NULL: they do not exist */
};

/* Pure. */
int dnsmasq_config_build(const struct net_vpc *intent, const struct dnsmasq_options *options,
                         struct buf *out, struct err *e);

/*
 * Makes one run with this configuration in the namespace: keeps what *pidfd is about, or adopts
 * what runs, or ends that and starts another. *pidfd is -1 at first; the caller closes it.
 */
int dnsmasq_ensure(const char *directory, const char *config, int namespace_fd, int *pidfd,
                   struct err *e);
/* True when it has ended, or was never there. */
bool dnsmasq_has_ended(int pidfd);
/* Ends it, whoever started it, and removes the directory. */
int dnsmasq_remove(const char *directory, struct err *e);

/* Pure. */
struct dnsmasq_host dnsmasq_host_of(struct arena *a, const char *domain,
                                    const struct net_port *port);

int dnsmasq_host_put(const char *directory, const struct dnsmasq_host *host, struct err *e);
int dnsmasq_host_drop(const char *directory, const char *interface_id, struct err *e);
/* What the files say, in no order; unreadable ones are left out. */
int dnsmasq_hosts_read(const char *directory, struct arena *a, struct dnsmasq_hosts *ret_hosts,
                       struct err *e);
/* Makes it forget the hosts that were dropped. */
int dnsmasq_reload(int pidfd, struct err *e);
/* Ends it and starts it again: nobody but the client can end a lease of IPv6, and none outlives it.
 */
int dnsmasq_restart(const char *directory, int namespace_fd, int *pidfd, struct err *e);
/* Ends the IPv4 lease. The thread is in the namespace; `router` is the address of the subnet's
 * bridge.
 */
int dnsmasq_release(const struct dnsmasq_host *host, const char *bridge, const char *router,
                    struct err *e);
