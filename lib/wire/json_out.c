#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "base/check.h"
#include "base/text.h"
#include "wire/check.h"
#include "wire/json.h"

/* Memory is the only thing that can fail while a tree is built, and it ends the process. */
static json_t *made(json_t *json)
{
    CHECK(json != NULL);
    return json;
}

static json_t *text_json(struct arena *a, const char *text, size_t len)
{
    if (text_is_clean_utf8(text, len))
        return made(json_stringn(text, len));
    char *copy = arena_strndup(a, text, len);
    check_clean(copy);
    return made(json_string(copy));
}

static json_t *real_json(double v)
{
    return made(isfinite(v) ? json_real(v) : json_null());
}

static json_t *struct_json(struct arena *a, const struct wire_struct *s, const char *base,
                           unsigned style);

static json_t *element_json(struct arena *a, const struct wire_field *field, const char *slot,
                            unsigned style)
{
    switch (field->kind) {
    case WIRE_STR: {
        const char *text = *(const char *const *)slot;
        return text == NULL ? made(json_null()) : text_json(a, text, strlen(text));
    }
    case WIRE_INT:
    case WIRE_LONG:
        return made(
            json_integer(field->list ? *(const int64_t *)slot : ((const struct opt_int *)slot)->v));
    case WIRE_DOUBLE:
        return real_json(field->list ? *(const double *)slot
                                     : ((const struct opt_double *)slot)->v);
    case WIRE_BOOL:
        return made(json_boolean(((const struct opt_bool *)slot)->v));
    case WIRE_TIME: {
        int64_t ms = ((const struct opt_time *)slot)->v;
        return ms % 1000 == 0 ? made(json_integer(ms / 1000)) : real_json((double)ms / 1000);
    }
    case WIRE_BLOB: {
        const struct wire_blob *blob = (const struct wire_blob *)slot;
        return made(json_string(base64_encode(a, blob->data, blob->len)));
    }
    case WIRE_STRUCT:
        return struct_json(a, field->sub, field->list ? slot : *(const char *const *)slot,
                           style & ~(unsigned)JSON_LISTS);
    }
    NEVER();
}

static json_t *list_json(struct arena *a, const struct wire_field *field, const char *slot,
                         unsigned style)
{
    const struct wire_strings *list = (const struct wire_strings *)slot;
    size_t size = wire_field_size(field);
    json_t *array = made(json_array());
    for (size_t i = 0; i < list->n; i++)
        CHECK(json_array_append_new(
                  array, element_json(a, field, (const char *)list->v + i * size, style)) == 0);
    return array;
}

/* The elements of a map are structures of its key, a text, and its value. */
static json_t *map_json(struct arena *a, const struct wire_field *field, const char *slot,
                        unsigned style)
{
    const struct wire_strings *list = (const struct wire_strings *)slot;
    const struct wire_field *key = &field->sub->fields[0];
    const struct wire_field *value = &field->sub->fields[1];
    json_t *object = made(json_object());
    for (size_t i = 0; i < list->n; i++) {
        const char *entry = (const char *)list->v + i * field->sub->size;
        const char *name = *(const char *const *)(entry + key->offset);
        CHECK(json_object_set_new(object, name,
                                  element_json(a, value, entry + value->offset, style)) == 0);
    }
    return object;
}

static json_t *struct_json(struct arena *a, const struct wire_struct *s, const char *base,
                           unsigned style)
{
    json_t *object = made(json_object());
    for (size_t i = 0; i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        const char *slot = base + field->offset;
        bool set = wire_field_is_set(field, base);
        if (field->list)
            set = set || ((const struct wire_strings *)slot)->v != NULL || (style & JSON_LISTS);
        if (!set)
            continue;
        json_t *json = NULL;
        if (field->sensitive && (style & JSON_REDACT))
            json = made(json_string("***"));
        else if (field->map)
            json = map_json(a, field, slot, style);
        else if (field->list)
            json = list_json(a, field, slot, style);
        else
            json = element_json(a, field, slot, style);
        CHECK(json_object_set_new_nocheck(object, field->member, json) == 0);
    }
    return object;
}

static int add_to_buf(const char *data, size_t len, void *out)
{
    struct buf *b = out;
    buf_add(b, data, len);
    return b->failed ? -1 : 0;
}

static int dump(json_t *json, unsigned style, struct buf *out)
{
    size_t flags = JSON_COMPACT | (style & JSON_SORTED ? JSON_SORT_KEYS : JSON_PRESERVE_ORDER);
    int r = json_dump_callback(json, add_to_buf, out, flags);
    json_decref(json);
    return r < 0 || out->failed ? -EOVERFLOW : 0;
}

int json_encode(struct arena *a, const struct wire_struct *s, const void *value, unsigned style,
                struct buf *out)
{
    return dump(struct_json(a, s, value, style), style, out);
}

static void put_beside(struct arena *a, const struct wire_beside *beside, json_t *json)
{
    if (beside != NULL)
        CHECK(json_object_set_new(json, beside->member,
                                  struct_json(a, beside->shape, beside->value, JSON_PLAIN)) == 0);
}

int json_encode_reply(struct arena *a, const struct wire_action *action, const void *output,
                      const struct wire_beside *beside, struct buf *out)
{
    json_t *json = action->output == NULL ? made(json_object())
                                          : struct_json(a, action->output, output, JSON_LISTS);
    bool says_return =
        action->service->protocol != WIRE_JSON &&
        (action->output == NULL || wire_field_by_member(action->output, "Return") != NULL);
    if (says_return && json_object_get(json, "Return") == NULL)
        CHECK(json_object_set_new(json, "Return", json_true()) == 0);
    put_beside(a, beside, json);
    return dump(json, JSON_PLAIN, out);
}

int json_encode_fault(struct arena *a, const struct fault *f, const struct wire_beside *beside,
                      struct buf *out)
{
    char message[FAULT_MESSAGE_MAX];
    memcpy(message, f->message, sizeof(message));
    check_clean(message);
    json_t *json = made(json_object());
    CHECK(json_object_set_new(json, "__type", json_string(fault_code_name(f->code))) == 0);
    CHECK(json_object_set_new(json, "message", json_string(message)) == 0);
    put_beside(a, beside, json);
    return dump(json, JSON_PLAIN, out);
}
