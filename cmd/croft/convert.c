#include "croft/convert.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/text.h"
#include "croft/cli.h"
#include "croft/names.h"

static const char *kind_name(const struct wire_field *field)
{
    switch (field->kind) {
    case WIRE_STR:
        return "a text";
    case WIRE_INT:
    case WIRE_LONG:
        return "a whole number";
    case WIRE_DOUBLE:
        return "a number";
    case WIRE_BOOL:
        return "true or false";
    case WIRE_TIME:
        return "a time";
    case WIRE_BLOB:
        return "base64";
    case WIRE_STRUCT:
        return "a structure";
    }
    return "a value";
}

static json_t *wrong(struct err *e, const struct wire_field *field, const char *path,
                     const json_t *value)
{
    _cleanup_free_ char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    if (field->sensitive || text == NULL || strlen(text) > 80)
        err_set(e, EINVAL, "%s takes %s", path, kind_name(field));
    else
        err_set(e, EINVAL, "%s takes %s, not %s", path, kind_name(field), text);
    return NULL;
}

json_t *convert_word(struct arena *a, const struct wire_field *field, const char *path,
                     const char *word, struct err *e)
{
    _cleanup_json_ json_t *text = json_string(word);
    int64_t number;
    char *end = NULL, *data;
    double real;
    size_t len;

    if (text == NULL) {
        err_set(e, EINVAL, "%s is not valid UTF-8 text", path);
        return NULL;
    }
    switch (field->kind) {
    case WIRE_INT:
        if (parse_int64(word, &number) == 0 && number >= INT32_MIN && number <= INT32_MAX)
            return json_integer(number);
        return wrong(e, field, path, text);
    case WIRE_LONG:
        if (parse_int64(word, &number) == 0)
            return json_integer(number);
        return wrong(e, field, path, text);
    case WIRE_DOUBLE:
        real = strtod(word, &end);
        if (end != word && *end == '\0' && isfinite(real))
            return json_real(real);
        return wrong(e, field, path, text);
    case WIRE_BOOL:
        if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0)
            return json_boolean(strcasecmp(word, "true") == 0);
        return wrong(e, field, path, text);
    case WIRE_BLOB:
        if (base64_decode(a, word, strlen(word), &data, &len) == 0)
            return TAKE(text);
        err_set(e, EINVAL, "%s takes base64; fileb://FILE reads the bytes of a file", path);
        return NULL;
    case WIRE_STRUCT:
        return wrong(e, field, path, text);
    case WIRE_STR:
    case WIRE_TIME: /* the server reads ISO 8601 */
        break;
    }
    return TAKE(text);
}

static json_t *convert_scalar(struct arena *a, const struct wire_field *field, const char *path,
                              const json_t *value, enum strictness strictness, struct err *e)
{
    bool fits = false;

    if (json_is_string(value) && (strictness == CONVERT_WORDS || field->kind == WIRE_STR ||
                                  field->kind == WIRE_TIME || field->kind == WIRE_BLOB))
        return convert_word(a, field, path, json_string_value(value), e);
    switch (field->kind) {
    case WIRE_INT:
    case WIRE_LONG:
        fits = json_is_integer(value) &&
               (field->kind == WIRE_LONG ||
                (json_integer_value(value) >= INT32_MIN && json_integer_value(value) <= INT32_MAX));
        break;
    case WIRE_DOUBLE:
    case WIRE_TIME:
        fits = json_is_number(value);
        break;
    case WIRE_BOOL:
        fits = json_is_boolean(value);
        break;
    case WIRE_STR:
    case WIRE_BLOB:
    case WIRE_STRUCT:
        break;
    }
    return fits ? json_deep_copy(value) : wrong(e, field, path, value);
}

static json_t *convert_one(struct arena *a, const struct wire_field *field, const char *path,
                           const json_t *value, enum strictness strictness, struct err *e)
{
    if (field->kind == WIRE_STRUCT)
        return convert_struct(a, field->sub, path, value, strictness, e);
    return convert_scalar(a, field, path, value, strictness, e);
}

json_t *convert_member(struct arena *a, const struct wire_field *field, const char *path,
                       const json_t *value, enum strictness strictness, struct err *e)
{
    _cleanup_json_ json_t *list = NULL;
    size_t i;
    json_t *item;

    if (!field->list)
        return convert_one(a, field, path, value, strictness, e);
    list = json_array();
    if (!json_is_array(value)) {
        if (strictness == CONVERT_JSON) {
            err_set(e, EINVAL, "%s takes a list", path);
            return NULL;
        }
        item = convert_one(a, field, path, value, strictness, e);
        if (item == NULL)
            return NULL;
        json_array_append_new(list, item);
        return TAKE(list);
    }
    json_array_foreach(value, i, item)
    {
        json_t *made =
            convert_one(a, field, arena_printf(a, "%s[%zu]", path, i), item, strictness, e);
        if (made == NULL)
            return NULL;
        json_array_append_new(list, made);
    }
    return TAKE(list);
}

static json_t *unknown_member(struct arena *a, const struct wire_struct *s, const char *path,
                              const char *key, struct err *e)
{
    struct nearest nearest = {.name = key};
    const char *names = "";

    for (size_t i = 0; i < s->n; i++) {
        if (!is_input(&s->fields[i]))
            continue;
        nearest_offer(&nearest, s->fields[i].member);
        names = arena_printf(a, "%s%s%s", names, *names == '\0' ? "" : ", ", s->fields[i].member);
    }
    if (nearest.best != NULL)
        err_set(e, EINVAL, "%s has no '%s'; is it '%s'?", path, key, nearest.best);
    else
        err_set(e, EINVAL, "%s has no '%s'; there are: %s", path, key, names);
    return NULL;
}

json_t *convert_struct(struct arena *a, const struct wire_struct *s, const char *path,
                       const json_t *value, enum strictness strictness, struct err *e)
{
    _cleanup_json_ json_t *made = json_object();
    const char *key;
    json_t *item;

    if (!json_is_object(value)) {
        err_set(e, EINVAL, "%s takes a structure: Member=value,... or JSON", path);
        return NULL;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        const struct wire_field *field = wire_field_by_member(s, key);
        json_t *converted;

        if (field == NULL || !is_input(field))
            return unknown_member(a, s, path, key, e);
        if (json_is_null(item)) {
            err_set(e, EINVAL, "%s.%s is null: leave it out", path, key);
            return NULL;
        }
        converted =
            convert_member(a, field, arena_printf(a, "%s.%s", path, key), item, strictness, e);
        if (converted == NULL)
            return NULL;
        json_object_set_new(made, key, converted);
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->fields[i].required && is_input(&s->fields[i]) &&
            json_object_get(made, s->fields[i].member) == NULL) {
            err_set(e, EINVAL, "%s needs %s", path, s->fields[i].member);
            return NULL;
        }
    }
    return TAKE(made);
}
