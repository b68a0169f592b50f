#include "wire/fill.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"

struct filler {
    struct arena *a;
    const struct wire_fill_rule *rules;
};

/* `together`: of the rule, where the structure is an element that both lists have. */
static void fill_struct(const struct filler *l, const struct wire_struct *to_shape, char *to,
                        const struct wire_struct *from_shape, const char *from,
                        const char *const *together);

static const struct wire_fill_rule *rule_of(const struct filler *l, const char *list)
{
    for (const struct wire_fill_rule *r = l->rules; r != NULL && r->list != NULL; r++)
        if (streq(r->list, list))
            return r;
    return NULL;
}

static const struct wire_field *key_field(const struct wire_struct *shape, const char *key)
{
    const struct wire_field *field = wire_field_by_member(shape, key);
    CHECK(field != NULL && !field->list);
    return field;
}

/* Are these two the same element of a list? */
static bool same_key(const struct wire_field *x_key, const char *x, const struct wire_field *y_key,
                     const char *y)
{
    CHECK(x_key->kind == y_key->kind);
    if (!wire_field_is_set(x_key, x) || !wire_field_is_set(y_key, y))
        return false;
    const void *x_slot = x + x_key->offset;
    const void *y_slot = y + y_key->offset;
    switch (x_key->kind) {
    case WIRE_STR:
        return streq(*(const char *const *)x_slot, *(const char *const *)y_slot);
    case WIRE_INT:
    case WIRE_LONG:
        return ((const struct opt_int *)x_slot)->v == ((const struct opt_int *)y_slot)->v;
    case WIRE_DOUBLE:
    case WIRE_BOOL:
    case WIRE_TIME:
    case WIRE_BLOB:
    case WIRE_STRUCT:
        break;
    }
    NEVER();
}

static char *find_element(const struct wire_field *to_field, const struct wire_strings *list,
                          const struct wire_field *from_field, const char *from, const char *key)
{
    const struct wire_field *to_key = key_field(to_field->sub, key);
    const struct wire_field *from_key = key_field(from_field->sub, key);
    for (size_t i = 0; i < list->n; i++) {
        char *element = (char *)list->v + i * to_field->sub->size;
        if (same_key(to_key, element, from_key, from))
            return element;
    }
    return NULL;
}

static void fill_list(const struct filler *l, const struct wire_field *to_field,
                      struct wire_strings *to, const struct wire_field *from_field,
                      const struct wire_strings *from)
{
    const struct wire_fill_rule *rule = rule_of(l, to_field->member);
    if (to->n > 0 && rule == NULL)
        return;
    size_t size = wire_field_size(to_field);
    size_t given = to->n; /* elements of `from` are not compared with one another */
    for (size_t i = 0; i < from->n; i++) {
        const char *element = (const char *)from->v + i * wire_field_size(from_field);
        struct wire_strings of_to = {to->v, given};
        char *there =
            given == 0 ? NULL : find_element(to_field, &of_to, from_field, element, rule->key);
        const char *const *together = there == NULL ? NULL : rule->together;
        if (there == NULL)
            there = arena_append_to(l->a, (void **)&to->v, &to->n, size);
        if (to_field->kind == WIRE_STRUCT)
            fill_struct(l, to_field->sub, there, from_field->sub, element, together);
        else
            memcpy(there, element, size);
    }
}

static void fill_member(const struct filler *l, const struct wire_field *to_field, char *to,
                        const struct wire_field *from_field, const char *from)
{
    CHECK(to_field->kind == from_field->kind && to_field->list == from_field->list);
    void *to_slot = to + to_field->offset;
    const void *from_slot = from + from_field->offset;
    if (to_field->list) {
        fill_list(l, to_field, to_slot, from_field, from_slot);
    } else if (to_field->kind == WIRE_STRUCT) {
        char **sub = to_slot;
        if (*sub == NULL)
            *sub = arena_alloc(l->a, to_field->sub->size);
        fill_struct(l, to_field->sub, *sub, from_field->sub, *(const char *const *)from_slot, NULL);
    } else if (!wire_field_is_set(to_field, to)) {
        memcpy(to_slot, from_slot, wire_field_size(to_field));
    }
}

static bool gives_any(const struct wire_struct *shape, const char *base, const char *const *names)
{
    for (size_t i = 0; i < shape->n; i++)
        if (text_is_among(shape->fields[i].member, names) &&
            wire_field_is_set(&shape->fields[i], base))
            return true;
    return false;
}

static void fill_struct(const struct filler *l, const struct wire_struct *to_shape, char *to,
                        const struct wire_struct *from_shape, const char *from,
                        const char *const *together)
{
    if (!gives_any(to_shape, to, together))
        together = NULL;
    for (size_t i = 0; i < from_shape->n; i++) {
        const struct wire_field *from_field = &from_shape->fields[i];
        const struct wire_field *to_field = wire_field_by_member(to_shape, from_field->member);
        if (to_field == NULL || !wire_field_is_set(from_field, from))
            continue;
        /* One of those that belong together, which `to` gives, may still be filled itself. */
        if (text_is_among(to_field->member, together) && !wire_field_is_set(to_field, to))
            continue;
        fill_member(l, to_field, to, from_field, from);
    }
}

void wire_fill(struct arena *a, const struct wire_struct *to_shape, void *to,
               const struct wire_struct *from_shape, const void *from,
               const struct wire_fill_rule *rules)
{
    struct filler l = {a, rules};
    fill_struct(&l, to_shape, to, from_shape, from, NULL);
}
