#pragma once
/*
 * The tables, one line each, and the typed functions that each line makes:
 *
 *     struct instance *store_instance(tx, arena, "i-…");            NULL: none
 *     struct instance_list l = store_instances(tx, arena, "vpc_id", id, "state", "running");
 *     size_t n = store_count_instances(tx, "image_id", id);
 *     store_insert_instance(tx, &row); store_update_instance(tx, &row);
 *     store_delete_instances(tx, "id", id);
 *
 * Conditions are pairs of a column and a text; a value of NULL means IS NULL. A column that does
 * not exist is a programmer's error. No condition: all rows (a delete needs at least one).
 */
#include "core/account.h"
#include "core/capacity_reservation.h"
#include "core/disk_key.h"
#include "core/flow_log.h"
#include "core/group_association.h"
#include "core/identity.h"
#include "core/image.h"
#include "core/insights.h"
#include "core/instance.h"
#include "core/instance_connect.h"
#include "core/instance_profile.h"
#include "core/key_pair.h"
#include "core/launch_template.h"
#include "core/layer.h"
#include "core/network.h"
#include "core/network_acl.h"
#include "core/peering.h"
#include "core/placement_group.h"
#include "core/prefix_list.h"
#include "core/root_volume.h"
#include "core/route.h"
#include "core/snapshot.h"
#include "core/spot.h"
#include "core/tag.h"
#include "core/transfer.h"
#include "core/volume.h"
#include "store/records.h"
#include "store/table.h"

/* STORE_TABLE(name of one, name of many) */
#define STORE_TABLES                                                                               \
    STORE_TABLE(host, hosts)                                                                       \
    STORE_TABLE(access_key, access_keys)                                                           \
    STORE_TABLE(iam_user, iam_users)                                                               \
    STORE_TABLE(iam_group, iam_groups)                                                             \
    STORE_TABLE(iam_group_member, iam_group_members)                                               \
    STORE_TABLE(iam_role, iam_roles)                                                               \
    STORE_TABLE(iam_policy, iam_policies)                                                          \
    STORE_TABLE(iam_policy_version, iam_policy_versions)                                           \
    STORE_TABLE(iam_attachment, iam_attachments)                                                   \
    STORE_TABLE(iam_inline_policy, iam_inline_policies)                                            \
    STORE_TABLE(iam_instance_profile, iam_instance_profiles)                                       \
    STORE_TABLE(instance_profile_association, instance_profile_associations)                       \
    STORE_TABLE(vpc, vpcs)                                                                         \
    STORE_TABLE(subnet, subnets)                                                                   \
    STORE_TABLE(security_group, security_groups)                                                   \
    STORE_TABLE(security_group_rule, security_group_rules)                                         \
    STORE_TABLE(security_group_vpc, security_group_vpcs)                                           \
    STORE_TABLE(key_pair, key_pairs)                                                               \
    STORE_TABLE(managed_ssh_key, managed_ssh_keys)                                                 \
    STORE_TABLE(launch_template, launch_templates)                                                 \
    STORE_TABLE(launch_template_version, launch_template_versions)                                 \
    STORE_TABLE(image, images)                                                                     \
    STORE_TABLE(image_device, image_devices)                                                       \
    STORE_TABLE(instance, instances)                                                               \
    STORE_TABLE(volume, volumes)                                                                   \
    STORE_TABLE(layer, layers)                                                                     \
    STORE_TABLE(disk_key, disk_keys)                                                               \
    STORE_TABLE(snapshot, snapshots)                                                               \
    STORE_TABLE(volume_modification, volume_modifications)                                         \
    STORE_TABLE(root_volume_task, root_volume_tasks)                                               \
    STORE_TABLE(import_task, import_tasks)                                                         \
    STORE_TABLE(import_disk, import_disks)                                                         \
    STORE_TABLE(export_task, export_tasks)                                                         \
    STORE_TABLE(placement_group, placement_groups)                                                 \
    STORE_TABLE(capacity_reservation, capacity_reservations)                                       \
    STORE_TABLE(network_interface, network_interfaces)                                             \
    STORE_TABLE(interface_group, interface_groups)                                                 \
    STORE_TABLE(vpc_cidr_block, vpc_cidr_blocks)                                                   \
    STORE_TABLE(subnet_cidr_reservation, subnet_cidr_reservations)                                 \
    STORE_TABLE(dhcp_options, dhcp_options_sets)                                                   \
    STORE_TABLE(dhcp_option, dhcp_option_values)                                                   \
    STORE_TABLE(internet_gateway, internet_gateways)                                               \
    STORE_TABLE(egress_only_gateway, egress_only_gateways)                                         \
    STORE_TABLE(route_table, route_tables)                                                         \
    STORE_TABLE(route_table_association, route_table_associations)                                 \
    STORE_TABLE(route, routes)                                                                     \
    STORE_TABLE(nat_gateway, nat_gateways)                                                         \
    STORE_TABLE(interface_address, interface_addresses)                                            \
    STORE_TABLE(address, addresses)                                                                \
    STORE_TABLE(network_acl, network_acls)                                                         \
    STORE_TABLE(network_acl_entry, network_acl_entries)                                            \
    STORE_TABLE(network_acl_association, network_acl_associations)                                 \
    STORE_TABLE(vpc_peering_connection, vpc_peering_connections)                                   \
    STORE_TABLE(flow_log, flow_logs)                                                               \
    STORE_TABLE(prefix_list, prefix_lists)                                                         \
    STORE_TABLE(prefix_list_entry, prefix_list_entries)                                            \
    STORE_TABLE(vpc_endpoint, vpc_endpoints)                                                       \
    STORE_TABLE(vpc_endpoint_route_table, vpc_endpoint_route_tables)                               \
    STORE_TABLE(network_insights_path, network_insights_paths)                                     \
    STORE_TABLE(network_insights_analysis, network_insights_analyses)                              \
    STORE_TABLE(spot_request, spot_requests)                                                       \
    STORE_TABLE(spot_load, spot_loads)                                                             \
    STORE_TABLE(tag, tags)                                                                         \
    STORE_TABLE(account_setting, account_settings)                                                 \
    STORE_TABLE(account, accounts)                                                                 \
    STORE_TABLE(account_quota, account_quotas)                                                     \
    STORE_TABLE(quota_request, quota_requests)                                                     \
    STORE_TABLE(client_token, client_tokens)                                                       \
    STORE_TABLE(job, jobs)

#define STORE_TABLE(one, many)                                                                     \
    extern const struct table table_##one;                                                         \
    struct one##_list {                                                                            \
        struct one *v;                                                                             \
        size_t n;                                                                                  \
    };                                                                                             \
    static inline struct one *store_##one(struct tx *tx, struct arena *a, const char *key)         \
    {                                                                                              \
        return key == NULL ? NULL : table_get(tx, &table_##one, a, (const char *const[]){key});    \
    }                                                                                              \
    static inline struct one##_list store_##many##_where(struct tx *tx, struct arena *a,           \
                                                         const char *const *conditions)            \
    {                                                                                              \
        struct one##_list l = {0};                                                                 \
        table_find(tx, &table_##one, a, (void **)&l.v, &l.n, conditions);                          \
        return l;                                                                                  \
    }                                                                                              \
    static inline size_t store_count_##many##_where(struct tx *tx, const char *const *conditions)  \
    {                                                                                              \
        return table_count(tx, &table_##one, conditions);                                          \
    }                                                                                              \
    static inline void store_insert_##one(struct tx *tx, const struct one *row)                    \
    {                                                                                              \
        table_insert(tx, &table_##one, row);                                                       \
    }                                                                                              \
    static inline void store_update_##one(struct tx *tx, const struct one *row)                    \
    {                                                                                              \
        table_update(tx, &table_##one, row);                                                       \
    }                                                                                              \
    static inline void store_delete_##many##_where(struct tx *tx, const char *const *conditions)   \
    {                                                                                              \
        table_delete(tx, &table_##one, conditions);                                                \
    }
STORE_TABLES
#undef STORE_TABLE

/* Not __VA_OPT__, which C17 does not have and cppcheck 2.10 cannot read: hence the NULL before
 * them. */
#define STORE_WHERE(...) (&((const char *const[]){NULL, ##__VA_ARGS__, NULL})[1])

#define store_accounts(tx, a, ...)       store_accounts_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_account_quotas(tx, a, ...) store_account_quotas_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_accounts(tx, ...)    store_count_accounts_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_account_quotas(tx, ...)                                                       \
    store_delete_account_quotas_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_quota_requests(tx, a, ...) store_quota_requests_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_quota_requests(tx, ...)                                                        \
    store_count_quota_requests_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_hosts(tx, a, ...)       store_hosts_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_access_keys(tx, a, ...) store_access_keys_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_delete_access_keys(tx, ...)                                                          \
    store_delete_access_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_access_keys(tx, ...) store_count_access_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_users(tx, a, ...)      store_iam_users_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_users(tx, ...)   store_count_iam_users_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_users(tx, ...)  store_delete_iam_users_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_groups(tx, a, ...)     store_iam_groups_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_groups(tx, ...)  store_count_iam_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_groups(tx, ...) store_delete_iam_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_group_members(tx, a, ...)                                                        \
    store_iam_group_members_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_group_members(tx, ...)                                                     \
    store_count_iam_group_members_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_group_members(tx, ...)                                                    \
    store_delete_iam_group_members_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_roles(tx, a, ...)     store_iam_roles_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_roles(tx, ...)  store_count_iam_roles_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_roles(tx, ...) store_delete_iam_roles_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_policies(tx, a, ...)  store_iam_policies_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_policies(tx, ...)                                                          \
    store_count_iam_policies_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_policies(tx, ...)                                                         \
    store_delete_iam_policies_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_policy_versions(tx, a, ...)                                                      \
    store_iam_policy_versions_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_policy_versions(tx, ...)                                                   \
    store_count_iam_policy_versions_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_policy_versions(tx, ...)                                                  \
    store_delete_iam_policy_versions_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_attachments(tx, a, ...)                                                          \
    store_iam_attachments_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_attachments(tx, ...)                                                       \
    store_count_iam_attachments_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_attachments(tx, ...)                                                      \
    store_delete_iam_attachments_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_inline_policies(tx, a, ...)                                                      \
    store_iam_inline_policies_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_inline_policies(tx, ...)                                                   \
    store_count_iam_inline_policies_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_inline_policies(tx, ...)                                                  \
    store_delete_iam_inline_policies_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_instance_profile_associations(tx, a, ...)                                            \
    store_instance_profile_associations_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_instance_profile_associations(tx, ...)                                         \
    store_count_instance_profile_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_instance_profile_associations(tx, ...)                                        \
    store_delete_instance_profile_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_iam_instance_profiles(tx, a, ...)                                                    \
    store_iam_instance_profiles_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_iam_instance_profiles(tx, ...)                                                 \
    store_count_iam_instance_profiles_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_iam_instance_profiles(tx, ...)                                                \
    store_delete_iam_instance_profiles_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_vpcs(tx, a, ...)    store_vpcs_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_subnets(tx, a, ...) store_subnets_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_security_groups(tx, a, ...)                                                          \
    store_security_groups_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_security_group_rules(tx, a, ...)                                                     \
    store_security_group_rules_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_security_group_vpcs(tx, a, ...)                                                      \
    store_security_group_vpcs_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_security_group_vpcs(tx, ...)                                                   \
    store_count_security_group_vpcs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_security_group_vpcs(tx, ...)                                                  \
    store_delete_security_group_vpcs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_key_pairs(tx, a, ...) store_key_pairs_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_managed_ssh_keys(tx, a, ...)                                                         \
    store_managed_ssh_keys_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_managed_ssh_keys(tx, ...)                                                      \
    store_count_managed_ssh_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_launch_templates(tx, a, ...)                                                         \
    store_launch_templates_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_launch_template_versions(tx, a, ...)                                                 \
    store_launch_template_versions_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_images(tx, a, ...)        store_images_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_instances(tx, a, ...)     store_instances_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_volumes(tx, a, ...)       store_volumes_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_image_devices(tx, a, ...) store_image_devices_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_image_devices(tx, ...)                                                         \
    store_count_image_devices_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_image_devices(tx, ...)                                                        \
    store_delete_image_devices_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_layers(tx, a, ...)        store_layers_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_layers(tx, ...)     store_count_layers_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_layers(tx, ...)    store_delete_layers_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_disk_keys(tx, ...)  store_count_disk_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_disk_keys(tx, ...) store_delete_disk_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_snapshots(tx, a, ...)     store_snapshots_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_snapshots(tx, ...)  store_count_snapshots_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_snapshots(tx, ...) store_delete_snapshots_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_import_tasks(tx, a, ...)  store_import_tasks_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_import_tasks(tx, ...)                                                          \
    store_count_import_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_import_tasks(tx, ...)                                                         \
    store_delete_import_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_import_disks(tx, a, ...) store_import_disks_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_delete_import_disks(tx, ...)                                                         \
    store_delete_import_disks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_export_tasks(tx, a, ...) store_export_tasks_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_export_tasks(tx, ...)                                                          \
    store_count_export_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_export_tasks(tx, ...)                                                         \
    store_delete_export_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_root_volume_tasks(tx, a, ...)                                                        \
    store_root_volume_tasks_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_root_volume_tasks(tx, ...)                                                     \
    store_count_root_volume_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_root_volume_tasks(tx, ...)                                                    \
    store_delete_root_volume_tasks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_volume_modifications(tx, a, ...)                                                     \
    store_volume_modifications_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_delete_volume_modifications(tx, ...)                                                 \
    store_delete_volume_modifications_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_interfaces(tx, a, ...)                                                       \
    store_network_interfaces_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_interface_groups(tx, a, ...)                                                         \
    store_interface_groups_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_placement_groups(tx, a, ...)                                                         \
    store_placement_groups_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_capacity_reservations(tx, a, ...)                                                    \
    store_capacity_reservations_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_tags(tx, a, ...)          store_tags_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_jobs(tx, a, ...)          store_jobs_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_spot_requests(tx, a, ...) store_spot_requests_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_spot_loads(tx, a, ...)    store_spot_loads_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_tags(tx, a, ...)          store_tags_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_jobs(tx, a, ...)          store_jobs_where(tx, a, STORE_WHERE(__VA_ARGS__))

#define store_count_instances(tx, ...) store_count_instances_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_jobs(tx, ...)      store_count_jobs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_launch_templates(tx, ...)                                                      \
    store_count_launch_templates_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_launch_template_versions(tx, ...)                                              \
    store_count_launch_template_versions_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_network_interfaces(tx, ...)                                                    \
    store_count_network_interfaces_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_interface_groups(tx, ...)                                                      \
    store_count_interface_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_security_group_rules(tx, ...)                                                  \
    store_count_security_group_rules_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_spot_requests(tx, ...)                                                         \
    store_count_spot_requests_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_volumes(tx, ...) store_count_volumes_where(tx, STORE_WHERE(__VA_ARGS__))

#define store_delete_instances(tx, ...) store_delete_instances_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_volumes(tx, ...)   store_delete_volumes_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_images(tx, ...)    store_delete_images_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_key_pairs(tx, ...) store_delete_key_pairs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_managed_ssh_keys(tx, ...)                                                     \
    store_delete_managed_ssh_keys_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_launch_templates(tx, ...)                                                     \
    store_delete_launch_templates_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_launch_template_versions(tx, ...)                                             \
    store_delete_launch_template_versions_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_tags(tx, ...) store_delete_tags_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_security_groups(tx, ...)                                                      \
    store_delete_security_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_security_group_rules(tx, ...)                                                 \
    store_delete_security_group_rules_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_interfaces(tx, ...)                                                   \
    store_delete_network_interfaces_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_interface_groups(tx, ...)                                                     \
    store_delete_interface_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_account_settings(tx, a, ...)                                                         \
    store_account_settings_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_delete_account_settings(tx, ...)                                                     \
    store_delete_account_settings_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_spot_requests(tx, ...)                                                        \
    store_delete_spot_requests_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_jobs(tx, ...) store_delete_jobs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_placement_groups(tx, ...)                                                     \
    store_delete_placement_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_capacity_reservations(tx, ...)                                                \
    store_delete_capacity_reservations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_placement_groups(tx, ...)                                                      \
    store_count_placement_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_capacity_reservations(tx, ...)                                                 \
    store_count_capacity_reservations_where(tx, STORE_WHERE(__VA_ARGS__))

#define store_count_vpcs(tx, ...)    store_count_vpcs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_subnets(tx, ...) store_count_subnets_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_count_security_groups(tx, ...)                                                       \
    store_count_security_groups_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_vpcs(tx, ...)    store_delete_vpcs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_subnets(tx, ...) store_delete_subnets_where(tx, STORE_WHERE(__VA_ARGS__))

/* Of schema 3. */
#define store_vpc_cidr_blocks(tx, a, ...)                                                          \
    store_vpc_cidr_blocks_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_vpc_cidr_blocks(tx, ...)                                                       \
    store_count_vpc_cidr_blocks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_vpc_cidr_blocks(tx, ...)                                                      \
    store_delete_vpc_cidr_blocks_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_subnet_cidr_reservations(tx, a, ...)                                                 \
    store_subnet_cidr_reservations_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_subnet_cidr_reservations(tx, ...)                                              \
    store_count_subnet_cidr_reservations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_subnet_cidr_reservations(tx, ...)                                             \
    store_delete_subnet_cidr_reservations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_dhcp_options_sets(tx, a, ...)                                                        \
    store_dhcp_options_sets_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_dhcp_options_sets(tx, ...)                                                     \
    store_count_dhcp_options_sets_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_dhcp_options_sets(tx, ...)                                                    \
    store_delete_dhcp_options_sets_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_dhcp_option_values(tx, a, ...)                                                       \
    store_dhcp_option_values_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_dhcp_option_values(tx, ...)                                                    \
    store_count_dhcp_option_values_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_dhcp_option_values(tx, ...)                                                   \
    store_delete_dhcp_option_values_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_internet_gateways(tx, a, ...)                                                        \
    store_internet_gateways_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_internet_gateways(tx, ...)                                                     \
    store_count_internet_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_internet_gateways(tx, ...)                                                    \
    store_delete_internet_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_egress_only_gateways(tx, a, ...)                                                     \
    store_egress_only_gateways_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_egress_only_gateways(tx, ...)                                                  \
    store_count_egress_only_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_egress_only_gateways(tx, ...)                                                 \
    store_delete_egress_only_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_route_tables(tx, a, ...) store_route_tables_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_route_tables(tx, ...)                                                          \
    store_count_route_tables_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_route_tables(tx, ...)                                                         \
    store_delete_route_tables_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_route_table_associations(tx, a, ...)                                                 \
    store_route_table_associations_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_route_table_associations(tx, ...)                                              \
    store_count_route_table_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_route_table_associations(tx, ...)                                             \
    store_delete_route_table_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_routes(tx, a, ...)       store_routes_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_routes(tx, ...)    store_count_routes_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_routes(tx, ...)   store_delete_routes_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_nat_gateways(tx, a, ...) store_nat_gateways_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_nat_gateways(tx, ...)                                                          \
    store_count_nat_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_nat_gateways(tx, ...)                                                         \
    store_delete_nat_gateways_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_interface_addresses(tx, a, ...)                                                      \
    store_interface_addresses_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_interface_addresses(tx, ...)                                                   \
    store_count_interface_addresses_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_interface_addresses(tx, ...)                                                  \
    store_delete_interface_addresses_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_addresses(tx, a, ...)     store_addresses_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_addresses(tx, ...)  store_count_addresses_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_addresses(tx, ...) store_delete_addresses_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_acls(tx, a, ...)  store_network_acls_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_network_acls(tx, ...)                                                          \
    store_count_network_acls_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_acls(tx, ...)                                                         \
    store_delete_network_acls_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_acl_entries(tx, a, ...)                                                      \
    store_network_acl_entries_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_network_acl_entries(tx, ...)                                                   \
    store_count_network_acl_entries_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_acl_entries(tx, ...)                                                  \
    store_delete_network_acl_entries_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_acl_associations(tx, a, ...)                                                 \
    store_network_acl_associations_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_network_acl_associations(tx, ...)                                              \
    store_count_network_acl_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_acl_associations(tx, ...)                                             \
    store_delete_network_acl_associations_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_vpc_peering_connections(tx, a, ...)                                                  \
    store_vpc_peering_connections_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_vpc_peering_connections(tx, ...)                                               \
    store_count_vpc_peering_connections_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_vpc_peering_connections(tx, ...)                                              \
    store_delete_vpc_peering_connections_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_flow_logs(tx, a, ...)     store_flow_logs_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_delete_flow_logs(tx, ...) store_delete_flow_logs_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_prefix_lists(tx, a, ...)  store_prefix_lists_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_prefix_lists(tx, ...)                                                          \
    store_count_prefix_lists_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_prefix_lists(tx, ...)                                                         \
    store_delete_prefix_lists_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_prefix_list_entries(tx, a, ...)                                                      \
    store_prefix_list_entries_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_prefix_list_entries(tx, ...)                                                   \
    store_count_prefix_list_entries_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_prefix_list_entries(tx, ...)                                                  \
    store_delete_prefix_list_entries_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_vpc_endpoints(tx, a, ...) store_vpc_endpoints_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_vpc_endpoints(tx, ...)                                                         \
    store_count_vpc_endpoints_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_vpc_endpoints(tx, ...)                                                        \
    store_delete_vpc_endpoints_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_vpc_endpoint_route_tables(tx, a, ...)                                                \
    store_vpc_endpoint_route_tables_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_vpc_endpoint_route_tables(tx, ...)                                             \
    store_count_vpc_endpoint_route_tables_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_vpc_endpoint_route_tables(tx, ...)                                            \
    store_delete_vpc_endpoint_route_tables_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_insights_paths(tx, a, ...)                                                   \
    store_network_insights_paths_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_network_insights_paths(tx, ...)                                                \
    store_count_network_insights_paths_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_insights_paths(tx, ...)                                               \
    store_delete_network_insights_paths_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_network_insights_analyses(tx, a, ...)                                                \
    store_network_insights_analyses_where(tx, a, STORE_WHERE(__VA_ARGS__))
#define store_count_network_insights_analyses(tx, ...)                                             \
    store_count_network_insights_analyses_where(tx, STORE_WHERE(__VA_ARGS__))
#define store_delete_network_insights_analyses(tx, ...)                                            \
    store_delete_network_insights_analyses_where(tx, STORE_WHERE(__VA_ARGS__))
