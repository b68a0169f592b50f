#pragma once
/*
 * Whether the files of volumes' disks are there: an administrator may move one away, and back. What
 * was found is in the volume's row (missing_since), and DescribeVolumeStatus tells it.
 */
#include "jobs/worker.h"

/* Looks at the files of all volumes, or of one. 0 or -errno. */
int disk_files_look(struct jobs *j, struct arena *a, struct err *e);
int disk_files_look_at(struct jobs *j, struct arena *a, const char *volume_id, struct err *e);
