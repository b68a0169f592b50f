/* The look at everything: rows that nobody works on get a job, what belongs to no row goes, and
 * rows go that have served their time. */
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "hypervisor/fake.h"
#include "network/fake.h"
#include "storage/fake.h"
#include "support/machine.h"
#include "unit.h"

#define STRAY_VOLUME   "vol-0bad0bad0bad0bad0"
#define STRAY_VPC      "vpc-0bad0bad0bad0bad0"
#define STRAY_NAT      "nat-0bad0bad0bad0bad0"
#define OF_ACCOUNT     .account_id = TEST_ACCOUNT, .region = "us-east-1"
#define HOURS          ((int64_t)3600 * 1000)
#define N_OF_ITS_STATE 8

static struct calls *k;
static struct machine *m;
static struct storage *s;
static struct hypervisor *h;
static struct network *n;
static char keep_strays[UNIT_DIRECTORY_SIZE + 16];
static size_t n_changed; /* networks, as others are told */

static void changed(void *ctx, const char *vpc_id)
{
    (void)ctx;
    ck_assert_str_eq(vpc_id, STRAY_VPC);
    n_changed++;
}

static void before(void)
{
    char directory[UNIT_DIRECTORY_SIZE];
    unit_directory(directory);
    (void)snprintf(keep_strays, sizeof(keep_strays), "%s/keep-strays", directory);
    k = calls_new();
    m = machine_new(k);
    s = k->config.storage;
    n = fake_network_new(NULL);
    n_changed = 0;
    m->jobs->config.storage = s;
    m->jobs->config.network = n;
    m->jobs->config.network_changed = changed;
    m->jobs->config.keep_strays = keep_strays;
    ck_assert_int_eq(fake_hypervisor_new(jobs_on_domain_event, m->jobs, &m->jobs->hypervisor), 0);
    h = m->jobs->hypervisor;
}

static void after(void)
{
    h->ops->free(h);
    n->ops->free(n);
    machine_free(m);
    calls_free(k);
}

static void look(void)
{
    struct err e = {0};
    int r = reconcile(m->jobs, k->arena, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

static void keep_house(void)
{
    struct err e = {0};
    int r = housekeeping(m->jobs, k->arena, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

static void commit(struct tx *tx)
{
    struct err e = {0};
    int r = tx_commit(tx, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

static const char *numbered(const char *kind, int number)
{
    return arena_printf(k->arena, "%s-%017d", kind, number);
}

/* --- rows without a job, as a backup has them */

/* One of each of its states; 1: it is on its way. */
static void check_states(const char *kind, void (*insert)(struct tx *tx, const char *id, int state),
                         const int moves[N_OF_ITS_STATE], int n_states)
{
    struct tx *tx = store_write(k->store);
    for (int i = 0; i < n_states; i++)
        insert(tx, numbered(kind, i), i);
    commit(tx);
    look();
    for (int i = 0; i < n_states; i++)
        ck_assert_msg((int)calls_jobs(k, numbered(kind, i)) == moves[i], "%s in its state %d", kind,
                      i);
}

static struct volume volume_of(const char *id, int state)
{
    return (struct volume){.id = id,
                           OF_ACCOUNT,
                           .zone = "us-east-1a",
                           .state = state,
                           .attachment_state = ATTACHMENT_ATTACHED,
                           .volume_type = "gp3",
                           .size_gib = 1,
                           .layer_id = id};
}

static void put_volume(struct tx *tx, const char *id, int state)
{
    struct volume v = volume_of(id, state);
    store_insert_volume(tx, &v);
}

static void put_held_volume(struct tx *tx, const char *id, int attachment_state)
{
    struct volume v = volume_of(id, VOLUME_IN_USE);
    v.attachment_state = attachment_state;
    store_insert_volume(tx, &v);
}

static void put_changing_volume(struct tx *tx, const char *id, int state)
{
    put_volume(tx, id, VOLUME_AVAILABLE);
    store_insert_volume_modification(tx, &(struct volume_modification){
                                             .volume_id = id,
                                             OF_ACCOUNT,
                                             .state = state,
                                             .original_type = "gp3",
                                             .target_type = "gp3",
                                         });
}

/* 1: for a snapshot that may have gone meanwhile; its job ends that. */
static void put_frozen_volume(struct tx *tx, const char *id, int state)
{
    struct volume v = volume_of(arena_printf(k->arena, "%s-of", id), VOLUME_AVAILABLE);
    v.freeze_id = state == 1 ? id : NULL;
    store_insert_volume(tx, &v);
}

static void put_snapshot(struct tx *tx, const char *id, int state)
{
    store_insert_snapshot(tx, &(struct snapshot){.id = id,
                                                 OF_ACCOUNT,
                                                 .state = state,
                                                 .volume_id = "vol-ffffffff",
                                                 .description = "",
                                                 .freeze_id = id});
}

static void put_root_task(struct tx *tx, const char *id, int state)
{
    store_insert_root_volume_task(tx, &(struct root_volume_task){.id = id,
                                                                 OF_ACCOUNT,
                                                                 .state = state,
                                                                 .instance_id = TEST_INSTANCE,
                                                                 .snapshot_id = TEST_SNAPSHOT,
                                                                 .volume_id = "vol-ffffffff",
                                                                 .replaced_id = "vol-eeeeeeee"});
}

static void put_import(struct tx *tx, const char *id, int state)
{
    store_insert_import_task(tx, &(struct import_task){.id = id, OF_ACCOUNT, .state = state});
}

static void put_export(struct tx *tx, const char *id, int state)
{
    store_insert_export_task(tx, &(struct export_task){.id = id,
                                                       OF_ACCOUNT,
                                                       .state = state,
                                                       .image_id = TEST_IMAGE,
                                                       .format = "RAW",
                                                       .bucket = "a-bucket"});
}

static void put_image(struct tx *tx, const char *id, int state)
{
    store_insert_image(tx, &(struct image){.id = id,
                                           OF_ACCOUNT,
                                           .state = state,
                                           .name = id,
                                           .architecture = "x86_64",
                                           .root_device_name = "/dev/xvda",
                                           .location = id});
}

static void put_analysis(struct tx *tx, const char *id, int state)
{
    const char *path_id = arena_printf(k->arena, "nip-of-%s", id);
    store_insert_network_insights_path(
        tx, &(struct network_insights_path){.id = path_id,
                                            OF_ACCOUNT,
                                            .source_id = TEST_INTERFACE,
                                            .destination_ip = "192.0.2.1",
                                            .protocol = "tcp"});
    store_insert_network_insights_analysis(
        tx, &(struct network_insights_analysis){
                .id = id, OF_ACCOUNT, .path_id = path_id, .state = state});
}

static void put_nat(struct tx *tx, const char *id, int state)
{
    store_insert_nat_gateway(tx, &(struct nat_gateway){.id = id,
                                                       OF_ACCOUNT,
                                                       .vpc_id = TEST_VPC,
                                                       .subnet_id = TEST_SUBNET,
                                                       .state = state,
                                                       .created_at = clock_now()});
}

static void put_reservation(struct tx *tx, const char *id, int state)
{
    store_insert_capacity_reservation(tx, &(struct capacity_reservation){
                                              .id = id,
                                              OF_ACCOUNT,
                                              .host_id = TEST_HOST,
                                              .state = state,
                                              .zone = "us-east-1a",
                                              .instance_type = "t3.micro",
                                              .memory_mib = 1024,
                                              .platform = INSTANCE_PLATFORM,
                                              .tenancy = "default",
                                              .instance_count = 1,
                                              .end_date = clock_now() + HOURS,
                                          });
}

START_TEST(what_is_on_its_way_has_a_job_and_what_is_at_rest_has_none)
{
    check_states("vol", put_volume,
                 (int[N_OF_ITS_STATE]){[VOLUME_CREATING] = 1, [VOLUME_DELETING] = 1},
                 _VOLUME_STATE_MAX);
    check_states("vol-1", put_changing_volume, (int[N_OF_ITS_STATE]){[MODIFICATION_MODIFYING] = 1},
                 _MODIFICATION_STATE_MAX);
    check_states(
        "vol-2", put_held_volume,
        (int[N_OF_ITS_STATE]){
            [ATTACHMENT_DETACHED] = 1, [ATTACHMENT_ATTACHING] = 1, [ATTACHMENT_DETACHING] = 1},
        _ATTACHMENT_STATE_MAX);
    check_states("vol-3", put_frozen_volume, (int[N_OF_ITS_STATE]){[1] = 1}, 2);
    check_states("snap", put_snapshot, (int[N_OF_ITS_STATE]){[SNAPSHOT_PENDING] = 1},
                 _SNAPSHOT_STATE_MAX);
    check_states("replacevol", put_root_task,
                 (int[N_OF_ITS_STATE]){[ROOT_TASK_PENDING] = 1, [ROOT_TASK_IN_PROGRESS] = 1},
                 _ROOT_TASK_STATE_MAX);
    check_states("import-ami", put_import,
                 (int[N_OF_ITS_STATE]){[TRANSFER_ACTIVE] = 1, [TRANSFER_DELETING] = 1},
                 _TRANSFER_STATE_MAX);
    check_states("export-ami", put_export,
                 (int[N_OF_ITS_STATE]){[TRANSFER_ACTIVE] = 1, [TRANSFER_DELETING] = 1},
                 _TRANSFER_STATE_MAX);
    check_states("ami", put_image,
                 (int[N_OF_ITS_STATE]){[IMAGE_PENDING] = 1, [IMAGE_DEREGISTERED] = 1},
                 _IMAGE_STATE_MAX);
    check_states("nia", put_analysis, (int[N_OF_ITS_STATE]){[INSIGHTS_RUNNING] = 1},
                 _INSIGHTS_STATE_MAX);
    check_states("nat", put_nat,
                 (int[N_OF_ITS_STATE]){[NAT_GATEWAY_PENDING] = 1, [NAT_GATEWAY_DELETING] = 1},
                 _NAT_GATEWAY_STATE_MAX);
    check_states("cr", put_reservation, (int[N_OF_ITS_STATE]){[CAPACITY_RESERVATION_ACTIVE] = 1},
                 _CAPACITY_RESERVATION_STATE_MAX);
}
END_TEST

START_TEST(an_instance_is_looked_at_until_it_has_ended)
{
    calls_put_instance(k, INSTANCE_TERMINATED);
    look();
    ck_assert_uint_eq(calls_jobs(k, TEST_INSTANCE), 0);
    calls_put_instance(k, INSTANCE_RUNNING);
    look();
    ck_assert_uint_eq(calls_jobs(k, TEST_INSTANCE), 1);
}
END_TEST

/* --- what belongs to no row */

static size_t n_layers(void)
{
    struct storage_names names = {0};
    ck_assert_int_eq(s->ops->list_layers(s, k->arena, &names, NULL), 0);
    return names.n;
}

static size_t n_images(void)
{
    struct storage_names names = {0};
    ck_assert_int_eq(s->ops->list_images(s, k->arena, &names, NULL), 0);
    return names.n;
}

static size_t n_networks(void)
{
    struct net_names names = {0};
    ck_assert_int_eq(n->ops->list(n, k->arena, &names, NULL), 0);
    return names.n;
}

static size_t n_domains(void)
{
    struct domain_list domains = {0};
    ck_assert_int_eq(h->ops->list(h, k->arena, &domains, NULL), 0);
    return domains.n;
}

static void check_all(size_t each)
{
    ck_assert_uint_eq(n_domains(), each);
    ck_assert_uint_eq(n_layers(), each);
    ck_assert_uint_eq(n_images(), each);
    ck_assert_uint_eq(n_networks(), each);
}

/* One of each, and no row of it. */
static void put_strays(void)
{
    machine_put_guest(m, k);
    calls_put_instance(k, INSTANCE_TERMINATED);
    calls_put_base(s);
    struct tx *tx = store_write(k->store);
    store_delete_image_devices(tx, "image_id", TEST_IMAGE);
    store_delete_images(tx, "id", TEST_IMAGE);
    commit(tx);
    ck_assert_int_eq(s->ops->layer_make(s, STRAY_VOLUME, NULL, 1, NULL, NULL), 0);
    ck_assert_int_eq(n->ops->apply(n, &(struct net_vpc){.vpc_id = STRAY_VPC}, NULL, NULL), 0);
    check_all(1);
}

START_TEST(what_belongs_to_no_row_goes)
{
    put_strays();
    look();
    check_all(0);
    ck_assert_uint_eq(n_changed, 1);
}
END_TEST

START_TEST(guests_and_files_stay_while_the_owner_looks_at_a_backup)
{
    put_strays();
    int fd = open(keep_strays, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
    look();
    ck_assert_uint_eq(n_domains(), 1);
    ck_assert_uint_eq(n_layers(), 1);
    ck_assert_uint_eq(n_images(), 1);
    ck_assert_uint_eq(n_networks(), 0); /* nothing is lost with it */
    ck_assert_int_eq(unlink(keep_strays), 0);
    look();
    check_all(0);
}
END_TEST

START_TEST(a_stray_domain_goes_once_its_hypervisor_is_back)
{
    put_strays();
    fake_hypervisor_set_connected(h, false);
    look();
    fake_hypervisor_set_connected(h, true);
    ck_assert_uint_eq(n_domains(), 1);
    look();
    check_all(0);
}
END_TEST

/* --- files that somebody takes away */

/* As DescribeVolumeStatus tells it. */
static void check_volume(const char *volume_id, const char *status)
{
    bool well = streq(status, "ok");
    ec2_DescribeVolumeStatus_out out;
    OK(k, DescribeVolumeStatus, &out, .volume_ids = LIST(volume_id));
    const struct ec2_VolumeStatusItem *item = &out.volume_statuses.v[0];
    ck_assert_str_eq(item->volume_status->status, status);
    ck_assert_str_eq(item->volume_status->details.v[0].status, well ? "passed" : "failed");
    ck_assert_uint_eq(item->events.n, !well);
    if (!well)
        ck_assert_str_eq(item->events.v[0].event_type, "potential-data-inconsistency");
}

START_TEST(a_volume_whose_file_is_gone_is_impaired_until_it_is_back)
{
    static const char volume_id[] = "vol-0a0a0a0a0a0a0a0a1";
    static const char lower[] = "vol-0a0a0a0a0a0a0a0a2";
    struct tx *tx = store_write(k->store);
    struct volume v = volume_of(volume_id, VOLUME_AVAILABLE);
    v.attachment_state = ATTACHMENT_DETACHED;
    store_insert_layer(tx, &(struct layer){.id = lower, .root_id = lower, .image_id = TEST_IMAGE});
    store_insert_layer(tx, &(struct layer){.id = volume_id, .root_id = lower, .parent_id = lower});
    store_insert_volume(tx, &v);
    commit(tx);
    calls_put_base(s);
    ck_assert_int_eq(s->ops->layer_make(s, lower, TEST_IMAGE, 1, NULL, NULL), 0);
    ck_assert_int_eq(s->ops->layer_make(s, volume_id, lower, 1, NULL, NULL), 0);
    look();
    check_volume(volume_id, "ok");
    static const char *const files[] = {volume_id, lower};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        ck_assert_int_eq(s->ops->layer_remove(s, files[i], NULL), 0);
        look();
        check_volume(volume_id, "impaired");
        look();
        check_volume(volume_id, "impaired");
        ck_assert_int_eq(s->ops->layer_make(s, files[i], NULL, 1, NULL, NULL), 0);
        look();
        check_volume(volume_id, "ok");
    }
    ck_assert_int_eq(s->ops->image_remove(s, TEST_IMAGE, NULL), 0);
    look();
    check_volume(volume_id, "impaired");
}
END_TEST

static void check_snapshot(const char *id, int state)
{
    struct tx *tx = store_read(k->store);
    const struct snapshot *found = store_snapshot(tx, k->arena, id);
    commit(tx);
    ck_assert_int_eq(found->state, state);
    ck_assert_int_eq(found->missing_since > 0, state == SNAPSHOT_ERROR);
    ck_assert_int_eq(found->state_reason != NULL, state == SNAPSHOT_ERROR);
}

/* Of layers; and of an image, which is its file. */
START_TEST(a_snapshot_whose_file_is_gone_is_an_error_until_it_is_back)
{
    static const char layer_id[] = "vol-0a0a0a0a0a0a0a0a1";
    static const char of_layer[] = "snap-0a0a0a0a0a0a0a0a1";
    static const char of_image[] = "snap-0a0a0a0a0a0a0a0a2";
    struct tx *tx = store_write(k->store);
    store_insert_layer(
        tx, &(struct layer){.id = layer_id, .root_id = layer_id, .image_id = TEST_IMAGE});
    store_insert_snapshot(tx, &(struct snapshot){.id = of_layer,
                                                 OF_ACCOUNT,
                                                 .state = SNAPSHOT_COMPLETED,
                                                 .volume_id = layer_id,
                                                 .description = "",
                                                 .layer_id = layer_id});
    store_insert_snapshot(tx, &(struct snapshot){.id = of_image,
                                                 OF_ACCOUNT,
                                                 .state = SNAPSHOT_COMPLETED,
                                                 .volume_id = layer_id,
                                                 .description = "",
                                                 .image_id = TEST_IMAGE});
    commit(tx);
    calls_put_base(s);
    ck_assert_int_eq(s->ops->layer_make(s, layer_id, TEST_IMAGE, 1, NULL, NULL), 0);
    look();
    check_snapshot(of_layer, SNAPSHOT_COMPLETED);
    ck_assert_int_eq(s->ops->layer_remove(s, layer_id, NULL), 0);
    for (int i = 0; i < 2; i++) {
        look();
        check_snapshot(of_layer, SNAPSHOT_ERROR);
        check_snapshot(of_image, SNAPSHOT_COMPLETED);
    }
    ck_assert_int_eq(s->ops->layer_make(s, layer_id, TEST_IMAGE, 1, NULL, NULL), 0);
    look();
    check_snapshot(of_layer, SNAPSHOT_COMPLETED);
    ck_assert_int_eq(s->ops->image_remove(s, TEST_IMAGE, NULL), 0);
    look();
    check_snapshot(of_layer, SNAPSHOT_ERROR);
    check_snapshot(of_image, SNAPSHOT_ERROR);
}
END_TEST

/* --- rows that have served their time */

static bool has_nat(const char *id)
{
    struct tx *tx = store_read(k->store);
    bool there = store_nat_gateway(tx, k->arena, id) != NULL;
    commit(tx);
    return there;
}

START_TEST(gateways_that_are_gone_are_shown_for_an_hour)
{
    int64_t long_ago = clock_now() - 2 * HOURS;
    struct tx *tx = store_write(k->store);
    for (int i = 0; i < _NAT_GATEWAY_STATE_MAX; i++)
        for (int old = 0; old <= 1; old++) {
            const char *id = numbered("nat", 10 * i + old);
            store_insert_nat_gateway(
                tx, &(struct nat_gateway){.id = id,
                                          OF_ACCOUNT,
                                          .vpc_id = TEST_VPC,
                                          .subnet_id = TEST_SUBNET,
                                          .state = i,
                                          .created_at = old ? long_ago : clock_now(),
                                          .deleted_at = old ? long_ago : clock_now()});
        }
    commit(tx);
    keep_house();
    for (int i = 0; i < _NAT_GATEWAY_STATE_MAX; i++) {
        bool over = i == NAT_GATEWAY_DELETED || i == NAT_GATEWAY_FAILED;
        ck_assert_msg(has_nat(numbered("nat", 10 * i)), "a new one in state %d", i);
        ck_assert_msg(has_nat(numbered("nat", 10 * i + 1)) == !over, "an old one in state %d", i);
    }
}
END_TEST

START_TEST(an_instance_that_has_ended_is_shown_for_an_hour)
{
    calls_put_instance(k, INSTANCE_TERMINATED);
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    i->terminated_at = clock_now() - HOURS + 60000;
    store_update_instance(tx, i);
    commit(tx);
    keep_house();
    i = calls_instance(k);
    ck_assert_ptr_nonnull(i);
    tx = store_write(k->store);
    i->terminated_at = clock_now() - HOURS - 1000;
    store_update_instance(tx, i);
    commit(tx);
    keep_house();
    tx = store_read(k->store);
    ck_assert_ptr_null(store_instance(tx, k->arena, TEST_INSTANCE));
    commit(tx);
}
END_TEST

/* --- reserved capacity */

static const struct capacity_reservation *reservation(const char *id, int64_t end_date)
{
    struct outcome outcome = {0};
    struct err e = {0};
    struct tx *tx = store_write(k->store);
    struct capacity_reservation *r = store_capacity_reservation(tx, k->arena, id);
    if (r != NULL) {
        r->end_date = end_date;
        store_update_capacity_reservation(tx, r);
    }
    commit(tx);
    int result = capacity_reservation_converge(m->jobs, k->arena, id, &outcome, &e);
    ck_assert_msg(result == 0, "%s", e.message);
    ck_assert_int_eq(outcome.again, end_date > clock_now());
    ck_assert_int_eq(outcome.when, outcome.again ? end_date : 0);
    tx = store_read(k->store);
    r = store_capacity_reservation(tx, k->arena, id);
    commit(tx);
    return r;
}

START_TEST(a_reservation_ends_when_its_time_has_come)
{
    static const char id[] = "cr-0a0a0a0a0a0a0a0a0";
    calls_put_instance(k, INSTANCE_RUNNING);
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    put_reservation(tx, id, CAPACITY_RESERVATION_ACTIVE);
    i->capacity_reservation_id = id;
    store_update_instance(tx, i);
    commit(tx);
    ck_assert_int_eq(reservation(id, 0)->state, CAPACITY_RESERVATION_ACTIVE); /* unlimited */
    ck_assert_int_eq(reservation(id, clock_now() + HOURS)->state, CAPACITY_RESERVATION_ACTIVE);
    ck_assert_str_eq(calls_instance(k)->capacity_reservation_id, id);
    const struct capacity_reservation *r = reservation(id, clock_now() - 1);
    ck_assert_int_eq(r->state, CAPACITY_RESERVATION_EXPIRED);
    ck_assert_int_gt(r->ended_at, 0);
    ck_assert_ptr_null(calls_instance(k)->capacity_reservation_id); /* it runs on without it */
    ck_assert_int_eq(calls_instance(k)->state, INSTANCE_RUNNING);
    ck_assert_int_eq(reservation(id, clock_now() - 1)->state, CAPACITY_RESERVATION_EXPIRED);
    ck_assert_ptr_null(reservation("cr-0b0b0b0b0b0b0b0b0", 0));
}
END_TEST

UNIT_SUITE_WITH(before, after, what_is_on_its_way_has_a_job_and_what_is_at_rest_has_none,
                an_instance_is_looked_at_until_it_has_ended, what_belongs_to_no_row_goes,
                guests_and_files_stay_while_the_owner_looks_at_a_backup,
                a_volume_whose_file_is_gone_is_impaired_until_it_is_back,
                a_snapshot_whose_file_is_gone_is_an_error_until_it_is_back,
                a_stray_domain_goes_once_its_hypervisor_is_back,
                gateways_that_are_gone_are_shown_for_an_hour,
                an_instance_that_has_ended_is_shown_for_an_hour,
                a_reservation_ends_when_its_time_has_come)
