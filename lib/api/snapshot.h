#pragma once
/* What the files about snapshots share. */
#include "api/call.h"

void snapshot_view(struct call *c, const struct snapshot *s, struct ec2_Snapshot *out);
int snapshot_check_quota(struct call *c, size_t more, struct fault *f);
/* Can a snapshot of the volume be taken now? */
int snapshot_check_volume(struct call *c, const struct volume *v, struct fault *f);
/* Rows that are not written yet: of a volume (pending), and with the same content as another
 * (pending when it is encrypted and its source is not). */
struct snapshot snapshot_of_volume(struct call *c, const struct volume *v, const char *id,
                                   const char *freeze_id, const char *description);
struct snapshot snapshot_copy(struct call *c, const struct snapshot *source, bool encrypted,
                              const char *description);
/* The row, and its tags. */
void snapshot_forget(struct call *c, const struct snapshot *s);
