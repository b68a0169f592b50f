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
 * or (NULL) on nothing. A volume of an encrypted snapshot is encrypted.
 */
void volume_insert(struct call *c, struct volume *v, const struct snapshot *origin);
/* The row of the layer alone. Its key is made with its file, unless it stands on an encrypted one.
 */
void volume_insert_layer(struct call *c, const char *id, bool encrypted,
                         const struct snapshot *origin);
