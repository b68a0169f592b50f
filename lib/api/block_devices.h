#pragma once
/* The disks of a launch or an image, and what a request's block device mappings make of them. */
#include "api/call.h"
#include "core/volume_type.h"

#define VOLUMES_PER_INSTANCE 26

struct block_device {
    const char *device_name;
    const struct snapshot *origin; /* NULL: empty */
    const char *volume_type;
    int64_t size_gib;
    int64_t iops;       /* 0: not asked for */
    int64_t throughput; /* likewise */
    bool delete_on_termination;
    bool encrypted;
    bool fixed; /* it is a volume's: only delete_on_termination is still to choose */
};

struct block_devices {
    const char *root_name;
    struct block_device v[VOLUMES_PER_INSTANCE];
    size_t n;
};

/* Those of an image, the root first. */
void block_devices_of_image(struct call *c, const struct image *image, struct block_devices *ret);
/* Changes those that are there, leaves out those with NoDevice, adds the others. */
int block_devices_apply(struct call *c, const struct ec2_BlockDeviceMappingList *mappings,
                        struct block_devices *d, struct fault *f);
/* What a volume of it has, or why there cannot be one. */
int block_device_performance(const struct block_device *v, struct volume_performance *ret,
                             struct fault *f);
const struct block_device *block_devices_root(const struct block_devices *d);
