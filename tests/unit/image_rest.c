/* Images of instances: the guest that is shut down for one, what becomes of the image, and when its
 * row goes. */
#include <errno.h>
#include <unistd.h>

#include "base/text.h"
#include "hypervisor/fake.h"
#include "jobs/instance.h"
#include "jobs/layer.h"
#include "jobs/root_volume.h"
#include "storage/fake.h"
#include "support/machine.h"
#include "unit.h"

#define VOLUME "vol-0a0a0a0a0a0a0a0a0" /* of calls_put_instance() */

static struct calls *k;
static struct machine *m;
static struct storage *s;
static struct hypervisor *h;

/* An instance that runs, with its root. */
static void before(void)
{
    struct domain_spec spec = {
        .instance_id = TEST_INSTANCE,
        .uuid = "ec200000-0000-4000-8000-000000000000",
        .instance_type = "t3.micro",
        .image_id = TEST_IMAGE,
        .architecture = "x86_64",
        .driver = "kvm",
        .vcpus = 1,
        .threads_per_core = 1,
        .memory_mib = 512,
        .disks = &(struct domain_disk){.path = "/nowhere/volumes/" VOLUME ".qcow2",
                                       .format = "qcow2",
                                       .serial = "vol0a0a0a0a0a0a0a0a0",
                                       .target = "vda",
                                       .boot_order = 1},
        .n_disks = 1,
        .console_log = "/log",
        .console_socket = "/socket",
    };
    struct err e = {0};
    k = calls_new();
    m = machine_new(k);
    ck_assert_int_eq(fake_storage_new(&m->jobs->config.storage), 0);
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    s = m->jobs->config.storage;
    h = m->jobs->hypervisor;
    k->config.storage = s;
    calls_put_base(s);
    ck_assert_int_eq(s->ops->layer_make(s, VOLUME, TEST_IMAGE, 8, NULL, NULL), 0);
    ck_assert_msg(h->ops->create_paused(h, &spec, &e) == 0, "%s", e.message);
    ck_assert_int_eq(h->ops->resume(h, TEST_INSTANCE, NULL), 0);
    calls_put_instance(k, INSTANCE_RUNNING);
}

static void after(void)
{
    h->ops->free(h);
    s->ops->free(s);
    machine_free(m);
    calls_free(k);
}

static const struct instance *run_instance(struct outcome *ret_outcome)
{
    struct err e = {0};
    struct job job = {.object_id = TEST_INSTANCE, .kind = "instance"};
    *ret_outcome = (struct outcome){0};
    int r = instance_converge(m->jobs, k->arena, &job, ret_outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    return calls_instance(k);
}

static bool freezes(const char *freeze_id)
{
    struct outcome outcome = {0};
    struct err e = {0};
    int r = snapshot_converge(m->jobs, k->arena, freeze_id, &outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    return !outcome.again;
}

static const struct image *run_image(const char *id)
{
    struct err e = {0};
    int r = image_converge(m->jobs, k->arena, id, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    struct tx *tx = store_read(k->store);
    const struct image *i = store_image(tx, k->arena, id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return i;
}

static bool has_domain(void)
{
    enum domain_state state = DOMAIN_GONE;
    return h->ops->state(h, TEST_INSTANCE, &state, NULL) == 0 && state != DOMAIN_GONE;
}

static const char *create(bool no_reboot)
{
    ec2_CreateImage_out made;
    OK(k, CreateImage, &made, .instance_id = TEST_INSTANCE, .name = "of it",
       .no_reboot = wire_bool(no_reboot));
    return made.image_id;
}

static const struct snapshot *root_of(const char *image_id)
{
    struct tx *tx = store_read(k->store);
    const struct image *i = store_image(tx, k->arena, image_id);
    const struct snapshot *found =
        store_snapshot(tx, k->arena, store_image_root(tx, k->arena, i)->snapshot_id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return found;
}

static void wait_for_end(void)
{
    while (has_domain())
        (void)usleep(1000);
}

START_TEST(a_guest_is_shut_down_for_its_image_and_runs_on)
{
    struct outcome outcome;
    const char *image_id = create(false);
    const char *freeze_id = root_of(image_id)->id;
    ck_assert_str_eq(calls_instance(k)->rest_for, freeze_id);
    ck_assert(!freezes(freeze_id)); /* not before the guest is off */
    (void)run_instance(&outcome);
    ck_assert(outcome.again);
    wait_for_end();
    ck_assert(run_instance(&outcome)->rests);
    ck_assert_int_eq(run_image(image_id)->state, IMAGE_PENDING);
    (void)run_instance(&outcome);
    ck_assert(!has_domain()); /* not before it is frozen */
    ck_assert(freezes(freeze_id));
    ck_assert_int_eq(run_image(image_id)->state, IMAGE_AVAILABLE);
    const struct instance *i = run_instance(&outcome);
    ck_assert(has_domain());
    ck_assert_int_eq(i->state, INSTANCE_RUNNING);
    ck_assert_ptr_null(i->rest_for);
    ck_assert(!i->rests);
    ck_assert_ptr_nonnull(strstr(fake_hypervisor_xml(h, k->arena, TEST_INSTANCE), VOLUME ".2"));
}
END_TEST

START_TEST(other_snapshots_wait_until_it_runs_again)
{
    struct outcome outcome;
    ec2_CreateSnapshot_out other;
    const char *freeze_id = root_of(create(false))->id;
    OK(k, CreateSnapshot, &other, .volume_id = VOLUME);
    (void)run_instance(&outcome);
    ck_assert(!freezes(other.snapshot_id));
    wait_for_end();
    (void)run_instance(&outcome);
    ck_assert(!freezes(other.snapshot_id));
    ck_assert(freezes(freeze_id));
    ck_assert(!freezes(other.snapshot_id));
    (void)run_instance(&outcome);
    ck_assert(freezes(other.snapshot_id));
}
END_TEST

START_TEST(who_stops_it_meanwhile_has_it_stopped_and_the_image_made)
{
    struct outcome outcome;
    ec2_StopInstances_out stopped;
    ec2_StartInstances_out started;
    const char *image_id = create(false);
    const char *freeze_id = root_of(image_id)->id;
    (void)run_instance(&outcome);
    wait_for_end();
    (void)run_instance(&outcome);
    OK(k, StopInstances, &stopped, .instance_ids = LIST(TEST_INSTANCE));
    const struct instance *i = run_instance(&outcome);
    ck_assert_int_eq(i->state, INSTANCE_STOPPED);
    ck_assert(!i->rests);
    ck_assert(freezes(freeze_id));
    ck_assert_int_eq(run_image(image_id)->state, IMAGE_AVAILABLE);
    OK(k, StartInstances, &started, .instance_ids = LIST(TEST_INSTANCE));
    ck_assert_int_eq(calls_instance(k)->state, INSTANCE_PENDING);
}
END_TEST

START_TEST(a_guest_that_does_not_listen_is_pulled)
{
    struct outcome outcome;
    const char *freeze_id = root_of(create(false))->id;
    fake_hypervisor_set_obedient(h, false);
    ck_assert_int_gt(run_instance(&outcome)->stop_deadline, 0);
    ck_assert(has_domain());
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    i->stop_deadline = 1;
    store_update_instance(tx, i);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(run_instance(&outcome)->rests);
    ck_assert(!has_domain());
    ck_assert(freezes(freeze_id));
}
END_TEST

START_TEST(a_guest_that_was_asked_runs_on_though_its_image_has_gone)
{
    struct outcome outcome;
    ec2_DeregisterImage_out gone;
    const char *image_id = create(false);
    (void)run_instance(&outcome);
    OK(k, DeregisterImage, &gone, .image_id = image_id,
       .delete_associated_snapshots = wire_bool(true));
    wait_for_end();
    (void)run_instance(&outcome);
    ck_assert_ptr_null(run_instance(&outcome)->rest_for);
    ck_assert(has_domain());
}
END_TEST

START_TEST(an_instance_that_cannot_be_started_again_is_stopped_with_the_reason)
{
    struct outcome outcome;
    const char *freeze_id = root_of(create(false))->id;
    (void)run_instance(&outcome);
    wait_for_end();
    (void)run_instance(&outcome);
    ck_assert(freezes(freeze_id));
    fake_hypervisor_fail_next(h, EIO);
    const struct instance *i = run_instance(&outcome);
    ck_assert_int_eq(i->state, INSTANCE_STOPPING);
    ck_assert_str_eq(i->state_reason_code, "Server.InternalError");
    ck_assert_int_eq(run_instance(&outcome)->state, INSTANCE_STOPPED);
}
END_TEST

START_TEST(an_image_fails_with_its_snapshots)
{
    const char *image_id = create(true);
    const char *freeze_id = root_of(image_id)->id;
    fake_storage_fail_next(s, ENOSPC);
    (void)freezes(freeze_id);
    ck_assert_int_eq(root_of(image_id)->state, SNAPSHOT_ERROR);
    const struct image *i = run_image(image_id);
    ck_assert_int_eq(i->state, IMAGE_FAILED);
    ck_assert_str_eq(i->state_reason_code, "Server.InternalError");
    ck_assert_ptr_nonnull(strstr(i->state_reason, freeze_id));
    ck_assert_uint_eq(calls_jobs(k, TEST_INSTANCE), 0);
}
END_TEST

START_TEST(a_row_stays_while_an_instance_is_of_it)
{
    ec2_DeregisterImage_out gone;
    const char *image_id = create(true);
    ck_assert(freezes(root_of(image_id)->id));
    ck_assert_int_eq(run_image(image_id)->state, IMAGE_AVAILABLE);
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    i->image_id = image_id;
    store_update_instance(tx, i);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    OK(k, DeregisterImage, &gone, .image_id = image_id);
    ck_assert_ptr_nonnull(run_image(image_id));
    calls_put_instance(k, INSTANCE_TERMINATED);
    ck_assert_ptr_null(run_image(image_id));
}
END_TEST

/* --- another root */

static const struct root_volume_task *run_task(const char *id)
{
    struct outcome outcome = {0};
    struct err e = {0};
    int r = root_volume_converge(m->jobs, k->arena, id, &outcome, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    struct tx *tx = store_read(k->store);
    const struct root_volume_task *t = store_root_volume_task(tx, k->arena, id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ck_assert(outcome.again != root_task_is_over(t));
    return t;
}

static const struct volume *volume(const char *id)
{
    struct tx *tx = store_read(k->store);
    const struct volume *v = store_volume(tx, k->arena, id);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    return v;
}

static void make(const char *id)
{
    struct outcome outcome = {0};
    struct job job = {.object_id = id, .kind = "volume", .attempts = 9};
    ck_assert_int_eq(volume_converge(m->jobs, k->arena, &job, &outcome, NULL), 0);
}

static const char *replace(bool delete_replaced)
{
    ec2_CreateReplaceRootVolumeTask_out out;
    OK(k, CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
       .delete_replaced_root_volume = wire_bool(delete_replaced));
    return out.replace_root_volume_task->replace_root_volume_task_id;
}

START_TEST(a_root_is_replaced_while_the_guest_is_off)
{
    struct outcome outcome;
    const char *id = replace(false);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_PENDING); /* its volume is not made */
    ck_assert_ptr_null(calls_instance(k)->rest_for);
    const char *fresh = run_task(id)->volume_id;
    make(fresh);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_IN_PROGRESS);
    (void)run_instance(&outcome);
    wait_for_end();
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_IN_PROGRESS);
    ck_assert_str_eq(volume(VOLUME)->instance_id, TEST_INSTANCE);
    ck_assert(run_instance(&outcome)->rests);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_SUCCEEDED);
    ck_assert_int_eq(volume(VOLUME)->state, VOLUME_AVAILABLE);
    ck_assert_ptr_null(volume(VOLUME)->instance_id);
    ck_assert(volume(fresh)->delete_on_termination);
    ck_assert_int_eq(volume(fresh)->attachment_state, ATTACHMENT_ATTACHED);
    ck_assert_ptr_null(run_instance(&outcome)->rest_for);
    const char *xml = fake_hypervisor_xml(h, k->arena, TEST_INSTANCE);
    ck_assert_ptr_nonnull(strstr(xml, fresh));
    ck_assert_ptr_null(strstr(xml, VOLUME));
}
END_TEST

START_TEST(a_root_that_cannot_be_made_leaves_all_as_it_was)
{
    const char *id = replace(true);
    const char *fresh = run_task(id)->volume_id;
    fake_storage_fail_next(s, ENOSPC);
    make(fresh);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_FAILED);
    make(fresh);
    ck_assert_ptr_null(volume(fresh));
    ck_assert_str_eq(volume(VOLUME)->instance_id, TEST_INSTANCE);
    ck_assert_ptr_null(calls_instance(k)->rest_for);
    ck_assert(has_domain());
}
END_TEST

START_TEST(a_root_is_replaced_of_what_is_stopped_meanwhile_and_not_of_what_ends)
{
    const char *id = replace(true);
    make(run_task(id)->volume_id);
    calls_put_instance(k, INSTANCE_STOPPED);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_SUCCEEDED);
    ck_assert_int_eq(volume(VOLUME)->state, VOLUME_DELETING);
    calls_put_instance(k, INSTANCE_RUNNING);
    id = replace(true);
    make(run_task(id)->volume_id);
    calls_put_instance(k, INSTANCE_SHUTTING_DOWN);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_FAILED);
    ck_assert_int_eq(volume(run_task(id)->volume_id)->state, VOLUME_DELETING);
}
END_TEST

START_TEST(a_root_comes_of_the_instances_own_snapshots_or_of_an_image)
{
    ec2_CreateReplaceRootVolumeTask_out out;
    ec2_CreateSnapshot_out own;
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "The snapshot '" TEST_SNAPSHOT "' is not of the root volume of '" TEST_INSTANCE
            "', nor of one before it",
            CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
            .snapshot_id = TEST_SNAPSHOT);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A root volume is made from a SnapshotId or from an ImageId, not from both",
            CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
            .snapshot_id = TEST_SNAPSHOT, .image_id = TEST_IMAGE);
    OK(k, CreateSnapshot, &own, .volume_id = VOLUME);
    REFUSED(k, INCORRECT_STATE, "Snapshot is in invalid state - pending",
            CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
            .snapshot_id = own.snapshot_id);
    ck_assert(freezes(own.snapshot_id));
    OK(k, CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
       .snapshot_id = own.snapshot_id);
    const char *id = out.replace_root_volume_task->replace_root_volume_task_id;
    REFUSED(k, INCORRECT_INSTANCE_STATE,
            arena_printf(k->arena, "The root volume of '" TEST_INSTANCE "' is being replaced by %s",
                         id),
            CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
            .image_id = TEST_IMAGE);
    calls_put_instance(k, INSTANCE_STOPPED);
    make(run_task(id)->volume_id);
    ck_assert_int_eq(run_task(id)->state, ROOT_TASK_SUCCEEDED);
    calls_put_instance(k, INSTANCE_RUNNING);
    OK(k, CreateReplaceRootVolumeTask, &out, .instance_id = TEST_INSTANCE,
       .snapshot_id = own.snapshot_id); /* of a root that was */
}
END_TEST

/* What the guest was asked before it went down, nobody answers any more; and the freeze waits for
 * it. */
START_TEST(a_volume_arrives_and_goes_while_the_guest_is_off)
{
    struct outcome outcome;
    ec2_CreateVolume_out made;
    ec2_AttachVolume_out attached;
    ec2_DetachVolume_out detached;
    OK(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(1));
    make(made.volume_id);
    OK(k, AttachVolume, &attached, .instance_id = TEST_INSTANCE, .volume_id = made.volume_id,
       .device = "/dev/sdf");
    const char *freeze_id = root_of(create(false))->freeze_id;
    (void)run_instance(&outcome);
    wait_for_end();
    ck_assert(run_instance(&outcome)->rests);
    ck_assert(!freezes(freeze_id));
    make(made.volume_id);
    ck_assert_int_eq(volume(made.volume_id)->attachment_state, ATTACHMENT_ATTACHED);
    ck_assert(freezes(freeze_id));
    OK(k, DetachVolume, &detached, .volume_id = made.volume_id);
    make(made.volume_id);
    ck_assert_int_eq(volume(made.volume_id)->attachment_state, ATTACHMENT_DETACHED);
    (void)run_instance(&outcome);
    ck_assert(has_domain());
    ck_assert_ptr_null(strstr(fake_hypervisor_xml(h, k->arena, TEST_INSTANCE), made.volume_id));
}
END_TEST

/* Its end waits for the snapshots, and they for the modification; the disk is on its way all the
 * while. */
START_TEST(a_volume_is_modified_though_its_instance_ends)
{
    struct outcome outcome;
    ec2_CreateVolume_out made;
    ec2_AttachVolume_out attached;
    ec2_ModifyVolume_out modified;
    ec2_CreateSnapshot_out snapshot;
    ec2_DetachVolume_out detached;
    ec2_TerminateInstances_out terminated;
    OK(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(1));
    make(made.volume_id);
    OK(k, AttachVolume, &attached, .instance_id = TEST_INSTANCE, .volume_id = made.volume_id,
       .device = "/dev/sdf");
    make(made.volume_id);
    OK(k, ModifyVolume, &modified, .volume_id = made.volume_id, .size = wire_int(2));
    OK(k, CreateSnapshot, &snapshot, .volume_id = made.volume_id);
    OK(k, DetachVolume, &detached, .volume_id = made.volume_id);
    OK(k, TerminateInstances, &terminated, .instance_ids = LIST(TEST_INSTANCE));
    (void)run_instance(&outcome);
    ck_assert(!freezes(snapshot.snapshot_id));
    make(made.volume_id);
    ck_assert_int_eq(volume(made.volume_id)->size_gib, 2);
    ck_assert(freezes(snapshot.snapshot_id));
}
END_TEST

START_TEST(a_volume_is_modified_and_frozen_before_it_goes)
{
    ec2_CreateVolume_out made;
    ec2_ModifyVolume_out modified;
    ec2_CreateSnapshot_out snapshot;
    ec2_DeleteVolume_out deleted;
    OK(k, CreateVolume, &made, .availability_zone = "us-east-1a", .size = wire_int(1));
    make(made.volume_id);
    OK(k, CreateSnapshot, &snapshot, .volume_id = made.volume_id);
    OK(k, ModifyVolume, &modified, .volume_id = made.volume_id, .size = wire_int(2));
    OK(k, DeleteVolume, &deleted, .volume_id = made.volume_id);
    ck_assert(!freezes(snapshot.snapshot_id));
    make(made.volume_id);
    ck_assert(freezes(snapshot.snapshot_id));
    make(made.volume_id);
    ck_assert_ptr_null(volume(made.volume_id));
}
END_TEST

UNIT_SUITE_WITH(before, after, a_volume_is_modified_and_frozen_before_it_goes,
                a_volume_is_modified_though_its_instance_ends,
                a_volume_arrives_and_goes_while_the_guest_is_off,
                a_guest_is_shut_down_for_its_image_and_runs_on,
                other_snapshots_wait_until_it_runs_again,
                who_stops_it_meanwhile_has_it_stopped_and_the_image_made,
                a_guest_that_does_not_listen_is_pulled,
                a_guest_that_was_asked_runs_on_though_its_image_has_gone,
                an_instance_that_cannot_be_started_again_is_stopped_with_the_reason,
                an_image_fails_with_its_snapshots, a_row_stays_while_an_instance_is_of_it,
                a_root_is_replaced_while_the_guest_is_off,
                a_root_that_cannot_be_made_leaves_all_as_it_was,
                a_root_is_replaced_of_what_is_stopped_meanwhile_and_not_of_what_ends,
                a_root_comes_of_the_instances_own_snapshots_or_of_an_image)
