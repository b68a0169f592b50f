/* What a volume's job does with the disk of a guest: a detach that waits for the guest, and then
 * for QEMU; and limits. */
#include <errno.h>

#include "base/id.h"
#include "base/text.h"
#include "hypervisor/fake.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "storage/fake.h"
#include "support/machine.h"
#include "unit.h"

static struct calls *k;
static struct machine *m;
static struct storage *s;
static struct hypervisor *h;
static const char *volume_id;

static void before(void)
{
    k = calls_new();
    m = machine_new(k);
    ck_assert_int_eq(fake_storage_new(&m->jobs->config.storage), 0);
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    s = m->jobs->config.storage;
    h = m->jobs->hypervisor;
    k->config.storage = s;
}

static void after(void)
{
    h->ops->free(h);
    s->ops->free(s);
    machine_free(m);
    calls_free(k);
}

/* What a run of the volume's job, which has had so many, comes to. */
static int try(int64_t attempts, struct outcome *ret_outcome, struct err *e)
{
    struct job job = {.object_id = volume_id, .kind = "volume", .attempts = attempts};
    *ret_outcome = (struct outcome){0};
    return volume_converge(m->jobs, k->arena, &job, ret_outcome, e);
}

static const struct volume *volume_now(void)
{
    struct tx *tx = store_read(k->store);
    const struct volume *v = store_volume(tx, k->arena, volume_id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert_ptr_nonnull(v);
    return v;
}

/* The volume after a run that succeeds. */
static const struct volume *run(int64_t attempts, struct outcome *ret_outcome)
{
    struct err e = {0};
    int r = try(attempts, ret_outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    return volume_now();
}

static void put_attaching(void)
{
    struct outcome outcome;
    ec2_CreateVolume_out made;
    ec2_AttachVolume_out attached;
    machine_put_guest(m, k);
    OK(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(1));
    volume_id = made.volume_id;
    ck_assert_int_eq(run(0, &outcome)->state, VOLUME_AVAILABLE);
    OK(k, AttachVolume, &attached, .volume_id = volume_id, .instance_id = TEST_INSTANCE,
       .device = "/dev/sdf");
}

static void put_attached(void)
{
    struct outcome outcome;
    put_attaching();
    ck_assert_int_eq(run(0, &outcome)->attachment_state, ATTACHMENT_ATTACHED);
}

/* A volume of a guest that runs, on its way from it. */
static void put_detaching(void)
{
    ec2_DetachVolume_out detaching;
    put_attached();
    OK(k, DetachVolume, &detaching, .volume_id = volume_id);
}

/* Runs the interfaces of the guest's job, which has had so many runs. */
static struct outcome run_interfaces(int64_t attempts)
{
    struct err e = {0};
    const struct job job = {.object_id = TEST_INSTANCE, .kind = "instance", .attempts = attempts};
    struct outcome outcome = {0};
    struct tx *tx = store_read(k->store);
    struct instance_facts facts = instance_facts_read(tx, k->arena, TEST_INSTANCE);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    int r = instance_converge_interfaces(m->jobs, k->arena, &job, &facts, &outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    return outcome;
}

/* Its instance, or NULL. */
static const char *who_has(const char *interface_id)
{
    struct tx *tx = store_read(k->store);
    const struct network_interface *n = store_network_interface(tx, k->arena, interface_id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return n->instance_id;
}

/* An interface of a guest that runs, on its way from it. */
static const char *put_interface_detaching(void)
{
    ec2_CreateNetworkInterface_out made;
    ec2_AttachNetworkInterface_out attached;
    ec2_DetachNetworkInterface_out none;
    machine_put_guest(m, k);
    OK(k, CreateNetworkInterface, &made, .subnet_id = TEST_SUBNET);
    const char *id = made.network_interface->network_interface_id;
    OK(k, AttachNetworkInterface, &attached, .network_interface_id = id,
       .instance_id = TEST_INSTANCE, .device_index = {true, 1});
    ck_assert(!run_interfaces(0).again);
    OK(k, DetachNetworkInterface, &none, .attachment_id = attached.attachment_id);
    return id;
}

START_TEST(a_guest_is_asked_for_an_interface_as_for_a_disk)
{
    before();
    const char *id = put_interface_detaching();
    for (int64_t i = 1; i < 24; i++) {
        ck_assert(run_interfaces(i).again);
        ck_assert_str_eq(who_has(id), TEST_INSTANCE);
    }
    ck_assert(!run_interfaces(24).again);
    ck_assert_ptr_null(who_has(id));
    after();
}
END_TEST

START_TEST(an_attachment_that_fails_is_tried_again_and_given_up_at_last)
{
    before();
    struct outcome outcome;
    struct err e = {0};
    put_attaching();
    for (int64_t i = 0; i < 4; i++) {
        fake_hypervisor_fail_next(h, EBUSY);
        ck_assert_int_eq(try(i, &outcome, &e), -EBUSY);
        ck_assert_int_eq(volume_now()->attachment_state, ATTACHMENT_ATTACHING);
    }
    fake_hypervisor_set_connected(h, false);
    ck_assert_int_eq(try(1000, &outcome, &e), -ENOTCONN);
    fake_hypervisor_set_connected(h, true);
    fake_hypervisor_fail_next(h, EBUSY);
    const struct volume *v = run(4, &outcome);
    ck_assert_int_eq(v->state, VOLUME_AVAILABLE);
    ck_assert_ptr_null(v->instance_id);
    after();
}
END_TEST

START_TEST(an_attachment_that_failed_once_comes)
{
    before();
    struct outcome outcome;
    struct err e = {0};
    put_attaching();
    fake_hypervisor_fail_next(h, ETIMEDOUT);
    ck_assert_int_eq(try(0, &outcome, &e), -ETIMEDOUT);
    ck_assert_int_eq(run(1, &outcome)->attachment_state, ATTACHMENT_ATTACHED);
    after();
}
END_TEST

START_TEST(a_volume_is_free_when_its_file_is_closed)
{
    before();
    put_detaching();
    struct outcome outcome;
    fake_storage_set_held(s, true);
    for (int64_t i = 0; i < 3; i++) {
        ck_assert_int_eq(run(i, &outcome)->attachment_state, ATTACHMENT_DETACHING);
        ck_assert(outcome.again);
        ck_assert_ptr_nonnull(outcome.why);
    }
    fake_storage_set_held(s, false);
    ck_assert_int_eq(run(3, &outcome)->state, VOLUME_AVAILABLE);
    ck_assert(!outcome.again);
    after();
}
END_TEST

START_TEST(a_guest_is_asked_now_and_then_and_looked_at_between)
{
    before();
    put_detaching();
    struct outcome outcome;
    for (int64_t i = 1; i < 24; i++) {
        ck_assert_int_eq(run(i, &outcome)->attachment_state, ATTACHMENT_DETACHING);
        ck_assert(outcome.again);
    }
    ck_assert_int_eq(run(24, &outcome)->state, VOLUME_AVAILABLE);
    after();
}
END_TEST

static void modify_to_io1(void)
{
    struct outcome outcome;
    ec2_ModifyVolume_out modified;
    OK(k, ModifyVolume, &modified, .volume_id = volume_id, .volume_type = "io1",
       .size = wire_int(10), .iops = wire_int(400));
    ck_assert_str_eq(run(0, &outcome)->volume_type, "io1");
}

START_TEST(what_a_guest_has_is_limited_when_it_is_modified)
{
    before();
    m->jobs->config.volume_limits = VOLUME_LIMITS_ON / 2;
    put_attached();
    modify_to_io1();
    struct volume_limits limits = fake_hypervisor_last_limits(h);
    ck_assert_int_eq(limits.operations.base, 200);
    ck_assert_int_eq(limits.bytes.base, 50 << 20);
    after();
}
END_TEST

START_TEST(nothing_is_limited_where_that_is_off)
{
    before();
    put_attached();
    modify_to_io1();
    ck_assert_int_eq(fake_hypervisor_last_limits(h).operations.base, 0);
    after();
}
END_TEST

/* Ends all jobs that wait, and says whether one of them was to look at layers. */
static bool layers_were_to_be_looked_at(void)
{
    bool found = false;
    int64_t next = 0;
    struct tx *tx = store_write(k->store);
    struct job_list due = store_jobs_due(tx, k->arena, INT64_MAX, 100, &next);
    for (size_t i = 0; i < due.n; i++) {
        found |= streq(due.v[i].kind, LAYER_JOB);
        (void)store_job_done(tx, &due.v[i]);
    }
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return found;
}

/* A merge waits for volumes that are being made or attached on it: nobody else ends the waiting. */
START_TEST(layers_are_looked_at_when_a_volume_is_made_and_when_it_is_attached)
{
    before();
    struct outcome outcome;
    ec2_CreateVolume_out made;
    ec2_AttachVolume_out attached;
    machine_put_guest(m, k);
    OK(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(1));
    volume_id = made.volume_id;
    ck_assert(!layers_were_to_be_looked_at());
    ck_assert_int_eq(run(0, &outcome)->state, VOLUME_AVAILABLE);
    ck_assert(layers_were_to_be_looked_at());
    OK(k, AttachVolume, &attached, .volume_id = volume_id, .instance_id = TEST_INSTANCE,
       .device = "/dev/sdf");
    ck_assert(!layers_were_to_be_looked_at());
    ck_assert_int_eq(run(0, &outcome)->attachment_state, ATTACHMENT_ATTACHED);
    ck_assert(layers_were_to_be_looked_at());
    after();
}
END_TEST

UNIT_SUITE(layers_are_looked_at_when_a_volume_is_made_and_when_it_is_attached,
           what_a_guest_has_is_limited_when_it_is_modified, nothing_is_limited_where_that_is_off,
           a_volume_is_free_when_its_file_is_closed,
           an_attachment_that_fails_is_tried_again_and_given_up_at_last,
           an_attachment_that_failed_once_comes,
           a_guest_is_asked_now_and_then_and_looked_at_between,
           a_guest_is_asked_for_an_interface_as_for_a_disk)
