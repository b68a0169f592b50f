#pragma once
/* What the actions of STS that give credentials share. */
#include "api/call.h"
#include "auth/session.h"

#define SESSION_DEFAULT_S      43200 /* of GetSessionToken and GetFederationToken */
#define SESSION_ROOT_MAX_S     3600
#define SESSION_ROLE_DEFAULT_S 3600
#define SESSION_CHAINED_MAX_S  3600

/* Credentials of a principal with its session, for a reply; *ret_made says the rest of them. */
int sts_credentials(struct call *c, const struct principal *p, struct session_credentials *ret_made,
                    struct sts_Credentials **ret_credentials, struct fault *f);
/* How names of sessions and source identities are written: [\w+=,.@-]*. NULL: none is given. */
int sts_check_name(const char *name, const char *parameter, struct fault *f);
/* A second factor: refused, as nobody has one. */
int sts_check_device(const char *serial_number, const char *token_code, struct fault *f);
/* Keys of tags are the same whatever their case is; NULL: the session has none of this key. */
struct session_tag *sts_find_tag(const struct session *s, const char *key);
/* Adds one of the request's to s->tags, which has room. */
int sts_add_tag(const struct sts_Tag *tag, struct session *s, struct fault *f);
/* Sets what narrows the session: a policy of the request, or NULL, and managed ones of the account.
 */
int sts_settle_policies(struct call *c, const char *account_id, const char *policy,
                        const struct sts_PolicyDescriptorTypeList *arns, struct session *s,
                        struct fault *f);
/* How long a session of the caller is, or somebody's whom it lets in: of the account itself, an
 * hour and no longer. */
int64_t sts_seconds(const struct call *c, struct opt_int asked);
/* The end of a session that begins now, in whole seconds: replies have no more. */
int64_t sts_end(const struct call *c, int64_t seconds);
