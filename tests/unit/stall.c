/* Guests are paused when the disk is full, and go on when there is room. */
#include "jobs/stall.h"
#include "base/text.h"
#include "core/disk_room.h"
#include "hypervisor/fake.h"
#include "storage/fake.h"
#include "support/machine.h"
#include "unit.h"

static struct calls *k;
static struct machine *m;
static struct hypervisor *h;

static void before(void)
{
    k = calls_new();
    m = machine_new(k);
    m->jobs->config.storage = k->config.storage;
    m->jobs->config.disk_full_percent = 95;
    k->config.jobs = &m->jobs->config;
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    h = m->jobs->hypervisor;
    machine_put_guest(m, k);
}

static void after(void)
{
    h->ops->free(h);
    machine_free(m);
    calls_free(k);
}

/* A look at a disk of which so much is free. */
static void watch(double percent)
{
    struct err e = {0};
    fake_storage_set_free(k->config.storage, (int64_t)((double)FAKE_STORAGE_ROOM / 100 * percent));
    int r = stall_watch(m->jobs, k->arena, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

static int64_t stalled_at(void)
{
    struct tx *tx = store_read(k->store);
    int64_t at = store_instance(tx, k->arena, TEST_INSTANCE)->stalled_at;
    tx_end(tx);
    return at;
}

static void check(bool stalled)
{
    ck_assert_int_eq(fake_hypervisor_is_suspended(h, TEST_INSTANCE), stalled);
    ck_assert_int_eq(stalled_at() > 0, stalled);
}

static const char *io_of_root(void)
{
    ec2_DescribeVolumeStatus_out out;
    OK(k, DescribeVolumeStatus, &out, .volume_ids = {(const char *[]){"vol-0a0a0a0a0a0a0a0a0"}, 1});
    const struct ec2_VolumeStatusInfo *status = out.volume_statuses.v[0].volume_status;
    ck_assert_str_eq(status->status,
                     streq(status->details.v[1].status, "stalled") ? "impaired" : "ok");
    return status->details.v[1].status;
}

START_TEST(a_full_disk_pauses_guests_until_there_is_room)
{
    before();
    watch(5.5);
    check(false);
    ck_assert_str_eq(io_of_root(), "not-applicable");
    watch(5);
    check(true);
    ck_assert_str_eq(io_of_root(), "stalled");
    ec2_DescribeInstanceStatus_out out;
    OK(k, DescribeInstanceStatus, &out, .instance_ids = {(const char *[]){TEST_INSTANCE}, 1});
    ck_assert_str_eq(out.instance_statuses.v[0].attached_ebs_status->status, "impaired");
    ck_assert_uint_eq(out.instance_statuses.v[0].events.n, 1);
    watch(5.5); /* not yet, or it would go back and forth */
    check(true);
    watch(6.1);
    check(false);
    ck_assert_str_eq(io_of_root(), "not-applicable");
    after();
}
END_TEST

START_TEST(a_guest_that_woke_meanwhile_is_paused_again)
{
    before();
    watch(1);
    ck_assert_int_eq(h->ops->resume(h, TEST_INSTANCE, NULL), 0);
    watch(1);
    check(true);
    after();
}
END_TEST

START_TEST(what_somebody_else_suspended_stays_so)
{
    before();
    m->jobs->may_be_stalled = true;
    ck_assert_int_eq(h->ops->suspend(h, TEST_INSTANCE, NULL), 0);
    watch(50);
    ck_assert(fake_hypervisor_is_suspended(h, TEST_INSTANCE));
    after();
}
END_TEST

START_TEST(what_qemu_paused_goes_on_when_there_is_room)
{
    before();
    ck_assert_int_eq(h->ops->suspend(h, TEST_INSTANCE, NULL), 0);
    ck_assert_int_eq(stall_note(m->jobs, k->arena, TEST_INSTANCE, NULL), 0);
    check(true);
    watch(50);
    check(false);
    after();
}
END_TEST

START_TEST(a_guest_that_ended_is_not_stalled)
{
    before();
    watch(1);
    ck_assert_int_eq(h->ops->destroy(h, TEST_INSTANCE, NULL), 0);
    watch(1);
    watch(50);
    ck_assert_int_eq(stalled_at(), 0);
    after();
}
END_TEST

START_TEST(nothing_is_admitted_on_a_full_disk)
{
    before();
    ec2_CreateVolume_out volume;
    ec2_RunInstances_out launched;
    watch(4);
    ck_assert_int_lt(
        CALL(k, CreateVolume, &volume, .availability_zone = "us-east-1a", .size = wire_int(1)), 0);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_VOLUME_CAPACITY);
    ck_assert_int_lt(CALL(k, RunInstances, &launched, .image_id = TEST_IMAGE,
                          .instance_type = "t3.micro", .min_count = wire_int(1),
                          .max_count = wire_int(1)),
                     0);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_INSTANCE_CAPACITY);
    after();
}
END_TEST

START_TEST(a_volume_that_could_never_be_filled_is_refused)
{
    before();
    ec2_CreateVolume_out made;
    ec2_ModifyVolume_out grown;
    fake_storage_set_free(k->config.storage, (int64_t)20 << 30);
    k->config.jobs = NULL;
    ck_assert_int_lt(
        CALL(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(21)), 0);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_VOLUME_CAPACITY);
    ck_assert_int_lt(
        CALL(k, ModifyVolume, &grown, .volume_id = "vol-0a0a0a0a0a0a0a0a0", .size = wire_int(29)),
        0);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_VOLUME_CAPACITY);
    OK(k, ModifyVolume, &grown, .volume_id = "vol-0a0a0a0a0a0a0a0a0", .size = wire_int(28));
    ec2_RunInstances_out launched;
    struct ec2_EbsBlockDevice disk = {.volume_size = wire_int(21)};
    ck_assert_int_lt(
        CALL(k, RunInstances, &launched, .image_id = TEST_IMAGE, .instance_type = "t3.micro",
             .min_count = wire_int(1), .max_count = wire_int(1),
             .block_device_mappings =
                 LIST_OF(ec2_BlockDeviceMapping, {.device_name = "/dev/sdf", .ebs = &disk})),
        0);
    ck_assert_int_eq(k->fault.code, FAULT_INSUFFICIENT_VOLUME_CAPACITY);
    after();
}
END_TEST

UNIT_SUITE(a_full_disk_pauses_guests_until_there_is_room,
           a_guest_that_woke_meanwhile_is_paused_again, what_somebody_else_suspended_stays_so,
           what_qemu_paused_goes_on_when_there_is_room, a_guest_that_ended_is_not_stalled,
           nothing_is_admitted_on_a_full_disk, a_volume_that_could_never_be_filled_is_refused)
