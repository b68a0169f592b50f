#pragma once
/*
 * Room on the disk. Volumes are thin, so what is promised may be more than there is; but a volume
 * that could never be filled is refused, and so is a guest that would be paused at once.
 */
#include "api/call.h"

/* Of a launch, whose guest is admitted by itself: could the volume ever be filled? */
int disk_admit_size(struct call *c, int64_t size_gib, struct fault *f);
/* The same, and there is room for any volume at all. */
int disk_admit_volume(struct call *c, int64_t size_gib, struct fault *f);
int disk_admit_guest(struct call *c, struct fault *f);
