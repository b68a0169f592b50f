#include "api/placement_rules.h"

#include "api/lookup.h"
#include "base/text.h"

struct placement_group *placement_group_named(struct call *c, const char *name, struct fault *f)
{
    struct placement_group_list l =
        store_placement_groups(c->tx, c->arena, "account_id", c->principal->account_id, "region",
                               c->region->name, "name", name);
    if (l.n == 0)
        (void)fault(f, FAULT_INVALID_PLACEMENT_GROUP_UNKNOWN,
                    "The Placement Group '%.255s' is unknown.", name);
    return l.n == 0 ? NULL : l.v;
}

int placement_group_find(struct call *c, const char *name, const char *id,
                         struct placement_group **ret_group, struct fault *f)
{
    *ret_group = NULL;
    if (name != NULL && id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter GroupName cannot be used with the parameter GroupId");
    if (name == NULL && id == NULL)
        return 0;
    *ret_group = id == NULL ? placement_group_named(c, name, f) : lookup_placement_group(c, id, f);
    return *ret_group == NULL ? -1 : 0;
}

const char *placement_group_arn(struct call *c, const struct placement_group *g)
{
    return arena_printf(c->arena, "arn:aws:ec2:%s:%s:placement-group/%s", g->region, g->account_id,
                        g->name);
}

struct placement_group *placement_group_of_arn(struct call *c, const char *arn, struct fault *f)
{
    const char *slash = strrchr(arn, '/');
    struct placement_group *g = slash == NULL ? NULL : placement_group_named(c, slash + 1, f);
    if (slash == NULL)
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE,
                    "The ARN of a placement group has the form "
                    "arn:aws:ec2:REGION:ACCOUNT:placement-group/NAME");
    if (g == NULL || streq(placement_group_arn(c, g), arn))
        return g;
    (void)fault(f, FAULT_INVALID_PLACEMENT_GROUP_UNKNOWN,
                "The Placement Group '%.255s' is unknown.", arn);
    return NULL;
}

static struct instance_list members(struct call *c, const struct placement_group *g)
{
    return store_instances(c->tx, c->arena, "placement_group_id", g->id);
}

int placement_group_takes(struct call *c, const struct placement_group *g,
                          const struct instance_type *type, const char *zone, struct fault *f)
{
    if (!streq(g->strategy, "cluster"))
        return 0;
    if (type->burstable)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Cluster placement groups are not supported by the '%s' instance type. "
                     "Specify a supported instance type or change the placement group strategy, "
                     "and try again.",
                     type->name);
    struct instance_list l = members(c, g);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].state != INSTANCE_TERMINATED && !streq(l.v[i].zone, zone))
            return fault(f, FAULT_INVALID_PLACEMENT_GROUP_IN_USE,
                         "The placement group '%s' is in use in another availability zone: %s",
                         g->name, l.v[i].zone);
    return 0;
}

int placement_group_room(struct call *c, const struct placement_group *g, const char *zone,
                         int64_t need, int64_t *count, struct fault *f)
{
    if (!streq(g->strategy, "spread"))
        return 0;
    int64_t room = SPREAD_PER_ZONE;
    struct instance_list l = members(c, g);
    for (size_t i = 0; i < l.n; i++)
        room -= instance_uses_capacity(&l.v[i]) && streq(l.v[i].zone, zone);
    if (room < need)
        return fault(f, FAULT_INSTANCE_LIMIT_EXCEEDED,
                     "A spread placement group has at most %d running instances in an availability "
                     "zone; the placement group '%s' takes %lld more in %s",
                     SPREAD_PER_ZONE, g->name, (long long)room, zone);
    if (*count > room)
        *count = room;
    return 0;
}

void partitions_of(struct call *c, const struct placement_group *g, struct partitions *ret)
{
    *ret = (struct partitions){0};
    if (g == NULL || g->partition_count == 0)
        return;
    ret->count = g->partition_count;
    struct instance_list l = members(c, g);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].state != INSTANCE_TERMINATED && l.v[i].partition_number <= ret->count)
            ret->filled[l.v[i].partition_number]++;
}

int partition_check(const struct placement_group *g, int64_t number, struct fault *f)
{
    if (g == NULL || g->partition_count == 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A partition number needs a placement group with the partition strategy");
    if (number < 1 || number > g->partition_count)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter PartitionNumber is invalid. The placement group "
                     "'%s' has the partitions 1 to %lld",
                     (long long)number, g->name, (long long)g->partition_count);
    return 0;
}

int64_t partition_choose(struct partitions *p)
{
    if (p->count == 0)
        return 0;
    int64_t least = 1;
    for (int64_t n = 2; n <= p->count; n++)
        if (p->filled[n] < p->filled[least])
            least = n;
    p->filled[least]++;
    return least;
}
