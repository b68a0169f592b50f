#pragma once
/*
 * A disk image in the ISO 9660 format with a few files in its root. Pure: the same files give the
 * same bytes, and there is no date in it.
 *
 * The files appear twice, as on most discs: under plain names for readers of the bare standard, and
 * under Joliet names for Linux and Windows.
 */
#include <stddef.h>

#include "base/buf.h"

#define ISO9660_FILES_MAX 16

struct iso9660_file {
    const char *name; /* ASCII, at most 30 characters; the list is sorted by name */
    const void *data;
    size_t len;
};

/* Appends the image to `out`; -EINVAL for a list that cannot be put, -ENOSPC past out->max. */
int iso9660_build(const char *label, const struct iso9660_file *files, size_t n, struct buf *out);
