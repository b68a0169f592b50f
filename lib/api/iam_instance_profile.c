/* Instance profiles: what carries a role into an instance. Each has one role, or none. */
#include "api/authorize.h"
#include "api/iam.h"
#include "base/text.h"

struct iam_InstanceProfile
iam_instance_profile_view(struct call *c, const struct iam_instance_profile *row, bool whole)
{
    struct iam_InstanceProfile profile = {
        .path = row->path,
        .instance_profile_name = row->name,
        .instance_profile_id = row->id,
        .arn = iam_instance_profile_arn(c->arena, row),
        .create_date = wire_time(row->created_at),
    };
    const struct iam_role *role =
        row->role_id == NULL ? NULL : store_iam_role(c->tx, c->arena, row->role_id);
    wire_list_empty(&profile.roles);
    if (role != NULL) {
        profile.roles = (struct iam_RoleList){0};
        *arena_append(c->arena, &profile.roles) = iam_role_view(c, role, false);
    }
    if (whole)
        iam_tags_of(c, row->id, &profile.tags);
    return profile;
}

int act_iam_CreateInstanceProfile(struct call *c, const iam_CreateInstanceProfile_in *in,
                                  iam_CreateInstanceProfile_out *out, struct fault *f)
{
    const char *account = c->principal->account_id;
    const char *name = in->instance_profile_name;
    if (iam_check_name("instanceProfileName", name, f) < 0 || iam_check_path(in->path, f) < 0 ||
        iam_check_tags(&in->tags, f) < 0)
        return -1;
    if (store_iam_instance_profile_named(c->tx, c->arena, account, name) != NULL)
        return fault(f, FAULT_ENTITY_ALREADY_EXISTS, "Instance Profile %s already exists.", name);
    if (iam_check_quota(store_count_iam_instance_profiles(c->tx, "account_id", account),
                        IAM_INSTANCE_PROFILES_MAX, "InstanceProfilesPerAccount", f) < 0)
        return -1;
    struct iam_instance_profile profile = {
        .id = iam_id_make(c->arena, IAM_INSTANCE_PROFILE),
        .account_id = account,
        .path = in->path == NULL ? "/" : in->path,
        .name = name,
        .created_at = c->now,
    };
    store_insert_iam_instance_profile(c->tx, &profile);
    if (iam_put_tags(c, IAM_INSTANCE_PROFILE, profile.id, &in->tags, f) < 0)
        return -1;
    out->instance_profile = IAM_NEW(c, iam_instance_profile_view(c, &profile, true));
    return 0;
}

int act_iam_GetInstanceProfile(struct call *c, const iam_GetInstanceProfile_in *in,
                               iam_GetInstanceProfile_out *out, struct fault *f)
{
    const struct iam_instance_profile *row =
        iam_find_instance_profile(c, in->instance_profile_name, f);
    if (row == NULL)
        return -1;
    out->instance_profile = IAM_NEW(c, iam_instance_profile_view(c, row, true));
    return 0;
}

static void list(struct call *c, const struct iam_instance_profile_list *rows, const char *prefix,
                 struct page *page, struct iam_InstanceProfileList *ret_profiles)
{
    const struct iam_ordered *ordered = IAM_ORDER(c, *rows);
    for (size_t i = 0; i < rows->n && !page->more; i++) {
        const struct iam_instance_profile *row = ordered[i].row;
        if (iam_is_below(row->path, prefix) && page_admit(page, ordered[i].key))
            *arena_append(c->arena, ret_profiles) = iam_instance_profile_view(c, row, false);
    }
}

int act_iam_ListInstanceProfiles(struct call *c, const iam_ListInstanceProfiles_in *in,
                                 iam_ListInstanceProfiles_out *out, struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_instance_profile_list rows =
        store_iam_instance_profiles(c->tx, c->arena, "account_id", c->principal->account_id);
    list(c, &rows, in->path_prefix, &page, &out->instance_profiles);
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_ListInstanceProfilesForRole(struct call *c,
                                        const iam_ListInstanceProfilesForRole_in *in,
                                        iam_ListInstanceProfilesForRole_out *out, struct fault *f)
{
    struct page page;
    const struct iam_role *role = iam_find_role(c, in->role_name, f);
    if (role == NULL || iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_instance_profile_list rows =
        store_iam_instance_profiles(c->tx, c->arena, "role_id", role->id);
    list(c, &rows, NULL, &page, &out->instance_profiles);
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_DeleteInstanceProfile(struct call *c, const iam_DeleteInstanceProfile_in *in,
                                  iam_DeleteInstanceProfile_out *out, struct fault *f)
{
    const struct iam_instance_profile *row =
        iam_find_instance_profile(c, in->instance_profile_name, f);
    if (row == NULL)
        return -1;
    if (row->role_id != NULL)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must remove roles from instance profile first.");
    store_delete_tags(c->tx, "resource_id", row->id);
    store_delete_iam_instance_profiles(c->tx, "id", row->id);
    return 0;
}

int act_iam_AddRoleToInstanceProfile(struct call *c, const iam_AddRoleToInstanceProfile_in *in,
                                     iam_AddRoleToInstanceProfile_out *out, struct fault *f)
{
    struct iam_instance_profile *row = iam_find_instance_profile(c, in->instance_profile_name, f);
    const struct iam_role *role = row == NULL ? NULL : iam_find_own_role(c, in->role_name, f);
    if (role == NULL)
        return -1;
    /* Who gives the profile to an instance gives the role; so who fills it has to be allowed, too.
     */
    if (authorize_pass_role(c, role, "ec2.amazonaws.com", f) < 0 ||
        iam_check_quota(row->role_id != NULL, 1, "InstanceSessionsPerInstanceProfile", f) < 0)
        return -1;
    row->role_id = role->id;
    store_update_iam_instance_profile(c->tx, row);
    return 0;
}

int act_iam_RemoveRoleFromInstanceProfile(struct call *c,
                                          const iam_RemoveRoleFromInstanceProfile_in *in,
                                          iam_RemoveRoleFromInstanceProfile_out *out,
                                          struct fault *f)
{
    struct iam_instance_profile *row = iam_find_instance_profile(c, in->instance_profile_name, f);
    const struct iam_role *role = row == NULL ? NULL : iam_find_own_role(c, in->role_name, f);
    if (role == NULL)
        return -1;
    if (!streq(row->role_id, role->id))
        return fault(f, FAULT_NO_SUCH_ENTITY, "Role %s is not in Instance Profile %s.", role->name,
                     row->name);
    row->role_id = NULL;
    store_update_iam_instance_profile(c->tx, row);
    return 0;
}
