/* GetLaunchTemplateData: an instance as a template would have it, to make more of its kind. */
#include <stdlib.h>
#include <string.h>

#include "api/encryption.h"
#include "api/instance_view.h"
#include "api/launch_template.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/text.h"
#include "wire/fill.h"

/* Options whose members are called alike in an instance and in a template. */
#define OPTIONS(c, out, view, member, of_template, of_instance)                                    \
    do {                                                                                           \
        (out)->member = arena_new_of((c)->arena, struct ec2_##of_template);                        \
        wire_fill((c)->arena, &ec2_##of_template##_struct, (out)->member,                          \
                  &ec2_##of_instance##_struct, (view)->member, NULL);                              \
    } while (0)

static void add_options(struct call *c, const struct ec2_Instance *view,
                        struct ec2_ResponseLaunchTemplateData *out)
{
    OPTIONS(c, out, view, metadata_options, LaunchTemplateInstanceMetadataOptions,
            InstanceMetadataOptionsResponse);
    out->metadata_options->state = NULL; /* requests do not have it */
    OPTIONS(c, out, view, capacity_reservation_specification,
            LaunchTemplateCapacityReservationSpecificationResponse,
            CapacityReservationSpecificationResponse);
    OPTIONS(c, out, view, hibernation_options, LaunchTemplateHibernationOptions,
            HibernationOptions);
    OPTIONS(c, out, view, enclave_options, LaunchTemplateEnclaveOptions, EnclaveOptions);
    OPTIONS(c, out, view, private_dns_name_options, LaunchTemplatePrivateDnsNameOptions,
            PrivateDnsNameOptionsResponse);
    OPTIONS(c, out, view, maintenance_options, LaunchTemplateInstanceMaintenanceOptions,
            InstanceMaintenanceOptions);
    OPTIONS(c, out, view, placement, LaunchTemplatePlacement, Placement);
    /* The zone by its name alone, and no group where there is none: both are as requests have it.
     */
    out->placement->availability_zone_id = NULL;
    if (str_empty(out->placement->group_name))
        out->placement->group_name = NULL;
}

static int by_device_name(const void *a, const void *b)
{
    return strcmp(((const struct volume *)a)->device_name, ((const struct volume *)b)->device_name);
}

/* In the order of their names, and not of ids: two instances of a kind are to look alike. */
static void add_volumes(struct call *c, const struct instance *i,
                        struct ec2_ResponseLaunchTemplateData *out)
{
    struct volume_list volumes = store_volumes(c->tx, c->arena, "instance_id", i->id);
    if (volumes.n > 1)
        qsort(volumes.v, volumes.n, sizeof(*volumes.v), by_device_name);
    for (size_t k = 0; k < volumes.n; k++) {
        struct ec2_LaunchTemplateBlockDeviceMapping *m =
            arena_append(c->arena, &out->block_device_mappings);
        m->device_name = volumes.v[k].device_name;
        m->ebs = arena_new_of(c->arena, struct ec2_LaunchTemplateEbsBlockDevice);
        m->ebs->delete_on_termination = wire_bool(volumes.v[k].delete_on_termination);
        m->ebs->volume_size = wire_int(volumes.v[k].size_gib);
        m->ebs->volume_type = volumes.v[k].volume_type;
        m->ebs->encrypted = wire_bool(volumes.v[k].encrypted);
        m->ebs->kms_key_id = encryption_key_of(c, volumes.v[k].encrypted);
    }
}

/* Without ids and addresses, which the instance has and no other can. */
static void add_interfaces(struct call *c, const struct ec2_Instance *view,
                           struct ec2_ResponseLaunchTemplateData *out)
{
    for (size_t k = 0; k < view->network_interfaces.n; k++) {
        const struct ec2_InstanceNetworkInterface *from = &view->network_interfaces.v[k];
        struct ec2_LaunchTemplateInstanceNetworkInterfaceSpecification *to =
            arena_append(c->arena, &out->network_interfaces);
        to->device_index = from->attachment->device_index;
        to->delete_on_termination = from->attachment->delete_on_termination;
        to->description = str_empty(from->description) ? NULL : from->description;
        to->subnet_id = from->subnet_id;
        if (from->private_ip_addresses.n > 1)
            to->secondary_private_ip_address_count =
                wire_int((int64_t)from->private_ip_addresses.n - 1);
        if (from->ipv6_addresses.n > 0)
            to->ipv6_address_count = wire_int((int64_t)from->ipv6_addresses.n);
        /* A launch with several may not say. */
        if (view->network_interfaces.n == 1)
            to->associate_public_ip_address = wire_bool(from->association != NULL);
        for (size_t g = 0; g < from->groups.n; g++)
            *arena_append(c->arena, &to->groups) = from->groups.v[g].group_id;
    }
}

static void add_tags(struct call *c, const struct ec2_TagList *tags,
                     struct ec2_ResponseLaunchTemplateData *out)
{
    struct ec2_TagList own = {0};
    for (size_t i = 0; i < tags->n; i++)
        if (!tag_is_reserved(tags->v[i].key))
            *arena_append(c->arena, &own) = tags->v[i];
    if (own.n > 0)
        *arena_append(c->arena, &out->tag_specifications) =
            (struct ec2_LaunchTemplateTagSpecification){"instance", own};
}

int act_ec2_GetLaunchTemplateData(struct call *c, const ec2_GetLaunchTemplateData_in *in,
                                  ec2_GetLaunchTemplateData_out *out, struct fault *f)
{
    const struct instance *i = lookup_instance(c, in->instance_id, f);
    if (i == NULL)
        return -1;
    struct ec2_Instance view = {0};
    instance_view(c, i, &view);
    struct ec2_ResponseLaunchTemplateData *data =
        arena_new_of(c->arena, struct ec2_ResponseLaunchTemplateData);
    data->image_id = i->image_id;
    data->instance_type = i->instance_type;
    data->key_name = i->key_name;
    data->user_data = i->user_data;
    data->ebs_optimized = wire_bool(i->ebs_optimized);
    data->disable_api_termination = wire_bool(i->disable_api_termination);
    data->disable_api_stop = wire_bool(i->disable_api_stop);
    data->instance_initiated_shutdown_behavior = i->terminate_on_shutdown ? "terminate" : "stop";
    data->monitoring = arena_new_of(c->arena, struct ec2_LaunchTemplatesMonitoring);
    data->monitoring->enabled = wire_bool(i->monitoring);
    if (view.iam_instance_profile != NULL) {
        data->iam_instance_profile =
            arena_new_of(c->arena, struct ec2_LaunchTemplateIamInstanceProfileSpecification);
        data->iam_instance_profile->arn = view.iam_instance_profile->arn;
    }
    add_options(c, &view, data);
    add_volumes(c, i, data);
    add_interfaces(c, &view, data);
    add_tags(c, &view.tags, data);
    out->launch_template_data = data;
    return 0;
}
