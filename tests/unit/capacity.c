/* Room on the server: what launches and capacity reservations leave each other. */
#include "api/capacity.h"
#include "core/room.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

/* A server with room for ten instances of t3.micro, with what QEMU needs besides. */
#define MICRO_MIB (1024 + GUEST_OVERHEAD_MIB)
#define ROOM      10

static struct host_info host = {
    .cpus = 4,
    .memory_mib = ROOM * MICRO_MIB + 100,
    .memory_available_mib = ROOM * MICRO_MIB + 100,
    .kvm = true,
};

static void tell_host(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = host;
}

static void wake(void *ctx)
{
    (void)ctx;
}

static struct calls *server_new(void)
{
    struct calls *k = calls_new();
    k->config.host = tell_host;
    k->config.wake = wake;
    k->config.host_id = "h-1";
    ck_assert_int_eq(address_ranges_parse("198.18.0.0/24", &k->config.public_addresses, NULL), 0);
    struct tx *tx = store_write(k->store);
    store_insert_host(tx, &(struct host){"h-1", "test:///", 0});
    struct err e = {0};
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    return k;
}

static void reserve(struct calls *k, const char *id, int64_t count, bool targeted)
{
    struct tx *tx = store_write(k->store);
    store_insert_capacity_reservation(tx, &(struct capacity_reservation){
                                              .id = id,
                                              .account_id = TEST_ACCOUNT,
                                              .region = "us-east-1",
                                              .host_id = "h-1",
                                              .state = CAPACITY_RESERVATION_ACTIVE,
                                              .zone = "us-east-1a",
                                              .instance_type = "t3.micro",
                                              .memory_mib = 1024,
                                              .platform = INSTANCE_PLATFORM,
                                              .tenancy = "default",
                                              .instance_count = count,
                                              .is_targeted = targeted,
                                          });
    struct err e = {0};
    ck_assert_int_eq(tx_commit(tx, &e), 0);
}

#define SO_MANY(type, least, most)                                                                 \
    .image_id = TEST_IMAGE, .instance_type = (type), .min_count = {true, least},                   \
    .max_count = {true, most}, .subnet_id = TEST_SUBNET
#define LAUNCH(out, type, least, most) OK(k, RunInstances, out, SO_MANY(type, least, most))

static struct instance *row(struct calls *k, const char *id)
{
    struct tx *tx = store_read(k->store);
    struct instance *i = store_instance(tx, k->arena, id);
    tx_end(tx);
    ck_assert_ptr_nonnull(i);
    return i;
}

static void enter(struct calls *k, const char *id, enum instance_state to)
{
    struct tx *tx = store_write(k->store);
    struct instance *i = store_instance(tx, k->arena, id);
    struct err e = {0};
    ck_assert_int_eq(instance_enter_state(i, to, &e), 0);
    store_update_instance(tx, i);
    ck_assert_int_eq(tx_commit(tx, &e), 0);
}

static int64_t used(struct calls *k, const char *reservation_id)
{
    struct tx *tx = store_read(k->store);
    int64_t n = store_capacity_reservation_used(tx, reservation_id);
    tx_end(tx);
    return n;
}

START_TEST(a_launch_takes_what_fits)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    LAUNCH(&out, "t3.micro", 1, 20);
    ck_assert_uint_eq(out.instances.n, ROOM);
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 0 more instances of type t3.micro, and 1 are needed: 100 MiB "
            "of memory are free and each takes 1152 MiB",
            RunInstances, &out, SO_MANY("t3.micro", 1, 1));
    calls_free(k);
}
END_TEST

START_TEST(others_do_not_get_what_a_reservation_holds)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    reserve(k, "cr-00000001", 6, false);
    LAUNCH(&out, "t3.small", 1, 20); /* 2048 MiB */
    ck_assert_uint_eq(out.instances.n, 2);
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 0 more instances of type t3.small, and 1 are needed: 356 MiB "
            "of memory are free and each takes 2176 MiB",
            RunInstances, &out, SO_MANY("t3.small", 1, 1));
    calls_free(k);
}
END_TEST

START_TEST(a_matching_launch_takes_slots_and_then_what_is_free)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    reserve(k, "cr-00000001", 3, false);
    reserve(k, "cr-00000002", 4, true);
    LAUNCH(&out, "t3.micro", 5, 20);
    /* Three slots of the open one and three that nobody holds; four are for those who name it. */
    ck_assert_uint_eq(out.instances.n, 6);
    for (size_t n = 0; n < 6; n++)
        ck_assert_str_eq(row(k, out.instances.v[n].instance_id)->capacity_reservation_id == NULL
                             ? "none"
                             : row(k, out.instances.v[n].instance_id)->capacity_reservation_id,
                         n < 3 ? "cr-00000001" : "none");
    ck_assert_int_eq(used(k, "cr-00000001"), 3);
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 0 more instances of type t3.micro, and 1 are needed: 100 MiB "
            "of memory are free and each takes 1152 MiB",
            RunInstances, &out, SO_MANY("t3.micro", 1, 1));
    calls_free(k);
}
END_TEST

START_TEST(a_slot_is_given_back_when_the_instance_has_stopped_and_taken_at_its_start)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    reserve(k, "cr-00000001", ROOM, false);
    LAUNCH(&out, "t3.micro", 1, 1);
    const char *id = out.instances.v[0].instance_id;
    enter(k, id, INSTANCE_RUNNING);
    enter(k, id, INSTANCE_STOPPING);
    ck_assert_int_eq(used(k, "cr-00000001"), 1); /* it still has its memory */
    enter(k, id, INSTANCE_STOPPED);
    ck_assert_int_eq(used(k, "cr-00000001"), 0);
    LAUNCH(&out, "t3.micro", ROOM, ROOM);
    ec2_StartInstances_out started;
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 0 more instances of type t3.micro, and 1 are needed: 100 MiB "
            "of memory are free and each takes 1152 MiB",
            StartInstances, &started, .instance_ids = LIST(id));
    enter(k, out.instances.v[0].instance_id, INSTANCE_SHUTTING_DOWN);
    enter(k, out.instances.v[0].instance_id, INSTANCE_TERMINATED);
    OK(k, StartInstances, &started, .instance_ids = LIST(id));
    ck_assert_str_eq(row(k, id)->capacity_reservation_id, "cr-00000001");
    ck_assert_int_eq(used(k, "cr-00000001"), ROOM);
    calls_free(k);
}
END_TEST

START_TEST(slots_count_in_the_owners_limit)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    k->config.max_instances = 5;
    reserve(k, "cr-00000001", 3, true);
    LAUNCH(&out, "t3.micro", 1, 20);
    ck_assert_uint_eq(out.instances.n, 2);
    REFUSED(k, INSTANCE_LIMIT_EXCEEDED,
            "You have requested more instances (6) than your current instance limit of 5 allows "
            "for the server",
            RunInstances, &out, SO_MANY("t3.micro", 1, 1));
    calls_free(k);
}
END_TEST

START_TEST(memory_that_is_not_there_is_not_given_whoever_holds_it)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    reserve(k, "cr-00000001", 3, false);
    int64_t before = host.memory_available_mib;
    host.memory_available_mib = (int64_t)2 * MICRO_MIB;
    LAUNCH(&out, "t3.micro", 1, 20);
    ck_assert_uint_eq(out.instances.n, 2);
    host.memory_available_mib = before;
    calls_free(k);
}
END_TEST

#define AS_SPOT(options)                                                                           \
    .instance_market_options = &(struct ec2_InstanceMarketOptionsRequest)                          \
    {                                                                                              \
        "spot", options                                                                            \
    }

START_TEST(spot_takes_what_is_free_and_no_slots)
{
    struct calls *k = server_new();
    ec2_RunInstances_out out;
    reserve(k, "cr-00000001", 4, false);
    OK(k, RunInstances, &out, SO_MANY("t3.micro", 1, 20), AS_SPOT(NULL));
    ck_assert_uint_eq(out.instances.n, ROOM - 4);
    ck_assert_int_eq(used(k, "cr-00000001"), 0);
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 0 more instances of type t3.micro, and 1 are needed: 100 MiB "
            "of memory are free and each takes 1152 MiB",
            RunInstances, &out, SO_MANY("t3.micro", 1, 1), AS_SPOT(NULL));
    calls_free(k);
}
END_TEST

START_TEST(a_launch_on_demand_waits_for_as_many_as_it_needs)
{
    struct calls *k = server_new();
    ec2_RunInstances_out spot;
    ec2_RunInstances_out out;
    k->config.spot_notice_ms = 120000;
    OK(k, RunInstances, &spot, SO_MANY("t3.micro", 8, 8), AS_SPOT(NULL));
    /* Two fit at once, two have to wait. */
    LAUNCH(&out, "t3.micro", 4, 4);
    size_t marked = 0;
    for (size_t n = 0; n < 8; n++) {
        const struct instance *i = row(k, spot.instances.v[n].instance_id);
        struct spot_notice notice;
        if (!spot_notice_of(i, &notice))
            continue;
        ck_assert_str_eq(notice.action, "terminate");
        ck_assert_int_eq(notice.at, k->call.now + 120000);
        marked++;
    }
    ck_assert_uint_eq(marked, 2);
    for (size_t n = 0; n < 4; n++)
        ck_assert(row(k, out.instances.v[n].instance_id)->waits_for_room);
    /* Another one needs one more, and no more than all spot instances have is promised. */
    LAUNCH(&out, "t3.micro", 1, 1);
    REFUSED(k, INSUFFICIENT_INSTANCE_CAPACITY,
            "The server has room for 5 more instances of type t3.micro, and 6 are needed: 5860 MiB "
            "of memory are free and each takes 1152 MiB",
            RunInstances, &out, SO_MANY("t3.micro", 6, 6));
    calls_free(k);
}
END_TEST

START_TEST(requests_are_as_many_as_instances_may_be)
{
    struct calls *k = server_new();
    ec2_RequestSpotInstances_out out;
    struct ec2_RequestSpotLaunchSpecification launch = {.image_id = TEST_IMAGE};
    OK(k, RequestSpotInstances, &out, .launch_specification = &launch,
       .instance_count = {true, 20});
    REFUSED(k, MAX_SPOT_INSTANCE_COUNT_EXCEEDED,
            "Max spot instance count exceeded: 21 requests would be open or active, and the limit "
            "is 20",
            RequestSpotInstances, &out, .launch_specification = &launch);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_launch_takes_what_fits, others_do_not_get_what_a_reservation_holds,
           a_matching_launch_takes_slots_and_then_what_is_free,
           a_slot_is_given_back_when_the_instance_has_stopped_and_taken_at_its_start,
           slots_count_in_the_owners_limit, memory_that_is_not_there_is_not_given_whoever_holds_it,
           spot_takes_what_is_free_and_no_slots, a_launch_on_demand_waits_for_as_many_as_it_needs,
           requests_are_as_many_as_instances_may_be)
