#pragma once
/*
 * The shorthand syntax of the AWS CLI (User Guide, "Using shorthand syntax"):
 * `Name=x,Values=a,b`, `ResourceType=instance,Tags=[{Key=Name,Value=x}]`.
 *
 * The syntax knows no types: every value comes out as a text, a list or an object of such;
 * convert.h makes them what the model asks for. Quirks that scripts rely on are kept: `a=b,c` is a
 * list, `\,` is a comma, an empty value is an empty text.
 */
#include <jansson.h>

#include "base/err.h"

#define SHORTHAND_DEPTH_MAX 32

/* A new object, or NULL with a sentence that points at the place. */
json_t *shorthand_parse(const char *text, struct err *e);
