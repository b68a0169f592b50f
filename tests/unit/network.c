/* What the network's pure builders make, and the network in memory. */
#include <string.h>

#include "golden.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/fake.h"
#include "network/held.h"
#include "network/intent.h"
#include "network/nat.h"
#include "network/rules.h"
#include "unit.h"

#define OUT_MAX (1 << 20)

static const struct security_group_rule web_rules[] = {
    {.id = "sgr-1",
     .protocol = "tcp",
     .from_port = 22,
     .to_port = 22,
     .cidr_ipv4 = "203.0.113.7/32"},
    {.id = "sgr-2", .protocol = "tcp", .from_port = 80, .to_port = 443, .cidr_ipv4 = "0.0.0.0/0"},
    {.id = "sgr-3", .protocol = "tcp", .from_port = 0, .to_port = 65535, .cidr_ipv4 = "10.1.2.3/8"},
    {.id = "sgr-4", .protocol = "icmp", .from_port = 8, .to_port = -1, .cidr_ipv4 = "0.0.0.0/0"},
    {.id = "sgr-5", .protocol = "icmp", .from_port = -1, .to_port = -1, .cidr_ipv4 = "10.0.0.0/8"},
    {.id = "sgr-6", .protocol = "tcp", .from_port = 22, .to_port = 22, .cidr_ipv6 = "::/0"},
    {.id = "sgr-7", .protocol = "icmpv6", .from_port = 128, .to_port = 0, .cidr_ipv6 = "fd00::/8"},
    {.id = "sgr-8", .protocol = "47", .from_port = -1, .to_port = -1, .cidr_ipv4 = "0.0.0.0/0"},
    {.id = "sgr-9",
     .protocol = "-1",
     .from_port = -1,
     .to_port = -1,
     .is_egress = true,
     .cidr_ipv4 = "0.0.0.0/0"},
};

static const struct security_group_rule data_rules[] = {
    {.id = "sgr-b",
     .protocol = "udp",
     .from_port = 53,
     .to_port = 53,
     .referenced_group_id = "sg-web"},
    {.id = "sgr-a",
     .protocol = "17",
     .from_port = 9,
     .to_port = 9,
     .referenced_group_id = "sg-data"},
    {.id = "sgr-c",
     .protocol = "-1",
     .from_port = -1,
     .to_port = -1,
     .referenced_group_id = "sg-gone"},
    {.id = "sgr-d", .protocol = "-1", .from_port = -1, .to_port = -1, .prefix_list_id = "pl-1"},
    {.id = "sgr-e",
     .protocol = "58",
     .from_port = -1,
     .to_port = -1,
     .is_egress = true,
     .cidr_ipv6 = "::/0"},
};

static const char *const web[] = {"sg-web"};
static const char *const both[] = {"sg-web", "sg-data"};
static const char *const both_turned[] = {"sg-data", "sg-web"};

static struct net_subnet subnets[] = {
    {.subnet_id = "subnet-1", .cidr = "172.31.0.0/20", .bridge = "br0"},
    {.subnet_id = "subnet-2", .cidr = "172.31.16.0/20", .bridge = "br1"},
};

static struct net_port ports[] = {
    {.interface_id = "eni-1",
     .tap = "tap1",
     .mac = "02:00:00:00:00:01",
     .subnet_id = "subnet-1",
     .addresses = (const struct net_address[]){{"172.31.0.10", "198.51.100.7"}},
     .n_addresses = 1,
     .hostname = "ip-172-31-0-10",
     .source_dest_check = true,
     .group_ids = web,
     .n_group_ids = 1},
    {.interface_id = "eni-2",
     .tap = "tap2",
     .mac = "02:00:00:00:00:02",
     .subnet_id = "subnet-2",
     .addresses = (const struct net_address[]){{"172.31.16.10", NULL}},
     .n_addresses = 1,
     .hostname = "ip-172-31-16-10",
     .source_dest_check = true,
     .group_ids = both,
     .n_group_ids = 2},
    {.interface_id = "eni-3",
     .tap = "tap3",
     .mac = "02:00:00:00:00:03",
     .subnet_id = "subnet-2",
     .addresses = (const struct net_address[]){{"172.31.16.11", NULL}},
     .n_addresses = 1,
     .hostname = "ip-172-31-16-11",
     .source_dest_check = false,
     .group_ids = both_turned,
     .n_group_ids = 2},
};

static struct net_group groups[] = {
    {.group_id = "sg-web", .rules = web_rules, .n_rules = ARRAY_SIZE(web_rules)},
    {.group_id = "sg-data", .rules = data_rules, .n_rules = ARRAY_SIZE(data_rules)},
};

static const char *const blocks[] = {"172.31.0.0/16"};
static const char *const own_resolver[] = {NET_OWN_RESOLVER};

static struct net_vpc vpc(size_t n_ports, size_t n_groups)
{
    return (struct net_vpc){
        .vpc_id = "vpc-00000001",
        .region = "us-east-1",
        .index = 3,
        .cidrs = blocks,
        .n_cidrs = ARRAY_SIZE(blocks),
        .domain = "ec2.internal",
        .dns_support = true,
        .has_internet_gateway = true,
        .edge_table = -1,
        .dhcp = {.domain_name = "ec2.internal", .name_servers = own_resolver, .n_name_servers = 1},
        .subnets = subnets,
        .n_subnets = ARRAY_SIZE(subnets),
        .ports = ports,
        .n_ports = n_ports,
        .groups = groups,
        .n_groups = n_groups};
}

static struct arena *a;
static struct buf out = BUF_INIT(OUT_MAX);

static void begin(void)
{
    arena_free(a);
    a = arena_new();
    buf_reset(&out);
}

static struct ruleset *build(const struct net_vpc *intent)
{
    struct ruleset *rules = NULL;
    struct err e = {0};
    ck_assert_msg(rules_build(a, intent, &(struct rules_options){0}, &rules, &e) == 0, "%s",
                  e.message);
    return rules;
}

static size_t count(const char *needle)
{
    size_t n = 0;
    for (const char *at = buf_str(&out); (at = strstr(at, needle)) != NULL; at++)
        n++;
    return n;
}

START_TEST(a_vpc_without_ports)
{
    begin();
    const struct net_vpc intent = vpc(0, 0);
    ruleset_write_replace(build(&intent), &out);
    golden_check("network/empty.json", buf_str(&out), out.len);
}
END_TEST

START_TEST(ports_in_groups_with_every_kind_of_rule)
{
    begin();
    const struct net_vpc intent = vpc(3, 2);
    ruleset_write_replace(build(&intent), &out);
    golden_check("network/groups.json", buf_str(&out), out.len);
}
END_TEST

START_TEST(one_more_port_is_elements_and_nothing_else)
{
    begin();
    const struct net_vpc before = vpc(2, 2);
    const struct net_vpc after = vpc(3, 2);
    ck_assert(ruleset_write_change(build(&before), build(&after), &out));
    golden_check("network/one-more.json", buf_str(&out), out.len);
    ck_assert_uint_eq(count("{\"add\":{\"element\""), count("{\"add\""));
    buf_reset(&out);
    ck_assert(ruleset_write_change(build(&after), build(&before), &out));
    ck_assert_uint_eq(count("{\"delete\":{\"element\""), count("{\"delete\""));
    ck_assert_uint_eq(count("{\"add\""), 0);
}
END_TEST

START_TEST(a_group_goes_after_all_that_refers_to_it)
{
    begin();
    struct net_vpc before = vpc(2, 2);
    struct net_port one = ports[1];
    one.group_ids = web;
    one.n_group_ids = 1;
    struct net_vpc after = vpc(1, 1);
    after.ports = &one;
    ck_assert(ruleset_write_change(build(&before), build(&after), &out));
    golden_check("network/group-gone.json", buf_str(&out), out.len);
}
END_TEST

START_TEST(the_order_in_which_things_are_read_is_no_change)
{
    begin();
    struct net_vpc straight = vpc(3, 2);
    struct net_vpc turned = straight;
    struct net_port other_ports[] = {ports[2], ports[0], ports[1]};
    struct security_group_rule other_rules[ARRAY_SIZE(web_rules)];
    for (size_t i = 0; i < ARRAY_SIZE(web_rules); i++)
        other_rules[i] = web_rules[ARRAY_SIZE(web_rules) - 1 - i];
    struct net_group other_groups[] = {groups[1], groups[0]};
    other_groups[1].rules = other_rules;
    turned.ports = other_ports;
    turned.groups = other_groups;
    ck_assert(!ruleset_write_change(build(&straight), build(&turned), &out));
    ck_assert_str_eq(buf_str(&out), "");
}
END_TEST

START_TEST(a_changed_rule_fills_its_chain_anew)
{
    begin();
    const struct net_vpc before = vpc(3, 2);
    struct ruleset *old = build(&before);
    struct security_group_rule rules[ARRAY_SIZE(web_rules)];
    memcpy(rules, web_rules, sizeof(rules));
    rules[0].from_port = rules[0].to_port = 2222;
    struct net_group changed[] = {groups[0], groups[1]};
    changed[0].rules = rules;
    struct net_vpc after = before;
    after.groups = changed;
    ck_assert(ruleset_write_change(old, build(&after), &out));
    ck_assert_uint_eq(count("{\"flush\""), 1);
    ck_assert_uint_eq(count("\"chain\":\"sg-web-in\",\"comment\""), 8);
    ck_assert_uint_eq(count("{\"add\""), 8);
}
END_TEST

/* Of two small intents: what the driver does for each change. */
static void same_difference(const struct net_vpc *from, const struct net_vpc *to)
{
    _cleanup_buf_ struct buf whole = BUF_INIT(OUT_MAX);
    struct ruleset *sides[2] = {NULL, NULL};
    struct held *held = held_new();
    struct held_change change = held_change(a, held, from, NULL);
    held_keep(a, held, &change);
    change = held_change(a, held, to, NULL);
    const struct net_vpc *small[] = {change.from, change.to};
    const struct rules_options options = {.others = change.others.v, .n_others = change.others.n};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rules_build(a, small[i], &options, &sides[i], NULL), 0);
    buf_reset(&out);
    bool differs = ruleset_write_change(build(from), build(to), &whole);
    ck_assert(differs == ruleset_write_change(sides[0], sides[1], &out));
    ck_assert_str_eq(buf_str(&out), buf_str(&whole));
    held_free(held);
}

START_TEST(what_is_the_same_may_be_left_out_of_a_difference)
{
    begin();
    const struct net_vpc all = vpc(3, 2);
    struct net_port changed[] = {ports[0], ports[1], ports[2]};
    struct net_vpc other = all;
    other.ports = changed;
    same_difference(&all, &other);
    ck_assert_str_eq(buf_str(&out), "");
    for (size_t n = 0; n < 3; n++) {
        const struct net_vpc fewer = vpc(n, 2);
        same_difference(&all, &fewer);
        same_difference(&fewer, &all);
    }
    /* The second of two in these groups leaves them: their chains stay; then the first does. */
    changed[1].group_ids = web;
    changed[1].n_group_ids = 1;
    same_difference(&all, &other);
    ck_assert_uint_eq(count("\"chain\""), 0);
    struct net_port last[] = {changed[0], changed[1], changed[2]};
    struct net_vpc none = other;
    last[2].group_ids = web;
    last[2].n_group_ids = 1;
    none.ports = last;
    same_difference(&other, &none);
    ck_assert_uint_eq(count("{\"delete\":{\"chain\""), 2);
    same_difference(&none, &all);
    /* A gateway counts for ports that are the same. */
    other = all;
    other.has_internet_gateway = false;
    same_difference(&all, &other);
    ck_assert_uint_gt(count("198.51.100.7"), 0);
    same_difference(&other, &all);
    static const char *const ipv6[] = {"fd00::/56"};
    other = all;
    other.ipv6_cidrs = ipv6;
    other.n_ipv6_cidrs = 1;
    same_difference(&all, &other);
    same_difference(&other, &all);
}
END_TEST

START_TEST(a_nat_gateway_lets_nobody_in)
{
    static const struct net_address addresses[] = {
        {.private_ip = "10.0.0.30"},
        {.private_ip = "10.0.0.31", .drains = true},
        {.private_ip = "10.0.0.32"},
    };
    static const struct net_port port = {.addresses = addresses, .n_addresses = 3};
    begin();
    ruleset_write_replace(nat_rules_build(a, &port), &out);
    golden_check("network/nat.json", buf_str(&out), out.len);
}
END_TEST

START_TEST(malformed_ports_are_refused)
{
    static const struct net_address no_private[] = {{"10.0.0.300", NULL}};
    static const struct net_address no_public[] = {{"10.0.0.30", "x"}};
    static const struct net_port wrong[] = {
        {.tap = "tap1\" drop"},
        {.tap = "sixteen-letters-"},
        {.mac = "02:00"},
        {.interface_id = "eni 1"},
        {.addresses = no_private, .n_addresses = 1},
        {.addresses = no_public, .n_addresses = 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        begin();
        struct net_vpc intent = vpc(1, 2);
        struct net_port port = ports[0];
        if (wrong[i].tap != NULL)
            port.tap = wrong[i].tap;
        if (wrong[i].mac != NULL)
            port.mac = wrong[i].mac;
        if (wrong[i].addresses != NULL)
            port.addresses = wrong[i].addresses;
        if (wrong[i].interface_id != NULL)
            port.interface_id = wrong[i].interface_id;
        intent.ports = &port;
        struct ruleset *rules = NULL;
        struct err e = {0};
        ck_assert_int_eq(rules_build(a, &intent, &(struct rules_options){0}, &rules, &e), -EINVAL);
        ck_assert_ptr_null(rules);
        ck_assert_str_ne(e.message, "");
    }
}
END_TEST

START_TEST(the_server_without_and_with_an_uplink)
{
    begin();
    struct edge_config config = {0};
    ck_assert_int_eq(address_ranges_parse("198.51.100.0/24", &config.pools, NULL), 0);
    ruleset_write_replace(edge_rules_build(a, &config), &out);
    golden_check("network/server.json", buf_str(&out), out.len);
    buf_reset(&out);
    config.uplink = "eth0";
    config.resolver = "192.0.2.53";
    ck_assert_int_eq(address_ranges_parse("198.51.100.9/24, 203.0.113.5/32", &config.pools, NULL),
                     0);
    ruleset_write_replace(edge_rules_build(a, &config), &out);
    golden_check("network/server-uplink.json", buf_str(&out), out.len);
    buf_reset(&out);
    ck_assert_int_eq(address_ranges_parse("192.0.2.200-192.0.2.220, 192.0.2.240/29, 192.0.2.250, "
                                          "198.51.100.0/24",
                                          &config.pools, NULL),
                     0);
    for (size_t i = 0; i < 3; i++)
        config.of_lan[i] = true;
    config.has_prefix = true;
    ck_assert_int_eq(net_block_parse("2001:db8:1000::/48", &config.prefix), 0);
    ruleset_write_replace(edge_rules_build(a, &config), &out);
    golden_check("network/server-lan.json", buf_str(&out), out.len);
}
END_TEST

START_TEST(links_have_bounds)
{
    struct edge_addresses addresses = {0};
    ck_assert_int_eq(edge_addresses(EDGE_INDEX_MAX, &addresses, NULL), 0);
    ck_assert_uint_eq(addresses.inside, 0xa9fe7fff);
    struct net_ip inside = net_ip_of_ipv4(addresses.inside);
    struct net_ip behind = net_ip_of_ipv4(addresses.inside + 1);
    ck_assert(edge_is_inside(&inside));
    ck_assert(!edge_is_inside(&behind));
    ck_assert_int_eq(edge_addresses(EDGE_INDEX_MAX + 1, &addresses, NULL), -ERANGE);
    ck_assert_int_eq(edge_addresses(-1, &addresses, NULL), -ERANGE);
}
END_TEST

START_TEST(the_configuration_of_dnsmasq)
{
    begin();
    struct net_vpc intent = vpc(0, 0);
    struct dnsmasq_options options = {.directory = "/run/croft/network/vpc-00000001"};
    ck_assert_int_eq(dnsmasq_config_build(&intent, &options, &out, NULL), 0);
    golden_check("network/dnsmasq.conf", buf_str(&out), out.len);
    buf_reset(&out);
    options.user = "dnsmasq";
    options.upstream = "192.0.2.53";
    ck_assert_int_eq(dnsmasq_config_build(&intent, &options, &out, NULL), 0);
    golden_check("network/dnsmasq-uplink.conf", buf_str(&out), out.len);
    static const char *const servers[] = {"172.31.0.5", "192.0.2.7"};
    buf_reset(&out);
    intent.dhcp.netbios_name_servers = servers;
    intent.dhcp.n_netbios_name_servers = ARRAY_SIZE(servers);
    intent.dhcp.netbios_node_type = "2";
    ck_assert_int_eq(dnsmasq_config_build(&intent, &options, &out, NULL), 0);
    ck_assert_ptr_nonnull(strstr(buf_str(&out),
                                 "\ndhcp-option=option:netbios-ns,172.31.0.5,192.0.2.7\n"
                                 "dhcp-option=option:netbios-nodetype,2\n"));
}
END_TEST

START_TEST(a_copy_equals_its_original_and_no_changed_one)
{
    begin();
    struct net_vpc intent = vpc(3, 2);
    const struct net_vpc *copy = intent_copy(a, &intent);
    ck_assert(intent_equal(copy, &intent, INTENT_ALL));
    struct net_port changed[] = {ports[0], ports[1], ports[2]};
    intent.ports = changed;
    changed[0].addresses = (const struct net_address[]){{"172.31.0.10", NULL}};
    ck_assert(!intent_equal(copy, &intent, INTENT_ALL));
    changed[0] = ports[0];
    changed[2].source_dest_check = true;
    ck_assert(!intent_equal(copy, &intent, INTENT_ALL));
    ck_assert(intent_equal(copy, &intent, INTENT_FRAME));
    intent.n_subnets = 1;
    ck_assert(!intent_equal(copy, &intent, INTENT_FRAME));
}
END_TEST

START_TEST(the_network_in_memory_remembers_vpcs_and_taps)
{
    begin();
    struct network *n = fake_network_new(NULL);
    struct net_vpc intent = vpc(2, 2);
    struct net_names names = {0};
    struct err e = {0};
    int fd = -1;
    ck_assert_int_eq(n->ops->plug(n, &intent, "eni-1", &e), -ENOENT);
    ck_assert_int_eq(n->ops->apply(n, &intent, NULL, &e), 0);
    ck_assert_int_eq(n->ops->apply(n, &intent, NULL, &e), 0);
    ck_assert_int_eq(n->ops->plug(n, &intent, "eni-1", &e), 0);
    ck_assert_int_eq(n->ops->plug(n, &intent, "eni-1", &e), 0);
    ck_assert_int_eq(n->ops->plug(n, &intent, "eni-2", &e), 0);
    ck_assert_int_eq(n->ops->plug(n, &intent, "eni-9", &e), -ENOENT);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], "vpc-00000001");
    ck_assert_int_eq(n->ops->taps(n, a, "vpc-00000001", &names, &e), 0);
    ck_assert_uint_eq(names.n, 2);
    ports[1].nat_gateway_id = "nat-00000001";
    ck_assert_int_eq(n->ops->unplug(n, "vpc-00000001", "tap2", &e), 0);
    ck_assert_int_eq(n->ops->apply(n, &intent, NULL, &e), 0);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 2);
    ck_assert_str_eq(names.v[1], "nat-00000001");
    intent.n_ports = 1;
    ports[1].nat_gateway_id = NULL;
    ck_assert_int_eq(n->ops->apply(n, &intent, NULL, &e), 0);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_int_eq(n->ops->taps(n, a, "vpc-00000001", &names, &e), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], "tap1");
    ck_assert_int_eq(n->ops->connect(n, "vpc-00000001", "172.31.0.10", 22, 100, &fd, &e),
                     -EOPNOTSUPP);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(n->ops->remove(n, "vpc-00000001", 3, &e), 0);
    ck_assert_int_eq(n->ops->remove(n, "vpc-00000001", 3, &e), 0);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 0);
    n->ops->free(n);
    arena_free(a);
    a = NULL;
    buf_done(&out);
}
END_TEST

UNIT_SUITE(a_vpc_without_ports, ports_in_groups_with_every_kind_of_rule,
           one_more_port_is_elements_and_nothing_else, a_group_goes_after_all_that_refers_to_it,
           the_order_in_which_things_are_read_is_no_change, a_changed_rule_fills_its_chain_anew,
           what_is_the_same_may_be_left_out_of_a_difference, a_nat_gateway_lets_nobody_in,
           malformed_ports_are_refused, the_server_without_and_with_an_uplink, links_have_bounds,
           the_configuration_of_dnsmasq, a_copy_equals_its_original_and_no_changed_one,
           the_network_in_memory_remembers_vpcs_and_taps)
