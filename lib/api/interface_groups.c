#include "api/interface_groups.h"

#include "api/group_use.h"
#include "api/lookup.h"
#include "base/text.h"
#include "core/quota.h"

struct security_group_list groups_of_interface(struct call *c, const char *interface_id)
{
    struct interface_group_list members =
        store_interface_groups(c->tx, c->arena, "interface_id", interface_id);
    struct security_group_list groups = {0};
    for (int64_t position = 0; position < (int64_t)members.n; position++)
        for (size_t k = 0; k < members.n; k++) {
            if (members.v[k].position != position)
                continue;
            const struct security_group *g =
                store_security_group(c->tx, c->arena, members.v[k].group_id);
            if (g != NULL) /* it is there, unless the transaction has failed */
                *arena_append(c->arena, &groups) = *g;
        }
    return groups;
}

int interface_set_groups(struct call *c, const struct network_interface *n,
                         const struct wire_strings *ids, struct fault *f)
{
    struct security_group_list groups;
    if (lookup_security_groups(c, ids, &groups, f) < 0)
        return -1;
    if (groups.n > GROUPS_PER_INTERFACE)
        return fault(f, FAULT_SECURITY_GROUPS_PER_INTERFACE_LIMIT_EXCEEDED,
                     "The maximum number of security groups per interface is %d",
                     GROUPS_PER_INTERFACE);
    for (size_t k = 0; k < groups.n; k++)
        if (!group_is_usable_in(c, &groups.v[k], n->vpc_id))
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

static bool has_group(const struct security_group_list *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->v[i].id, id))
            return true;
    return false;
}

int interface_group_add(struct call *c, const struct subnet *subnet, const struct security_group *g,
                        struct security_group_list *to, struct fault *f)
{
    if (!group_is_usable_in(c, g, subnet->vpc_id))
        return fault(f, FAULT_INVALID_PARAMETER,
                     "Security group %s and subnet %s belong to different networks.", g->id,
                     subnet->id);
    if (has_group(to, g->id))
        return 0;
    if (to->n == GROUPS_PER_INTERFACE)
        return fault(f, FAULT_SECURITY_GROUPS_PER_INTERFACE_LIMIT_EXCEEDED,
                     "The maximum number of security groups per interface is %d",
                     GROUPS_PER_INTERFACE);
    *arena_append(c->arena, to) = *g;
    return 0;
}

int interface_groups_settle(struct call *c, const struct subnet *subnet,
                            const struct wire_strings *ids, struct security_group_list *ret,
                            struct fault *f)
{
    struct security_group_list groups = {0};
    for (size_t i = 0; i < ids->n; i++) {
        const struct security_group *g = lookup_security_group(c, ids->v[i], f);
        if (g == NULL || interface_group_add(c, subnet, g, &groups, f) < 0)
            return -1;
    }
    if (groups.n == 0) {
        const struct security_group *g = lookup_group_named(c, subnet->vpc_id, "default");
        if (g == NULL)
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The VPC '%s' has no default security group", subnet->vpc_id);
        *arena_append(c->arena, &groups) = *g;
    }
    *ret = groups;
    return 0;
}
