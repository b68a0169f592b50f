/*
 * GetFederationToken: credentials that a user gives to somebody whom it knows by another name. They
 * may what the user may and the policies of the request say, both; without such policies, nothing
 * (AWS: "GetFederationToken").
 */
#include <string.h>

#include "api/authorize.h"
#include "api/sts.h"
#include "base/check.h"
#include "base/text.h"

/* Tags, too, are asked about, as an action of their own. */
static int check_permission(struct call *c, const char *arn, const struct sts_TagList *tags,
                            struct fault *f)
{
    struct ec2_TagList given = {0};
    for (size_t i = 0; i < tags->n; i++)
        *arena_append(c->arena, &given) = (struct ec2_Tag){tags->v[i].key, tags->v[i].value};
    struct authorize_resource r = {.arn = arn, .type = "federated-user", .new_tags = &given};
    if (authorize_one(c, "sts:GetFederationToken", &r, f) < 0)
        return -1;
    return tags->n == 0 ? 0 : authorize_one(c, "sts:TagSession", &r, f);
}

static int settle_tags(struct call *c, const struct sts_TagList *tags, struct session *s,
                       struct fault *f)
{
    s->tags = arena_array(c->arena, tags->n + 1, struct session_tag);
    for (size_t i = 0; i < tags->n; i++)
        if (sts_add_tag(&tags->v[i], s, f) < 0)
            return -1;
    return 0;
}

int act_sts_GetFederationToken(struct call *c, const sts_GetFederationToken_in *in,
                               sts_GetFederationToken_out *out, struct fault *f)
{
    const struct principal *who = c->principal;
    struct session session = {.name = in->name, .issued_at = c->now};
    struct session_credentials made;
    if (who->session != NULL)
        return fault(f, FAULT_ACCESS_DENIED,
                     "Cannot call GetFederationToken with session credentials");
    const char *arn =
        arena_printf(c->arena, "arn:aws:sts::%s:federated-user/%s", who->account_id, in->name);
    if (sts_check_name(in->name, "name", f) < 0 || check_permission(c, arn, &in->tags, f) < 0 ||
        settle_tags(c, &in->tags, &session, f) < 0 ||
        sts_settle_policies(c, who->account_id, in->policy, &in->policy_arns, &session, f) < 0)
        return -1;
    session.expires_at = sts_end(c, sts_seconds(c, in->duration_seconds));
    struct principal p = {
        .kind = PRINCIPAL_FEDERATED,
        .account_id = who->account_id,
        .arn = arn,
        .user_id = arena_printf(c->arena, "%s:%s", who->account_id, in->name),
        .id = who->id,
        .session = &session,
    };
    if (sts_credentials(c, &p, &made, &out->credentials, f) < 0)
        return -1;
    out->federated_user = arena_new_of(c->arena, struct sts_FederatedUser);
    out->federated_user->arn = p.arn;
    out->federated_user->federated_user_id = p.user_id;
    if (made.packed_percent > 0)
        out->packed_policy_size = wire_int((int64_t)made.packed_percent);
    return 0;
}
