#pragma once
/*
 * What a guest shows on its screen: read from the formats in which QEMU gives it (PNG, PPM), and
 * written as the JPEG that EC2 hands out.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define PICTURE_SIDE_MAX  4096
#define PICTURE_BYTES_MAX ((size_t)64 << 20) /* of a file */
#define PICTURE_JPEG_MAX  ((size_t)8 << 20)

struct picture {
    int width;
    int height;
    unsigned char *rgb; /* three bytes a pixel, line by line; free() */
};

/* -EINVAL: it is neither, or larger than a screen is. */
int picture_read(const void *data, size_t len, struct picture *ret, struct err *e);
/* Appends to `out`; -ENOSPC past its limit. */
int picture_to_jpeg(const struct picture *p, struct buf *out, struct err *e);
