#pragma once
/*
 * Which volumes and snapshots are encrypted, and by which of KMS's keys. Croft has no KMS: of each
 * account there is one key in each region, the one that EC2 calls alias/aws/ebs.
 */
#include "api/call.h"

/* Has the account chosen that all its new volumes and copies are encrypted? */
bool encryption_by_default(struct call *c);
/* The account's one key in the region of the call, as an ARN. */
const char *encryption_key(struct call *c);
/* For replies; NULL: it is not encrypted. */
const char *encryption_key_of(struct call *c, bool encrypted);
/*
 * What a request says of a new volume, or of a copy, of `origin` (NULL: of nothing). `encrypted` is
 * what it is without that, and comes back as it is to be. What the account has chosen for all is
 * not looked at: that is for the caller.
 */
int encryption_choose(struct call *c, struct opt_bool asked, const char *kms_key_id,
                      const struct snapshot *origin, bool *encrypted, struct fault *f);
