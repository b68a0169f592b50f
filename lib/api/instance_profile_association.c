/* Giving profiles to instances that are there, and taking them away. */
#include "api/filter.h"
#include "api/instance_profile.h"
#include "api/lookup.h"
#include "api/page.h"

/*
 * AWS takes a moment until an association is in force. Here it is with the answer, which says the
 * word for the way all the same: clients wait for the other one.
 */
#define ASSOCIATING    "associating"
#define ASSOCIATED     "associated"
#define DISASSOCIATING "disassociating"

static void view(struct call *c, const struct instance_profile_association *association,
                 const char *state, struct ec2_IamInstanceProfileAssociation *out)
{
    *out = (struct ec2_IamInstanceProfileAssociation){
        .association_id = association->id,
        .instance_id = association->instance_id,
        .iam_instance_profile = instance_profile_view(c->arena, association),
        .state = state,
        .timestamp = wire_time(association->associated_at),
    };
}

static struct ec2_IamInstanceProfileAssociation *
view_of(struct call *c, const struct instance_profile_association *association, const char *state)
{
    struct ec2_IamInstanceProfileAssociation *out =
        arena_new_of(c->arena, struct ec2_IamInstanceProfileAssociation);
    view(c, association, state, out);
    return out;
}

static int check_instance(const struct instance *i, struct fault *f)
{
    if (i->state != INSTANCE_SHUTTING_DOWN && i->state != INSTANCE_TERMINATED)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "The instance '%s' is not in the 'pending', 'running', 'stopping' or 'stopped' "
                 "states.",
                 i->id);
}

int act_ec2_AssociateIamInstanceProfile(struct call *c,
                                        const ec2_AssociateIamInstanceProfile_in *in,
                                        ec2_AssociateIamInstanceProfile_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    const struct iam_instance_profile *profile =
        i == NULL ? NULL : instance_profile_find(c, in->iam_instance_profile, f);
    if (profile == NULL || check_instance(i, f) < 0)
        return -1;
    if (store_count_instance_profile_associations(c->tx, "instance_id", i->id) > 0)
        return fault(f, FAULT_INCORRECT_STATE, "There is an existing association for instance %s",
                     i->id);
    out->iam_instance_profile_association =
        view_of(c, instance_profile_give(c, profile, i), ASSOCIATING);
    return 0;
}

int act_ec2_DisassociateIamInstanceProfile(struct call *c,
                                           const ec2_DisassociateIamInstanceProfile_in *in,
                                           ec2_DisassociateIamInstanceProfile_out *out,
                                           struct fault *f)
{
    const struct instance_profile_association *association =
        lookup_instance_profile_association(c, in->association_id, f);
    if (association == NULL)
        return -1;
    store_delete_instance_profile_associations(c->tx, "id", association->id);
    out->iam_instance_profile_association = view_of(c, association, DISASSOCIATING);
    return 0;
}

/* The association gets a new id (AWS: "ReplaceIamInstanceProfileAssociation"), and whoever has
 * credentials of the old one has them no more. */
int act_ec2_ReplaceIamInstanceProfileAssociation(
    struct call *c, const ec2_ReplaceIamInstanceProfileAssociation_in *in,
    ec2_ReplaceIamInstanceProfileAssociation_out *out, struct fault *f)
{
    const struct instance_profile_association *old =
        lookup_instance_profile_association(c, in->association_id, f);
    const struct instance *i =
        old == NULL ? NULL : store_instance(c->tx, c->arena, old->instance_id);
    const struct iam_instance_profile *profile =
        i == NULL ? NULL : instance_profile_find(c, in->iam_instance_profile, f);
    if (profile == NULL || check_instance(i, f) < 0)
        return -1;
    store_delete_instance_profile_associations(c->tx, "id", old->id);
    out->iam_instance_profile_association =
        view_of(c, instance_profile_give(c, profile, i), ASSOCIATING);
    return 0;
}

/* AWS: DescribeIamInstanceProfileAssociations, "Filters". */
static const struct filter_path association_filters[] = {
    {"instance-id", "InstanceId"},
    {"state", "State"},
};

int act_ec2_DescribeIamInstanceProfileAssociations(
    struct call *c, const ec2_DescribeIamInstanceProfileAssociations_in *in,
    ec2_DescribeIamInstanceProfileAssociations_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, association_filters, IamInstanceProfileAssociation);
    struct instance_profile_association_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->association_ids.n > 0, &page, f) < 0 ||
        lookup_instance_profile_associations(c, &in->association_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_IamInstanceProfileAssociation one;
        view(c, &rows.v[i], ASSOCIATED, &one);
        if (filters_match(&filters, &one, NULL) && page_admit(&page, one.association_id))
            *arena_append(c->arena, &out->iam_instance_profile_associations) = one;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
