#include "wire/query.h"

#include <stdlib.h>

#include "base/text.h"
#include "wire/check.h"
#include "wire/value.h"

/*
 * Theory of operation: the pairs are sorted by the segments of their names, numbers by value. All
 * pairs of one structure, and of one element of a list, then lie side by side, and a recursive
 * descent over ranges of the array, bounded by the depth of the model, decodes each range into its
 * structure. A repeated parameter is a neighbour of its double.
 *
 * An unknown name ends the walk at once. A bad value is noted, the first of them, and the walk goes
 * on, because a name that is not known is the graver fault.
 */
struct decoder {
    struct arena *a;
    const struct wire_service *service;
    const struct form_pair **pairs;
    struct fault *f;     /* unknown names */
    struct fault *value; /* the first bad value */
};

static bool is_number(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return len > 0;
}

static int compare_segment(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (is_number(a, a_len) && is_number(b, b_len)) {
        for (; a_len > 0 && *a == '0'; a_len--)
            a++;
        for (; b_len > 0 && *b == '0'; b_len--)
            b++;
        if (a_len != b_len)
            return a_len < b_len ? -1 : 1;
    }
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    if (order != 0)
        return order;
    return a_len < b_len ? -1 : a_len > b_len;
}

static int compare_pairs(const void *left, const void *right)
{
    const char *a = (*(const struct form_pair *const *)left)->name;
    const char *b = (*(const struct form_pair *const *)right)->name;
    for (;;) {
        size_t a_len = strcspn(a, ".");
        size_t b_len = strcspn(b, ".");
        int order = compare_segment(a, a_len, b, b_len);
        if (order != 0)
            return order;
        a += a_len;
        b += b_len;
        if (*a == '\0' || *b == '\0')
            return (*a != '\0') - (*b != '\0');
        a++;
        b++;
    }
}

/* What every request may carry beside the action's own parameters. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {
        "Action",           "Version",   "AWSAccessKeyId", "Signature",     "SignatureMethod",
        "SignatureVersion", "Timestamp", "Expires",        "SecurityToken",
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (streq(names[i], name))
            return true;
    return has_prefix(name, "X-Amz-");
}

static int unknown(struct decoder *d, const struct form_pair *pair)
{
    return fault(d->f, FAULT_UNKNOWN_PARAMETER, "The parameter %.400s is not recognized",
                 pair->name);
}

static void twice(struct decoder *d, const struct form_pair *pair)
{
    (void)fault(d->value, FAULT_INVALID_PARAMETER_VALUE,
                "The parameter %.400s comes more than once", pair->name);
}

/* The end of the run of pairs that share, at `at`, the segment of pair `i`. */
static size_t run_end(const struct decoder *d, size_t i, size_t end, size_t at, size_t len)
{
    const char *name = d->pairs[i]->name + at;
    size_t j = i + 1;
    while (j < end) {
        const char *other = d->pairs[j]->name + at;
        if (strncmp(other, name, len) != 0 || (other[len] != '\0' && other[len] != '.'))
            break;
        j++;
    }
    return j;
}

/* Each returns the number of values that were given, or -1 for an unknown name. */
static int decode_struct(struct decoder *d, size_t i, size_t end, size_t at,
                         const struct wire_struct *s, char *base, const struct wire_field *refused);

static int decode_scalar(struct decoder *d, size_t i, size_t end, size_t at,
                         const struct wire_field *field, void *slot,
                         const struct wire_field *refused)
{
    const struct form_pair *pair = d->pairs[i];
    for (size_t j = i; j < end; j++)
        if (d->pairs[j]->name[at] != '\0')
            return unknown(d, d->pairs[j]);
    if (end - i > 1) {
        twice(d, pair);
        return 0;
    }
    if (pair->len == 0 && !field->keep_empty)
        return 0;
    if (refused != NULL)
        (void)check_supported(refused, pair->name, NULL, d->value);
    else
        (void)value_from_text(d->a, field, pair->name, pair->value, pair->len, slot, d->value);
    return 1;
}

/* The number of a list element; -1: not a number, WIRE_LIST_MAX + 1: too high or not canonical. */
static int element_number(const char *s, size_t len)
{
    if (!is_number(s, len))
        return -1;
    if (len > 4 || (len > 1 && s[0] == '0'))
        return WIRE_LIST_MAX + 1;
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n = n * 10 + (s[i] - '0');
    return n > WIRE_LIST_MAX ? WIRE_LIST_MAX + 1 : n;
}

static int decode_element(struct decoder *d, size_t i, size_t end, size_t at,
                          const struct wire_field *field, struct wire_strings *list,
                          const struct wire_field *refused)
{
    size_t size = wire_field_size(field);
    void *element = arena_alloc(d->a, size);
    int given = 0;
    if (field->kind != WIRE_STRUCT) {
        given = decode_scalar(d, i, end, at, field, element, refused);
    } else {
        /* `Filter.1=`, with nothing in it, asks for nothing, however often it comes. */
        for (; i < end && d->pairs[i]->name[at] == '\0'; i++)
            if (d->pairs[i]->len > 0)
                return unknown(d, d->pairs[i]);
        if (i < end)
            given = decode_struct(d, i, end, at + 1, field->sub, element, refused);
    }
    if (given > 0)
        memcpy(arena_append_to(d->a, (void **)&list->v, &list->n, size), element, size);
    return given;
}

static int decode_list(struct decoder *d, size_t i, size_t end, size_t at,
                       const struct wire_field *field, struct wire_strings *list,
                       const struct wire_field *refused)
{
    int total = 0;
    char *key = arena_strndup(d->a, d->pairs[i]->name, at);
    bool bare = false;
    for (; i < end && d->pairs[i]->name[at] == '\0'; i++) {
        /* `KeyName=x`: libcloud and the Perl clients count only what they have several of. */
        const struct form_pair *pair = d->pairs[i];
        if (pair->len == 0 && !field->keep_empty)
            continue;
        if (field->kind == WIRE_STRUCT)
            return unknown(d, pair);
        if (bare)
            twice(d, pair);
        bare = true;
        total += decode_element(d, i, i + 1, at, field, list, refused);
    }
    while (i < end) {
        const char *segment = d->pairs[i]->name + at + 1;
        size_t len = strcspn(segment, ".");
        size_t next = run_end(d, i, end, at + 1, len);
        int number = element_number(segment, len);
        if (number < 0)
            return unknown(d, d->pairs[i]);
        if (bare)
            (void)fault(d->value, FAULT_INVALID_PARAMETER_VALUE,
                        "The parameter %.400s comes with and without a number", key);
        struct wire_strings *into = list;
        struct wire_strings nowhere = {0};
        if (number > WIRE_LIST_MAX) {
            into = &nowhere;
            (void)fault(d->value,
                        field->id_prefix == NULL && field->kind == WIRE_STRUCT
                            ? field->malformed
                            : FAULT_INVALID_PARAMETER_VALUE,
                        "The number in %.400s is not one from 0 to %d", d->pairs[i]->name,
                        WIRE_LIST_MAX);
        }
        int given = decode_element(d, i, next, at + 1 + len, field, into, refused);
        if (given < 0)
            return -1;
        total += given;
        i = next;
    }
    (void)check_count(field, key, list->n, d->value);
    return total;
}

static int decode_field(struct decoder *d, size_t i, size_t end, size_t at,
                        const struct wire_field *field, char *base,
                        const struct wire_field *refused)
{
    void *slot = base + field->offset;
    bool scalar = !field->list && field->kind != WIRE_STRUCT;
    if (refused == NULL && field->status == WIRE_REFUSE && !scalar)
        refused = field;
    if (field->list) {
        /* The query protocol proper (sts) says X.member.N. */
        static const char member[] = ".member";
        size_t skip = 0;
        if (d->service->protocol != WIRE_EC2 && has_prefix(d->pairs[i]->name + at, member))
            skip = sizeof(member) - 1;
        for (size_t j = i; skip > 0 && j < end; j++)
            if (!has_prefix(d->pairs[j]->name + at, member))
                return unknown(d, d->pairs[j]);
        return decode_list(d, i, end, at + skip, field, slot, refused);
    }
    if (scalar)
        return decode_scalar(d, i, end, at, field, slot, refused);
    while (i < end && d->pairs[i]->name[at] == '\0') {
        if (d->pairs[i]->len > 0)
            return unknown(d, d->pairs[i]);
        i++;
    }
    if (i == end)
        return 0;
    void *sub = arena_alloc(d->a, field->sub->size);
    int given = decode_struct(d, i, end, at + 1, field->sub, sub, refused);
    if (given > 0)
        *(void **)slot = sub;
    return given;
}

static int decode_struct(struct decoder *d, size_t i, size_t end, size_t at,
                         const struct wire_struct *s, char *base, const struct wire_field *refused)
{
    int total = 0;
    while (i < end) {
        const struct form_pair *pair = d->pairs[i];
        const char *segment = pair->name + at;
        size_t len = strcspn(segment, ".");
        size_t next = run_end(d, i, end, at, len);
        const struct wire_field *field = wire_field_by_in(s, segment, len);
        if (field == NULL) {
            if (at > 0 || !is_reserved(pair->name))
                return unknown(d, pair);
            if (next > i + 1)
                twice(d, pair);
            i = next;
            continue;
        }
        int given = decode_field(d, i, next, at + len, field, base, refused);
        if (given < 0)
            return -1;
        total += given;
        i = next;
    }
    return total;
}

int query_decode(struct arena *a, const struct wire_action *action, const struct form *form,
                 void **ret_in, struct fault *f)
{
    static const struct wire_struct nothing = {.name = "Nothing", .size = 1};
    const struct wire_struct *s = action->input != NULL ? action->input : &nothing;
    struct fault value = {0};
    struct decoder d = {a, action->service, arena_array(a, form->n, const struct form_pair *), f,
                        &value};
    for (size_t i = 0; i < form->n; i++)
        d.pairs[i] = &form->v[i];
    if (form->n > 1)
        qsort(d.pairs, form->n, sizeof(*d.pairs), compare_pairs);
    char *in = arena_alloc(a, s->size);
    if (decode_struct(&d, 0, form->n, 0, s, in, NULL) < 0)
        return -1;
    if (fault_is_set(&value)) {
        *f = value;
        return -1;
    }
    if (check_required(s, in, WIRE_DOOR_QUERY, f) < 0)
        return -1;
    *ret_in = in;
    return 0;
}
