#include "network/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/cidr.h"
#include "network/dnsmasq.h"
#include "network/intent.h"
#include "network/netns.h"

/* dnsmasq forgets a host that is gone, but keeps some of its memory: five kilobytes, with its
 * names. So it is started anew now and then; leases and names are in files. */
#define GONE_MAX 1000

static bool host_equal(const struct dnsmasq_host *a, const struct dnsmasq_host *b)
{
    return streq(a->host, b->host) && streq(a->names, b->names);
}

static int compare_hosts(const void *left, const void *right)
{
    const struct dnsmasq_host *a = left;
    const struct dnsmasq_host *b = right;
    return strcmp(a->interface_id, b->interface_id);
}

static void release(const struct net_vpc *intent, const struct dnsmasq_host *host)
{
    uint32_t address = 0;
    for (size_t i = 0; i < intent->n_subnets && ipv4_parse(host->private_ip, &address) == 0; i++) {
        struct cidr block;
        char router[IPV4_TEXT_SIZE];
        if (cidr_parse(intent->subnets[i].cidr, &block) < 0 || !cidr_contains(&block, address))
            continue;
        (void)cidr_normalize(&block);
        ipv4_format(block.address + 1, router);
        /* When it fails the lease ends by itself within the hour. */
        (void)dnsmasq_release(host, intent->subnets[i].bridge, router, NULL);
    }
}

/* The hosts of an intent, whose ports are sorted. */
static struct dnsmasq_hosts hosts_of(struct arena *a, const struct net_vpc *intent)
{
    struct dnsmasq_hosts hosts = {0};
    for (size_t i = 0; i < intent->n_ports; i++)
        *arena_append(a, &hosts) = dnsmasq_host_of(a, intent->domain, &intent->ports[i]);
    return hosts;
}

/* Ends the leases of what has gone. */
static int forget_leases(const struct hosts_place *place, const struct net_vpc *intent,
                         const struct dnsmasq_hosts *gone, struct err *e)
{
    bool has_ipv6 = false;
    for (size_t i = 0; i < gone->n; i++)
        has_ipv6 |= gone->v[i].has_ipv6;
    *place->gone += gone->n;
    if (has_ipv6 || *place->gone >= GONE_MAX) {
        *place->gone = 0;
        return dnsmasq_restart(place->directory, place->namespace_fd, place->pidfd, e);
    }
    int r = dnsmasq_reload(*place->pidfd, e);
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    if (r == 0)
        r = netns_enter(&visit, place->namespace_fd, e);
    for (size_t i = 0; i < gone->n && r == 0; i++)
        release(intent, &gone->v[i]);
    return r;
}

int hosts_put(struct arena *a, const struct hosts_place *place, const struct net_vpc *from,
              const struct net_vpc *intent, struct err *e)
{
    struct dnsmasq_hosts now = hosts_of(a, intent);
    struct dnsmasq_hosts old = {0};
    int r = 0;
    if (from == NULL)
        r = dnsmasq_hosts_read(place->directory, a, &old, e);
    else
        old = hosts_of(a, from);
    if (old.n > 1)
        qsort(old.v, old.n, sizeof(old.v[0]), compare_hosts);

    /* Both are sorted. First all that goes: an address may go to another interface. */
    struct dnsmasq_hosts gone = {0};
    for (size_t i = 0, j = 0; i < old.n && r == 0; i++) {
        while (j < now.n && compare_hosts(&now.v[j], &old.v[i]) < 0)
            j++;
        if (j < now.n && compare_hosts(&now.v[j], &old.v[i]) == 0 &&
            host_equal(&now.v[j], &old.v[i]))
            continue;
        *arena_append(a, &gone) = old.v[i];
        r = dnsmasq_host_drop(place->directory, old.v[i].interface_id, e);
    }
    if (r == 0 && gone.n > 0)
        r = forget_leases(place, intent, &gone, e);
    for (size_t i = 0, j = 0; i < now.n && r == 0; i++) {
        while (j < old.n && compare_hosts(&old.v[j], &now.v[i]) < 0)
            j++;
        if (j == old.n || compare_hosts(&old.v[j], &now.v[i]) != 0 ||
            !host_equal(&now.v[i], &old.v[j]))
            r = dnsmasq_host_put(place->directory, &now.v[i], e);
    }
    return r;
}
