#pragma once
/*
 * The storage driver that keeps qcow2 files below a state directory.
 *
 * Who may read what: the directories are 0711, so that QEMU's user can reach the files it is given
 * by name. All files belong to croftd's user. Images are 0444; what QEMU opens besides has its
 * group: layers and seeds 0440, for every overlay reads a layer and nobody may write it; volumes
 * 0660. Uploads are 0600.
 */
#include "storage/storage.h"

/* Makes the directories below `state_dir` where they are missing. */
int files_storage_new(const char *state_dir, struct storage **ret, struct err *e);

#define FILES_INSTANCES       "instances" /* in it a directory for each */
#define FILES_CONSOLE_LOG     "console.log"
#define FILES_CONSOLE_LOG_OLD "console.log.0" /* when virtlogd's max_size was reached */

/* Opens the console log of an instance, which virtlogd writes and root alone may read. 0 or -errno.
 */
struct files_helper {
    int (*open_console)(void *ctx, const char *instance_id, bool older, int *ret_fd, struct err *e);
    void *ctx;
};

/* Who is asked for what this process may not open. */
void files_storage_set_helper(struct storage *s, const struct files_helper *helper);
