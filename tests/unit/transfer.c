/* Imports and exports as their jobs see them: what is written when, and what is left. */
#include "jobs/transfer.h"

#include "base/clock.h"
#include "hypervisor/fake.h"
#include "storage/fake.h"
#include "support/machine.h"
#include "unit.h"

static struct calls *k;
static struct machine *m;
static struct storage *s;

static void before(void)
{
    k = calls_new();
    m = machine_new(k);
    ck_assert_int_eq(fake_storage_new(&m->jobs->config.storage), 0);
    s = m->jobs->config.storage;
    m->jobs->config.bucket_directory = "/nonexistent/buckets";
    k->config.storage = s;
}

static void after(void)
{
    s->ops->free(s);
    machine_free(m);
    calls_free(k);
}

static const char *ask(const char *key)
{
    ec2_ImportSnapshot_out out;
    struct ec2_UserBucket place = {.s3_bucket = "a-bucket", .s3_key = key};
    struct ec2_SnapshotDiskContainer disk = {.user_bucket = &place, .format = "RAW"};
    OK(k, ImportSnapshot, &out, .disk_container = &disk);
    return out.import_task_id;
}

static struct import_task *task(const char *id)
{
    struct tx *tx = store_read(k->store);
    struct import_task *t = store_import_task(tx, k->arena, id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return t;
}

static struct import_disk_list disks(const char *id)
{
    struct tx *tx = store_read(k->store);
    struct import_disk_list l = store_import_disks(tx, k->arena, "task_id", id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return l;
}

static struct import_disk *disk_of(const char *id)
{
    struct import_disk_list l = disks(id);
    ck_assert_uint_eq(l.n, 1);
    return &l.v[0];
}

static struct import_task *run(const char *id, bool again)
{
    struct outcome outcome = {0};
    struct err e = {0};
    int r = import_converge(m->jobs, k->arena, id, &outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert_int_eq(outcome.again, again);
    return task(id);
}

static size_t images(void)
{
    struct storage_names names = {0};
    ck_assert_int_eq(s->ops->list_images(s, k->arena, &names, NULL), 0);
    return names.n;
}

static size_t layers(void)
{
    struct storage_names names = {0};
    ck_assert_int_eq(s->ops->list_layers(s, k->arena, &names, NULL), 0);
    return names.n;
}

static size_t keys(void)
{
    struct tx *tx = store_read(k->store);
    size_t n = store_count_disk_keys(tx);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return n;
}

static bool has_image_row(const char *id)
{
    struct tx *tx = store_read(k->store);
    bool there = store_image(tx, k->arena, id) != NULL;
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return there;
}

static int go_on(void *ctx, enum storage_stage stage, int percent)
{
    (void)ctx;
    (void)stage;
    (void)percent;
    return 0;
}

static void put_file(const char *image_id)
{
    struct storage_source from = {"/nonexistent/buckets", "a-bucket/disk", "raw", false};
    int64_t size = 0;
    ck_assert_int_eq(s->ops->image_import(s, image_id, &from, NULL,
                                          &(struct storage_watch){go_on, NULL}, &size, NULL),
                     0);
    ck_assert_uint_eq(images(), 1);
}

START_TEST(the_file_of_a_snapshot_goes_with_the_snapshot)
{
    before();
    ec2_DeleteSnapshot_out gone;
    ec2_DescribeImages_out seen;
    const struct import_task *t = run(ask("disk"), false);
    ck_assert_int_eq(t->state, TRANSFER_COMPLETED);
    ck_assert_int_eq(t->percent, 100);
    ck_assert_uint_eq(images(), 1);
    ck_assert_ptr_null(t->image_id);
    const struct import_disk *d = disk_of(t->id);
    ck_assert(has_image_row(d->file_id));
    OK(k, DescribeImages, &seen, .owners = LIST("self"));
    for (size_t i = 0; i < seen.images.n; i++)
        ck_assert_str_ne(seen.images.v[i].image_id, d->file_id);
    ck_assert_int_eq(image_converge(m->jobs, k->arena, d->file_id, NULL), 0);
    ck_assert_uint_eq(images(), 1); /* the snapshot needs it */
    OK(k, DeleteSnapshot, &gone, .snapshot_id = d->snapshot_id);
    ck_assert_uint_eq(calls_jobs(k, d->file_id), 1);
    ck_assert_int_eq(image_converge(m->jobs, k->arena, d->file_id, NULL), 0);
    ck_assert_uint_eq(images(), 0);
    ck_assert(!has_image_row(d->file_id));
    after();
}
END_TEST

START_TEST(a_cancelled_import_has_neither_rows_nor_a_file)
{
    before();
    ec2_CancelImportTask_out out;
    const char *id = ask("disk");
    const char *image_id = disk_of(id)->file_id;
    /* The file was whole when a daemon died, and nothing was written down. */
    put_file(image_id);
    OK(k, CancelImportTask, &out, .import_task_id = id);
    const struct import_task *t = run(id, false);
    ck_assert_int_eq(t->state, TRANSFER_DELETED);
    ck_assert_ptr_null(disk_of(id)->snapshot_id);
    ck_assert_uint_eq(images(), 0);
    ck_assert(!has_image_row(image_id));
    after();
}
END_TEST

START_TEST(an_encrypted_import_is_a_layer_with_a_key)
{
    before();
    ec2_ImportSnapshot_out out;
    ec2_DescribeSnapshots_out seen;
    struct ec2_SnapshotDiskContainer disk = {.url = "s3://a-bucket/disk"};
    OK(k, ImportSnapshot, &out, .disk_container = &disk, .encrypted = wire_bool(true));
    ck_assert(out.snapshot_task_detail->encrypted.v);
    ck_assert_int_eq(run(out.import_task_id, false)->state, TRANSFER_COMPLETED);
    const struct import_disk *d = disk_of(out.import_task_id);
    OK(k, DescribeSnapshots, &seen, .snapshot_ids = LIST(d->snapshot_id));
    ck_assert(seen.snapshots.v[0].encrypted.v);
    ck_assert_uint_eq(images(), 0);
    ck_assert_uint_eq(layers(), 1);
    ck_assert_uint_eq(keys(), 1);
    /* One that fails leaves neither. */
    disk.url = "s3://a-bucket/missing";
    OK(k, ImportSnapshot, &out, .disk_container = &disk, .encrypted = wire_bool(true));
    ck_assert_int_eq(run(out.import_task_id, false)->state, TRANSFER_ERROR);
    ck_assert_uint_eq(layers(), 1);
    ck_assert_uint_eq(keys(), 1);
    after();
}
END_TEST

static const char *ask_for_two(const char *second, struct opt_bool encrypted)
{
    ec2_ImportImage_out out;
    struct ec2_UserBucket places[] = {{"a-bucket", "root"}, {"a-bucket", second}};
    struct ec2_ImageDiskContainer containers[] = {{.user_bucket = &places[0]},
                                                  {.user_bucket = &places[1]}};
    OK(k, ImportImage, &out, .disk_containers = {containers, 2}, .encrypted = encrypted);
    return out.import_task_id;
}

START_TEST(an_image_of_two_disks_has_both_or_none)
{
    before();
    ec2_DescribeImages_out seen;
    const char *id = ask_for_two("missing", (struct opt_bool){0});
    ck_assert_int_eq(run(id, false)->state, TRANSFER_DELETED);
    ck_assert_uint_eq(images(), 0); /* the first was whole */
    id = ask_for_two("data", (struct opt_bool){0});
    const struct import_task *t = run(id, false);
    ck_assert_int_eq(t->state, TRANSFER_COMPLETED);
    ck_assert_uint_eq(images(), 2);
    OK(k, DescribeImages, &seen, .image_ids = LIST(t->image_id));
    ck_assert_uint_eq(seen.images.v[0].block_device_mappings.n, 2);
    ck_assert_str_eq(seen.images.v[0].root_device_name, "/dev/sda1");
    ck_assert_str_eq(disks(id).v[0].file_id, t->image_id);
    ck_assert(has_image_row(disks(id).v[1].file_id));
    id = ask_for_two("data", wire_bool(true));
    t = run(id, false);
    ck_assert_uint_eq(images(), 2);
    ck_assert_uint_eq(layers(), 2);
    ck_assert_uint_eq(keys(), 2); /* of two disks that have nothing in common */
    OK(k, DescribeImages, &seen, .image_ids = LIST(t->image_id));
    for (size_t i = 0; i < 2; i++)
        ck_assert(seen.images.v[0].block_device_mappings.v[i].ebs->encrypted.v);
    after();
}
END_TEST

START_TEST(files_of_an_import_that_goes_on_are_no_strays)
{
    before();
    struct hypervisor **h = &m->jobs->hypervisor;
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, h), 0);
    const char *id = ask("disk");
    const char *image_id = disk_of(id)->file_id;
    put_file(image_id);
    ck_assert_int_eq(reconcile(m->jobs, k->arena, NULL), 0);
    ck_assert_uint_eq(images(), 1);
    struct import_task *t = task(id);
    t->state = TRANSFER_ERROR;
    struct tx *tx = store_write(k->store);
    store_update_import_task(tx, t);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_int_eq(reconcile(m->jobs, k->arena, NULL), 0);
    ck_assert_uint_eq(images(), 0);
    (*h)->ops->free(*h);
    after();
}
END_TEST

START_TEST(an_import_that_fails_says_why)
{
    before();
    const struct import_task *t = run(ask("missing"), false);
    ck_assert_int_eq(t->state, TRANSFER_ERROR);
    ck_assert_str_eq(t->message,
                     "ClientError: Disk validation failed [there is no a-bucket/missing]");
    ck_assert_uint_eq(images(), 0);
    after();
}
END_TEST

START_TEST(a_daemon_that_ends_leaves_the_import_to_the_next)
{
    before();
    const char *id = ask("disk");
    m->jobs->stopping = true;
    ck_assert_int_eq(run(id, true)->state, TRANSFER_ACTIVE);
    m->jobs->stopping = false;
    ck_assert_int_eq(run(id, false)->state, TRANSFER_COMPLETED);
    after();
}
END_TEST

START_TEST(half_of_the_workers_are_kept_for_all_else)
{
    before();
    const char *id = ask("disk");
    m->jobs->n_transfers = JOBS_WORKERS / 2;
    const struct import_task *t = run(id, true);
    ck_assert_int_eq(t->state, TRANSFER_ACTIVE);
    ck_assert_str_eq(t->message, "pending");
    m->jobs->n_transfers--;
    ck_assert_int_eq(run(id, false)->state, TRANSFER_COMPLETED);
    ck_assert_int_eq(m->jobs->n_transfers, JOBS_WORKERS / 2 - 1);
    after();
}
END_TEST

static void set_age(const char *id, int64_t days)
{
    struct import_task *t = task(id);
    struct tx *tx = store_write(k->store);
    t->created_at = clock_now() - days * 24 * 3600 * 1000;
    store_update_import_task(tx, t);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
}

START_TEST(tasks_are_forgotten_in_time)
{
    before();
    const char *over = run(ask("disk"), false)->id;
    const char *active = ask("disk");
    set_age(over, 29);
    set_age(active, 31);
    ck_assert_int_eq(housekeeping(m->jobs, k->arena, NULL), 0);
    ck_assert_ptr_nonnull(task(over));
    ck_assert_ptr_nonnull(task(active));
    set_age(over, 31);
    ck_assert_int_eq(housekeeping(m->jobs, k->arena, NULL), 0);
    ck_assert_ptr_null(task(over));
    after();
}
END_TEST

START_TEST(so_many_at_a_time_and_no_more)
{
    before();
    ec2_ImportSnapshot_out out;
    struct ec2_SnapshotDiskContainer disk = {.url = "s3://a-bucket/disk"};
    for (int i = 0; i < 20; i++)
        (void)ask("disk");
    REFUSED(k, RESOURCE_LIMIT_EXCEEDED, "There are 20 imports and exports at work already",
            ImportSnapshot, &out, .disk_container = &disk);
    after();
}
END_TEST

UNIT_SUITE(the_file_of_a_snapshot_goes_with_the_snapshot,
           a_cancelled_import_has_neither_rows_nor_a_file,
           an_encrypted_import_is_a_layer_with_a_key, an_image_of_two_disks_has_both_or_none,
           files_of_an_import_that_goes_on_are_no_strays, an_import_that_fails_says_why,
           a_daemon_that_ends_leaves_the_import_to_the_next,
           half_of_the_workers_are_kept_for_all_else, tasks_are_forgotten_in_time,
           so_many_at_a_time_and_no_more)
