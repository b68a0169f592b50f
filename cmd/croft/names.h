#pragma once
/* Names on the command line: AWS's words in the form of the AWS CLI, and the nearest of several. */
#include <stddef.h>

#include "base/arena.h"
#include "wire/model.h"

/* "RunInstances" -> "run-instances", "GatewayARNs" -> "gateway-arns", as botocore's xform_name. */
char *name_of_member(struct arena *a, const char *member);
/* The action whose command is `verb`, in any service; NULL when there is none. */
const struct wire_action *action_of_verb(struct arena *a, const char *verb);

/* Keeps the candidate that is nearest to `name`; start with NULL. */
struct nearest {
    const char *name;
    const char *best;
    size_t distance;
};
void nearest_offer(struct nearest *n, const char *candidate);
