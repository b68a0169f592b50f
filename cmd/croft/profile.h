#pragma once
/*
 * The files of the AWS command line, ~/.aws/config and ~/.aws/credentials: sections of "name =
 * value" lines. Pure: text in, text out.
 */
#include <stddef.h>

#include "base/arena.h"

struct profile_line {
    const char *name;
    const char *value; /* NULL: left as it is */
};

/*
 * The same text, in which the section "[header]" has these lines: where it had others of the name
 * they are replaced, else they are put at its end, and the section at the end of the text.
 * Everything else, comments and blank lines included, stays as it was.
 */
char *profile_edit(struct arena *a, const char *text, const char *header,
                   const struct profile_line *lines, size_t n);

/* A key of the first section that has one, or of what CreateAccessKey answers in JSON. */
struct profile_key {
    const char *id;     /* NULL: none */
    const char *secret; /* likewise */
};
struct profile_key profile_find_key(struct arena *a, const char *text);
