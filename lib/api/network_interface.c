/* DescribeNetworkInterfaces, DescribeNetworkInterfaceAttribute, ModifyNetworkInterfaceAttribute. */
#include "api/filter.h"
#include "api/instance_view.h"
#include "api/interface_addresses.h"
#include "api/interface_groups.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/text.h"

/* AWS: DescribeNetworkInterfaces, "Filters". */
static const struct filter_path interface_filters[] = {
    {"addresses.association.owner-id", "PrivateIpAddresses.Association.IpOwnerId"},
    {"addresses.association.public-ip", "PrivateIpAddresses.Association.PublicIp"},
    {"addresses.primary", "PrivateIpAddresses.Primary"},
    {"addresses.private-ip-address", "PrivateIpAddresses.PrivateIpAddress"},
    {"association.allocation-id", "Association.AllocationId"},
    {"association.association-id", "Association.AssociationId"},
    {"association.ip-owner-id", "Association.IpOwnerId"},
    {"association.public-dns-name", "Association.PublicDnsName"},
    {"association.public-ip", "Association.PublicIp"},
    {"attachment.attach-time", "Attachment.AttachTime"},
    {"attachment.attachment-id", "Attachment.AttachmentId"},
    {"attachment.delete-on-termination", "Attachment.DeleteOnTermination"},
    {"attachment.device-index", "Attachment.DeviceIndex"},
    {"attachment.instance-id", "Attachment.InstanceId"},
    {"attachment.instance-owner-id", "Attachment.InstanceOwnerId"},
    {"attachment.status", "Attachment.Status"},
    {"availability-zone", "AvailabilityZone"},
    {"availability-zone-id", "AvailabilityZoneId"},
    {"description", "Description"},
    {"group-id", "Groups.GroupId"},
    {"group-name", "Groups.GroupName"},
    {"interface-type", "InterfaceType"},
    {"ipv6-addresses.ipv6-address", "Ipv6Addresses.Ipv6Address"},
    {"mac-address", "MacAddress"},
    {"network-interface-id", "NetworkInterfaceId"},
    {"operator.managed", "Operator.Managed"},
    {"operator.principal", "Operator.Principal"},
    {"owner-id", "OwnerId"},
    {"private-dns-name", "PrivateDnsName"},
    {"private-ip-address", "PrivateIpAddress"},
    {"requester-id", "RequesterId"},
    {"requester-managed", "RequesterManaged"},
    {"source-dest-check", "SourceDestCheck"},
    {"status", "Status"},
    {"subnet-id", "SubnetId"},
    {"vpc-id", "VpcId"},
};

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

static struct ec2_NetworkInterfaceAttachment *view_attachment(struct call *c,
                                                              const struct network_interface *n)
{
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
    a->status = interface_attachment_status(i);
    return a;
}

static void view_groups(struct call *c, const char *interface_id,
                        struct ec2_GroupIdentifierList *out)
{
    struct security_group_list groups = groups_of_interface(c, interface_id);
    wire_list_empty(out);
    for (size_t k = 0; k < groups.n; k++)
        *arena_append(c->arena, out) =
            (struct ec2_GroupIdentifier){groups.v[k].id, groups.v[k].name};
}

static void interface_view(struct call *c, const struct network_interface *n,
                           struct ec2_NetworkInterface *out)
{
    struct ec2_NetworkInterface view = {
        .attachment = view_attachment(c, n),
        .availability_zone = n->zone,
        .description = n->description,
        .interface_type = "interface",
        .mac_address = n->mac,
        .network_interface_id = n->id,
        .owner_id = n->account_id,
        .private_dns_name = private_dns_name(c, n->private_ip),
        .private_ip_address = n->private_ip,
        .requester_managed = wire_bool(false),
        .source_dest_check = wire_bool(n->source_dest_check),
        .status = n->instance_id == NULL ? "available" : "in-use",
        .subnet_id = n->subnet_id,
        .vpc_id = n->vpc_id,
        .availability_zone_id = region_zone_id(c->region, n->zone),
    };
    view_addresses(c, n, &view);
    view_groups(c, n->id, &view.groups);
    tags_of(c, n->id, &view.tag_set);
    wire_list_empty(&view.tag_set);
    *out = view;
}

int act_ec2_DescribeNetworkInterfaces(struct call *c, const ec2_DescribeNetworkInterfaces_in *in,
                                      ec2_DescribeNetworkInterfaces_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, interface_filters, NetworkInterface);
    struct network_interface_list rows;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->network_interface_ids.n > 0, &page, f) <
            0 ||
        lookup_network_interfaces(c, &in->network_interface_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_NetworkInterface view;
        interface_view(c, &rows.v[i], &view);
        if (filters_match(&filters, &view, NULL) && page_admit(&page, view.network_interface_id))
            *arena_append(c->arena, &out->network_interfaces) = view;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_DescribeNetworkInterfaceAttribute(struct call *c,
                                              const ec2_DescribeNetworkInterfaceAttribute_in *in,
                                              ec2_DescribeNetworkInterfaceAttribute_out *out,
                                              struct fault *f)
{
    const struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL)
        return -1;
    const char *name = in->attribute;
    if (name == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION, "No attributes specified.");
    out->network_interface_id = n->id;
    if (streq(name, "description")) {
        out->description = arena_new_of(c->arena, struct ec2_AttributeValue);
        out->description->value = n->description;
    } else if (streq(name, "sourceDestCheck")) {
        out->source_dest_check = arena_new_of(c->arena, struct ec2_AttributeBooleanValue);
        out->source_dest_check->value = wire_bool(n->source_dest_check);
    } else if (streq(name, "groupSet")) {
        view_groups(c, n->id, &out->groups);
    } else if (streq(name, "attachment")) {
        out->attachment = view_attachment(c, n);
    } else {
        out->associate_public_ip_address = wire_bool(n->wants_public_ip);
    }
    return 0;
}

static int change_attachment(struct network_interface *n,
                             const struct ec2_NetworkInterfaceAttachmentChanges *change,
                             struct fault *f)
{
    if (change->attachment_id == NULL || !change->delete_on_termination.set)
        return fault(f, FAULT_MISSING_PARAMETER, "The request must contain the parameter %s",
                     change->attachment_id == NULL ? "Attachment.AttachmentId"
                                                   : "Attachment.DeleteOnTermination");
    if (n->instance_id == NULL || !streq(n->attachment_id, change->attachment_id))
        return fault(f, FAULT_INVALID_ATTACHMENT_ID_NOT_FOUND,
                     "The interface attachment '%.64s' does not exist.", change->attachment_id);
    n->delete_on_termination = change->delete_on_termination.v;
    return 0;
}

/* One attribute at a time, as EC2 has it. */
int act_ec2_ModifyNetworkInterfaceAttribute(struct call *c,
                                            const ec2_ModifyNetworkInterfaceAttribute_in *in,
                                            ec2_ModifyNetworkInterfaceAttribute_out *out,
                                            struct fault *f)
{
    (void)out;
    int changes = (in->description != NULL) + (in->source_dest_check != NULL) + (in->groups.n > 0) +
                  (in->attachment != NULL);
    if (changes != 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     changes == 0 ? "No attributes specified."
                                  : "Only one attribute can be modified at a time");
    struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL)
        return -1;
    if (in->groups.n > 0)
        return interface_set_groups(c, n, &in->groups, f);
    if (in->attachment != NULL && change_attachment(n, in->attachment, f) < 0)
        return -1;
    if (in->description != NULL) {
        if (in->description->value == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter Description.Value");
        n->description = in->description->value;
    }
    if (in->source_dest_check != NULL) {
        if (!in->source_dest_check->value.set)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter SourceDestCheck.Value");
        n->source_dest_check = in->source_dest_check->value.v;
        store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    }
    store_update_network_interface(c->tx, n);
    return 0;
}
