/* The actions on tags. */
#include "core/tag.h"

#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define TAGS(...) .tags = LIST_OF(ec2_Tag, __VA_ARGS__)

static size_t count_tags(struct calls *k, const char *resource_id)
{
    ec2_DescribeTags_out out;
    OK(k, DescribeTags, &out, FILTERED_BY(FILTER("resource-id", resource_id)));
    return out.tags.n;
}

START_TEST(tags_are_put_on_any_resource)
{
    struct calls *k = calls_new();
    ec2_CreateTags_out none;
    OK(k, CreateTags, &none,
       .resources =
           LIST(TEST_VPC, TEST_SUBNET, TEST_GROUP, TEST_IMAGE, TEST_SNAPSHOT, TEST_INTERFACE),
       TAGS({"Name", "x"}, {"Empty", NULL}));
    ec2_DescribeTags_out out;
    OK(k, DescribeTags, &out, );
    ck_assert_uint_eq(out.tags.n, 12);
    OK(k, DescribeTags, &out, FILTERED_BY(FILTER("resource-type", "security-group", "image")));
    ck_assert_uint_eq(out.tags.n, 4);
    ck_assert_str_eq(out.tags.v[0].resource_id, TEST_IMAGE);
    ck_assert_str_eq(out.tags.v[0].key, "Empty");
    ck_assert_str_eq(out.tags.v[0].value, "");
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC), TAGS({"Name", "y"}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 2);
    OK(k, DescribeTags, &out, FILTERED_BY(FILTER("tag:Name", "y")));
    ck_assert_uint_eq(out.tags.n, 1);
    OK(k, DescribeTags, &out, FILTERED_BY(FILTER("key", "Name"), FILTER("value", "x")));
    ck_assert_uint_eq(out.tags.n, 5);
    calls_free(k);
}
END_TEST

START_TEST(one_missing_resource_fails_the_call)
{
    struct calls *k = calls_new();
    ec2_CreateTags_out none;
    REFUSED(k, INVALID_INSTANCE_ID_NOT_FOUND, "The instance ID 'i-12345678' does not exist",
            CreateTags, &none, .resources = LIST(TEST_VPC, "i-12345678"), TAGS({"a", "b"}));
    REFUSED(k, INVALID_AMI_ID_NOT_FOUND, "The image id '[ami-12345678]' does not exist", CreateTags,
            &none, .resources = LIST("ami-12345678"), TAGS({"a", "b"}));
    REFUSED(k, INVALID_ID, "The ID 'rock-12345678' is not valid", CreateTags, &none,
            .resources = LIST("rock-12345678"), TAGS({"a", "b"}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 0);
    calls_free(k);
}
END_TEST

START_TEST(keys_and_values_are_checked)
{
    struct calls *k = calls_new();
    ec2_CreateTags_out none;
    char text[300];
    memset(text, 'x', sizeof(text));
    text[TAG_KEY_MAX + 1] = '\0';
#define BAD(message, ...)                                                                          \
    REFUSED(k, INVALID_PARAMETER_VALUE, message, CreateTags, &none, .resources = LIST(TEST_VPC),   \
            TAGS(__VA_ARGS__))
    BAD("Tag key exceeds the maximum length of 128 characters", {text, ""});
    text[TAG_KEY_MAX] = '\0';
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC), TAGS({text, ""}));
    text[TAG_KEY_MAX] = text[TAG_KEY_MAX + 1] = 'x';
    text[TAG_VALUE_MAX + 1] = '\0';
    BAD("Tag value exceeds the maximum length of 256 characters", {"a", text});
    BAD("Tag keys starting with 'aws:' are reserved for internal use", {"aws:x", ""});
    BAD("Tag keys starting with 'aws:' are reserved for internal use", {"AWS:x", ""});
    BAD("Tag key cannot be null or empty", {"", "x"});
    BAD("Tag key cannot be null or empty", {NULL, "x"});
    BAD("Duplicate tag key 'a' specified.", {"a", "1"}, {"b", "1"}, {"a", "2"});
#undef BAD
    calls_free(k);
}
END_TEST

START_TEST(a_resource_has_fifty_tags)
{
    struct calls *k = calls_new();
    static struct ec2_Tag tags[TAGS_PER_RESOURCE + 1];
    for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
        tags[i].key = arena_printf(k->arena, "key%zu", i);
    ec2_CreateTags_out none;
    REFUSED(k, TAG_LIMIT_EXCEEDED, "The maximum number of Tags for a resource is 50", CreateTags,
            &none, .resources = LIST(TEST_VPC), .tags = {tags, 51});
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC), .tags = {tags, 50});
    REFUSED(k, TAG_LIMIT_EXCEEDED, "The maximum number of Tags for a resource is 50", CreateTags,
            &none, .resources = LIST(TEST_VPC), TAGS({"more", "x"}));
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC), TAGS({"key7", "x"}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 50);
    calls_free(k);
}
END_TEST

START_TEST(delete_takes_a_missing_value_for_any_and_an_empty_one_for_empty)
{
    struct calls *k = calls_new();
    ec2_CreateTags_out none;
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC),
       TAGS({"full", "x"}, {"empty", ""}, {"third", "3"}));
    OK(k, DeleteTags, &none, .resources = LIST(TEST_VPC), TAGS({"full", ""}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 3);
    OK(k, DeleteTags, &none, .resources = LIST(TEST_VPC), TAGS({"full", "y"}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 3);
    OK(k, DeleteTags, &none, .resources = LIST(TEST_VPC), TAGS({"empty", ""}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 2);
    OK(k, DeleteTags, &none, .resources = LIST(TEST_VPC), TAGS({"full", NULL}, {"never", NULL}));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 1);
    OK(k, DeleteTags, &none, .resources = LIST(TEST_VPC));
    ck_assert_uint_eq(count_tags(k, TEST_VPC), 0);
    calls_free(k);
}
END_TEST

START_TEST(tags_are_paged)
{
    struct calls *k = calls_new();
    ec2_CreateTags_out none;
    OK(k, CreateTags, &none, .resources = LIST(TEST_VPC, TEST_SUBNET, TEST_GROUP),
       TAGS({"a", "1"}, {"a b", "2"}, {"\xc3\xa4", "3"}));
    const char *token = NULL;
    size_t seen = 0;
    do {
        ec2_DescribeTags_out out;
        OK(k, DescribeTags, &out, .max_results = {true, 2}, .next_token = token);
        seen += out.tags.n;
        token = out.next_token;
    } while (token != NULL && seen < 100);
    ck_assert_uint_eq(seen, 9);
    calls_free(k);
}
END_TEST

START_TEST(describe_knows_its_filters)
{
    struct calls *k = calls_new();
    ec2_DescribeTags_out out;
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'colour' is invalid", DescribeTags, &out,
            FILTERED_BY(FILTER("colour", "red")));
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'tag:a' must have at least one value",
            DescribeTags, &out, FILTERED_BY({.name = "tag:a"}));
    calls_free(k);
}
END_TEST

UNIT_SUITE(tags_are_put_on_any_resource, one_missing_resource_fails_the_call,
           keys_and_values_are_checked, a_resource_has_fifty_tags,
           delete_takes_a_missing_value_for_any_and_an_empty_one_for_empty, tags_are_paged,
           describe_knows_its_filters)
