#include "api/interface_groups.h"

#include "api/lookup.h"
#include "base/text.h"
#include "core/quota.h"

struct security_group_list groups_of_interface(struct call *c, const char *interface_id)
{
    struct interface_group_list members =
        store_interface_groups(c->tx, c->arena, "interface_id", interface_id);
    struct security_group_list groups = {0};
    for (int64_t position = 0; position < (int64_t)members.n; position++)
        for (size_t k = 0; k < members.n; k++)
            if (members.v[k].position == position)
                *arena_append(c->arena, &groups) =
                    *store_security_group(c->tx, c->arena, members.v[k].group_id);
    return groups;
}

int interface_set_groups(struct call *c, const struct network_interface *n,
                         const struct wire_strings *ids, struct fault *f)
{
    struct security_group_list groups;
    if (lookup_security_groups(c, ids, &groups, f) < 0)
        return -1;
    if (groups.n > GROUPS_PER_INTERFACE)
        return fault(f, FAULT_SECURITY_GROUPS_PER_INSTANCE_LIMIT_EXCEEDED,
                     "The maximum number of security groups per interface is %d",
                     GROUPS_PER_INTERFACE);
    for (size_t k = 0; k < groups.n; k++)
        if (!streq(groups.v[k].vpc_id, n->vpc_id))
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The security group '%s' does not belong to the VPC of the interface",
                         groups.v[k].id);
    store_delete_interface_groups(c->tx, "interface_id", n->id);
    for (size_t k = 0; k < groups.n; k++) {
        struct interface_group member = {n->id, groups.v[k].id, (int64_t)k};
        store_insert_interface_group(c->tx, &member);
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}
