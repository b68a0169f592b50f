#pragma once
/*
 * Buckets: directories that stand for S3's, below one directory of the server. Images come from
 * there and go there. Whoever puts files in may be somebody whom root should not follow, so a path
 * is walked by the kernel without leaving the directory (openat2(2), RESOLVE_BENEATH), through no
 * symbolic link, and what it leads to is a plain file or nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* May it be the path of something in a bucket: no empty part, no "." or ".."? */
bool bucket_path_ok(const char *path);
/*
 * Opens a plain file to read. -ENOENT: there is none; -EINVAL: the path leads to something else;
 * -EXDEV, -ELOOP: it leads out of the directory, or through a link.
 */
int bucket_open(const char *directory, const char *path, int *ret_fd, struct err *e);
/*
 * Moves the file at `from` into `directory`/`folder` as `name`. The first part of the folder is the
 * bucket, which must be there; the others are made. The file gets the bucket's owner, who alone
 * may read it. Nothing is overwritten: -EEXIST.
 */
int bucket_put(const char *directory, const char *folder, const char *name, const char *from,
               struct err *e);
/* The same path, is something there? */
int bucket_has(const char *directory, const char *folder, const char *name, bool *ret,
               struct err *e);
