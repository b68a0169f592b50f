#pragma once
/*
 * Values of a request against the model: what the command line gave, made into the JSON that the
 * server takes, or refused by name before anything is sent.
 */
#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "wire/model.h"

enum strictness {
    CONVERT_WORDS, /* from words and shorthand: "20" is a number, `a` a list of one */
    CONVERT_JSON,  /* from JSON: every value has its own type */
};

/*
 * Converts in place of a member or of one whole list; `path` names it in the message
 * ("--filters[0].Name"). A new value, or NULL with e; `value` stays the caller's.
 */
json_t *convert_member(struct arena *a, const struct wire_field *field, const char *path,
                       const json_t *value, enum strictness strictness, struct err *e);
json_t *convert_struct(struct arena *a, const struct wire_struct *s, const char *path,
                       const json_t *value, enum strictness strictness, struct err *e);
/* One word as a scalar. */
json_t *convert_word(struct arena *a, const struct wire_field *field, const char *path,
                     const char *word, struct err *e);
/* Members that belong to requests: those of replies alone are not to be given. */
static inline bool is_input(const struct wire_field *field)
{
    return field->status != WIRE_OUT && field->in != NULL;
}
