#pragma once
/*
 * Whether the files of volumes and snapshots are there: an administrator may move one away, and
 * back. What was found is in the row (missing_since). DescribeVolumeStatus tells it of a volume; a
 * snapshot is in the state `error` with a reason, so that nothing is made from it.
 */
#include "jobs/worker.h"

/* Looks at the files of all, or of one. 0 or -errno. */
int disk_files_look(struct jobs *j, struct arena *a, struct err *e);
int disk_files_look_at(struct jobs *j, struct arena *a, const char *id, struct err *e);
