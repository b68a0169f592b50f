#include "wire/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"

/* What is quoted of a client's value; more says nothing new. */
#define QUOTE_MAX 128
#define KEY_MAX   512

void check_clean(char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        size_t n = 1;
        while (n <= 4 && i + n <= len && !text_is_clean_utf8(text + i, n))
            n++;
        if (n <= 4 && i + n <= len) {
            i += n;
        } else {
            text[i++] = '?';
        }
    }
}

/* " (x)", or nothing for what must not be shown. */
struct quote {
    char text[QUOTE_MAX + 8];
};

static const char *quote(const struct wire_field *field, const char *value, struct quote *q)
{
    q->text[0] = '\0';
    if (value == NULL || field->sensitive)
        return q->text;
    (void)snprintf(q->text, sizeof(q->text), " (%.*s)", QUOTE_MAX, value);
    /* The cut may go through a character. */
    check_clean(q->text);
    return q->text;
}

int check_malformed(const struct wire_field *field, const char *key, const char *text,
                    const char *what, struct fault *f)
{
    struct quote q;
    return fault(f, field->malformed, "Value%s for parameter %s is invalid. It must be %s",
                 quote(field, text, &q), key, what);
}

static int check_enumeration(const struct wire_field *field, const char *key, const char *text,
                             struct fault *f)
{
    for (const char *const *value = field->values; *value != NULL; value++)
        if (streq(*value, text))
            return 0;
    _cleanup_buf_ struct buf legal = BUF_INIT(400);
    for (const char *const *value = field->values; *value != NULL && !legal.failed; value++)
        buf_printf(&legal, "%s%s", value == field->values ? "one of " : ", ", *value);
    const char *what = legal.failed ? "one of the values that EC2 documents" : buf_str(&legal);
    return check_malformed(field, key, text, what, f);
}

static int check_length(const struct wire_field *field, const char *key, const char *text,
                        struct fault *f)
{
    if (field->list || (!field->has_min && !field->has_max))
        return 0;
    size_t n = utf8_length(text);
    char what[80];
    if (field->has_min && n < (size_t)field->min) {
        (void)snprintf(what, sizeof(what), "%" PRId32 " characters or longer", field->min);
        return check_malformed(field, key, text, what, f);
    }
    if (field->has_max && n > (size_t)field->max) {
        (void)snprintf(what, sizeof(what), "at most %" PRId32 " characters long", field->max);
        return check_malformed(field, key, text, what, f);
    }
    return 0;
}

int check_text(const struct wire_field *field, const char *key, const char *text, size_t len,
               struct fault *f)
{
    if (!text_is_clean_utf8(text, len))
        return check_malformed(field, key, NULL,
                               "UTF-8 text without control characters that XML forbids", f);
    if (field->values != NULL && check_enumeration(field, key, text, f) < 0)
        return -1;
    if (field->id_prefix != NULL && !id_is_wellformed(text, field->id_prefix)) {
        struct quote q;
        (void)quote(field, text, &q);
        size_t n = strlen(q.text);
        return fault(f, field->malformed, "Invalid id: \"%.*s\" (expecting \"%s-...\")",
                     n > 3 ? (int)n - 3 : 0, q.text + (n > 3 ? 2 : 0), field->id_prefix);
    }
    return check_length(field, key, text, f);
}

int check_number(const struct wire_field *field, const char *key, int64_t value, struct fault *f)
{
    int64_t min = field->kind == WIRE_INT ? INT32_MIN : INT64_MIN;
    int64_t max = field->kind == WIRE_INT ? INT32_MAX : INT64_MAX;
    /* The limits of a list are limits of its length. */
    bool low = field->has_min && !field->list;
    bool high = field->has_max && !field->list;
    if (low)
        min = field->min;
    if (high)
        max = field->max;
    if (value >= min && value <= max)
        return 0;
    char text[24];
    char what[80];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    if (low && !high)
        (void)snprintf(what, sizeof(what), "%" PRId64 " or more", min);
    else
        (void)snprintf(what, sizeof(what), "between %" PRId64 " and %" PRId64, min, max);
    return check_malformed(field, key, text, what, f);
}

int check_count(const struct wire_field *field, const char *key, size_t n, struct fault *f)
{
    if (field->has_max && n > (size_t)field->max)
        return fault(f, field->id_prefix == NULL ? field->malformed : FAULT_INVALID_PARAMETER_VALUE,
                     "The parameter %s has %zu values and takes at most %" PRId32, key, n,
                     field->max);
    if (n > WIRE_LIST_MAX)
        return fault(f, field->id_prefix == NULL ? field->malformed : FAULT_INVALID_PARAMETER_VALUE,
                     "The parameter %s has more than %d values", key, WIRE_LIST_MAX);
    if (field->has_min && n > 0 && n < (size_t)field->min)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The parameter %s has %zu values and takes at least %" PRId32, key, n,
                     field->min);
    return 0;
}

int check_supported(const struct wire_field *field, const char *key, const char *text,
                    struct fault *f)
{
    switch (field->status) {
    case WIRE_OUT:
    case WIRE_YES:
    case WIRE_IGNORE:
        return 0;
    case WIRE_REFUSE_TRUE:
        if (streq(text, "false"))
            return 0;
        break;
    case WIRE_REFUSE:
        for (const char *const *v = field->passes; v != NULL && text != NULL && *v != NULL; v++)
            if (streq(*v, text))
                return 0;
        break;
    }
    struct quote q;
    if (field->passes != NULL && quote(field, text, &q)[0] != '\0')
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "The value%s of the parameter %s is not supported by Croft", q.text, key);
    return fault(f, FAULT_UNSUPPORTED_OPERATION, "The parameter %s is not supported by Croft", key);
}

struct place {
    const struct place *up;
    const struct wire_field *field;
    size_t index;
};

static void add_path(struct buf *out, const struct place *place, enum wire_door door)
{
    if (place->up != NULL) {
        add_path(out, place->up, door);
        const struct place *up = place->up;
        if (up->field->list && door == WIRE_DOOR_QUERY)
            buf_printf(out, ".%zu", up->index + 1);
        else if (up->field->list)
            buf_printf(out, "[%zu]", up->index);
        buf_add_char(out, '.');
    }
    buf_add_str(out, door == WIRE_DOOR_QUERY ? place->field->in : place->field->member);
}

static int check_struct(const struct wire_struct *s, const char *in, enum wire_door door,
                        const struct place *up, struct fault *f)
{
    for (size_t i = 0; i < s->n_in; i++) {
        const struct wire_field *field = s->by_in[i];
        struct place place = {up, field, 0};
        bool set = wire_field_is_set(field, in);
        const void *slot = in + field->offset;
        bool is_text = field->kind == WIRE_STR && !field->list;
        if (field->required &&
            (!set || (is_text && !field->keep_empty && **(const char *const *)slot == '\0'))) {
            _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
            add_path(&key, &place, door);
            return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                         key.failed ? field->member : buf_str(&key));
        }
        if (!set || field->kind != WIRE_STRUCT)
            continue;
        if (!field->list) {
            if (check_struct(field->sub, *(const char *const *)slot, door, &place, f) < 0)
                return -1;
            continue;
        }
        const struct wire_strings *list = slot;
        for (place.index = 0; place.index < list->n; place.index++)
            if (check_struct(field->sub, (const char *)list->v + place.index * field->sub->size,
                             door, &place, f) < 0)
                return -1;
    }
    return 0;
}

int check_required(const struct wire_struct *s, const void *in, enum wire_door door,
                   struct fault *f)
{
    return check_struct(s, in, door, NULL, f);
}
