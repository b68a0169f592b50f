#include "core/volume_limits.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)
#define TIB ((int64_t)1 << 40)

/* I/O credits: what a full bucket holds. */
#define GP2_CREDITS     5400000
#define GP2_BURST       3000
#define GP2_SMALL_GIB   170
#define SSD_OPERATION   (256 * KIB)
#define HDD_OPERATION   (1024 * KIB)
#define IO1_MIDDLE_IOPS 32000

static int64_t at_most(int64_t value, int64_t max)
{
    return value < max ? value : max;
}

static struct volume_limits gp2(const struct volume *v)
{
    struct volume_limits l = {
        .operations.base = v->iops,
        .bytes.base = (v->size_gib <= GP2_SMALL_GIB ? 128 : 250) * MIB,
        .operation_bytes = SSD_OPERATION,
    };
    if (l.operations.base < GP2_BURST) {
        l.operations.burst = GP2_BURST;
        l.operations.seconds = GP2_CREDITS / GP2_BURST;
    }
    return l;
}

static struct volume_limits gp3(const struct volume *v)
{
    return (struct volume_limits){
        .operations.base = v->iops,
        .bytes.base = v->throughput * MIB,
        .operation_bytes = SSD_OPERATION,
    };
}

/* 500 MiB/s from 2,000 operations on, and 16 KiB for each of them beyond 32,000. */
static struct volume_limits io1(const struct volume *v)
{
    return (struct volume_limits){
        .operations.base = v->iops,
        .bytes.base = v->iops > IO1_MIDDLE_IOPS ? at_most(v->iops * 16 * KIB, 1000 * MIB)
                                                : at_most(v->iops * 256 * KIB, 500 * MIB),
        .operation_bytes = SSD_OPERATION,
    };
}

static struct volume_limits io2(const struct volume *v)
{
    return (struct volume_limits){
        .operations.base = v->iops,
        .bytes.base = at_most(v->iops * 256 * KIB, 4000 * MIB),
        .operation_bytes = SSD_OPERATION,
    };
}

/* Of so many MiB/s for each TiB; a bucket holds as much as the volume. */
static struct volume_limits hdd(const struct volume *v, int64_t base, int64_t burst,
                                int64_t max_base, int64_t max_burst, int64_t operations)
{
    int64_t size = v->size_gib << 30;
    struct volume_limits l = {
        .operations.base = operations,
        .bytes.base = at_most(size / TIB * base * MIB + size % TIB / MIB * base * MIB / (TIB / MIB),
                              max_base * MIB),
        .bytes.burst =
            at_most(size / TIB * burst * MIB + size % TIB / MIB * burst * MIB / (TIB / MIB),
                    max_burst * MIB),
        .operation_bytes = HDD_OPERATION,
    };
    l.bytes.seconds = size / l.bytes.burst;
    return l;
}

/* "Approximately 100 IOPS on average, with a best effort ability to burst to hundreds." */
static struct volume_limits standard(const struct volume *v)
{
    (void)v;
    return (struct volume_limits){
        .operations = {.base = 100, .burst = 200, .seconds = 60},
        .bytes.base = 90 * MIB,
        .operation_bytes = SSD_OPERATION,
    };
}

static struct volume_limits of_type(const struct volume *v)
{
    if (streq(v->volume_type, "gp2"))
        return gp2(v);
    if (streq(v->volume_type, "gp3"))
        return gp3(v);
    if (streq(v->volume_type, "io1"))
        return io1(v);
    if (streq(v->volume_type, "io2"))
        return io2(v);
    if (streq(v->volume_type, "st1"))
        return hdd(v, 40, 250, 500, 500, 500);
    if (streq(v->volume_type, "sc1"))
        return hdd(v, 12, 80, 192, 250, 250);
    return standard(v);
}

static void scale(struct volume_rate *r, int64_t thousandths)
{
    int64_t *all[] = {&r->base, &r->burst};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (*all[i] > 0)
            *all[i] = *all[i] * thousandths < 1000 ? 1 : *all[i] * thousandths / 1000;
    if (r->burst <= r->base)
        r->burst = r->seconds = 0;
}

struct volume_limits volume_limits_of(const struct volume *v, int64_t thousandths)
{
    if (thousandths == VOLUME_LIMITS_OFF)
        return (struct volume_limits){0};
    struct volume_limits l = of_type(v);
    scale(&l.operations, thousandths);
    scale(&l.bytes, thousandths);
    return l;
}

int volume_limits_parse(const char *text, int64_t *ret_thousandths)
{
    if (streq(text, "off") || streq(text, "on")) {
        *ret_thousandths = streq(text, "on") ? VOLUME_LIMITS_ON : VOLUME_LIMITS_OFF;
        return 0;
    }
    const char *dot = strchr(text, '.');
    size_t whole = dot == NULL ? strlen(text) : (size_t)(dot - text);
    size_t places = dot == NULL ? 0 : strlen(dot + 1);
    char digits[10] = "";
    if (whole == 0 || whole > 3 || places > 3 || (dot != NULL && places == 0))
        return -EINVAL;
    memcpy(digits, text, whole);
    if (dot != NULL)
        memcpy(digits + whole, dot + 1, places);
    memset(digits + whole + places, '0', 3 - places);
    int64_t value = 0;
    if (strspn(digits, "0123456789") != strlen(digits) || parse_int64(digits, &value) < 0 ||
        value < VOLUME_LIMITS_MIN || value > VOLUME_LIMITS_MAX)
        return -EINVAL;
    *ret_thousandths = value;
    return 0;
}
