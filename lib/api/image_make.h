#pragma once
/* What RegisterImage, CreateImage and CopyImage share. */
#include "api/block_devices.h"

/* Of a new image of the caller's, in the region of the request. */
int image_check_name(struct call *c, const char *name, struct fault *f);
/* The image as all three begin it; not written yet. */
struct image image_begin(struct call *c, const char *name, const char *description);
/* Writes the row and those of its disks, and tags it. */
void image_insert(struct call *c, const struct image *i, const struct block_devices *devices,
                  const struct ec2_TagSpecificationList *tags);
/* For tags_from_specifications(): image, snapshot. */
extern const char *const image_taggable[];
