#include "wire/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "wire/services.h"

char wire_no_elements[16] __attribute__((aligned(16)));

static const struct wire_service *const services[] = {WIRE_SERVICES};

const struct wire_service *wire_service_at(size_t i)
{
    return i < ARRAY_SIZE(services) ? services[i] : NULL;
}

const struct wire_service *wire_service_of_target(const char *target, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (strlen(services[i]->target) == len && memcmp(services[i]->target, target, len) == 0)
            return services[i];
    return NULL;
}

const struct wire_service *wire_service_of_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (wire_action_is_known(services[i], name))
            return services[i];
    return NULL;
}

const struct wire_service *wire_service_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        if (streq(services[i]->name, name))
            return services[i];
    return NULL;
}

static int compare_action(const void *name, const void *action)
{
    return strcmp(name, ((const struct wire_action *)action)->name);
}

const struct wire_action *wire_action_find(const struct wire_service *s, const char *name)
{
    return bsearch(name, s->actions, s->n_actions, sizeof(*s->actions), compare_action);
}

static int compare_name(const void *name, const void *entry)
{
    return strcmp(name, *(const char *const *)entry);
}

bool wire_action_is_known(const struct wire_service *s, const char *name)
{
    return bsearch(name, s->operations, s->n_operations, sizeof(*s->operations), compare_name) !=
           NULL;
}

bool wire_service_serves(const struct wire_service *s, const char *version)
{
    for (const char *const *v = s->versions; *v != NULL; v++)
        if (streq(*v, version))
            return true;
    return false;
}

static int compare_struct(const void *name, const void *entry)
{
    return strcmp(name, (*(const struct wire_struct *const *)entry)->name);
}

const struct wire_struct *wire_struct_find(const struct wire_service *s, const char *name)
{
    const struct wire_struct *const *found =
        bsearch(name, s->structs, s->n_structs, sizeof(*s->structs), compare_struct);
    return found == NULL ? NULL : *found;
}

const struct wire_field *wire_field_by_in(const struct wire_struct *s, const char *name, size_t len)
{
    size_t low = 0;
    size_t high = s->n_in;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct wire_field *field = s->by_in[middle];
        int order = strncmp(name, field->in, len);
        if (order == 0 && field->in[len] != '\0')
            order = -1;
        if (order == 0)
            return field;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int compare_member(const void *name, const void *entry)
{
    return strcmp(name, (*(const struct wire_field *const *)entry)->member);
}

const struct wire_field *wire_field_by_member(const struct wire_struct *s, const char *name)
{
    if (s->n == 0)
        return NULL;
    const struct wire_field *const *found =
        bsearch(name, s->by_member, s->n, sizeof(*s->by_member), compare_member);
    return found == NULL ? NULL : *found;
}

size_t wire_field_size(const struct wire_field *f)
{
    switch (f->kind) {
    case WIRE_STR:
        return sizeof(const char *);
    case WIRE_INT:
    case WIRE_LONG:
        return f->list ? sizeof(int64_t) : sizeof(struct opt_int);
    case WIRE_DOUBLE:
        return f->list ? sizeof(double) : sizeof(struct opt_double);
    case WIRE_BOOL:
        return sizeof(struct opt_bool);
    case WIRE_TIME:
        return sizeof(struct opt_time);
    case WIRE_BLOB:
        return sizeof(struct wire_blob);
    case WIRE_STRUCT:
        return f->list ? f->sub->size : sizeof(void *);
    }
    NEVER();
}

/* Every list is laid out as this one. */
_Static_assert(sizeof(struct wire_strings) == sizeof(struct ec2_TagList) &&
                   offsetof(struct wire_strings, n) == offsetof(struct ec2_TagList, n),
               "lists have one layout");

bool wire_field_is_set(const struct wire_field *f, const void *structure)
{
    const void *slot = (const char *)structure + f->offset;
    if (f->list)
        return ((const struct wire_strings *)slot)->n > 0;
    switch (f->kind) {
    case WIRE_STR:
    case WIRE_STRUCT:
    case WIRE_BLOB: /* begins with its pointer */
        return *(void *const *)slot != NULL;
    case WIRE_INT:
    case WIRE_LONG:
    case WIRE_DOUBLE:
    case WIRE_BOOL:
    case WIRE_TIME: /* all begin with `set` */
        return *(const bool *)slot;
    }
    NEVER();
}
