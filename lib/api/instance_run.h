#pragma once
/*
 * Launching, for whoever does it: RunInstances, and what fulfils a request made earlier. The
 * request is complete (nothing is looked up elsewhere for it) and the caller's principal owns the
 * instances.
 */
#include "api/spot.h"

/* The types of resources that a launch makes, and tags if asked to; NULL-terminated. */
extern const char *const launch_taggable[];

/*
 * Checks everything, then writes the rows and jobs of between MinCount and MaxCount instances into
 * the call's transaction. 0 with the reservation in *out, or the fault, and nothing is written.
 * `spot` is NULL for a launch on demand.
 */
int instance_launch(struct call *c, const ec2_RunInstances_in *in, const struct spot_launch *spot,
                    ec2_RunInstances_out *out, struct fault *f);
/* The checks alone, but for room and addresses, which are taken when it is launched. */
int instance_launch_check(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type **ret_type, struct fault *f);
