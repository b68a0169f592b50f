/*
 * AssumeRole: a session of a role, for whom its trust policy lets take it. What the session may do
 * besides is narrowed by what the request brings (AWS: "AssumeRole").
 */
#include <string.h>

#include "api/authorize.h"
#include "api/sts.h"
#include "base/check.h"
#include "base/text.h"
#include "store/identity.h"

/* Nobody learns from a refusal which roles there are. */
static int refuse(struct call *c, const char *role_arn, struct fault *f)
{
    return fault(f, FAULT_ACCESS_DENIED,
                 "User: %s is not authorized to perform: sts:AssumeRole on resource: %.256s",
                 c->principal->arn, role_arn);
}

/* --- tags: those of the request, and those that the caller's own session hands on */

static bool is_listed(const struct wire_strings *list, const char *key)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcasecmp(list->v[i], key) == 0)
            return true;
    return false;
}

static void inherit_tags(const struct session *from, struct session *s)
{
    for (size_t i = 0; from != NULL && i < from->n_tags; i++)
        if (from->tags[i].is_transitive)
            s->tags[s->n_tags++] = from->tags[i];
}

static int settle_tags(struct call *c, const sts_AssumeRole_in *in, struct session *s,
                       struct fault *f)
{
    const struct session *own = c->principal->session;
    s->tags =
        arena_array(c->arena, in->tags.n + (own == NULL ? 0 : own->n_tags) + 1, struct session_tag);
    inherit_tags(own, s);
    for (size_t i = 0; i < in->tags.n; i++)
        if (sts_add_tag(&in->tags.v[i], s, f) < 0)
            return -1;
    for (size_t i = 0; i < in->transitive_tag_keys.n; i++)
        if (sts_find_tag(s, in->transitive_tag_keys.v[i]) == NULL)
            return fault(
                f, FAULT_INVALID_PARAMETER_VALUE,
                "The specified transitive tag key must be included in the requested tags.");
    for (size_t i = 0; i < s->n_tags; i++)
        s->tags[i].is_transitive |= is_listed(&in->transitive_tag_keys, s->tags[i].key);
    return 0;
}

/* --- its time */

static int settle_time(struct call *c, const sts_AssumeRole_in *in, const struct iam_role *role,
                       struct session *s, struct fault *f)
{
    bool chained = c->principal->kind == PRINCIPAL_ROLE;
    int64_t seconds = in->duration_seconds.set ? in->duration_seconds.v : SESSION_ROLE_DEFAULT_S;
    if (chained && seconds > SESSION_CHAINED_MAX_S)
        return fault(f, FAULT_VALIDATION_ERROR,
                     "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                     "assumed by role chaining");
    if (seconds > role->max_session_duration)
        return fault(f, FAULT_VALIDATION_ERROR,
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                     "role.");
    s->issued_at = c->now;
    s->expires_at = sts_end(c, seconds);
    return 0;
}

/* Once it is said who somebody is, it goes on so through all roles. */
static int settle_source(struct call *c, const sts_AssumeRole_in *in, struct session *s,
                         struct fault *f)
{
    const struct session *own = c->principal->session;
    const char *said = own == NULL ? NULL : own->source_identity;
    if (said != NULL && in->source_identity != NULL && !streq(said, in->source_identity))
        return refuse(c, in->role_arn, f);
    s->source_identity = said != NULL ? said : in->source_identity;
    return 0;
}

static const struct iam_role *find_role(struct call *c, const char *arn)
{
    struct iam_name name;
    if (!iam_arn_parse(c->arena, arn, &name) || name.kind != IAM_ROLE)
        return NULL;
    const struct iam_role *role = store_iam_role_named(c->tx, c->arena, name.account_id, name.name);
    return role != NULL && streq(iam_role_arn(c->arena, role), arn) ? role : NULL;
}

/* May the caller have it, with what the request says of the session? */
static int check_trust(struct call *c, const sts_AssumeRole_in *in, const struct iam_role *role,
                       const struct session *s, struct fault *f)
{
    const struct authorize_key keys[] = {
        {"sts:ExternalId", in->external_id},
        {"sts:RoleSessionName", in->role_session_name},
        {"sts:SourceIdentity", s->source_identity},
    };
    struct ec2_TagList tags = {0};
    for (size_t i = 0; i < in->tags.n; i++)
        *arena_append(c->arena, &tags) = (struct ec2_Tag){in->tags.v[i].key, in->tags.v[i].value};
    return authorize_assume_role(c, role, keys, ARRAY_SIZE(keys), &tags, f);
}

int act_sts_AssumeRole(struct call *c, const sts_AssumeRole_in *in, sts_AssumeRole_out *out,
                       struct fault *f)
{
    struct session session = {.name = in->role_session_name};
    struct session_credentials made;
    if (sts_check_device(in->serial_number, in->token_code, f) < 0 ||
        sts_check_name(in->role_session_name, "roleSessionName", f) < 0 ||
        sts_check_name(in->source_identity, "sourceIdentity", f) < 0)
        return -1;
    if (!has_prefix(in->role_arn, "arn:"))
        return fault(f, FAULT_VALIDATION_ERROR, "%.256s is invalid", in->role_arn);
    if (c->principal->kind == PRINCIPAL_ROOT)
        return fault(f, FAULT_ACCESS_DENIED, "Roles may not be assumed by root accounts.");
    const struct iam_role *role = find_role(c, in->role_arn);
    if (role == NULL)
        return refuse(c, in->role_arn, f);
    if (settle_source(c, in, &session, f) < 0 || settle_tags(c, in, &session, f) < 0 ||
        check_trust(c, in, role, &session, f) < 0 ||
        sts_settle_policies(c, role->account_id, in->policy, &in->policy_arns, &session, f) < 0 ||
        settle_time(c, in, role, &session, f) < 0)
        return -1;
    struct principal p = {
        .kind = PRINCIPAL_ROLE,
        .account_id = role->account_id,
        .arn = arena_printf(c->arena, "arn:aws:sts::%s:assumed-role/%s/%s", role->account_id,
                            role->name, session.name),
        .user_id = arena_printf(c->arena, "%s:%s", role->id, session.name),
        .id = role->id,
        .session = &session,
    };
    if (sts_credentials(c, &p, &made, &out->credentials, f) < 0)
        return -1;
    out->assumed_role_user = arena_new_of(c->arena, struct sts_AssumedRoleUser);
    out->assumed_role_user->arn = p.arn;
    out->assumed_role_user->assumed_role_id = p.user_id;
    if (made.packed_percent > 0)
        out->packed_policy_size = wire_int((int64_t)made.packed_percent);
    out->source_identity = session.source_identity;
    return 0;
}
