#pragma once
/*
 * What a volume of each type may be: its size, operations a second and throughput (AWS: "Amazon EBS
 * volume types"). Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fault.h"

#define VOLUME_TYPE_DEFAULT "gp2" /* AWS: CreateVolume; a launch has gp3, as its image says */

struct volume_performance {
    const char *volume_type;
    int64_t size_gib;
    int64_t iops;       /* 0: none stated */
    int64_t throughput; /* MiB a second; 0: none stated */
};

/* All that there are, by number. */
size_t volume_type_count(void);
const char *volume_type_name(size_t i);
/* Can operations a second be asked for? Of the other types they follow from the size. */
bool volume_type_takes_iops(const char *volume_type);
/* Asked for; a member of 0 is not. Fills in the type's own values, or says why it cannot be. */
int volume_performance_settle(struct volume_performance *p, struct fault *f);
