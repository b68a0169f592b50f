#pragma once
/*
 * May the caller do it? The pipeline asks authorize() of every call before its action runs, and an
 * action asks the other functions for what it needs besides. All return 0, or -1 with the fault:
 * UnauthorizedOperation for EC2 with a message that DecodeAuthorizationMessage opens, AccessDenied
 * for others (core/spoken.def). The account itself, and with it a peer of the unix socket, may do
 * everything.
 *
 * What a call is about is in permissions.def: the types of resources that AWS's service
 * authorization reference has for the action. Resources are found in the request by their ids and
 * names (authorize_request.c); each of them has to be allowed. An action that has none is asked
 * with the resource "*". Keys of conditions are in authorize_keys.c.
 */
#include "api/call.h"
#include "auth/policy_decide.h"
#include "core/resource.h"
#include "store/identity.h"

/* A key of a request, with what it is. */
struct authorize_key {
    const char *name;  /* "ec2:InstanceType" */
    const char *value; /* NULL: the request has no such key */
};

/* One thing that is asked about. */
struct authorize_resource {
    const char *arn;                    /* "*": none */
    const char *type;                   /* "instance", as ARNs say it; NULL: none */
    const char *id;                     /* whose tags it has; NULL: it is yet to be made */
    const struct resource *kind;        /* of `row`; NULL: not one of EC2 */
    const void *row;                    /* NULL: there is none */
    const struct ec2_TagList *new_tags; /* that the request gives it; NULL: none */
    const struct authorize_key *keys;   /* that are the action's own */
    size_t n_keys;
};

int authorize(struct call *c, struct fault *f);
/* The same of one action and one resource. */
int authorize_one(struct call *c, const char *action, const struct authorize_resource *r,
                  struct fault *f);
/* ec2:CreateTags on what is made, as the action of this call (ec2:CreateAction). */
int authorize_new_tags(struct call *c, const char *type, const struct ec2_TagList *tags,
                       struct fault *f);
/* iam:PassRole, for what hands a role to a service ("ec2.amazonaws.com"). */
int authorize_pass_role(struct call *c, const struct iam_role *role, const char *service,
                        struct fault *f);
/*
 * sts:AssumeRole: by the role's trust policy and, where that names the account alone or another
 * account's caller, by the caller's own policies, too. `keys` are sts:ExternalId and the like, and
 * `tags` those of the session.
 */
int authorize_assume_role(struct call *c, const struct iam_role *role,
                          const struct authorize_key *keys, size_t n_keys,
                          const struct ec2_TagList *tags, struct fault *f);
/* For what is no action but about an instance: a tunnel, a console. */
int authorize_instance(struct call *c, const char *action, const char *instance_id,
                       const struct authorize_key *keys, size_t n_keys, struct fault *f);

/* "arn:aws:ec2:REGION:ACCOUNT:instance/i-…" of a row; of a type alone with `name` "*". */
const char *authorize_arn(struct call *c, const char *type, const char *name);
