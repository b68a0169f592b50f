/* DescribeVolumes and its kin, and snapshots. */
#include "support/calls.h"
#include "unit.h"

#define INSTANCE "i-0c0c0c0c0c0c0c0c0"
#define ROOT     "vol-0a0a0a0a0a0a0a0a0"
#define LOOSE    "vol-0b0b0b0b0b0b0b0b0"
#define NEW      "vol-0c0c0c0c0c0c0c0c0"

static struct calls *with_volumes(void)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    const struct volume root = {
        .id = ROOT,
        .account_id = TEST_ACCOUNT,
        .region = "us-east-1",
        .zone = "us-east-1a",
        .state = VOLUME_IN_USE,
        .attachment_state = ATTACHMENT_ATTACHED,
        .volume_type = "gp3",
        .size_gib = 8,
        .created_at = 1767225600000, /* 2026-01-01 */
        .snapshot_id = TEST_SNAPSHOT,
        .instance_id = INSTANCE,
        .device_name = "/dev/xvda",
        .attached_at = 1767225601000,
        .delete_on_termination = true,
        .iops = 3000,
        .throughput = 125,
    };
    store_insert_volume(tx, &root);
    struct volume v = {
        .id = LOOSE,
        .account_id = TEST_ACCOUNT,
        .region = "us-east-1",
        .zone = "us-east-1b",
        .state = VOLUME_AVAILABLE,
        .volume_type = "gp2",
        .size_gib = 100,
        .created_at = 1767225600000,
        .iops = 300,
    };
    store_insert_volume(tx, &v);
    v.id = NEW;
    v.state = VOLUME_CREATING;
    v.volume_type = "st1";
    v.iops = 0;
    store_insert_volume(tx, &v);
    v.id = "vol-0d0d0d0d0d0d0d0d0";
    v.region = "eu-central-1";
    store_insert_volume(tx, &v);
    v.id = "vol-0e0e0e0e0e0e0e0e0";
    v.region = "us-east-1";
    v.account_id = "210987654321";
    store_insert_volume(tx, &v);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return k;
}

START_TEST(a_volume_is_shown_with_its_attachment_and_performance)
{
    struct calls *k = with_volumes();
    ec2_DescribeVolumes_out out;
    OK(k, DescribeVolumes, &out, );
    ck_assert_uint_eq(out.volumes.n, 3); /* none of another region or account */
    const struct ec2_Volume *v = out.volumes.v;
    ck_assert_str_eq(v->volume_id, ROOT);
    ck_assert_str_eq(v->snapshot_id, TEST_SNAPSHOT);
    ck_assert_str_eq(v->state, "in-use");
    ck_assert_int_eq(v->iops.v, 3000);
    ck_assert_int_eq(v->throughput.v, 125);
    ck_assert(v->multi_attach_enabled.set && !v->multi_attach_enabled.v);
    ck_assert(v->encrypted.set && !v->encrypted.v);
    ck_assert_uint_eq(v->attachments.n, 1);
    ck_assert_str_eq(v->attachments.v[0].instance_id, INSTANCE);
    ck_assert_str_eq(v->attachments.v[0].state, "attached");
    ck_assert(v->attachments.v[0].delete_on_termination.v);
    v++;
    ck_assert_str_eq(v->volume_id, LOOSE);
    ck_assert_uint_eq(v->attachments.n, 0);
    ck_assert_ptr_nonnull(v->attachments.v);
    ck_assert_str_eq(v->snapshot_id, "");
    ck_assert_int_eq(v->iops.v, 300);
    ck_assert(!v->throughput.set);
    v++;
    ck_assert(!v->iops.set && !v->throughput.set);
    calls_free(k);
}
END_TEST

static size_t count(struct calls *k, const char *name, const char *value)
{
    ec2_DescribeVolumes_out out;
    OK(k, DescribeVolumes, &out, FILTERED_BY(FILTER(name, value)));
    return out.volumes.n;
}

START_TEST(volumes_are_filtered_by_all_that_is_documented)
{
    struct calls *k = with_volumes();
    ck_assert_uint_eq(count(k, "attachment.instance-id", INSTANCE), 1);
    ck_assert_uint_eq(count(k, "attachment.device", "/dev/xvda"), 1);
    ck_assert_uint_eq(count(k, "attachment.status", "attached"), 1);
    ck_assert_uint_eq(count(k, "attachment.delete-on-termination", "true"), 1);
    ck_assert_uint_eq(count(k, "attachment.attach-time", "2026-01-01T00:00:01.000Z"), 1);
    ck_assert_uint_eq(count(k, "availability-zone", "us-east-1b"), 2);
    ck_assert_uint_eq(count(k, "create-time", "2026-01-01*"), 3);
    ck_assert_uint_eq(count(k, "encrypted", "false"), 3);
    ck_assert_uint_eq(count(k, "multi-attach-enabled", "false"), 3);
    ck_assert_uint_eq(count(k, "fast-restored", "true"), 0);
    ck_assert_uint_eq(count(k, "size", "100"), 2);
    ck_assert_uint_eq(count(k, "snapshot-id", TEST_SNAPSHOT), 1);
    ck_assert_uint_eq(count(k, "status", "creating"), 1);
    ck_assert_uint_eq(count(k, "volume-id", "vol-0a*"), 1);
    ck_assert_uint_eq(count(k, "volume-type", "gp?"), 2);
    ck_assert_uint_eq(count(k, "tag-key", "*"), 0);
    ec2_DescribeVolumes_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'state' is invalid", DescribeVolumes, &out,
            FILTERED_BY(FILTER("state", "in-use")));
    calls_free(k);
}
END_TEST

START_TEST(volumes_come_in_pages)
{
    struct calls *k = with_volumes();
    ec2_DescribeVolumes_out out;
    OK(k, DescribeVolumes, &out, .max_results = wire_int(2));
    ck_assert_uint_eq(out.volumes.n, 2);
    OK(k, DescribeVolumes, &out, .max_results = wire_int(2), .next_token = out.next_token);
    ck_assert_uint_eq(out.volumes.n, 1);
    ck_assert_str_eq(out.volumes.v[0].volume_id, NEW);
    ck_assert_ptr_null(out.next_token);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A list of ids cannot be used with the parameter MaxResults", DescribeVolumes, &out,
            .volume_ids = LIST(ROOT), .max_results = wire_int(5));
    calls_free(k);
}
END_TEST

START_TEST(a_volumes_status_follows_its_state)
{
    struct calls *k = with_volumes();
    ec2_DescribeVolumeStatus_out out;
    OK(k, DescribeVolumeStatus, &out, .volume_ids = LIST(NEW, ROOT));
    ck_assert_uint_eq(out.volume_statuses.n, 2);
    ck_assert_str_eq(out.volume_statuses.v[0].volume_status->status, "ok");
    ck_assert_str_eq(out.volume_statuses.v[0].volume_status->details.v[0].status, "passed");
    ck_assert_str_eq(out.volume_statuses.v[1].volume_status->status, "insufficient-data");
    OK(k, DescribeVolumeStatus, &out, FILTERED_BY(FILTER("volume-status.status", "ok")));
    ck_assert_uint_eq(out.volume_statuses.n, 2);
    OK(k, DescribeVolumeStatus, &out,
       FILTERED_BY(FILTER("volume-status.details-name", "io-enabled"),
                   FILTER("volume-status.details-status", "insufficient-data")));
    ck_assert_uint_eq(out.volume_statuses.n, 1);
    OK(k, DescribeVolumeStatus, &out, FILTERED_BY(FILTER("event.event-type", "*")));
    ck_assert_uint_eq(out.volume_statuses.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(a_volume_that_was_not_modified_has_no_modification)
{
    struct calls *k = with_volumes();
    ec2_DescribeVolumesModifications_out out;
    OK(k, DescribeVolumesModifications, &out, );
    ck_assert_uint_eq(out.volumes_modifications.n, 0);
    REFUSED(k, INVALID_VOLUME_MODIFICATION_NOT_FOUND,
            "Modification for volume '" ROOT "' does not exist.", DescribeVolumesModifications,
            &out, .volume_ids = LIST(ROOT));
    REFUSED(k, INVALID_VOLUME_NOT_FOUND, "The volume 'vol-12345678' does not exist",
            DescribeVolumesModifications, &out, .volume_ids = LIST(ROOT, "vol-12345678"));
    calls_free(k);
}
END_TEST

static void put_snapshot(struct calls *k, const char *id, int state, const char *account_id,
                         bool is_public)
{
    struct tx *tx = store_write(k->store);
    store_insert_snapshot(tx, &(struct snapshot){
                                  .id = id,
                                  .account_id = account_id,
                                  .region = "us-east-1",
                                  .state = state,
                                  .state_reason = state == SNAPSHOT_ERROR ? "no room" : NULL,
                                  .volume_id = LOOSE,
                                  .description = "",
                                  .owner_alias = is_public ? "amazon" : NULL,
                                  .size_gib = 3,
                                  .is_public = is_public,
                              });
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(snapshots_are_shown_to_their_owner_and_public_ones_to_all)
{
    struct calls *k = calls_new();
    put_snapshot(k, "snap-00000009", SNAPSHOT_PENDING, TEST_ACCOUNT, false);
    put_snapshot(k, "snap-00000008", SNAPSHOT_ERROR, TEST_ACCOUNT, false);
    put_snapshot(k, "snap-00000007", SNAPSHOT_COMPLETED, "210987654321", true);
    put_snapshot(k, "snap-00000006", SNAPSHOT_COMPLETED, "210987654321", false);
    ec2_DescribeSnapshots_out out;
    OK(k, DescribeSnapshots, &out, .max_results = wire_int(3));
    ck_assert_uint_eq(out.snapshots.n, 3); /* in the order of their own ids */
    ck_assert_str_eq(out.snapshots.v[0].snapshot_id, "snap-00000007");
    ck_assert_str_eq(out.snapshots.v[0].owner_alias, "amazon");
    ck_assert_str_eq(out.snapshots.v[1].snapshot_id, "snap-00000008");
    ck_assert_str_eq(out.snapshots.v[1].state, "error");
    ck_assert_str_eq(out.snapshots.v[1].state_message, "no room");
    ck_assert_str_eq(out.snapshots.v[2].state, "pending");
    OK(k, DescribeSnapshots, &out, .max_results = wire_int(3), .next_token = out.next_token);
    ck_assert_uint_eq(out.snapshots.n, 1);
    ck_assert_str_eq(out.snapshots.v[0].snapshot_id, TEST_SNAPSHOT);
    ck_assert_str_eq(out.snapshots.v[0].state, "completed");
    ck_assert_str_eq(out.snapshots.v[0].progress, "100%");

    OK(k, DescribeSnapshots, &out, .owner_ids = LIST("self"));
    ck_assert_uint_eq(out.snapshots.n, 3);
    OK(k, DescribeSnapshots, &out, .owner_ids = LIST("amazon"));
    ck_assert_uint_eq(out.snapshots.n, 1);
    OK(k, DescribeSnapshots, &out, .restorable_by_user_ids = LIST("all"));
    ck_assert_uint_eq(out.snapshots.n, 1);
    OK(k, DescribeSnapshots, &out, FILTERED_BY(FILTER("volume-size", "3"), FILTER("status", "e*")));
    ck_assert_uint_eq(out.snapshots.n, 1);
    REFUSED(k, INVALID_SNAPSHOT_NOT_FOUND,
            "The snapshots 'snap-00000006, snap-00000005' do not exist", DescribeSnapshots, &out,
            .snapshot_ids = LIST("snap-00000006", TEST_SNAPSHOT, "snap-00000005"));
    ec2_DescribeSnapshotAttribute_out of;
    OK(k, DescribeSnapshotAttribute, &of, .snapshot_id = "snap-00000007",
       .attribute = "createVolumePermission");
    ck_assert_uint_eq(of.create_volume_permissions.n, 1);
    ck_assert_str_eq(of.create_volume_permissions.v[0].group, "all");
    OK(k, DescribeSnapshotAttribute, &of, .snapshot_id = TEST_SNAPSHOT,
       .attribute = "createVolumePermission");
    ck_assert_uint_eq(of.create_volume_permissions.n, 0);
    calls_free(k);
}
END_TEST

START_TEST(an_image_is_registered_with_tags_of_its_snapshot)
{
    struct calls *k = calls_new();
    ec2_RegisterImage_out made;
    OK(k, RegisterImage, &made, .name = "tagged",
       .image_location = "upload:00000000-0000-4000-8000-000000000000",
       TAGGED("snapshot", {"k", "v"}));
    ec2_DescribeSnapshots_out out;
    OK(k, DescribeSnapshots, &out, FILTERED_BY(FILTER("tag:k", "v")));
    ck_assert_uint_eq(out.snapshots.n, 1);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_volume_is_shown_with_its_attachment_and_performance,
           volumes_are_filtered_by_all_that_is_documented, volumes_come_in_pages,
           a_volumes_status_follows_its_state, a_volume_that_was_not_modified_has_no_modification,
           snapshots_are_shown_to_their_owner_and_public_ones_to_all,
           an_image_is_registered_with_tags_of_its_snapshot)
