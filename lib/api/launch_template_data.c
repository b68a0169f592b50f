#include "api/instance_profile.h"
#include "api/instance_run.h"
#include "api/launch_template.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "api/user_data.h"
#include "base/check.h"
#include "base/text.h"
#include "core/instance_type.h"
#include "wire/fill.h"
#include "wire/json.h"

/* The longest JSON of one version: user data, and room for lists. Lists can grow with each version
 * that is made over another one. */
#define DATA_MAX ((size_t)128 << 10)

/*
 * What of a list is the same thing, when a launch gives it and its template, too (AWS: "Launch
 * instances from a launch template"). Other lists of a request take the place of the template's.
 */
static const char *const device_parts[] = {"Ebs", "NoDevice", "VirtualName", NULL};
static const char *const tag_parts[] = {"Key", "Value", NULL};
static const struct wire_fill_rule merged[] = {
    {"BlockDeviceMappings", "DeviceName", device_parts},
    {"NetworkInterfaces", "DeviceIndex", NULL},
    {"TagSpecifications", "ResourceType", NULL},
    {"Tags", "Key", tag_parts},
    {NULL, NULL, NULL},
};

#define DATA_SHAPE   (&ec2_ResponseLaunchTemplateData_struct)
#define LAUNCH_SHAPE (&ec2_RunInstancesRequest_struct)

struct ec2_ResponseLaunchTemplateData *
launch_template_data_read(struct arena *a, const struct launch_template_version *v)
{
    void *data = NULL;
    struct fault f = {0};
    CHECK(json_decode_reply(a, DATA_SHAPE, v->data, strlen(v->data), &data, &f) == 0);
    return data;
}

/* What fills in a request. A profile is a name or an ARN: one takes the place of the other. */
static struct ec2_ResponseLaunchTemplateData *
data_under(struct arena *a, const struct launch_template_version *v, bool has_profile)
{
    struct ec2_ResponseLaunchTemplateData *data = launch_template_data_read(a, v);
    if (has_profile)
        data->iam_instance_profile = NULL;
    return data;
}

static int write_data(struct call *c, const struct ec2_ResponseLaunchTemplateData *data,
                      const char **ret_text, struct fault *f)
{
    _cleanup_buf_ struct buf text = BUF_INIT(DATA_MAX);
    if (json_encode(c->arena, DATA_SHAPE, data, JSON_PLAIN, &text) < 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The data of a launch template version takes at most %zu bytes", DATA_MAX);
    *ret_text = arena_strdup(c->arena, buf_str(&text));
    return 0;
}

static bool is_empty(const struct ec2_ResponseLaunchTemplateData *data)
{
    for (size_t i = 0; i < DATA_SHAPE->n; i++)
        if (wire_field_is_set(&DATA_SHAPE->fields[i], data))
            return false;
    return true;
}

/* What no launch can mend: another request might leave it out, but would not make it right. */
static int check_form(struct call *c, const ec2_RunInstances_in *launch, struct fault *f)
{
    if (user_data_check(c, launch->user_data, f) < 0)
        return -1;
    return tags_from_specifications(c, &launch->tag_specifications, launch_taggable, f);
}

/* Moves a fault, if there is one, to the warnings of the reply. */
static void warn(struct call *c, struct fault *why, struct ec2_ValidationWarning **warning)
{
    if (!fault_is_set(why))
        return;
    if (*warning == NULL)
        *warning = arena_new_of(c->arena, struct ec2_ValidationWarning);
    *arena_append(c->arena, &(*warning)->errors) = (struct ec2_ValidationError){
        .code = fault_code_name(why->code),
        .message = arena_strdup(c->arena, why->message),
    };
    fault_clear(why);
}

static void warn_of_groups(struct call *c, const struct wire_strings *ids,
                           struct ec2_ValidationWarning **warning)
{
    struct fault why = {0};
    struct security_group_list groups;
    if (ids->n > 0)
        (void)lookup_security_groups(c, ids, &groups, &why);
    warn(c, &why, warning);
}

static void warn_of_interface(struct call *c, const char *id,
                              struct ec2_ValidationWarning **warning)
{
    struct fault why = {0};
    if (id != NULL)
        (void)lookup_network_interface(c, id, &why);
    warn(c, &why, warning);
}

static void warn_of_subnet(struct call *c, const char *id, struct ec2_ValidationWarning **warning)
{
    struct fault why = {0};
    if (id != NULL)
        (void)lookup_subnet(c, id, &why);
    warn(c, &why, warning);
}

/*
 * A template may name what is not there yet: it is kept as it is, and the reply says what a launch
 * would be refused for (AWS: ValidationWarning).
 */
static void warn_of(struct call *c, const ec2_RunInstances_in *launch,
                    struct ec2_ValidationWarning **warning)
{
    struct fault why = {0};
    if (launch->image_id != NULL)
        (void)lookup_image(c, launch->image_id, &why);
    warn(c, &why, warning);
    if (launch->instance_type != NULL &&
        instance_type_find(&c->config->instance_types, launch->instance_type) == NULL)
        (void)fault(&why, FAULT_INVALID_PARAMETER_VALUE, "Invalid value '%.128s' for InstanceType.",
                    launch->instance_type);
    warn(c, &why, warning);
    if (launch->key_name != NULL && store_key_pair_named(c->tx, c->arena, c->principal->account_id,
                                                         c->region->name, launch->key_name) == NULL)
        (void)lookup_fault(c, RESOURCE_KEY_PAIR,
                           &(struct wire_strings){(const char *[]){launch->key_name}, 1}, &why);
    warn(c, &why, warning);
    if (launch->iam_instance_profile != NULL)
        (void)instance_profile_find(c, launch->iam_instance_profile, &why);
    warn(c, &why, warning);
    warn_of_groups(c, &launch->security_group_ids, warning);
    for (size_t i = 0; i < launch->network_interfaces.n; i++) {
        warn_of_groups(c, &launch->network_interfaces.v[i].groups, warning);
        warn_of_subnet(c, launch->network_interfaces.v[i].subnet_id, warning);
        warn_of_interface(c, launch->network_interfaces.v[i].network_interface_id, warning);
    }
    if (launch->network_interfaces.n > 0 &&
        (launch->security_group_ids.n > 0 || launch->security_groups.n > 0))
        (void)fault(&why, FAULT_INVALID_PARAMETER_COMBINATION,
                    "Network interfaces and instance-level security groups may not be specified on "
                    "the same request");
    warn(c, &why, warning);
}

int launch_template_data_make(struct call *c, const struct ec2_RequestLaunchTemplateData *data,
                              const struct launch_template_version *source, const char **ret_text,
                              struct ec2_ValidationWarning **ret_warning, struct fault *f)
{
    struct ec2_ResponseLaunchTemplateData whole = {0};
    ec2_RunInstances_in launch = {0};
    wire_fill(c->arena, DATA_SHAPE, &whole, &ec2_RequestLaunchTemplateData_struct, data, merged);
    if (source != NULL)
        wire_fill(c->arena, DATA_SHAPE, &whole, DATA_SHAPE,
                  data_under(c->arena, source, whole.iam_instance_profile != NULL), merged);
    if (is_empty(&whole))
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter LaunchTemplateData");
    wire_fill(c->arena, LAUNCH_SHAPE, &launch, DATA_SHAPE, &whole, merged);
    if (check_form(c, &launch, f) < 0 || write_data(c, &whole, ret_text, f) < 0)
        return -1;
    warn_of(c, &launch, ret_warning);
    return 0;
}

int launch_template_apply(struct call *c, const ec2_RunInstances_in *in,
                          const ec2_RunInstances_in **ret_in, struct launch_source *ret_source,
                          struct fault *f)
{
    const struct ec2_LaunchTemplateSpecification *s = in->launch_template;
    if (s == NULL) {
        *ret_in = in;
        *ret_source = (struct launch_source){0};
        return 0;
    }
    const struct launch_template *t =
        launch_template_find(c, s->launch_template_id, s->launch_template_name, f);
    int64_t number = 0;
    if (t == NULL || launch_template_number(t, s->version, &number, f) < 0)
        return -1;
    const struct launch_template_version *v =
        launch_template_version_get(c, c->arena, t, number, f);
    if (v == NULL)
        return -1;
    ec2_RunInstances_in *whole = arena_new_of(c->arena, ec2_RunInstances_in);
    wire_fill(c->arena, LAUNCH_SHAPE, whole, LAUNCH_SHAPE, in, NULL);
    wire_fill(c->arena, LAUNCH_SHAPE, whole, DATA_SHAPE,
              data_under(c->arena, v, whole->iam_instance_profile != NULL), merged);
    *ret_in = whole;
    *ret_source = (struct launch_source){t->id, number};
    return 0;
}

void launch_template_mark(struct call *c, const struct launch_source *source,
                          ec2_RunInstances_out *out)
{
    if (source->template_id == NULL)
        return;
    struct ec2_Tag tags[] = {
        {"aws:ec2launchtemplate:id", source->template_id},
        {"aws:ec2launchtemplate:version",
         arena_printf(c->arena, "%lld", (long long)source->version)},
    };
    for (size_t i = 0; i < out->instances.n; i++) {
        struct ec2_Instance *instance = &out->instances.v[i];
        tags_write(c, &(struct ec2_TagList){tags, ARRAY_SIZE(tags)}, instance->instance_id);
        tags_of(c, instance->instance_id, &instance->tags);
    }
}
