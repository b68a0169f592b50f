#pragma once
/*
 * Identities: the users, groups, roles, policies and instance profiles of an account, and how each
 * is named. IAM is global, so these rows have an account and no region.
 *
 * A name is unique among what is of its kind in the account, without regard to case; it may stand
 * below a path ("/", "/teams/red/"), which is part of the ARN and of nothing else. The unique id
 * stays when a user is renamed, and is never given out again. Tags are rows of the tag table under
 * this id.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* Where global things are said to be, in the region column of tags (AWS's name for it). */
#define GLOBAL_REGION "aws-global"
/* The owner of the policies that AWS manages, where an ARN has the account. */
#define AWS_ACCOUNT "aws"

enum iam_kind { IAM_USER, IAM_GROUP, IAM_ROLE, IAM_POLICY, IAM_INSTANCE_PROFILE, _IAM_KIND_MAX };

struct iam_user {
    const char *id; /* AIDA… */
    const char *account_id;
    const char *path;
    const char *name;
    const char *permissions_boundary; /* ARN of a managed policy; NULL: none */
    int64_t created_at;
};

struct iam_group {
    const char *id; /* AGPA… */
    const char *account_id;
    const char *path;
    const char *name;
    int64_t created_at;
};

struct iam_group_member {
    const char *group_id;
    const char *user_id;
};

struct iam_role {
    const char *id; /* AROA… */
    const char *account_id;
    const char *path;
    const char *name;
    const char *description;        /* NULL: none */
    const char *assume_role_policy; /* the trust policy: who may take the role */
    int64_t max_session_duration;   /* seconds */
    const char *permissions_boundary;
    int64_t created_at;
    int64_t last_used_at; /* 0: not yet */
    const char *last_used_region;
};

/* A managed policy. Those of AWS are no rows; they have the account "aws". */
struct iam_policy {
    const char *id; /* ANPA… */
    const char *account_id;
    const char *arn;
    const char *path;
    const char *name;
    const char *description; /* NULL: none */
    int64_t default_version; /* the one that is in force */
    int64_t versions_made;   /* numbers are not used again */
    int64_t created_at;
    int64_t updated_at; /* of its default version */
};

struct iam_policy_version {
    const char *policy_id;
    int64_t number; /* 1: "v1" */
    const char *document;
    int64_t created_at;
};

/* A managed policy is attached to a user, a group or a role. */
struct iam_attachment {
    const char *owner_id;
    const char *policy_arn;
    const char *account_id; /* of the owner: AWS's policies are attached in many */
};

/* A policy that is part of a user, a group or a role. */
struct iam_inline_policy {
    const char *owner_id;
    const char *name;
    const char *document;
};

struct iam_instance_profile {
    const char *id; /* AIPA… */
    const char *account_id;
    const char *path;
    const char *name;
    const char *role_id; /* NULL: it is empty */
    int64_t created_at;
};

/* An ARN of IAM, taken apart. */
struct iam_name {
    enum iam_kind kind;
    const char *account_id; /* or AWS_ACCOUNT */
    const char *path;
    const char *name;
};

/* "AIDA", what the unique ids of the kind begin with. */
const char *iam_id_prefix(enum iam_kind kind);
/* "user", as ARNs and tags say it. */
const char *iam_kind_word(enum iam_kind kind);
/* A new unique id: the prefix and seventeen random characters. */
const char *iam_id_make(struct arena *a, enum iam_kind kind);
/* Is it a unique id of the kind? */
bool iam_id_is(const char *id, enum iam_kind kind);
/* "arn:aws:iam::ACCOUNT:user/PATH/NAME": the one place that writes them. */
const char *iam_arn(struct arena *a, enum iam_kind kind, const char *account_id, const char *path,
                    const char *name);
/* False: not the ARN of something of IAM that has a name. */
bool iam_arn_parse(struct arena *a, const char *arn, struct iam_name *ret_name);

/* The account itself, which may do everything. */
const char *iam_root_arn(struct arena *a, const char *account_id);
#define iam_user_arn(a, row)  iam_arn(a, IAM_USER, (row)->account_id, (row)->path, (row)->name)
#define iam_group_arn(a, row) iam_arn(a, IAM_GROUP, (row)->account_id, (row)->path, (row)->name)
#define iam_role_arn(a, row)  iam_arn(a, IAM_ROLE, (row)->account_id, (row)->path, (row)->name)
#define iam_instance_profile_arn(a, row)                                                           \
    iam_arn(a, IAM_INSTANCE_PROFILE, (row)->account_id, (row)->path, (row)->name)

/*
 * The policies that AWS manages, as far as they say something here: static data. A name is also
 * taken whose services Croft does not have, so that what clients attach everywhere can be attached.
 */
struct aws_policy {
    struct iam_policy policy; /* of version 1 */
    const char *document;
};
extern const struct aws_policy aws_policies[];
extern const unsigned aws_policies_n;
/* NULL: AWS has no policy of this ARN that is known here. */
const struct aws_policy *aws_policy_find(const char *arn);
