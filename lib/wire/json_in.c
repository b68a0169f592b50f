#include "wire/json.h"

#include <jansson.h>
#include <stdio.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/check.h"
#include "wire/value.h"

/*
 * Theory of operation: jansson reads the text, then the members of the model are looked up in its
 * objects, so that recursion is bounded by the model and not by the text. As in query.c an unknown
 * key ends the walk, and the first bad value is kept until the walk is over.
 */
#define KEY_MAX 512

struct decoder {
    struct arena *a;
    bool reply;      /* members of replies; unknown keys are passed over */
    size_t elements; /* of all lists so far */
    struct fault *f;
    struct fault *value;
};

struct path {
    const struct path *up;
    const char *member;
    ssize_t index; /* of a list's element; -1: the member itself */
};

static void add_path(struct buf *out, const struct path *p)
{
    if (p->up != NULL) {
        add_path(out, p->up);
        if (p->index < 0)
            buf_add_char(out, '.');
    }
    if (p->index < 0)
        buf_add_str(out, p->member);
    else
        buf_printf(out, "[%zd]", p->index);
}

static const char *path_text(struct decoder *d, const struct path *p)
{
    _cleanup_buf_ struct buf out = BUF_INIT(KEY_MAX);
    add_path(&out, p);
    return out.failed ? p->member : arena_strdup(d->a, buf_str(&out));
}

static int decode_object(struct decoder *d, const json_t *object, const struct wire_struct *s,
                         char *base, const struct path *up);

/* InvalidParameterValue, and not what a bad text would be: no id was given at all. */
static void wrong_type(struct decoder *d, const struct path *p, const char *what)
{
    (void)fault(d->value, FAULT_INVALID_PARAMETER_VALUE,
                "Value for parameter %s is invalid. It must be %s", path_text(d, p), what);
}

static void decode_number(struct decoder *d, const struct wire_field *field, const json_t *json,
                          void *slot, const struct path *p)
{
    const char *key = path_text(d, p);
    char text[24];
    (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    if (!d->reply && check_supported(field, key, text, d->value) < 0)
        return;
    (void)value_put_number(field, key, json_integer_value(json), slot, d->value);
}

static void decode_real(struct decoder *d, const struct wire_field *field, const json_t *json,
                        void *slot, const struct path *p)
{
    double v = json_number_value(json);
    if (!d->reply && check_supported(field, path_text(d, p), NULL, d->value) < 0)
        return;
    if (field->kind == WIRE_TIME) {
        /* Year 9999 at most: what four digits of a year can show. */
        if (!(v >= 0 && v <= 253402300799.0))
            wrong_type(d, p, "seconds since 1970");
        else
            *(struct opt_time *)slot = wire_time((int64_t)(v * 1000 + 0.5));
    } else if (field->list) {
        *(double *)slot = v;
    } else {
        *(struct opt_double *)slot = wire_double(v);
    }
}

static void decode_scalar(struct decoder *d, const struct wire_field *field, const json_t *json,
                          void *slot, const struct path *p)
{
    switch (field->kind) {
    case WIRE_INT:
    case WIRE_LONG:
        if (json_is_integer(json))
            decode_number(d, field, json, slot, p);
        else
            wrong_type(d, p, "an integer");
        return;
    case WIRE_BOOL:
        if (!json_is_boolean(json)) {
            wrong_type(d, p, "true or false");
            return;
        }
        if (!d->reply && check_supported(field, path_text(d, p),
                                         json_is_true(json) ? "true" : "false", d->value) < 0)
            return;
        *(struct opt_bool *)slot = wire_bool(json_is_true(json));
        return;
    case WIRE_DOUBLE:
        if (json_is_number(json))
            decode_real(d, field, json, slot, p);
        else
            wrong_type(d, p, "a number");
        return;
    case WIRE_TIME:
        if (json_is_number(json)) {
            decode_real(d, field, json, slot, p);
            return;
        }
        break;
    case WIRE_STR:
    case WIRE_BLOB:
        break;
    case WIRE_STRUCT:
        NEVER();
    }
    if (!json_is_string(json)) {
        wrong_type(d, p, "a string");
        return;
    }
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    if (d->reply && field->kind == WIRE_STR)
        *(const char **)slot = arena_strndup(d->a, text, len);
    else
        (void)value_from_text(d->a, field, path_text(d, p), text, len, slot, d->value);
}

/* What a refused member holds is looked at, for unknown keys, and then refused. */
static int decode_value(struct decoder *d, const struct wire_field *field, const json_t *json,
                        void *slot, const struct path *p)
{
    if (field->kind != WIRE_STRUCT) {
        decode_scalar(d, field, json, slot, p);
        return 0;
    }
    if (!json_is_object(json)) {
        wrong_type(d, p, "an object");
        return 0;
    }
    void *sub = field->list ? slot : arena_alloc(d->a, field->sub->size);
    if (!field->list)
        *(void **)slot = sub;
    return decode_object(d, json, field->sub, sub, p);
}

static int decode_list(struct decoder *d, const struct wire_field *field, const json_t *json,
                       struct wire_strings *list, const struct path *p)
{
    if (!json_is_array(json)) {
        wrong_type(d, p, "an array");
        return 0;
    }
    size_t n = json_array_size(json);
    if (!d->reply && check_count(field, path_text(d, p), n, d->value) < 0)
        return 0;
    d->elements += n;
    if (!d->reply && d->elements > JSON_ELEMENTS_MAX)
        return fault(d->f, FAULT_RESOURCE_COUNT_EXCEEDED,
                     "The lists of a request have at most %d elements", JSON_ELEMENTS_MAX);
    size_t size = wire_field_size(field);
    if (d->reply && n == 0)
        wire_list_empty(list);
    for (size_t i = 0; i < n; i++) {
        struct path element = {p, p->member, (ssize_t)i};
        const json_t *value = json_array_get(json, i);
        void *slot = arena_append_to(d->a, (void **)&list->v, &list->n, size);
        if (json_is_null(value))
            wrong_type(d, &element, "a list without null");
        else if (decode_value(d, field, value, slot, &element) < 0)
            return -1;
    }
    return 0;
}

static int decode_member(struct decoder *d, const struct wire_field *field, const json_t *json,
                         char *base, const struct path *p)
{
    char *slot = base + field->offset;
    if (field->list) {
        if (decode_list(d, field, json, (struct wire_strings *)slot, p) < 0)
            return -1;
    } else if (decode_value(d, field, json, slot, p) < 0) {
        return -1;
    }
    bool holds = (json_is_object(json) && json_object_size(json) > 0) ||
                 (json_is_array(json) && json_array_size(json) > 0);
    if (!d->reply && holds && field->status == WIRE_REFUSE)
        (void)check_supported(field, path_text(d, p), NULL, d->value);
    return 0;
}

static int decode_object(struct decoder *d, const json_t *object, const struct wire_struct *s,
                         char *base, const struct path *up)
{
    const char *key = NULL;
    json_t *json = NULL;
    json_object_foreach((json_t *)object, key, json)
    {
        struct path path = {up, key, -1};
        const struct wire_field *field = wire_field_by_member(s, key);
        if (field != NULL && (d->reply ? field->out : field->in) == NULL)
            field = NULL;
        if (field == NULL && d->reply)
            continue;
        if (field == NULL) {
            _cleanup_buf_ struct buf text = BUF_INIT(KEY_MAX);
            add_path(&text, &path);
            if (text.failed)
                return fault(d->f, FAULT_UNKNOWN_PARAMETER,
                             "The parameter %.400s is not recognized", key);
            return fault(d->f, FAULT_UNKNOWN_PARAMETER, "The parameter %s is not recognized",
                         buf_str(&text));
        }
        if (!json_is_null(json) && decode_member(d, field, json, base, &path) < 0)
            return -1;
    }
    return 0;
}

static void free_json(json_t **json)
{
    json_decref(*json);
}

static int decode_text(struct arena *a, const struct wire_struct *s, bool reply, const char *text,
                       size_t len, void **ret, struct fault *f)
{
    if (len > JSON_TEXT_MAX)
        return fault(f, FAULT_MALFORMED_QUERY_STRING, "The body is larger than %zu bytes",
                     JSON_TEXT_MAX);
    json_error_t error = {0};
    _cleanup_(free_json) json_t *json =
        len == 0 ? json_object() : json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    /* jansson's own sentence quotes the text, which may be a secret. */
    if (json == NULL)
        return fault(f, FAULT_MALFORMED_QUERY_STRING,
                     "The body is not JSON: %s at line %d, column %d",
                     json_error_code(&error) == json_error_duplicate_key ? "a key comes twice"
                                                                         : "there is an error",
                     error.line, error.column);
    if (!json_is_object(json))
        return fault(f, FAULT_MALFORMED_QUERY_STRING, "The body is not a JSON object");
    struct fault value = {0};
    struct decoder d = {.a = a, .reply = reply, .f = f, .value = &value};
    char *base = arena_alloc(a, s->size);
    if (decode_object(&d, json, s, base, NULL) < 0)
        return -1;
    if (fault_is_set(&value)) {
        *f = value;
        return -1;
    }
    if (!reply && check_required(s, base, WIRE_DOOR_JSON, f) < 0)
        return -1;
    *ret = base;
    return 0;
}

int json_decode(struct arena *a, const struct wire_action *action, const char *text, size_t len,
                void **ret_in, struct fault *f)
{
    static const struct wire_struct nothing = {.name = "Nothing", .size = 1};
    return decode_text(a, action->input != NULL ? action->input : &nothing, false, text, len,
                       ret_in, f);
}

int json_decode_reply(struct arena *a, const struct wire_struct *s, const char *text, size_t len,
                      void **ret_out, struct fault *f)
{
    return decode_text(a, s, true, text, len, ret_out, f);
}
