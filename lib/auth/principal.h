#pragma once
/*
 * Who is calling, and the access keys that prove it. All strings live in the arena they were made
 * in (a request's), or longer.
 */
#include <stdint.h>

enum principal_kind {
    PRINCIPAL_ROOT, /* the account itself: arn:aws:iam::ACCOUNT:root */
    PRINCIPAL_USER, /* an IAM user: arn:aws:iam::ACCOUNT:user/NAME */
    PRINCIPAL_ROLE, /* a session of a role: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION */
};

struct principal {
    enum principal_kind kind;
    const char *account_id; /* 12 digits */
    const char *arn;
    const char *
        user_id; /* GetCallerIdentity's UserId: the account id for root, else AIDA…/AROA…:session */
    const char *access_key_id; /* the key that signed; NULL for a peer of the unix socket */
};

struct credential {
    const char *access_key_id;
    const char *secret_access_key; /* never logged, never in an error */
    const char *session_token;     /* NULL for a long-term key */
    int64_t expires;               /* milliseconds since 1970; 0: never */
    struct principal principal;
};
