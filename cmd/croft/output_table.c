/*
 * --output table of any reply: scalars as `Name  value`, a list of flat structures as a table where
 * it fits, everything else as an outline that is indented by its depth.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "croft/output.h"
#include "croft/table.h"

#define INDENT 2

static void put_members(struct arena *a, const json_t *object, size_t depth, size_t width,
                        struct buf *out);

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static const char *scalar(struct arena *a, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return arena_printf(a, "%g", json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    default:
        return "-";
    }
}

static const char *indent_of(struct arena *a, size_t depth)
{
    return arena_printf(a, "%*s", (int)(depth * INDENT), "");
}

/* {"Code": 16, "Name": "running"} beside its name: a structure of a few scalars is one line. */
static const char *one_line(struct arena *a, const json_t *value)
{
    const char *text = "", *key;
    json_t *member;

    if (is_scalar(value))
        return scalar(a, value);
    if (!json_is_object(value) || json_object_size(value) > 3)
        return NULL;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (!is_scalar(member))
            return NULL;
        text =
            arena_printf(a, "%s%s%s=%s", text, *text == '\0' ? "" : ", ", key, scalar(a, member));
    }
    return text;
}

/* The table of a list whose elements have nothing but scalars; false when it is none or too wide.
 */
static bool put_table(struct arena *a, const json_t *list, size_t depth, size_t width,
                      struct buf *out)
{
    struct column columns[TABLE_COLUMNS_MAX];
    _cleanup_buf_ struct buf built = BUF_INIT(OUTPUT_MAX);
    struct table t = {.columns = columns};
    size_t i, longest = 0, line = 0;
    json_t *item, *member;
    const char *key;

    json_array_foreach(list, i, item)
    {
        if (!json_is_object(item))
            return false;
        json_object_foreach(item, key, member)
        {
            size_t k = 0;

            while (k < t.n_columns && !streq(columns[k].head, key))
                k++;
            if (k == TABLE_COLUMNS_MAX || one_line(a, member) == NULL)
                return false;
            if (k == t.n_columns)
                columns[t.n_columns++] = (struct column){.head = key};
        }
    }
    if (t.n_columns == 0)
        return false;
    json_array_foreach(list, i, item)
    {
        struct table_row *row = table_add(a, &t);
        for (size_t k = 0; k < t.n_columns; k++) {
            member = json_object_get(item, columns[k].head);
            row->cells[k].text = member == NULL ? NULL : one_line(a, member);
        }
    }
    table_build(a, &t, WIDTH_UNLIMITED, false, indent_of(a, depth), &built);
    for (i = 0; i < built.len; i += line + 1) {
        size_t n;
        line = strcspn(built.data + i, "\n");
        n = text_columns(arena_strndup(a, built.data + i, line));
        if (n > longest)
            longest = n;
    }
    if (width != WIDTH_UNLIMITED && longest > width)
        return false;
    buf_add(out, built.data, built.len);
    return true;
}

static void put_list(struct arena *a, const char *name, const json_t *list, size_t depth,
                     size_t width, struct buf *out)
{
    size_t i;
    json_t *item;

    buf_printf(out, "%s%s", indent_of(a, depth), name);
    if (json_array_size(list) == 0) {
        buf_add_str(out, "  (none)\n");
        return;
    }
    buf_add_char(out, '\n');
    if (put_table(a, list, depth + 1, width, out))
        return;
    json_array_foreach(list, i, item)
    {
        if (is_scalar(item)) {
            buf_printf(out, "%s%s\n", indent_of(a, depth + 1), text_harmless(a, scalar(a, item)));
        } else {
            buf_printf(out, "%s[%zu]\n", indent_of(a, depth + 1), i);
            put_members(a, item, depth + 2, width, out);
        }
    }
}

/* Lines of a text that has several (a console's output, a key) stand below the name. */
static void put_text(struct arena *a, const char *text, size_t depth, struct buf *out)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        buf_printf(out, "%s%s\n", indent_of(a, depth), text_harmless(a, arena_strndup(a, text, n)));
        text += n + (text[n] != '\0');
    }
}

static void put_member(struct arena *a, const char *name, size_t name_width, const json_t *value,
                       size_t depth, size_t width, struct buf *out)
{
    const char *text = one_line(a, value);

    if (json_is_array(value)) {
        put_list(a, name, value, depth, width, out);
    } else if (text != NULL && strchr(text, '\n') == NULL) {
        buf_printf(out, "%s%-*s  %s\n", indent_of(a, depth), (int)name_width, name,
                   text_harmless(a, *text == '\0' ? "-" : text));
    } else if (text != NULL) {
        buf_printf(out, "%s%s\n", indent_of(a, depth), name);
        put_text(a, text, depth + 1, out);
    } else {
        buf_printf(out, "%s%s\n", indent_of(a, depth), name);
        put_members(a, value, depth + 1, width, out);
    }
}

static void put_members(struct arena *a, const json_t *object, size_t depth, size_t width,
                        struct buf *out)
{
    size_t name_width = 0;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!json_is_array(value) && one_line(a, value) != NULL && strlen(key) > name_width)
            name_width = strlen(key);
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
        put_member(a, key, name_width, value, depth, width, out);
}

void table_of_reply(struct arena *a, const json_t *reply, size_t columns, struct buf *out)
{
    put_members(a, reply, 0, columns, out);
}
