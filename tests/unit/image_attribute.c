/* The attributes of images. */
#include "support/calls.h"
#include "unit.h"

#define FOREIGN "ami-0b0b0b0b0b0b0b0b0"

static size_t permissions(struct calls *k)
{
    ec2_DescribeImageAttribute_out out;
    OK(k, DescribeImageAttribute, &out, .image_id = TEST_IMAGE, .attribute = "launchPermission");
    return out.launch_permissions.n;
}

START_TEST(an_image_is_opened_to_all_and_closed_again)
{
    struct calls *k = calls_new();
    ec2_ModifyImageAttribute_out none;
    struct ec2_LaunchPermission all = {.group = "all"};
    struct ec2_LaunchPermissionModifications add = {.add = {&all, 1}};
    struct ec2_LaunchPermissionModifications remove = {.remove = {&all, 1}};
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .launch_permission = &add);
    ck_assert_uint_eq(permissions(k), 1);
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .launch_permission = &remove);
    ck_assert_uint_eq(permissions(k), 0);
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .attribute = "launchPermission",
       .operation_type = "add", .user_groups = LIST("all"));
    ck_assert_uint_eq(permissions(k), 1);
    ec2_ResetImageAttribute_out reset;
    OK(k, ResetImageAttribute, &reset, .image_id = TEST_IMAGE, .attribute = "launchPermission");
    ck_assert_uint_eq(permissions(k), 0);
    calls_free(k);
}
END_TEST

START_TEST(no_other_account_is_known)
{
    struct calls *k = calls_new();
    ec2_ModifyImageAttribute_out none;
    struct ec2_LaunchPermission to[] = {{.group = "all"}, {.user_id = "210987654321"}};
    struct ec2_LaunchPermissionModifications add = {.add = {to, 2}};
    REFUSED(k, INVALID_AMI_ATTRIBUTE_ITEM_VALUE,
            "Invalid attribute item value \"210987654321\" for userId item type. Croft knows no "
            "other account than its owner's",
            ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .launch_permission = &add);
    ck_assert_uint_eq(permissions(k), 0); /* nothing of a call that is refused */
    to[1].user_id = TEST_ACCOUNT;
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .launch_permission = &add);
    ck_assert_uint_eq(permissions(k), 1);
    calls_free(k);
}
END_TEST

START_TEST(one_attribute_is_modified_at_a_time)
{
    struct calls *k = calls_new();
    ec2_ModifyImageAttribute_out none;
    ec2_DescribeImageAttribute_out out;
    struct ec2_AttributeValue text = {"new"};
    struct ec2_LaunchPermissionModifications change = {0};
    REFUSED(k, INVALID_PARAMETER_COMBINATION, "No attributes specified.", ModifyImageAttribute,
            &none, .image_id = TEST_IMAGE);
    REFUSED(k, INVALID_PARAMETER_COMBINATION, "Only one attribute can be modified at a time",
            ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .description = &text,
            .launch_permission = &change);
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .attribute = "description",
       .description = &text);
    OK(k, DescribeImageAttribute, &out, .image_id = TEST_IMAGE, .attribute = "description");
    ck_assert_str_eq(out.description->value, "new");
    OK(k, ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .attribute = "description",
       .value = "old");
    OK(k, DescribeImageAttribute, &out, .image_id = TEST_IMAGE, .attribute = "description");
    ck_assert_str_eq(out.description->value, "old");
    char longer[300];
    memset(longer, 'x', sizeof(longer));
    longer[256] = '\0';
    text.value = longer;
    REFUSED(k, INVALID_PARAMETER_VALUE, "The description is limited to 255 characters",
            ModifyImageAttribute, &none, .image_id = TEST_IMAGE, .description = &text);
    calls_free(k);
}
END_TEST

START_TEST(attributes_are_the_owners)
{
    struct calls *k = calls_new();
    struct tx *tx = store_write(k->store);
    struct image *i = store_image(tx, k->arena, TEST_IMAGE);
    i->id = FOREIGN;
    i->account_id = "210987654321";
    i->is_public = true;
    store_insert_image(tx, i);
    ck_assert_int_eq(tx_commit(tx, NULL), 0);
    ec2_DescribeImageAttribute_out out;
    REFUSED(k, AUTH_FAILURE, "Not authorized for image:" FOREIGN, DescribeImageAttribute, &out,
            .image_id = FOREIGN, .attribute = "description");
    ec2_ResetImageAttribute_out reset;
    REFUSED(k, AUTH_FAILURE, "Not authorized for image:" FOREIGN, ResetImageAttribute, &reset,
            .image_id = FOREIGN, .attribute = "launchPermission");
    calls_free(k);
}
END_TEST

UNIT_SUITE(an_image_is_opened_to_all_and_closed_again, no_other_account_is_known,
           one_attribute_is_modified_at_a_time, attributes_are_the_owners)
