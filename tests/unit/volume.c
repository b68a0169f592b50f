/* What volumes of each type may be. */
#include "core/volume.h"

#include "base/text.h"
#include "core/volume_type.h"
#include "unit.h"

struct settled {
    const char *type;
    int64_t size, iops, throughput; /* as asked for */
    int64_t made_iops, made_throughput;
};

static const struct settled good[] = {
    {"gp2", 1, 0, 0, 100, 0},
    {"gp2", 100, 0, 0, 300, 0},
    {"gp2", 16384, 0, 0, 16000, 0},
    {"gp3", 1, 0, 0, 3000, 125},
    {"gp3", 8, 4000, 0, 4000, 125},
    {"gp3", 8, 4000, 1000, 4000, 1000},
    {"gp3", 65536, 80000, 2000, 80000, 2000},
    {"io1", 4, 200, 0, 200, 0},
    {"io2", 4, 4000, 0, 4000, 0},
    {"st1", 125, 0, 0, 0, 0},
    {"sc1", 16384, 0, 0, 0, 0},
    {"standard", 1024, 0, 0, 0, 0},
};

START_TEST(a_type_brings_its_own_performance)
{
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        const struct settled *t = &good[i];
        struct volume_performance p = {t->type, t->size, t->iops, t->throughput};
        struct fault f = {0};
        ck_assert_msg(volume_performance_settle(&p, &f) == 0, "%s: %s", t->type, f.message);
        ck_assert_int_eq(p.iops, t->made_iops);
        ck_assert_int_eq(p.throughput, t->made_throughput);
    }
}
END_TEST

static const struct {
    struct volume_performance asked;
    enum fault_code code;
} bad[] = {
    {{"gp9", 1, 0, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"gp2", 0, 0, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"gp2", 16385, 0, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"gp2", 10, 100, 0}, FAULT_INVALID_PARAMETER_COMBINATION},
    {{"gp2", 10, 0, 125}, FAULT_INVALID_PARAMETER_COMBINATION},
    {{"gp3", 10, 2999, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"gp3", 8, 4001, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"gp3", 100, 3000, 751}, FAULT_INVALID_PARAMETER_VALUE},
    {{"io1", 4, 0, 0}, FAULT_MISSING_PARAMETER},
    {{"io1", 3, 100, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"io1", 4, 201, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"io2", 4, 4001, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"st1", 124, 0, 0}, FAULT_INVALID_PARAMETER_VALUE},
    {{"standard", 1025, 0, 0}, FAULT_INVALID_PARAMETER_VALUE},
};

START_TEST(what_a_type_cannot_be_is_refused)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct volume_performance p = bad[i].asked;
        struct fault f = {0};
        ck_assert_int_eq(volume_performance_settle(&p, &f), -1);
        ck_assert_int_eq(f.code, bad[i].code);
    }
}
END_TEST

START_TEST(names_of_devices)
{
    static const char *const names[] = {"/dev/sdf", "/dev/sda1", "/dev/xvdf", "/dev/xvdba",
                                        "/dev/sdz15"};
    static const char *const others[] = {"",         "sdf",      "/dev/sd",    "/dev/vdb",
                                         "/dev/sdF", "/dev/sd1", "/dev/sdf/x", "/dev/nvme0n1"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(volume_device_name_ok(names[i]), "%s", names[i]);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert_msg(!volume_device_name_ok(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(what_its_own_job_moves)
{
    struct volume v = {.state = VOLUME_CREATING};
    ck_assert(volume_is_moving(&v));
    v.instance_id = "i-1"; /* a launch makes it */
    ck_assert(!volume_is_moving(&v));
    v.state = VOLUME_IN_USE;
    v.attachment_state = ATTACHMENT_ATTACHED;
    ck_assert(!volume_is_moving(&v));
    v.attachment_state = ATTACHMENT_DETACHING;
    ck_assert(volume_is_moving(&v));
    v = (struct volume){.state = VOLUME_AVAILABLE};
    ck_assert(!volume_is_moving(&v));
    v.state = VOLUME_DELETING;
    ck_assert(volume_is_moving(&v));
}
END_TEST

UNIT_SUITE(a_type_brings_its_own_performance, what_a_type_cannot_be_is_refused, names_of_devices,
           what_its_own_job_moves)
