#pragma once
/*
 * What the actions of IAM share: names in requests become rows or NoSuchEntity, rows become shapes
 * of replies, and lists come in pages. Who may call is decided before (api/authorize.h); here an
 * account sees its own alone.
 */
#include <strings.h>

#include "api/call.h"
#include "api/page.h"
#include "auth/policy.h"
#include "store/identity.h"

/* AWS: "IAM and AWS STS quotas". */
#define IAM_USERS_MAX             5000
#define IAM_GROUPS_MAX            300
#define IAM_ROLES_MAX             1000
#define IAM_INSTANCE_PROFILES_MAX 1000
#define IAM_POLICIES_MAX          1500
#define IAM_VERSIONS_PER_POLICY   5
#define IAM_GROUPS_PER_USER       10
#define IAM_KEYS_PER_USER         2
#define IAM_POLICIES_PER_OWNER    10 /* attached to a user, a group or a role */
#define IAM_USER_POLICIES_SIZE    2048
#define IAM_GROUP_POLICIES_SIZE   5120
#define IAM_ROLE_POLICIES_SIZE    10240
#define IAM_MANAGED_POLICY_SIZE   6144
#define IAM_TRUST_POLICY_SIZE     2048
#define IAM_SESSION_DURATION      3600 /* seconds, of a role that says nothing else */
#define IAM_LINKED_ROLE_PATH      "/aws-service-role/"

/* --- requests --- */

/* Letters, digits and +=,.@_- (AWS: "IAM and AWS STS quotas"); ValidationError. */
int iam_check_name(const char *member, const char *name, struct fault *f);
/* NULL passes; else "/" or "/…/". */
int iam_check_path(const char *path, struct fault *f);
/* NULL passes; begins with "/". */
int iam_check_path_prefix(const char *prefix, struct fault *f);
/* An account has no room for one more: LimitExceeded. */
int iam_check_quota(size_t there, size_t max, const char *quota, struct fault *f);
/*
 * Is it a policy of the kind, and not larger than IAM takes (0: the caller counts)? White space
 * does not count.
 */
int iam_check_document(struct call *c, enum policy_kind kind, const char *text, size_t max,
                       const char *quota, struct fault *f);
size_t iam_document_size(const char *text);

/* Each: NULL with NoSuchEntity. */
struct iam_user *iam_find_user(struct call *c, const char *name, struct fault *f);
/* Without a name the user that calls; ValidationError when it is none. */
struct iam_user *iam_find_user_or_caller(struct call *c, const char *name, struct fault *f);
struct iam_group *iam_find_group(struct call *c, const char *name, struct fault *f);
struct iam_role *iam_find_role(struct call *c, const char *name, struct fault *f);
/* One that is not a service's own: UnmodifiableEntity. */
struct iam_role *iam_find_own_role(struct call *c, const char *name, struct fault *f);
struct iam_instance_profile *iam_find_instance_profile(struct call *c, const char *name,
                                                       struct fault *f);
/* Also InvalidInput: it is no ARN of a policy. */
struct iam_policy *iam_find_policy(struct call *c, const char *arn, struct fault *f);
/* One that the account made: those of AWS are not changed. */
struct iam_policy *iam_find_own_policy(struct call *c, const char *arn, struct fault *f);
/* DeleteConflict while the owner has policies, its own or attached ones. */
int iam_check_no_policies(struct call *c, const char *owner_id, struct fault *f);
/* "v2": 2; 0: it is none. */
int64_t iam_version_number(const char *version_id);
const char *iam_version_id(struct call *c, int64_t number);

/* A trust policy: MalformedPolicyDocument, LimitExceeded. */
int iam_check_trust(struct call *c, const char *document, struct fault *f);
/* Gives a role that has a name and a path what else it needs, and inserts it. */
int iam_insert_role(struct call *c, struct iam_role *row, struct fault *f);
void iam_forget_role(struct call *c, const struct iam_role *row);

/* --- lists --- */

struct iam_user_list iam_users_of_group(struct call *c, const char *group_id);
struct iam_group_list iam_groups_of_user(struct call *c, const char *user_id);
/* Managed policies of the account, of AWS, or both. */
struct iam_policy_list iam_policies_in_scope(struct call *c, bool own, bool of_aws);
/* The newest first. */
struct iam_policy_version_list iam_versions_of(struct call *c, const struct iam_policy *policy);

/* Rows in the order of their names, which is also that of their keys for pages. */
struct iam_ordered {
    const char *key;
    const void *row;
};
struct iam_ordered *iam_order(struct arena *a, const void *rows, size_t n, size_t size,
                              size_t name_offset);
#define IAM_ORDER(c, rows)                                                                         \
    iam_order((c)->arena, (rows).v, (rows).n, sizeof(*(rows).v),                                   \
              offsetof(__typeof__(*(rows).v), name))
/* MaxItems and Marker; a page of IAM has 100 unless told otherwise. */
int iam_page_begin(struct call *c, struct opt_int max_items, const char *marker,
                   struct page *ret_page, struct fault *f);
/* Is the path below the prefix that a list is asked for? NULL: all are. */
bool iam_is_below(const char *path, const char *prefix);
/* Sets IsTruncated and Marker of a reply. */
#define IAM_PAGE_END(c, page, out)                                                                 \
    do {                                                                                           \
        (out)->marker = page_end((c), (page));                                                     \
        (out)->is_truncated = wire_bool((page)->more);                                             \
    } while (false)

/* --- replies --- */

/* As IAM sends policies: RFC 3986, all but letters, digits and -._~ in percents. */
const char *iam_encoded(struct call *c, const char *document);
struct iam_AttachedPermissionsBoundary *iam_boundary(struct call *c, const char *arn);
/* `whole`: also what the lists of an account leave out (tags, boundary, last use). */
struct iam_User iam_user_view(struct call *c, const struct iam_user *row, bool whole);
struct iam_Group iam_group_view(struct call *c, const struct iam_group *row);
struct iam_Role iam_role_view(struct call *c, const struct iam_role *row, bool whole);
struct iam_InstanceProfile
iam_instance_profile_view(struct call *c, const struct iam_instance_profile *row, bool whole);
struct iam_Policy iam_policy_view(struct call *c, const struct iam_policy *row, bool whole);
struct iam_PolicyVersion iam_policy_version_view(struct call *c, const struct iam_policy *policy,
                                                 const struct iam_policy_version *row,
                                                 bool with_document);
/* What a user, a group or a role has of policies. */
void iam_attached_policies(struct call *c, const char *owner_id,
                           struct iam_AttachedPolicyList *ret_policies);
void iam_inline_policies(struct call *c, const char *owner_id,
                         struct iam_PolicyDetailList *ret_policies);
#define IAM_NEW(c, view)                                                                           \
    ({                                                                                             \
        __typeof__(view) *new_ = arena_new_of((c)->arena, __typeof__(view));                       \
        *new_ = (view);                                                                            \
        new_;                                                                                      \
    })

/* --- tags: their keys are compared without regard to case --- */

int iam_check_tags(const struct iam_TagList *tags, struct fault *f);
/* Writes checked tags over those that are there; LimitExceeded when they become too many. */
int iam_put_tags(struct call *c, enum iam_kind kind, const char *id, const struct iam_TagList *tags,
                 struct fault *f);
void iam_tags_of(struct call *c, const char *id, struct iam_TagList *ret_tags);
