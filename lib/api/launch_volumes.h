#pragma once
/* The volumes of a launch: those of its image, with what the request's mappings make of them. */
#include "api/block_devices.h"

int launch_volumes_settle(struct call *c, const ec2_RunInstances_in *in, const struct image *image,
                          struct block_devices *ret_volumes, struct fault *f);
void launch_volumes_write(struct call *c, const ec2_RunInstances_in *in,
                          const struct block_devices *volumes, const struct instance *i);
