/* Launch templates: versions, what is kept of them, and what a launch takes from them. */
#include "api/launch_template.h"

#include "base/id.h"
#include "base/text.h"
#include "support/calls.h"
#include "unit.h"

#define MISSING_TEMPLATE "lt-00000000000000001"
#define DATA(...)                                                                                  \
    .launch_template_data = &(struct ec2_RequestLaunchTemplateData)                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define MAPPING(name, size)                                                                        \
    {                                                                                              \
        .device_name = (name), .ebs = &(struct ec2_LaunchTemplateEbsBlockDeviceRequest)            \
        {                                                                                          \
            .volume_size = wire_int(size)                                                          \
        }                                                                                          \
    }

static bool has_all(const char *const *names, const char *const *others)
{
    for (; others != NULL && *others != NULL; others++)
        if (!text_is_among(*others, names))
            return false;
    return true;
}

static bool same_names(const char *const *a, const char *const *b)
{
    return has_all(a, b) && has_all(b, a);
}

/*
 * `of_template` is read from requests, kept and shown as `of_reply`, and launched as `of_launch`:
 * what a launch refuses is refused when it is put into a template, and the rest comes through.
 */
static void compare(const struct wire_struct *of_template, const struct wire_struct *of_reply,
                    const struct wire_struct *of_launch)
{
    for (size_t i = 0; i < of_template->n; i++) {
        const struct wire_field *t = &of_template->fields[i];
        const struct wire_field *reply = wire_field_by_member(of_reply, t->member);
        const struct wire_field *launch = wire_field_by_member(of_launch, t->member);
        if (launch == NULL) {
            ck_assert_msg(t->status == WIRE_REFUSE, "%s.%s has no counterpart in %s: refuse",
                          of_template->name, t->member, of_launch->name);
            continue;
        }
        ck_assert_msg(
            t->status == launch->status && same_names(t->passes, launch->passes),
            "%s.%s has not the status and passes= of %s.%s: import_model.py takes them over",
            of_template->name, t->member, of_launch->name, launch->member);
        ck_assert_msg(t->kind == launch->kind && t->list == launch->list &&
                          same_names(t->values, launch->values),
                      "%s.%s is of another type", of_template->name, t->member);
        ck_assert_msg(t->has_min == launch->has_min && t->has_max == launch->has_max &&
                          t->min == launch->min && t->max == launch->max,
                      "%s.%s has other limits", of_template->name, t->member);
        if (t->status == WIRE_REFUSE && t->passes == NULL)
            continue;
        ck_assert_msg(reply != NULL && reply->kind == t->kind && reply->list == t->list &&
                          reply->sensitive == t->sensitive,
                      "%s.%s is not in %s", of_template->name, t->member, of_reply->name);
        if (t->kind == WIRE_STRUCT && t->sub != launch->sub)
            compare(t->sub, reply->sub, launch->sub);
    }
}

START_TEST(a_template_takes_what_a_launch_takes)
{
    compare(&ec2_RequestLaunchTemplateData_struct, &ec2_ResponseLaunchTemplateData_struct,
            &ec2_RunInstancesRequest_struct);
}
END_TEST

static const char *make(struct calls *k, const char *name, const char *type)
{
    ec2_CreateLaunchTemplate_out out;
    OK(k, CreateLaunchTemplate, &out, .launch_template_name = name,
       DATA(.instance_type = type, .image_id = TEST_IMAGE));
    ck_assert_ptr_null(out.warning);
    return out.launch_template->launch_template_id;
}

static int64_t add(struct calls *k, const char *id, const char *source, const char *type)
{
    ec2_CreateLaunchTemplateVersion_out out;
    OK(k, CreateLaunchTemplateVersion, &out, .launch_template_id = id, .source_version = source,
       .version_description = type, DATA(.instance_type = type));
    return out.launch_template_version->version_number.v;
}

START_TEST(a_template_is_made_and_found)
{
    struct calls *k = calls_new();
    ec2_CreateLaunchTemplate_out made;
    OK(k, CreateLaunchTemplate, &made, .launch_template_name = "web/(1)._-",
       TAGGED("launch-template", {"a", "b"}), DATA(.instance_type = "t3.nano"));
    const struct ec2_LaunchTemplate *t = made.launch_template;
    ck_assert(id_is_wellformed(t->launch_template_id, "lt"));
    ck_assert_int_eq(t->default_version_number.v, 1);
    ck_assert_int_eq(t->latest_version_number.v, 1);
    ck_assert_str_eq(t->created_by, "arn:aws:iam::" TEST_ACCOUNT ":root");
    ck_assert_uint_eq(t->tags.n, 1);
    const char *other = make(k, "other", "t3.nano");

    ec2_DescribeLaunchTemplates_out out;
    OK(k, DescribeLaunchTemplates, &out, );
    ck_assert_uint_eq(out.launch_templates.n, 2);
    OK(k, DescribeLaunchTemplates, &out, .launch_template_names = LIST("other", "web/(1)._-"),
       .launch_template_ids = LIST(other));
    ck_assert_uint_eq(out.launch_templates.n, 2);
    OK(k, DescribeLaunchTemplates, &out, FILTERED_BY(FILTER("launch-template-name", "web*")));
    ck_assert_uint_eq(out.launch_templates.n, 1);
    OK(k, DescribeLaunchTemplates, &out, FILTERED_BY(FILTER("tag:a", "b"), FILTER("tag-key", "a")));
    ck_assert_uint_eq(out.launch_templates.n, 1);
    OK(k, DescribeLaunchTemplates, &out, FILTERED_BY(FILTER("create-time", "2026-01-02*")));
    ck_assert_uint_eq(out.launch_templates.n, 2);
    OK(k, DescribeLaunchTemplates, &out, .max_results = wire_int(1));
    ck_assert_uint_eq(out.launch_templates.n, 1);
    const char *first = out.launch_templates.v[0].launch_template_id;
    OK(k, DescribeLaunchTemplates, &out, .max_results = wire_int(1), .next_token = out.next_token);
    ck_assert_uint_eq(out.launch_templates.n, 1);
    ck_assert_str_ne(out.launch_templates.v[0].launch_template_id, first);
    ck_assert_ptr_null(out.next_token);
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'state' is invalid", DescribeLaunchTemplates,
            &out, FILTERED_BY(FILTER("state", "x")));
    REFUSED(k, INVALID_LAUNCH_TEMPLATE_NAME_NOT_FOUND,
            "The specified launch template, with template name none, does not exist.",
            DescribeLaunchTemplates, &out, .launch_template_names = LIST("other", "none"));
    REFUSED(k, INVALID_LAUNCH_TEMPLATE_ID_NOT_FOUND,
            "The specified launch template, with template ID " MISSING_TEMPLATE ", does not exist.",
            DescribeLaunchTemplates, &out, .launch_template_ids = LIST(MISSING_TEMPLATE));
    calls_free(k);
}
END_TEST

START_TEST(a_template_that_cannot_be_is_refused)
{
    struct calls *k = calls_new();
    ec2_CreateLaunchTemplate_out out;
    (void)make(k, "taken", "t3.nano");
    REFUSED(k, INVALID_LAUNCH_TEMPLATE_NAME_ALREADY_EXISTS, "Launch template name already in use.",
            CreateLaunchTemplate, &out, .launch_template_name = "taken",
            DATA(.instance_type = "t3.nano"));
    REFUSED(k, INVALID_LAUNCH_TEMPLATE_NAME_MALFORMED,
            "A launch template name must be between 3 and 128 characters, and may contain letters, "
            "numbers, and the following characters: - ( ) . / _.",
            CreateLaunchTemplate, &out, .launch_template_name = "a name",
            DATA(.instance_type = "t3.nano"));
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter LaunchTemplateData",
            CreateLaunchTemplate, &out, .launch_template_name = "empty", DATA());
    REFUSED(k, INVALID_USER_DATA_MALFORMED, "Invalid BASE64 encoding of user data",
            CreateLaunchTemplate, &out, .launch_template_name = "data",
            DATA(.user_data = "#!/bin/sh"));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "'vpc' is not a valid taggable resource type for this operation.", CreateLaunchTemplate,
            &out, .launch_template_name = "tags",
            DATA(.tag_specifications = LIST_OF(ec2_LaunchTemplateTagSpecificationRequest,
                                               {"vpc", LIST_OF(ec2_Tag, {"a", "b"})})));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Tag keys starting with 'aws:' are reserved for internal use", CreateLaunchTemplate,
            &out, .launch_template_name = "tags",
            DATA(.tag_specifications = LIST_OF(ec2_LaunchTemplateTagSpecificationRequest,
                                               {"instance", LIST_OF(ec2_Tag, {"aws:a", "b"})})));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "'instance' is not a valid taggable resource type for this operation.",
            CreateLaunchTemplate, &out, .launch_template_name = "tags",
            TAGGED("instance", {"a", "b"}), DATA(.instance_type = "t3.nano"));
    ec2_DescribeLaunchTemplates_out all;
    OK(k, DescribeLaunchTemplates, &all, );
    ck_assert_uint_eq(all.launch_templates.n, 1);
    calls_free(k);
}
END_TEST

START_TEST(what_no_launch_would_take_is_kept_with_a_warning)
{
    struct calls *k = calls_new();
    ec2_CreateLaunchTemplate_out out;
    OK(k, CreateLaunchTemplate, &out, .launch_template_name = "hopes",
       DATA(.image_id = "ami-00000000000000001", .instance_type = "t9.planet", .key_name = "none",
            .security_group_ids = LIST("sg-00000000000000001"),
            .network_interfaces =
                LIST_OF(ec2_LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
                        {.device_index = wire_int(0), .subnet_id = "subnet-00000000000000001"})));
    static const char *const codes[] = {"InvalidAMIID.NotFound",    "InvalidParameterValue",
                                        "InvalidKeyPair.NotFound",  "InvalidGroup.NotFound",
                                        "InvalidSubnetID.NotFound", "InvalidParameterCombination"};
    ck_assert_uint_eq(out.warning->errors.n, ARRAY_SIZE(codes));
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        ck_assert_str_eq(out.warning->errors.v[i].code, codes[i]);
    calls_free(k);
}
END_TEST

START_TEST(versions_are_numbered_and_a_number_is_never_given_again)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    ck_assert_int_eq(add(k, id, NULL, "t3.micro"), 2);
    ck_assert_int_eq(add(k, id, "$Latest", "t3.small"), 3);
    ec2_DeleteLaunchTemplateVersions_out gone;
    OK(k, DeleteLaunchTemplateVersions, &gone, .launch_template_name = "web",
       .versions = LIST("3", "1", "9"));
    ck_assert_uint_eq(gone.successfully_deleted_launch_template_versions.n, 1);
    ck_assert_int_eq(gone.successfully_deleted_launch_template_versions.v[0].version_number.v, 3);
    ck_assert_uint_eq(gone.unsuccessfully_deleted_launch_template_versions.n, 2);
    ck_assert_str_eq(gone.unsuccessfully_deleted_launch_template_versions.v[0].response_error->code,
                     "unexpectedError");
    ck_assert_str_eq(gone.unsuccessfully_deleted_launch_template_versions.v[1].response_error->code,
                     "launchTemplateVersionDoesNotExist");
    ec2_DescribeLaunchTemplates_out out;
    OK(k, DescribeLaunchTemplates, &out, );
    ck_assert_int_eq(out.launch_templates.v[0].latest_version_number.v, 2);
    ck_assert_int_eq(add(k, id, NULL, "t3.small"), 4);

    OK(k, DeleteLaunchTemplateVersions, &gone, .launch_template_id = MISSING_TEMPLATE,
       .versions = LIST("1"));
    ck_assert_str_eq(gone.unsuccessfully_deleted_launch_template_versions.v[0].response_error->code,
                     "launchTemplateIdDoesNotExist");
    OK(k, DeleteLaunchTemplateVersions, &gone, .launch_template_name = "none",
       .versions = LIST("1"));
    ck_assert_str_eq(gone.unsuccessfully_deleted_launch_template_versions.v[0].response_error->code,
                     "launchTemplateNameDoesNotExist");
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Invalid launch template version: only numeric versions can be deleted.",
            DeleteLaunchTemplateVersions, &gone, .launch_template_id = id,
            .versions = LIST("$Latest"));
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter LaunchTemplateId or LaunchTemplateName",
            DeleteLaunchTemplateVersions, &gone, .versions = LIST("1"));
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "The parameter LaunchTemplateId cannot be used with the parameter LaunchTemplateName",
            DeleteLaunchTemplateVersions, &gone, .launch_template_id = id,
            .launch_template_name = "web", .versions = LIST("1"));
    calls_free(k);
}
END_TEST

START_TEST(a_version_has_what_it_does_not_say_from_its_source)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    ec2_CreateLaunchTemplateVersion_out out;
    OK(k, CreateLaunchTemplateVersion, &out, .launch_template_id = id, .source_version = "1",
       DATA(.instance_type = "t3.micro", .user_data = "aGVsbG8=",
            .block_device_mappings = LIST_OF(ec2_LaunchTemplateBlockDeviceMappingRequest,
                                             MAPPING("/dev/xvda", 9), MAPPING("/dev/sdf", 1))));
    OK(k, CreateLaunchTemplateVersion, &out, .launch_template_name = "web",
       .source_version = "$Latest",
       DATA(.block_device_mappings =
                LIST_OF(ec2_LaunchTemplateBlockDeviceMappingRequest, MAPPING("/dev/sdf", 5))));
    const struct ec2_LaunchTemplateVersion *v = out.launch_template_version;
    ck_assert_int_eq(v->version_number.v, 3);
    ck_assert(v->default_version.set && !v->default_version.v);
    const struct ec2_ResponseLaunchTemplateData *d = v->launch_template_data;
    ck_assert_str_eq(d->image_id, TEST_IMAGE);
    ck_assert_str_eq(d->instance_type, "t3.micro");
    ck_assert_str_eq(d->user_data, "aGVsbG8=");
    ck_assert_uint_eq(d->block_device_mappings.n, 2);
    ck_assert_int_eq(d->block_device_mappings.v[0].ebs->volume_size.v, 5);
    ck_assert_int_eq(d->block_device_mappings.v[1].ebs->volume_size.v, 9);
    OK(k, CreateLaunchTemplateVersion, &out, .launch_template_id = id, .source_version = "$Default",
       DATA(.key_name = "me"));
    d = out.launch_template_version->launch_template_data;
    ck_assert_str_eq(d->instance_type, "t3.nano");
    ck_assert_ptr_null(d->user_data);
    ck_assert_str_eq(out.warning->errors.v[0].message, "The key pair 'me' does not exist");
    REFUSED(k, INVALID_LAUNCH_TEMPLATE_ID_VERSION_NOT_FOUND,
            arena_printf(k->arena,
                         "Could not find the specified version 9 for the launch template with ID "
                         "%s.",
                         id),
            CreateLaunchTemplateVersion, &out, .launch_template_id = id, .source_version = "9",
            DATA(.key_name = "me"));
    REFUSED(k, INVALID_PARAMETER_VALUE,
            "Invalid launch template version: either '$Default', '$Latest', or a numeric version "
            "are allowed.",
            CreateLaunchTemplateVersion, &out, .launch_template_id = id, .source_version = "first",
            DATA(.key_name = "me"));
    calls_free(k);
}
END_TEST

static void check_numbers(const struct ec2_LaunchTemplateVersionList *l, size_t n,
                          const int64_t *numbers)
{
    ck_assert_uint_eq(l->n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(l->v[i].version_number.v, numbers[i]);
}

#define NUMBERS(out, ...)                                                                          \
    check_numbers(&(out).launch_template_versions,                                                 \
                  sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

START_TEST(versions_are_described)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    for (int i = 0; i < 3; i++)
        (void)add(k, id, "1", i == 1 ? "t3.small" : "t3.micro");
    (void)make(k, "other", "t3.small");
    ec2_ModifyLaunchTemplate_out modified;
    OK(k, ModifyLaunchTemplate, &modified, .launch_template_id = id, .default_version = "2");
    ck_assert_int_eq(modified.launch_template->default_version_number.v, 2);

    ec2_DescribeLaunchTemplateVersions_out out;
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_name = "web");
    NUMBERS(out, 4, 3, 2, 1);
    ck_assert_str_eq(out.launch_template_versions.v[0].version_description, "t3.micro");
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       .versions = LIST("$Default", "1", "$Latest", "2"));
    NUMBERS(out, 4, 2, 1);
    ck_assert(out.launch_template_versions.v[1].default_version.v);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id, .min_version = "2",
       .max_version = "3");
    NUMBERS(out, 3, 2);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       FILTERED_BY(FILTER("instance-type", "t3.micro"), FILTER("image-id", TEST_IMAGE)));
    NUMBERS(out, 4, 2);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       FILTERED_BY(FILTER("is-default-version", "true")));
    NUMBERS(out, 2);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       FILTERED_BY(FILTER("license-configuration-arn", "*"), FILTER("network-card-index", "0"),
                   FILTER("http-protocol-ipv4", "enabled")));
    ck_assert_uint_eq(out.launch_template_versions.n, 0);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       .max_results = wire_int(3));
    NUMBERS(out, 4, 3, 2);
    OK(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
       .max_results = wire_int(3), .next_token = out.next_token);
    NUMBERS(out, 1);
    ck_assert_ptr_null(out.next_token);

    /* Of all templates. */
    OK(k, DescribeLaunchTemplateVersions, &out, .versions = LIST("$Latest"));
    ck_assert_uint_eq(out.launch_template_versions.n, 2);
    OK(k, DescribeLaunchTemplateVersions, &out, .versions = LIST("$Latest", "$Default"));
    ck_assert_uint_eq(out.launch_template_versions.n, 3);
    REFUSED(k, INVALID_PARAMETER_COMBINATION,
            "Without a launch template, versions can only be '$Latest' and '$Default'",
            DescribeLaunchTemplateVersions, &out, .versions = LIST("1"));
    REFUSED(k, MISSING_PARAMETER,
            "The request must contain the parameter LaunchTemplateId or LaunchTemplateName, or the "
            "versions '$Latest' or '$Default'",
            DescribeLaunchTemplateVersions, &out, );
    REFUSED(k, INVALID_PARAMETER_VALUE, "The filter 'tag:a' is invalid",
            DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
            FILTERED_BY(FILTER("tag:a", "b")));
    ck_assert_int_eq(CALL(k, DescribeLaunchTemplateVersions, &out, .launch_template_id = id,
                          .versions = LIST("5")),
                     -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_LAUNCH_TEMPLATE_ID_VERSION_NOT_FOUND);
    calls_free(k);
}
END_TEST

START_TEST(a_default_must_be_a_version_that_is_there)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    (void)add(k, id, "1", "t3.micro");
    ec2_ModifyLaunchTemplate_out out;
    OK(k, ModifyLaunchTemplate, &out, .launch_template_name = "web", .default_version = "$Latest");
    ck_assert_int_eq(out.launch_template->default_version_number.v, 2);
    REFUSED(k, MISSING_PARAMETER, "The request must contain the parameter SetDefaultVersion",
            ModifyLaunchTemplate, &out, .launch_template_id = id);
    ck_assert_int_eq(
        CALL(k, ModifyLaunchTemplate, &out, .launch_template_id = id, .default_version = "3"), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_LAUNCH_TEMPLATE_ID_VERSION_NOT_FOUND);
    calls_free(k);
}
END_TEST

START_TEST(a_template_goes_with_its_versions_and_tags)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    (void)add(k, id, "1", "t3.micro");
    ec2_CreateTags_out none;
    OK(k, CreateTags, &none, .resources = LIST(id), .tags = LIST_OF(ec2_Tag, {"a", "b"}));
    ec2_DeleteLaunchTemplate_out out;
    OK(k, DeleteLaunchTemplate, &out, .launch_template_name = "web");
    ck_assert_str_eq(out.launch_template->launch_template_id, id);
    ck_assert_int_eq(out.launch_template->latest_version_number.v, 2);
    ck_assert_int_eq(CALL(k, DeleteLaunchTemplate, &out, .launch_template_id = id), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_LAUNCH_TEMPLATE_ID_NOT_FOUND);
    struct tx *tx = store_read(k->store);
    ck_assert_uint_eq(store_tags(tx, k->arena, "resource_id", id).n, 0);
    ck_assert_uint_eq(store_launch_template_numbers(tx, k->arena, id).n, 0);
    tx_end(tx);
    ck_assert_str_ne(make(k, "web", "t3.nano"), id);
    calls_free(k);
}
END_TEST

static int apply(struct calls *k, ec2_RunInstances_in *in, const ec2_RunInstances_in **ret_in,
                 struct launch_source *ret_source)
{
    calls_begin(k, &ec2_service, "RunInstances", in);
    int r = launch_template_apply(&k->call, in, ret_in, ret_source, &k->fault);
    calls_end(k, r);
    return r;
}

START_TEST(a_launch_is_filled_from_its_template)
{
    struct calls *k = calls_new();
    ec2_CreateLaunchTemplate_out out;
    OK(k, CreateLaunchTemplate, &out, .launch_template_name = "web",
       DATA(.image_id = TEST_IMAGE, .instance_type = "t3.nano", .user_data = "aGVsbG8=",
            .tag_specifications =
                LIST_OF(ec2_LaunchTemplateTagSpecificationRequest,
                        {"instance", LIST_OF(ec2_Tag, {"Name", "t"}, {"team", "t"}, {"x", "t"})},
                        {"volume", LIST_OF(ec2_Tag, {"v", "t"})})));
    const char *id = out.launch_template->launch_template_id;
    (void)add(k, id, "1", "t3.micro");

    struct ec2_LaunchTemplateSpecification from = {.launch_template_name = "web",
                                                   .version = "$Latest"};
    ec2_RunInstances_in in = {
        .min_count = wire_int(1),
        .max_count = wire_int(2),
        .launch_template = &from,
        .key_name = "mine",
        TAGGED("instance", {"Name", "mine"}, {"x", NULL}),
    };
    const ec2_RunInstances_in *whole = NULL;
    struct launch_source source;
    ck_assert_int_eq(apply(k, &in, &whole, &source), 0);
    ck_assert_str_eq(source.template_id, id);
    ck_assert_int_eq(source.version, 2);
    ck_assert_str_eq(whole->image_id, TEST_IMAGE);
    ck_assert_str_eq(whole->instance_type, "t3.micro");
    ck_assert_str_eq(whole->key_name, "mine");
    ck_assert_str_eq(whole->user_data, "aGVsbG8=");
    ck_assert_int_eq(whole->max_count.v, 2);
    ck_assert_uint_eq(whole->tag_specifications.n, 2);
    const struct ec2_TagList *tags = &whole->tag_specifications.v[0].tags;
    ck_assert_uint_eq(tags->n, 3);
    ck_assert_str_eq(tags->v[0].value, "mine");
    ck_assert_ptr_null(tags->v[1].value); /* as it was given: without one */
    ck_assert_str_eq(tags->v[2].key, "team");
    ck_assert_uint_eq(in.tag_specifications.v[0].tags.n, 2);

    from.version = NULL;
    in.instance_type = "t3.large";
    ck_assert_int_eq(apply(k, &in, &whole, &source), 0);
    ck_assert_int_eq(source.version, 1);
    ck_assert_str_eq(whole->instance_type, "t3.large");
    from.version = "7";
    ck_assert_int_eq(apply(k, &in, &whole, &source), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_LAUNCH_TEMPLATE_ID_VERSION_NOT_FOUND);
    from.launch_template_id = id;
    ck_assert_int_eq(apply(k, &in, &whole, &source), -1);
    ck_assert_int_eq(k->fault.code, FAULT_INVALID_PARAMETER_COMBINATION);
    in.launch_template = NULL;
    ck_assert_int_eq(apply(k, &in, &whole, &source), 0);
    ck_assert_ptr_eq(whole, &in);
    ck_assert_ptr_null(source.template_id);
    calls_free(k);
}
END_TEST

START_TEST(data_are_bounded_however_many_versions_they_are_gathered_over)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    ec2_CreateLaunchTemplateVersion_out out;
    struct ec2_LaunchTemplateEbsBlockDeviceRequest ebs = {.volume_size = wire_int(1)};
    struct ec2_LaunchTemplateBlockDeviceMappingRequest mappings[900];
    int made = 0;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < ARRAY_SIZE(mappings); i++)
            mappings[i] = (struct ec2_LaunchTemplateBlockDeviceMappingRequest){
                .device_name = arena_printf(k->arena, "/dev/%d-%zu", round, i),
                .ebs = &ebs,
            };
        if (CALL(k, CreateLaunchTemplateVersion, &out, .launch_template_id = id,
                 .source_version = "$Latest",
                 DATA(.block_device_mappings = {mappings, ARRAY_SIZE(mappings)})) < 0)
            break;
        made++;
    }
    ck_assert_int_gt(made, 1);
    ck_assert_int_lt(made, 5);
    ck_assert_fault(k, INVALID_PARAMETER_VALUE,
                    "The data of a launch template version takes at most 131072 bytes");
    calls_free(k);
}
END_TEST

START_TEST(an_account_has_so_many_templates_and_they_so_many_versions)
{
    struct calls *k = calls_new();
    const char *id = make(k, "web", "t3.nano");
    struct tx *tx = store_write(k->store);
    for (int64_t i = 1; i < LAUNCH_TEMPLATES_MAX; i++)
        store_insert_launch_template(
            tx, &(struct launch_template){
                    .id = arena_printf(k->arena, "lt-%017lld", (long long)i),
                    .account_id = TEST_ACCOUNT,
                    /* Another region's do not count. */
                    .region = i == 1 ? "eu-central-1" : "us-east-1",
                    .name = arena_printf(k->arena, "template-%lld", (long long)i),
                    .created_by = "somebody",
                    .default_version = 1,
                    .latest_version = 1,
                    .versions_made = 1,
                });
    for (int64_t i = 2; i < LAUNCH_TEMPLATE_VERSIONS_MAX; i++)
        store_insert_launch_template_version(
            tx, &(struct launch_template_version){
                    .template_id = id, .number = i, .created_by = "somebody", .data = "{}"});
    struct launch_template *t = store_launch_template(tx, k->arena, id);
    t->latest_version = t->versions_made = LAUNCH_TEMPLATE_VERSIONS_MAX - 1;
    store_update_launch_template(tx, t);
    struct err e = {0};
    ck_assert_int_eq(tx_commit(tx, &e), 0);

    (void)make(k, "last", "t3.nano");
    ec2_CreateLaunchTemplate_out out;
    REFUSED(k, RESOURCE_LIMIT_EXCEEDED,
            "There are 5000 launch templates in this region, and no more are allowed",
            CreateLaunchTemplate, &out, .launch_template_name = "one-more",
            DATA(.instance_type = "t3.nano"));
    ck_assert_int_eq(add(k, id, NULL, "t3.nano"), LAUNCH_TEMPLATE_VERSIONS_MAX);
    ec2_CreateLaunchTemplateVersion_out version;
    REFUSED(k, RESOURCE_LIMIT_EXCEEDED,
            arena_printf(k->arena,
                         "The launch template '%s' has 10000 versions, and no more are allowed",
                         id),
            CreateLaunchTemplateVersion, &version, .launch_template_id = id,
            DATA(.instance_type = "t3.nano"));

    /* A page at a time, newest first; what does not pass a filter is read and forgotten. */
    ec2_DescribeLaunchTemplateVersions_out some;
    OK(k, DescribeLaunchTemplateVersions, &some, .launch_template_id = id);
    ck_assert_uint_eq(some.launch_template_versions.n, 200);
    ck_assert_int_eq(some.launch_template_versions.v[0].version_number.v, 10000);
    ck_assert_ptr_nonnull(some.next_token);
    OK(k, DescribeLaunchTemplateVersions, &some, .launch_template_id = id,
       FILTERED_BY(FILTER("instance-type", "t3.nano")));
    NUMBERS(some, 10000, 1);
    calls_free(k);
}
END_TEST

UNIT_SUITE(a_template_takes_what_a_launch_takes, a_template_is_made_and_found,
           a_template_that_cannot_be_is_refused, what_no_launch_would_take_is_kept_with_a_warning,
           versions_are_numbered_and_a_number_is_never_given_again,
           a_version_has_what_it_does_not_say_from_its_source, versions_are_described,
           a_default_must_be_a_version_that_is_there, a_template_goes_with_its_versions_and_tags,
           a_launch_is_filled_from_its_template,
           data_are_bounded_however_many_versions_they_are_gathered_over,
           an_account_has_so_many_templates_and_they_so_many_versions)
