#pragma once
/* One scalar: from the text of a query parameter or of a JSON string, and to its text. */
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

#define VALUE_TEXT_SIZE 32 /* of a number, a boolean, a time */

/*
 * The text of a member that is set, or of an element of a list: a text's own (NULL: none), that of
 * a number, a boolean or a time (with its milliseconds) in `text`. Not of blobs and structures.
 */
const char *value_to_text(const struct wire_field *field, const void *slot,
                          char text[VALUE_TEXT_SIZE]);
