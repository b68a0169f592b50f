/* What the rows of a VPC say its network should be. */
#include <string.h>

#include "base/buf.h"
#include "core/peering.h"
#include "core/volume.h"
#include "golden.h"
#include "jobs/plan.h"
#include "support/calls.h"
#include "unit.h"

#define OUT_MAX     (1 << 20)
#define OF_ACCOUNT  .account_id = TEST_ACCOUNT, .region = "us-east-1"
#define PEERING     "pcx-0c0c0c0c0c0c0c0c0"
#define NAT         "nat-0d0d0d0d0d0d0d0d0"
#define BEHIND_NAT  "eni-0d0d0d0d0d0d0d0d0"
#define EGRESS      "eigw-0e0e0e0e0e0e0e0e0"
#define LIST_ID     "pl-0f0f0f0f0f0f0f0f0"
#define PEER_SUBNET "subnet-0b0b0b0b0b0b0b0b0"
#define PEER_GROUP  "sg-0b0b0b0b0b0b0b0b0"

static struct calls *k;
static struct buf out = BUF_INIT(OUT_MAX);

static void before(void)
{
    k = calls_new();
    buf_reset(&out);
}

static void after(void)
{
    calls_free(k);
    buf_done(&out);
}

/* --- in words */

static void say_words(const char *name, const char *const *words, size_t n)
{
    buf_printf(&out, " %s=", name);
    for (size_t i = 0; i < n; i++)
        buf_printf(&out, "%s%s", i > 0 ? "," : "", words[i]);
}

static const char *known(const char *text)
{
    return text == NULL ? "-" : text;
}

static void say_port(const struct net_port *p)
{
    buf_printf(&out, "port %s of %s, nat %s, in %s: %s %s %s", p->interface_id,
               known(p->instance_id), known(p->nat_gateway_id), p->subnet_id, p->tap, p->mac,
               p->hostname);
    for (size_t i = 0; i < p->n_addresses; i++)
        buf_printf(&out, " %s/%s", p->addresses[i].private_ip, known(p->addresses[i].public_ip));
    say_words("ipv6", p->ipv6, p->n_ipv6);
    say_words("groups", p->group_ids, p->n_group_ids);
    if (p->resource_a != NULL || p->resource_aaaa != NULL)
        buf_printf(&out, " named %s/%s", known(p->resource_a), known(p->resource_aaaa));
    buf_add_str(&out, p->source_dest_check ? " checked\n" : "\n");
}

static void say_references(const struct net_vpc *v)
{
    for (size_t i = 0; i < v->n_groups; i++) {
        buf_printf(&out, "group %s:", v->groups[i].group_id);
        for (size_t r = 0; r < v->groups[i].n_rules; r++)
            buf_printf(&out, " %s", v->groups[i].rules[r].id);
        buf_add_char(&out, '\n');
    }
    for (size_t i = 0; i < v->n_peer_groups; i++) {
        buf_printf(&out, "peer group %s", v->peer_groups[i].group_id);
        say_words("members", v->peer_groups[i].addresses, v->peer_groups[i].n_addresses);
        buf_add_char(&out, '\n');
    }
    for (size_t i = 0; i < v->n_prefix_lists; i++) {
        buf_printf(&out, "prefix list %s", v->prefix_lists[i].prefix_list_id);
        say_words(v->prefix_lists[i].is_ipv6 ? "IPv6" : "IPv4", v->prefix_lists[i].blocks,
                  v->prefix_lists[i].n_blocks);
        buf_add_char(&out, '\n');
    }
    for (size_t i = 0; i < v->n_peerings; i++) {
        const struct net_peering *p = &v->peerings[i];
        buf_printf(&out, "peering %s number %lld with %s,%s requester:", p->peering_id,
                   (long long)p->number, p->peer_vpc_id, p->is_requester ? "" : " not the");
        say_words("blocks", p->peer_blocks, p->n_peer_blocks);
        buf_add_char(&out, '\n');
    }
}

static void say_routes(const struct net_vpc *v)
{
    static const char *const kinds[] = {
        [NET_ROUTE_BLACKHOLE] = "blackhole",     [NET_ROUTE_INTERNET] = "internet",
        [NET_ROUTE_EGRESS_ONLY] = "egress-only", [NET_ROUTE_PORT] = "port",
        [NET_ROUTE_PEERING] = "peering",
    };
    for (size_t i = 0; i < v->n_tables; i++) {
        buf_printf(&out, "table %lld %s\n", (long long)v->tables[i].number,
                   v->tables[i].route_table_id);
        for (size_t r = 0; r < v->tables[i].n_routes; r++) {
            const struct net_route *route = &v->tables[i].routes[r];
            buf_printf(&out, "  %s %s %s\n", route->destination, kinds[route->kind],
                       known(route->target_id));
        }
    }
}

static const char *say(const char *vpc_id)
{
    struct net_vpc v = {0};
    struct tx *tx = store_read(k->store);
    bool found = plan_vpc(tx, k->arena, vpc_id, &v);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(found);
    buf_reset(&out);
    buf_printf(&out, "%s index %lld in %s, %s, dns %d, internet gateway %d, edge table %lld",
               v.vpc_id, (long long)v.index, v.region, v.domain, v.dns_support,
               v.has_internet_gateway, (long long)v.edge_table);
    say_words("cidrs", v.cidrs, v.n_cidrs);
    say_words("ipv6", v.ipv6_cidrs, v.n_ipv6_cidrs);
    buf_printf(&out, "\ndhcp %s", known(v.dhcp.domain_name));
    say_words("names", v.dhcp.name_servers, v.dhcp.n_name_servers);
    say_words("ntp", v.dhcp.ntp_servers, v.dhcp.n_ntp_servers);
    buf_add_char(&out, '\n');
    for (size_t i = 0; i < v.n_subnets; i++)
        buf_printf(&out, "subnet %s %s %s %s table %lld %s\n", v.subnets[i].subnet_id,
                   v.subnets[i].cidr, known(v.subnets[i].ipv6_cidr), v.subnets[i].bridge,
                   (long long)v.subnets[i].table, known(v.subnets[i].acl_id));
    for (size_t i = 0; i < v.n_ports; i++)
        say_port(&v.ports[i]);
    say_routes(&v);
    say_references(&v);
    for (size_t i = 0; i < v.n_acls; i++)
        buf_printf(&out, "acl %s of %zu entries\n", v.acls[i].acl_id, v.acls[i].n_entries);
    return buf_str(&out);
}

static bool says(const char *vpc_id, const char *words)
{
    return strstr(say(vpc_id), words) != NULL;
}

/* --- rows */

static void route(struct tx *tx, const char *table, const char *destination, const char *target)
{
    store_insert_route(tx, &(struct route){table, destination, target});
}

static void put_gateways(struct tx *tx)
{
    store_insert_internet_gateway(
        tx, &(struct internet_gateway){.id = TEST_GATEWAY, OF_ACCOUNT, .vpc_id = TEST_VPC});
    store_insert_egress_only_gateway(
        tx, &(struct egress_only_gateway){.id = EGRESS, OF_ACCOUNT, .vpc_id = TEST_VPC});
    store_insert_network_interface(tx,
                                   &(struct network_interface){.id = BEHIND_NAT,
                                                               OF_ACCOUNT,
                                                               .vpc_id = TEST_VPC,
                                                               .subnet_id = TEST_SUBNET,
                                                               .zone = "us-east-1a",
                                                               .private_ip = "172.31.0.9",
                                                               .mac = "0a:00:00:00:00:09",
                                                               .description = "",
                                                               .tap = "tap9",
                                                               .source_dest_check = true,
                                                               .interface_type = "nat_gateway"});
    store_insert_nat_gateway(tx, &(struct nat_gateway){.id = NAT,
                                                       OF_ACCOUNT,
                                                       .vpc_id = TEST_VPC,
                                                       .subnet_id = TEST_SUBNET,
                                                       .interface_id = BEHIND_NAT,
                                                       .is_public = true,
                                                       .state = NAT_GATEWAY_AVAILABLE});
    store_insert_vpc_peering_connection(
        tx, &(struct vpc_peering_connection){.id = PEERING,
                                             OF_ACCOUNT,
                                             .requester_vpc_id = TEST_VPC,
                                             .requester_cidr_blocks = "172.31.0.0/16",
                                             .accepter_account_id = TEST_ACCOUNT,
                                             .accepter_region = "us-east-1",
                                             .accepter_vpc_id = TEST_OTHER_VPC,
                                             .accepter_cidr_blocks = "10.0.0.0/16",
                                             .state = PEERING_ACTIVE,
                                             .state_message = "",
                                             .number = 6});
}

static void put_routes(struct tx *tx)
{
    store_insert_prefix_list(tx, &(struct prefix_list){.id = LIST_ID,
                                                       OF_ACCOUNT,
                                                       .name = "offices",
                                                       .max_entries = 5,
                                                       .version = 2,
                                                       .state = "create-complete"});
    store_insert_prefix_list_entry(
        tx, &(struct prefix_list_entry){LIST_ID, "203.0.113.0/24", 1, 0, ""});
    store_insert_prefix_list_entry(tx,
                                   &(struct prefix_list_entry){LIST_ID, "192.0.2.0/24", 1, 0, ""});
    store_insert_prefix_list_entry(
        tx, &(struct prefix_list_entry){LIST_ID, "198.51.100.0/24", 1, 2, "gone since"});
    route(tx, TEST_TABLE, "0.0.0.0/0", TEST_GATEWAY);
    route(tx, TEST_TABLE, "::/0", EGRESS);
    route(tx, TEST_TABLE, "10.0.0.0/16", PEERING);
    route(tx, TEST_TABLE, LIST_ID, NAT);
    route(tx, TEST_TABLE, "192.0.2.0/24", "eni-0a0a0a0a0a0a0a0a1"); /* before the list's */
    route(tx, TEST_TABLE, "10.7.0.0/16", TEST_INTERFACE);           /* nobody is behind it */
    route(tx, TEST_TABLE, "10.8.0.0/16", "pcx-0aaaaaaaaaaaaaaaa");
    route(tx, TEST_TABLE, "pl-63a5400a", "vpce-0aaaaaaaaaaaaaaaa"); /* a record alone */
    store_insert_route_table(
        tx, &(struct route_table){
                .id = "rtb-0a0a0a0a0a0a0a0a1", OF_ACCOUNT, .vpc_id = TEST_VPC, .number = 3});
    store_insert_route_table_association(
        tx, &(struct route_table_association){.id = "rtbassoc-0a0a0a0a0a0a0a0a1",
                                              OF_ACCOUNT,
                                              .route_table_id = "rtb-0a0a0a0a0a0a0a0a1",
                                              .vpc_id = TEST_VPC,
                                              .subnet_id = "subnet-0a0a0a0a0a0a0a0a2"});
    store_insert_route_table_association(
        tx, &(struct route_table_association){.id = "rtbassoc-0a0a0a0a0a0a0a0a2",
                                              OF_ACCOUNT,
                                              .route_table_id = "rtb-0a0a0a0a0a0a0a0a1",
                                              .vpc_id = TEST_VPC,
                                              .gateway_id = TEST_GATEWAY});
}

static void put_rule(struct tx *tx, const char *id, const char *list, const char *group)
{
    store_insert_security_group_rule(tx,
                                     &(struct security_group_rule){.id = id,
                                                                   OF_ACCOUNT,
                                                                   .group_id = TEST_GROUP,
                                                                   .protocol = "tcp",
                                                                   .from_port = 22,
                                                                   .to_port = 22,
                                                                   .prefix_list_id = list,
                                                                   .referenced_group_id = group});
}

static void put_groups(struct tx *tx)
{
    store_insert_subnet(tx, &(struct subnet){.id = PEER_SUBNET,
                                             OF_ACCOUNT,
                                             .vpc_id = TEST_OTHER_VPC,
                                             .zone = "us-east-1a",
                                             .cidr_block = "10.0.0.0/24",
                                             .hostname_type = "ip-name"});
    store_insert_security_group(tx, &(struct security_group){.id = PEER_GROUP,
                                                             OF_ACCOUNT,
                                                             .vpc_id = TEST_OTHER_VPC,
                                                             .name = "peers",
                                                             .description = "of the other VPC"});
    store_insert_network_interface(tx, &(struct network_interface){.id = "eni-0b0b0b0b0b0b0b0b0",
                                                                   OF_ACCOUNT,
                                                                   .vpc_id = TEST_OTHER_VPC,
                                                                   .subnet_id = PEER_SUBNET,
                                                                   .zone = "us-east-1a",
                                                                   .private_ip = "10.0.0.4",
                                                                   .mac = "0a:00:00:00:00:0b",
                                                                   .description = "",
                                                                   .tap = "tapb",
                                                                   .interface_type = "interface"});
    store_insert_interface_group(tx,
                                 &(struct interface_group){"eni-0b0b0b0b0b0b0b0b0", PEER_GROUP, 0});
    put_rule(tx, "sgr-0a0a0a0a0a0a0a0a1", LIST_ID, NULL);
    put_rule(tx, "sgr-0a0a0a0a0a0a0a0a2", NULL, PEER_GROUP);
    put_rule(tx, "sgr-0a0a0a0a0a0a0a0a3", NULL, TEST_GROUP);
}

static void put_addresses(struct tx *tx)
{
    static const struct interface_address more[] = {
        {"eni-0a0a0a0a0a0a0a0a1", "172.31.0.20", TEST_VPC, TEST_SUBNET, false, 2},
        {"eni-0a0a0a0a0a0a0a0a1", "172.31.0.30", TEST_VPC, TEST_SUBNET, false, 1},
        {"eni-0a0a0a0a0a0a0a0a1", "fdec:2::5", TEST_VPC, TEST_SUBNET, true, 3},
        {"eni-0b0b0b0b0b0b0b0b0", "10.0.0.40", TEST_OTHER_VPC, PEER_SUBNET, false, 1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        store_insert_interface_address(tx, &more[i]);
    store_insert_address(tx, &(struct address){.id = "eipalloc-0a0a0a0a0a0a0a0a1",
                                               OF_ACCOUNT,
                                               .public_ip = "198.18.0.30",
                                               .association_id = "eipassoc-0a0a0a0a0a0a0a0a1",
                                               .interface_id = "eni-0a0a0a0a0a0a0a0a1",
                                               .private_ip = "172.31.0.30"});
    store_insert_vpc_cidr_block(tx,
                                &(struct vpc_cidr_block){.id = "vpc-cidr-assoc-0a0a0a0a0a0a0a0a1",
                                                         OF_ACCOUNT,
                                                         .vpc_id = TEST_VPC,
                                                         .cidr_block = "fdec:2::/56",
                                                         .is_ipv6 = true});
    store_insert_vpc_cidr_block(tx,
                                &(struct vpc_cidr_block){.id = "vpc-cidr-assoc-0a0a0a0a0a0a0a0a2",
                                                         OF_ACCOUNT,
                                                         .vpc_id = TEST_VPC,
                                                         .cidr_block = "172.30.0.0/16"});
    store_insert_dhcp_options(
        tx, &(struct dhcp_options){"dopt-0a0a0a0a0a0a0a0a0", TEST_ACCOUNT, "us-east-1"});
    store_insert_dhcp_option(tx,
                             &(struct dhcp_option){"dopt-0a0a0a0a0a0a0a0a0", "domain-name-servers",
                                                   "AmazonProvidedDNS, 192.0.2.1"});
    store_insert_dhcp_option(
        tx, &(struct dhcp_option){"dopt-0a0a0a0a0a0a0a0a0", "domain-name", "example.com"});
}

static void change(void (*put)(struct tx *tx))
{
    struct err e = {0};
    struct tx *tx = store_write(k->store);
    put(tx);
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
}

static void put_all(struct tx *tx)
{
    put_gateways(tx);
    put_routes(tx);
    put_groups(tx);
    put_addresses(tx);
}

static void begin(void)
{
    calls_put_instance(k, INSTANCE_RUNNING);
    change(put_all);
}

/* --- tests */

START_TEST(all_rows_of_a_vpc)
{
    begin();
    say(TEST_VPC);
    golden_check("network/plan", buf_str(&out), out.len);
    say(TEST_OTHER_VPC);
    golden_check("network/plan-peer", buf_str(&out), out.len);
}
END_TEST

static void end_peering(struct tx *tx)
{
    struct vpc_peering_connection *p = store_vpc_peering_connection(tx, k->arena, PEERING);
    p->state = PEERING_DELETED;
    store_update_vpc_peering_connection(tx, p);
}

START_TEST(without_the_peering_its_routes_and_groups_lead_nowhere)
{
    begin();
    change(end_peering);
    ck_assert(says(TEST_VPC, "  10.0.0.0/16 blackhole -\n"));
    ck_assert(!says(TEST_VPC, "\npeer"));
    ck_assert(!says(TEST_OTHER_VPC, "\npeer"));
}
END_TEST

static void name_and_group(struct tx *tx)
{
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    i->hostname_type = "resource-name";
    i->resource_name_a = true;
    store_update_instance(tx, i);
    struct network_interface *second = store_network_interface(tx, k->arena, TEST_INTERFACE);
    second->instance_id = TEST_INSTANCE;
    second->device_index = 1;
    store_update_network_interface(tx, second);
    store_insert_security_group(tx, &(struct security_group){.id = "sg-0a0a0a0a0a0a0a0a1",
                                                             OF_ACCOUNT,
                                                             .vpc_id = TEST_VPC,
                                                             .name = "further",
                                                             .description = ""});
    store_insert_interface_group(
        tx, &(struct interface_group){"eni-0a0a0a0a0a0a0a0a1", "sg-0a0a0a0a0a0a0a0a1", 1});
    store_insert_interface_group(
        tx, &(struct interface_group){TEST_INTERFACE, "sg-0a0a0a0a0a0a0a0a1", 0});
}

START_TEST(an_instance_gives_its_first_interface_its_names_and_each_has_groups_of_its_own)
{
    begin();
    change(name_and_group);
    ck_assert(says(TEST_VPC, "tap1 0a:00:00:00:00:02 " TEST_INSTANCE " 172.31.0.5/-"));
    ck_assert(says(TEST_VPC, " groups=" TEST_GROUP ",sg-0a0a0a0a0a0a0a0a1 named " TEST_INSTANCE
                             "/- checked\n"));
    ck_assert(says(TEST_VPC, "tap0 0a:00:00:00:00:01 ip-172-31-0-4 172.31.0.4/- ipv6= "
                             "groups=sg-0a0a0a0a0a0a0a0a1\n"));
}
END_TEST

static void fail_nat(struct tx *tx)
{
    struct nat_gateway *n = store_nat_gateway(tx, k->arena, NAT);
    n->state = NAT_GATEWAY_FAILED;
    store_update_nat_gateway(tx, n);
}

static void make_nat(struct tx *tx)
{
    struct nat_gateway *n = store_nat_gateway(tx, k->arena, NAT);
    n->state = NAT_GATEWAY_PENDING;
    store_update_nat_gateway(tx, n);
}

START_TEST(a_nat_gateway_has_a_port_before_it_is_led_to)
{
    begin();
    change(make_nat);
    ck_assert(says(TEST_VPC, "port " BEHIND_NAT));
    ck_assert(says(TEST_VPC, "  203.0.113.0/24 blackhole -\n"));
    change(fail_nat);
    ck_assert(!says(TEST_VPC, "port " BEHIND_NAT));
    ck_assert(says(TEST_VPC, "  203.0.113.0/24 blackhole -\n"));
}
END_TEST

static void detach_gateways(struct tx *tx)
{
    struct internet_gateway *g = store_internet_gateway(tx, k->arena, TEST_GATEWAY);
    g->vpc_id = TEST_OTHER_VPC;
    store_update_internet_gateway(tx, g);
    store_delete_egress_only_gateways(tx, "id", EGRESS);
}

START_TEST(a_gateway_counts_in_the_vpc_that_it_is_attached_to)
{
    begin();
    change(detach_gateways);
    ck_assert(says(TEST_VPC, "internet gateway 0, edge table -1"));
    ck_assert(says(TEST_VPC, "  0.0.0.0/0 blackhole -\n"));
    ck_assert(says(TEST_VPC, "  ::/0 blackhole -\n"));
    ck_assert(says(TEST_OTHER_VPC, "internet gateway 1"));
}
END_TEST

START_TEST(a_vpc_that_has_gone_has_no_plan)
{
    struct net_vpc v = {0};
    struct tx *tx = store_read(k->store);
    ck_assert(!plan_vpc(tx, k->arena, "vpc-0eeeeeeeeeeeeeeee", &v));
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_ptr_null(v.vpc_id);
}
END_TEST

UNIT_SUITE_WITH(before, after, all_rows_of_a_vpc,
                an_instance_gives_its_first_interface_its_names_and_each_has_groups_of_its_own,
                without_the_peering_its_routes_and_groups_lead_nowhere,
                a_nat_gateway_has_a_port_before_it_is_led_to,
                a_gateway_counts_in_the_vpc_that_it_is_attached_to, a_vpc_that_has_gone_has_no_plan)
