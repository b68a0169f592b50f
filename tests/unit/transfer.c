/* Imports and exports as their jobs see them: what is written when, and what is left. */
#include "jobs/transfer.h"

#include "base/clock.h"
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
    ck_assert_int_eq(
        s->ops->image_import(s, image_id, &from, &(struct storage_watch){go_on, NULL}, &size, NULL),
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
    ck_assert(has_image_row(t->image_id));
    OK(k, DescribeImages, &seen, .owners = LIST("self"));
    for (size_t i = 0; i < seen.images.n; i++)
        ck_assert_str_ne(seen.images.v[i].image_id, t->image_id);
    ck_assert_int_eq(image_converge(m->jobs, k->arena, t->image_id, NULL), 0);
    ck_assert_uint_eq(images(), 1); /* the snapshot needs it */
    OK(k, DeleteSnapshot, &gone, .snapshot_id = t->snapshot_id);
    ck_assert_uint_eq(calls_jobs(k, t->image_id), 1);
    ck_assert_int_eq(image_converge(m->jobs, k->arena, t->image_id, NULL), 0);
    ck_assert_uint_eq(images(), 0);
    ck_assert(!has_image_row(t->image_id));
    after();
}
END_TEST

START_TEST(a_cancelled_import_has_neither_rows_nor_a_file)
{
    before();
    ec2_CancelImportTask_out out;
    const char *id = ask("disk");
    const char *image_id = task(id)->image_id;
    /* The file was whole when a daemon died, and nothing was written down. */
    put_file(image_id);
    OK(k, CancelImportTask, &out, .import_task_id = id);
    const struct import_task *t = run(id, false);
    ck_assert_int_eq(t->state, TRANSFER_DELETED);
    ck_assert_ptr_null(t->snapshot_id);
    ck_assert_uint_eq(images(), 0);
    ck_assert(!has_image_row(image_id));
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
           a_cancelled_import_has_neither_rows_nor_a_file, an_import_that_fails_says_why,
           a_daemon_that_ends_leaves_the_import_to_the_next,
           half_of_the_workers_are_kept_for_all_else, tasks_are_forgotten_in_time,
           so_many_at_a_time_and_no_more)
