#pragma once
/* Instance profiles of instances: those of launches, and what instances show. */
#include "api/call.h"
#include "store/identity.h"

/*
 * The profile that a request names, by its name or its ARN and not by both, which the caller may
 * give to an instance; or NULL with the fault.
 */
const struct iam_instance_profile *
instance_profile_find(struct call *c, const struct ec2_IamInstanceProfileSpecification *s,
                      struct fault *f);
/* Gives it to an instance that has none. */
const struct instance_profile_association *
instance_profile_give(struct call *c, const struct iam_instance_profile *profile,
                      const struct instance *i);
struct ec2_IamInstanceProfile *
instance_profile_view(struct arena *a, const struct instance_profile_association *association);
