#pragma once
/*
 * A fingerprint of a decoded request, equal for equal requests whatever door they came through and
 * in whatever order their parameters stood: for client tokens.
 */
#include "base/arena.h"
#include "wire/model.h"

#define WIRE_DIGEST_SIZE 65 /* SHA-256 in hex and a NUL */

/*
 * The canonical JSON of the request without the top-level members named in `without` (a
 * NULL-terminated list such as {"ClientToken", "DryRun", NULL}, or NULL).
 */
void wire_digest(struct arena *a, const struct wire_struct *s, const void *in,
                 const char *const *without, char out[WIRE_DIGEST_SIZE]);
