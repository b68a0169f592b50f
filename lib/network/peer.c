#include "network/peer.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "network/edge.h"
#include "network/intent.h"
#include "network/netns.h"
#include "network/ways.h"

static const char *link_of(struct arena *a, const struct net_peering *p)
{
    return arena_printf(a, WAYS_PEER_LINK, (int)p->number);
}

/* This VPC's end. */
static int put_end(struct rtnl *rtnl, const struct net_vpc *intent, const struct net_peering *p,
                   const char *link, struct err *e)
{
    struct way_peer_ends ends;
    int index = rtnl_index(rtnl, link);
    bool has_ipv6 = intent->n_ipv6_cidrs > 0;
    int r = ways_peer_ends(p->number, p->is_requester, &ends, e);
    if (r == 0)
        r = netns_link_ipv6(link, has_ipv6, e);
    if (r == 0)
        r = rtnl_address_put(rtnl, index, &ends.mine[0], 31, e);
    if (r == 0 && has_ipv6)
        r = rtnl_address_put(rtnl, index, &ends.mine[1], 64, e);
    if (r == 0)
        r = rtnl_link_up(rtnl, index, EDGE_MTU, e);
    return r;
}

static int put_link(struct arena *a, struct rtnl *rtnl, const struct net_vpc *intent,
                    const struct net_peering *p, struct err *e)
{
    const char *link = link_of(a, p);
    _cleanup_close_ int peer_fd = -1;
    int r = 0;
    if (rtnl_index(rtnl, link) == 0) {
        r = netns_make(p->peer_vpc_id, &peer_fd, e);
        /* The peer may be making it, too: then it is there now. What is left of an earlier peering
         * of this number goes when its VPC is applied. */
        if (r == 0)
            r = rtnl_veth_make(rtnl, link, link, peer_fd, NULL, e);
        if (r == -EEXIST && rtnl_index(rtnl, link) != 0)
            r = 0;
    }
    if (r == 0)
        r = put_end(rtnl, intent, p, link, e);
    return r < 0 ? err_wrap(e, r, "%s", p->peering_id) : 0;
}

static bool is_link_of(struct arena *a, const struct net_vpc *intent, const char *name)
{
    for (size_t i = 0; i < intent->n_peerings; i++)
        if (streq(link_of(a, &intent->peerings[i]), name))
            return true;
    return false;
}

int peer_links_put(struct arena *a, const struct net_vpc *intent, int namespace_fd, struct err *e)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    struct rtnl_links links = {0};
    int r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&rtnl, e);
    if (r == 0)
        r = rtnl_links(&rtnl, a, &links, e);
    for (size_t i = 0; i < links.n && r == 0; i++) {
        const char *name = links.v[i].name;
        bool ours = has_prefix(name, "pc") && name[2] != '\0' &&
                    name[2 + strspn(name + 2, "0123456789")] == '\0';
        if (ours && !is_link_of(a, intent, name))
            r = rtnl_link_drop(&rtnl, links.v[i].index, e);
    }
    for (size_t i = 0; i < intent->n_peerings && r == 0; i++)
        r = put_link(a, &rtnl, intent, &intent->peerings[i], e);
    return r;
}

bool peer_links_stand(const struct net_vpc *intent, struct rtnl *rtnl)
{
    _cleanup_arena_ struct arena *a = arena_new();
    for (size_t i = 0; i < intent->n_peerings; i++)
        if (!rtnl_is_up(rtnl, link_of(a, &intent->peerings[i])))
            return false;
    return true;
}
