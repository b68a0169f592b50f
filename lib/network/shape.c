#include "network/shape.h"

#include "base/cleanup.h"
#include "network/intent.h"
#include "network/network.h"

/* Bounds of lists, far above EC2's quotas. */
#define ADDRESSES_MAX 4096
#define SUBNETS_MAX   1024
#define GROUPS_MAX    65536
#define RULES_MAX     4096
#define BLOCKS_MAX    65536
#define ROUTES_MAX    4096
#define NAMES_MAX     65536
#define SERVERS_MAX   64
#define PORT_MAX      65535
#define TIMEOUT_MAX   60000

SHAPE_WORD(ipv4, WORD_IPV4);
SHAPE_WORD(ipv6, WORD_IPV6);
SHAPE_WORD(any_address, WORD_ADDRESS);
SHAPE_WORD(block4, WORD_BLOCK4);
SHAPE_WORD(block6, WORD_BLOCK6);
SHAPE_WORD(block, WORD_BLOCK);
SHAPE_WORD(group_id, WORD_GROUP);
SHAPE_WORD(interface_id, WORD_INTERFACE);
SHAPE_WORD(server, WORD_SERVER);

static const struct field subnet_fields[] = {
    SHAPE_TEXT(net_subnet, subnet_id, WORD_SUBNET),  SHAPE_TEXT(net_subnet, cidr, WORD_BLOCK4),
    SHAPE_MAYBE(net_subnet, ipv6_cidr, WORD_BLOCK6), SHAPE_TEXT(net_subnet, bridge, WORD_BRIDGE),
    SHAPE_NUMBER(net_subnet, table, -1, INT32_MAX),  SHAPE_MAYBE(net_subnet, acl_id, WORD_ACL),
};
static SHAPE_OF(subnet, struct net_subnet);

static const struct field address_fields[] = {
    SHAPE_TEXT(net_address, private_ip, WORD_IPV4),
    SHAPE_MAYBE(net_address, public_ip, WORD_IPV4),
    SHAPE_FLAG(net_address, drains),
};
static SHAPE_OF(address, struct net_address);

static const struct field shape_port_fields[] = {
    SHAPE_TEXT(net_port, interface_id, WORD_INTERFACE),
    SHAPE_MAYBE(net_port, instance_id, WORD_INSTANCE),
    SHAPE_MAYBE(net_port, nat_gateway_id, WORD_NAT_GATEWAY),
    SHAPE_TEXT(net_port, tap, WORD_TAP),
    SHAPE_TEXT(net_port, mac, WORD_MAC),
    SHAPE_TEXT(net_port, subnet_id, WORD_SUBNET),
    SHAPE_LIST(net_port, addresses, address, ADDRESSES_MAX),
    SHAPE_LIST(net_port, ipv6, ipv6, ADDRESSES_MAX),
    SHAPE_TEXT(net_port, hostname, WORD_HOST),
    SHAPE_MAYBE(net_port, resource_a, WORD_HOST),
    SHAPE_MAYBE(net_port, resource_aaaa, WORD_HOST),
    SHAPE_FLAG(net_port, source_dest_check),
    SHAPE_LIST(net_port, group_ids, group_id, GROUPS_MAX),
};
SHAPE_OF(shape_port, struct net_port);

static const struct field rule_fields[] = {
    SHAPE_TEXT(security_group_rule, id, WORD_RULE),
    SHAPE_FLAG(security_group_rule, is_egress),
    SHAPE_TEXT(security_group_rule, protocol, WORD_PROTOCOL),
    SHAPE_NUMBER(security_group_rule, from_port, -1, PORT_MAX),
    SHAPE_NUMBER(security_group_rule, to_port, -1, PORT_MAX),
    SHAPE_MAYBE(security_group_rule, cidr_ipv4, WORD_BLOCK4),
    SHAPE_MAYBE(security_group_rule, cidr_ipv6, WORD_BLOCK6),
    SHAPE_MAYBE(security_group_rule, prefix_list_id, WORD_PREFIX_LIST),
    SHAPE_MAYBE(security_group_rule, referenced_group_id, WORD_GROUP),
};
static SHAPE_OF(rule, struct security_group_rule);

static const struct field group_fields[] = {
    SHAPE_TEXT(net_group, group_id, WORD_GROUP),
    SHAPE_LIST(net_group, rules, rule, RULES_MAX),
};
static SHAPE_OF(group, struct net_group);

static const struct field peer_group_fields[] = {
    SHAPE_TEXT(net_peer_group, group_id, WORD_GROUP),
    SHAPE_LIST(net_peer_group, addresses, any_address, SHAPE_PORTS_MAX),
};
static SHAPE_OF(peer_group, struct net_peer_group);

static const struct field prefix_list_fields[] = {
    SHAPE_TEXT(net_prefix_list, prefix_list_id, WORD_PREFIX_LIST),
    SHAPE_FLAG(net_prefix_list, is_ipv6),
    SHAPE_LIST(net_prefix_list, blocks, block, BLOCKS_MAX),
};
static SHAPE_OF(prefix_list, struct net_prefix_list);

static const struct field route_fields[] = {
    SHAPE_TEXT(net_route, destination, WORD_BLOCK),
    SHAPE_CHOICE(net_route, kind, NET_ROUTE_BLACKHOLE, NET_ROUTE_PEERING),
    SHAPE_MAYBE(net_route, target_id, WORD_TARGET),
};
static SHAPE_OF(route, struct net_route);

static const struct field table_fields[] = {
    SHAPE_TEXT(net_route_table, route_table_id, WORD_ROUTE_TABLE),
    SHAPE_NUMBER(net_route_table, number, 0, INT32_MAX),
    SHAPE_LIST(net_route_table, routes, route, ROUTES_MAX),
};
static SHAPE_OF(table, struct net_route_table);

static const struct field entry_fields[] = {
    SHAPE_FLAG(network_acl_entry, is_egress),
    SHAPE_NUMBER(network_acl_entry, rule_number, 0, ACL_RULE_LAST_IPV6),
    SHAPE_NUMBER(network_acl_entry, protocol, ACL_PROTOCOL_ALL, 255),
    SHAPE_FLAG(network_acl_entry, is_allow),
    SHAPE_MAYBE(network_acl_entry, cidr_ipv4, WORD_BLOCK4),
    SHAPE_MAYBE(network_acl_entry, cidr_ipv6, WORD_BLOCK6),
    SHAPE_NUMBER(network_acl_entry, from_port, -1, PORT_MAX),
    SHAPE_NUMBER(network_acl_entry, to_port, -1, PORT_MAX),
    SHAPE_NUMBER(network_acl_entry, icmp_type, -1, 255),
    SHAPE_NUMBER(network_acl_entry, icmp_code, -1, 255),
};
static SHAPE_OF(entry, struct network_acl_entry);

static const struct field acl_fields[] = {
    SHAPE_TEXT(net_acl, acl_id, WORD_ACL),
    SHAPE_LIST(net_acl, entries, entry, RULES_MAX),
};
static SHAPE_OF(acl, struct net_acl);

static const struct field peering_fields[] = {
    SHAPE_TEXT(net_peering, peering_id, WORD_PEERING),
    SHAPE_NUMBER(net_peering, number, 0, INT32_MAX),
    SHAPE_FLAG(net_peering, is_requester),
    SHAPE_TEXT(net_peering, peer_vpc_id, WORD_VPC),
    SHAPE_LIST(net_peering, peer_blocks, block, BLOCKS_MAX),
};
static SHAPE_OF(peering, struct net_peering);

static const struct field dhcp_fields[] = {
    SHAPE_MAYBE(net_dhcp, domain_name, WORD_DOMAIN),
    SHAPE_LIST(net_dhcp, name_servers, server, SERVERS_MAX),
    SHAPE_LIST(net_dhcp, ntp_servers, any_address, SERVERS_MAX),
    SHAPE_LIST(net_dhcp, netbios_name_servers, ipv4, SERVERS_MAX),
    SHAPE_MAYBE(net_dhcp, netbios_node_type, WORD_NODE),
};
static SHAPE_OF(dhcp, struct net_dhcp);

static const struct field reverse_name_fields[] = {
    SHAPE_TEXT(net_reverse_name, public_ip, WORD_IPV4),
    SHAPE_TEXT(net_reverse_name, name, WORD_DOMAIN),
};
static SHAPE_OF(reverse_name, struct net_reverse_name);

#define OF(field_kind, member, parts_, ...)                                                        \
    {                                                                                              \
        .kind = field_kind, .name = #member, .at = offsetof(struct net_vpc, member),               \
        .parts = (parts_), __VA_ARGS__                                                             \
    }
#define LIST_OF(member, of, most_, parts_)                                                         \
    OF(FIELD_LIST, member, parts_, .count = offsetof(struct net_vpc, n_##member), .shape = &(of),  \
       .most = (most_))

static const struct field shape_vpc_fields[] = {
    OF(FIELD_TEXT, vpc_id, INTENT_ALL, .word = WORD_VPC),
    OF(FIELD_TEXT, region, 0, .word = WORD_REGION),
    OF(FIELD_NUMBER, index, INTENT_ALL, .least = 0, .most = INT32_MAX),
    LIST_OF(cidrs, block4, BLOCKS_MAX, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    LIST_OF(ipv6_cidrs, block6, BLOCKS_MAX, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    OF(FIELD_TEXT, domain, INTENT_NAMES, .word = WORD_DOMAIN),
    OF(FIELD_FLAG, dns_support, INTENT_NAMES),
    OF(FIELD_FLAG, has_internet_gateway, INTENT_WAYS),
    OF(FIELD_NUMBER, edge_table, INTENT_WAYS, .least = -1, .most = INT32_MAX),
    OF(FIELD_STRUCT, dhcp, INTENT_NAMES, .shape = &dhcp),
    LIST_OF(reverse_names, reverse_name, NAMES_MAX, INTENT_NAMES),
    LIST_OF(subnets, subnet, SUBNETS_MAX, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    LIST_OF(ports, shape_port, SHAPE_PORTS_MAX, 0),
    LIST_OF(groups, group, GROUPS_MAX, 0),
    LIST_OF(peer_groups, peer_group, GROUPS_MAX, 0),
    LIST_OF(prefix_lists, prefix_list, GROUPS_MAX, 0),
    LIST_OF(tables, table, SUBNETS_MAX, INTENT_WAYS),
    LIST_OF(acls, acl, SUBNETS_MAX, 0),
    LIST_OF(peerings, peering, SUBNETS_MAX, INTENT_WAYS),
};
SHAPE_OF(shape_vpc, struct net_vpc);

static const struct field shape_part_fields[] = {
    SHAPE_COUNTED(net_part, interface_ids, n, interface_id, SHAPE_PORTS_MAX),
};
SHAPE_OF(shape_part, struct net_part);

static const struct field shape_probe_fields[] = {
    SHAPE_TEXT(net_probe, vpc_id, WORD_VPC),
    SHAPE_MAYBE(net_probe, peer_vpc_id, WORD_VPC),
    SHAPE_NUMBER(net_probe, index, 0, INT32_MAX),
    SHAPE_MAYBE(net_probe, tap, WORD_TAP),
    SHAPE_MAYBE(net_probe, mac, WORD_MAC),
    SHAPE_MAYBE(net_probe, bridge, WORD_BRIDGE),
    SHAPE_TEXT(net_probe, source, WORD_IPV4),
    SHAPE_TEXT(net_probe, destination, WORD_IPV4),
    SHAPE_CHOICE(net_probe, protocol, 0, 255),
    SHAPE_CHOICE(net_probe, port, -1, PORT_MAX),
    SHAPE_CHOICE(net_probe, timeout_ms, 0, TIMEOUT_MAX),
};
SHAPE_OF(shape_probe, struct net_probe);
