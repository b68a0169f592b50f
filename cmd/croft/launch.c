/* croft launch: an instance with sensible defaults, from nothing but an image. */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "croft/args.h"
#include "croft/images.h"
#include "croft/instances.h"
#include "croft/keys.h"
#include "croft/screen.h"
#include "croft/verbs.h"

#define GROUP_NAME    "croft-ssh"
#define USER_DATA_MAX ((size_t)16 << 10) /* EC2's limit, before base64 */
#define COUNT_MAX     1000

struct launch_options {
    const char *name, *image, *type, *key, *user_data;
    int64_t size_gib, count, timeout_s;
    bool no_wait;
};

/* The group that lets ssh in, made when it is missing. */
static int group_ready(struct cli *c)
{
    _cleanup_json_ json_t *found = NULL, *made = NULL, *rule = NULL;
    int status =
        cli_call(c, "DescribeSecurityGroups",
                 json_pack("{s:o}", "Filters", filter_of("group-name", GROUP_NAME)), NULL, &found);

    if (status != STATUS_OK || json_array_size(json_items(found, "SecurityGroups")) > 0)
        return status;
    status = cli_call(c, "CreateSecurityGroup",
                      json_pack("{s:s, s:s}", "GroupName", GROUP_NAME, "Description",
                                "SSH from anywhere, made by croft launch"),
                      NULL, &made);
    if (status == STATUS_OK)
        status = cli_call(c, "AuthorizeSecurityGroupIngress",
                          json_pack("{s:s, s:[{s:s, s:i, s:i, s:[{s:s}]}]}", "GroupName",
                                    GROUP_NAME, "IpPermissions", "IpProtocol", "tcp", "FromPort",
                                    22, "ToPort", 22, "IpRanges", "CidrIp", "0.0.0.0/0"),
                          NULL, &rule);
    if (status == STATUS_OK)
        note("Made the security group %s, which lets SSH in from anywhere", GROUP_NAME);
    return status;
}

/* vm-1, vm-2, ...: the first that no instance has. */
static int free_name(struct cli *c, const char **ret_name)
{
    struct guests guests;
    int status = guests_describe(c, NULL, &guests);

    for (size_t n = 1; status == STATUS_OK; n++) {
        const char *name = arena_printf(c->arena, "vm-%zu", n);
        bool taken = false;

        for (size_t i = 0; i < guests.n && !taken; i++)
            taken = streq(guests.v[i].name, name) && !streq(guests.v[i].state, "terminated");
        if (!taken) {
            *ret_name = name;
            return STATUS_OK;
        }
    }
    return status;
}

static int read_user_data(struct cli *c, const char *path, const char **ret, size_t *ret_len)
{
    _cleanup_buf_ struct buf content = BUF_INIT(USER_DATA_MAX);
    struct err e = {0};

    if (file_read(streq(path, "-") ? "/dev/stdin" : path, &content, &e) < 0) {
        complain("%s", e.message);
        return STATUS_UNREACHED;
    }
    *ret = base64_encode(c->arena, buf_str(&content), content.len);
    *ret_len = content.len;
    return STATUS_OK;
}

static json_t *name_tag(const char *name)
{
    return json_pack("[{s:s, s:s}]", "Key", "Name", "Value", name);
}

static int build_request(struct cli *c, const struct launch_options *o, const struct image *image,
                         json_t **ret)
{
    char token[UUID_SIZE];
    const char *user_data;
    size_t len;
    json_t *request;

    uuid_new(token);
    request =
        json_pack("{s:s, s:s, s:I, s:I, s:s, s:[s], s:s}", "ImageId", image->id, "InstanceType",
                  o->type, "MinCount", (json_int_t)o->count, "MaxCount", (json_int_t)o->count,
                  "KeyName", o->key, "SecurityGroups", GROUP_NAME, "ClientToken", token);
    if (o->count == 1)
        json_object_set_new(
            request, "TagSpecifications",
            json_pack("[{s:s, s:o}]", "ResourceType", "instance", "Tags", name_tag(o->name)));
    if (o->size_gib > 0)
        json_object_set_new(request, "BlockDeviceMappings",
                            json_pack("[{s:s, s:{s:I}}]", "DeviceName",
                                      image->root_device == NULL ? "/dev/xvda" : image->root_device,
                                      "Ebs", "VolumeSize", (json_int_t)o->size_gib));
    if (o->user_data != NULL) {
        int status = read_user_data(c, o->user_data, &user_data, &len);
        if (status != STATUS_OK) {
            json_decref(request);
            return status;
        }
        json_object_set_new(request, "UserData", json_string(user_data));
    }
    *ret = request;
    return STATUS_OK;
}

/* Several instances are NAME-1, NAME-2, ...: RunInstances gives all of them the same tags. */
static int name_all(struct cli *c, const char *name, struct guests *guests)
{
    for (size_t i = 0; i < guests->n; i++) {
        _cleanup_json_ json_t *reply = NULL;
        const char *own = arena_printf(c->arena, "%s-%zu", name, i + 1);
        int status =
            cli_call(c, "CreateTags",
                     json_pack("{s:[s], s:o}", "Resources", guests->v[i].id, "Tags", name_tag(own)),
                     NULL, &reply);

        if (status != STATUS_OK)
            return status;
        guests->v[i].name = own;
    }
    return STATUS_OK;
}

static int run_instances(struct cli *c, const struct launch_options *o, const struct image *image,
                         struct guests *ret)
{
    _cleanup_json_ json_t *reply = NULL;
    json_t *request = NULL, *instance;
    struct guests guests = {0};
    size_t i;
    int status = build_request(c, o, image, &request);

    if (status == STATUS_OK)
        status = cli_call(c, "RunInstances", request, NULL, &reply);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(reply, "Instances"), i, instance) *
        arena_append(c->arena, &guests) =
        (struct guest){.id = arena_strdup(c->arena, json_text(instance, "InstanceId")),
                       .name = o->name,
                       .state = "pending"};
    if (o->count > 1)
        status = name_all(c, o->name, &guests);
    *ret = guests;
    return status;
}

static int launch(struct cli *c, struct launch_options *o)
{
    struct image image;
    struct guests guests;
    int status = image_find(c, o->image, &image);

    if (status == STATUS_OK && o->name == NULL)
        status = free_name(c, &o->name);
    if (status == STATUS_OK && o->key == NULL)
        status = key_pair_ready(c, &o->key);
    if (status == STATUS_OK)
        status = group_ready(c);
    if (status != STATUS_OK)
        return status;
    if (o->type == NULL)
        o->type = streq(image.architecture, "arm64") ? "t4g.micro" : "t3.micro";
    note("Launching %s: %s from %s (%s)", o->name, o->type,
         text_harmless(c->arena, image.name == NULL ? "an image" : image.name), image.id);
    status = run_instances(c, o, &image, &guests);
    if (status != STATUS_OK)
        return status;
    if (!o->no_wait)
        status = guests_wait(c, &guests, "running", o->timeout_s);
    for (size_t i = 0; i < guests.n && status == STATUS_OK; i++) {
        const struct guest *g = &guests.v[i];

        printf("%s: %s%s%s\n", guest_label(c, g), g->state,
               g->public_address == NULL ? "" : ", public address ",
               g->public_address == NULL ? "" : g->public_address);
        printf("Log in:  croft ssh %s\n",
               g->name == NULL ? g->id : text_harmless(c->arena, g->name));
    }
    return status;
}

static int run_launch(struct cli *c, int argc, char **argv)
{
    struct launch_options o = {.count = 1, .timeout_s = WAIT_DEFAULT_S};
    const struct option_row rows[] = {
        {"--image", NULL, .value = &o.image},
        {"--type", "-t", .value = &o.type},
        {"--key", "-k", .value = &o.key},
        {"--size", NULL, .number = &o.size_gib},
        {"--user-data", NULL, .value = &o.user_data},
        {"--count", "-n", .number = &o.count},
        {"--no-wait", NULL, .on = &o.no_wait},
        {"--timeout", NULL, .number = &o.timeout_s},
    };
    struct words words;
    int status = options_parse(c, "launch", rows, ARRAY_SIZE(rows), 0, argc, argv, &words);

    if (status != STATUS_OK)
        return status;
    if (words.n > 1)
        return usage_error("launch", "one NAME, not %zu (--count makes several)", words.n);
    if (o.count < 1 || o.count > COUNT_MAX)
        return usage_error("launch", "--count takes 1 to %d", COUNT_MAX);
    if (words.n == 1)
        o.name = words.v[0];
    return launch(c, &o);
}

const struct verb launch_verbs[] = {
    {"launch", run_launch,
     "[NAME] [--image ID|NAME] [--type TYPE] [--key KEY]\n"
     "             [--size GIB] [--user-data FILE|-] [--count N] [--no-wait] [--timeout S]",
     "Makes an instance, waits until it runs and says how to log in",
     "Without --image it is the newest one, without --key the key pair `croft`, which is made and\n"
     "kept when it is missing; the security group `croft-ssh` lets SSH in. Without NAME it is "
     "vm-1,\n"
     "vm-2 and so on; with --count N they are NAME-1 to NAME-N."},
    {NULL, NULL, NULL, NULL, NULL},
};
