#include "jobs/group_association.h"

#include "base/text.h"

static bool is_in(const struct net_vpc *intent, const char *group_id)
{
    for (size_t i = 0; i < intent->n_groups; i++)
        if (streq(intent->groups[i].group_id, group_id))
            return true;
    return false;
}

struct security_group_vpc_list group_associations_moved(struct tx *tx, struct arena *a,
                                                        const struct net_vpc *intent,
                                                        const char *why)
{
    struct security_group_vpc_list rows =
        store_security_group_vpcs(tx, a, "vpc_id", intent->vpc_id);
    struct security_group_vpc_list moved = {0};
    for (size_t i = 0; i < rows.n; i++) {
        struct security_group_vpc row = rows.v[i];
        enum group_association_state to = group_association_outcome(&row, why == NULL);
        const char *reason = to == GROUP_ASSOCIATED ? NULL : why;
        if (group_association_is_wanted(&row) != is_in(intent, row.group_id) ||
            ((int)to == row.state && (to == GROUP_ASSOCIATED || streq(reason, row.state_reason))))
            continue;
        row.state = (int)to;
        row.state_reason = reason;
        *arena_append(a, &moved) = row;
    }
    return moved;
}

void group_association_put(struct tx *tx, const struct security_group_vpc *row)
{
    if (row->state == GROUP_DISASSOCIATED)
        store_delete_security_group_vpcs(tx, "group_id", row->group_id, "vpc_id", row->vpc_id);
    else
        store_update_security_group_vpc(tx, row);
}
