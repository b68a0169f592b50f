#pragma once
/* What the files that read policies share. Each returns 0, or -EINVAL with the reason. */
#include <jansson.h>

#include "auth/policy.h"

/* A text, or a list of them that is not empty; booleans and numbers only where `scalars` says so.
 */
int policy_read_texts(struct arena *a, const json_t *value, const char *element, bool scalars,
                      struct policy_texts *ret_texts, struct err *e);
int policy_read_conditions(struct arena *a, const json_t *value, struct policy_statement *s,
                           struct err *e);
