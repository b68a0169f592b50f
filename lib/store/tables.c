/* Hosts, instances and how they are launched, and what the daemon itself keeps. */
#include "store/tables_internal.h"

static const struct column host_columns[] = {
    TEXT(host, id),
    TEXT(host, uri),
    INT(host, created_at),
};
TABLE(host, 1);

static const struct column key_pair_columns[] = {
    TEXT(key_pair, id),          TEXT(key_pair, account_id), TEXT(key_pair, region),
    TEXT(key_pair, name),        TEXT(key_pair, key_type),   TEXT(key_pair, fingerprint),
    QUIET(key_pair, public_key), INT(key_pair, created_at),
};
TABLE(key_pair, 1);

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
