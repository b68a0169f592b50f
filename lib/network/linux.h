#pragma once
/*
 * The network driver of a Linux server.
 *
 *     guest ── tap ─┐                      VPC namespace vpc-…                 server
 *     guest ── tap ─┴ br0 172.31.0.1/20 ── inet croft: forward, NAT ── edge0 ══ cv7 ── /32 routes
 *
 * A VPC is a network namespace of that name (`ip netns list`). Each subnet is a bridge br<index> in
 * it with isolated ports, so that every packet between guests is routed and meets the rules. One
 * dnsmasq in the namespace gives leases and names. A veth pair leads to the server: cv<vpc index>
 * there, edge0 inside, with the two addresses of a /31 of 169.254.64.0/18. The server routes a
 * public address to cv<index>; the translation to the private one happens inside.
 *
 * On the server itself croft has one nftables table of its own, `inet croft`. It stops what comes
 * from cv* towards the server unless the server began it, and forwards from and to cv* only between
 * VPCs and, with an uplink, out of it; into it, for public addresses of its LAN. No table, chain,
 * route or sysctl of the owner is changed, but for `forwarding` of the uplink interface and, with
 * such addresses, `proxy_delay`; with a prefix of IPv6, `forwarding` of all and `accept_ra`.
 *
 * The server reaches a guest in two ways: by its public address, as anybody does (the guest's
 * security groups apply; the source is the server's address on cv<index>), and by connect(), whose
 * source is the router's address in the subnet. The second is a management path that security
 * groups do not govern; it can only be begun from inside the namespace, not by a guest.
 *
 * Needs root. Errors -EPERM when it is missing.
 */
#include "core/address_range.h"
#include "network/network.h"

#define LINUX_NETWORK_DIRECTORY "network" /* below the runtime directory */

/* Strings are copied. */
struct linux_network_config {
    /* dnsmasq's files are in RUNTIME_DIR/network/vpc-…/. They are made readable for dnsmasq's user,
     * who must be able to reach them: others need x on the directories above. */
    const char *runtime_dir;
    /* What public addresses are of; a port's outside of them is refused (-EINVAL). Those that are
     * of the uplink's network are answered there. -EINVAL also of linux_network_new(): they are
     * somebody else's (edge_lan.h). */
    struct address_ranges public_addresses;
    /* The interface of the server behind which the internet is; NULL: guests cannot leave the
     * server. With one, guests with a public address get out, masqueraded unless that is of the
     * uplink's own network. */
    const char *uplink;
    /* With an uplink: the IPv4 address of the name server that answers what is not of the VPC.
     * NULL: such names do not exist. */
    const char *resolver;
    /* With an uplink: the range of IPv6 that others route to this server, of which VPCs have their
     * blocks; it is passed on both ways. NULL: blocks are unique local ones, which stay here. */
    const char *ipv6_prefix;
};

int linux_network_new(const struct linux_network_config *config, struct network **ret_network,
                      struct err *e);
