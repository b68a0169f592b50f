/* Who the caller is, and whose a key is. */
#include "api/sts.h"

#include "auth/session.h"
#include "base/text.h"

int sts_credentials(struct call *c, const struct principal *p, struct session_credentials *ret_made,
                    struct sts_Credentials **ret_credentials, struct fault *f)
{
    struct err e = {0};
    int r = session_make(c->arena, c->config->server_key, p, NULL, ret_made, &e);
    if (r == -E2BIG)
        return fault(
            f, FAULT_PACKED_POLICY_TOO_LARGE,
            "The session policies and tags take more than the %zu bytes that they may take "
            "together",
            SESSION_PACKED_MAX);
    if (r < 0)
        return fault(f, FAULT_INTERNAL_ERROR, "The credentials could not be made");
    struct sts_Credentials *out = arena_new_of(c->arena, struct sts_Credentials);
    *out = (struct sts_Credentials){
        .access_key_id = ret_made->access_key_id,
        .secret_access_key = ret_made->secret_access_key,
        .session_token = ret_made->token,
        .expiration = wire_time(p->session->expires_at),
    };
    *ret_credentials = out;
    return 0;
}

int64_t sts_end(const struct call *c, int64_t seconds)
{
    return (c->now / 1000 + seconds) * 1000;
}

int act_sts_GetCallerIdentity(struct call *c, const sts_GetCallerIdentity_in *in,
                              sts_GetCallerIdentity_out *out, struct fault *f)
{
    out->user_id = c->principal->user_id;
    out->account = c->principal->account_id;
    out->arn = c->principal->arn;
    return 0;
}

/* The id of a temporary key says it by itself (AWS: "GetAccessKeyInfo": of a key in any state). */
int act_sts_GetAccessKeyInfo(struct call *c, const sts_GetAccessKeyInfo_in *in,
                             sts_GetAccessKeyInfo_out *out, struct fault *f)
{
    const struct access_key *key = store_access_key(c->tx, c->arena, in->access_key_id);
    if (key != NULL) {
        out->account = key->account_id;
    } else if (session_is_key(in->access_key_id)) {
        char *account = arena_alloc(c->arena, SESSION_ACCOUNT_SIZE);
        session_key_account(in->access_key_id, account);
        out->account = account;
    } else {
        return fault(f, FAULT_VALIDATION_ERROR, "The access key '%.128s' is of no account here",
                     in->access_key_id);
    }
    return 0;
}

int64_t sts_seconds(const struct call *c, struct opt_int asked)
{
    int64_t seconds = asked.set ? asked.v : SESSION_DEFAULT_S;
    bool is_root = c->principal->kind == PRINCIPAL_ROOT;
    return is_root && seconds > SESSION_ROOT_MAX_S ? SESSION_ROOT_MAX_S : seconds;
}

/* The caller once more, for a time (AWS: "GetSessionToken"). */
int act_sts_GetSessionToken(struct call *c, const sts_GetSessionToken_in *in,
                            sts_GetSessionToken_out *out, struct fault *f)
{
    if (sts_check_device(in->serial_number, in->token_code, f) < 0)
        return -1;
    if (c->principal->session != NULL)
        return fault(f, FAULT_ACCESS_DENIED,
                     "Cannot call GetSessionToken with session credentials");
    const struct session session = {
        .issued_at = c->now,
        .expires_at = sts_end(c, sts_seconds(c, in->duration_seconds)),
    };
    struct principal p = *c->principal;
    struct session_credentials made;
    p.session = &session;
    return sts_credentials(c, &p, &made, &out->credentials, f);
}
