#pragma once
/* An image as EC2 shows it, and who it is shown to. */
#include "api/call.h"

void image_view(struct call *c, const struct image *i, struct ec2_Image *out);
/* Is one of its disks? */
bool image_is_encrypted(struct call *c, const struct image *i);
/*
 * Is it of one of the owners? self: the caller's own; amazon and other words: the alias that the
 * image was given; else an account. Of no owners at all: yes.
 */
bool image_is_owned(const struct call *c, const struct image *i, const struct wire_strings *owners);
/* May one of the users launch it? The owner may, and everybody (all) where it is public. */
bool image_is_open_to(const struct call *c, const struct image *i,
                      const struct wire_strings *users);
