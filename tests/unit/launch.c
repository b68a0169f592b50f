/* What a launch may be refused for, where no client can bring it about. */
#include "api/launch_network.h"
#include "support/calls.h"
#include "unit.h"

static int settle(struct calls *k, const ec2_RunInstances_in *in, struct launch_network *n)
{
    calls_begin(k, "ec2", "RunInstances", in);
    int r = launch_network_settle(&k->call, in, n, &k->fault);
    calls_end(k, r);
    return r;
}

#define SETTLE_REFUSED(k, id, text, ...)                                                           \
    do {                                                                                           \
        ec2_RunInstances_in in_ = {__VA_ARGS__};                                                   \
        struct launch_network n_ = {0};                                                            \
        ck_assert_int_eq(settle(k, &in_, &n_), -1);                                                \
        ck_assert_fault(k, id, text);                                                              \
    } while (0)

START_TEST(a_group_must_be_of_the_subnets_vpc)
{
    struct calls *k = calls_new();
    ec2_CreateSecurityGroup_out made;
    OK(k, CreateSecurityGroup, &made, .group_name = "far", .description = "d",
       .vpc_id = TEST_OTHER_VPC);
    char text[128];
    (void)snprintf(text, sizeof(text),
                   "Security group %s and subnet " TEST_SUBNET " belong to different networks.",
                   made.group_id);
    SETTLE_REFUSED(k, INVALID_PARAMETER, text, .subnet_id = TEST_SUBNET,
                   .security_group_ids = LIST(made.group_id));
    calls_free(k);
}
END_TEST

static void change(struct calls *k, void (*write)(struct tx *tx))
{
    struct tx *tx = store_write(k->store);
    write(tx);
    struct err e = {0};
    ck_assert_msg(tx_commit(tx, &e) == 0, "%s", e.message);
}

static void drop_subnets(struct tx *tx)
{
    struct arena *a = arena_new();
    struct subnet_list l = store_subnets(tx, a, "vpc_id", TEST_VPC);
    for (size_t i = 0; i < l.n; i++) {
        l.v[i].default_for_az = false;
        store_update_subnet(tx, &l.v[i]);
    }
    arena_free(a);
}

static void drop_default(struct tx *tx)
{
    struct arena *a = arena_new();
    struct vpc *vpc = store_vpc(tx, a, TEST_VPC);
    vpc->is_default = false;
    store_update_vpc(tx, vpc);
    arena_free(a);
}

START_TEST(without_a_subnet_the_default_vpc_must_have_a_default_one)
{
    struct calls *k = calls_new();
    change(k, drop_subnets);
    SETTLE_REFUSED(k, MISSING_INPUT,
                   "No subnets found for the default VPC '" TEST_VPC
                   "'. Please specify a subnet.", );
    change(k, drop_default);
    SETTLE_REFUSED(k, VPC_ID_NOT_SPECIFIED,
                   "No default VPC for this user. GroupName is only supported for EC2-Classic and "
                   "default VPC.", );
    calls_free(k);
}
END_TEST

START_TEST(addresses_that_a_subnet_has_not_are_not_given)
{
    struct calls *k = calls_new();
    ec2_RunInstances_in in = {.min_count = {true, 1}, .max_count = {true, 1}};
    struct launch_network n = {0};
    ck_assert_int_eq(settle(k, &in, &n), 0);
    n.wants_public_ip = false;
    n.private_pool.block.length = 28; /* 16 addresses, 5 of them reserved, one in use */
    calls_begin(k, "ec2", "RunInstances", &in);
    int64_t count = 12;
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 5, &count, &k->fault), 0);
    ck_assert_int_eq(count, 10);
    ck_assert_int_eq(launch_network_reserve(&k->call, &n, 11, &count, &k->fault), -1);
    calls_end(k, -1);
    ck_assert_fault(
        k, INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
        "The specified subnet does not have enough free addresses to satisfy the request.");
    calls_free(k);
}
END_TEST

static void host_without_arm64(void *ctx, struct host_info *ret_info)
{
    (void)ctx;
    *ret_info = (struct host_info){.cpus = 2, .memory_mib = 8192, .memory_available_mib = 8192};
}

static void make_image_arm64(struct tx *tx)
{
    struct arena *a = arena_new();
    struct image *image = store_image(tx, a, TEST_IMAGE);
    image->architecture = "arm64";
    store_update_image(tx, image);
    arena_free(a);
}

START_TEST(a_server_that_cannot_run_arm64_says_so)
{
    struct calls *k = calls_new();
    k->config.host = host_without_arm64;
    change(k, make_image_arm64);
    ec2_RunInstances_out out;
    REFUSED(k, UNSUPPORTED,
            "This server cannot run instances of type t4g.micro: it has no emulator for arm64",
            RunInstances, &out, .image_id = TEST_IMAGE, .instance_type = "t4g.micro",
            .min_count = {true, 1}, .max_count = {true, 1});
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_server_that_cannot_run_arm64_says_so, a_group_must_be_of_the_subnets_vpc,
           without_a_subnet_the_default_vpc_must_have_a_default_one,
           addresses_that_a_subnet_has_not_are_not_given)
