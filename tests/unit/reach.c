/* Whether a packet gets there, and what stops it: each reason in a small world of its own. */
#include <netinet/in.h>
#include <string.h>

#include "network/reach.h"
#include "unit.h"

/*
 * A world where everything passes, for each test to change:
 *
 *     vpc-a 10.0.0.0/16   subnet-1 10.0.0.0/24  eni-web (public 198.51.100.9), eni-nat, eni-fwd
 *                         subnet-2 10.0.1.0/24  eni-db; its default route is the NAT gateway
 *     vpc-b 10.9.0.0/16   subnet-9 10.9.0.0/24  eni-far, by pcx-1
 */
static struct security_group_rule rules[4];
static struct network_acl_entry entries[4];
static struct net_route public_routes[3], private_routes[3], far_routes[2];
static struct net_port ports[4], far_ports[1];
static struct net_subnet subnets[2], far_subnets[1];
static struct net_route_table tables[2], far_tables[1];
static struct net_group groups[1], far_groups[1];
static struct net_peering peerings[1], far_peerings[1];
static struct net_peer_group peer_groups[1];
static struct net_acl acls[1];
static struct net_vpc vpc, far;
static struct arena *a;

static const char *const cidrs[] = {"10.0.0.0/16"};
static const char *const far_cidrs[] = {"10.9.0.0/16"};
static const char *const cidrs6[] = {"fd00:a::/56"};
static const char *const web_ipv6[] = {"fd00:a::a"};
static const char *const web_group[] = {"sg-a"};
static const char *const far_group[] = {"sg-b"};
static const char *const far_addresses[] = {"10.9.0.10"};
static struct net_address web_address[] = {{"10.0.0.10", "198.51.100.9"}};
static const struct net_address nat_address[] = {{"10.0.0.20", "198.51.100.20"}};
static const struct net_address fwd_address[] = {{"10.0.0.30", NULL}};
static const struct net_address db_address[] = {{"10.0.1.10", NULL}};
static const struct net_address far_address[] = {{"10.9.0.10", NULL}};

#define EVERYTHING(block, out)                                                                     \
    {                                                                                              \
        .id = "sgr-" block #out, .protocol = "-1", .from_port = -1, .to_port = -1,                 \
        .cidr_ipv4 = block, .is_egress = out                                                       \
    }
#define LIST(list, n) .list = (n), .n_##list = ARRAY_SIZE(n)

static void setup(void)
{
    static const struct security_group_rule all[] = {
        EVERYTHING("0.0.0.0/0", false),
        EVERYTHING("0.0.0.0/0", true),
        {.id = "sgr-6in", .protocol = "-1", .from_port = -1, .to_port = -1, .cidr_ipv6 = "::/0"},
        {.id = "sgr-6out",
         .protocol = "-1",
         .from_port = -1,
         .to_port = -1,
         .cidr_ipv6 = "::/0",
         .is_egress = true}};
    arena_free(a); /* of the world before: a test may begin again */
    a = arena_new();
    memcpy(rules, all, sizeof(all));
    web_address[0].public_ip = "198.51.100.9";
    for (int i = 0; i < 2; i++)
        entries[i] = (struct network_acl_entry){.is_egress = i,
                                                .rule_number = 100,
                                                .protocol = -1,
                                                .is_allow = true,
                                                .cidr_ipv4 = "0.0.0.0/0",
                                                .from_port = -1,
                                                .to_port = -1,
                                                .icmp_type = -1,
                                                .icmp_code = -1};
    acls[0] = (struct net_acl){"acl-1", entries, 2};
    public_routes[0] = (struct net_route){"0.0.0.0/0", NET_ROUTE_INTERNET, NULL};
    public_routes[1] = (struct net_route){"10.9.0.0/16", NET_ROUTE_PEERING, "pcx-1"};
    public_routes[2] = (struct net_route){"::/0", NET_ROUTE_INTERNET, NULL};
    private_routes[0] = (struct net_route){"0.0.0.0/0", NET_ROUTE_PORT, "eni-nat"};
    private_routes[1] = (struct net_route){"192.0.2.0/24", NET_ROUTE_BLACKHOLE, NULL};
    private_routes[2] = (struct net_route){"203.0.113.0/24", NET_ROUTE_PORT, "eni-fwd"};
    far_routes[0] = (struct net_route){"10.0.0.0/16", NET_ROUTE_PEERING, "pcx-1"};
    far_routes[1] = (struct net_route){"0.0.0.0/0", NET_ROUTE_INTERNET, NULL};
    tables[0] = (struct net_route_table){"rtb-0", 0, LIST(routes, public_routes)};
    tables[1] = (struct net_route_table){"rtb-1", 1, LIST(routes, private_routes)};
    far_tables[0] = (struct net_route_table){"rtb-9", 0, LIST(routes, far_routes)};
    subnets[0] = (struct net_subnet){"subnet-1", "10.0.0.0/24", "fd00:a::/64", "br0", 0, "acl-1"};
    subnets[1] = (struct net_subnet){"subnet-2", "10.0.1.0/24", NULL, "br1", 1, NULL};
    far_subnets[0] = (struct net_subnet){"subnet-9", "10.9.0.0/24", NULL, "br0", 0, NULL};
#define PORT(name, subnet, list)                                                                   \
    .interface_id = "eni-" name, .instance_id = "i-" name, .subnet_id = (subnet),                  \
    .source_dest_check = true, LIST(addresses, list)
    ports[0] = (struct net_port){PORT("web", "subnet-1", web_address), LIST(group_ids, web_group),
                                 LIST(ipv6, web_ipv6)};
    ports[1] = (struct net_port){PORT("db", "subnet-2", db_address), LIST(group_ids, web_group)};
    ports[2] = (struct net_port){PORT("nat", "subnet-1", nat_address), .nat_gateway_id = "nat-1"};
    ports[3] = (struct net_port){PORT("fwd", "subnet-1", fwd_address), LIST(group_ids, web_group)};
    far_ports[0] =
        (struct net_port){PORT("far", "subnet-9", far_address), LIST(group_ids, far_group)};
    groups[0] = (struct net_group){"sg-a", rules, 4};
    far_groups[0] = (struct net_group){"sg-b", rules, 4};
    peer_groups[0] = (struct net_peer_group){"sg-b", far_addresses, 1};
    peerings[0] = (struct net_peering){"pcx-1", 0, true, "vpc-b", far_cidrs, 1};
    far_peerings[0] = (struct net_peering){"pcx-1", 0, false, "vpc-a", cidrs, 1};
    vpc = (struct net_vpc){.vpc_id = "vpc-a",
                           LIST(cidrs, cidrs),
                           LIST(ipv6_cidrs, cidrs6),
                           .has_internet_gateway = true,
                           .edge_table = -1,
                           LIST(subnets, subnets),
                           LIST(ports, ports),
                           LIST(groups, groups),
                           LIST(peer_groups, peer_groups),
                           LIST(tables, tables),
                           LIST(acls, acls),
                           LIST(peerings, peerings)};
    far = (struct net_vpc){.vpc_id = "vpc-b",
                           LIST(cidrs, far_cidrs),
                           .has_internet_gateway = true,
                           .edge_table = -1,
                           LIST(subnets, far_subnets),
                           LIST(ports, far_ports),
                           LIST(groups, far_groups),
                           LIST(tables, far_tables),
                           LIST(peerings, far_peerings)};
}

static void teardown(void)
{
    arena_free(a);
    a = NULL;
}

static struct reach_end in(const char *interface_id)
{
    return (struct reach_end){&vpc, interface_id, NULL, "running"};
}

static struct reach_end outside(const char *address)
{
    return (struct reach_end){.address = address};
}

static struct reach_answer ask(struct reach_end source, struct reach_end destination)
{
    const struct reach_question q = {source, destination, IPPROTO_TCP, 22, 0};
    return reach_walk(a, &q);
}

static const struct reach_hop *last(const struct reach_answer *answer)
{
    ck_assert_uint_gt(answer->hops.n, 0);
    return &answer->hops.v[answer->hops.n - 1];
}

static void passes(struct reach_answer answer)
{
    ck_assert_msg(answer.reachable, "%s: %s", answer.code, last(&answer)->text);
    ck_assert_ptr_null(answer.code);
    for (size_t i = 0; i < answer.hops.n; i++) {
        ck_assert(answer.hops.v[i].passes);
        ck_assert_ptr_nonnull(answer.hops.v[i].text);
    }
}

/* Only the last hop stops, and it is of that kind and id. */
static void stops(struct reach_answer answer, const char *code, enum reach_kind kind,
                  const char *id)
{
    ck_assert(!answer.reachable);
    ck_assert_str_eq(answer.code, code);
    for (size_t i = 0; i + 1 < answer.hops.n; i++)
        ck_assert(answer.hops.v[i].passes);
    ck_assert(!last(&answer)->passes);
    ck_assert_ptr_nonnull(last(&answer)->text);
    ck_assert_int_eq(last(&answer)->kind, kind);
    if (id == NULL)
        ck_assert_ptr_null(last(&answer)->id);
    else
        ck_assert_str_eq(last(&answer)->id, id);
}

START_TEST(everything_passes_in_an_open_world)
{
    setup();
    passes(ask(in("eni-web"), in("eni-db")));
    passes(ask(in("eni-db"), in("eni-web")));
    passes(ask(in("eni-web"), in("eni-fwd")));
    passes(ask(outside("203.0.113.7"), in("eni-web")));
    passes(ask(in("eni-web"), outside("203.0.113.7")));
    passes(ask(in("eni-db"), outside("198.18.0.1")));
    passes(ask(in("eni-web"), (struct reach_end){&far, "eni-far", NULL, "running"}));
    passes(ask((struct reach_end){&far, "eni-far", NULL, "running"}, in("eni-web")));
    teardown();
}
END_TEST

START_TEST(the_way_names_each_hop)
{
    setup();
    static const struct {
        enum reach_kind kind;
        const char *id;
        bool is_reply;
    } way[] = {
        {REACH_OUTSIDE, "203.0.113.7", false}, {REACH_INTERNET_GATEWAY, NULL, false},
        {REACH_NETWORK_ACL, "acl-1", false},   {REACH_SECURITY_GROUP, "sg-a", false},
        {REACH_INTERFACE, "eni-web", false},   {REACH_ROUTE_TABLE, "rtb-0", true},
        {REACH_NETWORK_ACL, "acl-1", true},    {REACH_INTERNET_GATEWAY, NULL, true},
        {REACH_OUTSIDE, "203.0.113.7", true},
    };
    struct reach_answer answer = ask(outside("203.0.113.7"), in("eni-web"));
    ck_assert_uint_eq(answer.hops.n, ARRAY_SIZE(way));
    for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
        ck_assert_int_eq(answer.hops.v[i].kind, way[i].kind);
        ck_assert(answer.hops.v[i].is_reply == way[i].is_reply);
        if (way[i].id != NULL)
            ck_assert_str_eq(answer.hops.v[i].id, way[i].id);
    }
    ck_assert_str_eq(answer.hops.v[0].destination, "198.51.100.9");
    ck_assert_str_eq(answer.hops.v[1].destination, "10.0.0.10");
    ck_assert_str_eq(answer.hops.v[3].rule->id, "sgr-0.0.0.0/0false");
    ck_assert_str_eq(answer.hops.v[7].source, "198.51.100.9");
    teardown();
}
END_TEST

START_TEST(groups_stop_what_no_rule_lets_pass)
{
    setup();
    rules[0] = (struct security_group_rule){.id = "sgr-80",
                                            .protocol = "tcp",
                                            .from_port = 80,
                                            .to_port = 80,
                                            .cidr_ipv4 = "0.0.0.0/0"};
    struct reach_answer answer = ask(in("eni-db"), in("eni-web"));
    stops(answer, "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, "sg-a");
    ck_assert_str_eq(last(&answer)->text,
                     "sgr-80 lets tcp 80 in from 0.0.0.0/0, none lets tcp 22 in from 10.0.1.10");
    ck_assert_str_eq(answer.remedy, "aws ec2 authorize-security-group-ingress --group-id sg-a "
                                    "--protocol tcp --port 22 --cidr 10.0.1.10/32");
    rules[0].from_port = 0;
    passes(ask(in("eni-db"), in("eni-web")));
    rules[0].cidr_ipv4 = "10.0.2.0/24";
    stops(ask(in("eni-db"), in("eni-web")), "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, "sg-a");
    setup();
    rules[1].cidr_ipv4 = "10.0.0.0/24";
    answer = ask(in("eni-web"), in("eni-db"));
    stops(answer, "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, "sg-a");
    ck_assert(last(&answer)->is_egress);
    setup();
    ports[1].n_group_ids = 0;
    stops(ask(in("eni-web"), in("eni-db")), "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, NULL);
    teardown();
}
END_TEST

START_TEST(groups_as_peers_are_their_members_here_and_at_the_peer)
{
    setup();
    rules[0].cidr_ipv4 = NULL;
    rules[0].referenced_group_id = "sg-a";
    passes(ask(in("eni-db"), in("eni-web")));
    stops(ask(outside("203.0.113.7"), in("eni-web")), "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP,
          "sg-a");
    rules[0].referenced_group_id = "sg-b";
    const struct reach_end there = {&far, "eni-far", NULL, NULL};
    passes(ask(there, in("eni-web")));
    vpc.n_peer_groups = 0;
    stops(ask(there, in("eni-web")), "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, "sg-a");
    teardown();
}
END_TEST

START_TEST(acls_stop_both_ways_and_keep_no_state)
{
    setup();
    entries[0].is_allow = false;
    struct reach_answer answer = ask(in("eni-db"), in("eni-web"));
    stops(answer, "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    ck_assert(!last(&answer)->is_reply);
    ck_assert_ptr_eq(last(&answer)->entry, &entries[0]);
    /* The answer comes into the client's subnet. */
    answer = ask(in("eni-web"), in("eni-db"));
    stops(answer, "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    ck_assert(last(&answer)->is_reply);
    /* Within a subnet there is no ACL. */
    passes(ask(in("eni-web"), in("eni-fwd")));
    acls[0].n_entries = 0;
    answer = ask(in("eni-web"), in("eni-db"));
    stops(answer, "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    ck_assert_ptr_null(last(&answer)->entry);
    ck_assert(last(&answer)->is_egress);
    teardown();
}
END_TEST

START_TEST(an_acl_must_let_all_ephemeral_ports_back)
{
    setup();
    entries[0].protocol = IPPROTO_TCP;
    entries[0].from_port = 1024;
    entries[0].to_port = 65535;
    passes(ask(in("eni-web"), in("eni-db")));
    entries[0].from_port = 49152;
    struct reach_answer answer = ask(in("eni-web"), in("eni-db"));
    stops(answer, "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    ck_assert_ptr_nonnull(strstr(last(&answer)->text, "some of"));
    struct reach_question q = {in("eni-web"), in("eni-db"), IPPROTO_TCP, 22, 50000};
    passes(reach_walk(a, &q));
    q.source_port = 40000;
    stops(reach_walk(a, &q), "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    /* The lowest number decides. */
    entries[2] = entries[0];
    entries[2].rule_number = 7;
    entries[2].from_port = 0;
    acls[0].n_entries = 3;
    passes(reach_walk(a, &q));
    entries[2].is_allow = false;
    stops(reach_walk(a, &q), "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    teardown();
}
END_TEST

START_TEST(the_longest_route_counts_and_black_holes_swallow)
{
    setup();
    stops(ask(in("eni-db"), outside("192.0.2.1")), "BAD_STATE_ROUTE", REACH_ROUTE_TABLE, "rtb-1");
    tables[1].n_routes = 0;
    struct reach_answer answer = ask(in("eni-db"), outside("198.18.0.1"));
    stops(answer, "NO_ROUTE_TO_DESTINATION", REACH_ROUTE_TABLE, "rtb-1");
    ck_assert_str_eq(answer.remedy, "aws ec2 create-route --route-table-id rtb-1 "
                                    "--destination-cidr-block 0.0.0.0/0 --gateway-id igw-…");
    passes(ask(in("eni-db"), in("eni-web")));
    tables[0].n_routes = 0;
    answer = ask(outside("203.0.113.7"), in("eni-web"));
    stops(answer, "NO_ROUTE_TO_DESTINATION", REACH_ROUTE_TABLE, "rtb-0");
    ck_assert(last(&answer)->is_reply);
    const struct reach_end there = {&far, "eni-far", NULL, NULL};
    answer = ask(in("eni-web"), there);
    stops(answer, "NO_ROUTE_TO_DESTINATION", REACH_ROUTE_TABLE, "rtb-0");
    ck_assert_str_eq(answer.remedy,
                     "aws ec2 create-route --route-table-id rtb-0 --destination-cidr-block "
                     "10.9.0.0/16 --vpc-peering-connection-id pcx-1");
    teardown();
}
END_TEST

START_TEST(outside_needs_a_gateway_and_public_addresses)
{
    setup();
    stops(ask(outside("203.0.113.7"), in("eni-db")), "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
          REACH_INTERFACE, "eni-db");
    web_address[0].public_ip = NULL;
    stops(ask(in("eni-web"), outside("203.0.113.7")), "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
          REACH_INTERNET_GATEWAY, NULL);
    setup();
    vpc.has_internet_gateway = false;
    stops(ask(outside("203.0.113.7"), in("eni-web")), "IGW_NOT_ATTACHED_TO_VPC",
          REACH_INTERNET_GATEWAY, NULL);
    stops(ask(in("eni-web"), outside("203.0.113.7")), "IGW_NOT_ATTACHED_TO_VPC",
          REACH_INTERNET_GATEWAY, NULL);
    teardown();
}
END_TEST

START_TEST(a_nat_gateway_speaks_for_others_and_answers_nobody)
{
    setup();
    struct reach_answer answer = ask(in("eni-db"), outside("198.18.0.1"));
    passes(answer);
    const char *speaks_as = NULL;
    for (size_t i = 0; i < answer.hops.n; i++)
        if (answer.hops.v[i].kind == REACH_INTERNET_GATEWAY && !answer.hops.v[i].is_reply)
            speaks_as = answer.hops.v[i].source;
    ck_assert_str_eq(speaks_as, "198.51.100.20");
    stops(ask(outside("203.0.113.7"), in("eni-nat")), "NO_PATH", REACH_NAT_GATEWAY, "nat-1");
    /* An answer that takes another way than the question is nobody's. */
    tables[0].number = 1;
    tables[1].number = 0;
    subnets[0].table = 0;
    private_routes[2].destination = "192.0.2.0/25";
    stops(ask(outside("203.0.113.7"), in("eni-web")), "NO_PATH", REACH_NAT_GATEWAY, "nat-1");
    /* An answer that is sent to the gateway, but not for its own address, is none. */
    setup();
    struct reach_end by_public = in("eni-web");
    by_public.address = "198.51.100.9";
    passes(ask(in("eni-db"), by_public));
    public_routes[1] = (struct net_route){"198.51.100.20/32", NET_ROUTE_PORT, "eni-nat"};
    struct reach_answer lost = ask(in("eni-db"), by_public);
    stops(lost, "NO_PATH", REACH_NAT_GATEWAY, "nat-1");
    ck_assert(last(&lost)->is_reply);
    teardown();
}
END_TEST

START_TEST(a_forwarding_guest_must_not_check_addresses)
{
    setup();
    stops(ask(in("eni-db"), outside("203.0.113.9")), "ENI_SOURCE_DEST_CHECK_RESTRICTION",
          REACH_INTERFACE, "eni-fwd");
    ports[3].source_dest_check = false;
    /* It forwards, and the gateway finds no public address for the one that it forwards for. */
    stops(ask(in("eni-db"), outside("203.0.113.9")), "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
          REACH_INTERNET_GATEWAY, NULL);
    /* In place of the local route, and around in a circle. */
    private_routes[0] = (struct net_route){"10.0.0.0/24", NET_ROUTE_PORT, "eni-fwd"};
    passes(ask(in("eni-db"), in("eni-web")));
    subnets[0].table = 1;
    stops(ask(in("eni-db"), in("eni-web")), "NO_PATH", REACH_OUTSIDE, NULL);
    teardown();
}
END_TEST

START_TEST(peering_carries_between_its_two_vpcs_alone)
{
    setup();
    const struct reach_end there = {&far, "eni-far", NULL, NULL};
    far_routes[0].destination = "10.8.0.0/16";
    far_tables[0].n_routes = 1;
    struct reach_answer answer = ask(in("eni-web"), there);
    stops(answer, "NO_ROUTE_TO_DESTINATION", REACH_ROUTE_TABLE, "rtb-9");
    ck_assert(last(&answer)->is_reply);
    public_routes[0] = (struct net_route){"0.0.0.0/0", NET_ROUTE_PEERING, "pcx-1"};
    stops(ask(in("eni-web"), outside("203.0.113.7")), "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
          REACH_PEERING, "pcx-1");
    /* Without the peering it is called by its public address, unless the private one is asked for.
     */
    vpc.n_peerings = 0;
    stops(ask(in("eni-web"), there), "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", REACH_INTERFACE,
          "eni-far");
    const struct reach_end by_private = {&far, "eni-far", "10.9.0.10", NULL};
    stops(ask(in("eni-web"), by_private), "BAD_STATE", REACH_PEERING, "pcx-1");
    stops(ask(outside("203.0.113.7"), by_private), "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
          REACH_INTERFACE, "eni-far");
    teardown();
}
END_TEST

START_TEST(ends_that_are_not_there_stop)
{
    setup();
    const struct reach_end stopped = {&vpc, "eni-db", NULL, "stopped"};
    struct reach_answer answer = ask(in("eni-web"), stopped);
    stops(answer, "BAD_STATE", REACH_INTERFACE, "eni-db");
    ck_assert_str_eq(answer.remedy, "aws ec2 start-instances --instance-ids i-db");
    answer = ask(stopped, in("eni-web"));
    stops(answer, "BAD_STATE", REACH_INTERFACE, "eni-db");
    ck_assert_uint_eq(answer.hops.n, 1);
    ports[1].instance_id = NULL;
    stops(ask(in("eni-web"), in("eni-db")), "BAD_STATE_ATTACHMENT", REACH_INTERFACE, "eni-db");
    stops(ask(in("eni-web"), in("eni-gone")), "BAD_STATE", REACH_INTERFACE, "eni-gone");
    const struct reach_end wrong = {&vpc, "eni-web", "10.0.0.77", NULL};
    stops(ask(wrong, in("eni-fwd")), "ENI_ADDRESS_RESTRICTION", REACH_INTERFACE, "eni-web");
    stops(ask(in("eni-fwd"), wrong), "ENI_ADDRESS_RESTRICTION", REACH_INTERFACE, NULL);
    teardown();
}
END_TEST

START_TEST(ipv6_needs_no_translation)
{
    setup();
    struct reach_end web = in("eni-web");
    web.address = "fd00:a::a";
    entries[2] = entries[0];
    entries[3] = entries[1];
    for (int i = 2; i < 4; i++) {
        entries[i].rule_number = 101;
        entries[i].cidr_ipv4 = NULL;
        entries[i].cidr_ipv6 = "::/0";
    }
    acls[0].n_entries = 4;
    passes(ask(outside("2001:db8::1"), web));
    passes(ask(web, outside("2001:db8::1")));
    acls[0].n_entries = 2;
    stops(ask(outside("2001:db8::1"), web), "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    acls[0].n_entries = 4;
    public_routes[2].kind = NET_ROUTE_EGRESS_ONLY;
    passes(ask(web, outside("2001:db8::1")));
    stops(ask(outside("2001:db8::1"), web), "NO_PATH", REACH_EGRESS_ONLY_GATEWAY, NULL);
    stops(ask(outside("203.0.113.7"), web), "NO_PATH", REACH_OUTSIDE, "fd00:a::a");
    /* The answer of another VPC's guest comes by the gateway that the question left by. */
    static const char *const far_cidrs6[] = {"fd00:b::/56"};
    static const char *const far_ipv6[] = {"fd00:b::a"};
    const struct reach_end there = {&far, "eni-far", "fd00:b::a", NULL};
    far.ipv6_cidrs = far_cidrs6;
    far_ports[0].ipv6 = far_ipv6;
    far.n_ipv6_cidrs = far_ports[0].n_ipv6 = 1;
    far_routes[1].destination = "::/0";
    vpc.has_internet_gateway = false;
    passes(ask(web, there));
    far.has_internet_gateway = false;
    stops(ask(web, there), "IGW_NOT_ATTACHED_TO_VPC", REACH_INTERNET_GATEWAY, NULL);
    teardown();
}
END_TEST

START_TEST(echo_requests_are_asked_for_by_type)
{
    setup();
    struct reach_question q = {in("eni-db"), in("eni-web"), IPPROTO_ICMP, 0, 0};
    passes(reach_walk(a, &q));
    rules[0].protocol = "icmp";
    rules[0].from_port = 0;
    struct reach_answer answer = reach_walk(a, &q);
    stops(answer, "ENI_SG_RULES_MISMATCH", REACH_SECURITY_GROUP, "sg-a");
    ck_assert_str_eq(answer.remedy,
                     "aws ec2 authorize-security-group-ingress --group-id sg-a --ip-permissions "
                     "IpProtocol=icmp,FromPort=8,ToPort=-1,IpRanges=[{CidrIp=10.0.1.10/32}]");
    rules[0].from_port = 8;
    passes(reach_walk(a, &q));
    /* The reply's type meets the ACL. */
    entries[1].protocol = IPPROTO_ICMP;
    entries[1].icmp_type = 8;
    answer = reach_walk(a, &q);
    stops(answer, "SUBNET_ACL_RESTRICTION", REACH_NETWORK_ACL, "acl-1");
    ck_assert(last(&answer)->is_reply);
    entries[1].icmp_type = 0;
    passes(reach_walk(a, &q));
    teardown();
}
END_TEST

UNIT_SUITE(everything_passes_in_an_open_world, the_way_names_each_hop,
           groups_stop_what_no_rule_lets_pass,
           groups_as_peers_are_their_members_here_and_at_the_peer,
           acls_stop_both_ways_and_keep_no_state, an_acl_must_let_all_ephemeral_ports_back,
           the_longest_route_counts_and_black_holes_swallow,
           outside_needs_a_gateway_and_public_addresses,
           a_nat_gateway_speaks_for_others_and_answers_nobody,
           a_forwarding_guest_must_not_check_addresses, peering_carries_between_its_two_vpcs_alone,
           ends_that_are_not_there_stop, ipv6_needs_no_translation,
           echo_requests_are_asked_for_by_type)
