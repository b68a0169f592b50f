#include "api/tagging.h"

#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "base/text.h"
#include "core/resource.h"
#include "core/tag.h"

#define RESERVED "aws:"

const char *tag_resource_type(const char *resource_id)
{
    const struct resource *r = resource_of_id(resource_id);
    return r == NULL ? NULL : r->type;
}

/* In any case: AWS, "Tag restrictions". */
bool tag_is_reserved(const char *key)
{
    return strncasecmp(key, RESERVED, strlen(RESERVED)) == 0;
}

static int check_tag(const struct ec2_Tag *tag, struct fault *f)
{
    if (str_empty(tag->key))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Tag key cannot be null or empty");
    if (utf8_length(tag->key) > TAG_KEY_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Tag key exceeds the maximum length of %d characters", TAG_KEY_MAX);
    if (tag->value != NULL && utf8_length(tag->value) > TAG_VALUE_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Tag value exceeds the maximum length of %d characters", TAG_VALUE_MAX);
    if (tag_is_reserved(tag->key))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Tag keys starting with 'aws:' are reserved for internal use");
    return 0;
}

int tags_check(const struct ec2_TagList *tags, struct fault *f)
{
    if (tags->n > TAGS_PER_RESOURCE)
        return fault(f, FAULT_TAG_LIMIT_EXCEEDED, "The maximum number of Tags for a resource is %d",
                     TAGS_PER_RESOURCE);
    for (size_t i = 0; i < tags->n; i++) {
        if (check_tag(&tags->v[i], f) < 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (streq(tags->v[i].key, tags->v[j].key))
                return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Duplicate tag key '%s' specified.",
                             tags->v[i].key);
    }
    return 0;
}

int tags_from_specifications(struct call *c, const struct ec2_TagSpecificationList *specifications,
                             const char *const *allowed, struct fault *f)
{
    for (size_t i = 0; i < specifications->n; i++) {
        const struct ec2_TagSpecification *s = &specifications->v[i];
        if (s->resource_type == NULL)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Tag specification resource type must have a value");
        if (!text_is_among(s->resource_type, allowed))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "'%s' is not a valid taggable resource type for this operation.",
                         s->resource_type);
        if (s->tags.n == 0)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Tag specification must have at least one tag");
        if (tags_check(&s->tags, f) < 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (streq(s->resource_type, specifications->v[j].resource_type))
                return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                             "The resource type '%s' has more than one tag specification",
                             s->resource_type);
    }
    return 0;
}

void tags_write(struct call *c, const struct ec2_TagList *tags, const char *resource_id)
{
    const char *type = tag_resource_type(resource_id);
    CHECK(type != NULL);
    for (size_t i = 0; i < tags->n; i++)
        store_put_tag(c->tx, &(struct tag){
                                 .resource_id = resource_id,
                                 .key = tags->v[i].key,
                                 .resource_type = type,
                                 .region = c->region->name,
                                 .value = tags->v[i].value == NULL ? "" : tags->v[i].value,
                             });
}

void tags_put(struct call *c, const struct ec2_TagSpecificationList *specifications,
              const char *resource_type, const char *resource_id)
{
    for (size_t i = 0; i < specifications->n; i++)
        if (streq(specifications->v[i].resource_type, resource_type))
            tags_write(c, &specifications->v[i].tags, resource_id);
}

void tags_of(struct call *c, const char *resource_id, struct ec2_TagList *ret_tags)
{
    struct tag_list rows = store_tags(c->tx, c->arena, "resource_id", resource_id);
    struct ec2_TagList tags = {0};
    for (size_t i = 0; i < rows.n; i++)
        *arena_append(c->arena, &tags) = (struct ec2_Tag){rows.v[i].key, rows.v[i].value};
    *ret_tags = tags;
}

void tags_drop(struct call *c, const char *resource_id)
{
    store_delete_tags(c->tx, "resource_id", resource_id);
}
