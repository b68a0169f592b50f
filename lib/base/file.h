#pragma once
/*
 * Files: whole-file reads with a cap, writes that are either there in full or not at all.
 * All return 0 or -errno with `e` filled in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* All of it, to a descriptor that may block or not. 0 or -errno. */
int write_all(int fd, const void *data, size_t len);
/* Appends the file to `out`; -EFBIG when it does not fit below out->max. */
int file_read(const char *path, struct buf *out, struct err *e);
/* Writes under a temporary name beside `path`, syncs, renames, syncs the directory. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e);
/* Syncs `from` and renames it to `to` durably (both in one file system). */
int file_commit(const char *from, const char *to, struct err *e);
/* A missing file is success. */
int file_remove(const char *path, struct err *e);
bool file_exists(const char *path);
/* Makes the directory and its parents; an existing one is success (its mode is left alone). */
int dir_make(const char *path, mode_t mode, struct err *e);
/* Removes a directory of ours with everything below it; a missing one is success. */
int dir_remove(const char *path, struct err *e);
