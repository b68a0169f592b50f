/* CreateNetworkInterface, DeleteNetworkInterface, DescribeNetworkInterfaces. */
#include "api/filter.h"
#include "api/interface_groups.h"
#include "api/interface_make.h"
#include "api/interface_view.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/check.h"
#include "jobs/interface_rows.h"

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

static int replay(struct call *c, ec2_CreateNetworkInterface_out *out, struct fault *f)
{
    const struct network_interface *n = lookup_network_interface(c, c->replay, f);
    if (n == NULL)
        return -1;
    out->network_interface = arena_new_of(c->arena, struct ec2_NetworkInterface);
    interface_view(c, n, out->network_interface);
    return 0;
}

int act_ec2_CreateNetworkInterface(struct call *c, const ec2_CreateNetworkInterface_in *in,
                                   ec2_CreateNetworkInterface_out *out, struct fault *f)
{
    static const char *const taggable[] = {"network-interface", NULL};
    out->client_token = in->client_token;
    if (c->replay != NULL)
        return replay(c, out, f);
    struct interface_wish wish;
    struct security_group_list groups = {0};
    struct address_pool pool;
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        interface_wish_read(c, in->private_ip_address, &in->private_ip_addresses,
                            in->secondary_private_ip_address_count, &in->ipv6_addresses,
                            in->ipv6_address_count, &wish, f) < 0)
        return -1;
    const struct subnet *subnet = lookup_subnet(c, in->subnet_id, f);
    if (subnet == NULL || interface_groups_settle(c, subnet, &in->groups, &groups, f) < 0 ||
        interface_wish_check(c, subnet, &wish, INTERFACE_ADDRESSES_MAX, f) < 0 ||
        interface_check_quota(c, 1, f) < 0 || address_pool_of_subnet(c, subnet, &pool, f) < 0 ||
        interface_wish_take(c, &pool, &wish, f) < 0 || interface_pool_check(c, &pool, &wish, f) < 0)
        return -1;
    struct network_interface row = {
        .description = in->description == NULL ? "" : in->description,
        .source_dest_check = true,
    };
    interface_insert(c, subnet, &groups, &wish, &pool, &row);
    tags_put(c, &in->tag_specifications, "network-interface", row.id);
    store_enqueue(c->tx, "vpc", row.vpc_id, c->now);
    out->network_interface = arena_new_of(c->arena, struct ec2_NetworkInterface);
    interface_view(c, &row, out->network_interface);
    c->result = row.id;
    return 0;
}

int act_ec2_DeleteNetworkInterface(struct call *c, const ec2_DeleteNetworkInterface_in *in,
                                   ec2_DeleteNetworkInterface_out *out, struct fault *f)
{
    (void)out;
    const struct network_interface *n = lookup_network_interface(c, in->network_interface_id, f);
    if (n == NULL)
        return -1;
    if (n->attachment_id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Network interface '%s' is currently in use.", n->id);
    interface_remove(c->tx, c->arena, n->id);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
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
