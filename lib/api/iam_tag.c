/* Tags of users, roles, policies and instance profiles. */
#include <string.h>

#include "api/iam.h"
#include "api/tagging.h"
#include "base/text.h"

/* AWS's pattern leaves these out of what ASCII has beside letters and digits. */
#define NOT_IN_TAGS "!\"#$%&'()*,;<>?[\\]^`{|}~"

static int check_tag(const struct iam_Tag *tag, struct fault *f)
{
    if (tag_is_reserved(tag->key))
        return fault(f, FAULT_INVALID_INPUT,
                     "Tag keys starting with 'aws:' are reserved for internal use");
    if (tag->key[strcspn(tag->key, NOT_IN_TAGS)] != '\0' ||
        tag->value[strcspn(tag->value, NOT_IN_TAGS)] != '\0')
        return fault(f, FAULT_VALIDATION_ERROR,
                     "The tag '%s' may contain only letters, digits, spaces and _.:/=+-@",
                     tag->key);
    return 0;
}

int iam_check_tags(const struct iam_TagList *tags, struct fault *f)
{
    for (size_t i = 0; i < tags->n; i++) {
        if (check_tag(&tags->v[i], f) < 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (strcasecmp(tags->v[i].key, tags->v[j].key) == 0)
                return fault(f, FAULT_INVALID_INPUT,
                             "Duplicate tag keys found. Please note that Tag keys are case "
                             "insensitive.");
    }
    return 0;
}

/* Deletes the tag of this key in whatever case. */
static void drop_tag(struct call *c, const struct tag_list *there, const char *key)
{
    for (size_t i = 0; i < there->n; i++)
        if (strcasecmp(there->v[i].key, key) == 0)
            store_delete_tags(c->tx, "resource_id", there->v[i].resource_id, "key",
                              there->v[i].key);
}

int iam_put_tags(struct call *c, enum iam_kind kind, const char *id, const struct iam_TagList *tags,
                 struct fault *f)
{
    struct tag_list there = store_tags(c->tx, c->arena, "resource_id", id);
    for (size_t i = 0; i < tags->n; i++) {
        drop_tag(c, &there, tags->v[i].key);
        store_put_tag(c->tx, &(struct tag){
                                 .resource_id = id,
                                 .key = tags->v[i].key,
                                 .resource_type = iam_kind_word(kind),
                                 .region = GLOBAL_REGION,
                                 .value = tags->v[i].value,
                             });
    }
    there = store_tags(c->tx, c->arena, "resource_id", id);
    if (there.n > TAGS_PER_RESOURCE)
        return fault(f, FAULT_LIMIT_EXCEEDED, "The number of tags has reached the maximum limit.");
    return 0;
}

void iam_tags_of(struct call *c, const char *id, struct iam_TagList *ret_tags)
{
    struct tag_list rows = store_tags(c->tx, c->arena, "resource_id", id);
    struct iam_TagList tags = {0};
    for (size_t i = 0; i < rows.n; i++)
        *arena_append(c->arena, &tags) = (struct iam_Tag){rows.v[i].key, rows.v[i].value};
    *ret_tags = tags;
}

static int put(struct call *c, enum iam_kind kind, const char *id, const struct iam_TagList *tags,
               struct fault *f)
{
    return iam_check_tags(tags, f) < 0 ? -1 : iam_put_tags(c, kind, id, tags, f);
}

/* Keys that no tag has are passed over. */
static void drop(struct call *c, const char *id, const struct wire_strings *keys)
{
    struct tag_list there = store_tags(c->tx, c->arena, "resource_id", id);
    for (size_t i = 0; i < keys->n; i++)
        drop_tag(c, &there, keys->v[i]);
}

static void list(struct call *c, const char *id, struct page *page, struct iam_TagList *ret_tags)
{
    struct iam_TagList all = {0};
    iam_tags_of(c, id, &all); /* by key */
    for (size_t i = 0; i < all.n && !page->more; i++)
        if (page_admit(page, all.v[i].key))
            *arena_append(c->arena, ret_tags) = all.v[i];
}

/* The four kinds differ in how a request names the one that is meant. */
#define TAG_ACTIONS(Noun, Nouns, kind, row, find, member)                                          \
    int act_iam_Tag##Noun(struct call *c, const iam_Tag##Noun##_in *in, iam_Tag##Noun##_out *out,  \
                          struct fault *f)                                                         \
    {                                                                                              \
        const struct row *it = find(c, in->member, f);                                             \
        return it == NULL ? -1 : put(c, kind, it->id, &in->tags, f);                               \
    }                                                                                              \
    int act_iam_Untag##Noun(struct call *c, const iam_Untag##Noun##_in *in,                        \
                            iam_Untag##Noun##_out *out, struct fault *f)                           \
    {                                                                                              \
        const struct row *it = find(c, in->member, f);                                             \
        if (it == NULL)                                                                            \
            return -1;                                                                             \
        drop(c, it->id, &in->tag_keys);                                                            \
        return 0;                                                                                  \
    }                                                                                              \
    int act_iam_List##Nouns(struct call *c, const iam_List##Nouns##_in *in,                        \
                            iam_List##Nouns##_out *out, struct fault *f)                           \
    {                                                                                              \
        struct page page;                                                                          \
        const struct row *it = find(c, in->member, f);                                             \
        if (it == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)              \
            return -1;                                                                             \
        list(c, it->id, &page, &out->tags);                                                        \
        IAM_PAGE_END(c, &page, out);                                                               \
        return 0;                                                                                  \
    }

TAG_ACTIONS(User, UserTags, IAM_USER, iam_user, iam_find_user, user_name)
TAG_ACTIONS(Role, RoleTags, IAM_ROLE, iam_role, iam_find_role, role_name)
TAG_ACTIONS(Policy, PolicyTags, IAM_POLICY, iam_policy, iam_find_own_policy, policy_arn)
TAG_ACTIONS(InstanceProfile, InstanceProfileTags, IAM_INSTANCE_PROFILE, iam_instance_profile,
            iam_find_instance_profile, instance_profile_name)
