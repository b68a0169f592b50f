#pragma once
/*
 * May it be done? Policies against one request (AWS: "Policy evaluation logic").
 *
 *     struct policy_question q = {.action = "ec2:StopInstances", .resource = arn, .find = find};
 *     struct policy_decision d = policy_decide(&q, sources, n);
 *     if (d.verdict != POLICY_ALLOWED)
 *         ... policy_decision_text(a, &d, q.action)
 *
 * A deny anywhere decides. Else each kind of policy that is among the sources has to allow: what
 * the caller's own policies grant holds within its boundary and within the policies of its session.
 * What is allowed nowhere is denied.
 *
 * Where AWS's pages leave a choice:
 * - An ARN is matched by its six parts, in Resource as with ArnLike; the last part takes the rest.
 * - `*` of a value that a variable brings in is a star and not a wildcard.
 * - A value with a variable that is not known, and has no default, equals and matches nothing.
 *   Variables stand in Resource and in conditions of texts and ARNs; elsewhere `${` is text.
 * - A key with several values, compared without ForAllValues or ForAnyValue: as with ForAnyValue; a
 *   negated operator wants that none of them is equal.
 * - Null looks at whether the key is there, whatever quantifier stands before it.
 *
 * Pure: no rows, no clock; memory of POLICY_EXPANDED_MAX. Time grows with the length of the
 * documents plus, for each pattern of theirs, that of what it is compared with (base/wildcard.h).
 * From any thread.
 */
#include "auth/policy.h"

#define POLICY_EXPANDED_MAX 8192 /* bytes of a value once its variables are replaced */

/*
 * The values of a key of the request, whatever the case of its name; false: it has none.
 * aws:username comes as it is written in the document. Asked only when it matters, and perhaps
 * several times.
 */
typedef bool policy_find(void *ctx, const char *key, struct policy_texts *ret_values);

/* Who asks, for policies that name principals. What does not apply is NULL. */
struct policy_caller {
    const char *account_id;
    const char *arn;      /* of the user, or of the session of a role */
    const char *role_arn; /* of the session's role */
    const char *user_id;  /* AIDA…, AROA…: of the user or role */
    const char *service;  /* ec2.amazonaws.com */
    bool is_root;         /* of its account: needs no policy of its own */
};

struct policy_question {
    const char *action;                 /* "ec2:RunInstances" */
    const char *resource;               /* an ARN; "*" for an action that has none */
    const char *resource_account;       /* whose the resource is; NULL: the caller's */
    const struct policy_caller *caller; /* NULL: policies that name principals say nothing */
    policy_find *find;                  /* NULL: there are no keys */
    void *ctx;
};

enum policy_layer {
    POLICY_LAYER_IDENTITY, /* of the user, its groups, or the role */
    POLICY_LAYER_BOUNDARY, /* permissions boundary */
    POLICY_LAYER_SESSION,
    POLICY_LAYER_RESOURCE, /* of the resource, as a role's trust policy: has to allow where it is */
    _POLICY_LAYER_MAX
};

/* A policy that counts. One of a boundary or session whose document is gone allows nothing. */
struct policy_source {
    enum policy_layer layer;
    const char *name;            /* its ARN, or the name of an inline one */
    const struct policy *policy; /* NULL: gone */
};

enum policy_verdict { POLICY_ALLOWED, POLICY_DENIED, POLICY_NOT_ALLOWED };

struct policy_decision {
    enum policy_verdict verdict;
    enum policy_layer layer;            /* which denies, allows, or lacks the permission */
    const struct policy_source *source; /* that denies or allows; NULL: none */
    size_t statement;                   /* in it, from 0 */
};

struct policy_decision policy_decide(const struct policy_question *q,
                                     const struct policy_source *sources, size_t n);
/* Is there any resource on which they may allow the action, whatever the conditions say? */
bool policy_may_allow(const char *action, const struct policy_source *sources, size_t n);
/* Does the statement say something of the request: are its action, resource, principal and all of
 * its conditions those of the question? */
bool policy_applies(const struct policy_question *q, const struct policy *p, size_t statement);
/* "with an explicit deny in an identity-based policy", "because no permissions boundary allows the
 * ec2:RunInstances action": what AWS says behind "is not authorized to perform …" (AWS:
 * "Troubleshoot access denied error messages"). */
const char *policy_decision_text(struct arena *a, const struct policy_decision *d,
                                 const char *action);
/* "identity-based policy" */
const char *policy_layer_name(enum policy_layer layer);
