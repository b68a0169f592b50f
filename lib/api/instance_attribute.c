/* DescribeInstanceAttribute, ModifyInstanceAttribute, ResetInstanceAttribute. */
#include <string.h>

#include "api/instance_credits.h"
#include "api/instance_view.h"
#include "api/interface_groups.h"
#include "api/lookup.h"
#include "base/base64.h"
#include "base/check.h"
#include "base/text.h"
#include "core/quota.h"

/*
 * One row for each attribute: how it is shown, changed and reset. A request to change one comes in
 * two forms: a member of its own (DisableApiStop.Value=true), and the older
 * Attribute=disableApiStop with Value=true. Both are read into a struct change by what the row says
 * of the member, so what a change does is written once.
 */

enum form {
    NO_MEMBER, /* the request has none: it cannot be changed */
    TEXT,      /* struct ec2_AttributeValue * */
    FLAG,      /* struct ec2_AttributeBooleanValue * */
    DATA,      /* struct ec2_BlobAttributeValue * */
    LIST,      /* a list */
};

struct shown {
    struct call *c;
    const struct instance *instance;
    struct ec2_Instance view;
    ec2_DescribeInstanceAttribute_out *out;
};

struct change {
    struct call *c;
    const ec2_ModifyInstanceAttribute_in *in; /* NULL in a reset */
    struct instance *instance;
    const char *text;
    bool flag;
    struct wire_blob data;
};

struct attribute {
    const char *name; /* as enum InstanceAttributeName has it */
    enum form form;
    size_t member; /* its offset in the request */
    void (*describe)(const struct shown *s);
    int (*modify)(const struct change *change, struct fault *f); /* NULL: it stays as it is */
    int (*reset)(const struct change *change, struct fault *f);
};

static struct ec2_AttributeValue *text_value(const struct shown *s, const char *value)
{
    struct ec2_AttributeValue *v = arena_new_of(s->c->arena, struct ec2_AttributeValue);
    v->value = value;
    return v;
}

static struct ec2_AttributeBooleanValue *flag_value(const struct shown *s, bool value)
{
    struct ec2_AttributeBooleanValue *v =
        arena_new_of(s->c->arena, struct ec2_AttributeBooleanValue);
    v->value = wire_bool(value);
    return v;
}

/* What an instance shows of an attribute goes to a member of the reply. */
#define SHOWN_AS(name, member, value)                                                              \
    static void describe_##name(const struct shown *s)                                             \
    {                                                                                              \
        s->out->member = (value);                                                                  \
    }
SHOWN_AS(type, instance_type, text_value(s, s->instance->instance_type))
SHOWN_AS(kernel, kernel_id, text_value(s, s->view.kernel_id))
SHOWN_AS(ramdisk, ramdisk_id, text_value(s, s->view.ramdisk_id))
SHOWN_AS(user_data, user_data, text_value(s, s->instance->user_data))
SHOWN_AS(termination, disable_api_termination, flag_value(s, s->instance->disable_api_termination))
SHOWN_AS(stop, disable_api_stop, flag_value(s, s->instance->disable_api_stop))
SHOWN_AS(shutdown, instance_initiated_shutdown_behavior,
         text_value(s, s->instance->terminate_on_shutdown ? "terminate" : "stop"))
SHOWN_AS(root_device, root_device_name, text_value(s, s->instance->root_device_name))
SHOWN_AS(devices, block_device_mappings, s->view.block_device_mappings)
SHOWN_AS(product_codes, product_codes, s->view.product_codes)
SHOWN_AS(source_dest_check, source_dest_check,
         flag_value(s, !s->view.source_dest_check.set || s->view.source_dest_check.v))
SHOWN_AS(groups, groups, s->view.security_groups)
SHOWN_AS(ebs, ebs_optimized, flag_value(s, s->instance->ebs_optimized))
SHOWN_AS(sriov, sriov_net_support, text_value(s, "simple"))
SHOWN_AS(ena, ena_support, flag_value(s, s->view.ena_support.v))
SHOWN_AS(enclave, enclave_options, s->view.enclave_options)

static int must_be_stopped(const struct change *change, struct fault *f)
{
    if (change->instance->state == INSTANCE_STOPPED)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE,
                 "The instance '%s' is not in the 'stopped' state.", change->instance->id);
}

static int change_type(const struct change *change, struct fault *f)
{
    struct instance *i = change->instance;
    const char *name = change->text;
    const struct instance_type *type = instance_type_find(&change->c->config->instance_types, name);
    if (type == NULL)
        return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                     "Invalid value '%s' for InstanceType.", name);
    if (must_be_stopped(change, f) < 0)
        return -1;
    if (!streq(type->architecture, i->architecture))
        return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                     "The instance type '%s' is of architecture %s and the instance of %s", name,
                     type->architecture, i->architecture);
    i->instance_type = type->name;
    i->vcpus = type->vcpus;
    i->cores = instance_type_cores(type);
    i->memory_mib = type->memory_mib;
    i->store_disks = type->store_disks;
    i->store_disk_gb = type->store_disk_gb;
    /* An instance keeps what it has been given when it was burstable last (AWS:
       DescribeInstanceCreditSpecifications). */
    if (i->cpu_credits == NULL)
        i->cpu_credits = credits_default_of_type(change->c, type);
    return 0;
}

/* Kernels and RAM disks from outside are for paravirtual guests, which there are none of. */
static int change_kernel(const struct change *change, struct fault *f)
{
    return fault(
        f, FAULT_UNSUPPORTED_OPERATION,
        "The instance '%s' is of virtualization type hvm: it boots the kernel and RAM disk "
        "that are on its root device",
        change->instance->id);
}

static int change_user_data(const struct change *change, struct fault *f)
{
    const struct wire_blob *data = &change->data;
    if (data->len > USER_DATA_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "User data is limited to %d bytes",
                     USER_DATA_MAX);
    if (must_be_stopped(change, f) < 0)
        return -1;
    change->instance->user_data =
        data->len == 0 ? NULL : base64_encode(change->c->arena, data->data, data->len);
    return 0;
}

static int change_termination(const struct change *change, struct fault *f)
{
    (void)f;
    change->instance->disable_api_termination = change->flag;
    return 0;
}

static int change_stop(const struct change *change, struct fault *f)
{
    (void)f;
    change->instance->disable_api_stop = change->flag;
    return 0;
}

static int change_shutdown(const struct change *change, struct fault *f)
{
    if (!streq(change->text, "stop") && !streq(change->text, "terminate"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "InstanceInitiatedShutdownBehavior must be stop or terminate");
    change->instance->terminate_on_shutdown = streq(change->text, "terminate");
    return 0;
}

static struct volume *volume_at(const struct volume_list *volumes, const char *device_name)
{
    for (size_t i = 0; i < volumes->n; i++)
        if (device_name != NULL && streq(volumes->v[i].device_name, device_name))
            return &volumes->v[i];
    return NULL;
}

/* What does not say whether the volume goes with the instance says that it does (AWS:
 * ModifyInstanceAttribute, BlockDeviceMapping). */
static int change_devices(const struct change *change, struct fault *f)
{
    struct call *c = change->c;
    const struct ec2_InstanceBlockDeviceMappingSpecificationList *mappings =
        &change->in->block_device_mappings;
    struct volume_list volumes =
        store_volumes(c->tx, c->arena, "instance_id", change->instance->id);
    for (size_t m = 0; m < mappings->n; m++) {
        const char *device_name = mappings->v[m].device_name;
        const struct ec2_EbsInstanceBlockDeviceSpecification *ebs = mappings->v[m].ebs;
        struct volume *v = volume_at(&volumes, device_name);
        if (v == NULL)
            return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                         "No device is currently mapped at %s",
                         device_name == NULL ? "(no device name)" : device_name);
        if (ebs != NULL && ebs->volume_id != NULL && !streq(ebs->volume_id, v->id))
            return fault(f, FAULT_INVALID_INSTANCE_ATTRIBUTE_VALUE,
                         "The volume at %s is %s, not %s", device_name, v->id, ebs->volume_id);
        v->delete_on_termination =
            ebs == NULL || !ebs->delete_on_termination.set || ebs->delete_on_termination.v;
        store_update_volume(c->tx, v);
    }
    return 0;
}

static struct network_interface *primary_interface(const struct change *change, struct fault *f)
{
    struct network_interface *n =
        store_primary_interface(change->c->tx, change->c->arena, change->instance->id);
    if (n == NULL)
        (void)fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' has no network interface",
                    change->instance->id);
    return n;
}

static int change_source_dest_check(const struct change *change, struct fault *f)
{
    struct call *c = change->c;
    struct network_interface *n = primary_interface(change, f);
    if (n == NULL)
        return -1;
    n->source_dest_check = change->flag;
    store_update_network_interface(c->tx, n);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}

static int reset_source_dest_check(const struct change *change, struct fault *f)
{
    struct change on = *change;
    on.flag = true;
    return change_source_dest_check(&on, f);
}

static int change_groups(const struct change *change, struct fault *f)
{
    const struct network_interface *n = primary_interface(change, f);
    return n == NULL ? -1 : interface_set_groups(change->c, n, &change->in->groups, f);
}

static int change_ebs(const struct change *change, struct fault *f)
{
    struct instance *i = change->instance;
    const struct instance_type *type =
        instance_type_find(&change->c->config->instance_types, i->instance_type);
    if (must_be_stopped(change, f) < 0)
        return -1;
    if (change->flag && type != NULL && !type->ebs_optimized_default)
        return fault(f, FAULT_UNSUPPORTED,
                     "EBS-optimized instances are not supported for the instance type '%s'",
                     i->instance_type);
    i->ebs_optimized = change->flag;
    return 0;
}

/* AWS: "There is no way to disable enhanced networking". Every instance here has it. */
static int change_sriov(const struct change *change, struct fault *f)
{
    if (!streq(change->text, "simple"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The value of sriovNetSupport can only be simple");
    return must_be_stopped(change, f);
}

static int change_ena(const struct change *change, struct fault *f)
{
    if (!change->flag)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "An instance cannot be without ENA support here");
    return must_be_stopped(change, f);
}

#define MEMBER(name) offsetof(ec2_ModifyInstanceAttribute_in, name)
static const struct attribute attributes[] = {
    {"instanceType", TEXT, MEMBER(instance_type), describe_type, change_type, NULL},
    {"kernel", TEXT, MEMBER(kernel), describe_kernel, change_kernel, must_be_stopped},
    {"ramdisk", TEXT, MEMBER(ramdisk), describe_ramdisk, change_kernel, must_be_stopped},
    {"userData", DATA, MEMBER(user_data), describe_user_data, change_user_data, NULL},
    {"disableApiTermination", FLAG, MEMBER(disable_api_termination), describe_termination,
     change_termination, NULL},
    {"disableApiStop", FLAG, MEMBER(disable_api_stop), describe_stop, change_stop, NULL},
    {"instanceInitiatedShutdownBehavior", TEXT, MEMBER(instance_initiated_shutdown_behavior),
     describe_shutdown, change_shutdown, NULL},
    {"rootDeviceName", NO_MEMBER, 0, describe_root_device, NULL, NULL},
    {"blockDeviceMapping", LIST, MEMBER(block_device_mappings), describe_devices, change_devices,
     NULL},
    {"productCodes", NO_MEMBER, 0, describe_product_codes, NULL, NULL},
    {"sourceDestCheck", FLAG, MEMBER(source_dest_check), describe_source_dest_check,
     change_source_dest_check, reset_source_dest_check},
    {"groupSet", LIST, MEMBER(groups), describe_groups, change_groups, NULL},
    {"ebsOptimized", FLAG, MEMBER(ebs_optimized), describe_ebs, change_ebs, NULL},
    {"sriovNetSupport", TEXT, MEMBER(sriov_net_support), describe_sriov, change_sriov, NULL},
    {"enaSupport", FLAG, MEMBER(ena_support), describe_ena, change_ena, NULL},
    {"enclaveOptions", NO_MEMBER, 0, describe_enclave, NULL, NULL},
};

/* The model has checked the name; it and this table have the same. */
static const struct attribute *attribute_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
        if (streq(attributes[i].name, name))
            return &attributes[i];
    NEVER();
}

int act_ec2_DescribeInstanceAttribute(struct call *c, const ec2_DescribeInstanceAttribute_in *in,
                                      ec2_DescribeInstanceAttribute_out *out, struct fault *f)
{
    struct shown s = {.c = c, .out = out, .instance = lookup_instance(c, in->instance_id, f)};
    if (s.instance == NULL)
        return -1;
    instance_view(c, s.instance, &s.view);
    out->instance_id = s.instance->id;
    attribute_named(in->attribute)->describe(&s);
    return 0;
}

static bool is_given(const ec2_ModifyInstanceAttribute_in *in, const struct attribute *a)
{
    const void *member = (const char *)in + a->member;
    if (a->form == LIST)
        return ((const struct wire_strings *)member)->n > 0;
    return a->form != NO_MEMBER && *(const void *const *)member != NULL;
}

/* The attribute that the request names in either form, and in one of them alone. */
static const struct attribute *asked_for(const ec2_ModifyInstanceAttribute_in *in, struct fault *f)
{
    const struct attribute *found = in->attribute == NULL ? NULL : attribute_named(in->attribute);
    for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
        const struct attribute *a = &attributes[i];
        if (!is_given(in, a))
            continue;
        if (found != NULL && (found != a || in->value != NULL)) {
            (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                        "Fields for multiple attribute types specified; one request modifies one "
                        "attribute");
            return NULL;
        }
        found = a;
    }
    if (found == NULL)
        (void)fault(f, FAULT_MISSING_PARAMETER, "The request must contain an attribute to modify");
    return found;
}

static int missing_value(const struct attribute *a, struct fault *f)
{
    return fault(f, FAULT_MISSING_PARAMETER, "The request must contain a value for %s", a->name);
}

/* From Value, which is text whatever the attribute is. */
static int read_value(const struct attribute *a, const char *value, struct change *change,
                      struct fault *f)
{
    char *data = NULL;
    switch (a->form) {
    case TEXT:
        change->text = value;
        return 0;
    case FLAG:
        if (!streq(value, "true") && !streq(value, "false"))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The value must be true or false");
        change->flag = streq(value, "true");
        return 0;
    case DATA:
        if (base64_decode(change->c->arena, value, strlen(value), &data, &change->data.len) < 0)
            return fault(f, FAULT_INVALID_USER_DATA_MALFORMED,
                         "Invalid BASE64 encoding of user data");
        change->data.data = data;
        return 0;
    case LIST:
    case NO_MEMBER:
        break;
    }
    return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The attribute %s cannot be modified by Value",
                 a->name);
}

/* From the member that is the attribute's own. */
static int read_member(const struct attribute *a, const ec2_ModifyInstanceAttribute_in *in,
                       struct change *change, struct fault *f)
{
    const void *member = (const char *)in + a->member;
    if (!is_given(in, a))
        return missing_value(a, f);
    if (a->form == TEXT) {
        change->text = (*(const struct ec2_AttributeValue *const *)member)->value;
        return change->text == NULL ? missing_value(a, f) : 0;
    }
    if (a->form == FLAG) {
        struct opt_bool flag = (*(const struct ec2_AttributeBooleanValue *const *)member)->value;
        change->flag = flag.v;
        return flag.set ? 0 : missing_value(a, f);
    }
    if (a->form == DATA)
        change->data = (*(const struct ec2_BlobAttributeValue *const *)member)->value;
    return 0;
}

static int must_be_alive(const struct instance *i, struct fault *f)
{
    if (i->state != INSTANCE_TERMINATED && i->state != INSTANCE_SHUTTING_DOWN)
        return 0;
    return fault(f, FAULT_INCORRECT_INSTANCE_STATE, "The instance '%s' is %s", i->id,
                 instance_state_name((enum instance_state)i->state));
}

int act_ec2_ModifyInstanceAttribute(struct call *c, const ec2_ModifyInstanceAttribute_in *in,
                                    ec2_ModifyInstanceAttribute_out *out, struct fault *f)
{
    (void)out;
    struct change change = {.c = c, .in = in, .instance = lookup_instance(c, in->instance_id, f)};
    const struct attribute *a = change.instance == NULL ? NULL : asked_for(in, f);
    if (a == NULL)
        return -1;
    if (a->modify == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "The attribute %s cannot be modified",
                     a->name);
    if ((in->value != NULL ? read_value(a, in->value, &change, f)
                           : read_member(a, in, &change, f)) < 0 ||
        must_be_alive(change.instance, f) < 0 || a->modify(&change, f) < 0)
        return -1;
    store_update_instance(c->tx, change.instance);
    return 0;
}

int act_ec2_ResetInstanceAttribute(struct call *c, const ec2_ResetInstanceAttribute_in *in,
                                   ec2_ResetInstanceAttribute_out *out, struct fault *f)
{
    (void)out;
    struct change change = {.c = c, .instance = lookup_instance(c, in->instance_id, f)};
    const struct attribute *a = attribute_named(in->attribute);
    if (change.instance == NULL)
        return -1;
    if (a->reset == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The attribute %s cannot be reset; kernel, ramdisk and sourceDestCheck can",
                     a->name);
    if (must_be_alive(change.instance, f) < 0)
        return -1;
    return a->reset(&change, f);
}
