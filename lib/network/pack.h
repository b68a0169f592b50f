#pragma once
/*
 * Structs as bytes, by their shapes, between croftd, croft-netd and croft-metadata. What is read is
 * checked against the shape's rows: kinds of words, ranges, lengths of lists, and a bound on the
 * memory that it all takes. Both ends are of one build, which the fingerprint of the shapes tells.
 * Pure.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "network/shape.h"

#define PACK_MAX  ((size_t)32 << 20) /* bytes of one struct */
#define PACK_ROOM ((size_t)96 << 20) /* memory that reading one may take, below ARENA_BUDGET */

/* Appends it. What the receiver would refuse is written all the same: it is he who decides. */
void pack_write(const struct shape *shape, const void *from, struct buf *out);
/*
 * Reads the whole of `data` into *to, whose strings and lists are in the arena. -EINVAL: it is not
 * what the shape says, and `e` names the field; -EFBIG: it takes too much memory.
 */
int pack_read(struct arena *a, const struct shape *shape, const void *data, size_t len, void *to,
              struct err *e);
/* The same for the first struct of several: *at moves behind it. */
int pack_read_next(struct arena *a, const struct shape *shape, const void *data, size_t len,
                   size_t *at, void *to, struct err *e);
/* Differs when what is written would. */
uint64_t pack_fingerprint(const struct shape *shape, uint64_t before);
