#pragma once
/*
 * The storage driver that keeps qcow2 files below a state directory.
 *
 * Who may read what: the directories are 0711, so that QEMU's user can reach the files it is given
 * by name. Layers are root's and 0444: every overlay reads them and nobody may write them. Volumes,
 * seeds and uploads are 0600; libvirt gives a volume to QEMU's user while its domain runs and takes
 * it back afterwards (dynamic_ownership).
 */
#include "storage/storage.h"

/* Makes the directories below `state_dir` where they are missing. */
int files_storage_new(const char *state_dir, struct storage **ret, struct err *e);
