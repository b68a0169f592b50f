#pragma once
/*
 * What the model demands of a value, in one place for both decoders. `key` is the parameter's name
 * as the client sent it. All return 0, or -1 with the fault raised.
 */
#include "core/fault.h"
#include "wire/model.h"

/* Most elements a list of a request may have, and the highest number in Prefix.N. */
#define WIRE_LIST_MAX 1000

enum wire_door { WIRE_DOOR_QUERY, WIRE_DOOR_JSON };

/* Clean UTF-8, length, enumeration, shape of an id. */
int check_text(const struct wire_field *field, const char *key, const char *text, size_t len,
               struct fault *f);
int check_number(const struct wire_field *field, const char *key, int64_t value, struct fault *f);
int check_count(const struct wire_field *field, const char *key, size_t n, struct fault *f);
/*
 * The status of a member that is given, with its value as text (NULL: a structure or a list):
 * UnsupportedOperation for what is refused and is not among the values that pass.
 */
int check_supported(const struct wire_field *field, const char *key, const char *text,
                    struct fault *f);
/* A value that cannot be read at all: `what` says what it should be ("an integer"). */
int check_malformed(const struct wire_field *field, const char *key, const char *text,
                    const char *what, struct fault *f);
/* Every required member of `in` and of the structures in it is there. */
int check_required(const struct wire_struct *s, const void *in, enum wire_door door,
                   struct fault *f);
/* Replaces, in place, each byte that is not part of clean UTF-8 by '?'. */
void check_clean(char *text);
