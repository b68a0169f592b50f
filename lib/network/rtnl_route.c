/* Addresses, routes, rules and neighbours over rtnetlink. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "network/rtnl_internal.h"

#define RULE_PRIORITY 1000 /* by which we know our rules; before the main table's */

static unsigned char family_of(bool is_ipv6)
{
    return is_ipv6 ? AF_INET6 : AF_INET;
}

static void put_ip(struct rtnl_request *q, uint16_t type, const struct net_ip *ip)
{
    (void)rtnl_put(q, type, ip->bytes, ip->is_ipv6 ? 16 : 4);
}

static void get_ip(const struct rtattr *at, bool is_ipv6, struct net_ip *ip)
{
    *ip = (struct net_ip){.is_ipv6 = is_ipv6};
    size_t size = is_ipv6 ? 16 : 4;
    if (RTA_PAYLOAD(at) >= size)
        memcpy(ip->bytes, RTA_DATA(at), size);
}

static uint32_t get_u32(const struct rtattr *at)
{
    uint32_t value = 0;
    if (RTA_PAYLOAD(at) >= sizeof(value))
        memcpy(&value, RTA_DATA(at), sizeof(value));
    return value;
}

static bool is_missing(int result)
{
    return result == -ENOENT || result == -ESRCH || result == -ENODEV || result == -EADDRNOTAVAIL;
}

/* --- addresses */

static void write_address(struct rtnl_request *q, uint16_t type, uint16_t flags, int index,
                          const struct net_ip *address, int length)
{
    struct ifaddrmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->ifa_family = family_of(address->is_ipv6);
    info->ifa_prefixlen = (uint8_t)length;
    info->ifa_index = (uint32_t)index;
    /* Nobody else can have it, and it must serve at once. */
    info->ifa_flags = address->is_ipv6 ? IFA_F_NODAD : 0;
    put_ip(q, IFA_LOCAL, address);
    put_ip(q, IFA_ADDRESS, address);
}

int rtnl_address_put(struct rtnl *r, int index, const struct net_ip *address, int length,
                     struct err *e)
{
    struct rtnl_request q;
    write_address(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address, length);
    int result = rtnl_change(r, &q);
    return result < 0 ? err_errno(e, -result, "cannot give interface %d its address", index) : 0;
}

int rtnl_address_drop(struct rtnl *r, int index, const struct net_ip *address, int length,
                      struct err *e)
{
    struct rtnl_request q;
    write_address(&q, RTM_DELADDR, 0, index, address, length);
    int result = rtnl_change(r, &q);
    return result < 0 && !is_missing(result)
               ? err_errno(e, -result, "cannot take an address from interface %d", index)
               : 0;
}

struct blocks_reading {
    struct arena *a;
    int link;
    struct net_blocks blocks;
};

static int read_block(const struct nlmsghdr *m, void *data)
{
    struct blocks_reading *reading = data;
    const struct ifaddrmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWADDR || (int)info->ifa_index != reading->link)
        return 0;
    if (reading->blocks.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    struct net_ip address = {0};
    int len = (int)IFA_PAYLOAD(m);
    for (const struct rtattr *at = IFA_RTA(info); RTA_OK(at, len); at = RTA_NEXT(at, len))
        if (at->rta_type == IFA_LOCAL ||
            (at->rta_type == IFA_ADDRESS && info->ifa_family == AF_INET6))
            get_ip(at, info->ifa_family == AF_INET6, &address);
    char ip[NET_IP_TEXT_SIZE];
    char text[NET_BLOCK_TEXT_SIZE];
    net_ip_format(&address, ip);
    int n = snprintf(text, sizeof(text), "%s/%d", ip, info->ifa_prefixlen);
    struct net_block block;
    if (n > 0 && net_block_parse(text, &block) == 0) /* clears the host bits */
        *arena_append(reading->a, &reading->blocks) = block;
    return 0;
}

int rtnl_blocks(struct rtnl *r, struct arena *a, int link, struct net_blocks *ret_blocks,
                struct err *e)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    struct blocks_reading reading = {.a = a, .link = link};
    int result = rtnl_talk(r, &q, read_block, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list addresses");
    *ret_blocks = reading.blocks;
    return 0;
}

/* --- routes */

static void write_route(struct rtnl_request *q, uint16_t type, uint16_t flags,
                        const struct rtnl_route *route)
{
    struct rtmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->rtm_family = family_of(route->to.address.is_ipv6);
    info->rtm_dst_len = (uint8_t)route->to.length;
    info->rtm_protocol = RTNL_OUR_PROTOCOL;
    info->rtm_scope = route->link != 0 && !route->has_via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    info->rtm_type = route->link != 0 ? RTN_UNICAST
                     : route->silent  ? RTN_BLACKHOLE
                                      : RTN_UNREACHABLE;
    info->rtm_flags = route->has_via ? RTNH_F_ONLINK : 0;
    put_ip(q, RTA_DST, &route->to.address);
    if (route->has_via)
        put_ip(q, RTA_GATEWAY, &route->via);
    if (route->link != 0)
        rtnl_put_u32(q, RTA_OIF, (uint32_t)route->link);
    if (route->metric != 0)
        rtnl_put_u32(q, RTA_PRIORITY, route->metric);
    rtnl_put_u32(q, RTA_TABLE, route->table != 0 ? route->table : RT_TABLE_MAIN);
}

int rtnl_route_put(struct rtnl *r, const struct rtnl_route *route, struct err *e)
{
    struct rtnl_request q;
    char to[NET_BLOCK_TEXT_SIZE];
    write_route(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
    int result = rtnl_change(r, &q);
    net_block_format(&route->to, to);
    return result < 0 ? err_errno(e, -result, "cannot set the route to %s", to) : 0;
}

int rtnl_route_drop(struct rtnl *r, const struct rtnl_route *route, struct err *e)
{
    struct rtnl_request q;
    char to[NET_BLOCK_TEXT_SIZE];
    write_route(&q, RTM_DELROUTE, 0, route);
    int result = rtnl_change(r, &q);
    net_block_format(&route->to, to);
    return result < 0 && !is_missing(result)
               ? err_errno(e, -result, "cannot remove the route to %s", to)
               : 0;
}

struct routes_reading {
    struct arena *a;
    struct rtnl_routes routes;
};

static int read_route(const struct nlmsghdr *m, void *data)
{
    struct routes_reading *reading = data;
    const struct rtmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWROUTE || info->rtm_protocol != RTNL_OUR_PROTOCOL)
        return 0;
    bool is_ipv6 = info->rtm_family == AF_INET6;
    struct rtnl_route route = {
        .table = info->rtm_table,
        .to = {.address.is_ipv6 = is_ipv6, .length = info->rtm_dst_len},
        .silent = info->rtm_type == RTN_BLACKHOLE,
    };
    int len = (int)RTM_PAYLOAD(m);
    for (const struct rtattr *at = RTM_RTA(info); RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        if (at->rta_type == RTA_DST)
            get_ip(at, is_ipv6, &route.to.address);
        if (at->rta_type == RTA_GATEWAY) {
            get_ip(at, is_ipv6, &route.via);
            route.has_via = true;
        }
        /* IPv6 says of a route to nowhere that it leads over lo. */
        if (at->rta_type == RTA_OIF && info->rtm_type == RTN_UNICAST)
            route.link = (int)get_u32(at);
        if (at->rta_type == RTA_PRIORITY)
            route.metric = get_u32(at);
        if (at->rta_type == RTA_TABLE)
            route.table = get_u32(at);
    }
    if (route.table == RT_TABLE_MAIN)
        route.table = 0;
    if (reading->routes.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    *arena_append(reading->a, &reading->routes) = route;
    return 0;
}

int rtnl_routes(struct rtnl *r, struct arena *a, bool is_ipv6, struct rtnl_routes *ret_routes,
                struct err *e)
{
    struct rtnl_request q;
    struct rtmsg *info = rtnl_begin(&q, RTM_GETROUTE, NLM_F_DUMP, sizeof(*info));
    info->rtm_family = family_of(is_ipv6);
    struct routes_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_route, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list routes");
    *ret_routes = reading.routes;
    return 0;
}

/* --- rules */

static void write_rule(struct rtnl_request *q, uint16_t type, uint16_t flags,
                       const struct rtnl_rule *rule)
{
    struct fib_rule_hdr *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->family = family_of(rule->is_ipv6);
    info->action = FR_ACT_TO_TBL;
    rtnl_put_u32(q, FRA_PRIORITY, RULE_PRIORITY);
    rtnl_put_u32(q, FRA_TABLE, rule->table);
    rtnl_put_text(q, FRA_IIFNAME, rule->from);
}

int rtnl_rule_put(struct rtnl *r, const struct rtnl_rule *rule, struct err *e)
{
    struct rtnl_request q;
    write_rule(&q, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    int result = rtnl_change(r, &q);
    return result < 0 && result != -EEXIST
               ? err_errno(e, -result, "cannot set the routing rule for %s", rule->from)
               : 0;
}

int rtnl_rule_drop(struct rtnl *r, const struct rtnl_rule *rule, struct err *e)
{
    struct rtnl_request q;
    write_rule(&q, RTM_DELRULE, 0, rule);
    int result = rtnl_change(r, &q);
    return result < 0 && !is_missing(result)
               ? err_errno(e, -result, "cannot remove the routing rule for %s", rule->from)
               : 0;
}

struct rules_reading {
    struct arena *a;
    struct rtnl_rules rules;
};

static int read_rule(const struct nlmsghdr *m, void *data)
{
    struct rules_reading *reading = data;
    const struct fib_rule_hdr *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWRULE)
        return 0;
    struct rtnl_rule rule = {.is_ipv6 = info->family == AF_INET6, .table = info->table};
    uint32_t priority = 0;
    int len = (int)(m->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
    for (const struct rtattr *at =
             (const struct rtattr *)((const char *)info + NLMSG_ALIGN(sizeof(*info)));
         RTA_OK(at, len); at = RTA_NEXT(at, len)) {
        if (at->rta_type == FRA_PRIORITY)
            priority = get_u32(at);
        if (at->rta_type == FRA_TABLE)
            rule.table = get_u32(at);
        if (at->rta_type == FRA_IIFNAME)
            rule.from = arena_strndup(reading->a, RTA_DATA(at), RTA_PAYLOAD(at));
    }
    if (priority != RULE_PRIORITY || rule.from == NULL)
        return 0;
    if (reading->rules.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    *arena_append(reading->a, &reading->rules) = rule;
    return 0;
}

int rtnl_rules(struct rtnl *r, struct arena *a, bool is_ipv6, struct rtnl_rules *ret_rules,
               struct err *e)
{
    struct rtnl_request q;
    struct fib_rule_hdr *info = rtnl_begin(&q, RTM_GETRULE, NLM_F_DUMP, sizeof(*info));
    info->family = family_of(is_ipv6);
    struct rules_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_rule, &reading);
    /* A kernel without IPv6 has no rules of it. */
    if (result < 0 && !(is_ipv6 && result == -EOPNOTSUPP))
        return err_errno(e, -result, "cannot list routing rules");
    *ret_rules = reading.rules;
    return 0;
}

/* --- neighbours */

static void write_neighbour(struct rtnl_request *q, uint16_t type, uint16_t flags, int link,
                            const struct net_ip *address, const uint8_t *mac)
{
    struct ndmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->ndm_family = family_of(address->is_ipv6);
    info->ndm_ifindex = link;
    info->ndm_state = NUD_PERMANENT;
    info->ndm_flags = mac == NULL ? NTF_PROXY : 0;
    put_ip(q, NDA_DST, address);
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
    return result < 0 && !is_missing(result)
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
            get_ip(at, info->ndm_family == AF_INET6, &n.address);
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
    info->ndm_family = family_of(is_ipv6);
    struct neighbours_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_neighbour, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list neighbours");
    *ret_neighbours = reading.neighbours;
    return 0;
}
