#pragma once
/* Options of the metadata service: an instance's, and the account's defaults for a region. */
#include "api/launch_options.h"

/* Those of a new instance (AWS: "Order of precedence for instance metadata options"). */
int metadata_of_launch(struct call *c, const struct ec2_InstanceMetadataOptionsRequest *asked,
                       struct launch_options *o, struct fault *f);
