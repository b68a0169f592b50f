#pragma once
/*
 * May the caller launch this? RunInstances is asked about everything that a launch takes and makes,
 * whether the request, its template or a default says it (AWS: "Resource-level permissions for
 * RunInstances").
 */
#include "api/launch_network.h"
#include "api/launch_options.h"
#include "api/launch_placement.h"
#include "api/launch_template.h"
#include "api/launch_volumes.h"

struct launch_question {
    const ec2_RunInstances_in *asked; /* as it came */
    const ec2_RunInstances_in *whole; /* with what the template gives */
    const struct launch_source *source;
    const struct image *image;
    const struct instance_type *type;
    const struct key_pair *key;                 /* NULL: none */
    const struct iam_instance_profile *profile; /* NULL: none */
    const struct launch_options *options;
    const struct launch_network *network;
    const struct launch_placement *placement;
    const struct block_devices *volumes;
    bool is_spot;
};

int launch_authorize(struct call *c, const struct launch_question *q, struct fault *f);
