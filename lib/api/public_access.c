/*
 * What an account blocks from being shared with everybody: the *BlockPublicAccess* actions for
 * images and snapshots. Nothing is blocked until somebody says so.
 */
#include "api/setting.h"
#include "base/text.h"

#define UNBLOCKED "unblocked"

static const char *state_of(struct call *c, const char *setting)
{
    const char *state = setting_get(c, setting);
    return state == NULL ? UNBLOCKED : state;
}

int act_ec2_EnableImageBlockPublicAccess(struct call *c,
                                         const ec2_EnableImageBlockPublicAccess_in *in,
                                         ec2_EnableImageBlockPublicAccess_out *out, struct fault *f)
{
    (void)f;
    setting_put(c, SETTING_IMAGE_BLOCK, in->image_block_public_access_state);
    out->image_block_public_access_state = in->image_block_public_access_state;
    return 0;
}

int act_ec2_DisableImageBlockPublicAccess(struct call *c,
                                          const ec2_DisableImageBlockPublicAccess_in *in,
                                          ec2_DisableImageBlockPublicAccess_out *out,
                                          struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_IMAGE_BLOCK, NULL);
    out->image_block_public_access_state = UNBLOCKED;
    return 0;
}

int act_ec2_GetImageBlockPublicAccessState(struct call *c,
                                           const ec2_GetImageBlockPublicAccessState_in *in,
                                           ec2_GetImageBlockPublicAccessState_out *out,
                                           struct fault *f)
{
    (void)in;
    (void)f;
    out->image_block_public_access_state = state_of(c, SETTING_IMAGE_BLOCK);
    out->managed_by = "account";
    return 0;
}

int act_ec2_EnableSnapshotBlockPublicAccess(struct call *c,
                                            const ec2_EnableSnapshotBlockPublicAccess_in *in,
                                            ec2_EnableSnapshotBlockPublicAccess_out *out,
                                            struct fault *f)
{
    /* The model's list of states has this one, too; AWS's page of the action has not. */
    if (streq(in->state, UNBLOCKED))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (unblocked) for parameter State is invalid. To share snapshots again, "
                     "use DisableSnapshotBlockPublicAccess");
    setting_put(c, SETTING_SNAPSHOT_BLOCK, in->state);
    out->state = in->state;
    return 0;
}

int act_ec2_DisableSnapshotBlockPublicAccess(struct call *c,
                                             const ec2_DisableSnapshotBlockPublicAccess_in *in,
                                             ec2_DisableSnapshotBlockPublicAccess_out *out,
                                             struct fault *f)
{
    (void)in;
    (void)f;
    setting_put(c, SETTING_SNAPSHOT_BLOCK, NULL);
    out->state = UNBLOCKED;
    return 0;
}

int act_ec2_GetSnapshotBlockPublicAccessState(struct call *c,
                                              const ec2_GetSnapshotBlockPublicAccessState_in *in,
                                              ec2_GetSnapshotBlockPublicAccessState_out *out,
                                              struct fault *f)
{
    (void)in;
    (void)f;
    out->state = state_of(c, SETTING_SNAPSHOT_BLOCK);
    out->managed_by = "account";
    return 0;
}
