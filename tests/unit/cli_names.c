#include "croft/names.h"

#include <string.h>

#include "cli_vectors.h"
#include "croft/cli.h"
#include "unit.h"

START_TEST(names_are_those_of_botocore)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_json_ json_t *vectors = cli_vectors("names");
    const char *member;
    json_t *name;

    ck_assert_uint_gt(json_object_size(vectors), 1000);
    json_object_foreach(vectors, member, name)
        ck_assert_str_eq(name_of_member(a, member), json_string_value(name));
}
END_TEST

START_TEST(a_verb_finds_its_action)
{
    _cleanup_arena_ struct arena *a = arena_new();

    ck_assert_str_eq(action_of_verb(a, "run-instances")->name, "RunInstances");
    ck_assert_str_eq(action_of_verb(a, "get-caller-identity")->service->name, "sts");
    ck_assert_ptr_null(action_of_verb(a, "RunInstances"));
    ck_assert_ptr_null(action_of_verb(a, "run-instance"));
}
END_TEST

static const char *nearest_of(const char *name)
{
    static const char *const candidates[] = {"image-id", "image-ids", "key-name", "dry-run"};
    struct nearest nearest = {.name = name};

    for (size_t i = 0; i < ARRAY_SIZE(candidates); i++)
        nearest_offer(&nearest, candidates[i]);
    return nearest.best;
}

START_TEST(the_nearest_name_is_offered_and_a_strange_one_is_not)
{
    char longest[1000];

    ck_assert_str_eq(nearest_of("imgae-id"), "image-id");
    ck_assert_str_eq(nearest_of("keyname"), "key-name");
    ck_assert_str_eq(nearest_of("dryrun"), "dry-run");
    ck_assert_ptr_null(nearest_of("elephant"));
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    ck_assert_ptr_null(nearest_of(longest));
}
END_TEST

UNIT_SUITE(names_are_those_of_botocore, a_verb_finds_its_action,
           the_nearest_name_is_offered_and_a_strange_one_is_not)
