/* Roles, and the policies that say who may take them. */
#include "api/iam.h"
#include "api/last_use.h"
#include "base/text.h"

static struct iam_RoleLastUsed *last_used(struct call *c, const struct iam_role *row)
{
    struct iam_RoleLastUsed *used = arena_new_of(c->arena, struct iam_RoleLastUsed);
    struct last_use use = last_use_of_role(c->last_uses, c->arena, row);
    if (use.at > 0)
        *used = (struct iam_RoleLastUsed){wire_time(use.at), use.region};
    return used;
}

struct iam_Role iam_role_view(struct call *c, const struct iam_role *row, bool whole)
{
    struct iam_Role role = {
        .path = row->path,
        .role_name = row->name,
        .role_id = row->id,
        .arn = iam_role_arn(c->arena, row),
        .create_date = wire_time(row->created_at),
        .assume_role_policy_document = iam_encoded(c, row->assume_role_policy),
        .description = row->description,
        .max_session_duration = wire_int(row->max_session_duration),
    };
    if (whole) {
        role.permissions_boundary = iam_boundary(c, row->permissions_boundary);
        role.role_last_used = last_used(c, row);
        iam_tags_of(c, row->id, &role.tags);
    }
    return role;
}

/* AWS's pattern of what a role is for: no control characters but line ends and tabs. */
static int check_description(const char *text, struct fault *f)
{
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' && *at != '\t' && *at != '\n' && *at != '\r')
            return fault(f, FAULT_VALIDATION_ERROR,
                         "The specified value for description has characters that it may not have");
    return 0;
}

int iam_check_trust(struct call *c, const char *document, struct fault *f)
{
    return iam_check_document(c, POLICY_OF_ROLE, document, IAM_TRUST_POLICY_SIZE, "ACLSizePerRole",
                              f);
}

int iam_insert_role(struct call *c, struct iam_role *row, struct fault *f)
{
    const char *account = c->principal->account_id;
    if (store_iam_role_named(c->tx, c->arena, account, row->name) != NULL)
        return fault(f, FAULT_ENTITY_ALREADY_EXISTS, "Role with name %s already exists.",
                     row->name);
    if (iam_check_quota(store_count_iam_roles(c->tx, "account_id", account), IAM_ROLES_MAX,
                        "RolesPerAccount", f) < 0)
        return -1;
    row->id = iam_id_make(c->arena, IAM_ROLE);
    row->account_id = account;
    row->created_at = c->now;
    if (row->max_session_duration == 0)
        row->max_session_duration = IAM_SESSION_DURATION;
    store_insert_iam_role(c->tx, row);
    return 0;
}

int act_iam_CreateRole(struct call *c, const iam_CreateRole_in *in, iam_CreateRole_out *out,
                       struct fault *f)
{
    if (iam_check_name("roleName", in->role_name, f) < 0 || iam_check_path(in->path, f) < 0 ||
        check_description(in->description, f) < 0 || iam_check_tags(&in->tags, f) < 0 ||
        iam_check_trust(c, in->assume_role_policy_document, f) < 0)
        return -1;
    if (in->path != NULL && has_prefix(in->path, IAM_LINKED_ROLE_PATH))
        return fault(f, FAULT_VALIDATION_ERROR,
                     "The path " IAM_LINKED_ROLE_PATH " is that of service-linked roles alone");
    if (in->permissions_boundary != NULL && iam_find_policy(c, in->permissions_boundary, f) == NULL)
        return -1;
    struct iam_role role = {
        .path = in->path == NULL ? "/" : in->path,
        .name = in->role_name,
        .description = in->description,
        .assume_role_policy = in->assume_role_policy_document,
        .max_session_duration = in->max_session_duration.v,
        .permissions_boundary = in->permissions_boundary,
    };
    if (iam_insert_role(c, &role, f) < 0 || iam_put_tags(c, IAM_ROLE, role.id, &in->tags, f) < 0)
        return -1;
    out->role = IAM_NEW(c, iam_role_view(c, &role, true));
    return 0;
}

int act_iam_GetRole(struct call *c, const iam_GetRole_in *in, iam_GetRole_out *out, struct fault *f)
{
    const struct iam_role *row = iam_find_role(c, in->role_name, f);
    if (row == NULL)
        return -1;
    out->role = IAM_NEW(c, iam_role_view(c, row, true));
    return 0;
}

int act_iam_ListRoles(struct call *c, const iam_ListRoles_in *in, iam_ListRoles_out *out,
                      struct fault *f)
{
    struct page page;
    if (iam_check_path_prefix(in->path_prefix, f) < 0 ||
        iam_page_begin(c, in->max_items, in->marker, &page, f) < 0)
        return -1;
    struct iam_role_list rows =
        store_iam_roles(c->tx, c->arena, "account_id", c->principal->account_id);
    const struct iam_ordered *ordered = IAM_ORDER(c, rows);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        const struct iam_role *row = ordered[i].row;
        if (iam_is_below(row->path, in->path_prefix) && page_admit(&page, ordered[i].key))
            *arena_append(c->arena, &out->roles) = iam_role_view(c, row, false);
    }
    IAM_PAGE_END(c, &page, out);
    return 0;
}

int act_iam_UpdateRole(struct call *c, const iam_UpdateRole_in *in, iam_UpdateRole_out *out,
                       struct fault *f)
{
    struct iam_role *row = iam_find_own_role(c, in->role_name, f);
    if (row == NULL || check_description(in->description, f) < 0)
        return -1;
    if (in->description != NULL)
        row->description = in->description;
    /* AWS: "If you do not specify a value for this setting, the default of one hour is applied." */
    row->max_session_duration =
        in->max_session_duration.set ? in->max_session_duration.v : IAM_SESSION_DURATION;
    store_update_iam_role(c->tx, row);
    return 0;
}

int act_iam_UpdateRoleDescription(struct call *c, const iam_UpdateRoleDescription_in *in,
                                  iam_UpdateRoleDescription_out *out, struct fault *f)
{
    struct iam_role *row = iam_find_role(c, in->role_name, f); /* of a service, too */
    if (row == NULL || check_description(in->description, f) < 0)
        return -1;
    row->description = in->description;
    store_update_iam_role(c->tx, row);
    out->role = IAM_NEW(c, iam_role_view(c, row, true));
    return 0;
}

int act_iam_UpdateAssumeRolePolicy(struct call *c, const iam_UpdateAssumeRolePolicy_in *in,
                                   iam_UpdateAssumeRolePolicy_out *out, struct fault *f)
{
    struct iam_role *row = iam_find_own_role(c, in->role_name, f);
    if (row == NULL || iam_check_trust(c, in->policy_document, f) < 0)
        return -1;
    row->assume_role_policy = in->policy_document;
    store_update_iam_role(c->tx, row);
    return 0;
}

void iam_forget_role(struct call *c, const struct iam_role *row)
{
    store_delete_tags(c->tx, "resource_id", row->id);
    store_delete_iam_roles(c->tx, "id", row->id);
}

int act_iam_DeleteRole(struct call *c, const iam_DeleteRole_in *in, iam_DeleteRole_out *out,
                       struct fault *f)
{
    const struct iam_role *row = iam_find_own_role(c, in->role_name, f);
    if (row == NULL)
        return -1;
    if (store_count_iam_instance_profiles(c->tx, "role_id", row->id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must remove roles from instance profile first.");
    if (iam_check_no_policies(c, row->id, f) < 0)
        return -1;
    iam_forget_role(c, row);
    return 0;
}

int act_iam_PutRolePermissionsBoundary(struct call *c, const iam_PutRolePermissionsBoundary_in *in,
                                       iam_PutRolePermissionsBoundary_out *out, struct fault *f)
{
    struct iam_role *row = iam_find_own_role(c, in->role_name, f);
    if (row == NULL || iam_find_policy(c, in->permissions_boundary, f) == NULL)
        return -1;
    row->permissions_boundary = in->permissions_boundary;
    store_update_iam_role(c->tx, row);
    return 0;
}

int act_iam_DeleteRolePermissionsBoundary(struct call *c,
                                          const iam_DeleteRolePermissionsBoundary_in *in,
                                          iam_DeleteRolePermissionsBoundary_out *out,
                                          struct fault *f)
{
    struct iam_role *row = iam_find_own_role(c, in->role_name, f);
    if (row == NULL)
        return -1;
    if (row->permissions_boundary == NULL)
        return fault(f, FAULT_NO_SUCH_ENTITY, "The role with name %s has no permissions boundary.",
                     row->name);
    row->permissions_boundary = NULL;
    store_update_iam_role(c->tx, row);
    return 0;
}
