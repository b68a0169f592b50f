/* DescribeSnapshotAttribute, ModifySnapshotAttribute, ResetSnapshotAttribute. */
#include "api/lookup.h"
#include "api/setting.h"
#include "api/snapshot.h"
#include "base/text.h"

#define VOLUME_PERMISSION "createVolumePermission"

int act_ec2_DescribeSnapshotAttribute(struct call *c, const ec2_DescribeSnapshotAttribute_in *in,
                                      ec2_DescribeSnapshotAttribute_out *out, struct fault *f)
{
    const struct snapshot *s = lookup_snapshot(c, in->snapshot_id, f);
    if (s == NULL)
        return -1;
    out->snapshot_id = s->id;
    /* The product codes are none, in a list that is there. */
    if (streq(in->attribute, VOLUME_PERMISSION) && s->is_public)
        arena_append(c->arena, &out->create_volume_permissions)->group = "all";
    return 0;
}

/* Who may make volumes of it, as the two forms of the request say it. */
struct permission {
    const char *group;
    const char *user_id;
    bool give;
};

/*
 * The group is all, the users are accounts. There are no other accounts than the owner's, who needs
 * no permission: another is refused as EC2 refuses one that does not exist.
 */
static int change(struct call *c, struct snapshot *s, const struct permission *p, struct fault *f)
{
    if ((p->group == NULL) == (p->user_id == NULL))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A permission has either a Group or a UserId");
    if (p->user_id != NULL && !streq(p->user_id, c->config->account_id))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid value '%.64s' for userId. Croft knows no other account than its "
                     "owner's",
                     p->user_id);
    if (p->user_id != NULL)
        return 0;
    if (!streq(p->group, "all"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid value '%.64s' for userGroup",
                     p->group);
    if (p->give && setting_get(c, SETTING_SNAPSHOT_BLOCK) != NULL)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "You can't publicly share this snapshot because block public access for "
                     "snapshots is enabled for this account. DisableSnapshotBlockPublicAccess ends "
                     "that");
    if (p->give && s->encrypted)
        return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                     "Encrypted snapshots with EBS default key cannot be shared");
    s->is_public = p->give;
    return 0;
}

static int change_all(struct call *c, struct snapshot *s,
                      const struct ec2_CreateVolumePermissionList *list, bool give, struct fault *f)
{
    for (size_t k = 0; k < list->n; k++)
        if (change(c, s, &(struct permission){list->v[k].group, list->v[k].user_id, give}, f) < 0)
            return -1;
    return 0;
}

/* The older form: OperationType=add&UserGroup.1=all */
static int change_named(struct call *c, struct snapshot *s,
                        const ec2_ModifySnapshotAttribute_in *in, struct fault *f)
{
    if (in->operation_type == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter OperationType");
    bool give = streq(in->operation_type, "add");
    for (size_t k = 0; k < in->user_ids.n; k++)
        if (change(c, s, &(struct permission){NULL, in->user_ids.v[k], give}, f) < 0)
            return -1;
    for (size_t k = 0; k < in->group_names.n; k++)
        if (change(c, s, &(struct permission){in->group_names.v[k], NULL, give}, f) < 0)
            return -1;
    return 0;
}

int act_ec2_ModifySnapshotAttribute(struct call *c, const ec2_ModifySnapshotAttribute_in *in,
                                    ec2_ModifySnapshotAttribute_out *out, struct fault *f)
{
    (void)out;
    struct snapshot *s = lookup_own_snapshot(c, in->snapshot_id, f);
    if (s == NULL)
        return -1;
    if (in->attribute != NULL && !streq(in->attribute, VOLUME_PERMISSION))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The attribute that can be modified is " VOLUME_PERMISSION);
    bool named = in->user_ids.n + in->group_names.n > 0;
    const struct ec2_CreateVolumePermissionModifications *m = in->create_volume_permission;
    bool listed = m != NULL && m->add.n + m->remove.n > 0;
    if (named == listed)
        return fault(f, named ? FAULT_INVALID_PARAMETER_COMBINATION : FAULT_MISSING_PARAMETER,
                     named ? "Only one of CreateVolumePermission, and UserId and UserGroup"
                           : "The request must contain the parameter CreateVolumePermission");
    if (named
            ? change_named(c, s, in, f) < 0
            : change_all(c, s, &m->add, true, f) < 0 || change_all(c, s, &m->remove, false, f) < 0)
        return -1;
    store_update_snapshot(c->tx, s);
    return 0;
}

int act_ec2_ResetSnapshotAttribute(struct call *c, const ec2_ResetSnapshotAttribute_in *in,
                                   ec2_ResetSnapshotAttribute_out *out, struct fault *f)
{
    (void)out;
    struct snapshot *s = lookup_own_snapshot(c, in->snapshot_id, f);
    if (s == NULL)
        return -1;
    if (!streq(in->attribute, VOLUME_PERMISSION))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The attribute that can be reset is " VOLUME_PERMISSION);
    s->is_public = false;
    store_update_snapshot(c->tx, s);
    return 0;
}
