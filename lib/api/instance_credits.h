#pragma once
/* CPU credits of burstable instances: standard or unlimited. */
#include "api/call.h"

/* What a new instance of the type has unless it is told otherwise; NULL: the type is not burstable.
 */
const char *credits_default_of_type(struct call *c, const struct instance_type *type);
int credits_of_launch(struct call *c, const struct ec2_CreditSpecificationRequest *asked,
                      const struct instance_type *type, const char **ret, struct fault *f);
