#pragma once
/* Key pairs for the other verbs. */
#include "croft/cli.h"

/*
 * A key pair whose private half is kept here: `croft`, or the first free of croft-2 ... croft-9
 * where that name is somebody else's key; made or imported where it is missing. Exit status.
 */
int key_pair_ready(struct cli *c, const char **ret_name);
/* The file kept for the key pair; NULL when there is none. */
const char *key_file_kept(struct cli *c, const char *key_name);
