#pragma once
/*
 * Whose the state is. croftd runs as the user that the state directory belongs to; a backup is made
 * and brought back by root, and what that makes there must not be root's.
 */
#include "base/err.h"

/* Gives plain files and directories of root's in the directory, and files one level below, to the
 * directory's owner, if that is not root and the caller is. */
int owner_give_back(const char *state_dir, struct err *e);
