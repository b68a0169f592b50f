#pragma once
/*
 * The EC2 query protocol inwards: `Filter.1.Value.2=x` to the structure of a request.
 *
 *  - List elements are counted from 0, from 1 or, for texts and numbers, not at all (`KeyName=x`);
 *    gaps are closed, order is by number, and no number is above WIRE_LIST_MAX.
 *  - An empty value is an absent parameter, as in EC2; but for members marked keep-empty in the
 *    model (Tag.N.Value, Filter.N.Value.M, BlockDeviceMapping.N.NoDevice), where it is the empty
 *    text. A structure or list element of which nothing is given is absent, too.
 *  - A parameter that comes twice is refused. Action, Version and what belongs to a signature are
 *    passed over.
 *
 * Faults, in this order whatever the order of the pairs: UnknownParameter; a value that is not
 * well-formed or not supported; MissingParameter. They name the key as the client sent it, and
 * never quote what the model calls sensitive.
 */
#include "base/arena.h"
#include "core/fault.h"
#include "wire/form.h"
#include "wire/model.h"

/* *ret_in is the structure of action->input, in the arena; not NULL, even if it has no input. */
int query_decode(struct arena *a, const struct wire_action *action, const struct form *form,
                 void **ret_in, struct fault *f);
