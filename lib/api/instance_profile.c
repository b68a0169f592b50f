#include "api/instance_profile.h"

#include "api/authorize.h"
#include "base/id.h"
#include "base/text.h"

static const struct iam_instance_profile *find_by_arn(struct call *c, const char *arn)
{
    struct iam_name name;
    if (!iam_arn_parse(c->arena, arn, &name) || name.kind != IAM_INSTANCE_PROFILE ||
        !streq(name.account_id, c->principal->account_id))
        return NULL;
    const struct iam_instance_profile *profile =
        store_iam_instance_profile_named(c->tx, c->arena, name.account_id, name.name);
    return profile != NULL && streq(iam_instance_profile_arn(c->arena, profile), arn) ? profile
                                                                                      : NULL;
}

const struct iam_instance_profile *
instance_profile_find(struct call *c, const struct ec2_IamInstanceProfileSpecification *s,
                      struct fault *f)
{
    if (s->arn != NULL && s->name != NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "The parameter 'iamInstanceProfile.name' may not be used in combination with "
                    "'iamInstanceProfile.arn'");
        return NULL;
    }
    if (s->arn == NULL && s->name == NULL) {
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "The request must contain the parameter iamInstanceProfile.name");
        return NULL;
    }
    const struct iam_instance_profile *profile =
        s->arn != NULL
            ? find_by_arn(c, s->arn)
            : store_iam_instance_profile_named(c->tx, c->arena, c->principal->account_id, s->name);
    if (profile == NULL) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE,
                    "Value (%.256s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM "
                    "Instance Profile %s",
                    s->arn != NULL ? s->arn : s->name, s->arn != NULL ? "arn" : "name",
                    s->arn != NULL ? "ARN" : "name");
        return NULL;
    }
    /* AWS: "Grant permissions to pass an IAM role to an instance". */
    const struct iam_role *role =
        profile->role_id == NULL ? NULL : store_iam_role(c->tx, c->arena, profile->role_id);
    if (role != NULL && authorize_pass_role(c, role, "ec2.amazonaws.com", f) < 0)
        return NULL;
    return profile;
}

const struct instance_profile_association *
instance_profile_give(struct call *c, const struct iam_instance_profile *profile,
                      const struct instance *i)
{
    struct instance_profile_association *made =
        arena_new_of(c->arena, struct instance_profile_association);
    *made = (struct instance_profile_association){
        .id = id_make(c->arena, "iip-assoc"),
        .account_id = i->account_id,
        .region = i->region,
        .instance_id = i->id,
        .profile_id = profile->id,
        .profile_arn = iam_instance_profile_arn(c->arena, profile),
        .associated_at = c->now,
    };
    store_insert_instance_profile_association(c->tx, made);
    return made;
}

struct ec2_IamInstanceProfile *
instance_profile_view(struct arena *a, const struct instance_profile_association *association)
{
    struct ec2_IamInstanceProfile *out = arena_new_of(a, struct ec2_IamInstanceProfile);
    out->arn = association->profile_arn;
    out->id = association->profile_id;
    return out;
}
