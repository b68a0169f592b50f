#include "croft/args.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli_vectors.h"
#include "croft/cli.h"
#include "croft/names.h"
#include "unit.h"

static char key_file[] = "/tmp/croft-cli-key-XXXXXX";

static int parse(struct arena *a, int argc, char **argv, struct request *ret, struct err *e)
{
    struct cli c = {.arena = a, .program = "croft"};
    const struct wire_action *action = action_of_verb(a, argv[0]);

    ck_assert_msg(action != NULL, "%s", argv[0]);
    *ret = (struct request){0};
    return args_parse(&c, action, argc, argv, ret, e);
}

/* Parses a literal list of words. */
#define PARSE(a, ret, e, ...)                                                                      \
    parse((a), (int)ARRAY_SIZE(((char *[]){__VA_ARGS__})), (char *[]){__VA_ARGS__}, (ret), (e))

static void check_request(const json_t *in, const char *wanted)
{
    _cleanup_free_ char *got = json_dumps(in, JSON_SORT_KEYS | JSON_COMPACT);
    ck_assert_str_eq(got, wanted);
}

START_TEST(requests_are_those_of_the_aws_cli)
{
    _cleanup_json_ json_t *vectors = cli_vectors("arguments");
    int fd = mkstemp(key_file);
    size_t i;
    json_t *vector;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "ssh-ed25519 AAAA\n", 17), 17);
    (void)close(fd);
    ck_assert_uint_gt(json_array_size(vectors), 70);
    json_array_foreach(vectors, i, vector)
    {
        _cleanup_arena_ struct arena *a = arena_new();
        const json_t *words = json_object_get(vector, "words");
        size_t n = json_array_size(words);
        char **argv = arena_array(a, n + 1, char *);
        const char *line = "";
        struct request request;
        struct err e = {0};
        int r;

        for (size_t k = 0; k < n; k++) {
            argv[k] = arena_strdup(a, json_string_value(json_array_get(words, k)));
            if (streq(argv[k], "fileb://KEY"))
                argv[k] = arena_printf(a, "fileb://%s", key_file);
            line = arena_printf(a, "%s %s", line, argv[k]);
        }
        r = parse(a, (int)n, argv, &request, &e);
        if (json_is_true(json_object_get(vector, "refused"))) {
            ck_assert_msg(r < 0 && e.message[0] != '\0', "taken:%s", line);
            continue;
        }
        ck_assert_msg(r == 0, "%s:%s", e.message, line);
        if (!json_equal(request.in, json_object_get(vector, "request"))) {
            _cleanup_free_ char *got = json_dumps(request.in, 0);
            ck_abort_msg("%s gives %s", line, got);
        }
        json_decref(request.in);
    }
    (void)unlink(key_file);
}
END_TEST

START_TEST(a_wrong_flag_is_answered_with_the_nearest)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_lt(PARSE(a, &request, &e, "run-instances", "--imgae-id", "x"), 0);
    ck_assert_str_eq(e.message, "run-instances has no --imgae-id; is it --image-id?");
    ck_assert_int_lt(PARSE(a, &request, &e, "describe-instances", "--query", "x"), 0);
    ck_assert_ptr_nonnull(strstr(e.message, "no --query"));
    ck_assert_int_lt(PARSE(a, &request, &e, "describe-images", "--include"), 0);
    ck_assert_ptr_nonnull(strstr(e.message, "could be"));
}
END_TEST

START_TEST(a_value_of_the_wrong_type_is_refused_by_the_name_of_its_flag)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_lt(PARSE(a, &request, &e, "describe-instances", "--max-results", "five"), 0);
    ck_assert_str_eq(e.message, "--max-results takes a whole number, not \"five\"");
    ck_assert_int_lt(PARSE(a, &request, &e, "run-instances", "--block-device-mappings",
                           "DeviceName=x,Ebs={VolumeSize=big}"),
                     0);
    ck_assert_str_eq(e.message,
                     "--block-device-mappings.Ebs.VolumeSize takes a whole number, not \"big\"");
    ck_assert_int_lt(PARSE(a, &request, &e, "describe-instances", "--filters", "Nmae=x"), 0);
    ck_assert_str_eq(e.message, "--filters has no 'Nmae'; is it 'Name'?");
    ck_assert_int_lt(PARSE(a, &request, &e, "describe-instances", "--max-results", "3000000000"),
                     0);
    ck_assert_int_lt(PARSE(a, &request, &e, "import-key-pair", "--key-name", "k",
                           "--public-key-material", "ssh-ed25519 AAAA me@here"),
                     0);
    ck_assert_ptr_nonnull(strstr(e.message, "fileb://"));
    ck_assert_int_lt(
        PARSE(a, &request, &e, "describe-instances", "--cli-input-json", "{\"MaxResults\": \"5\"}"),
        0);
    ck_assert_ptr_nonnull(strstr(e.message, "MaxResults takes a whole number"));
}
END_TEST

START_TEST(a_sensitive_value_is_not_quoted)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_lt(PARSE(a, &request, &e, "run-instances", "--image-id", "ami-1",
                           "--cli-input-json", "{\"UserData\": 12345678}"),
                     0);
    ck_assert_ptr_null(strstr(e.message, "12345678"));
}
END_TEST

START_TEST(what_is_missing_is_named)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_lt(PARSE(a, &request, &e, "create-security-group"), 0);
    ck_assert_str_eq(e.message, "missing: --description, --group-name");
    ck_assert_int_lt(PARSE(a, &request, &e, "run-instances", "--image-id"), 0);
    ck_assert_str_eq(e.message, "--image-id needs a value");
    ck_assert_int_lt(PARSE(a, &request, &e, "describe-instances", "i-1"), 0);
    ck_assert_str_eq(e.message, "'i-1' stands behind no flag");
}
END_TEST

START_TEST(user_data_of_a_file_is_encoded)
{
    _cleanup_arena_ struct arena *a = arena_new();
    char path[] = "/tmp/croft-cli-data-XXXXXX";
    int fd = mkstemp(path);
    struct request request;
    struct err e = {0};
    int r;

    ck_assert_int_eq(write(fd, "\x1f\x8b\0z", 4), 4);
    (void)close(fd);
    r = PARSE(a, &request, &e, "run-instances", "--image-id", "ami-1", "--user-data",
              arena_printf(a, "file://%s", path));
    (void)unlink(path);
    ck_assert_msg(r == 0, "%s", e.message);
    check_request(
        request.in,
        "{\"ImageId\":\"ami-1\",\"MaxCount\":1,\"MinCount\":1,\"UserData\":\"H4sAeg==\"}");
    json_decref(request.in);
    ck_assert_int_lt(PARSE(a, &request, &e, "run-instances", "--image-id", "ami-1", "--user-data",
                           "file:///nonexistent"),
                     0);
}
END_TEST

/* The AWS CLI makes a list of one primary address of it, which says the same. */
START_TEST(an_address_beside_a_public_one_moves_into_the_interface)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_eq(PARSE(a, &request, &e, "run-instances", "--image-id", "ami-1",
                           "--associate-public-ip-address", "--private-ip-address", "172.31.0.9"),
                     0);
    check_request(request.in,
                  "{\"ImageId\":\"ami-1\",\"MaxCount\":1,\"MinCount\":1,\"NetworkInterfaces\":[{"
                  "\"AssociatePublicIpAddress\":true,\"DeviceIndex\":0,"
                  "\"PrivateIpAddress\":\"172.31.0.9\"}]}");
    json_decref(request.in);
}
END_TEST

START_TEST(whoever_asks_for_a_page_gets_that_one_alone)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct request request;
    struct err e = {0};

    ck_assert_int_eq(PARSE(a, &request, &e, "describe-instances"), 0);
    ck_assert(request.paginate);
    json_decref(request.in);
    ck_assert_int_eq(PARSE(a, &request, &e, "describe-instances", "--max-results=5"), 0);
    ck_assert(!request.paginate);
    json_decref(request.in);
    ck_assert_int_eq(PARSE(a, &request, &e, "describe-instances", "--no-paginate"), 0);
    ck_assert(!request.paginate);
    json_decref(request.in);
    ck_assert_int_eq(
        PARSE(a, &request, &e, "describe-instances", "--page-size", "7", "--max-items", "3"), 0);
    ck_assert(request.paginate);
    ck_assert_int_eq(request.page_size, 7);
    ck_assert_int_eq(request.max_items, 3);
    json_decref(request.in);
}
END_TEST

START_TEST(every_action_has_a_skeleton_that_it_takes)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_service *ec2 = wire_service_find("ec2");

    for (size_t i = 0; i < ec2->n_actions; i++) {
        const struct wire_action *action = &ec2->actions[i];
        _cleanup_json_ json_t *skeleton = skeleton_of(action->input, 0);
        _cleanup_free_ char *text = json_dumps(skeleton, 0);
        struct request request;
        struct err e = {0};
        int r = PARSE(a, &request, &e, name_of_member(a, action->name), "--cli-input-json", text);

        ck_assert_msg(r == 0, "%s: %s", action->name, e.message);
        /* All members at once move some of RunInstances' into the interface. */
        ck_assert_msg(streq(action->name, "RunInstances") || json_equal(request.in, skeleton), "%s",
                      action->name);
        json_decref(request.in);
    }
}
END_TEST

UNIT_SUITE(requests_are_those_of_the_aws_cli, a_wrong_flag_is_answered_with_the_nearest,
           a_value_of_the_wrong_type_is_refused_by_the_name_of_its_flag,
           a_sensitive_value_is_not_quoted, what_is_missing_is_named,
           user_data_of_a_file_is_encoded, an_address_beside_a_public_one_moves_into_the_interface,
           whoever_asks_for_a_page_gets_that_one_alone, every_action_has_a_skeleton_that_it_takes)
