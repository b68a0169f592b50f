#include "core/volume_limits.h"

#include "unit.h"

#define MIB ((int64_t)1 << 20)

static struct volume_limits of(const char *type, int64_t size_gib, int64_t iops, int64_t throughput)
{
    struct volume v = {
        .volume_type = type, .size_gib = size_gib, .iops = iops, .throughput = throughput};
    return volume_limits_of(&v, VOLUME_LIMITS_ON);
}

static void check_rate(const struct volume_rate *r, int64_t base, int64_t burst, int64_t seconds)
{
    ck_assert_int_eq(r->base, base);
    ck_assert_int_eq(r->burst, burst);
    ck_assert_int_eq(r->seconds, seconds);
}

START_TEST(a_small_gp2_bursts_on_its_credits)
{
    struct volume_limits l = of("gp2", 100, 300, 0);
    check_rate(&l.operations, 300, 3000, 1800); /* 5.4 million credits */
    check_rate(&l.bytes, 128 * MIB, 0, 0);
    l = of("gp2", 2000, 6000, 0);
    check_rate(&l.operations, 6000, 0, 0);
    check_rate(&l.bytes, 250 * MIB, 0, 0);
}
END_TEST

START_TEST(provisioned_types_do_what_is_provisioned)
{
    struct volume_limits l = of("gp3", 100, 4000, 300);
    check_rate(&l.operations, 4000, 0, 0);
    check_rate(&l.bytes, 300 * MIB, 0, 0);
    ck_assert_int_eq(l.operation_bytes, 256 << 10);
    l = of("io1", 100, 1000, 0);
    check_rate(&l.bytes, 250 * MIB, 0, 0);
    l = of("io1", 2000, 32000, 0);
    check_rate(&l.bytes, 500 * MIB, 0, 0);
    l = of("io1", 2000, 64000, 0);
    check_rate(&l.bytes, 1000 * MIB, 0, 0);
    l = of("io2", 2000, 100000, 0);
    check_rate(&l.operations, 100000, 0, 0);
    check_rate(&l.bytes, 4000 * MIB, 0, 0);
}
END_TEST

START_TEST(disks_that_turn_have_throughput_for_their_size)
{
    struct volume_limits l = of("st1", 1024, 0, 0);
    check_rate(&l.bytes, 40 * MIB, 250 * MIB, (1 << 20) / 250);
    check_rate(&l.operations, 500, 0, 0);
    l = of("st1", 16384, 0, 0);
    check_rate(&l.bytes, 500 * MIB, 0, 0); /* its base is as fast as its burst */
    l = of("sc1", 512, 0, 0);
    check_rate(&l.bytes, 6 * MIB, 40 * MIB, (512 << 10) / 40);
    ck_assert_int_eq(l.operation_bytes, 1 << 20);
    l = of("standard", 10, 0, 0);
    check_rate(&l.operations, 100, 200, 60);
}
END_TEST

START_TEST(limits_are_scaled_and_never_nothing)
{
    struct volume v = {.volume_type = "gp3", .size_gib = 1, .iops = 3000, .throughput = 125};
    struct volume_limits l = volume_limits_of(&v, 500);
    check_rate(&l.operations, 1500, 0, 0);
    check_rate(&l.bytes, 125 * MIB / 2, 0, 0);
    v.iops = 100;
    l = volume_limits_of(&v, 1);
    check_rate(&l.operations, 1, 0, 0);
    l = volume_limits_of(&v, VOLUME_LIMITS_OFF);
    check_rate(&l.operations, 0, 0, 0);
    check_rate(&l.bytes, 0, 0, 0);
}
END_TEST

START_TEST(what_is_no_factor_is_refused)
{
    static const char *const bad[] = {
        "",    "0",      "0.000", "100.001", "-1",  "1.",   ".5", "1e3",
        "yes", "1.0005", "1,5",   "0x1",     "1 2", "1000", " 1", "12345678901234567890"};
    int64_t factor = -1;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        ck_assert_int_lt(volume_limits_parse(bad[i], &factor), 0);
    ck_assert_int_eq(factor, -1);
    ck_assert_int_eq(volume_limits_parse("off", &factor), 0);
    ck_assert_int_eq(factor, VOLUME_LIMITS_OFF);
    ck_assert_int_eq(volume_limits_parse("on", &factor), 0);
    ck_assert_int_eq(factor, VOLUME_LIMITS_ON);
    ck_assert_int_eq(volume_limits_parse("0.25", &factor), 0);
    ck_assert_int_eq(factor, 250);
    ck_assert_int_eq(volume_limits_parse("100", &factor), 0);
    ck_assert_int_eq(factor, VOLUME_LIMITS_MAX);
}
END_TEST

UNIT_SUITE(a_small_gp2_bursts_on_its_credits, provisioned_types_do_what_is_provisioned,
           disks_that_turn_have_throughput_for_their_size, limits_are_scaled_and_never_nothing,
           what_is_no_factor_is_refused)
