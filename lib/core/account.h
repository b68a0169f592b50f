#pragma once
/*
 * Accounts and what each may have. The first one is the server's owner's (in AWS's words the
 * management account of an organization), and makes the others: a class has one for each student.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/fault.h"

#define ACCOUNT_ACTIVE    "ACTIVE"
#define ACCOUNT_SUSPENDED "SUSPENDED" /* closed: nobody of it is let in */

/* More of anything than a server has; stands for "no limit" where a number must be said. */
#define QUOTA_UNBOUNDED 1000000000

struct account {
    const char *id; /* 12 digits */
    const char *name;
    const char *email;      /* unique, whatever its case is */
    const char *status;     /* ACCOUNT_ACTIVE, or ACCOUNT_SUSPENDED */
    const char *request_id; /* car-…: of the call that made it; NULL: the first one */
    int64_t created_at;
};

/* A quota that an account was given; without one it has what the server gives everybody. */
struct account_quota {
    const char *account_id;
    const char *code; /* L-1216C47A */
    int64_t value;
};

/* Somebody asked for more. */
struct quota_request {
    const char *id;
    const char *account_id;
    const char *code;
    int64_t desired_value;
    const char *status; /* PENDING, APPROVED */
    const char *requester;
    int64_t created_at;
    int64_t updated_at;
};

/* Twelve random digits. */
const char *account_id_make(struct arena *a);

enum quota {
#define ACCOUNT_QUOTA(id, ...) QUOTA_##id,
#include "core/account_quotas.def"
#undef ACCOUNT_QUOTA
    _QUOTA_MAX
};

struct quota_kind {
    const char *word;
    const char *service;
    const char *code;
    const char *name;
    enum fault_code fault;
};
extern const struct quota_kind quota_kinds[_QUOTA_MAX];

/* What the owner gives to each account but his own; 0: no limit. */
struct quota_values {
    int64_t of[_QUOTA_MAX];
};

/* As helps say it. */
#define QUOTA_WORDS "instances=N memory=MIB vcpus=N spot-vcpus=N addresses=N disk=GIB vpcs=N"
/* "instances=5 vcpus=8": words and numbers from 1 on. -EINVAL with the reason. */
int quota_values_parse(struct arena *a, const char *text, struct quota_values *ret_values,
                       struct err *e);
/* NULL: the service has no such quota. */
const struct quota_kind *quota_of_code(const char *service, const char *code);
