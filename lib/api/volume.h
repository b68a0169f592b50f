#pragma once
/* What the files about volumes share. */
#include "api/call.h"

/* As DescribeVolumes, CreateVolume and the attachment's actions show it. */
void volume_view(struct call *c, const struct volume *v, struct ec2_Volume *out);
void volume_attachment_view(const struct volume *v, struct ec2_VolumeAttachment *out);

/* Enters the state, keeps the row and wakes the workers. */
int volume_move(struct call *c, struct volume *v, enum volume_state to, struct fault *f);

/*
 * Writes the row of a volume, and that of the layer that it writes into: on that of the snapshot,
 * or (NULL) on nothing.
 */
void volume_insert(struct call *c, struct volume *v, const struct snapshot *origin);
