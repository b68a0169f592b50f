/* From a request of IAM to the users, groups, roles and policies that it is about. */
#include <string.h>

#include "api/authorize_internal.h"
#include "base/text.h"

/* The tags that a request of IAM gives, as those of EC2. */
static const struct ec2_TagList *tags_of_request(struct call *c)
{
    const struct wire_field *field = wire_field_by_member(c->action->input, "Tags");
    if (field == NULL || !field->list || field->kind != WIRE_STRUCT)
        return NULL;
    const struct wire_field *key = wire_field_by_member(field->sub, "Key");
    const struct wire_field *value = wire_field_by_member(field->sub, "Value");
    const struct wire_strings *list = (const void *)((const char *)c->in + field->offset);
    struct ec2_TagList *tags = arena_new_of(c->arena, struct ec2_TagList);
    for (size_t i = 0; key != NULL && value != NULL && i < list->n; i++) {
        const char *element = (const char *)list->v + i * wire_field_size(field);
        *arena_append(c->arena, tags) = (struct ec2_Tag){
            .key = *(const char *const *)(const void *)(element + key->offset),
            .value = *(const char *const *)(const void *)(element + value->offset),
        };
    }
    return tags;
}

struct named {
    const char *id; /* NULL: it is not there (yet) */
    const char *arn;
    const char *boundary;
};

/* Names of IAM say nothing of the path, which the ARN has. */
static struct named find(struct call *c, const char *type, const char *name)
{
    const char *account = c->principal->account_id;
    const char *path = authorize_member(c, "Path");
    struct arena *a = c->arena;
    if (path == NULL)
        path = "/";
    if (streq(type, "user")) {
        const struct iam_user *row = store_iam_user_named(c->tx, a, account, name);
        return row == NULL
                   ? (struct named){NULL, iam_arn(a, IAM_USER, account, path, name), NULL}
                   : (struct named){row->id, iam_user_arn(a, row), row->permissions_boundary};
    }
    if (streq(type, "role")) {
        const struct iam_role *row = store_iam_role_named(c->tx, a, account, name);
        return row == NULL
                   ? (struct named){NULL, iam_arn(a, IAM_ROLE, account, path, name), NULL}
                   : (struct named){row->id, iam_role_arn(a, row), row->permissions_boundary};
    }
    if (streq(type, "group")) {
        const struct iam_group *row = store_iam_group_named(c->tx, a, account, name);
        return row == NULL ? (struct named){NULL, iam_arn(a, IAM_GROUP, account, path, name), NULL}
                           : (struct named){row->id, iam_group_arn(a, row), NULL};
    }
    if (streq(type, "instance-profile")) {
        const struct iam_instance_profile *row =
            store_iam_instance_profile_named(c->tx, a, account, name);
        return row == NULL
                   ? (struct named){NULL, iam_arn(a, IAM_INSTANCE_PROFILE, account, path, name),
                                    NULL}
                   : (struct named){row->id, iam_instance_profile_arn(a, row), NULL};
    }
    return (struct named){NULL, iam_arn(a, IAM_POLICY, account, path, name), NULL};
}

static struct named find_policy(struct call *c, const char *arn)
{
    const struct iam_policy *row =
        store_managed_policy(c->tx, c->arena, c->principal->account_id, arn);
    return (struct named){row == NULL ? NULL : row->id, arn, NULL};
}

/* What is of a type, and the members that name it: by name, or by ARN. */
static const struct {
    const char *type;
    const char *member;
} members[] = {
    {"user", "UserName"},        {"group", "GroupName"},
    {"role", "RoleName"},        {"instance-profile", "InstanceProfileName"},
    {"policy", "PolicyArn"},     {"policy", "PolicyName"},
    {"user", "PolicySourceArn"}, {"group", "PolicySourceArn"},
    {"role", "PolicySourceArn"},
};

static bool is_of_type(const char *arn, const char *type)
{
    const char *last = strrchr(arn, ':');
    return last != NULL && has_prefix(last + 1, type) && last[1 + strlen(type)] == '/';
}

static struct named named_by(struct call *c, size_t i, const char *text)
{
    if (streq(members[i].member, "PolicyArn"))
        return find_policy(c, text);
    if (!streq(members[i].member, "PolicySourceArn"))
        return find(c, members[i].type, text);
    return is_of_type(text, members[i].type) ? find(c, members[i].type, strrchr(text, '/') + 1)
                                             : (struct named){0};
}

/*
 * Keys that are IAM's own: the policy that is attached, and the boundary that somebody has or is
 * given.
 */
static const struct authorize_key *keys_of(struct call *c, const struct named *n, size_t *ret_n)
{
    const char *boundary = authorize_member(c, "PermissionsBoundary");
    struct authorize_key *keys = arena_array(c->arena, 2, struct authorize_key);
    keys[0] = (struct authorize_key){"iam:PolicyARN", authorize_member(c, "PolicyArn")};
    keys[1] = (struct authorize_key){"iam:PermissionsBoundary",
                                     boundary != NULL ? boundary : n->boundary};
    *ret_n = 2;
    return keys;
}

static void add(struct call *c, const char *type, const struct named *n,
                struct authorize_resources *to)
{
    struct authorize_resource r = {.arn = n->arn, .type = type, .id = n->id};
    r.keys = keys_of(c, n, &r.n_keys);
    r.new_tags = tags_of_request(c);
    *arena_append(c->arena, to) = r;
}

void authorize_of_identity(struct call *c, const struct permission *p,
                           struct authorize_resources *ret_resources)
{
    struct authorize_resources found = {0};
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        const char *text = authorize_member(c, members[i].member);
        if (text == NULL || !authorize_lists(p->named, members[i].type))
            continue;
        struct named n = named_by(c, i, text);
        if (n.arn != NULL)
            add(c, members[i].type, &n, &found);
    }
    /* Who names nobody means itself (AWS: "If you do not specify a user name"). */
    if (found.n == 0 && authorize_lists(p->named, "user") && c->principal->kind == PRINCIPAL_USER) {
        const struct iam_user *self = store_iam_user(c->tx, c->arena, c->principal->id);
        struct named n = {c->principal->id, c->principal->arn,
                          self == NULL ? NULL : self->permissions_boundary};
        add(c, "user", &n, &found);
    }
    if (found.n == 0)
        *arena_append(c->arena, &found) = (struct authorize_resource){.arn = "*"};
    *ret_resources = found;
}
