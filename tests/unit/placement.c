/* Placement groups and the rules of their strategies. */
#include "base/text.h"
#include "core/quota.h"
#include "support/calls.h"
#include "unit.h"

#define GROUP(k, of, ...)                                                                          \
    ({                                                                                             \
        ec2_CreatePlacementGroup_out made_;                                                        \
        OK(k, CreatePlacementGroup, &made_, .group_name = (of), __VA_ARGS__);                      \
        made_.placement_group;                                                                     \
    })

static struct instance *row(struct calls *k)
{
    struct tx *tx = store_read(k->store);
    struct instance *i = store_instance(tx, k->arena, TEST_INSTANCE);
    tx_end(tx);
    return i;
}

START_TEST(a_group_is_what_its_strategy_says)
{
    struct calls *k = calls_new();
    const struct ec2_PlacementGroup *g = GROUP(k, "a", .strategy = NULL);
    ck_assert_str_eq(g->strategy, "cluster");
    ck_assert_ptr_null(g->spread_level);
    ck_assert(!g->partition_count.set);
    ck_assert_str_eq(g->group_arn, "arn:aws:ec2:us-east-1:123456789012:placement-group/a");
    ck_assert_str_eq(GROUP(k, "b", .strategy = "spread")->spread_level, "rack");
    ck_assert_int_eq(GROUP(k, "c", .strategy = "partition")->partition_count.v, 2);
    ec2_CreatePlacementGroup_out out;
    REFUSED(k, INVALID_PLACEMENT_GROUP_DUPLICATE, "The Placement Group 'a' already exists.",
            CreatePlacementGroup, &out, .group_name = "a", .strategy = "spread");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (0) for parameter PartitionCount is invalid. It must be 1 to 7",
            CreatePlacementGroup, &out, .group_name = "d", .strategy = "partition",
            .partition_count = {true, 0});
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Value (\xc3\xa4) for parameter GroupName is invalid. It must be up to 255 ASCII "
            "characters",
            CreatePlacementGroup, &out, .group_name = "\xc3\xa4");
    calls_free(k);
}
END_TEST

START_TEST(an_account_has_five_hundred_groups)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    for (int n = 0; n < PLACEMENT_GROUPS_MAX; n++)
        store_insert_placement_group(tx, &(struct placement_group){
                                             .id = arena_printf(k->arena, "pg-%08x", n),
                                             .account_id = TEST_ACCOUNT,
                                             .region = "us-east-1",
                                             .name = arena_printf(k->arena, "g%d", n),
                                             .strategy = "spread",
                                         });
    struct err e = {0};
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    ec2_CreatePlacementGroup_out out;
    REFUSED(k, PLACEMENT_GROUP_LIMIT_EXCEEDED, "The maximum number of placement groups is 500",
            CreatePlacementGroup, &out, .group_name = "more");
    ec2_DeletePlacementGroup_out none;
    OK(k, DeletePlacementGroup, &none, .group_name = "g7");
    (void)GROUP(k, "more", .strategy = "spread");
    calls_free(k);
}
END_TEST

START_TEST(groups_are_found_by_name_id_and_filter)
{
    struct calls *k = calls_new();
    const char *a = GROUP(k, "a", .strategy = "cluster")->group_id;
    (void)GROUP(k, "b", .strategy = "spread", TAGGED("placement-group", {"k", "v"}));
    ec2_DescribePlacementGroups_out out;
    OK(k, DescribePlacementGroups, &out, .group_names = LIST("b"), .group_ids = LIST(a));
    ck_assert_uint_eq(out.placement_groups.n, 2);
    OK(k, DescribePlacementGroups, &out, FILTERED_BY(FILTER("spread-level", "rack")));
    ck_assert_uint_eq(out.placement_groups.n, 1);
    OK(k, DescribePlacementGroups, &out, FILTERED_BY(FILTER("tag-key", "k")));
    ck_assert_uint_eq(out.placement_groups.n, 1);
    ck_assert_str_eq(out.placement_groups.v[0].group_name, "b");
    REFUSED(k, INVALID_PLACEMENT_GROUP_UNKNOWN, "The Placement Group 'x' is unknown.",
            DescribePlacementGroups, &out, .group_names = LIST("a", "x"));
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'group-id' is invalid", DescribePlacementGroups,
            &out, FILTERED_BY(FILTER("group-id", "x")));
    calls_free(k);
}
END_TEST

START_TEST(a_stopped_instance_moves_in_and_out)
{
    struct calls *k = calls_new();
    calls_put_instance(k, INSTANCE_STOPPED);
    const char *parted = GROUP(k, "parted", .strategy = "partition")->group_id;
    (void)GROUP(k, "near", .strategy = "cluster");
    ec2_ModifyInstancePlacement_out out;
    OK(k, ModifyInstancePlacement, &out, .instance_id = TEST_INSTANCE, .group_id = parted);
    ck_assert_str_eq(row(k)->placement_group_name, "parted");
    ck_assert_int_eq(row(k)->partition_number, 1);
    OK(k, ModifyInstancePlacement, &out, .instance_id = TEST_INSTANCE,
       .partition_number = {true, 2});
    ck_assert_int_eq(row(k)->partition_number, 2);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "Cluster placement groups are not supported by the 't3.micro' instance type. Specify a "
            "supported instance type or change the placement group strategy, and try again.",
            ModifyInstancePlacement, &out, .instance_id = TEST_INSTANCE, .group_name = "near");
    ec2_DeletePlacementGroup_out none;
    REFUSED(k, INVALID_PLACEMENT_GROUP_IN_USE,
            "The placement group 'parted' is in use: the instance '" TEST_INSTANCE "' is in it",
            DeletePlacementGroup, &none, .group_name = "parted");
    OK(k, ModifyInstancePlacement, &out, .instance_id = TEST_INSTANCE, .group_name = "");
    ck_assert_ptr_null(row(k)->placement_group_id);
    ck_assert_int_eq(row(k)->partition_number, 0);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "A partition number needs a placement group with the partition strategy",
            ModifyInstancePlacement, &out, .instance_id = TEST_INSTANCE,
            .partition_number = {true, 1});
    OK(k, DeletePlacementGroup, &none, .group_name = "parted");
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_group_is_what_its_strategy_says, an_account_has_five_hundred_groups,
           groups_are_found_by_name_id_and_filter, a_stopped_instance_moves_in_and_out)
