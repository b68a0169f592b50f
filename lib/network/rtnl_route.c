/* Addresses, routes and rules over rtnetlink. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "network/rtnl_internal.h"

#define RULE_PRIORITY 1000 /* by which we know our rules; before the main table's */

static uint32_t get_u32(const struct rtattr *at)
{
    uint32_t value = 0;
    if (RTA_PAYLOAD(at) >= sizeof(value))
        memcpy(&value, RTA_DATA(at), sizeof(value));
    return value;
}

/* --- addresses */

static void write_address(struct rtnl_request *q, uint16_t type, uint16_t flags, int index,
                          const struct net_ip *address, int length)
{
    struct ifaddrmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->ifa_family = rtnl_family_of(address->is_ipv6);
    info->ifa_prefixlen = (uint8_t)length;
    info->ifa_index = (uint32_t)index;
    /* Nobody else can have it, and it must serve at once. */
    info->ifa_flags = address->is_ipv6 ? IFA_F_NODAD : 0;
    rtnl_put_ip(q, IFA_LOCAL, address);
    rtnl_put_ip(q, IFA_ADDRESS, address);
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
    return result < 0 && !rtnl_is_missing(result)
               ? err_errno(e, -result, "cannot take an address from interface %d", index)
               : 0;
}

struct addresses_reading {
    struct arena *a;
    struct rtnl_addresses addresses;
};

static int read_address(const struct nlmsghdr *m, void *data)
{
    struct addresses_reading *reading = data;
    const struct ifaddrmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWADDR)
        return 0;
    if (reading->addresses.n == RTNL_ENTRIES_MAX)
        return -E2BIG;
    struct rtnl_address address = {.link = (int)info->ifa_index, .length = info->ifa_prefixlen};
    int len = (int)IFA_PAYLOAD(m);
    for (const struct rtattr *at = IFA_RTA(info); RTA_OK(at, len); at = RTA_NEXT(at, len))
        if (at->rta_type == IFA_LOCAL ||
            (at->rta_type == IFA_ADDRESS && info->ifa_family == AF_INET6))
            rtnl_get_ip(at, info->ifa_family == AF_INET6, &address.address);
    *arena_append(reading->a, &reading->addresses) = address;
    return 0;
}

int rtnl_addresses(struct rtnl *r, struct arena *a, struct rtnl_addresses *ret_addresses,
                   struct err *e)
{
    struct rtnl_request q;
    (void)rtnl_begin(&q, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
    struct addresses_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_address, &reading);
    if (result < 0)
        return err_errno(e, -result, "cannot list addresses");
    *ret_addresses = reading.addresses;
    return 0;
}

/* --- routes */

static void write_route(struct rtnl_request *q, uint16_t type, uint16_t flags,
                        const struct rtnl_route *route)
{
    struct rtmsg *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->rtm_family = rtnl_family_of(route->to.address.is_ipv6);
    info->rtm_dst_len = (uint8_t)route->to.length;
    info->rtm_protocol = RTNL_OUR_PROTOCOL;
    info->rtm_scope = route->link != 0 && !route->has_via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    info->rtm_type = route->link != 0 ? RTN_UNICAST
                     : route->silent  ? RTN_BLACKHOLE
                                      : RTN_UNREACHABLE;
    info->rtm_flags = route->has_via ? RTNH_F_ONLINK : 0;
    rtnl_put_ip(q, RTA_DST, &route->to.address);
    if (route->has_via)
        rtnl_put_ip(q, RTA_GATEWAY, &route->via);
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
    return result < 0 && !rtnl_is_missing(result)
               ? err_errno(e, -result, "cannot remove the route to %s", to)
               : 0;
}

struct routes_reading {
    struct arena *a;
    bool of_others; /* too */
    struct rtnl_routes routes;
};

static int read_route(const struct nlmsghdr *m, void *data)
{
    struct routes_reading *reading = data;
    const struct rtmsg *info = NLMSG_DATA(m);
    if (m->nlmsg_type != RTM_NEWROUTE ||
        (info->rtm_protocol != RTNL_OUR_PROTOCOL && !reading->of_others))
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
            rtnl_get_ip(at, is_ipv6, &route.to.address);
        if (at->rta_type == RTA_GATEWAY) {
            rtnl_get_ip(at, is_ipv6, &route.via);
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

static int list_routes(struct rtnl *r, bool is_ipv6, struct routes_reading *reading, struct err *e)
{
    struct rtnl_request q;
    struct rtmsg *info = rtnl_begin(&q, RTM_GETROUTE, NLM_F_DUMP, sizeof(*info));
    info->rtm_family = rtnl_family_of(is_ipv6);
    int result = rtnl_talk(r, &q, read_route, reading);
    return result < 0 ? err_errno(e, -result, "cannot list routes") : 0;
}

int rtnl_routes(struct rtnl *r, struct arena *a, bool is_ipv6, struct rtnl_routes *ret_routes,
                struct err *e)
{
    struct routes_reading reading = {.a = a};
    int result = list_routes(r, is_ipv6, &reading, e);
    if (result == 0)
        *ret_routes = reading.routes;
    return result;
}

int rtnl_gateways(struct rtnl *r, struct arena *a, int link, struct net_blocks *ret_gateways,
                  struct err *e)
{
    struct routes_reading reading = {.a = a, .of_others = true};
    struct net_blocks gateways = {0};
    int result = list_routes(r, false, &reading, e);
    if (result < 0)
        return result;
    for (size_t i = 0; i < reading.routes.n; i++)
        if (reading.routes.v[i].link == link && reading.routes.v[i].has_via)
            *arena_append(a, &gateways) = net_block_of(&reading.routes.v[i].via);
    *ret_gateways = gateways;
    return 0;
}

/* --- rules */

static void write_rule(struct rtnl_request *q, uint16_t type, uint16_t flags,
                       const struct rtnl_rule *rule)
{
    struct fib_rule_hdr *info = rtnl_begin(q, type, flags, sizeof(*info));
    info->family = rtnl_family_of(rule->is_ipv6);
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
    return result < 0 && !rtnl_is_missing(result)
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
    info->family = rtnl_family_of(is_ipv6);
    struct rules_reading reading = {.a = a};
    int result = rtnl_talk(r, &q, read_rule, &reading);
    /* A kernel without IPv6 has no rules of it. */
    if (result < 0 && !(is_ipv6 && result == -EOPNOTSUPP))
        return err_errno(e, -result, "cannot list routing rules");
    *ret_rules = reading.rules;
    return 0;
}
