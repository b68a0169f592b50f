/* Images, volumes, snapshots, and the layers that they are. */
#include "store/tables_internal.h"

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
    INT(volume, missing_since),
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
    INT(snapshot, missing_since),
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
    TEXT(import_task, image_id),     TEXT(import_task, description),
    TEXT(import_task, architecture), TEXT(import_task, license_type),
    BOOL(import_task, encrypted),    INT(import_task, created_at),
};
TABLE(import_task, 1);

static const struct column import_disk_columns[] = {
    TEXT(import_disk, task_id),     INT(import_disk, number),     TEXT(import_disk, file_id),
    TEXT(import_disk, snapshot_id), TEXT(import_disk, bucket),    TEXT(import_disk, object),
    BOOL(import_disk, by_url),      TEXT(import_disk, format),    TEXT(import_disk, description),
    TEXT(import_disk, device_name), INT(import_disk, size_bytes),
};
TABLE(import_disk, 2);

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
