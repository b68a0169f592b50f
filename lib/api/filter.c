#include "api/filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/text.h"
#include "base/wildcard.h"
#include "wire/value.h"

#define TAG_PREFIX "tag:"

static bool is_asked(const struct filters *fs)
{
    return fs->asked != NULL && fs->asked->n > 0;
}

static bool matches_any(const struct wire_strings *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (wildcard_match(patterns->v[i], text))
            return true;
    return false;
}

/* Finds the first member of a path; *ret_rest is behind it, NULL at the end. */
static const struct wire_field *path_step(const struct wire_struct *shape, const char *path,
                                          const char **ret_rest)
{
    char name[128];
    size_t len = strcspn(path, ".");
    CHECK(len < sizeof(name));
    memcpy(name, path, len);
    name[len] = '\0';
    *ret_rest = path[len] == '.' ? path + len + 1 : NULL;
    const struct wire_field *field = wire_field_by_member(shape, name);
    CHECK(field != NULL); /* a table names a member that is not there */
    return field;
}

static bool walk(const struct wire_struct *shape, const void *item, const char *path,
                 const struct wire_strings *patterns)
{
    const char *rest = NULL;
    const struct wire_field *field = path_step(shape, path, &rest);
    CHECK((field->kind == WIRE_STRUCT) == (rest != NULL));
    if (!wire_field_is_set(field, item))
        return false;
    const char *slot = (const char *)item + field->offset;
    char text[VALUE_TEXT_SIZE];
    if (!field->list)
        return field->kind == WIRE_STRUCT
                   ? walk(field->sub, *(const void *const *)slot, rest, patterns)
                   : matches_any(patterns, value_to_text(field, slot, text));

    const struct wire_strings *list = (const void *)slot;
    size_t size = wire_field_size(field);
    for (size_t i = 0; i < list->n; i++) {
        const char *element = (const char *)list->v + i * size;
        if (field->kind == WIRE_STRUCT ? walk(field->sub, element, rest, patterns)
                                       : matches_any(patterns, value_to_text(field, element, text)))
            return true;
    }
    return false;
}

/* The list of tags of a structure, or NULL when its shape has none. */
static const struct wire_field *tags_field(const struct wire_struct *shape)
{
    const struct wire_field *field = wire_field_by_member(shape, "Tags");
    if (field == NULL)
        field = wire_field_by_member(shape, "TagSet");
    return field != NULL && field->list && field->sub == &ec2_Tag_struct ? field : NULL;
}

static bool match_tags(const struct filters *fs, const void *item, const char *key,
                       const struct wire_strings *patterns)
{
    const struct wire_field *field = tags_field(fs->shape);
    CHECK(field != NULL); /* filters_check() has refused it */
    const struct ec2_TagList *tags = (const void *)((const char *)item + field->offset);
    for (size_t i = 0; i < tags->n; i++) {
        const struct ec2_Tag *tag = &tags->v[i];
        if (key == NULL ? matches_any(patterns, tag->key)
                        : streq(tag->key, key) &&
                              matches_any(patterns, tag->value == NULL ? "" : tag->value))
            return true;
    }
    return false;
}

static bool is_known(const struct filters *fs, const char *name)
{
    if (tags_field(fs->shape) != NULL &&
        (streq(name, "tag-key") || (has_prefix(name, TAG_PREFIX) && name[4] != '\0')))
        return true;
    for (size_t i = 0; i < fs->n_paths; i++)
        if (streq(fs->paths[i].name, name))
            return true;
    return false;
}

int filters_check_values(const struct ec2_FilterList *asked, struct fault *f)
{
    if (asked->n > FILTERS_MAX)
        return fault(f, FAULT_FILTER_LIMIT_EXCEEDED,
                     "The maximum number of filters on a single call is %d", FILTERS_MAX);
    size_t n_values = 0;
    for (size_t i = 0; i < asked->n; i++) {
        if (asked->v[i].values.n == 0)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The filter '%s' must have at least one value", asked->v[i].name);
        n_values += asked->v[i].values.n;
    }
    if (n_values > FILTER_VALUES_MAX)
        return fault(f, FAULT_FILTER_LIMIT_EXCEEDED,
                     "The maximum number of filter values specified on a single call is %d",
                     FILTER_VALUES_MAX);
    return 0;
}

int filters_check(const struct filters *fs, struct fault *f)
{
    if (!is_asked(fs))
        return 0;
    for (size_t i = 0; i < fs->asked->n; i++) {
        /* 'null' is EC2's word for a filter that has no name. */
        const char *name = fs->asked->v[i].name == NULL ? "null" : fs->asked->v[i].name;
        if (!is_known(fs, name))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The filter '%.255s' is invalid", name);
    }
    return filters_check_values(fs->asked, f);
}

static bool match_one(const struct filters *fs, const struct ec2_Filter *filter, const void *item,
                      const void *enclosing)
{
    if (streq(filter->name, "tag-key"))
        return match_tags(fs, item, NULL, &filter->values);
    if (has_prefix(filter->name, TAG_PREFIX))
        return match_tags(fs, item, filter->name + strlen(TAG_PREFIX), &filter->values);
    /* A name may stand in the table several times: for the places where the value may be. */
    for (size_t i = 0; i < fs->n_paths; i++) {
        const struct filter_path *p = &fs->paths[i];
        if (!streq(p->name, filter->name))
            continue;
        if (p->path == NULL)
            continue;
        if (p->path[0] == '=') {
            if (matches_any(&filter->values, p->path + 1))
                return true;
            continue;
        }
        bool up = p->path[0] == '^';
        CHECK(!up || (fs->enclosing != NULL && enclosing != NULL));
        if (up ? walk(fs->enclosing, enclosing, p->path + 1, &filter->values)
               : walk(fs->shape, item, p->path, &filter->values))
            return true;
    }
    return false;
}

bool filters_match(const struct filters *fs, const void *item, const void *enclosing)
{
    for (size_t i = 0; is_asked(fs) && i < fs->asked->n; i++)
        if (!match_one(fs, &fs->asked->v[i], item, enclosing))
            return false;
    return true;
}
