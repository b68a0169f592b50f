/*
 * --output text, in the AWS CLI's form (User Guide, "Text output format"): a line for each
 * structure, headed by its name in capitals, its scalars sorted by name and separated by tabs;
 * lists and structures below it on lines of their own.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "croft/output.h"

struct keys {
    const char **v;
    size_t n;
};

static void put(struct arena *a, const json_t *value, const char *name, const struct keys *columns,
                struct buf *out);

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void put_scalar(const json_t *value, struct buf *out)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        buf_add(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        buf_printf(out, "%g", json_real_value(value));
        break;
    case JSON_TRUE:
        buf_add_str(out, "True");
        break;
    case JSON_FALSE:
        buf_add_str(out, "False");
        break;
    default:
        buf_add_str(out, "None");
    }
}

static void put_name(const char *name, struct buf *out)
{
    for (; *name != '\0'; name++)
        buf_add_char(out, (char)toupper((unsigned char)*name));
}

static int compare(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Adds the names of the scalars of `object` that are not in the list. */
static void add_keys(struct arena *a, const json_t *object, bool scalars, struct keys *keys)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool known = is_scalar(value) != scalars;

        for (size_t i = 0; i < keys->n && !known; i++)
            known = streq(keys->v[i], key);
        if (!known)
            *arena_append(a, keys) = key;
    }
}

static void sort(struct keys *keys)
{
    if (keys->n > 1)
        qsort(keys->v, keys->n, sizeof(*keys->v), compare);
}

static void put_object(struct arena *a, const json_t *object, const char *name,
                       const struct keys *columns, struct buf *out)
{
    struct keys own = {0}, below = {0};

    if (columns == NULL) {
        add_keys(a, object, true, &own);
        sort(&own);
        columns = &own;
    }
    if (columns->n > 0) {
        if (name != NULL) {
            put_name(name, out);
            buf_add_char(out, '\t');
        }
        for (size_t i = 0; i < columns->n; i++) {
            const json_t *value = json_object_get(object, columns->v[i]);

            if (i > 0)
                buf_add_char(out, '\t');
            /* A member that only other elements of the list have keeps its place, empty. */
            if (value != NULL && is_scalar(value))
                put_scalar(value, out);
        }
        buf_add_char(out, '\n');
    }
    add_keys(a, object, false, &below);
    sort(&below);
    for (size_t i = 0; i < below.n; i++)
        put(a, json_object_get(object, below.v[i]), below.v[i], NULL, out);
}

static void put_list(struct arena *a, const json_t *list, const char *name, struct buf *out)
{
    struct keys columns = {0};
    bool objects = false;
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        if (json_is_object(item)) {
            objects = true;
            add_keys(a, item, true, &columns);
        }
    }
    sort(&columns);
    if (objects) {
        json_array_foreach(list, i, item) put(a, item, name, &columns, out);
        return;
    }
    json_array_foreach(list, i, item)
    {
        if (!is_scalar(item)) {
            put(a, item, name, NULL, out);
            continue;
        }
        if (name != NULL) {
            put_name(name, out);
            buf_add_char(out, '\t');
        }
        put_scalar(item, out);
        buf_add_char(out, '\n');
    }
}

static void put(struct arena *a, const json_t *value, const char *name, const struct keys *columns,
                struct buf *out)
{
    if (json_is_object(value)) {
        put_object(a, value, name, columns, out);
    } else if (json_is_array(value)) {
        put_list(a, value, name, out);
    } else {
        put_scalar(value, out);
        buf_add_char(out, '\n');
    }
}

void text_of_reply(struct arena *a, const json_t *reply, struct buf *out)
{
    put(a, reply, NULL, NULL, out);
}
