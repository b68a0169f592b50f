#pragma once
/*
 * Who is calling, and the access keys that prove it. All strings live in the arena they were made
 * in (a request's), or longer.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum principal_kind {
    PRINCIPAL_ROOT, /* the account itself: arn:aws:iam::ACCOUNT:root */
    PRINCIPAL_USER, /* an IAM user: arn:aws:iam::ACCOUNT:user/NAME */
    PRINCIPAL_ROLE, /* a session of a role: arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION */
    /* What a user, or the account, lets somebody else do: arn:aws:sts::ACCOUNT:federated-user/NAME
     */
    PRINCIPAL_FEDERATED,
};

/* A tag that a session carries: aws:PrincipalTag/KEY. */
struct session_tag {
    const char *key;
    const char *value;
    bool is_transitive; /* goes on to the sessions that are begun with this one */
};

/* What temporary credentials say besides who has them (auth/session.h). */
struct session {
    int64_t issued_at; /* milliseconds since 1970 */
    int64_t expires_at;
    const char *name;            /* RoleSessionName; NULL: of GetSessionToken */
    const char *source_identity; /* NULL: none */
    const char *instance_id;     /* that its metadata gave them to; NULL: STS gave them */
    const char *association_id;  /* of that instance with its profile */
    const char **policies;       /* documents that narrow it */
    size_t n_policies;
    const char **policy_arns; /* managed ones that do so too */
    size_t n_policy_arns;
    struct session_tag *tags;
    size_t n_tags;
};

struct principal {
    enum principal_kind kind;
    const char *account_id; /* 12 digits */
    const char *arn;
    const char *
        user_id; /* GetCallerIdentity's UserId: the account id for root, else AIDA…/AROA…:session */
    const char *id; /* of the row of the user or role: AIDA…, AROA…; NULL: root. Of a federated
                       user, that of who lets it in */
    const char *access_key_id;     /* the key that signed; NULL for a peer of the unix socket */
    const struct session *session; /* of temporary credentials; NULL: none */
};

struct credential {
    const char *access_key_id;
    const char *secret_access_key; /* never logged, never in an error */
    struct principal principal;    /* of a temporary key: what its token says, once that is open */
};
