#pragma once
/*
 * A call: what an action's function gets besides its decoded request.
 *
 *     int act_ec2_RunInstances(struct call *c, const ec2_RunInstances_in *in,
 *                              ec2_RunInstances_out *out, struct fault *f);
 *
 * It returns 0 with *out (zeroed before, all of it in c->arena) filled in, or fault(f, ...). When
 * it is called the request has been checked against the model: required members are there, ids are
 * well-formed, enumerations and ranges hold. It runs within c->tx; whatever it writes is committed
 * after it returns, and thrown away on a fault or a dry run. So it never rolls back anything by
 * itself, and checks in the order: missing, combination, existence, state, capacity.
 */
#include "api/api.h"
#include "auth/principal.h"
#include "core/fault.h"
#include "store/queries.h"
#include "wire/services.h"

struct call {
    const struct api_config *config;
    const struct wire_action *action;
    const struct principal *principal;
    const struct region *region;
    struct tx *tx;
    struct arena *arena;
    const char *request_id;
    struct last_uses *last_uses;     /* of access keys and roles: api/last_use.h */
    int64_t now;                     /* the same throughout the call */
    const struct http_request *http; /* NULL: a call of the server's own */
    uint64_t generation; /* of the permissions, from before the transaction: permissions.h */
    const void *in;
    /* For actions with a client token: what it brought about before (NULL: the first time), and
       what the action leaves for the next time. */
    const char *replay;
    const char *result;
};

/* Prototypes of all actions, from the table. */
#define ACTION(service, name, class, flags)                                                        \
    int act_##service##_##name(struct call *c, const service##_##name##_in *in,                    \
                               service##_##name##_out *out, struct fault *f);
#include "api/actions.def"
#undef ACTION
