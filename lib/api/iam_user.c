/* Users of an account. */
#include <string.h>

#include "api/iam.h"
#include "base/text.h"

struct iam_User iam_user_view(struct call *c, const struct iam_user *row, bool whole)
{
    struct iam_User user = {
        .path = row->path,
        .user_name = row->name,
        .user_id = row->id,
        .arn = iam_user_arn(c->arena, row),
        .create_date = wire_time(row->created_at),
    };
    if (whole) {
        user.permissions_boundary = iam_boundary(c, row->permissions_boundary);
        iam_tags_of(c, row->id, &user.tags);
    }
    return user;
}

/* Another one of this name? Names that differ in case are the same. */
static int check_free(struct call *c, const char *name, const char *but_id, struct fault *f)
{
    const struct iam_user *there =
        store_iam_user_named(c->tx, c->arena, c->principal->account_id, name);
    if (there == NULL || streq(there->id, but_id))
        return 0;
    return fault(f, FAULT_ENTITY_ALREADY_EXISTS, "User with name %s already exists.", name);
}

int act_iam_CreateUser(struct call *c, const iam_CreateUser_in *in, iam_CreateUser_out *out,
                       struct fault *f)
{
    const char *account = c->principal->account_id;
    if (iam_check_name("userName", in->user_name, f) < 0 || iam_check_path(in->path, f) < 0 ||
        iam_check_tags(&in->tags, f) < 0)
        return -1;
    if (in->permissions_boundary != NULL && iam_find_policy(c, in->permissions_boundary, f) == NULL)
        return -1;
    if (check_free(c, in->user_name, NULL, f) < 0 ||
        iam_check_quota(store_count_iam_users(c->tx, "account_id", account), IAM_USERS_MAX,
                        "UsersPerAccount", f) < 0)
        return -1;
    struct iam_user user = {
        .id = iam_id_make(c->arena, IAM_USER),
        .account_id = account,
        .path = in->path == NULL ? "/" : in->path,
        .name = in->user_name,
        .permissions_boundary = in->permissions_boundary,
        .created_at = c->now,
    };
    store_insert_iam_user(c->tx, &user);
    if (iam_put_tags(c, IAM_USER, user.id, &in->tags, f) < 0)
        return -1;
    out->user = IAM_NEW(c, iam_user_view(c, &user, true));
    return 0;
}

/* Root is no row; IAM shows it as a user that has the account's id. */
static struct iam_User *view_of_root(struct call *c)
{
    return IAM_NEW(c, ((struct iam_User){
                          .path = "/",
                          .user_name = "root",
                          .user_id = c->principal->account_id,
                          .arn = c->principal->arn,
                      }));
}

int act_iam_GetUser(struct call *c, const iam_GetUser_in *in, iam_GetUser_out *out, struct fault *f)
{
    if (in->user_name == NULL && c->principal->kind == PRINCIPAL_ROOT) {
        out->user = view_of_root(c);
        return 0;
    }
    const struct iam_user *row = iam_find_user_or_caller(c, in->user_name, f);
    if (row == NULL)
        return -1;
    out->user = IAM_NEW(c, iam_user_view(c, row, true));
    return 0;
}

int act_iam_ListUsers(struct call *c, const iam_ListUsers_in *in, iam_ListUsers_out *out,
                      struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_user_list rows =
        store_iam_users(c->tx, c->arena, "account_id", c->principal->account_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct iam_user *row = ordered[i].row;
        if (iam_is_below(row->path, in->path_prefix) && page_admit(&page, ordered[i].key))
            *arena_append(c->arena, &out->users) = iam_user_view(c, row, false);
    }
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_UpdateUser(struct call *c, const iam_UpdateUser_in *in, iam_UpdateUser_out *out,
                       struct fault *f)
{
    if (iam_check_path(in->new_path, f) < 0 ||
        (in->new_user_name != NULL && iam_check_name("newUserName", in->new_user_name, f) < 0))
        return -1;
    struct iam_user *row = iam_find_user(c, in->user_name, f);
    if (row == NULL ||
        (in->new_user_name != NULL && check_free(c, in->new_user_name, row->id, f) < 0))
        return -1;
    if (in->new_user_name != NULL)
        row->name = in->new_user_name;
    if (in->new_path != NULL)
        row->path = in->new_path;
    store_update_iam_user(c->tx, row);
    return 0;
}

int act_iam_DeleteUser(struct call *c, const iam_DeleteUser_in *in, iam_DeleteUser_out *out,
                       struct fault *f)
{
    const struct iam_user *row = iam_find_user(c, in->user_name, f);
    if (row == NULL)
        return -1;
    if (store_count_access_keys(c->tx, "user_id", row->id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must delete access keys first.");
    if (store_count_iam_group_members(c->tx, "user_id", row->id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must remove users from group first.");
    if (iam_check_no_policies(c, row->id, f) < 0)
        return -1;
    store_delete_tags(c->tx, "resource_id", row->id);
    store_delete_iam_users(c->tx, "id", row->id);
    return 0;
}

int act_iam_PutUserPermissionsBoundary(struct call *c, const iam_PutUserPermissionsBoundary_in *in,
                                       iam_PutUserPermissionsBoundary_out *out, struct fault *f)
{
    struct iam_user *row = iam_find_user(c, in->user_name, f);
    if (row == NULL || iam_find_policy(c, in->permissions_boundary, f) == NULL)
        return -1;
    row->permissions_boundary = in->permissions_boundary;
    store_update_iam_user(c->tx, row);
    return 0;
}

int act_iam_DeleteUserPermissionsBoundary(struct call *c,
                                          const iam_DeleteUserPermissionsBoundary_in *in,
                                          iam_DeleteUserPermissionsBoundary_out *out,
                                          struct fault *f)
{
    struct iam_user *row = iam_find_user(c, in->user_name, f);
    if (row == NULL)
        return -1;
    if (row->permissions_boundary == NULL)
        return fault(f, FAULT_NO_SUCH_ENTITY, "The user with name %s has no permissions boundary.",
                     row->name);
    row->permissions_boundary = NULL;
    store_update_iam_user(c->tx, row);
    return 0;
}
