#include "wire/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/check.h"

int value_put_number(const struct wire_field *field, const char *key, int64_t value, void *slot,
                     struct fault *f)
{
    if (check_number(field, key, value, f) < 0)
        return -1;
    if (field->list)
        *(int64_t *)slot = value;
    else
        *(struct opt_int *)slot = wire_int(value);
    return 0;
}

static int put_integer(const struct wire_field *field, const char *key, const char *text,
                       void *slot, struct fault *f)
{
    int64_t value = 0;
    int r = *text == '+' ? -EINVAL : parse_int64(text, &value);
    if (r < 0)
        return check_malformed(field, key, text,
                               r == -ERANGE ? "an integer that is not as large" : "an integer", f);
    return value_put_number(field, key, value, slot, f);
}

static int put_double(const struct wire_field *field, const char *key, const char *text, void *slot,
                      struct fault *f)
{
    char *end = NULL;
    double value = strtod(text, &end);
    /* strtod() also takes white space, hexadecimal, "inf" and "nan". */
    if (text[strspn(text, "0123456789+-.eE")] != '\0' || end == text || *end != '\0' ||
        !isfinite(value))
        return check_malformed(field, key, text, "a decimal number", f);
    if (field->list)
        *(double *)slot = value;
    else
        *(struct opt_double *)slot = wire_double(value);
    return 0;
}

int value_from_text(struct arena *a, const struct wire_field *field, const char *key,
                    const char *text, size_t len, void *slot, struct fault *f)
{
    if (check_supported(field, key, text, f) < 0)
        return -1;
    if (field->kind != WIRE_STR && field->kind != WIRE_BLOB && strlen(text) != len)
        return check_malformed(field, key, NULL, "without NUL characters", f);
    switch (field->kind) {
    case WIRE_STR:
        if (check_text(field, key, text, len, f) < 0)
            return -1;
        *(const char **)slot = arena_strndup(a, text, len);
        return 0;
    case WIRE_INT:
    case WIRE_LONG:
        return put_integer(field, key, text, slot, f);
    case WIRE_DOUBLE:
        return put_double(field, key, text, slot, f);
    case WIRE_BOOL:
        if (!streq(text, "true") && !streq(text, "false"))
            return check_malformed(field, key, text, "true or false", f);
        *(struct opt_bool *)slot = wire_bool(text[0] == 't');
        return 0;
    case WIRE_TIME: {
        int64_t when = 0;
        if (clock_parse_iso8601(text, &when) < 0)
            return check_malformed(field, key, text, "a time such as 2024-01-02T03:04:05Z", f);
        *(struct opt_time *)slot = wire_time(when);
        return 0;
    }
    case WIRE_BLOB: {
        char *data = NULL;
        size_t size = 0;
        if (base64_decode(a, text, len, &data, &size) < 0)
            return check_malformed(field, key, text, "base64", f);
        *(struct wire_blob *)slot = (struct wire_blob){data, size};
        return 0;
    }
    case WIRE_STRUCT:
        break;
    }
    NEVER();
}

const char *value_to_text(const struct wire_field *field, const void *slot,
                          char text[VALUE_TEXT_SIZE])
{
    switch (field->kind) {
    case WIRE_STR:
        return *(const char *const *)slot;
    case WIRE_INT:
    case WIRE_LONG:
        (void)snprintf(text, VALUE_TEXT_SIZE, "%" PRId64,
                       field->list ? *(const int64_t *)slot : ((const struct opt_int *)slot)->v);
        return text;
    case WIRE_DOUBLE:
        /* 15 digits are exact for every decimal number that a table of ours holds. */
        (void)snprintf(text, VALUE_TEXT_SIZE, "%.15g",
                       field->list ? *(const double *)slot : ((const struct opt_double *)slot)->v);
        return text;
    case WIRE_BOOL:
        return ((const struct opt_bool *)slot)->v ? "true" : "false";
    case WIRE_TIME:
        clock_format_iso8601(((const struct opt_time *)slot)->v, text);
        return text;
    case WIRE_BLOB:
    case WIRE_STRUCT:
        break;
    }
    NEVER();
}
