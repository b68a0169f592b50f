/* VPCs and what is in them. */
#include "store/tables_internal.h"

static const struct column vpc_columns[] = {
    TEXT(vpc, id),
    TEXT(vpc, account_id),
    TEXT(vpc, region),
    TEXT(vpc, cidr_block),
    TEXT(vpc, cidr_association_id),
    BOOL(vpc, is_default),
    TEXT(vpc, dhcp_options_id),
    INT(vpc, created_at),
    INT(vpc, number),
    TEXT(vpc, instance_tenancy),
    BOOL(vpc, enable_dns_support),
    BOOL(vpc, enable_dns_hostnames),
    BOOL(vpc, enable_usage_metrics),
    TEXT(vpc, network_error),
};
NETWORK_TABLE(vpc, 1);

static const struct column subnet_columns[] = {
    TEXT(subnet, id),
    TEXT(subnet, account_id),
    TEXT(subnet, region),
    TEXT(subnet, vpc_id),
    TEXT(subnet, zone),
    TEXT(subnet, cidr_block),
    BOOL(subnet, default_for_az),
    BOOL(subnet, map_public_ip_on_launch),
    INT(subnet, number),
    TEXT(subnet, ipv6_cidr_block),
    TEXT(subnet, ipv6_association_id),
    BOOL(subnet, ipv6_native),
    BOOL(subnet, assign_ipv6_on_creation),
    BOOL(subnet, enable_dns64),
    TEXT(subnet, hostname_type),
    BOOL(subnet, resource_name_a),
    BOOL(subnet, resource_name_aaaa),
};
NETWORK_TABLE(subnet, 1);

static const struct column security_group_columns[] = {
    TEXT(security_group, id),        TEXT(security_group, account_id),
    TEXT(security_group, region),    TEXT(security_group, vpc_id),
    TEXT(security_group, name),      TEXT(security_group, description),
    INT(security_group, created_at),
};
NETWORK_TABLE(security_group, 1);

static const struct column security_group_rule_columns[] = {
    TEXT(security_group_rule, id),
    TEXT(security_group_rule, account_id),
    TEXT(security_group_rule, region),
    TEXT(security_group_rule, group_id),
    BOOL(security_group_rule, is_egress),
    TEXT(security_group_rule, protocol),
    INT(security_group_rule, from_port),
    INT(security_group_rule, to_port),
    TEXT(security_group_rule, cidr_ipv4),
    TEXT(security_group_rule, cidr_ipv6),
    TEXT(security_group_rule, prefix_list_id),
    TEXT(security_group_rule, referenced_group_id),
    TEXT(security_group_rule, description),
    TEXT(security_group_rule, peer_vpc_id),
    TEXT(security_group_rule, peering_id),
};
NETWORK_TABLE(security_group_rule, 1);

static const struct column security_group_vpc_columns[] = {
    TEXT(security_group_vpc, group_id),
    TEXT(security_group_vpc, vpc_id),
    TEXT(security_group_vpc, account_id),
    TEXT(security_group_vpc, region),
    STATE(security_group_vpc, state, group_association_states),
    TEXT(security_group_vpc, state_reason),
};
NETWORK_TABLE(security_group_vpc, 2);

static const struct column network_interface_columns[] = {
    TEXT(network_interface, id),
    TEXT(network_interface, account_id),
    TEXT(network_interface, region),
    TEXT(network_interface, vpc_id),
    TEXT(network_interface, subnet_id),
    TEXT(network_interface, zone),
    TEXT(network_interface, private_ip),
    TEXT(network_interface, public_ip),
    TEXT(network_interface, mac),
    TEXT(network_interface, description),
    BOOL(network_interface, source_dest_check),
    BOOL(network_interface, wants_public_ip),
    TEXT(network_interface, instance_id),
    TEXT(network_interface, attachment_id),
    INT(network_interface, device_index),
    BOOL(network_interface, delete_on_termination),
    INT(network_interface, attached_at),
    TEXT(network_interface, tap),
    TEXT(network_interface, interface_type),
    TEXT(network_interface, requester_id),
    STATE(network_interface, attachment_state, attachment_states),
    BOOL(network_interface, detach_forced),
};
NETWORK_TABLE(network_interface, 1);

static const struct column interface_group_columns[] = {
    TEXT(interface_group, interface_id),
    TEXT(interface_group, group_id),
    INT(interface_group, position),
};
NETWORK_TABLE(interface_group, 2);

static const struct column vpc_cidr_block_columns[] = {
    TEXT(vpc_cidr_block, id),     TEXT(vpc_cidr_block, account_id), TEXT(vpc_cidr_block, region),
    TEXT(vpc_cidr_block, vpc_id), TEXT(vpc_cidr_block, cidr_block), BOOL(vpc_cidr_block, is_ipv6),
};
NETWORK_TABLE(vpc_cidr_block, 1);

static const struct column subnet_cidr_reservation_columns[] = {
    TEXT(subnet_cidr_reservation, id),
    TEXT(subnet_cidr_reservation, account_id),
    TEXT(subnet_cidr_reservation, region),
    TEXT(subnet_cidr_reservation, subnet_id),
    TEXT(subnet_cidr_reservation, cidr_block),
    BOOL(subnet_cidr_reservation, is_ipv6),
    TEXT(subnet_cidr_reservation, reservation_type),
    TEXT(subnet_cidr_reservation, description),
};
NETWORK_TABLE(subnet_cidr_reservation, 1);

static const struct column dhcp_options_columns[] = {
    TEXT(dhcp_options, id),
    TEXT(dhcp_options, account_id),
    TEXT(dhcp_options, region),
};
NETWORK_TABLE(dhcp_options, 1);

static const struct column dhcp_option_columns[] = {
    TEXT(dhcp_option, dhcp_options_id),
    TEXT(dhcp_option, name),
    TEXT(dhcp_option, value),
};
NETWORK_TABLE(dhcp_option, 2);

static const struct column internet_gateway_columns[] = {
    TEXT(internet_gateway, id),
    TEXT(internet_gateway, account_id),
    TEXT(internet_gateway, region),
    TEXT(internet_gateway, vpc_id),
};
NETWORK_TABLE(internet_gateway, 1);

static const struct column egress_only_gateway_columns[] = {
    TEXT(egress_only_gateway, id),
    TEXT(egress_only_gateway, account_id),
    TEXT(egress_only_gateway, region),
    TEXT(egress_only_gateway, vpc_id),
};
NETWORK_TABLE(egress_only_gateway, 1);

static const struct column route_table_columns[] = {
    TEXT(route_table, id),     TEXT(route_table, account_id), TEXT(route_table, region),
    TEXT(route_table, vpc_id), INT(route_table, number),
};
NETWORK_TABLE(route_table, 1);

static const struct column route_table_association_columns[] = {
    TEXT(route_table_association, id),         TEXT(route_table_association, account_id),
    TEXT(route_table_association, region),     TEXT(route_table_association, route_table_id),
    TEXT(route_table_association, vpc_id),     TEXT(route_table_association, subnet_id),
    TEXT(route_table_association, gateway_id), BOOL(route_table_association, is_main),
};
NETWORK_TABLE(route_table_association, 1);

static const struct column route_columns[] = {
    TEXT(route, route_table_id),
    TEXT(route, destination),
    TEXT(route, target_id),
};
NETWORK_TABLE(route, 2);

static const struct column nat_gateway_columns[] = {
    TEXT(nat_gateway, id),           TEXT(nat_gateway, account_id),
    TEXT(nat_gateway, region),       TEXT(nat_gateway, vpc_id),
    TEXT(nat_gateway, subnet_id),    TEXT(nat_gateway, interface_id),
    BOOL(nat_gateway, is_public),    STATE(nat_gateway, state, nat_gateway_states),
    TEXT(nat_gateway, failure_code), TEXT(nat_gateway, failure_message),
    INT(nat_gateway, created_at),    INT(nat_gateway, deleted_at),
};
NETWORK_TABLE(nat_gateway, 1);

static const struct column interface_address_columns[] = {
    TEXT(interface_address, interface_id), TEXT(interface_address, address),
    TEXT(interface_address, vpc_id),       TEXT(interface_address, subnet_id),
    BOOL(interface_address, is_ipv6),      INT(interface_address, position),
    INT(interface_address, drain_until),
};
NETWORK_TABLE(interface_address, 2);

static const struct column address_columns[] = {
    TEXT(address, id),         TEXT(address, account_id),     TEXT(address, region),
    TEXT(address, public_ip),  TEXT(address, association_id), TEXT(address, interface_id),
    TEXT(address, private_ip), TEXT(address, domain_name),
};
NETWORK_TABLE(address, 1);

static const struct column network_acl_columns[] = {
    TEXT(network_acl, id),     TEXT(network_acl, account_id), TEXT(network_acl, region),
    TEXT(network_acl, vpc_id), BOOL(network_acl, is_default),
};
NETWORK_TABLE(network_acl, 1);

static const struct column network_acl_entry_columns[] = {
    TEXT(network_acl_entry, network_acl_id), BOOL(network_acl_entry, is_egress),
    INT(network_acl_entry, rule_number),     INT(network_acl_entry, protocol),
    BOOL(network_acl_entry, is_allow),       TEXT(network_acl_entry, cidr_ipv4),
    TEXT(network_acl_entry, cidr_ipv6),      INT(network_acl_entry, from_port),
    INT(network_acl_entry, to_port),         INT(network_acl_entry, icmp_type),
    INT(network_acl_entry, icmp_code),
};
NETWORK_TABLE(network_acl_entry, 3);

static const struct column network_acl_association_columns[] = {
    TEXT(network_acl_association, id),
    TEXT(network_acl_association, network_acl_id),
    TEXT(network_acl_association, vpc_id),
    TEXT(network_acl_association, subnet_id),
};
NETWORK_TABLE(network_acl_association, 1);

static const struct column vpc_peering_connection_columns[] = {
    TEXT(vpc_peering_connection, id),
    TEXT(vpc_peering_connection, account_id),
    TEXT(vpc_peering_connection, region),
    TEXT(vpc_peering_connection, requester_vpc_id),
    TEXT(vpc_peering_connection, requester_cidr_blocks),
    BOOL(vpc_peering_connection, requester_dns),
    TEXT(vpc_peering_connection, accepter_account_id),
    TEXT(vpc_peering_connection, accepter_region),
    TEXT(vpc_peering_connection, accepter_vpc_id),
    TEXT(vpc_peering_connection, accepter_cidr_blocks),
    BOOL(vpc_peering_connection, accepter_dns),
    STATE(vpc_peering_connection, state, peering_states),
    TEXT(vpc_peering_connection, state_message),
    INT(vpc_peering_connection, created_at),
    INT(vpc_peering_connection, ended_at),
    INT(vpc_peering_connection, number),
};
NETWORK_TABLE(vpc_peering_connection, 1);

static const struct column flow_log_columns[] = {
    TEXT(flow_log, id),
    TEXT(flow_log, account_id),
    TEXT(flow_log, region),
    TEXT(flow_log, resource_id),
    TEXT(flow_log, traffic_type),
    TEXT(flow_log, destination_type),
    TEXT(flow_log, log_group_name),
    TEXT(flow_log, log_destination),
    TEXT(flow_log, log_format),
    INT(flow_log, max_aggregation_interval),
    TEXT(flow_log, permission_arn),
    TEXT(flow_log, cross_account_role),
    INT(flow_log, created_at),
};
NETWORK_TABLE(flow_log, 1);

static const struct column prefix_list_columns[] = {
    TEXT(prefix_list, id),     TEXT(prefix_list, account_id), TEXT(prefix_list, region),
    TEXT(prefix_list, name),   BOOL(prefix_list, is_ipv6),    INT(prefix_list, max_entries),
    INT(prefix_list, version), TEXT(prefix_list, state),      TEXT(prefix_list, state_message),
};
NETWORK_TABLE(prefix_list, 1);

static const struct column prefix_list_entry_columns[] = {
    TEXT(prefix_list_entry, prefix_list_id), TEXT(prefix_list_entry, cidr_block),
    INT(prefix_list_entry, from_version),    INT(prefix_list_entry, to_version),
    TEXT(prefix_list_entry, description),
};
NETWORK_TABLE(prefix_list_entry, 3);

static const struct column vpc_endpoint_columns[] = {
    TEXT(vpc_endpoint, id),        TEXT(vpc_endpoint, account_id),   TEXT(vpc_endpoint, region),
    TEXT(vpc_endpoint, vpc_id),    TEXT(vpc_endpoint, service_name), TEXT(vpc_endpoint, policy),
    INT(vpc_endpoint, created_at),
};
TABLE(vpc_endpoint, 1);

static const struct column vpc_endpoint_route_table_columns[] = {
    TEXT(vpc_endpoint_route_table, vpc_endpoint_id),
    TEXT(vpc_endpoint_route_table, route_table_id),
};
NETWORK_TABLE(vpc_endpoint_route_table, 2);

static const struct column network_insights_path_columns[] = {
    TEXT(network_insights_path, id),
    TEXT(network_insights_path, account_id),
    TEXT(network_insights_path, region),
    TEXT(network_insights_path, source_id),
    TEXT(network_insights_path, source_ip),
    TEXT(network_insights_path, destination_id),
    TEXT(network_insights_path, destination_ip),
    TEXT(network_insights_path, protocol),
    INT(network_insights_path, destination_port),
    INT(network_insights_path, created_at),
};
TABLE(network_insights_path, 1);

static const struct column network_insights_analysis_columns[] = {
    TEXT(network_insights_analysis, id),
    TEXT(network_insights_analysis, account_id),
    TEXT(network_insights_analysis, region),
    TEXT(network_insights_analysis, path_id),
    STATE(network_insights_analysis, state, insights_states),
    TEXT(network_insights_analysis, status_message),
    BOOL(network_insights_analysis, path_found),
    TEXT(network_insights_analysis, findings),
    INT(network_insights_analysis, started_at),
};
TABLE(network_insights_analysis, 1);
