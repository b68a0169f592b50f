/*
 * What an instance gets of its profile (AWS: "Retrieve security credentials from instance
 * metadata").
 *
 * Time since the association is cut into pieces of a sixth of the life of credentials. Those of a
 * piece follow from its number and the server's key, so that whoever asks within it gets the same,
 * with nothing kept; and there are new ones long before they end.
 */
#include <string.h>

#include "auth/policy_decide.h"
#include "auth/session.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "metadata/values.h"
#include "store/identity.h"

#define PIECES 6

static const struct instance_profile_association *association_of(struct guest *g)
{
    struct instance_profile_association_list l =
        store_instance_profile_associations(g->tx, g->arena, "instance_id", g->instance->id);
    return l.n == 0 ? NULL : &l.v[0];
}

/* NULL: it has no profile, or the profile is gone or empty. */
static const struct iam_role *role_of(struct guest *g,
                                      const struct instance_profile_association *association)
{
    const struct iam_instance_profile *profile =
        association == NULL ? NULL
                            : store_iam_instance_profile(g->tx, g->arena, association->profile_id);
    return profile == NULL ? NULL : store_iam_role(g->tx, g->arena, profile->role_id);
}

/* The number of the piece that it is now, and when that began. */
static int64_t piece_of(const struct guest *g,
                        const struct instance_profile_association *association, int64_t *ret_began)
{
    int64_t length = g->secrets->credentials_ms / PIECES;
    int64_t since = clock_now() - association->associated_at;
    int64_t piece = since < 0 ? 0 : since / length;
    *ret_began = association->associated_at + piece * length;
    return piece;
}

static const char *shown_time(struct guest *g, int64_t when)
{
    char text[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(when, text);
    return arena_printf(g->arena, "%.19sZ", text);
}

struct value value_iam_info(struct guest *g, const char *const *at)
{
    const struct instance_profile_association *association = association_of(g);
    int64_t began = 0;
    (void)at;
    if (association == NULL)
        return value_text(NULL);
    (void)piece_of(g, association, &began);
    const char *updated = shown_time(g, began);
    if (store_iam_instance_profile(g->tx, g->arena, association->profile_id) == NULL)
        return value_text(arena_printf(g->arena,
                                       "{\n"
                                       "  \"Code\" : \"InstanceProfileNotFound\",\n"
                                       "  \"Message\" : \"Instance Profile with ID %s not "
                                       "found.\",\n"
                                       "  \"LastUpdated\" : \"%s\"\n"
                                       "}",
                                       association->profile_id, updated));
    return value_text(arena_printf(g->arena,
                                   "{\n"
                                   "  \"Code\" : \"Success\",\n"
                                   "  \"LastUpdated\" : \"%s\",\n"
                                   "  \"InstanceProfileArn\" : \"%s\",\n"
                                   "  \"InstanceProfileId\" : \"%s\"\n"
                                   "}",
                                   updated, association->profile_arn, association->profile_id));
}

struct name_list names_of_roles(struct guest *g, const char *const *at)
{
    struct name_list names = {0};
    const struct iam_role *role = role_of(g, association_of(g));
    (void)at;
    if (role != NULL)
        arena_append(g->arena, &names)->name = role->name;
    return names;
}

/* Does its trust policy let EC2 have it? */
static bool is_for_ec2(struct guest *g, const struct iam_role *role)
{
    struct err e = {0};
    const char *text = role->assume_role_policy;
    const struct policy_source trust = {
        .layer = POLICY_LAYER_RESOURCE,
        .name = iam_role_arn(g->arena, role),
        .policy = policy_parse(g->arena, text, strlen(text), POLICY_OF_ROLE, &e),
    };
    const struct policy_caller ec2 = {.account_id = role->account_id,
                                      .service = "ec2.amazonaws.com"};
    const struct policy_question question = {
        .action = "sts:AssumeRole", .resource = trust.name, .caller = &ec2};
    return policy_decide(&question, &trust, 1).verdict == POLICY_ALLOWED;
}

static bool make(struct guest *g, const struct instance_profile_association *association,
                 const struct iam_role *role, struct session *s, struct session_credentials *ret)
{
    struct err e = {0};
    int64_t piece = piece_of(g, association, &s->issued_at);
    s->expires_at = (s->issued_at + g->secrets->credentials_ms) / 1000 * 1000;
    s->name = g->instance->id;
    s->instance_id = g->instance->id;
    s->association_id = association->id;
    const struct principal p = {
        .kind = PRINCIPAL_ROLE,
        .account_id = role->account_id,
        .arn = arena_printf(g->arena, "arn:aws:sts::%s:assumed-role/%s/%s", role->account_id,
                            role->name, s->name),
        .user_id = arena_printf(g->arena, "%s:%s", role->id, s->name),
        .id = role->id,
        .session = s,
    };
    const char *seed =
        arena_printf(g->arena, "%s %s %lld", association->id, role->id, (long long)piece);
    if (session_make(g->arena, g->secrets->server_key, &p, seed, ret, &e) == 0)
        return true;
    log_error("no-role-credentials instance=%s: %s", g->instance->id, e.message);
    return false;
}

struct value value_credentials(struct guest *g, const char *const *at)
{
    const struct instance_profile_association *association = association_of(g);
    const struct iam_role *role = role_of(g, association);
    struct session s = {0};
    struct session_credentials made;
    if (role == NULL || !streq(at[0], role->name))
        return value_text(NULL);
    if (!is_for_ec2(g, role))
        return value_text(arena_printf(g->arena,
                                       "{\n"
                                       "  \"Code\" : \"AssumeRoleUnauthorizedAccess\",\n"
                                       "  \"Message\" : \"EC2 cannot assume the role %s.\",\n"
                                       "  \"LastUpdated\" : \"%s\"\n"
                                       "}",
                                       role->name, shown_time(g, clock_now())));
    if (!make(g, association, role, &s, &made))
        return value_text(NULL);
    return value_text(arena_printf(g->arena,
                                   "{\n"
                                   "  \"Code\" : \"Success\",\n"
                                   "  \"LastUpdated\" : \"%s\",\n"
                                   "  \"Type\" : \"AWS-HMAC\",\n"
                                   "  \"AccessKeyId\" : \"%s\",\n"
                                   "  \"SecretAccessKey\" : \"%s\",\n"
                                   "  \"Token\" : \"%s\",\n"
                                   "  \"Expiration\" : \"%s\"\n"
                                   "}",
                                   shown_time(g, s.issued_at), made.access_key_id,
                                   made.secret_access_key, made.token,
                                   shown_time(g, s.expires_at)));
}
