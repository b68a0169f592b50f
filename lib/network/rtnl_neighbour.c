/* Who has an address on a link, and who is answered for, over rtnetlink. */
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "network/rtnl_internal.h"

static void write_neighbour(struct rtnl_request *q, uint16_t type, uint16_t flags, int link,
                            const struct net_ip *address, const uint8_t *mac)
{
    struct ndmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->ndm_family = rtnl_family_of(address->is_ipv6);
    info->ndm_ifindex = link;
    info->ndm_state = NUD_PERMANENT;
    info->ndm_flags = mac == NULL ? NTF_PROXY : 0;
    rtnl_put_ip(q, NDA_DST, address);
    if (mac != NULL)
        (void)rtnl_put(q, NDA_LLADDR, mac, 6);
}

static int put_neighbour(struct rtnl *r, int link, const struct net_ip *address, const uint8_t *mac,
                         struct err *e)
{
    struct rtnl_request q;
    char text[NET_IP_TEXT_SIZE];
    write_neighbour(&q, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, link, address, mac);
    int result = rtnl_change(r, &q);
    net_ip_format(address, text);
    return result < 0 ? err_errno(e, -result, "cannot say who has %s", text) : 0;
}

static int drop_neighbour(struct rtnl *r, int link, const struct net_ip *address,
                          const uint8_t *mac, struct err *e)
{
    struct rtnl_request q;
    char text[NET_IP_TEXT_SIZE];
    write_neighbour(&q, RTM_DELNEIGH, 0, link, address, mac);
    int result = rtnl_change(r, &q);
    net_ip_format(address, text);
    return result < 0 && !rtnl_is_missing(result)
               ? err_errno(e, -result, "cannot forget who has %s", text)
               : 0;
}

int rtnl_neighbour_put(struct rtnl *r, const struct rtnl_neighbour *n, struct err *e)
{
    return put_neighbour(r, n->link, &n->address, n->mac, e);
}

int rtnl_neighbour_drop(struct rtnl *r, const struct rtnl_neighbour *n, struct err *e)
{
    return drop_neighbour(r, n->link, &n->address, n->mac, e);
}

int rtnl_proxy_put(struct rtnl *r, int link, const struct net_ip *address, struct err *e)
{
    return put_neighbour(r, link, address, NULL, e);
}

int rtnl_proxy_drop(struct rtnl *r, int link, const struct net_ip *address, struct err *e)
{
    return drop_neighbour(r, link, address, NULL, e);
}

struct neighbours_reading {
    struct arena *a;
    struct rtnl_neighbours neighbours;
};

static int read_neighbour(const struct nlmsghdr *m, void *data)
{
    struct neighbours_reading *reading = data;
    const struct ndmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWNEIGH || (info->ndm_state & NUD_PERMANENT) == 0)
        return 0;
    struct rtnl_neighbour n = {.link = info->ndm_ifindex};
    bool has_mac = false;
    int len = (int)(m->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
    for (const struct rtattr *at =
             (const struct rtattr *)((const char *)info + NLMSG_ALIGN(sizeof(*info)));
         RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        if (at->rta_type == NDA_DST)
            rtnl_get_ip(at, info->ndm_family == AF_INET6, &n.address);
        if (at->rta_type == NDA_LLADDR && RTA_PAYLOAD(at) == sizeof(n.mac)) {
            memcpy(n.mac, RTA_DATA(at), sizeof(n.mac));
            has_mac = true;
        }
    }
    if (!has_mac)
        return 0;
    if (reading->neighbours.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    *arena_append(reading->a, &reading->neighbours) = n;
    return 0;
}

int rtnl_neighbours(struct rtnl *r, struct arena *a, bool is_ipv6,
                    struct rtnl_neighbours *ret_neighbours, struct err *e)
{
    struct rtnl_request q;
    struct ndmsg *info = rtnl_begin(&q, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*info));
    info->ndm_family = rtnl_family_of(is_ipv6);
    struct neighbours_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_neighbour, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list neighbours");
    *ret_neighbours = reading.neighbours;
    return 0;
}

struct proxies_reading {
    struct arena *a;
    int link;
    struct net_blocks proxies;
};

static int read_proxy(const struct nlmsghdr *m, void *data)
{
    struct proxies_reading *reading = data;
    const struct ndmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWNEIGH || info->ndm_ifindex != reading->link ||
        (info->ndm_flags & NTF_PROXY) == 0)
        return 0;
    int len = (int)(m->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
    for (const struct rtattr *at =
             (const struct rtattr *)((const char *)info + NLMSG_ALIGN(sizeof(*info)));
         RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        struct net_ip address;
        if (at->rta_type != NDA_DST)
            continue;
        if (reading->proxies.n == RTNL_ENTRIES_MAX)
            return -E2BIG;
        rtnl_get_ip(at, false, &address);
        *arena_append(reading->a, &reading->proxies) = net_block_of(&address);
    }
    return 0;
}

int rtnl_proxies(struct rtnl *r, struct arena *a, int link, struct net_blocks *ret_proxies,
                 struct err *e)
{
    struct rtnl_request q;
    struct ndmsg *info = rtnl_begin(&q, RTM_GETNEIGH, NLM_F_DUMP, sizeof(*info));
    info->ndm_family = AF_INET;
    info->ndm_flags = NTF_PROXY; /* these alone */
    struct proxies_reading reading = {.a = a, .link = link};
    int result = rtnl_talk(r, &q, read_proxy, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list the addresses that are answered for");
    *ret_proxies = reading.proxies;
    return 0;
}
