/* The kernel's routes of a VPC, from its intent. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "golden.h"
#include "network/intent.h"
#include "network/ways.h"
#include "unit.h"

#define OUT_MAX       (1 << 16)
#define LIST(list, n) .list = (n), .n_##list = ARRAY_SIZE(n)

/*
 * Two subnets, the first with IPv6. Table 0 (of the first) leads to everything that there is, table
 * 1 (of the second) has a box in the middle before the first subnet, table 2 is of the internet
 * gateway.
 */
static const char *const cidrs[] = {"10.0.0.0/16"};
static const char *const cidrs6[] = {"fd00:1::/56"};
static const char *const peer_blocks[] = {"10.1.0.0/16", "fd00:2::/56"};
static const char *const ipv6[] = {"fd00:1::a"};
static const struct net_address address[] = {{"10.0.0.10", NULL}};
static const struct net_address box_address[] = {{"10.0.1.9", NULL}};
static const struct net_subnet subnets[] = {
    {.subnet_id = "subnet-1", .cidr = "10.0.0.0/24", .ipv6_cidr = "fd00:1::/64", .bridge = "br0"},
    {.subnet_id = "subnet-2", .cidr = "10.0.1.0/24", .bridge = "br1", .table = 1},
};
static const struct net_port ports[] = {
    {.interface_id = "eni-1",
     .mac = "02:00:00:00:00:01",
     .subnet_id = "subnet-1",
     LIST(addresses, address),
     LIST(ipv6, ipv6)},
    {.interface_id = "eni-box",
     .mac = "02:00:00:00:00:09",
     .subnet_id = "subnet-2",
     LIST(addresses, box_address)},
};
static const struct net_route first[] = {
    {"0.0.0.0/0", NET_ROUTE_INTERNET, NULL},        {"::/0", NET_ROUTE_EGRESS_ONLY, NULL},
    {"10.0.0.0/16", NET_ROUTE_BLACKHOLE, NULL}, /* the local route counts */
    {"10.1.0.0/16", NET_ROUTE_PEERING, "pcx-1"},    {"fd00:2::/56", NET_ROUTE_PEERING, "pcx-1"},
    {"10.2.0.0/16", NET_ROUTE_PEERING, "pcx-gone"}, {"192.0.2.0/24", NET_ROUTE_PORT, "eni-box"},
    {"2001:db8::/32", NET_ROUTE_PORT, "eni-box"}, /* which has no IPv6 */
    {"203.0.113.0/24", NET_ROUTE_BLACKHOLE, NULL},  {"2001:db8:1::/48", NET_ROUTE_INTERNET, NULL},
};
static const struct net_route second[] = {{"10.0.0.0/24", NET_ROUTE_PORT, "eni-box"}};
static const struct net_route_table tables[] = {{"rtb-0", 0, LIST(routes, first)},
                                                {"rtb-1", 1, LIST(routes, second)},
                                                {"rtb-150", 150, NULL, 0}};
static const struct net_peering peerings[] = {{.peering_id = "pcx-1",
                                               .number = 4,
                                               .is_requester = true,
                                               .peer_vpc_id = "vpc-2",
                                               LIST(peer_blocks, peer_blocks)}};

static struct arena *a;
static struct net_vpc vpc;

static void before(void)
{
    a = arena_new();
    vpc = (struct net_vpc){.vpc_id = "vpc-1",
                           .index = 3,
                           LIST(cidrs, cidrs),
                           LIST(ipv6_cidrs, cidrs6),
                           .has_internet_gateway = true,
                           .edge_table = 150,
                           LIST(subnets, subnets),
                           LIST(ports, ports),
                           LIST(tables, tables),
                           LIST(peerings, peerings)};
}

static void after(void)
{
    arena_free(a);
}

static struct ways build(const struct net_vpc *intent)
{
    struct ways ways = {0};
    struct err e = {0};
    ck_assert_msg(ways_build(a, intent, &ways, &e) == 0, "%s", e.message);
    return ways;
}

static const char *lines(struct net_names names)
{
    const char *text = "";
    for (size_t i = 0; i < names.n; i++)
        text = arena_printf(a, "%s%s\n", text, names.v[i]);
    return text;
}

static const char *difference(const struct net_vpc *from, const struct net_vpc *to)
{
    struct ways old = build(from);
    struct ways now = build(to);
    return lines(ways_explain(a, &old, &now));
}

START_TEST(all_ways_of_a_vpc)
{
    static const struct ways nothing;
    struct ways ways = build(&vpc);
    const char *text = lines(ways_explain(a, &nothing, &ways));
    golden_check("network/ways", text, strlen(text));
}
END_TEST

START_TEST(what_leads_nowhere_is_a_black_hole)
{
    struct net_vpc cut = vpc;
    cut.has_internet_gateway = false;
    cut.n_peerings = 0;
    ck_assert_str_eq(difference(&vpc, &cut),
                     "route replace blackhole 0.0.0.0/0 table 100\n"
                     "route replace blackhole 10.1.0.0/16 table 100\n"
                     "route replace blackhole 2001:db8:1::/48 metric 1024 table 100\n"
                     "route replace blackhole fd00:2::/56 metric 1024 table 100\n"
                     "rule del priority 1000 iif pc4 lookup 99\n"
                     "-6 rule del priority 1000 iif pc4 lookup 99\n");
}
END_TEST

START_TEST(a_port_is_its_neighbours_and_nothing_else)
{
    struct net_vpc fewer = vpc;
    fewer.ports = &ports[1];
    fewer.n_ports = 1;
    ck_assert_str_eq(difference(&fewer, &vpc),
                     "neigh replace fd00:1::a lladdr 02:00:00:00:00:01 dev br0\n"
                     "neigh replace fe80::ff:fe00:1 lladdr 02:00:00:00:00:01 dev br0\n");
    ck_assert_str_eq(difference(&vpc, &fewer),
                     "neigh del fd00:1::a lladdr 02:00:00:00:00:01 dev br0\n"
                     "neigh del fe80::ff:fe00:1 lladdr 02:00:00:00:00:01 dev br0\n");
    /* One with another MAC comes to the same address: what is there is replaced, and never missing.
     */
    struct net_port other[] = {ports[0], ports[1]};
    other[0].mac = "02:00:00:00:00:02";
    struct net_vpc moved = vpc;
    moved.ports = other;
    ck_assert_ptr_nonnull(strstr(difference(&vpc, &moved),
                                 "neigh replace fd00:1::a lladdr 02:00:00:00:00:02 dev br0\n"));
}
END_TEST

START_TEST(a_subnet_changes_its_table_by_one_rule)
{
    struct net_subnet other[] = {subnets[0], subnets[1]};
    struct net_vpc moved = vpc;
    moved.subnets = other;
    other[1].table = 0;
    ck_assert_str_eq(difference(&vpc, &moved), "rule add priority 1000 iif br1 lookup 100\n"
                                               "-6 rule add priority 1000 iif br1 lookup 100\n"
                                               "rule del priority 1000 iif br1 lookup 101\n"
                                               "-6 rule del priority 1000 iif br1 lookup 101\n");
    other[1].table = 77; /* which is gone */
    ck_assert_ptr_nonnull(
        strstr(difference(&vpc, &moved), "rule add priority 1000 iif br1 lookup 99\n"));
}
END_TEST

START_TEST(the_order_in_which_things_are_read_is_no_change)
{
    struct net_vpc turned = vpc;
    struct net_port other_ports[] = {ports[1], ports[0]};
    struct net_subnet other_subnets[] = {subnets[1], subnets[0]};
    struct net_route other_routes[ARRAY_SIZE(first)];
    for (size_t i = 0; i < ARRAY_SIZE(first); i++)
        other_routes[i] = first[ARRAY_SIZE(first) - 1 - i];
    struct net_route_table other_tables[] = {tables[2], tables[0], tables[1]};
    other_tables[1].routes = other_routes;
    turned.ports = other_ports;
    turned.subnets = other_subnets;
    turned.tables = other_tables;
    ck_assert_str_eq(difference(&vpc, &turned), "");
}
END_TEST

START_TEST(blocks_and_numbers_have_bounds)
{
    struct way_peer_ends ends = {0};
    struct ways ways = {0};
    uint8_t mac[6];
    struct net_route wrong[] = {{"10.0.0.0/33", NET_ROUTE_INTERNET, NULL}};
    struct net_route_table table = {"rtb-0", 0, LIST(routes, wrong)};
    vpc.tables = &table;
    vpc.n_tables = 1;
    ck_assert_int_eq(ways_build(a, &vpc, &ways, NULL), -EINVAL);
    vpc.n_tables = 0;
    vpc.index = -1;
    ck_assert_int_eq(ways_build(a, &vpc, &ways, NULL), -ERANGE);
    ck_assert_uint_eq(ways_table(99), 199);
    ck_assert_uint_eq(ways_table(100), 1100);
    ck_assert_int_eq(ways_peer_ends(WAYS_PEER_NUMBER_MAX + 1, true, &ends, NULL), -ERANGE);
    ck_assert_int_eq(ways_peer_ends(-1, true, &ends, NULL), -ERANGE);
    ck_assert_int_eq(ways_peer_ends(WAYS_PEER_NUMBER_MAX, false, &ends, NULL), 0);
    char mine[NET_IP_TEXT_SIZE];
    char theirs[NET_IP_TEXT_SIZE];
    net_ip_format(&ends.mine[0], mine);
    net_ip_format(&ends.theirs[0], theirs);
    ck_assert_str_eq(mine, "169.254.255.255");
    ck_assert_str_eq(theirs, "169.254.255.254");
    ck_assert_int_eq(ways_mac_parse("02:00:00:00:00:0a", mac), 0);
    ck_assert_uint_eq(mac[5], 10);
    ck_assert_int_eq(ways_mac_parse("02:00:00:00:00", mac), -EINVAL);
    ck_assert_int_eq(ways_mac_parse("02:00:00:00:00:0a:", mac), -EINVAL);
    ck_assert_int_eq(ways_mac_parse(NULL, mac), -EINVAL);
}
END_TEST

UNIT_SUITE_WITH(before, after, all_ways_of_a_vpc, what_leads_nowhere_is_a_black_hole,
                a_port_is_its_neighbours_and_nothing_else, a_subnet_changes_its_table_by_one_rule,
                the_order_in_which_things_are_read_is_no_change, blocks_and_numbers_have_bounds)
