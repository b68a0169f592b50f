/*
 * Every path of metadata there is (AWS: "Access instance metadata", "Instance metadata
 * categories"), in the order of listings. Rows with the same beginning stand together.
 */
#include "base/cleanup.h"
#include "metadata/values.h"

#define MAC "meta-data/network/interfaces/macs/*/"

const struct path_row tree_paths[] = {
    {"dynamic/fws/instance-monitoring", value_monitoring, NULL, true},
    {"dynamic/instance-identity/document", value_document, "application/json", true},
    {"dynamic/instance-identity/pkcs7", value_pkcs7, NULL, true},
    {"dynamic/instance-identity/rsa2048", value_pkcs7, NULL, true},
    {"dynamic/instance-identity/signature", value_signature, NULL, true},
    {"meta-data/ami-id", value_ami_id, NULL, true},
    {"meta-data/ami-launch-index", value_launch_index, NULL, true},
    {"meta-data/ami-manifest-path", value_manifest_path, NULL, true},
    {"meta-data/block-device-mapping/ami", value_block_root, NULL, true},
    {"meta-data/block-device-mapping/*", value_block_ebs, NULL, false},
    {"meta-data/block-device-mapping/root", value_block_root, NULL, true},
    {"meta-data/events/maintenance/history", value_no_events, "application/json", true},
    {"meta-data/events/maintenance/scheduled", value_no_events, "application/json", true},
    {"meta-data/hostname", value_private_name, NULL, true},
    {"meta-data/instance-action", value_instance_action, NULL, true},
    {"meta-data/instance-id", value_instance_id, NULL, true},
    {"meta-data/instance-life-cycle", value_life_cycle, NULL, true},
    {"meta-data/instance-type", value_instance_type, NULL, true},
    {"meta-data/local-hostname", value_private_name, NULL, true},
    {"meta-data/local-ipv4", value_local_ipv4, NULL, true},
    {"meta-data/mac", value_mac, NULL, true},
    {"meta-data/managed-ssh-keys/active-keys/*", value_managed_keys, NULL, false},
    {MAC "device-number", value_device_number, NULL, false},
    {MAC "interface-id", value_interface_id, NULL, false},
    {MAC "ipv4-associations/*", value_association, NULL, false},
    {MAC "ipv6s", value_ipv6s, NULL, false},
    {MAC "local-hostname", value_its_local_name, NULL, false},
    {MAC "local-ipv4s", value_its_local_ipv4s, NULL, false},
    {MAC "mac", value_its_mac, NULL, false},
    {MAC "network-card", value_network_card, NULL, false},
    {MAC "owner-id", value_owner_id, NULL, false},
    {MAC "public-hostname", value_its_public_name, NULL, false},
    {MAC "public-ipv4s", value_its_public_ipv4s, NULL, false},
    {MAC "security-group-ids", value_its_group_ids, NULL, false},
    {MAC "security-groups", value_its_groups, NULL, false},
    {MAC "subnet-id", value_subnet_id, NULL, false},
    {MAC "subnet-ipv4-cidr-block", value_subnet_block, NULL, false},
    {MAC "subnet-ipv6-cidr-blocks", value_subnet_ipv6_blocks, NULL, false},
    {MAC "vpc-id", value_vpc_id, NULL, false},
    {MAC "vpc-ipv4-cidr-block", value_vpc_block, NULL, false},
    {MAC "vpc-ipv4-cidr-blocks", value_vpc_blocks, NULL, false},
    {MAC "vpc-ipv6-cidr-blocks", value_vpc_ipv6_blocks, NULL, false},
    {"meta-data/placement/availability-zone", value_zone, NULL, true},
    {"meta-data/placement/availability-zone-id", value_zone_id, NULL, true},
    {"meta-data/placement/group-name", value_group_name, NULL, false},
    {"meta-data/placement/partition-number", value_partition, NULL, false},
    {"meta-data/placement/region", value_region, NULL, true},
    {"meta-data/profile", value_profile, NULL, true},
    {"meta-data/public-hostname", value_public_name, NULL, false},
    {"meta-data/public-ipv4", value_public_ipv4, NULL, false},
    {"meta-data/public-keys/*/openssh-key", value_public_key, NULL, false},
    {"meta-data/reservation-id", value_reservation_id, NULL, true},
    {"meta-data/security-groups", value_security_groups, NULL, true},
    {"meta-data/services/domain", value_services_domain, NULL, true},
    {"meta-data/services/partition", value_services_partition, NULL, true},
    {"meta-data/spot/instance-action", value_spot_action, "application/json", false},
    {"meta-data/spot/termination-time", value_termination_time, NULL, false},
    {"meta-data/system", value_system, NULL, true},
    {"meta-data/tags/instance/*", value_tag, NULL, false},
    {"user-data", value_user_data, "application/octet-stream", false},
};
const size_t tree_n_paths = ARRAY_SIZE(tree_paths);

const struct folder_row tree_folders[] = {
    {"meta-data/block-device-mapping", names_of_ebs},
    {"meta-data/managed-ssh-keys/active-keys", names_of_managed_users},
    {"meta-data/network/interfaces/macs", names_of_macs},
    {"meta-data/network/interfaces/macs/*/ipv4-associations", names_of_associations},
    {"meta-data/public-keys", names_of_keys},
    {"meta-data/tags/instance", names_of_tags},
};
const size_t tree_n_folders = ARRAY_SIZE(tree_folders);
