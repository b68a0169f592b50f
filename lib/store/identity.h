#pragma once
/*
 * Finding what IAM knows of an account: by name (without regard to case), managed policies by ARN
 * whether they are the account's or AWS's, and access keys being made.
 */
#include "auth/access_key.h"
#include "store/tables.h"

/* NULL: the account has none of this name. */
struct iam_user *store_iam_user_named(struct tx *tx, struct arena *a, const char *account_id,
                                      const char *name);
struct iam_group *store_iam_group_named(struct tx *tx, struct arena *a, const char *account_id,
                                        const char *name);
struct iam_role *store_iam_role_named(struct tx *tx, struct arena *a, const char *account_id,
                                      const char *name);
struct iam_instance_profile *store_iam_instance_profile_named(struct tx *tx, struct arena *a,
                                                              const char *account_id,
                                                              const char *name);
/* The policy of this ARN, of the account or of AWS; another account's does not exist. */
struct iam_policy *store_managed_policy(struct tx *tx, struct arena *a, const char *account_id,
                                        const char *arn);
/* One of its versions, or NULL. */
struct iam_policy_version *store_managed_policy_version(struct tx *tx, struct arena *a,
                                                        const struct iam_policy *policy,
                                                        int64_t number);
/* The document in force of the policy of this ARN, or NULL. */
const char *store_managed_document(struct tx *tx, struct arena *a, const char *account_id,
                                   const char *arn);
/* The policy that the owner has as its own, or NULL. */
struct iam_inline_policy *store_inline_policy(struct tx *tx, struct arena *a, const char *owner_id,
                                              const char *name);
bool store_is_attached(struct tx *tx, const char *owner_id, const char *policy_arn);

/* Makes a key of a user, or with the account as the user of the account itself, and inserts it. */
int store_make_access_key(struct tx *tx, struct arena *a, const struct server_key *k,
                          const char *account_id, const char *user_id, int64_t now,
                          struct access_key_pair *ret_pair, struct err *e);
