/* Managed prefix lists: their versions, who uses them, and what they count as. */
#include "core/prefix_list.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define ENTRIES(...) .entries = LIST_OF(ec2_AddPrefixListEntry, __VA_ARGS__)
#define ADD(...)     .add_entries = LIST_OF(ec2_AddPrefixListEntry, __VA_ARGS__)
#define REMOVE(...)  .remove_entries = LIST_OF(ec2_RemovePrefixListEntry, __VA_ARGS__)

static const char *make_list(struct calls *k, int64_t max_entries)
{
    ec2_CreateManagedPrefixList_out out;
    OK(k, CreateManagedPrefixList, &out, .prefix_list_name = "offices", .address_family = "IPv4",
       .max_entries = {true, max_entries}, ENTRIES({"10.1.0.0/16", "one"}, {"10.2.0.0/16", NULL}));
    return out.prefix_list->prefix_list_id;
}

/* "10.1.0.0/16 one,10.2.0.0/16": the entries of a version; 0: of the newest. */
static const char *entries_of(struct calls *k, const char *id, int64_t version)
{
    ec2_GetManagedPrefixListEntries_out out;
    const char *text = "";
    OK(k, GetManagedPrefixListEntries, &out, .prefix_list_id = id,
       .target_version = {version > 0, version});
    for (size_t i = 0; i < out.entries.n; i++)
        text =
            arena_printf(k->arena, "%s%s%s%s%s", text, i > 0 ? "," : "", out.entries.v[i].cidr,
                         out.entries.v[i].description != NULL ? " " : "",
                         out.entries.v[i].description != NULL ? out.entries.v[i].description : "");
    return text;
}

static struct ec2_ManagedPrefixList describe(struct calls *k, const char *id)
{
    ec2_DescribeManagedPrefixLists_out out;
    OK(k, DescribeManagedPrefixLists, &out, .prefix_list_ids = LIST(id));
    ck_assert_uint_eq(out.prefix_lists.n, 1);
    return out.prefix_lists.v[0];
}

static void put_rule(struct calls *k, const char *group_id, const char *list_id)
{
    ec2_AuthorizeSecurityGroupIngress_out out;
    OK(k, AuthorizeSecurityGroupIngress, &out, .group_id = group_id,
       .ip_permissions = LIST_OF(ec2_IpPermission,
                                 {
                                     .ip_protocol = "-1",
                                     .prefix_list_ids = LIST_OF(ec2_PrefixListId, {NULL, list_id}),
                                 }));
    ck_assert_str_eq(out.security_group_rules.v[0].prefix_list_id, list_id);
}

START_TEST(a_list_is_made_with_its_first_version)
{
    struct calls *k = calls_new();
    ec2_CreateManagedPrefixList_out out;
    OK(k, CreateManagedPrefixList, &out, .prefix_list_name = "v6", .address_family = "IPv6",
       .max_entries = {true, 3}, ENTRIES({"FD00:0::/8", NULL}),
       TAGGED("prefix-list", {"team", "blue"}));
    const struct ec2_ManagedPrefixList *l = out.prefix_list;
    ck_assert(has_prefix(l->prefix_list_id, "pl-"));
    ck_assert_str_eq(l->state, "create-complete");
    ck_assert_str_eq(l->address_family, "IPv6");
    ck_assert_int_eq(l->version.v, 1);
    ck_assert_int_eq(l->max_entries.v, 3);
    ck_assert_str_eq(l->tags.v[0].value, "blue");
    ck_assert_str_eq(l->prefix_list_arn,
                     arena_printf(k->arena, "arn:aws:ec2:us-east-1:" TEST_ACCOUNT ":prefix-list/%s",
                                  l->prefix_list_id));
    ck_assert_str_eq(entries_of(k, l->prefix_list_id, 0), "fd00::/8");
    calls_free(k);
}
END_TEST

START_TEST(what_a_list_cannot_be_is_refused)
{
    struct calls *k = calls_new();
    ec2_CreateManagedPrefixList_out out;
    static const struct {
        const char *name, *family, *cidr;
        int64_t max_entries;
        enum fault_code code;
    } bad[] = {
        {"l", "IPv5", "10.0.0.0/8", 1, FAULT_INVALID_PARAMETER_VALUE},
        {"l", "IPv4", "10.0.0.1/8", 1, FAULT_INVALID_PARAMETER_VALUE}, /* host bits */
        {"l", "IPv4", "fd00::/8", 1, FAULT_INVALID_PARAMETER_VALUE},
        {"l", "IPv6", "fd00::1/8", 1, FAULT_INVALID_PARAMETER_VALUE},
        {"l", "IPv4", "10.0.0.0", 1, FAULT_INVALID_PARAMETER_VALUE},
        {"l", "IPv4", "10.0.0.0/8", 0, FAULT_INVALID_PARAMETER_VALUE},
        {"l", "IPv4", "10.0.0.0/8", 1001, FAULT_INVALID_PARAMETER_VALUE},
        {"com.amazonaws.s3", "IPv4", "10.0.0.0/8", 1, FAULT_INVALID_PARAMETER_VALUE},
        {"", "IPv4", "10.0.0.0/8", 1, FAULT_INVALID_PARAMETER_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(CALL(k, CreateManagedPrefixList, &out, .prefix_list_name = bad[i].name,
                              .address_family = bad[i].family,
                              .max_entries = {true, bad[i].max_entries},
                              ENTRIES({bad[i].cidr, NULL})),
                         -1);
        ck_assert_int_eq(k->fault.code, bad[i].code);
    }
    REFUSED(k, PREFIX_LIST_MAX_ENTRIES_EXCEEDED,
            "The prefix list 'l' takes 1 entries, and would have 2", CreateManagedPrefixList, &out,
            .prefix_list_name = "l", .address_family = "IPv4", .max_entries = {true, 1},
            ENTRIES({"10.0.0.0/8", NULL}, {"10.1.0.0/16", NULL}));
    REFUSED(k, INVALID_PARAMETER_VALUE, "The request names the CIDR 10.0.0.0/8 more than once",
            CreateManagedPrefixList, &out, .prefix_list_name = "l", .address_family = "IPv4",
            .max_entries = {true, 2}, ENTRIES({"10.0.0.0/8", NULL}, {"10.0.0.0/8", "again"}));
    calls_free(k);
}
END_TEST

START_TEST(a_region_has_a_bounded_number_of_lists)
{
    struct calls *k = calls_new();
    ec2_CreateManagedPrefixList_out out;
    for (int i = 0; i < PREFIX_LISTS_MAX; i++)
        OK(k, CreateManagedPrefixList, &out, .prefix_list_name = "many", .address_family = "IPv4",
           .max_entries = {true, 1});
    REFUSED(k, PREFIX_LIST_LIMIT_EXCEEDED, "The maximum number of prefix lists in a Region is 100",
            CreateManagedPrefixList, &out, .prefix_list_name = "one more", .address_family = "IPv4",
            .max_entries = {true, 1});
    calls_free(k);
}
END_TEST

START_TEST(every_change_of_entries_is_a_version)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 3);
    ec2_ModifyManagedPrefixList_out out;
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .current_version = {true, 1},
       ADD({"10.3.0.0/16", "three"}), REMOVE({"10.1.0.0/16"}));
    ck_assert_int_eq(out.prefix_list->version.v, 2);
    ck_assert_str_eq(out.prefix_list->state, "modify-complete");
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .prefix_list_name = "branches");
    ck_assert_int_eq(out.prefix_list->version.v, 2);
    ck_assert_str_eq(out.prefix_list->prefix_list_name, "branches");
    ck_assert_str_eq(entries_of(k, id, 1), "10.1.0.0/16 one,10.2.0.0/16");
    ck_assert_str_eq(entries_of(k, id, 2), "10.2.0.0/16,10.3.0.0/16 three");

    /* what is removed comes back with another description, and an old version is as it was */
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.1.0.0/16", "again"}));
    ck_assert_str_eq(entries_of(k, id, 0), "10.1.0.0/16 again,10.2.0.0/16,10.3.0.0/16 three");
    ck_assert_str_eq(entries_of(k, id, 1), "10.1.0.0/16 one,10.2.0.0/16");

    ec2_RestoreManagedPrefixListVersion_out restored;
    OK(k, RestoreManagedPrefixListVersion, &restored, .prefix_list_id = id,
       .current_version = {true, 3}, .previous_version = {true, 1});
    ck_assert_int_eq(restored.prefix_list->version.v, 4);
    ck_assert_str_eq(restored.prefix_list->state, "restore-complete");
    ck_assert_str_eq(entries_of(k, id, 0), "10.1.0.0/16 one,10.2.0.0/16");
    ck_assert_str_eq(entries_of(k, id, 3), "10.1.0.0/16 again,10.2.0.0/16,10.3.0.0/16 three");
    calls_free(k);
}
END_TEST

START_TEST(a_change_that_does_not_fit_changes_nothing)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 2);
    ec2_ModifyManagedPrefixList_out out;
    REFUSED(k, PREFIX_LIST_VERSION_MISMATCH, "The prefix list has the incorrect version number.",
            ModifyManagedPrefixList, &out, .prefix_list_id = id, .current_version = {true, 2},
            REMOVE({"10.1.0.0/16"}));
    REFUSED(k, PREFIX_LIST_MAX_ENTRIES_EXCEEDED,
            "The prefix list 'offices' takes 2 entries, and would have 3", ModifyManagedPrefixList,
            &out, .prefix_list_id = id, ADD({"10.3.0.0/16", NULL}));
    REFUSED(
        k, INVALID_PREFIX_LIST_MODIFICATION,
        arena_printf(k->arena, "The entry 10.9.0.0/16 of the prefix list '%s' does not exist.", id),
        ModifyManagedPrefixList, &out, .prefix_list_id = id, REMOVE({"10.9.0.0/16"}));
    REFUSED(
        k, INVALID_PREFIX_LIST_MODIFICATION,
        arena_printf(k->arena, "The entry 10.1.0.0/16 already exists in the prefix list '%s'.", id),
        ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.1.0.0/16", NULL}),
        REMOVE({"10.2.0.0/16"}));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Request cannot contain Cidr 10.1.0.0/16 in both AddPrefixListEntries and "
            "RemovePrefixListEntries",
            ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.1.0.0/16", "new"}),
            REMOVE({"10.1.0.0/16"}));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "You cannot modify the entries and the maximum entries for the prefix list in the same "
            "request.",
            ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 5},
            REMOVE({"10.1.0.0/16"}));
    ck_assert_int_eq(
        CALL(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 1}), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PREFIX_LIST_MODIFICATION);
    ck_assert_int_eq(CALL(k, ModifyManagedPrefixList, &out, .prefix_list_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_MISSING_PARAMETER);
    ck_assert_int_eq(describe(k, id).version.v, 1);
    ck_assert_str_eq(entries_of(k, id, 0), "10.1.0.0/16 one,10.2.0.0/16");
    calls_free(k);
}
END_TEST

START_TEST(a_list_keeps_a_thousand_versions)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 3);
    ec2_ModifyManagedPrefixList_out out;
    for (int i = 0; i < PREFIX_LIST_VERSIONS_MAX; i++) {
        if (i % 2 == 0)
            OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.3.0.0/16", NULL}));
        else
            OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, REMOVE({"10.3.0.0/16"}));
    }
    ck_assert_int_eq(out.prefix_list->version.v, 1001);
    ck_assert_str_eq(entries_of(k, id, 2), "10.1.0.0/16 one,10.2.0.0/16,10.3.0.0/16");
    ec2_GetManagedPrefixListEntries_out none;
    ck_assert_int_eq(CALL(k, GetManagedPrefixListEntries, &none, .prefix_list_id = id,
                          .target_version = {true, 1}),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_VALUE);
    calls_free(k);
}
END_TEST

START_TEST(a_list_counts_as_its_size_in_the_quota_of_rules)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 30);
    const char *other = make_list(k, 30);
    ec2_CreateSecurityGroup_out group;
    OK(k, CreateSecurityGroup, &group, .group_name = "web", .description = "d");
    put_rule(k, group.group_id, id);
    put_rule(k, group.group_id, other);  /* sixty, to the last */
    ec2_CreateManagedPrefixList_out six; /* the other family has a quota of its own */
    OK(k, CreateManagedPrefixList, &six, .prefix_list_name = "v6", .address_family = "IPv6",
       .max_entries = {true, 60});
    put_rule(k, group.group_id, six.prefix_list->prefix_list_id);
    ec2_AuthorizeSecurityGroupIngress_out more;
    REFUSED(k, RULES_PER_SECURITY_GROUP_LIMIT_EXCEEDED,
            "The maximum number of rules per security group has been reached.",
            AuthorizeSecurityGroupIngress, &more, .group_id = group.group_id, .ip_protocol = "-1",
            .cidr_ip = "0.0.0.0/0");

    /* so the list cannot grow, and says why */
    ec2_ModifyManagedPrefixList_out out;
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 31});
    ck_assert_str_eq(out.prefix_list->state, "modify-failed");
    ck_assert_int_eq(out.prefix_list->max_entries.v, 30);
    ck_assert_str_eq(out.prefix_list->state_message,
                     arena_printf(k->arena,
                                  "The following resources do not support the new maximum number "
                                  "of entries: %s",
                                  group.group_id));
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 20});
    ck_assert_str_eq(out.prefix_list->state, "modify-complete");
    ck_assert_ptr_null(out.prefix_list->state_message);
    OK(k, AuthorizeSecurityGroupIngress, &more, .group_id = group.group_id, .ip_protocol = "-1",
       .cidr_ip = "0.0.0.0/0");
    calls_free(k);
}
END_TEST

START_TEST(a_list_that_routes_name_grows_as_far_as_their_tables_have_room)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 40);
    calls_put_gateway(k);
    ec2_CreateRoute_out routed;
    OK(k, CreateRoute, &routed, .route_table_id = TEST_TABLE, .destination_prefix_list_id = id,
       .gateway_id = TEST_GATEWAY);
    OK(k, CreateRoute, &routed, .route_table_id = TEST_TABLE,
       .destination_cidr_block = "192.0.2.0/24", .gateway_id = TEST_GATEWAY);
    /* routes of the other family are counted by themselves */
    OK(k, CreateRoute, &routed, .route_table_id = TEST_TABLE,
       .destination_ipv6_cidr_block = "2001:db8::/32", .gateway_id = TEST_GATEWAY);
    ec2_ModifyManagedPrefixList_out out;
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 50});
    ck_assert_str_eq(out.prefix_list->state, "modify-failed");
    ck_assert_int_eq(out.prefix_list->max_entries.v, 40);
    ck_assert_str_eq(out.prefix_list->state_message,
                     "The following resources do not support the new maximum number of entries: "
                     "" TEST_TABLE);
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, .max_entries = {true, 49});
    ck_assert_str_eq(out.prefix_list->state, "modify-complete");
    REFUSED(k, ROUTE_LIMIT_EXCEEDED,
            "The maximum number of routes (50) for route table '" TEST_TABLE "' has been reached.",
            CreateRoute, &routed, .route_table_id = TEST_TABLE,
            .destination_cidr_block = "198.51.100.0/24", .gateway_id = TEST_GATEWAY);
    calls_free(k);
}
END_TEST

START_TEST(users_are_shown_hold_the_list_and_follow_its_changes)
{
    struct calls *k = calls_new();
    const char *id = make_list(k, 5);
    ec2_CreateSecurityGroup_out group;
    OK(k, CreateSecurityGroup, &group, .group_name = "web", .description = "d",
       .vpc_id = TEST_OTHER_VPC);
    struct tx *tx = store_write(k->store);
    struct err e = {0};
    store_delete_jobs(tx, "kind", "vpc");
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    ec2_ModifyManagedPrefixList_out out;
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.3.0.0/16", NULL}));
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 0);
    put_rule(k, group.group_id, id);
    tx = store_write(k->store);
    store_delete_jobs(tx, "kind", "vpc");
    ck_assert_int_eq(tx_commit(tx, &e), 0);
    OK(k, ModifyManagedPrefixList, &out, .prefix_list_id = id, ADD({"10.4.0.0/16", NULL}));
    ck_assert_uint_eq(calls_jobs(k, TEST_OTHER_VPC), 1);
    ck_assert_uint_eq(calls_jobs(k, TEST_VPC), 0);

    ec2_GetManagedPrefixListAssociations_out users;
    OK(k, GetManagedPrefixListAssociations, &users, .prefix_list_id = id);
    ck_assert_uint_eq(users.prefix_list_associations.n, 1);
    ck_assert_str_eq(users.prefix_list_associations.v[0].resource_id, group.group_id);
    ck_assert_str_eq(users.prefix_list_associations.v[0].resource_owner, TEST_ACCOUNT);

    ec2_DeleteManagedPrefixList_out gone;
    OK(k, DeleteManagedPrefixList, &gone, .prefix_list_id = id);
    ck_assert_str_eq(gone.prefix_list->state, "delete-failed");
    ck_assert_str_eq(gone.prefix_list->state_message,
                     arena_printf(k->arena,
                                  "The following resources still refer to the prefix list: %s",
                                  group.group_id));
    ck_assert_str_eq(describe(k, id).state, "delete-failed");
    ec2_DeleteSecurityGroup_out deleted;
    OK(k, DeleteSecurityGroup, &deleted, .group_id = group.group_id);
    OK(k, DeleteManagedPrefixList, &gone, .prefix_list_id = id);
    ck_assert_str_eq(gone.prefix_list->state, "delete-complete");
    ec2_DescribeManagedPrefixLists_out none;
    REFUSED(k, INVALID_PREFIX_LIST_ID_NOT_FOUND,
            arena_printf(k->arena, "The prefix list ID '%s' does not exist", id),
            DescribeManagedPrefixLists, &none, .prefix_list_ids = LIST(id));
    calls_free(k);
}
END_TEST

START_TEST(lists_of_aws_are_there_and_not_ours_to_change)
{
    struct calls *k = calls_new();
    ec2_DescribeManagedPrefixLists_out out;
    OK(k, DescribeManagedPrefixLists, &out, FILTERED_BY(FILTER("owner-id", "AWS")));
    ck_assert_uint_eq(out.prefix_lists.n, aws_prefix_list_all().n);
    OK(k, DescribeManagedPrefixLists, &out,
       FILTERED_BY(FILTER("prefix-list-name", "com.amazonaws.us-east-1.s3")));
    ck_assert_uint_eq(out.prefix_lists.n, 1);
    const char *id = out.prefix_lists.v[0].prefix_list_id;
    ck_assert_ptr_nonnull(aws_prefix_list_find(id));
    ck_assert_str_eq(out.prefix_lists.v[0].prefix_list_arn,
                     arena_printf(k->arena, "arn:aws:ec2:us-east-1:aws:prefix-list/%s", id));
    ck_assert_ptr_nonnull(strstr(entries_of(k, id, 0), "52.216.0.0/15"));
    put_rule(k, TEST_GROUP, id);
    ec2_ModifyManagedPrefixList_out modified;
    ck_assert_int_eq(CALL(k, ModifyManagedPrefixList, &modified, .prefix_list_id = id,
                          ADD({"10.0.0.0/8", NULL})),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_UNAUTHORIZED_OPERATION);
    ec2_DeleteManagedPrefixList_out deleted;
    ck_assert_int_eq(CALL(k, DeleteManagedPrefixList, &deleted, .prefix_list_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_UNAUTHORIZED_OPERATION);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_list_is_made_with_its_first_version, what_a_list_cannot_be_is_refused,
           a_region_has_a_bounded_number_of_lists, every_change_of_entries_is_a_version,
           a_change_that_does_not_fit_changes_nothing, a_list_keeps_a_thousand_versions,
           a_list_counts_as_its_size_in_the_quota_of_rules,
           a_list_that_routes_name_grows_as_far_as_their_tables_have_room,
           users_are_shown_hold_the_list_and_follow_its_changes,
           lists_of_aws_are_there_and_not_ours_to_change)
