/* Managed policies that users, groups and roles have. */
#include "api/iam.h"
#include "base/text.h"

int iam_check_no_policies(struct call *c, const char *owner_id, struct fault *f)
{
    if (store_count_iam_inline_policies(c->tx, "owner_id", owner_id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT, "Cannot delete entity, must delete policies first.");
    if (store_count_iam_attachments(c->tx, "owner_id", owner_id) > 0)
        return fault(f, FAULT_DELETE_CONFLICT,
                     "Cannot delete entity, must detach all policies first.");
    return 0;
}
