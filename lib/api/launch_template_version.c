#include <inttypes.h>
#include <stdlib.h>

#include "api/filter.h"
#include "api/launch_template.h"
#include "api/page.h"
#include "base/text.h"

/* AWS's own MaxResults: a version's data may be large. */
#define VERSIONS_PER_PAGE 200

static int missing(const struct launch_template *t, int64_t number, struct fault *f)
{
    return fault(f, FAULT_INVALID_LAUNCH_TEMPLATE_ID_VERSION_NOT_FOUND,
                 "Could not find the specified version %" PRId64
                 " for the launch template with ID %s.",
                 number, t->id);
}

struct launch_template_version *launch_template_version_get(struct call *c, struct arena *a,
                                                            const struct launch_template *t,
                                                            int64_t number, struct fault *f)
{
    struct launch_template_version_list l = store_launch_template_versions(
        c->tx, a, "template_id", t->id, "number", arena_printf(a, "%" PRId64, number));
    if (l.n > 0)
        return l.v;
    (void)missing(t, number, f);
    return NULL;
}

int launch_template_version_make(struct call *c, struct launch_template *t, const char *description,
                                 const struct ec2_RequestLaunchTemplateData *data,
                                 const struct launch_template_version *source,
                                 struct ec2_ValidationWarning **ret_warning, struct fault *f)
{
    const char *text = NULL;
    if (launch_template_data_make(c, data, source, &text, ret_warning, f) < 0)
        return -1;
    if (store_count_launch_template_versions(c->tx, "template_id", t->id) >=
        LAUNCH_TEMPLATE_VERSIONS_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "The launch template '%s' has %d versions, and no more are allowed", t->id,
                     LAUNCH_TEMPLATE_VERSIONS_MAX);
    t->latest_version = ++t->versions_made;
    store_update_launch_template(c->tx, t);
    store_insert_launch_template_version(c->tx, &(struct launch_template_version){
                                                    .template_id = t->id,
                                                    .number = t->latest_version,
                                                    .description = description,
                                                    .created_at = c->now,
                                                    .created_by = c->principal->arn,
                                                    .data = text,
                                                });
    return 0;
}

static void view(struct arena *a, const struct launch_template *t,
                 const struct launch_template_version *v, struct ec2_LaunchTemplateVersion *out)
{
    *out = (struct ec2_LaunchTemplateVersion){
        .launch_template_id = t->id,
        .launch_template_name = t->name,
        .version_number = wire_int(v->number),
        .version_description = v->description,
        .create_time = wire_time(v->created_at),
        .created_by = v->created_by,
        .default_version = wire_bool(v->number == t->default_version),
        .launch_template_data = launch_template_data_read(a, v),
    };
}

int act_ec2_CreateLaunchTemplateVersion(struct call *c,
                                        const ec2_CreateLaunchTemplateVersion_in *in,
                                        ec2_CreateLaunchTemplateVersion_out *out, struct fault *f)
{
    struct launch_template *t =
        launch_template_find(c, in->launch_template_id, in->launch_template_name, f);
    if (t == NULL)
        return -1;
    int64_t number = 0;
    if (c->replay != NULL) {
        if (launch_template_number(t, c->replay, &number, f) < 0)
            return -1;
    } else {
        const struct launch_template_version *source = NULL;
        if (!str_empty(in->source_version)) {
            if (launch_template_number(t, in->source_version, &number, f) < 0)
                return -1;
            source = launch_template_version_get(c, c->arena, t, number, f);
            if (source == NULL)
                return -1;
        }
        if (launch_template_version_make(c, t, in->version_description, in->launch_template_data,
                                         source, &out->warning, f) < 0)
            return -1;
        number = t->latest_version;
    }
    const struct launch_template_version *v =
        launch_template_version_get(c, c->arena, t, number, f);
    if (v == NULL)
        return -1;
    c->result = arena_printf(c->arena, "%" PRId64, number);
    out->launch_template_version = arena_new_of(c->arena, struct ec2_LaunchTemplateVersion);
    view(c->arena, t, v, out->launch_template_version);
    return 0;
}

/* Versions that a request is about. */
struct choice {
    const struct launch_template *of;
    int64_t number;
};

struct choices {
    struct choice *v;
    size_t n;
};

static int by_age(const void *a, const void *b)
{
    const struct choice *x = a;
    const struct choice *y = b;
    int order = strcmp(x->of->id, y->of->id);
    return order != 0 ? order : (x->number < y->number) - (x->number > y->number);
}

static void choose(struct call *c, const struct launch_template *t, int64_t number,
                   struct choices *list)
{
    *arena_append(c->arena, list) = (struct choice){t, number};
}

/* Without reading its data. */
static bool is_there(struct call *c, const struct launch_template *t, int64_t number)
{
    return store_count_launch_template_versions(c->tx, "template_id", t->id, "number",
                                                arena_printf(c->arena, "%" PRId64, number)) > 0;
}

/* The end of a range: a number, or what is meant when it is not given. */
static int read_bound(const struct launch_template *t, const char *text, int64_t otherwise,
                      int64_t *ret_bound, struct fault *f)
{
    if (!str_empty(text))
        return launch_template_number(t, text, ret_bound, f);
    *ret_bound = otherwise;
    return 0;
}

/* Of one template: those that are named, or all, within the range. */
static int choose_of(struct call *c, const ec2_DescribeLaunchTemplateVersions_in *in,
                     const struct launch_template *t, struct choices *ret, struct fault *f)
{
    int64_t least = 0;
    int64_t most = 0;
    if (read_bound(t, in->min_version, 1, &least, f) < 0 ||
        read_bound(t, in->max_version, INT64_MAX, &most, f) < 0)
        return -1;
    struct int_list there = {0};
    if (in->versions.n == 0)
        there = store_launch_template_numbers(c->tx, c->arena, t->id);
    for (size_t i = 0; i < there.n; i++)
        if (there.v[i] >= least && there.v[i] <= most)
            choose(c, t, there.v[i], ret);
    for (size_t i = 0; i < in->versions.n; i++) {
        int64_t number = 0;
        if (launch_template_number(t, in->versions.v[i], &number, f) < 0)
            return -1;
        if (!is_there(c, t, number))
            return missing(t, number, f);
        if (number >= least && number <= most)
            choose(c, t, number, ret);
    }
    return 0;
}

/* Of all templates: the latest or the default ones. */
static int choose_of_all(struct call *c, const ec2_DescribeLaunchTemplateVersions_in *in,
                         struct choices *ret, struct fault *f)
{
    static const char *const words[] = {"$Latest", "$Default", NULL};
    if (in->versions.n == 0)
        return fault(
            f, FAULT_MISSING_PARAMETER,
            "The request must contain the parameter LaunchTemplateId or LaunchTemplateName, or "
            "the versions '$Latest' or '$Default'");
    bool plain = str_empty(in->min_version) && str_empty(in->max_version);
    for (size_t i = 0; i < in->versions.n; i++)
        plain = plain && text_is_among(in->versions.v[i], words);
    if (!plain)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Without a launch template, versions can only be '$Latest' and '$Default'");
    struct launch_template_list all = store_launch_templates(
        c->tx, c->arena, "account_id", c->principal->account_id, "region", c->region->name);
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < in->versions.n; k++)
            choose(c, &all.v[i],
                   streq(in->versions.v[k], words[0]) ? all.v[i].latest_version
                                                      : all.v[i].default_version,
                   ret);
    return 0;
}

static const struct filter_path version_filters[] = {
    {"create-time", "CreateTime"},
    {"ebs-optimized", "LaunchTemplateData.EbsOptimized"},
    {"host-resource-group-arn", "LaunchTemplateData.Placement.HostResourceGroupArn"},
    {"http-endpoint", "LaunchTemplateData.MetadataOptions.HttpEndpoint"},
    /* There is no switch for IPv4 alone: the endpoint is the one that IPv4 reaches. */
    {"http-protocol-ipv4", "LaunchTemplateData.MetadataOptions.HttpEndpoint"},
    {"http-tokens", "LaunchTemplateData.MetadataOptions.HttpTokens"},
    {"iam-instance-profile", "LaunchTemplateData.IamInstanceProfile.Arn"},
    {"image-id", "LaunchTemplateData.ImageId"},
    {"instance-type", "LaunchTemplateData.InstanceType"},
    {"is-default-version", "DefaultVersion"},
    {"kernel-id", "LaunchTemplateData.KernelId"},
    {"license-configuration-arn",
     "LaunchTemplateData.LicenseSpecifications.LicenseConfigurationArn"},
    {"network-card-index", "LaunchTemplateData.NetworkInterfaces.NetworkCardIndex"},
    {"ram-disk-id", "LaunchTemplateData.RamDiskId"},
};

/* The version as a reply shows it, if it passes the filters; all of it in `a`. */
static bool read_version(struct call *c, struct arena *a, const struct choice *choice,
                         const struct filters *filters, struct ec2_LaunchTemplateVersion *ret)
{
    struct fault none = {0};
    const struct launch_template_version *v =
        launch_template_version_get(c, a, choice->of, choice->number, &none);
    if (v == NULL)
        return false;
    view(a, choice->of, v, ret);
    return filters_match(filters, ret, NULL);
}

/* Newest first. Versions that do not pass, or are of another page, leave nothing behind. */
int act_ec2_DescribeLaunchTemplateVersions(struct call *c,
                                           const ec2_DescribeLaunchTemplateVersions_in *in,
                                           ec2_DescribeLaunchTemplateVersions_out *out,
                                           struct fault *f)
{
    struct filters filters = FILTERS(in, version_filters, LaunchTemplateVersion);
    struct opt_int most = in->max_results.set ? in->max_results : wire_int(VERSIONS_PER_PAGE);
    struct choices list = {0};
    struct page page;
    if (filters_check(&filters, f) < 0 || page_begin(c, most, in->next_token, false, &page, f) < 0)
        return -1;
    if (in->launch_template_id == NULL && in->launch_template_name == NULL) {
        if (choose_of_all(c, in, &list, f) < 0)
            return -1;
    } else {
        const struct launch_template *t =
            launch_template_find(c, in->launch_template_id, in->launch_template_name, f);
        if (t == NULL || choose_of(c, in, t, &list, f) < 0)
            return -1;
    }
    if (list.n > 1)
        qsort(list.v, list.n, sizeof(*list.v), by_age);
    _cleanup_arena_ struct arena *scratch = arena_new();
    for (size_t i = 0; i < list.n && !page.more; i++) {
        const struct choice *choice = &list.v[i];
        struct ec2_LaunchTemplateVersion v;
        if (i > 0 && by_age(choice, choice - 1) == 0)
            continue;
        /* Keys grow as numbers fall. */
        const char *key =
            arena_printf(c->arena, "%s\x01%019" PRId64, choice->of->id, INT64_MAX - choice->number);
        arena_reset(scratch);
        if (in->filters.n > 0 && !read_version(c, scratch, choice, &filters, &v))
            continue;
        if (page_admit(&page, key) && read_version(c, c->arena, choice, &filters, &v))
            *arena_append(c->arena, &out->launch_template_versions) = v;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

static void note_failure(struct call *c, const ec2_DeleteLaunchTemplateVersions_in *in,
                         const struct launch_template *t, int64_t number, const char *code,
                         const char *message, ec2_DeleteLaunchTemplateVersions_out *out)
{
    struct ec2_DeleteLaunchTemplateVersionsResponseErrorItem *item =
        arena_append(c->arena, &out->unsuccessfully_deleted_launch_template_versions);
    item->launch_template_id = t == NULL ? in->launch_template_id : t->id;
    item->launch_template_name = t == NULL ? in->launch_template_name : t->name;
    item->version_number = wire_int(number);
    item->response_error = arena_new_of(c->arena, struct ec2_ResponseError);
    item->response_error->code = code;
    item->response_error->message = message;
}

/* One of the request's versions: it goes, or is noted with the reason why not. */
static void delete_version(struct call *c, const ec2_DeleteLaunchTemplateVersions_in *in,
                           const struct launch_template *t, int64_t number,
                           ec2_DeleteLaunchTemplateVersions_out *out)
{
    struct fault why = {0};
    if (number == t->default_version) {
        note_failure(c, in, t, number, "unexpectedError",
                     "The default version of a launch template cannot be deleted: make another "
                     "version the default, or delete the launch template",
                     out);
    } else if (!is_there(c, t, number)) {
        (void)missing(t, number, &why);
        note_failure(c, in, t, number, "launchTemplateVersionDoesNotExist",
                     arena_strdup(c->arena, why.message), out);
    } else {
        store_delete_launch_template_versions(c->tx, "template_id", t->id, "number",
                                              arena_printf(c->arena, "%" PRId64, number));
        struct ec2_DeleteLaunchTemplateVersionsResponseSuccessItem *item =
            arena_append(c->arena, &out->successfully_deleted_launch_template_versions);
        item->launch_template_id = t->id;
        item->launch_template_name = t->name;
        item->version_number = wire_int(number);
    }
}

/* The call succeeds whatever becomes of each version, and of the template (AWS: ResponseError). */
int act_ec2_DeleteLaunchTemplateVersions(struct call *c,
                                         const ec2_DeleteLaunchTemplateVersions_in *in,
                                         ec2_DeleteLaunchTemplateVersions_out *out, struct fault *f)
{
    struct wire_ints numbers = {arena_array(c->arena, in->versions.n, int64_t), 0};
    for (size_t i = 0; i < in->versions.n; i++)
        if (parse_int64(in->versions.v[i], &numbers.v[numbers.n++]) < 0)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Invalid launch template version: only numeric versions can be deleted.");
    struct fault why = {0};
    struct launch_template *t =
        launch_template_find(c, in->launch_template_id, in->launch_template_name, &why);
    bool by_name = in->launch_template_id == NULL;
    if (t == NULL && (by_name == (in->launch_template_name == NULL))) {
        *f = why;
        return -1;
    }
    for (size_t i = 0; i < numbers.n; i++) {
        if (t == NULL)
            note_failure(c, in, NULL, numbers.v[i],
                         by_name ? "launchTemplateNameDoesNotExist"
                                 : "launchTemplateIdDoesNotExist",
                         arena_strdup(c->arena, why.message), out);
        else
            delete_version(c, in, t, numbers.v[i], out);
    }
    if (t != NULL) {
        struct int_list left = store_launch_template_numbers(c->tx, c->arena, t->id);
        t->latest_version = left.v[left.n - 1]; /* the default one is there at least */
        store_update_launch_template(c->tx, t);
    }
    return 0;
}
