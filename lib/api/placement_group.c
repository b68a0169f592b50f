/* Placement groups: made, shown, deleted. Who may be in one is in placement_rules.c. */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/placement_rules.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"

#define NAME_MAX_LENGTH    255
#define PARTITIONS_DEFAULT 2

static const char *const taggable[] = {"placement-group", NULL};

static bool is_ascii_text(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static int check_name(struct call *c, const char *name, struct fault *f)
{
    if (name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter GroupName");
    if (strlen(name) > NAME_MAX_LENGTH || !is_ascii_text(name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.255s) for parameter GroupName is invalid. It must be up to %d ASCII "
                     "characters",
                     name, NAME_MAX_LENGTH);
    const char *account = c->principal->account_id;
    const char *region = c->region->name;
    if (store_count_placement_groups(c->tx, "account_id", account, "region", region, "name", name) >
        0)
        return fault(f, FAULT_INVALID_PLACEMENT_GROUP_DUPLICATE,
                     "The Placement Group '%s' already exists.", name);
    if (store_count_placement_groups(c->tx, "account_id", account, "region", region) >=
        PLACEMENT_GROUPS_MAX)
        return fault(f, FAULT_PLACEMENT_GROUP_LIMIT_EXCEEDED,
                     "The maximum number of placement groups is %d", PLACEMENT_GROUPS_MAX);
    return 0;
}

static int read_strategy(const ec2_CreatePlacementGroup_in *in, struct placement_group *g,
                         struct fault *f)
{
    g->strategy = in->strategy == NULL ? "cluster" : in->strategy;
    bool partition = streq(g->strategy, "partition");
    if (in->spread_level != NULL && !streq(g->strategy, "spread"))
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "SpreadLevel is valid only for the strategy spread");
    if (streq(in->spread_level, "host"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Only placement groups on Outposts are spread across hosts; the spread level "
                     "here is rack");
    if (in->partition_count.set && !partition)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "PartitionCount is valid only for the strategy partition");
    if (partition)
        g->partition_count = in->partition_count.set ? in->partition_count.v : PARTITIONS_DEFAULT;
    if (partition && (g->partition_count < 1 || g->partition_count > PARTITIONS_MAX))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter PartitionCount is invalid. It must be 1 to %d",
                     (long long)g->partition_count, PARTITIONS_MAX);
    return 0;
}

static void view(struct call *c, const struct placement_group *g, struct ec2_PlacementGroup *out)
{
    *out = (struct ec2_PlacementGroup){
        .group_name = g->name,
        .state = "available", /* there is nothing to wait for, neither to come nor to go */
        .strategy = g->strategy,
        .group_id = g->id,
        .group_arn = placement_group_arn(c, g),
        .spread_level = streq(g->strategy, "spread") ? "rack" : NULL,
    };
    if (g->partition_count > 0)
        out->partition_count = wire_int(g->partition_count);
    tags_of(c, g->id, &out->tags);
    wire_list_empty(&out->tags);
}

int act_ec2_CreatePlacementGroup(struct call *c, const ec2_CreatePlacementGroup_in *in,
                                 ec2_CreatePlacementGroup_out *out, struct fault *f)
{
    struct placement_group g = {
        .id = id_make(c->arena, "pg"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .name = in->group_name,
        .created_at = c->now,
    };
    if (check_name(c, in->group_name, f) < 0 || read_strategy(in, &g, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    store_insert_placement_group(c->tx, &g);
    tags_put(c, &in->tag_specifications, taggable[0], g.id);
    out->placement_group = arena_new_of(c->arena, struct ec2_PlacementGroup);
    view(c, &g, out->placement_group);
    return 0;
}

/* AWS: DescribePlacementGroups, "Filters". */
static const struct filter_path group_filters[] = {
    {"group-arn", "GroupArn"}, {"group-name", "GroupName"}, {"spread-level", "SpreadLevel"},
    {"state", "State"},        {"strategy", "Strategy"},
};

int act_ec2_DescribePlacementGroups(struct call *c, const ec2_DescribePlacementGroups_in *in,
                                    ec2_DescribePlacementGroups_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, group_filters, PlacementGroup);
    struct wire_strings ids = {0};
    struct placement_group_list rows;
    if (filters_check(&filters, f) < 0)
        return -1;
    for (size_t i = 0; i < in->group_names.n; i++) {
        const struct placement_group *g = placement_group_named(c, in->group_names.v[i], f);
        if (g == NULL)
            return -1;
        *arena_append(c->arena, &ids) = g->id;
    }
    for (size_t i = 0; i < in->group_ids.n; i++)
        *arena_append(c->arena, &ids) = in->group_ids.v[i];
    if (lookup_placement_groups(c, &ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        struct ec2_PlacementGroup group;
        view(c, &rows.v[i], &group);
        if (filters_match(&filters, &group, NULL))
            *arena_append(c->arena, &out->placement_groups) = group;
    }
    return 0;
}

int act_ec2_DeletePlacementGroup(struct call *c, const ec2_DeletePlacementGroup_in *in,
                                 ec2_DeletePlacementGroup_out *out, struct fault *f)
{
    (void)out;
    const struct placement_group *g = placement_group_named(c, in->group_name, f);
    if (g == NULL)
        return -1;
    struct instance_list l = store_instances(c->tx, c->arena, "placement_group_id", g->id);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].state != INSTANCE_TERMINATED)
            return fault(f, FAULT_INVALID_PLACEMENT_GROUP_IN_USE,
                         "The placement group '%s' is in use: the instance '%s' is in it", g->name,
                         l.v[i].id);
    if (store_count_capacity_reservations(c->tx, "placement_group_id", g->id, "state", "active") >
        0)
        return fault(f, FAULT_INVALID_PLACEMENT_GROUP_IN_USE,
                     "The placement group '%s' is in use: a Capacity Reservation is in it",
                     g->name);
    store_leave_placement_group(c->tx, g->id);
    store_delete_placement_groups(c->tx, "id", g->id);
    tags_drop(c, g->id);
    return 0;
}
