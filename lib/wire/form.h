#pragma once
/*
 * application/x-www-form-urlencoded: the query string of a GET and the body of a POST. Everything
 * is copied into the arena and decoded ('+' is a space, then %XX).
 */
#include <stddef.h>

#include "base/arena.h"
#include "core/fault.h"

/* 10,000 tags are 20,000 pairs: far more than any legal request has. */
#define FORM_PAIRS_MAX 20000

struct form_pair {
    const char *name; /* clean UTF-8 */
    const char *value;
    size_t len; /* of the value, which may hold a NUL and anything else */
};

struct form {
    struct form_pair *v;
    size_t n;
};

/*
 * Appends the pairs of `text` to *form, so that a query string and a body make one form. A pair
 * without '=' has the value "". Faults: MalformedQueryString (a bad %XX, a name that is not clean
 * UTF-8), ResourceCountExceeded (more than FORM_PAIRS_MAX).
 */
int form_parse(struct arena *a, const char *text, size_t len, struct form *form, struct fault *f);
/* The first value of this name; NULL when there is none. */
const char *form_get(const struct form *form, const char *name);
