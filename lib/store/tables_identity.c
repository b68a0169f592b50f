/* Accounts, what IAM knows of each, and who is let into instances. */
#include "store/tables_internal.h"

static const struct column access_key_columns[] = {
    TEXT(access_key, id),
    TEXT(access_key, account_id),
    TEXT(access_key, user_id),
    QUIET(access_key, secret),
    BOOL(access_key, active),
    INT(access_key, created_at),
    INT(access_key, last_used_at),
    TEXT(access_key, last_used_service),
    TEXT(access_key, last_used_region),
};
TABLE(access_key, 1);

static const struct column iam_user_columns[] = {
    TEXT(iam_user, id),   TEXT(iam_user, account_id),           TEXT(iam_user, path),
    TEXT(iam_user, name), TEXT(iam_user, permissions_boundary), INT(iam_user, created_at),
};
TABLE(iam_user, 1);

static const struct column iam_group_columns[] = {
    TEXT(iam_group, id),   TEXT(iam_group, account_id), TEXT(iam_group, path),
    TEXT(iam_group, name), INT(iam_group, created_at),
};
TABLE(iam_group, 1);

static const struct column iam_group_member_columns[] = {
    TEXT(iam_group_member, group_id),
    TEXT(iam_group_member, user_id),
};
TABLE(iam_group_member, 2);

static const struct column iam_role_columns[] = {
    TEXT(iam_role, id),
    TEXT(iam_role, account_id),
    TEXT(iam_role, path),
    TEXT(iam_role, name),
    TEXT(iam_role, description),
    TEXT(iam_role, assume_role_policy),
    INT(iam_role, max_session_duration),
    TEXT(iam_role, permissions_boundary),
    INT(iam_role, created_at),
    INT(iam_role, last_used_at),
    TEXT(iam_role, last_used_region),
};
TABLE(iam_role, 1);

static const struct column iam_policy_columns[] = {
    TEXT(iam_policy, id),
    TEXT(iam_policy, account_id),
    TEXT(iam_policy, arn),
    TEXT(iam_policy, path),
    TEXT(iam_policy, name),
    TEXT(iam_policy, description),
    INT(iam_policy, default_version),
    INT(iam_policy, versions_made),
    INT(iam_policy, created_at),
    INT(iam_policy, updated_at),
};
TABLE(iam_policy, 1);

static const struct column iam_policy_version_columns[] = {
    TEXT(iam_policy_version, policy_id),
    INT(iam_policy_version, number),
    TEXT(iam_policy_version, document),
    INT(iam_policy_version, created_at),
};
TABLE(iam_policy_version, 2);

static const struct column iam_attachment_columns[] = {
    TEXT(iam_attachment, owner_id),
    TEXT(iam_attachment, policy_arn),
    TEXT(iam_attachment, account_id),
};
TABLE(iam_attachment, 2);

static const struct column iam_inline_policy_columns[] = {
    TEXT(iam_inline_policy, owner_id),
    TEXT(iam_inline_policy, name),
    TEXT(iam_inline_policy, document),
};
TABLE(iam_inline_policy, 2);

static const struct column iam_instance_profile_columns[] = {
    TEXT(iam_instance_profile, id),      TEXT(iam_instance_profile, account_id),
    TEXT(iam_instance_profile, path),    TEXT(iam_instance_profile, name),
    TEXT(iam_instance_profile, role_id), INT(iam_instance_profile, created_at),
};
TABLE(iam_instance_profile, 1);

static const struct column instance_profile_association_columns[] = {
    TEXT(instance_profile_association, id),
    TEXT(instance_profile_association, account_id),
    TEXT(instance_profile_association, region),
    TEXT(instance_profile_association, instance_id),
    TEXT(instance_profile_association, profile_id),
    TEXT(instance_profile_association, profile_arn),
    INT(instance_profile_association, associated_at),
};
TABLE(instance_profile_association, 1);

static const struct column managed_ssh_key_columns[] = {
    TEXT(managed_ssh_key, id),      TEXT(managed_ssh_key, instance_id),
    TEXT(managed_ssh_key, os_user), QUIET(managed_ssh_key, public_key),
    TEXT(managed_ssh_key, caller),  INT(managed_ssh_key, expires_at),
};
TABLE(managed_ssh_key, 1);

static const struct column account_columns[] = {
    TEXT(account, id),     TEXT(account, name),       TEXT(account, email),
    TEXT(account, status), TEXT(account, request_id), INT(account, created_at),
};
TABLE(account, 1);

static const struct column account_quota_columns[] = {
    TEXT(account_quota, account_id),
    TEXT(account_quota, code),
    INT(account_quota, value),
};
TABLE(account_quota, 2);

static const struct column quota_request_columns[] = {
    TEXT(quota_request, id),        TEXT(quota_request, account_id),
    TEXT(quota_request, code),      INT(quota_request, desired_value),
    TEXT(quota_request, status),    TEXT(quota_request, requester),
    INT(quota_request, created_at), INT(quota_request, updated_at),
};
TABLE(quota_request, 1);
