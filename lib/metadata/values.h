#pragma once
/* The functions behind the table of paths (paths.c); values.c, interface_values.c, identity.c. */
#include "metadata/tree.h"

value_fn value_ami_id, value_launch_index, value_manifest_path, value_block_root, value_block_ebs,
    value_no_events, value_private_name, value_instance_action, value_instance_id, value_life_cycle,
    value_instance_type, value_ipv6, value_local_ipv4, value_mac, value_rebalance, value_zone,
    value_zone_id, value_group_name, value_partition, value_region, value_profile,
    value_public_name, value_public_ipv4, value_public_key, value_reservation_id,
    value_security_groups, value_services_domain, value_services_partition, value_spot_action,
    value_termination_time, value_system, value_tag, value_user_data, value_monitoring,
    value_managed_keys;
names_fn names_of_managed_users, names_of_ebs, names_of_keys, names_of_tags;

/* Of an interface; the first star is its MAC. */
value_fn value_device_number, value_interface_id, value_association, value_ipv6s,
    value_its_local_name, value_its_local_ipv4s, value_its_mac, value_network_card, value_owner_id,
    value_its_public_name, value_its_public_ipv4s, value_its_group_ids, value_its_groups,
    value_subnet_id, value_subnet_block, value_subnet_ipv6_blocks, value_vpc_id, value_vpc_block,
    value_vpc_blocks, value_vpc_ipv6_blocks;
names_fn names_of_macs, names_of_associations;

value_fn value_document, value_signature, value_pkcs7;

/* Of its instance profile: role.c. */
value_fn value_iam_info, value_credentials;
names_fn names_of_roles;
