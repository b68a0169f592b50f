#pragma once
/*
 * What imports and exports share. There is no S3 here: a bucket is a directory below the one that
 * the configuration names (bucket_directory), and a key the path of a file in it.
 */
#include "api/call.h"

/* Is there a bucket of such a name, may it be a key: S3's own rules, and no part "..". */
int bucket_check(const char *bucket, const char *key, struct fault *f);
/* One more import or export of the caller's? */
int transfer_check_quota(struct call *c, struct fault *f);
/* "42", or NULL when there is nothing to say. */
const char *transfer_percent(struct call *c, int state, int64_t percent);
/* The state after a cancellation, or the fault. */
int transfer_cancel(const char *id, int *state, struct fault *f);
