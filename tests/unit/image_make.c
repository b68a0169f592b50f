/* Images of instances, of snapshots and of other images: what disks they have, and what is refused.
 */
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define ROOT   "/dev/xvda"
#define VOLUME "vol-0b0b0b0b0b0b0b0b0"
#define EMPTY  "vol-0c0c0c0c0c0c0c0c0"

static struct calls *k;

static void put_volume(struct tx *tx, const char *id, const char *device, const char *type)
{
    store_insert_layer(tx, &(struct layer){.id = id, .root_id = id});
    store_insert_volume(tx, &(struct volume){
                                .id = id,
                                .layer_id = id,
                                .layers_made = 1,
                                .account_id = TEST_ACCOUNT,
                                .region = "us-east-1",
                                .zone = "us-east-1a",
                                .state = VOLUME_IN_USE,
                                .attachment_state = ATTACHMENT_ATTACHED,
                                .volume_type = type,
                                .size_gib = 20,
                                .iops = 4000,
                                .instance_id = TEST_INSTANCE,
                                .device_name = device,
                            });
}

/* A stopped instance with its root and two more. */
static void before(void)
{
    k = calls_new();
    calls_put_instance(k, INSTANCE_STOPPED);
    struct tx *tx = store_write(k->store);
    put_volume(tx, VOLUME, "/dev/sdf", "io1");
    put_volume(tx, EMPTY, "/dev/sdg", "gp2");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

static void after(void)
{
    calls_free(k);
}

static const struct ec2_Image *seen(const char *id)
{
    ec2_DescribeImages_out out;
    OK(k, DescribeImages, &out, .image_ids = LIST(id));
    return &out.images.v[0];
}

static const struct ec2_EbsBlockDevice *disk(const struct ec2_Image *i, const char *name)
{
    for (size_t n = 0; n < i->block_device_mappings.n; n++)
        if (streq(i->block_device_mappings.v[n].device_name, name))
            return i->block_device_mappings.v[n].ebs;
    return NULL;
}

#define EBS(...) (&(struct ec2_EbsBlockDevice){__VA_ARGS__})

START_TEST(an_image_has_the_disks_of_its_instance)
{
    ec2_CreateImage_out made;
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it",
       .block_device_mappings = LIST_OF(
           ec2_BlockDeviceMapping,
           {.device_name = "/dev/sdf", .ebs = EBS(.delete_on_termination = wire_bool(true))},
           {.device_name = "/dev/sdg", .no_device = ""},
           {.device_name = "/dev/sdh", .ebs = EBS(.volume_size = wire_int(3))}));
    const struct ec2_Image *i = seen(made.image_id);
    ck_assert_str_eq(i->state, "pending");
    ck_assert_str_eq(i->source_instance_id, TEST_INSTANCE);
    ck_assert_str_eq(i->block_device_mappings.v[0].device_name, ROOT);
    ck_assert_uint_eq(i->block_device_mappings.n, 3);
    ck_assert_str_eq(disk(i, "/dev/sdf")->volume_type, "io1");
    ck_assert_int_eq(disk(i, "/dev/sdf")->iops.v, 4000);
    ck_assert(disk(i, "/dev/sdf")->delete_on_termination.v);
    ck_assert_ptr_null(disk(i, "/dev/sdh")->snapshot_id);
    ck_assert_ptr_null(calls_instance(k)->rest_for); /* it is stopped as it is */
}
END_TEST

START_TEST(performance_is_kept_where_it_can_be_asked_for)
{
    ec2_CreateImage_out made;
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it");
    ck_assert(!disk(seen(made.image_id), "/dev/sdg")->iops.set); /* gp2: it follows from the size */
    ck_assert(disk(seen(made.image_id), "/dev/sdf")->iops.set);
}
END_TEST

START_TEST(what_an_instance_has_cannot_be_another_disk_in_its_image)
{
    ec2_CreateImage_out made;
    const struct ec2_EbsBlockDevice *const changes[] = {
        EBS(.volume_size = wire_int(21)), EBS(.volume_type = "gp3"), EBS(.iops = wire_int(5000)),
        EBS(.snapshot_id = TEST_SNAPSHOT)};
    for (size_t n = 0; n < ARRAY_SIZE(changes); n++)
        REFUSED(k, INVALID_BLOCK_DEVICE_MAPPING,
                "The device '/dev/sdf' is a volume of the instance: of its mapping only "
                "DeleteOnTermination can be changed, or NoDevice leaves it out",
                CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it",
                .block_device_mappings = LIST_OF(
                    ec2_BlockDeviceMapping,
                    {.device_name = "/dev/sdf", .ebs = (struct ec2_EbsBlockDevice *)changes[n]}));
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it",
       .block_device_mappings =
           LIST_OF(ec2_BlockDeviceMapping,
                   {.device_name = "/dev/sdf",
                    .ebs = EBS(.volume_size = wire_int(20), .volume_type = "io1")}));
}
END_TEST

START_TEST(an_instance_must_run_or_be_stopped_and_have_its_root)
{
    ec2_CreateImage_out made;
    calls_put_instance(k, INSTANCE_PENDING);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE
            "' is not in the 'running' or 'stopped' state: it is pending",
            CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it");
    calls_put_instance(k, INSTANCE_RUNNING);
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it");
    ck_assert_ptr_nonnull(calls_instance(k)->rest_for);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "The instance '" TEST_INSTANCE "' is being shut down and started for something else",
            CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "another");
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "another",
       .no_reboot = wire_bool(true));
    calls_put_instance(k, INSTANCE_STOPPED);
    struct tx *tx = store_write(k->store);
    store_delete_volumes(tx, "instance_id", TEST_INSTANCE, "device_name", ROOT);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            "Instance '" TEST_INSTANCE "' does not have a volume attached at root (" ROOT ")",
            CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "a third");
}
END_TEST

START_TEST(an_image_of_snapshots_is_there_at_once)
{
    ec2_RegisterImage_out made;
    OK(k, RegisterImage, &made, .name = "of snapshots",
       .block_device_mappings =
           LIST_OF(ec2_BlockDeviceMapping,
                   {.device_name = ROOT,
                    .ebs = EBS(.snapshot_id = TEST_SNAPSHOT, .volume_size = wire_int(9))}));
    const struct ec2_Image *i = seen(made.image_id);
    ck_assert_str_eq(i->state, "available");
    ck_assert_int_eq(disk(i, ROOT)->volume_size.v, 9);
    ec2_DeleteSnapshot_out none;
    REFUSED(k, INVALID_SNAPSHOT_IN_USE,
            arena_printf(k->arena, "The snapshot %s is currently in use by %s", TEST_SNAPSHOT,
                         strcmp(TEST_IMAGE, made.image_id) < 0 ? TEST_IMAGE : made.image_id),
            DeleteSnapshot, &none, .snapshot_id = TEST_SNAPSHOT);
    REFUSED(k, INVALID_BLOCK_DEVICE_MAPPING,
            "Volume of size 7GB is smaller than snapshot " TEST_SNAPSHOT ", expect size >= 8GB",
            RegisterImage, &made, .name = "smaller",
            .block_device_mappings =
                LIST_OF(ec2_BlockDeviceMapping,
                        {.device_name = ROOT,
                         .ebs = EBS(.snapshot_id = TEST_SNAPSHOT, .volume_size = wire_int(7))}));
    REFUSED(k, INVALID_BLOCK_DEVICE_MAPPING,
            "The root device '/dev/sda1' has no mapping with a snapshot", RegisterImage, &made,
            .name = "rootless", .root_device_name = "/dev/sda1",
            .block_device_mappings =
                LIST_OF(ec2_BlockDeviceMapping,
                        {.device_name = "/dev/sda1", .ebs = EBS(.volume_size = wire_int(7))}));
}
END_TEST

static const struct ec2_Image *with_data(void)
{
    ec2_RegisterImage_out made;
    OK(k, RegisterImage, &made, .name = "with data",
       .block_device_mappings = LIST_OF(
           ec2_BlockDeviceMapping, {.device_name = ROOT, .ebs = EBS(.snapshot_id = TEST_SNAPSHOT)},
           {.device_name = "/dev/sdb",
            .ebs = EBS(.volume_size = wire_int(7), .volume_type = "gp3", .iops = wire_int(3500))}));
    return seen(made.image_id);
}

static struct volume_list launched(const char *image_id, struct ec2_BlockDeviceMappingList with)
{
    ec2_RunInstances_out out;
    OK(k, RunInstances, &out, .image_id = image_id, .min_count = wire_int(1),
       .max_count = wire_int(1), .block_device_mappings = with);
    struct tx *tx = store_read(k->store);
    struct volume_list l = store_volumes(tx, k->arena, "instance_id",
                                         out.instances.v[0].instance_id, "device_name", "/dev/sdb");
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return l;
}

START_TEST(a_launch_has_the_disks_of_its_image_but_for_what_is_asked)
{
    const char *id = with_data()->image_id;
    struct volume_list l = launched(id, (struct ec2_BlockDeviceMappingList){0});
    ck_assert_uint_eq(l.n, 1);
    ck_assert_int_eq(l.v[0].size_gib, 7);
    ck_assert_int_eq(l.v[0].iops, 3500);
    struct ec2_BlockDeviceMapping none = {.device_name = "/dev/sdb", .no_device = ""};
    ck_assert_uint_eq(launched(id, (struct ec2_BlockDeviceMappingList){&none, 1}).n, 0);
    struct ec2_BlockDeviceMapping other = {
        .device_name = "/dev/sdb", .ebs = EBS(.volume_size = wire_int(8), .volume_type = "gp2")};
    l = launched(id, (struct ec2_BlockDeviceMappingList){&other, 1});
    ck_assert_int_eq(l.v[0].size_gib, 8);
    ck_assert_int_eq(l.v[0].iops, 100); /* its type's own, and not what gp3 was asked for */
}
END_TEST

START_TEST(a_copy_has_snapshots_of_its_own)
{
    ec2_CopyImage_out copy;
    ec2_DeregisterImage_out gone;
    OK(k, CopyImage, &copy, .name = "a copy", .source_image_id = with_data()->image_id,
       .source_region = "us-east-1");
    const struct ec2_Image *i = seen(copy.image_id);
    ck_assert_str_eq(i->state, "available");
    ck_assert_str_ne(disk(i, ROOT)->snapshot_id, TEST_SNAPSHOT);
    ck_assert_int_eq(disk(i, "/dev/sdb")->iops.v, 3500);
    OK(k, DeregisterImage, &gone, .image_id = copy.image_id,
       .delete_associated_snapshots = wire_bool(true));
    ck_assert_uint_eq(gone.delete_snapshot_results.n, 1);
    ck_assert_str_eq(gone.delete_snapshot_results.v[0].return_code, "success");
}
END_TEST

START_TEST(a_copy_of_what_is_not_available_or_elsewhere_is_refused)
{
    ec2_RegisterImage_out pending;
    ec2_CopyImage_out copy;
    OK(k, RegisterImage, &pending, .name = "sent",
       .image_location = "upload:00000000-0000-4000-8000-000000000000");
    REFUSED(k, INVALID_AMI_ID_UNAVAILABLE,
            arena_printf(k->arena, "The image ID '%s' is not available: it is pending",
                         pending.image_id),
            CopyImage, &copy, .name = "a copy", .source_image_id = pending.image_id,
            .source_region = "us-east-1");
    REFUSED(k, INVALID_AMI_ID_NOT_FOUND, "The image id '[" TEST_IMAGE "]' does not exist",
            CopyImage, &copy, .name = "a copy", .source_image_id = TEST_IMAGE,
            .source_region = "eu-central-1");
}
END_TEST

UNIT_SUITE_WITH(before, after, an_image_has_the_disks_of_its_instance,
                performance_is_kept_where_it_can_be_asked_for,
                what_an_instance_has_cannot_be_another_disk_in_its_image,
                an_instance_must_run_or_be_stopped_and_have_its_root,
                an_image_of_snapshots_is_there_at_once,
                a_launch_has_the_disks_of_its_image_but_for_what_is_asked,
                a_copy_has_snapshots_of_its_own,
                a_copy_of_what_is_not_available_or_elsewhere_is_refused)
