/*
 * Filters as DescribeInstances takes them, over one item and every scalar that it may have: the
 * name of a filter is its path. Values are or, filters are and.
 */
#include "api/filter.h"

#include "base/text.h"
#include "fuzz.h"
#include "wire/json.h"
#include "wire/query.h"

#define PATHS_MAX 600
#define DEPTH_MAX 4

static const char item_json[] =
    "{\"InstanceId\":\"i-0123456789abcdef0\",\"AmiLaunchIndex\":0,\"ImageId\":\"ami-00000001\","
    "\"InstanceType\":\"t3.micro\",\"LaunchTime\":1767323045.678,\"EbsOptimized\":false,"
    "\"PrivateIpAddress\":\"10.0.0.1\",\"State\":{\"Code\":16,\"Name\":\"running\"},"
    "\"Placement\":{\"AvailabilityZone\":\"us-east-1a\",\"Tenancy\":\"default\"},"
    "\"BlockDeviceMappings\":[{\"DeviceName\":\"/dev/xvda\",\"Ebs\":{\"VolumeId\":\"vol-1\","
    "\"AttachTime\":1767323045}},{\"DeviceName\":\"/dev/xvdb\"}],\"NetworkInterfaces\":[{"
    "\"NetworkInterfaceId\":\"eni-1\",\"Groups\":[{\"GroupId\":\"sg-1\",\"GroupName\":\"a*b\"}],"
    "\"PrivateIpAddresses\":[{\"Primary\":true,\"PrivateIpAddress\":\"10.0.0.1\"}]}],"
    "\"Tags\":[{\"Key\":\"Name\",\"Value\":\"web\"},{\"Key\":\"Empty\",\"Value\":\"\"},"
    "{\"Key\":\"caf\xc3\xa9\",\"Value\":\"\xe6\x97\xa5\xe6\x9c\xac\"},{\"Key\":\"None\"}]}";

static struct arena *forever;
static struct filter_path paths[PATHS_MAX];
static size_t n_paths;
static void *item;

static void add_paths(const struct wire_struct *s, const char *before, int depth)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct wire_field *field = &s->fields[i];
        const char *path = arena_printf(forever, "%s%s", before, field->member);
        if (field->out == NULL || field->kind == WIRE_BLOB)
            continue;
        if (field->kind == WIRE_STRUCT && depth < DEPTH_MAX) {
            add_paths(field->sub, arena_printf(forever, "%s.", path), depth + 1);
        } else if (field->kind != WIRE_STRUCT) {
            CHECK(n_paths < PATHS_MAX);
            paths[n_paths++] = (struct filter_path){path, path};
        }
    }
}

static void begin(void)
{
    struct fault f = {0};
    forever = arena_new();
    add_paths(&ec2_Instance_struct, "", 1);
    CHECK(json_decode_reply(forever, &ec2_Instance_struct, item_json, sizeof(item_json) - 1, &item,
                            &f) == 0);
}

static bool matches(const struct ec2_FilterList *asked)
{
    struct filters fs = {asked, paths, n_paths, &ec2_Instance_struct, NULL};
    return filters_match(&fs, item, NULL);
}

static bool matches_one_by_one(const struct ec2_Filter *filter)
{
    for (size_t i = 0; i < filter->values.n; i++) {
        struct ec2_Filter one = {filter->name, {filter->values.v + i, 1}};
        if (matches(&(struct ec2_FilterList){&one, 1}))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (forever == NULL)
        begin();
    _cleanup_arena_ struct arena *a = arena_new();
    const struct wire_action *action = wire_action_find(&ec2_service, "DescribeInstances");
    struct form form = {0};
    struct fault f = {0};
    void *decoded = NULL;
    if (form_parse(a, (const char *)data, size, &form, &f) < 0 ||
        query_decode(a, action, &form, &decoded, &f) < 0)
        return 0;
    const ec2_DescribeInstances_in *in = decoded;
    struct filters fs = {&in->filters, paths, n_paths, &ec2_Instance_struct, NULL};
    if (filters_check(&fs, &f) < 0) {
        CHECK(fault_is_set(&f));
        return 0;
    }
    bool all = true;
    for (size_t i = 0; i < in->filters.n; i++)
        all = matches_one_by_one(&in->filters.v[i]) && all;
    CHECK(matches(&in->filters) == all);
    return 0;
}
