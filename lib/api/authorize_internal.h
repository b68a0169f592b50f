#pragma once
/* What the files that authorize share. */
#include "api/authorize.h"
#include "api/permissions.h"

/* The row of permissions.def: the types of resources of an action, with blanks between. */
struct permission {
    const struct wire_service *service;
    const char *action;
    const char *named; /* those that the request names */
    const char *made;  /* and those that the call makes */
};

struct authorize_resources {
    struct authorize_resource *v;
    size_t n;
};

/* What the call is about; at least one. */
void authorize_of_request(struct call *c, const struct permission *p,
                          struct authorize_resources *ret_resources);
/* Likewise, of IAM. */
void authorize_of_identity(struct call *c, const struct permission *p,
                           struct authorize_resources *ret_resources);
bool authorize_lists(const char *types, const char *type);

/* The context of policy_find: values of keys for one resource. */
struct authorize_question {
    struct call *c;
    const struct authorize_resource *resource;
};
bool authorize_find(void *ctx, const char *key, struct policy_texts *ret_values);
/* The names of keys that there are, some of them several times, but for those of tags; NULL past
 * the last. */
const char *authorize_key_name(size_t i);

/* A member of a request, at the top, as text; NULL: it is not given or is no text or number. */
const char *authorize_member(struct call *c, const char *name);
/* The list of tags that the request has for resources of a type, or NULL. */
const struct ec2_TagList *authorize_tags_for(struct call *c, const char *type);

/* The sealed message of a refusal; NULL where there is no key to seal it with. */
const char *authorize_message(struct call *c, const char *action,
                              const struct authorize_resource *r, const struct policy_decision *d);
