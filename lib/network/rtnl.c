#include "network/rtnl.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "network/rtnl_internal.h"

#define ANSWER_MAX  65536
#define ANSWER_WAIT 10 /* seconds; the kernel answers at once */

int rtnl_open(struct rtnl *r, struct err *e)
{
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct sockaddr_nl self = {.nl_family = AF_NETLINK};
    struct timeval wait = {.tv_sec = ANSWER_WAIT};
    if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
        return err_errno(e, errno, "cannot open rtnetlink");
    r->fd = TAKE_FD(fd);
    r->sequence = 0;
    return 0;
}

void rtnl_close(struct rtnl *r)
{
    cleanup_close(&r->fd);
    r->fd = -1;
}

/* --- messages */

void *rtnl_begin(struct rtnl_request *q, uint16_t type, uint16_t flags, size_t size)
{
    memset(q, 0, sizeof(*q));
    q->header.nlmsg_len = NLMSG_LENGTH(size);
    q->header.nlmsg_type = type;
    q->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return NLMSG_DATA(&q->header);
}

struct rtattr *rtnl_put(struct rtnl_request *q, uint16_t type, const void *data, size_t len)
{
    size_t at = NLMSG_ALIGN(q->header.nlmsg_len);
    CHECK(at + RTA_SPACE(len) <= sizeof(*q));
    struct rtattr *attribute = (struct rtattr *)((char *)q + at);
    attribute->rta_type = type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(len);
    if (len > 0)
        memcpy(RTA_DATA(attribute), data, len);
    q->header.nlmsg_len = (uint32_t)(at + RTA_SPACE(len));
    return attribute;
}

void rtnl_put_text(struct rtnl_request *q, uint16_t type, const char *s)
{
    (void)rtnl_put(q, type, s, strlen(s) + 1);
}

void rtnl_put_u32(struct rtnl_request *q, uint16_t type, uint32_t value)
{
    (void)rtnl_put(q, type, &value, sizeof(value));
}

void rtnl_nest_end(struct rtnl_request *q, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)((char *)q + q->header.nlmsg_len - (char *)nest);
}

/* Sends and reads until the end of the answer, acknowledgement or dump. */
int rtnl_talk(struct rtnl *r, struct rtnl_request *q, rtnl_answer_fn *each, void *data)
{
    q->header.nlmsg_seq = ++r->sequence;
    if (send(r->fd, q, q->header.nlmsg_len, 0) < 0)
        return -errno;
    _cleanup_free_ char *answer = malloc(ANSWER_MAX);
    CHECK_MEMORY(answer != NULL);
    int result = 0;
    for (;;) {
        ssize_t got = recv(r->fd, answer, ANSWER_MAX, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        size_t len = (size_t)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)answer; NLMSG_OK(m, len);
             m = NLMSG_NEXT(m, len)) {
            if (m->nlmsg_seq != r->sequence)
                continue; /* of a request that was given up */
            if (m->nlmsg_type == NLMSG_DONE)
                return result;
            if (m->nlmsg_type == NLMSG_ERROR)
                return ((struct nlmsgerr *)NLMSG_DATA(m))->error;
            if (each != NULL && result == 0)
                result = each(m, data);
        }
    }
}

int rtnl_change(struct rtnl *r, struct rtnl_request *q)
{
    q->header.nlmsg_flags |= NLM_F_ACK;
    return rtnl_talk(r, q, NULL, NULL);
}

/* --- links */

struct links_reading {
    struct arena *a;
    struct rtnl_links links;
};

static int read_link(const struct nlmsghdr *m, void *data)
{
    struct links_reading *reading = data;
    if (m->nlmsg_type != RTM_NEWLINK)
        return 0;
    if (reading->links.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    const struct ifinfomsg *info = NLMSG_DATA(m);
    struct rtnl_link *link = arena_append(reading->a, &reading->links);
    *link = (struct rtnl_link){.name = "", .index = info->ifi_index};
    int len = (int)IFLA_PAYLOAD(m);
    for (const struct rtattr *at = IFLA_RTA(info); RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        if (at->rta_type == IFLA_IFNAME)
            link->name = arena_strndup(reading->a, RTA_DATA(at), RTA_PAYLOAD(at));
        if (at->rta_type == IFLA_MASTER)
            memcpy(&link->master, RTA_DATA(at), sizeof(link->master));
    }
    return 0;
}

int rtnl_links(struct rtnl *r, struct arena *a, struct rtnl_links *ret_links, struct err *e)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
    struct links_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_link, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list network interfaces");
    *ret_links = reading.links;
    return 0;
}

static int read_info(const struct nlmsghdr *m, void *data)
{
    if (m->nlmsg_type == RTM_NEWLINK)
        *(struct ifinfomsg *)data = *(const struct ifinfomsg *)NLMSG_DATA(m);
    return 0;
}

/* Of index 0: there is none of that name. */
static struct ifinfomsg find_link(struct rtnl *r, const char *name)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
    struct ifinfomsg info = {0};
    if (strlen(name) >= IFNAMSIZ)
        return info;
    rtnl_put_text(&q, IFLA_IFNAME, name);
    return rtnl_talk(r, &q, read_info, &info) == 0 ? info : (struct ifinfomsg){0};
}

int rtnl_index(struct rtnl *r, const char *name)
{
    return find_link(r, name).ifi_index;
}

bool rtnl_is_up(struct rtnl *r, const char *name)
{
    return (find_link(r, name).ifi_flags & IFF_UP) != 0;
}

int rtnl_bridge_make(struct rtnl *r, const char *name, const uint8_t mac[static 6], struct err *e)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    rtnl_put_text(&q, IFLA_IFNAME, name);
    /* Its own address: without one a bridge takes its lowest port's, and every guest's ARP cache
     * would be wrong whenever that changes. */
    (void)rtnl_put(&q, IFLA_ADDRESS, mac, 6);
    struct rtattr *link = rtnl_put(&q, IFLA_LINKINFO, NULL, 0);
    rtnl_put_text(&q, IFLA_INFO_KIND, "bridge");
    struct rtattr *details = rtnl_put(&q, IFLA_INFO_DATA, NULL, 0);
    rtnl_put_u32(&q, IFLA_BR_STP_STATE, 0);
    rtnl_put_u32(&q, IFLA_BR_FORWARD_DELAY, 0);
    uint8_t off = 0;
    (void)rtnl_put(&q, IFLA_BR_MCAST_SNOOPING, &off, sizeof(off));
    rtnl_nest_end(&q, details);
    rtnl_nest_end(&q, link);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot make bridge %s", name) : 0;
}

int rtnl_veth_make(struct rtnl *r, const char *name, const char *peer, int peer_fd,
                   const uint8_t *peer_mac, struct err *e)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
    rtnl_put_text(&q, IFLA_IFNAME, name);
    struct rtattr *link = rtnl_put(&q, IFLA_LINKINFO, NULL, 0);
    rtnl_put_text(&q, IFLA_INFO_KIND, "veth");
    struct rtattr *details = rtnl_put(&q, IFLA_INFO_DATA, NULL, 0);
    struct ifinfomsg nothing = {0};
    struct rtattr *other = rtnl_put(&q, VETH_INFO_PEER, &nothing, sizeof(nothing));
    rtnl_put_text(&q, IFLA_IFNAME, peer);
    rtnl_put_u32(&q, IFLA_NET_NS_FD, (uint32_t)peer_fd);
    if (peer_mac != NULL)
        (void)rtnl_put(&q, IFLA_ADDRESS, peer_mac, 6);
    rtnl_nest_end(&q, other);
    rtnl_nest_end(&q, details);
    rtnl_nest_end(&q, link);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot make the link %s", name) : 0;
}

static struct ifinfomsg *set_link(struct rtnl_request *q, int index)
{
    struct ifinfomsg *info = rtnl_begin(q, RTM_NEWLINK, 0, sizeof(*info));
    info->ifi_index = index;
    return info;
}

int rtnl_link_move(struct rtnl *r, int index, int namespace_fd, struct err *e)
{
    struct rtnl_request q;
    (void)set_link(&q, index);
    rtnl_put_u32(&q, IFLA_NET_NS_FD, (uint32_t)namespace_fd);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot move interface %d", index) : 0;
}

int rtnl_link_up(struct rtnl *r, int index, int mtu, struct err *e)
{
    struct rtnl_request q;
    struct ifinfomsg *info = set_link(&q, index);
    info->ifi_flags = info->ifi_change = IFF_UP;
    if (mtu > 0)
        rtnl_put_u32(&q, IFLA_MTU, (uint32_t)mtu);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot bring up interface %d", index) : 0;
}

int rtnl_link_enslave(struct rtnl *r, int index, int master, struct err *e)
{
    struct rtnl_request q;
    (void)set_link(&q, index);
    rtnl_put_u32(&q, IFLA_MASTER, (uint32_t)master);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot plug interface %d in a bridge", index) : 0;
}

int rtnl_port_isolate(struct rtnl *r, int index, struct err *e)
{
    struct rtnl_request q;
    struct ifinfomsg *info = rtnl_begin(&q, RTM_SETLINK, 0, sizeof(*info));
    info->ifi_family = PF_BRIDGE;
    info->ifi_index = index;
    struct rtattr *port = rtnl_put(&q, IFLA_PROTINFO | NLA_F_NESTED, NULL, 0);
    uint8_t on = 1;
    (void)rtnl_put(&q, IFLA_BRPORT_ISOLATED, &on, sizeof(on));
    rtnl_nest_end(&q, port);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot isolate bridge port %d", index) : 0;
}

int rtnl_link_drop(struct rtnl *r, int index, struct err *e)
{
    struct rtnl_request q;
    struct ifinfomsg *info = rtnl_begin(&q, RTM_DELLINK, 0, sizeof(*info));
    info->ifi_index = index;
    int result = rtnl_change(r, &q);
    return result < 0 && result != -ENODEV
               ? err_errno(e, -result, "cannot remove interface %d", index)
               : 0;
}

unsigned char rtnl_family_of(bool is_ipv6)
{
    return is_ipv6 ? AF_INET6 : AF_INET;
}

void rtnl_put_ip(struct rtnl_request *q, uint16_t type, const struct net_ip *ip)
{
    (void)rtnl_put(q, type, ip->bytes, ip->is_ipv6 ? 16 : 4);
}

void rtnl_get_ip(const struct rtattr *at, bool is_ipv6, struct net_ip *ip)
{
    *ip = (struct net_ip){.is_ipv6 = is_ipv6};
    size_t size = is_ipv6 ? 16 : 4;
    if (RTA_PAYLOAD(at) >= size)
        memcpy(ip->bytes, RTA_DATA(at), size);
}

bool rtnl_is_missing(int result)
{
    return result == -ENOENT || result == -ESRCH || result == -ENODEV || result == -EADDRNOTAVAIL;
}
