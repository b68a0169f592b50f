#pragma once
/* What an account may have together (core/account.h), and what it has. */
#include "api/call.h"
#include "core/account.h"
#include "core/instance_type.h"

/* What the account may have: what the owner gives everybody (or no limit), and its own value if it
 * was given one. */
int64_t quota_otherwise(struct call *c, const char *account_id, enum quota q);
int64_t quota_value(struct call *c, const char *account_id, enum quota q);
/* How much more the caller's account may have; not below 0. */
int64_t quota_left(struct call *c, enum quota q);
/* The quota's fault, when the caller's account may not have so much more: with 0, when it has too
 * much already, as after the rows of a launch. */
int quota_admit(struct call *c, enum quota q, int64_t more, struct fault *f);
/* How many instances of a type the account may start, of at most `want`; below `need`: the fault.
 */
int quota_admit_instances(struct call *c, const struct instance_type *t, bool is_spot, int64_t need,
                          int64_t *want, struct fault *f);
int quota_refuse(struct call *c, enum quota q, int64_t more, struct fault *f);
