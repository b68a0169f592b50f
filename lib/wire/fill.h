#pragma once
/*
 * From one structure of the model into another, by the names of their members: a default under a
 * request, a request's shape into a reply's. What `to` gives stays; what it does not give is copied
 * from `from`, where both shapes have a member of that name. Structures are filled member by
 * member. Nothing of `from` is shared with `to` but texts, so filling a zeroed structure from
 * another of its own shape makes a copy that may be changed.
 *
 * A list that `to` gives stays as it is, but for those that a rule names: they are merged. Their
 * elements are told apart by one member, elements that both have are filled, others of `from`
 * follow behind.
 */
#include "base/arena.h"
#include "wire/model.h"

struct wire_fill_rule {
    const char *list; /* "BlockDeviceMappings": in any structure */
    const char *key;  /* "DeviceName": a text or a number; an element without it is like no other */
    /* Members that belong together: an element of `to` that gives any of them gets none of the
       others from `from`. NULL-terminated. */
    const char *const *together;
};

/* `rules` end with one whose `list` is NULL; NULL: none. */
void wire_fill(struct arena *a, const struct wire_struct *to_shape, void *to,
               const struct wire_struct *from_shape, const void *from,
               const struct wire_fill_rule *rules);
