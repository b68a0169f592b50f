#include "store/tables.h"

#include "base/cleanup.h"

/*
 * One line a column. The primary key comes first. QUIET: a text that explanations leave out,
 * because it is a secret, a user's own data or a key. A unit test holds these lists against the
 * schema: the same columns, none missing.
 */
// clang-format off
#define TEXT(type, name)        {#name, COLUMN_TEXT, offsetof(struct type, name), NULL, false}
#define QUIET(type, name)       {#name, COLUMN_TEXT, offsetof(struct type, name), NULL, true}
#define INT(type, name)         {#name, COLUMN_INT, offsetof(struct type, name), NULL, false}
#define BOOL(type, name)        {#name, COLUMN_BOOL, offsetof(struct type, name), NULL, false}
#define STATE(type, name, list) {#name, COLUMN_STATE, offsetof(struct type, name), &(list), false}
// clang-format on
#define TABLE(type, keys)                                                                          \
    const struct table table_##type = {                                                            \
        #type, sizeof(struct type), type##_columns, ARRAY_SIZE(type##_columns), keys, false}
/* What the network of a VPC is made from. */
#define NETWORK_TABLE(type, keys)                                                                  \
    const struct table table_##type = {                                                            \
        #type, sizeof(struct type), type##_columns, ARRAY_SIZE(type##_columns), keys, true}

static const struct column host_columns[] = {
    TEXT(host, id),
    TEXT(host, uri),
    INT(host, created_at),
};
TABLE(host, 1);

static const struct column access_key_columns[] = {
    TEXT(access_key, id),
    TEXT(access_key, account_id),
    TEXT(access_key, user_id),
    QUIET(access_key, secret),
    BOOL(access_key, active),
    INT(access_key, created_at),
    INT(access_key, last_used_at),
    TEXT(access_key, last_used_service),
    TEXT(access_key, last_used_region),
};
TABLE(access_key, 1);

static const struct column iam_user_columns[] = {
    TEXT(iam_user, id),   TEXT(iam_user, account_id),           TEXT(iam_user, path),
    TEXT(iam_user, name), TEXT(iam_user, permissions_boundary), INT(iam_user, created_at),
};
TABLE(iam_user, 1);

static const struct column iam_group_columns[] = {
    TEXT(iam_group, id),   TEXT(iam_group, account_id), TEXT(iam_group, path),
    TEXT(iam_group, name), INT(iam_group, created_at),
};
TABLE(iam_group, 1);

static const struct column iam_group_member_columns[] = {
    TEXT(iam_group_member, group_id),
    TEXT(iam_group_member, user_id),
};
TABLE(iam_group_member, 2);

static const struct column iam_role_columns[] = {
    TEXT(iam_role, id),
    TEXT(iam_role, account_id),
    TEXT(iam_role, path),
    TEXT(iam_role, name),
    TEXT(iam_role, description),
    TEXT(iam_role, assume_role_policy),
    INT(iam_role, max_session_duration),
    TEXT(iam_role, permissions_boundary),
    INT(iam_role, created_at),
    INT(iam_role, last_used_at),
    TEXT(iam_role, last_used_region),
};
TABLE(iam_role, 1);

static const struct column iam_policy_columns[] = {
    TEXT(iam_policy, id),
    TEXT(iam_policy, account_id),
    TEXT(iam_policy, arn),
    TEXT(iam_policy, path),
    TEXT(iam_policy, name),
    TEXT(iam_policy, description),
    INT(iam_policy, default_version),
    INT(iam_policy, versions_made),
    INT(iam_policy, created_at),
    INT(iam_policy, updated_at),
};
TABLE(iam_policy, 1);

static const struct column iam_policy_version_columns[] = {
    TEXT(iam_policy_version, policy_id),
    INT(iam_policy_version, number),
    TEXT(iam_policy_version, document),
    INT(iam_policy_version, created_at),
};
TABLE(iam_policy_version, 2);

static const struct column iam_attachment_columns[] = {
    TEXT(iam_attachment, owner_id),
    TEXT(iam_attachment, policy_arn),
    TEXT(iam_attachment, account_id),
};
TABLE(iam_attachment, 2);

static const struct column iam_inline_policy_columns[] = {
    TEXT(iam_inline_policy, owner_id),
    TEXT(iam_inline_policy, name),
    TEXT(iam_inline_policy, document),
};
TABLE(iam_inline_policy, 2);

static const struct column iam_instance_profile_columns[] = {
    TEXT(iam_instance_profile, id),      TEXT(iam_instance_profile, account_id),
    TEXT(iam_instance_profile, path),    TEXT(iam_instance_profile, name),
    TEXT(iam_instance_profile, role_id), INT(iam_instance_profile, created_at),
};
TABLE(iam_instance_profile, 1);

static const struct column instance_profile_association_columns[] = {
    TEXT(instance_profile_association, id),
    TEXT(instance_profile_association, account_id),
    TEXT(instance_profile_association, region),
    TEXT(instance_profile_association, instance_id),
    TEXT(instance_profile_association, profile_id),
    TEXT(instance_profile_association, profile_arn),
    INT(instance_profile_association, associated_at),
};
TABLE(instance_profile_association, 1);

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

static const struct column key_pair_columns[] = {
    TEXT(key_pair, id),          TEXT(key_pair, account_id), TEXT(key_pair, region),
    TEXT(key_pair, name),        TEXT(key_pair, key_type),   TEXT(key_pair, fingerprint),
    QUIET(key_pair, public_key), INT(key_pair, created_at),
};
TABLE(key_pair, 1);

static const struct column managed_ssh_key_columns[] = {
    TEXT(managed_ssh_key, id),      TEXT(managed_ssh_key, instance_id),
    TEXT(managed_ssh_key, os_user), QUIET(managed_ssh_key, public_key),
    TEXT(managed_ssh_key, caller),  INT(managed_ssh_key, expires_at),
};
TABLE(managed_ssh_key, 1);

static const struct column launch_template_columns[] = {
    TEXT(launch_template, id),
    TEXT(launch_template, account_id),
    TEXT(launch_template, region),
    TEXT(launch_template, name),
    INT(launch_template, created_at),
    TEXT(launch_template, created_by),
    INT(launch_template, default_version),
    INT(launch_template, latest_version),
    INT(launch_template, versions_made),
};
TABLE(launch_template, 1);

static const struct column launch_template_version_columns[] = {
    TEXT(launch_template_version, template_id), INT(launch_template_version, number),
    TEXT(launch_template_version, description), INT(launch_template_version, created_at),
    TEXT(launch_template_version, created_by),  QUIET(launch_template_version, data),
};
TABLE(launch_template_version, 2);

static const struct column image_columns[] = {
    TEXT(image, id),
    TEXT(image, account_id),
    TEXT(image, region),
    STATE(image, state, image_states),
    TEXT(image, state_reason),
    TEXT(image, state_reason_code),
    TEXT(image, name),
    TEXT(image, description),
    TEXT(image, owner_alias),
    TEXT(image, architecture),
    TEXT(image, root_device_name),
    TEXT(image, location),
    TEXT(image, upload_id),
    INT(image, created_at),
    BOOL(image, is_public),
    BOOL(image, ena_support),
    TEXT(image, boot_mode),
    INT(image, last_launched_at),
    TEXT(image, source_instance_id),
    TEXT(image, source_image_id),
    TEXT(image, source_image_region),
};
TABLE(image, 1);

static const struct column image_device_columns[] = {
    TEXT(image_device, image_id),    TEXT(image_device, device_name),
    TEXT(image_device, snapshot_id), INT(image_device, size_gib),
    TEXT(image_device, volume_type), INT(image_device, iops),
    INT(image_device, throughput),   BOOL(image_device, delete_on_termination),
    BOOL(image_device, encrypted),
};
TABLE(image_device, 2);

static const struct column instance_columns[] = {
    TEXT(instance, id),
    TEXT(instance, account_id),
    TEXT(instance, region),
    TEXT(instance, host_id),
    STATE(instance, state, instance_states),
    TEXT(instance, state_reason_code),
    TEXT(instance, state_reason_message),
    TEXT(instance, transition_reason),
    TEXT(instance, reservation_id),
    INT(instance, launch_index),
    TEXT(instance, client_token),
    INT(instance, launch_time),
    INT(instance, created_at),
    INT(instance, terminated_at),
    TEXT(instance, image_id),
    TEXT(instance, instance_type),
    TEXT(instance, architecture),
    INT(instance, vcpus),
    INT(instance, cores),
    INT(instance, memory_mib),
    INT(instance, store_disks),
    INT(instance, store_disk_gb),
    TEXT(instance, key_name),
    QUIET(instance, public_key),
    QUIET(instance, user_data),
    TEXT(instance, root_device_name),
    TEXT(instance, vpc_id),
    TEXT(instance, subnet_id),
    TEXT(instance, zone),
    TEXT(instance, tenancy),
    BOOL(instance, disable_api_termination),
    BOOL(instance, disable_api_stop),
    BOOL(instance, terminate_on_shutdown),
    BOOL(instance, monitoring),
    BOOL(instance, ebs_optimized),
    BOOL(instance, no_seed),
    TEXT(instance, http_tokens),
    TEXT(instance, http_endpoint),
    TEXT(instance, http_protocol_ipv6),
    TEXT(instance, hostname_type),
    BOOL(instance, resource_name_a),
    BOOL(instance, resource_name_aaaa),
    INT(instance, http_put_response_hop_limit),
    TEXT(instance, instance_metadata_tags),
    TEXT(instance, cpu_credits),
    TEXT(instance, auto_recovery),
    TEXT(instance, reboot_migration),
    TEXT(instance, uuid),
    BOOL(instance, ever_ran),
    BOOL(instance, reboot_requested),
    BOOL(instance, force_stop),
    INT(instance, reachable_at),
    INT(instance, impaired_since),
    INT(instance, stalled_at),
    INT(instance, stop_deadline),
    TEXT(instance, rest_for),
    BOOL(instance, rests),
    TEXT(instance, hypervisor),
    TEXT(instance, capacity_preference),
    TEXT(instance, capacity_target),
    TEXT(instance, capacity_reservation_id),
    TEXT(instance, placement_group_id),
    TEXT(instance, placement_group_name),
    INT(instance, partition_number),
    TEXT(instance, spot_request_id),
    BOOL(instance, spot_persistent),
    TEXT(instance, interruption_action),
    INT(instance, interruption_at),
    TEXT(instance, interruption_cause),
    BOOL(instance, waits_for_room),
};
TABLE(instance, 1);

static const struct column volume_columns[] = {
    TEXT(volume, id),
    TEXT(volume, account_id),
    TEXT(volume, region),
    TEXT(volume, zone),
    STATE(volume, state, volume_states),
    STATE(volume, attachment_state, attachment_states),
    TEXT(volume, volume_type),
    INT(volume, size_gib),
    INT(volume, created_at),
    TEXT(volume, snapshot_id),
    TEXT(volume, instance_id),
    TEXT(volume, device_name),
    INT(volume, attached_at),
    BOOL(volume, delete_on_termination),
    INT(volume, iops),
    INT(volume, throughput),
    BOOL(volume, auto_enable_io),
    BOOL(volume, force_detach),
    TEXT(volume, state_reason),
    TEXT(volume, layer_id),
    TEXT(volume, next_layer_id),
    TEXT(volume, freeze_id),
    INT(volume, layers_made),
    BOOL(volume, encrypted),
};
TABLE(volume, 1);

static const struct column layer_columns[] = {
    TEXT(layer, id),       TEXT(layer, root_id), TEXT(layer, parent_id),
    TEXT(layer, image_id), TEXT(layer, key_id),  STATE(layer, work, layer_works),
};
TABLE(layer, 1);

static const struct column disk_key_columns[] = {
    TEXT(disk_key, id),
    QUIET(disk_key, wrapped),
};
TABLE(disk_key, 1);

static const struct column snapshot_columns[] = {
    TEXT(snapshot, id),           TEXT(snapshot, account_id),
    TEXT(snapshot, region),       STATE(snapshot, state, snapshot_states),
    TEXT(snapshot, state_reason), TEXT(snapshot, volume_id),
    TEXT(snapshot, description),  TEXT(snapshot, owner_alias),
    INT(snapshot, size_gib),      INT(snapshot, started_at),
    INT(snapshot, completed_at),  BOOL(snapshot, is_public),
    TEXT(snapshot, freeze_id),    TEXT(snapshot, layer_id),
    TEXT(snapshot, image_id),     BOOL(snapshot, encrypted),
};
TABLE(snapshot, 1);

static const struct column volume_modification_columns[] = {
    TEXT(volume_modification, volume_id),
    TEXT(volume_modification, account_id),
    TEXT(volume_modification, region),
    STATE(volume_modification, state, modification_states),
    TEXT(volume_modification, status_message),
    TEXT(volume_modification, original_type),
    INT(volume_modification, original_size_gib),
    INT(volume_modification, original_iops),
    INT(volume_modification, original_throughput),
    TEXT(volume_modification, target_type),
    INT(volume_modification, target_size_gib),
    INT(volume_modification, target_iops),
    INT(volume_modification, target_throughput),
    INT(volume_modification, started_at),
    INT(volume_modification, ended_at),
};
TABLE(volume_modification, 1);

static const struct column root_volume_task_columns[] = {
    TEXT(root_volume_task, id),          TEXT(root_volume_task, account_id),
    TEXT(root_volume_task, region),      STATE(root_volume_task, state, root_task_states),
    TEXT(root_volume_task, instance_id), TEXT(root_volume_task, image_id),
    TEXT(root_volume_task, snapshot_id), TEXT(root_volume_task, volume_id),
    TEXT(root_volume_task, replaced_id), BOOL(root_volume_task, delete_replaced),
    INT(root_volume_task, started_at),   INT(root_volume_task, completed_at),
};
TABLE(root_volume_task, 1);

static const struct column import_task_columns[] = {
    TEXT(import_task, id),           TEXT(import_task, account_id),
    TEXT(import_task, region),       STATE(import_task, state, transfer_states),
    INT(import_task, percent),       TEXT(import_task, message),
    TEXT(import_task, image_id),     TEXT(import_task, snapshot_id),
    TEXT(import_task, description),  TEXT(import_task, bucket),
    TEXT(import_task, object),       BOOL(import_task, by_url),
    TEXT(import_task, format),       TEXT(import_task, disk_description),
    TEXT(import_task, device_name),  TEXT(import_task, architecture),
    TEXT(import_task, license_type), INT(import_task, size_bytes),
    INT(import_task, created_at),
};
TABLE(import_task, 1);

static const struct column export_task_columns[] = {
    TEXT(export_task, id),        TEXT(export_task, account_id),
    TEXT(export_task, region),    STATE(export_task, state, transfer_states),
    INT(export_task, percent),    TEXT(export_task, message),
    TEXT(export_task, image_id),  TEXT(export_task, description),
    TEXT(export_task, format),    TEXT(export_task, bucket),
    TEXT(export_task, prefix),    TEXT(export_task, role_name),
    INT(export_task, created_at),
};
TABLE(export_task, 1);

static const struct column placement_group_columns[] = {
    TEXT(placement_group, id),        TEXT(placement_group, account_id),
    TEXT(placement_group, region),    TEXT(placement_group, name),
    TEXT(placement_group, strategy),  INT(placement_group, partition_count),
    INT(placement_group, created_at),
};
TABLE(placement_group, 1);

static const struct column capacity_reservation_columns[] = {
    TEXT(capacity_reservation, id),
    TEXT(capacity_reservation, account_id),
    TEXT(capacity_reservation, region),
    TEXT(capacity_reservation, host_id),
    STATE(capacity_reservation, state, capacity_reservation_states),
    TEXT(capacity_reservation, zone),
    TEXT(capacity_reservation, instance_type),
    INT(capacity_reservation, memory_mib),
    TEXT(capacity_reservation, platform),
    TEXT(capacity_reservation, tenancy),
    INT(capacity_reservation, instance_count),
    BOOL(capacity_reservation, is_targeted),
    BOOL(capacity_reservation, ebs_optimized),
    BOOL(capacity_reservation, ephemeral_storage),
    INT(capacity_reservation, end_date),
    INT(capacity_reservation, created_at),
    INT(capacity_reservation, ended_at),
    TEXT(capacity_reservation, placement_group_id),
};
TABLE(capacity_reservation, 1);

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

static const struct column spot_request_columns[] = {
    TEXT(spot_request, id),
    TEXT(spot_request, account_id),
    TEXT(spot_request, region),
    STATE(spot_request, state, spot_states),
    STATE(spot_request, status, spot_statuses),
    TEXT(spot_request, status_message),
    INT(spot_request, status_at),
    TEXT(spot_request, fault_code),
    BOOL(spot_request, persistent),
    INT(spot_request, max_price),
    TEXT(spot_request, interruption),
    INT(spot_request, valid_from),
    INT(spot_request, valid_until),
    INT(spot_request, created_at),
    INT(spot_request, ended_at),
    TEXT(spot_request, client_token),
    TEXT(spot_request, instance_id),
    TEXT(spot_request, zone),
    TEXT(spot_request, instance_type),
    TEXT(spot_request, launch),
};
TABLE(spot_request, 1);

static const struct column spot_load_columns[] = {
    INT(spot_load, recorded_at),
    INT(spot_load, used_percent),
};
TABLE(spot_load, 1);

static const struct column tag_columns[] = {
    TEXT(tag, resource_id), TEXT(tag, key),   TEXT(tag, resource_type),
    TEXT(tag, region),      TEXT(tag, value),
};
TABLE(tag, 2);

static const struct column account_setting_columns[] = {
    TEXT(account_setting, account_id),
    TEXT(account_setting, region),
    TEXT(account_setting, name),
    TEXT(account_setting, value),
};
TABLE(account_setting, 3);

static const struct column account_columns[] = {
    TEXT(account, id),     TEXT(account, name),       TEXT(account, email),
    TEXT(account, status), TEXT(account, request_id), INT(account, created_at),
};
TABLE(account, 1);

static const struct column account_quota_columns[] = {
    TEXT(account_quota, account_id),
    TEXT(account_quota, code),
    INT(account_quota, value),
};
TABLE(account_quota, 2);

static const struct column quota_request_columns[] = {
    TEXT(quota_request, id),        TEXT(quota_request, account_id),
    TEXT(quota_request, code),      INT(quota_request, desired_value),
    TEXT(quota_request, status),    TEXT(quota_request, requester),
    INT(quota_request, created_at), INT(quota_request, updated_at),
};
TABLE(quota_request, 1);

static const struct column client_token_columns[] = {
    TEXT(client_token, account_id), TEXT(client_token, region),  TEXT(client_token, action),
    QUIET(client_token, token),     QUIET(client_token, digest), QUIET(client_token, result),
    INT(client_token, created_at),
};
TABLE(client_token, 4);

static const struct column job_columns[] = {
    TEXT(job, object_id), TEXT(job, kind),    INT(job, generation),
    INT(job, not_before), INT(job, attempts), TEXT(job, last_error),
};
TABLE(job, 1);
