#include <string.h>

#include "api/instance_view.h"
#include "api/lookup.h"
#include "base/base64.h"
#include "base/text.h"
#include "core/quota.h"

static struct ec2_AttributeValue *text_value(struct call *c, const char *value)
{
    struct ec2_AttributeValue *v = arena_new_of(c->arena, struct ec2_AttributeValue);
    v->value = value;
    return v;
}

static struct ec2_AttributeBooleanValue *bool_value(struct call *c, bool value)
{
    struct ec2_AttributeBooleanValue *v = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
    v->value = wire_bool(value);
    return v;
}

int act_ec2_DescribeInstanceAttribute(struct call *c, const ec2_DescribeInstanceAttribute_in *in,
                                      ec2_DescribeInstanceAttribute_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    struct ec2_Instance view = {0};
    instance_view(c, i, &view);
    const char *name = in->attribute;
    out->instance_id = i->id;
    if (streq(name, "instanceType"))
        out->instance_type = text_value(c, i->instance_type);
    else if (streq(name, "userData"))
        out->user_data = text_value(c, i->user_data);
    else if (streq(name, "disableApiTermination"))
        out->disable_api_termination = bool_value(c, i->disable_api_termination);
    else if (streq(name, "disableApiStop"))
        out->disable_api_stop = bool_value(c, i->disable_api_stop);
    else if (streq(name, "instanceInitiatedShutdownBehavior"))
        out->instance_initiated_shutdown_behavior =
            text_value(c, i->terminate_on_shutdown ? "terminate" : "stop");
    else if (streq(name, "rootDeviceName"))
        out->root_device_name = text_value(c, i->root_device_name);
    else if (streq(name, "sourceDestCheck"))
        out->source_dest_check =
            bool_value(c, !view.source_dest_check.set || view.source_dest_check.v);
    else if (streq(name, "groupSet"))
        out->groups = view.security_groups;
    else if (streq(name, "ebsOptimized"))
        out->ebs_optimized = bool_value(c, i->ebs_optimized);
    else if (streq(name, "enaSupport"))
        out->ena_support = bool_value(c, true);
    else if (streq(name, "sriovNetSupport"))
        out->sriov_net_support = text_value(c, "simple");
    else if (streq(name, "enclaveOptions"))
        out->enclave_options = view.enclave_options;
    else if (streq(name, "kernel"))
        out->kernel_id = text_value(c, NULL);
    else if (streq(name, "ramdisk"))
        out->ramdisk_id = text_value(c, NULL);
    else if (streq(name, "blockDeviceMapping"))
        out->block_device_mappings = view.block_device_mappings;
    /* productCodes: instances here have none, and the list is there, empty */
    return 0;
}

/* A change: one attribute, whichever of the request's forms it came in. */
struct change {
    const char *attribute; /* as enum InstanceAttributeName has it */
    const char *text;
    struct opt_bool flag;
    struct wire_blob data;
};

static void note(struct change *change, size_t *n, const char *attribute, const char *text,
                 struct opt_bool flag)
{
    *change = (struct change){.attribute = attribute, .text = text, .flag = flag};
    (*n)++;
}

static int read_bool(const char *text, struct opt_bool *ret, struct fault *f)
{
    if (!streq(text, "true") && !streq(text, "false"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The value must be true or false");
    *ret = wire_bool(streq(text, "true"));
    return 0;
}

/* The older form: Attribute=disableApiTermination&Value=true */
static int read_named(const ec2_ModifyInstanceAttribute_in *in, struct change *change, size_t *n,
                      struct fault *f)
{
    static const char *const flags[] = {"disableApiTermination", "disableApiStop",
                                        "sourceDestCheck", "ebsOptimized", "enaSupport"};
    if (in->value == NULL) {
        if (in->block_device_mappings.n > 0 || in->groups.n > 0)
            return 0; /* Attribute only repeats what the list says */
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter Value");
    }
    note(change, n, in->attribute, in->value, (struct opt_bool){0});
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
        if (streq(in->attribute, flags[i]))
            return read_bool(in->value, &change->flag, f);
    return 0;
}

static int read_change(struct call *c, const ec2_ModifyInstanceAttribute_in *in,
                       struct change *change, struct fault *f)
{
    size_t n = 0;
    const struct opt_bool none = {0};
    if (in->attribute != NULL && read_named(in, change, &n, f) < 0)
        return -1;
    if (change->text != NULL && streq(change->attribute, "userData")) {
        char *data = NULL;
        if (base64_decode(c->arena, change->text, strlen(change->text), &data, &change->data.len) <
            0)
            return fault(f, FAULT_INVALID_USER_DATA_MALFORMED,
                         "Invalid BASE64 encoding of user data");
        change->data.data = data;
    }
    if (in->source_dest_check != NULL)
        note(change, &n, "sourceDestCheck", NULL, in->source_dest_check->value);
    if (in->disable_api_stop != NULL)
        note(change, &n, "disableApiStop", NULL, in->disable_api_stop->value);
    if (in->disable_api_termination != NULL)
        note(change, &n, "disableApiTermination", NULL, in->disable_api_termination->value);
    if (in->ebs_optimized != NULL)
        note(change, &n, "ebsOptimized", NULL, in->ebs_optimized->value);
    if (in->ena_support != NULL)
        note(change, &n, "enaSupport", NULL, in->ena_support->value);
    if (in->instance_type != NULL)
        note(change, &n, "instanceType", in->instance_type->value, none);
    if (in->instance_initiated_shutdown_behavior != NULL)
        note(change, &n, "instanceInitiatedShutdownBehavior",
             in->instance_initiated_shutdown_behavior->value, none);
    if (in->user_data != NULL) {
        note(change, &n, "userData", NULL, none);
        change->data = in->user_data->value;
    }
    if (in->groups.n > 0)
        note(change, &n, "groupSet", NULL, none);
    if (in->block_device_mappings.n > 0)
        note(change, &n, "blockDeviceMapping", NULL, none);
    if (n == 0)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain an attribute to modify");
    if (n > 1)
        return fault(
            f, FAULT_INVALID_PARAMETER_COMBINATION,
            "Fields for multiple attribute types specified; one request modifies one attribute");
    return 0;
}

static int must_be_stopped(const struct instance *i, struct fault *f)
{
    if (i->state == INSTANCE_STOPPED)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "The instance '%s' is not in the 'stopped' state.", i->id);
}

static int change_type(struct call *c, struct instance *i, const char *name, struct fault *f)
{
    const struct instance_type *type =
        name == NULL ? NULL : instance_type_find(&c->config->instance_types, name);
    if (type == NULL)
        return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                     "Invalid value '%s' for InstanceType.", name == NULL ? "" : name);
    if (must_be_stopped(i, f) < 0)
        return -1;
    if (!streq(type->architecture, i->architecture))
        return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                     "The instance type '%s' is of architecture %s and the instance of %s", name,
                     type->architecture, i->architecture);
    i->instance_type = type->name;
    i->vcpus = type->vcpus;
    i->memory_mib = type->memory_mib;
    return 0;
}

static int change_user_data(struct call *c, struct instance *i, const struct wire_blob *data,
                            struct fault *f)
{
    if (data->len > USER_DATA_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "User data is limited to %d bytes",
                     USER_DATA_MAX);
    if (must_be_stopped(i, f) < 0)
        return -1;
    i->user_data = data->len == 0 ? NULL : base64_encode(c->arena, data->data, data->len);
    return 0;
}

static int change_shutdown_behavior(struct instance *i, const char *text, struct fault *f)
{
    if (!streq(text, "stop") && !streq(text, "terminate"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "InstanceInitiatedShutdownBehavior must be stop or terminate");
    i->terminate_on_shutdown = streq(text, "terminate");
    return 0;
}

static struct network_interface *primary_interface(struct call *c, const struct instance *i,
                                                   struct fault *f)
{
    struct network_interface *n = store_primary_interface(c->tx, c->arena, i->id);
    if (n == NULL)
        (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' has no network interface",
                    i->id);
    return n;
}

static int change_groups(struct call *c, const struct instance *i, const struct wire_strings *ids,
                         struct fault *f)
{
    struct network_interface *n = primary_interface(c, i, f);
    struct security_group_list groups;
    if (n == NULL || lookup_security_groups(c, ids, &groups, f) < 0)
        return -1;
    if (groups.n > GROUPS_PER_INTERFACE)
        return fault(f, FAULT_SECURITY_GROUPS_PER_INSTANCE_LIMIT_EXCEEDED,
                     "The maximum number of security groups per interface is %d",
                     GROUPS_PER_INTERFACE);
    for (size_t k = 0; k < groups.n; k++)
        if (!streq(groups.v[k].vpc_id, n->vpc_id))
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The security group '%s' does not belong to the VPC of the instance",
                         groups.v[k].id);
    store_delete_interface_groups(c->tx, "interface_id", n->id);
    for (size_t k = 0; k < groups.n; k++) {
        struct interface_group member = {n->id, groups.v[k].id, (int64_t)k};
        store_insert_interface_group(c->tx, &member);
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}

static int change_source_dest_check(struct call *c, const struct instance *i, bool on,
                                    struct fault *f)
{
    struct network_interface *n = primary_interface(c, i, f);
    if (n == NULL)
        return -1;
    n->source_dest_check = on;
    store_update_network_interface(c->tx, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}

static int change_devices(struct call *c, const struct instance *i,
                          const struct ec2_InstanceBlockDeviceMappingSpecificationList *mappings,
                          struct fault *f)
{
    struct volume_list volumes = store_volumes(c->tx, c->arena, "instance_id", i->id);
    for (size_t m = 0; m < mappings->n; m++) {
        const struct ec2_InstanceBlockDeviceMappingSpecification *mapping = &mappings->v[m];
        struct volume *v = NULL;
        for (size_t k = 0; k < volumes.n && v == NULL; k++)
            if (streq(volumes.v[k].device_name, mapping->device_name))
                v = &volumes.v[k];
        if (v == NULL)
            return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                         "No device is currently mapped at %s",
                         mapping->device_name == NULL ? "(no device name)" : mapping->device_name);
        if (mapping->ebs == NULL || !mapping->ebs->delete_on_termination.set)
            continue;
        v->delete_on_termination = mapping->ebs->delete_on_termination.v;
        store_update_volume(c->tx, v);
    }
    return 0;
}

static int apply(struct call *c, const ec2_ModifyInstanceAttribute_in *in, struct instance *i,
                 const struct change *change, struct fault *f)
{
    const char *name = change->attribute;
    if (streq(name, "instanceType"))
        return change_type(c, i, change->text, f);
    if (streq(name, "userData"))
        return change_user_data(c, i, &change->data, f);
    if (streq(name, "instanceInitiatedShutdownBehavior"))
        return change_shutdown_behavior(i, change->text, f);
    if (streq(name, "groupSet"))
        return change_groups(c, i, &in->groups, f);
    if (streq(name, "blockDeviceMapping"))
        return change_devices(c, i, &in->block_device_mappings, f);
    if (!change->flag.set)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The attribute %s cannot be modified", name);
    if (streq(name, "sourceDestCheck"))
        return change_source_dest_check(c, i, change->flag.v, f);
    if (streq(name, "disableApiTermination"))
        i->disable_api_termination = change->flag.v;
    else if (streq(name, "disableApiStop"))
        i->disable_api_stop = change->flag.v;
    else if (streq(name, "ebsOptimized"))
        i->ebs_optimized = change->flag.v;
    else if (streq(name, "enaSupport") && !change->flag.v)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "An instance cannot be without ENA support here");
    return 0;
}

int act_ec2_ModifyInstanceAttribute(struct call *c, const ec2_ModifyInstanceAttribute_in *in,
                                    ec2_ModifyInstanceAttribute_out *out, struct fault *f)
{
    (void)out;
    struct change change = {0};
    struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL || read_change(c, in, &change, f) < 0)
        return -1;
    if (i->state == INSTANCE_TERMINATED || i->state == INSTANCE_SHUTTING_DOWN)
        return fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s", i->id,
                     instance_state_name((enum instance_state)i->state));
    if (apply(c, in, i, &change, f) < 0)
        return -1;
    store_update_instance(c->tx, i);
    return 0;
}
