#pragma once
/* The disks of a launch: the image's root, grown when asked, and beside it empty ones and those of
 * snapshots. */
#include "api/call.h"

#define VOLUMES_PER_INSTANCE 26

struct launch_volume {
    const char *device_name;
    const struct snapshot *origin; /* NULL: empty */
    const char *volume_type;
    int64_t size_gib;
    int64_t iops; /* 0: not asked for, or none stated */
    int64_t throughput;
    bool delete_on_termination;
};

struct launch_volumes {
    struct launch_volume v[VOLUMES_PER_INSTANCE];
    size_t n; /* v[0] is the root */
};

int launch_volumes_settle(struct call *c, const ec2_RunInstances_in *in, const struct image *image,
                          struct launch_volumes *ret_volumes, struct fault *f);
void launch_volumes_write(struct call *c, const ec2_RunInstances_in *in,
                          const struct launch_volumes *volumes, const struct instance *i);
