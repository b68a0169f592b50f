#pragma once
/*
 * IAM policy documents: read, checked and in a form that can be walked (AWS: "Grammar of the IAM
 * JSON policy language").
 *
 *     struct policy *p = policy_parse(arena, text, strlen(text), POLICY_OF_RESOURCE, &e);
 *     if (p == NULL)
 *         e.message says why: "Statement 2: Effect must be Allow or Deny"
 *     for (size_t i = 0; i < p->n_statements; i++)
 *         ... p->statements[i]
 *
 * What has been parsed is complete and consistent, so that whoever evaluates it has nothing to
 * check: elements are known and of the right type, none stands twice, of each pair that excludes
 * itself (Action and NotAction) exactly one is there, names of actions and resources have their
 * form, operators exist, and the values of a condition are such as its operator compares. What is
 * written as one text or as a list of them is a list here. Nothing is resolved: wildcards,
 * variables (${aws:username}) and account numbers stand as they were written.
 *
 * A document is not evaluated here (policy_decide.h does that), and services that it names need not
 * exist. The text is bounded by POLICY_SIZE_MAX, its nesting by POLICY_DEPTH_MAX; the form is made
 * in the arena, where everything it points to lives. No state: from any thread.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define POLICY_SIZE_MAX               20480 /* AWS: "Amazon VPC quotas", of an endpoint's policy: the largest */
#define POLICY_DEPTH_MAX              8 /* a legal document has six levels */
#define POLICY_VERSION_WITH_VARIABLES "2012-10-17"

enum policy_kind {
    POLICY_OF_IDENTITY, /* of a user, group or role: names no principals */
    POLICY_OF_RESOURCE, /* of a bucket, an endpoint: every statement names its principals */
    POLICY_OF_ROLE,     /* who may assume it: names principals, and no resources */
};

struct policy_texts {
    const char **v;
    size_t n;
};

enum policy_principal_kind {
    POLICY_PRINCIPAL_EVERYBODY, /* "*" in place of all kinds; its id is "*" */
    POLICY_PRINCIPAL_AWS,       /* an ARN, an account number, a unique id, or "*" */
    POLICY_PRINCIPAL_SERVICE,   /* ec2.amazonaws.com */
    POLICY_PRINCIPAL_FEDERATED,
    POLICY_PRINCIPAL_CANONICAL_USER,
    _POLICY_PRINCIPAL_MAX
};

struct policy_principal {
    enum policy_principal_kind kind;
    const char *id;
};

/* What the values of a request are compared as. */
enum policy_type {
    POLICY_TYPE_STRING,
    POLICY_TYPE_NUMERIC,
    POLICY_TYPE_DATE,
    POLICY_TYPE_BOOL,
    POLICY_TYPE_BINARY,
    POLICY_TYPE_IP,
    POLICY_TYPE_ARN,
    POLICY_TYPE_NULL, /* "true": the key is not there */
};

enum policy_comparison {
    POLICY_EQUALS,
    POLICY_EQUALS_IGNORE_CASE,
    POLICY_LIKE, /* with * and ? */
    POLICY_LESS,
    POLICY_LESS_EQUALS,
    POLICY_GREATER,
    POLICY_GREATER_EQUALS,
};

/* StringNotEquals: {POLICY_TYPE_STRING, POLICY_EQUALS, is_negated}. Static data. */
struct policy_operator {
    const char *name;
    enum policy_type type;
    enum policy_comparison comparison;
    bool is_negated;
};

enum policy_quantifier {
    POLICY_SINGLE,  /* a key with one value */
    POLICY_FOR_ALL, /* ForAllValues: */
    POLICY_FOR_ANY, /* ForAnyValue: */
};

/* One operator with one key: it holds when any value compares as the operator says (a negated one:
 * when none does). All conditions of a statement must hold. */
struct policy_condition {
    const struct policy_operator *op;
    enum policy_quantifier quantifier;
    bool if_exists;             /* …IfExists: also holds when the key is not there */
    const char *key;            /* aws:SourceIp, as written; compared without regard to case */
    struct policy_texts values; /* at least one; numbers and booleans as text */
};

struct policy_statement {
    const char *sid;                                 /* NULL: none */
    bool is_allow;                                   /* Effect: Allow, or Deny */
    bool not_principals, not_actions, not_resources; /* NotAction: all but those listed */
    struct policy_principal *principals;             /* of an identity's policy: none */
    size_t n_principals;
    struct policy_texts actions;   /* "ec2:Describe*", "*" */
    struct policy_texts resources; /* an ARN with wildcards, "*"; POLICY_OF_ROLE: none */
    struct policy_condition *conditions;
    size_t n_conditions;
};

struct policy {
    const char *version;                 /* "2012-10-17", or "2008-10-17", which has no variables */
    const char *id;                      /* NULL: none */
    struct policy_statement *statements; /* at least one */
    size_t n_statements;
};

/* NULL: not a policy of that kind, and *e (code EINVAL) says why, in words for its author. */
struct policy *policy_parse(struct arena *a, const char *text, size_t len, enum policy_kind kind,
                            struct err *e);
/* "AWS": as a document writes the kind. */
const char *policy_principal_kind_name(enum policy_principal_kind kind);
