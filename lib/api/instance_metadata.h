#pragma once
/* Options of the metadata service: an instance's, and the account's defaults for a region. */
#include "api/launch_options.h"

/* Those of a new instance (AWS: "Order of precedence for instance metadata options"). */
int metadata_of_launch(struct call *c, const ec2_RunInstances_in *in, struct launch_options *o,
                       struct fault *f);
/* May an instance have them? While its metadata shows tags, their keys are names of paths there. */
int metadata_tags_check(const struct instance *i, const struct ec2_TagList *tags, struct fault *f);
