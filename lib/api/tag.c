/* CreateTags, DeleteTags, DescribeTags. Tags are rows alone: nothing of the machine follows them.
 */
#include "core/tag.h"
#include "api/filter.h"
#include "api/instance_metadata.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/text.h"
#include "base/wildcard.h"

#define RESOURCES_MAX 1000 /* AWS: CreateTags */

static int check_resources(struct call *c, const struct wire_strings *ids, struct fault *f)
{
    if (ids->n > RESOURCES_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "A request takes at most %d resources",
                     RESOURCES_MAX);
    for (size_t i = 0; i < ids->n; i++) {
        const struct resource *r = resource_of_id(ids->v[i]);
        if (r == NULL)
            return fault(f, FAULT_INVALID_ID, "The ID '%.64s' is not valid", ids->v[i]);
        if (!lookup_exists(c, r, ids->v[i]))
            return lookup_fault(c, r->kind, &(struct wire_strings){&ids->v[i], 1}, f);
    }
    return 0;
}

/* With the new ones, and those that stay, is the resource within its 50? */
static int check_room(struct call *c, const struct ec2_TagList *tags, const char *resource_id,
                      struct fault *f)
{
    size_t n = tags->n;
    struct tag_list there = store_tags(c->tx, c->arena, "resource_id", resource_id);
    for (size_t i = 0; i < there.n; i++) {
        bool replaced = tag_is_reserved(there.v[i].key); /* those do not count */
        for (size_t j = 0; j < tags->n; j++)
            replaced |= streq(tags->v[j].key, there.v[i].key);
        n += !replaced;
    }
    if (n > TAGS_PER_RESOURCE)
        return fault(f, FAULT_TAG_LIMIT_EXCEEDED, "The maximum number of Tags for a resource is %d",
                     TAGS_PER_RESOURCE);
    return 0;
}

static int check_shown(struct call *c, const struct ec2_TagList *tags, const char *resource_id,
                       struct fault *f)
{
    const struct instance *i =
        has_prefix(resource_id, "i-") ? store_instance(c->tx, c->arena, resource_id) : NULL;
    return i == NULL ? 0 : metadata_tags_check(i, tags, f);
}

int act_ec2_CreateTags(struct call *c, const ec2_CreateTags_in *in, ec2_CreateTags_out *out,
                       struct fault *f)
{
    if (tags_check(&in->tags, f) < 0 || check_resources(c, &in->resources, f) < 0)
        return -1;
    struct wire_strings ids = strings_sorted(c->arena, &in->resources);
    for (size_t i = 0; i < ids.n; i++) {
        if (check_room(c, &in->tags, ids.v[i], f) < 0 || check_shown(c, &in->tags, ids.v[i], f) < 0)
            return -1;
        tags_write(c, &in->tags, ids.v[i]);
    }
    return 0;
}

/* Every tag that a caller has put there. */
static void drop_own(struct call *c, const char *resource_id)
{
    struct tag_list there = store_tags(c->tx, c->arena, "resource_id", resource_id);
    for (size_t i = 0; i < there.n; i++)
        if (!tag_is_reserved(there.v[i].key))
            store_delete_tags(c->tx, "resource_id", resource_id, "key", there.v[i].key);
}

/*
 * A tag without a value goes whatever its value is; with one, also an empty one, only if that is
 * its value. Without tags all go (AWS: DeleteTags).
 */
int act_ec2_DeleteTags(struct call *c, const ec2_DeleteTags_in *in, ec2_DeleteTags_out *out,
                       struct fault *f)
{
    for (size_t i = 0; i < in->tags.n; i++) {
        if (str_empty(in->tags.v[i].key))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Tag key cannot be null or empty");
        if (tag_is_reserved(in->tags.v[i].key))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Tag keys starting with 'aws:' are reserved for internal use");
    }
    if (check_resources(c, &in->resources, f) < 0)
        return -1;
    for (size_t i = 0; i < in->resources.n; i++) {
        const char *id = in->resources.v[i];
        if (in->tags.n == 0)
            drop_own(c, id);
        for (size_t j = 0; j < in->tags.n; j++) {
            const struct ec2_Tag *tag = &in->tags.v[j];
            if (tag->value == NULL)
                store_delete_tags(c->tx, "resource_id", id, "key", tag->key);
            else
                store_delete_tags(c->tx, "resource_id", id, "key", tag->key, "value", tag->value);
        }
    }
    return 0;
}

static const struct filter_path tag_filters[] = {
    {"key", "Key"},
    {"resource-id", "ResourceId"},
    {"resource-type", "ResourceType"},
    {"value", "Value"},
};

/* `tag:KEY` has another meaning here than in other actions, where items have lists of tags. */
static bool is_tag_filter(const struct ec2_Filter *filter)
{
    return filter->name != NULL && has_prefix(filter->name, "tag:") && filter->name[4] != '\0';
}

/* The request's filters with each tag:KEY=VALUE apart. */
static void split_filters(struct call *c, const struct ec2_FilterList *all,
                          struct ec2_FilterList *ret_plain, struct ec2_FilterList *ret_tags)
{
    for (size_t i = 0; i < all->n; i++)
        *arena_append(c->arena, is_tag_filter(&all->v[i]) ? ret_tags : ret_plain) = all->v[i];
}

static bool match_tag_filters(const struct ec2_FilterList *filters, const struct tag *tag)
{
    for (size_t i = 0; i < filters->n; i++) {
        const struct ec2_Filter *filter = &filters->v[i];
        bool any = false;
        for (size_t j = 0; j < filter->values.n && !any; j++)
            any = wildcard_match(filter->values.v[j], tag->value);
        if (!any || !streq(filter->name + 4, tag->key))
            return false;
    }
    return true;
}

/* Tags are not in the rows of an account: those of its resources are. */
static struct tag_list find_tags(struct call *c, const struct ec2_FilterList *filters)
{
    for (size_t i = 0; i < filters->n; i++) {
        const struct ec2_Filter *filter = &filters->v[i];
        /* What clients ask for most, without a walk over all tags. */
        if (streq(filter->name, "resource-id") && filter->values.n == 1 &&
            !has_wildcard(filter->values.v[0]))
            return store_tags(c->tx, c->arena, "resource_id", filter->values.v[0], "region",
                              c->region->name);
    }
    return store_tags(c->tx, c->arena, "region", c->region->name);
}

int act_ec2_DescribeTags(struct call *c, const ec2_DescribeTags_in *in, ec2_DescribeTags_out *out,
                         struct fault *f)
{
    struct ec2_FilterList plain = {0};
    struct ec2_FilterList of_tags = {0};
    split_filters(c, &in->filters, &plain, &of_tags);
    struct filters filters = {&plain, tag_filters, ARRAY_SIZE(tag_filters),
                              &ec2_TagDescription_struct, NULL};
    struct page page;
    if (filters_check(&filters, f) < 0 || filters_check_values(&of_tags, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct tag_list rows = find_tags(c, &plain);
    const char *seen_id = NULL; /* rows of a resource stand together */
    bool seen_exists = false;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct tag *row = &rows.v[i];
        struct ec2_TagDescription tag = {row->key, row->resource_id, row->resource_type,
                                         row->value};
        if (!filters_match(&filters, &tag, NULL) || !match_tag_filters(&of_tags, row))
            continue;
        if (!streq(seen_id, row->resource_id)) {
            const struct resource *r = resource_of_id(row->resource_id);
            seen_id = row->resource_id;
            seen_exists = r != NULL && lookup_exists(c, r, row->resource_id);
        }
        /* Keys are behind ids, and ids have no character below the space. */
        const char *key = arena_printf(c->arena, "%s\x01%s", row->resource_id, row->key);
        if (seen_exists && page_admit(&page, key))
            *arena_append(c->arena, &out->tags) = tag;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
