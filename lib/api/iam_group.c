/* Groups of users. */
#include "api/iam.h"
#include "base/text.h"

struct iam_Group iam_group_view(struct call *c, const struct iam_group *row)
{
    return (struct iam_Group){
        .path = row->path,
        .group_name = row->name,
        .group_id = row->id,
        .arn = iam_group_arn(c->arena, row),
        .create_date = wire_time(row->created_at),
    };
}

static int check_free(struct call *c, const char *name, const char *but_id, struct fault *f)
{
    const struct iam_group *there =
        store_iam_group_named(c->tx, c->arena, c->principal->account_id, name);
    if (there == NULL || streq(there->id, but_id))
        return 0;
    return fault(f, FAULT_ENTITY_ALREADY_EXISTS, "Group with name %s already exists.", name);
}

int act_iam_CreateGroup(struct call *c, const iam_CreateGroup_in *in, iam_CreateGroup_out *out,
                        struct fault *f)
{
    const char *account = c->principal->account_id;
    if (iam_check_name("groupName", in->group_name, f) < 0 || iam_check_path(in->path, f) < 0 ||
        check_free(c, in->group_name, NULL, f) < 0 ||
        iam_check_quota(store_count_iam_groups(c->tx, "account_id", account), IAM_GROUPS_MAX,
                        "GroupsPerAccount", f) < 0)
        return -1;
    struct iam_group group = {
        .id = iam_id_make(c->arena, IAM_GROUP),
        .account_id = account,
        .path = in->path == NULL ? "/" : in->path,
        .name = in->group_name,
        .created_at = c->now,
    };
    store_insert_iam_group(c->tx, &group);
    out->group = IAM_NEW(c, iam_group_view(c, &group));
    return 0;
}

int act_iam_GetGroup(struct call *c, const iam_GetGroup_in *in, iam_GetGroup_out *out,
                     struct fault *f)
{
    struct page page;
    const struct iam_group *row = iam_find_group(c, in->group_name, f);
    if (row == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_user_list users = iam_users_of_group(c, row->id);
    const struct iam_ordered *ordered = IAM_ORDER(c, users);
    for (size_t i = 0; i < users.n && !page.more; i++)
        if (page_admit(&page, ordered[i].key))
            *arena_append(c->arena, &out->users) = iam_user_view(c, ordered[i].row, false);
    out->group = IAM_NEW(c, iam_group_view(c, row));
    IAM_PAGE_END(c, &page, out);
    return 0;
}

struct iam_user_list iam_users_of_group(struct call *c, const char *group_id)
{
    struct iam_user_list users = {0};
    struct iam_group_member_list members =
        store_iam_group_members(c->tx, c->arena, "group_id", group_id);
    for (size_t i = 0; i < members.n; i++) {
        const struct iam_user *user = store_iam_user(c->tx, c->arena, members.v[i].user_id);
        if (user != NULL)
            *arena_append(c->arena, &users) = *user;
    }
    return users;
}

struct iam_group_list iam_groups_of_user(struct call *c, const char *user_id)
{
    struct iam_group_list groups = {0};
    struct iam_group_member_list members =
        store_iam_group_members(c->tx, c->arena, "user_id", user_id);
    for (size_t i = 0; i < members.n; i++) {
        const struct iam_group *group = store_iam_group(c->tx, c->arena, members.v[i].group_id);
        if (group != NULL)
            *arena_append(c->arena, &groups) = *group;
    }
    return groups;
}

static void list(struct call *c, const struct iam_group_list *rows, const char *prefix,
                 struct page *page, struct iam_GroupList *ret_groups)
{
    const struct iam_ordered *ordered = IAM_ORDER(c, *rows);
    for (size_t i = 0; i < rows->n && !page->more; i++) {
        const struct iam_group *row = ordered[i].row;
        if (iam_is_below(row->path, prefix) && page_admit(page, ordered[i].key))
            *arena_append(c->arena, ret_groups) = iam_group_view(c, row);
    }
}

int act_iam_ListGroups(struct call *c, const iam_ListGroups_in *in, iam_ListGroups_out *out,
                       struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_group_list rows =
        store_iam_groups(c->tx, c->arena, "account_id", c->principal->account_id);
    list(c, &rows, in->path_prefix, &page, &out->groups);
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_ListGroupsForUser(struct call *c, const iam_ListGroupsForUser_in *in,
                              iam_ListGroupsForUser_out *out, struct fault *f)
{
    struct page page;
    const struct iam_user *user = iam_find_user(c, in->user_name, f);
    if (user == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_group_list rows = iam_groups_of_user(c, user->id);
    list(c, &rows, NULL, &page, &out->groups);
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_UpdateGroup(struct call *c, const iam_UpdateGroup_in *in, iam_UpdateGroup_out *out,
                        struct fault *f)
{
    if (iam_check_path(in->new_path, f) < 0 ||
        (in->new_group_name != NULL && iam_check_name("newGroupName", in->new_group_name, f) < 0))
        return -1;
    struct iam_group *row = iam_find_group(c, in->group_name, f);
    if (row == NULL ||
        (in->new_group_name != NULL && check_free(c, in->new_group_name, row->id, f) < 0))
        return -1;
    if (in->new_group_name != NULL)
        row->name = in->new_group_name;
    if (in->new_path != NULL)
        row->path = in->new_path;
    store_update_iam_group(c->tx, row);
    return 0;
}

int act_iam_DeleteGroup(struct call *c, const iam_DeleteGroup_in *in, iam_DeleteGroup_out *out,
                        struct fault *f)
{
    const struct iam_group *row = iam_find_group(c, in->group_name, f);
    if (row == NULL)
        return -1;
    if (store_count_iam_group_members(c->tx, "group_id", row->id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must remove users from group first.");
    if (iam_check_no_policies(c, row->id, f) < 0)
        return -1;
    store_delete_iam_groups(c->tx, "id", row->id);
    return 0;
}

/* Both are there, or NoSuchEntity. */
static int find_both(struct call *c, const char *group_name, const char *user_name,
                     struct iam_group_member *ret_member, struct fault *f)
{
    const struct iam_group *group = iam_find_group(c, group_name, f);
    const struct iam_user *user = group == NULL ? NULL : iam_find_user(c, user_name, f);
    if (user == NULL)
        return -1;
    *ret_member = (struct iam_group_member){group->id, user->id};
    return 0;
}

/* Who is in already stays in. */
int act_iam_AddUserToGroup(struct call *c, const iam_AddUserToGroup_in *in,
                           iam_AddUserToGroup_out *out, struct fault *f)
{
    struct iam_group_member member;
    if (find_both(c, in->group_name, in->user_name, &member, f) < 0)
        return -1;
    if (store_count_iam_group_members(c->tx, "group_id", member.group_id, "user_id",
                                      member.user_id) > 0)
        return 0;
    if (iam_check_quota(store_count_iam_group_members(c->tx, "user_id", member.user_id),
                        IAM_GROUPS_PER_USER, "GroupsPerUser", f) < 0)
        return -1;
    store_insert_iam_group_member(c->tx, &member);
    return 0;
}

int act_iam_RemoveUserFromGroup(struct call *c, const iam_RemoveUserFromGroup_in *in,
                                iam_RemoveUserFromGroup_out *out, struct fault *f)
{
    struct iam_group_member member;
    if (find_both(c, in->group_name, in->user_name, &member, f) < 0)
        return -1;
    if (store_count_iam_group_members(c->tx, "group_id", member.group_id, "user_id",
                                      member.user_id) == 0)
        return fault(f, FAULT_NO_SUCH_ENTITY, "User %s is not in group %s.", in->user_name,
                     in->group_name);
    store_delete_iam_group_members(c->tx, "group_id", member.group_id, "user_id", member.user_id);
    return 0;
}
