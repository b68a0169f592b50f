#pragma once
/* What the files about snapshots share. */
#include "api/call.h"

#define SNAPSHOT_NO_VOLUME                                                                         \
    "vol-ffffffff" /* EC2's word for the volume of one that was not made from one */

void snapshot_view(struct call *c, const struct snapshot *s, struct ec2_Snapshot *out);
/* The row, and its tags. */
void snapshot_forget(struct call *c, const struct snapshot *s);
