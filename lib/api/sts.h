#pragma once
/* What the actions of STS that give credentials share. */
#include "api/call.h"
#include "auth/session.h"

#define SESSION_DEFAULT_S      43200 /* of GetSessionToken */
#define SESSION_ROOT_MAX_S     3600
#define SESSION_ROLE_DEFAULT_S 3600
#define SESSION_CHAINED_MAX_S  3600

/* Credentials of a principal with its session, for a reply; *ret_made says the rest of them. */
int sts_credentials(struct call *c, const struct principal *p, struct session_credentials *ret_made,
                    struct sts_Credentials **ret_credentials, struct fault *f);
/* The end of a session that begins now, in whole seconds: replies have no more. */
int64_t sts_end(const struct call *c, int64_t seconds);
