#pragma once
/*
 * Header fields as they stand on the wire: in order, repeats kept, names in any case, values
 * without the white space around them. Shared by the server, the client and the signatures. The
 * strings belong to whoever made the list, usually an arena.
 */
#include <stddef.h>
#include <strings.h>

struct header {
    const char *name;
    const char *value;
};

struct headers {
    struct header *v;
    size_t n;
};

/* The first value of that name, or NULL. */
static inline const char *headers_get(const struct headers *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++) {
        if (strcasecmp(h->v[i].name, name) == 0)
            return h->v[i].value;
    }
    return NULL;
}
