#pragma once
/* One scalar of a request, from the text of a query parameter or of a JSON string. */
#include "base/arena.h"
#include "core/fault.h"
#include "wire/model.h"

/*
 * Checks the text and puts what it says at `slot`: the member, or the element of a list. `text` has
 * a NUL behind its `len` bytes and may hold others. 0, or -1 with the fault raised.
 */
int value_from_text(struct arena *a, const struct wire_field *field, const char *key,
                    const char *text, size_t len, void *slot, struct fault *f);
int value_put_number(const struct wire_field *field, const char *key, int64_t value, void *slot,
                     struct fault *f);
