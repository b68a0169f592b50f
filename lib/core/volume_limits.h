#pragma once
/*
 * What a volume of each type does in a second, and for how long it may do more (AWS: "Amazon EBS
 * volume types"). Pure.
 *
 * A burst comes out of a bucket that a volume at rest fills again, as EC2's credits do; it lasts
 * `seconds` at the burst's rate when nothing flowed back meanwhile.
 */
#include <stdint.h>

#include "core/volume.h"

#define VOLUME_LIMITS_OFF   0
#define VOLUME_LIMITS_ON    1000 /* thousandths of EC2's */
#define VOLUME_LIMITS_MIN   1
#define VOLUME_LIMITS_MAX   100000
#define VOLUME_LIMITS_TEXTS "off, on, or a factor from 0.001 to 100"

struct volume_rate {
    int64_t base;    /* a second; 0: as much as the disk does */
    int64_t burst;   /* at most; 0: no more than base */
    int64_t seconds; /* that the burst lasts; 0: there is none */
};

struct volume_limits {
    struct volume_rate operations;
    struct volume_rate bytes;
    int64_t operation_bytes; /* a larger one counts as several */
};

/* EC2's by a factor in thousandths; VOLUME_LIMITS_OFF: all zero. */
struct volume_limits volume_limits_of(const struct volume *v, int64_t thousandths);
/* -EINVAL for what is none of VOLUME_LIMITS_TEXTS. */
int volume_limits_parse(const char *text, int64_t *ret_thousandths);
