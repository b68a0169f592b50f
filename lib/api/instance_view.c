#include "api/instance_view.h"

#include "api/instance_profile.h"
#include "api/interface_addresses.h"
#include "base/text.h"
#include "core/hostname.h"

const char *private_dns_name(struct call *c, const char *private_ip)
{
    return arena_printf(c->arena, "%s.%s", hostname_of(c->arena, "ip", private_ip),
                        c->region->domain);
}

struct ec2_InstanceState *instance_state_view(struct arena *a, int state)
{
    struct ec2_InstanceState *s = arena_new_of(a, struct ec2_InstanceState);
    s->code = wire_int(instance_state_code((enum instance_state)state));
    s->name = instance_state_name((enum instance_state)state);
    return s;
}

static void view_volumes(struct call *c, const struct instance_relations *r,
                         const struct instance *i, struct ec2_Instance *out)
{
    struct volume_list volumes = relations_volumes(r, i->id);
    wire_list_empty(&out->block_device_mappings);
    for (size_t k = 0; k < volumes.n; k++) {
        const struct volume *v = &volumes.v[k];
        struct ec2_InstanceBlockDeviceMapping *m =
            arena_append(c->arena, &out->block_device_mappings);
        m->device_name = v->device_name;
        m->ebs = arena_new_of(c->arena, struct ec2_EbsInstanceBlockDevice);
        m->ebs->volume_id = v->id;
        m->ebs->status = state_name(&attachment_states, v->attachment_state);
        m->ebs->attach_time = wire_time(v->attached_at);
        m->ebs->delete_on_termination = wire_bool(v->delete_on_termination);
    }
}

static void view_groups(struct call *c, const struct instance_relations *r,
                        const char *interface_id, struct ec2_GroupIdentifierList *out)
{
    struct interface_group_list groups = relations_groups(r, interface_id);
    wire_list_empty(out);
    for (int64_t position = 0; position < (int64_t)groups.n; position++)
        for (size_t k = 0; k < groups.n; k++) {
            if (groups.v[k].position != position)
                continue;
            struct ec2_GroupIdentifier *id = arena_append(c->arena, out);
            id->group_id = groups.v[k].group_id;
            id->group_name = relations_group_name(r, groups.v[k].group_id);
        }
}

static struct ec2_InstanceNetworkInterfaceAssociation *
view_association(struct call *c, const struct public_address *p)
{
    if (p->ip == NULL)
        return NULL;
    struct ec2_InstanceNetworkInterfaceAssociation *a =
        arena_new_of(c->arena, struct ec2_InstanceNetworkInterfaceAssociation);
    a->ip_owner_id = p->owner_id;
    a->public_ip = p->ip;
    a->public_dns_name = p->dns_name;
    return a;
}

/* Private addresses, each with the public one that stands before it; and IPv6. */
static void view_addresses(struct call *c, const struct instance_relations *r,
                           const struct network_interface *n,
                           struct ec2_InstanceNetworkInterface *out)
{
    struct address_list elastic = relations_elastic(r, n->id);
    struct interface_address_list others = relations_addresses(r, n->id);
    struct wire_strings ipv4 = private_addresses_of(c, n, &others);
    struct wire_strings ipv6 = ipv6_addresses_of(c, &others);
    for (size_t k = 0; k < ipv4.n; k++) {
        struct public_address p = public_address_of(c, n, &elastic, ipv4.v[k]);
        struct ec2_InstancePrivateIpAddress *address =
            arena_append(c->arena, &out->private_ip_addresses);
        address->primary = wire_bool(k == 0);
        address->private_ip_address = ipv4.v[k];
        address->private_dns_name = private_dns_name(c, ipv4.v[k]);
        address->association = view_association(c, &p);
        if (k == 0)
            out->association = address->association;
    }
    wire_list_empty(&out->ipv6_addresses);
    for (size_t k = 0; k < ipv6.n; k++)
        arena_append(c->arena, &out->ipv6_addresses)->ipv6_address = ipv6.v[k];
}

const char *interface_attachment_status(const struct instance *i, const struct network_interface *n)
{
    return i->state == INSTANCE_PENDING && !i->ever_ran
               ? "attaching"
               : state_name(&attachment_states, n->attachment_state);
}

static void view_interface(struct call *c, const struct instance_relations *r,
                           const struct instance *i, const struct network_interface *n,
                           struct ec2_InstanceNetworkInterface *out)
{
    out->network_interface_id = n->id;
    out->owner_id = n->account_id;
    out->description = n->description;
    out->mac_address = n->mac;
    out->private_ip_address = n->private_ip;
    out->private_dns_name = private_dns_name(c, n->private_ip);
    out->source_dest_check = wire_bool(n->source_dest_check);
    out->status = "in-use";
    out->subnet_id = n->subnet_id;
    out->vpc_id = n->vpc_id;
    out->interface_type = n->interface_type;
    view_addresses(c, r, n, out);
    view_groups(c, r, n->id, &out->groups);
    out->attachment = arena_new_of(c->arena, struct ec2_InstanceNetworkInterfaceAttachment);
    out->attachment->attachment_id = n->attachment_id;
    out->attachment->attach_time = wire_time(n->attached_at);
    out->attachment->delete_on_termination = wire_bool(n->delete_on_termination);
    out->attachment->device_index = wire_int(n->device_index);
    out->attachment->network_card_index = wire_int(0);
    out->attachment->status = interface_attachment_status(i, n);
}

/* The primary interface also shows in the instance itself. */
static void view_network(struct call *c, const struct instance_relations *r,
                         const struct instance *i, struct ec2_Instance *out)
{
    struct network_interface_list interfaces = relations_interfaces(r, i->id);
    wire_list_empty(&out->network_interfaces);
    wire_list_empty(&out->security_groups);
    out->private_dns_name = "";
    out->public_dns_name = "";
    for (size_t k = 0; k < interfaces.n; k++) {
        const struct network_interface *n = &interfaces.v[k];
        struct ec2_InstanceNetworkInterface *view =
            arena_append(c->arena, &out->network_interfaces);
        view_interface(c, r, i, n, view);
        if (n->device_index != 0)
            continue;
        out->private_ip_address = n->private_ip;
        out->private_dns_name = arena_printf(
            c->arena, "%s.%s", hostname_of_instance(c->arena, i, n->private_ip), c->region->domain);
        if (view->association != NULL) {
            out->public_ip_address = view->association->public_ip;
            out->public_dns_name = view->association->public_dns_name;
        }
        out->source_dest_check = wire_bool(n->source_dest_check);
        out->security_groups = view->groups;
    }
}

struct ec2_InstanceMetadataOptionsResponse *
metadata_options_view(struct arena *a, const struct instance *i, const char *state)
{
    struct ec2_InstanceMetadataOptionsResponse *m =
        arena_new_of(a, struct ec2_InstanceMetadataOptionsResponse);
    m->state = state;
    m->http_tokens = i->http_tokens;
    m->http_endpoint = i->http_endpoint;
    m->http_put_response_hop_limit = wire_int(i->http_put_response_hop_limit);
    m->http_protocol_ipv6 = i->http_protocol_ipv6;
    m->instance_metadata_tags = i->instance_metadata_tags;
    return m;
}

/* An instance has its slot while it has memory; the wish stays. */
static void view_capacity(struct arena *a, const struct instance *i, struct ec2_Instance *out)
{
    struct ec2_CapacityReservationSpecificationResponse *wish =
        arena_new_of(a, struct ec2_CapacityReservationSpecificationResponse);
    if (i->capacity_target == NULL) {
        wish->capacity_reservation_preference = i->capacity_preference;
    } else {
        wish->capacity_reservation_target =
            arena_new_of(a, struct ec2_CapacityReservationTargetResponse);
        wish->capacity_reservation_target->capacity_reservation_id = i->capacity_target;
    }
    out->capacity_reservation_specification = wish;
    out->capacity_reservation_id = instance_uses_capacity(i) ? i->capacity_reservation_id : NULL;
}

static void view_options(struct call *c, const struct instance *i, struct ec2_Instance *out)
{
    struct arena *a = c->arena;
    out->monitoring = arena_new_of(a, struct ec2_Monitoring);
    out->monitoring->state = i->monitoring ? "enabled" : "disabled";
    out->placement = arena_new_of(a, struct ec2_Placement);
    out->placement->availability_zone = i->zone;
    out->placement->availability_zone_id = region_zone_id(c->region, i->zone);
    out->placement->group_name = i->placement_group_name == NULL ? "" : i->placement_group_name;
    out->placement->group_id = i->placement_group_id;
    if (i->partition_number > 0)
        out->placement->partition_number = wire_int(i->partition_number);
    out->placement->tenancy = i->tenancy;
    out->metadata_options = metadata_options_view(a, i, "applied");
    out->cpu_options = arena_new_of(a, struct ec2_CpuOptions);
    out->cpu_options->core_count = wire_int(instance_cores(i));
    out->cpu_options->threads_per_core = wire_int(instance_threads_per_core(i));
    out->enclave_options = arena_new_of(a, struct ec2_EnclaveOptions);
    out->enclave_options->enabled = wire_bool(false);
    out->hibernation_options = arena_new_of(a, struct ec2_HibernationOptions);
    out->hibernation_options->configured = wire_bool(false);
    view_capacity(a, i, out);
    out->private_dns_name_options = arena_new_of(a, struct ec2_PrivateDnsNameOptionsResponse);
    out->private_dns_name_options->hostname_type = i->hostname_type;
    out->private_dns_name_options->enable_resource_name_dns_a_record =
        wire_bool(i->resource_name_a);
    out->private_dns_name_options->enable_resource_name_dns_aaaa_record =
        wire_bool(i->resource_name_aaaa);
    out->maintenance_options = arena_new_of(a, struct ec2_InstanceMaintenanceOptions);
    out->maintenance_options->auto_recovery = i->auto_recovery;
    out->maintenance_options->reboot_migration = i->reboot_migration;
}

static void view_tags(struct call *c, const struct instance_relations *r, const struct instance *i,
                      struct ec2_Instance *out)
{
    struct tag_list tags = relations_tags(r, i->id);
    for (size_t k = 0; k < tags.n; k++)
        *arena_append(c->arena, &out->tags) =
            (struct ec2_Tag){.key = tags.v[k].key, .value = tags.v[k].value};
}

void instance_view(struct call *c, const struct instance *i, struct ec2_Instance *out)
{
    struct instance_relations r;
    relations_of_one(c, i->id, &r);
    instance_view_with(c, &r, i, out);
}

void instance_view_with(struct call *c, const struct instance_relations *r,
                        const struct instance *i, struct ec2_Instance *out)
{
    struct arena *a = c->arena;
    const struct instance_profile_association *profile = relations_profile(r, i->id);
    out->instance_id = i->id;
    out->image_id = i->image_id;
    out->instance_type = i->instance_type;
    out->architecture = i->architecture;
    out->state = instance_state_view(a, i->state);
    out->state_transition_reason = i->transition_reason == NULL ? "" : i->transition_reason;
    if (i->state_reason_code != NULL) {
        out->state_reason = arena_new_of(a, struct ec2_StateReason);
        out->state_reason->code = i->state_reason_code;
        out->state_reason->message = i->state_reason_message;
    }
    if (profile != NULL)
        out->iam_instance_profile = instance_profile_view(a, profile);
    if (i->spot_request_id != NULL) {
        out->instance_lifecycle = "spot";
        out->spot_instance_request_id = i->spot_request_id;
    }
    out->key_name = i->key_name;
    out->client_token = i->client_token == NULL ? "" : i->client_token;
    out->ami_launch_index = wire_int(i->launch_index);
    out->launch_time = wire_time(i->launch_time);
    out->usage_operation_update_time = wire_time(i->created_at);
    out->usage_operation = "RunInstances";
    out->platform_details = INSTANCE_PLATFORM;
    out->root_device_name = i->root_device_name;
    out->root_device_type = "ebs";
    out->virtualization_type = "hvm";
    out->hypervisor = "xen"; /* what EC2 says of every instance, Nitro or not */
    out->ena_support = wire_bool(true);
    out->ebs_optimized = wire_bool(i->ebs_optimized);
    out->boot_mode = "legacy-bios";
    out->current_instance_boot_mode = "legacy-bios";
    wire_list_empty(&out->product_codes);
    if (i->state != INSTANCE_TERMINATED) {
        out->vpc_id = i->vpc_id;
        out->subnet_id = i->subnet_id;
    }
    view_options(c, i, out);
    view_volumes(c, r, i, out);
    view_network(c, r, i, out);
    view_tags(c, r, i, out);
}

void reservation_append(struct call *c, struct ec2_ReservationList *list, const struct instance *i,
                        const struct ec2_Instance *view)
{
    struct ec2_Reservation *r = NULL;
    for (size_t k = list->n; k > 0 && r == NULL; k--)
        if (streq(list->v[k - 1].reservation_id, i->reservation_id))
            r = &list->v[k - 1];
    if (r == NULL) {
        r = arena_append(c->arena, list);
        r->reservation_id = i->reservation_id;
        r->owner_id = i->account_id;
        wire_list_empty(&r->groups);
    }
    *arena_append(c->arena, &r->instances) = *view;
}
