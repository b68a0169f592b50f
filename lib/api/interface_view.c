#include "api/interface_view.h"

#include "api/instance_view.h"
#include "api/interface_addresses.h"
#include "api/interface_groups.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/text.h"

static struct ec2_NetworkInterfaceAssociation *view_association(struct call *c,
                                                                const struct public_address *p)
{
    if (p->ip == NULL)
        return NULL;
    struct ec2_NetworkInterfaceAssociation *a =
        arena_new_of(c->arena, struct ec2_NetworkInterfaceAssociation);
    a->ip_owner_id = p->owner_id;
    a->public_ip = p->ip;
    a->public_dns_name = p->dns_name;
    if (p->elastic != NULL) {
        a->allocation_id = p->elastic->id;
        a->association_id = p->elastic->association_id;
    }
    return a;
}

/* Private addresses, each with the public one that stands before it; and IPv6. */
static void view_addresses(struct call *c, const struct network_interface *n,
                           struct ec2_NetworkInterface *out)
{
    struct address_list elastic = store_addresses(c->tx, c->arena, "interface_id", n->id);
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", n->id);
    struct wire_strings ipv4 = private_addresses_of(c, n, &others);
    struct wire_strings ipv6 = ipv6_addresses_of(c, &others);
    for (size_t k = 0; k < ipv4.n; k++) {
        struct public_address p = public_address_of(c, n, &elastic, ipv4.v[k]);
        struct ec2_NetworkInterfaceAssociation *association = view_association(c, &p);
        if (k == 0)
            out->association = association;
        *arena_append(c->arena, &out->private_ip_addresses) =
            (struct ec2_NetworkInterfacePrivateIpAddress){
                .association = association,
                .primary = wire_bool(k == 0),
                .private_dns_name = private_dns_name(c, ipv4.v[k]),
                .private_ip_address = ipv4.v[k],
            };
    }
    wire_list_empty(&out->ipv6_addresses);
    for (size_t k = 0; k < ipv6.n; k++)
        arena_append(c->arena, &out->ipv6_addresses)->ipv6_address = ipv6.v[k];
}

/* EC2's own, of a service whose machines nobody sees. */
static struct ec2_NetworkInterfaceAttachment *service_attachment(struct call *c,
                                                                 const struct network_interface *n)
{
    struct ec2_NetworkInterfaceAttachment *a =
        arena_new_of(c->arena, struct ec2_NetworkInterfaceAttachment);
    a->attachment_id = n->attachment_id;
    a->delete_on_termination = wire_bool(false);
    a->device_index = wire_int(n->device_index);
    a->network_card_index = wire_int(0);
    a->instance_owner_id = n->requester_id;
    a->status = "attached";
    return a;
}

struct ec2_NetworkInterfaceAttachment *interface_attachment_view(struct call *c,
                                                                 const struct network_interface *n)
{
    if (n->requester_id != NULL)
        return service_attachment(c, n);
    const struct instance *i = store_instance(c->tx, c->arena, n->instance_id);
    if (i == NULL)
        return NULL;
    struct ec2_NetworkInterfaceAttachment *a =
        arena_new_of(c->arena, struct ec2_NetworkInterfaceAttachment);
    a->attach_time = wire_time(n->attached_at);
    a->attachment_id = n->attachment_id;
    a->delete_on_termination = wire_bool(n->delete_on_termination);
    a->device_index = wire_int(n->device_index);
    a->network_card_index = wire_int(0);
    a->instance_id = i->id;
    a->instance_owner_id = i->account_id;
    a->status = interface_attachment_status(i, n);
    return a;
}

void interface_groups_view(struct call *c, const char *interface_id,
                           struct ec2_GroupIdentifierList *out)
{
    struct security_group_list groups = groups_of_interface(c, interface_id);
    wire_list_empty(out);
    for (size_t k = 0; k < groups.n; k++)
        *arena_append(c->arena, out) =
            (struct ec2_GroupIdentifier){groups.v[k].id, groups.v[k].name};
}

void interface_view(struct call *c, const struct network_interface *n,
                    struct ec2_NetworkInterface *out)
{
    struct ec2_NetworkInterface view = {
        .attachment = interface_attachment_view(c, n),
        .availability_zone = n->zone,
        .description = n->description,
        /* the filter's word is nat_gateway, the reply's is not */
        .interface_type = n->requester_id == NULL ? n->interface_type : "natGateway",
        .mac_address = n->mac,
        .network_interface_id = n->id,
        .owner_id = n->account_id,
        .private_dns_name = private_dns_name(c, n->private_ip),
        .private_ip_address = n->private_ip,
        .requester_id = n->requester_id,
        .requester_managed = wire_bool(n->requester_id != NULL),
        .source_dest_check = wire_bool(n->source_dest_check),
        .status = n->attachment_id == NULL ? "available" : "in-use",
        .subnet_id = n->subnet_id,
        .vpc_id = n->vpc_id,
        .availability_zone_id = region_zone_id(c->region, n->zone),
    };
    view_addresses(c, n, &view);
    interface_groups_view(c, n->id, &view.groups);
    tags_of(c, n->id, &view.tag_set);
    wire_list_empty(&view.tag_set);
    *out = view;
}

int interface_check_own(const struct network_interface *n, struct fault *f)
{
    if (n->requester_id == NULL)
        return 0;
    return fault(f, FAULT_OPERATION_NOT_PERMITTED,
                 "You do not have permission to access the specified resource: the interface '%s' "
                 "is managed by a service",
                 n->id);
}

struct network_interface *interface_attached_as(struct call *c, const char *attachment_id,
                                                struct fault *f)
{
    struct network_interface_list l =
        store_network_interfaces(c->tx, c->arena, "account_id", c->principal->account_id, "region",
                                 c->region->name, "attachment_id", attachment_id);
    if (l.n == 0)
        (void)fault(f, FAULT_INVALID_ATTACHMENT_ID_NOT_FOUND,
                    "The interface attachment '%.64s' does not exist.", attachment_id);
    return l.n == 0 ? NULL : l.v;
}
