/* AllocateAddress, ReleaseAddress, DescribeAddresses, DescribeMovingAddresses. */
#include "api/address.h"
#include "api/quota.h"

#include <errno.h>

#include "api/address_pool.h"
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"

static struct address *named(struct call *c, const char *public_ip)
{
    struct address_list l = store_addresses(c->tx, c->arena, "account_id", c->principal->account_id,
                                            "region", c->region->name, "public_ip", public_ip);
    return l.n == 0 ? NULL : l.v;
}

static struct address *lookup_public(struct call *c, const char *public_ip, struct fault *f)
{
    struct address *a = named(c, public_ip);
    if (a == NULL)
        (void)fault(f, FAULT_INVALID_ADDRESS_NOT_FOUND, "Address '%.64s' not found.", public_ip);
    return a;
}

struct address *address_of_request(struct call *c, const char *allocation_id, const char *public_ip,
                                   struct fault *f)
{
    if (allocation_id != NULL && public_ip != NULL)
        (void)fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                    "You may specify public IP or allocation id, but not both in the same call");
    else if (allocation_id != NULL)
        return lookup_address(c, allocation_id, f);
    else if (public_ip != NULL)
        return lookup_public(c, public_ip, f);
    else
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "Either public IP or allocation id must be specified");
    return NULL;
}

/* This very address of the pool, or any. */
static const char *take(struct call *c, const char *wanted, struct fault *f)
{
    struct address_pool pool;
    address_pool_public(c, &pool);
    if (wanted == NULL) {
        const char *drawn = address_pool_draw(c, &pool);
        if (drawn == NULL)
            (void)fault(f, FAULT_INSUFFICIENT_ADDRESS_CAPACITY,
                        "Not enough addresses available: the server's pool of public addresses is "
                        "used up");
        return drawn;
    }
    uint32_t parsed = 0;
    if (ipv4_parse(wanted, &parsed) < 0) {
        (void)fault(f, FAULT_INVALID_ADDRESS_MALFORMED, "Invalid IP address: '%.64s'", wanted);
        return NULL;
    }
    int r = address_pool_take(c, &pool, wanted);
    if (r == -EADDRINUSE)
        (void)fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", wanted);
    else if (r < 0)
        (void)fault(f, FAULT_INVALID_ADDRESS_NOT_FOUND,
                    "Address '%s' is not of the server's pool of public addresses.", wanted);
    return r < 0 ? NULL : wanted;
}

/* A region is one network border group here. */
static bool is_border_group(struct call *c, const char *name)
{
    return name == NULL || streq(name, c->region->name);
}

int act_ec2_AllocateAddress(struct call *c, const ec2_AllocateAddress_in *in,
                            ec2_AllocateAddress_out *out, struct fault *f)
{
    static const char *const taggable[] = {"elastic-ip", NULL};
    if (!is_border_group(c, in->network_border_group))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter NetworkBorderGroup is invalid. It is '%s' in "
                     "this region",
                     in->network_border_group, c->region->name);
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    if (quota_left(c, QUOTA_ADDRESSES) == 0)
        return fault(f, FAULT_ADDRESS_LIMIT_EXCEEDED,
                     "The maximum number of addresses has been reached.");
    const char *public_ip = take(c, in->address, f);
    if (public_ip == NULL)
        return -1;
    struct address a = {
        .id = id_make(c->arena, "eipalloc"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .public_ip = public_ip,
    };
    store_insert_address(c->tx, &a);
    tags_put(c, &in->tag_specifications, "elastic-ip", a.id);
    out->allocation_id = a.id;
    out->public_ip = a.public_ip;
    out->public_ipv4_pool = "amazon";
    out->network_border_group = c->region->name;
    out->domain = "vpc";
    return 0;
}

int act_ec2_ReleaseAddress(struct call *c, const ec2_ReleaseAddress_in *in,
                           ec2_ReleaseAddress_out *out, struct fault *f)
{
    (void)out;
    struct address *a = address_of_request(c, in->allocation_id, in->public_ip, f);
    if (a == NULL)
        return -1;
    if (!is_border_group(c, in->network_border_group))
        return fault(f, FAULT_INVALID_ADDRESS_NOT_FOUND, "Address '%s' not found in '%.64s'.",
                     a->public_ip, in->network_border_group);
    if (a->association_id != NULL)
        return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", a->public_ip);
    tags_drop(c, a->id);
    store_delete_addresses(c->tx, "id", a->id);
    if (a->domain_name != NULL)
        reverse_names_changed(c);
    return 0;
}

static const struct filter_path address_filters[] = {
    {"allocation-id", "AllocationId"},
    {"association-id", "AssociationId"},
    {"domain", "Domain"},
    {"instance-id", "InstanceId"},
    {"network-border-group", "NetworkBorderGroup"},
    {"network-interface-id", "NetworkInterfaceId"},
    {"network-interface-owner-id", "NetworkInterfaceOwnerId"},
    {"private-ip-address", "PrivateIpAddress"},
    {"public-ip", "PublicIp"},
};

static void address_view(struct call *c, const struct address *a, struct ec2_Address *out)
{
    const struct network_interface *n = store_network_interface(c->tx, c->arena, a->interface_id);
    struct ec2_Address view = {
        .allocation_id = a->id,
        .association_id = a->association_id,
        .domain = "vpc",
        .network_interface_id = a->interface_id,
        .private_ip_address = a->private_ip,
        .public_ipv4_pool = "amazon",
        .network_border_group = a->region,
        .public_ip = a->public_ip,
    };
    if (n != NULL) {
        view.network_interface_owner_id = n->account_id;
        view.instance_id = n->instance_id;
    }
    tags_of(c, a->id, &view.tags);
    *out = view;
}

/* By allocations and by addresses; without both, all. */
static int find(struct call *c, const struct wire_strings *allocation_ids,
                const struct wire_strings *public_ips, struct address_list *ret, struct fault *f)
{
    struct wire_strings ids = {0};
    for (size_t i = 0; i < allocation_ids->n; i++)
        *arena_append(c->arena, &ids) = allocation_ids->v[i];
    for (size_t i = 0; i < public_ips->n; i++) {
        const struct address *a = lookup_public(c, public_ips->v[i], f);
        if (a == NULL)
            return -1;
        *arena_append(c->arena, &ids) = a->id;
    }
    return lookup_addresses(c, &ids, ret, f);
}

int act_ec2_DescribeAddresses(struct call *c, const ec2_DescribeAddresses_in *in,
                              ec2_DescribeAddresses_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, address_filters, Address);
    struct address_list rows;
    if (filters_check(&filters, f) < 0 ||
        find(c, &in->allocation_ids, &in->public_ips, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        struct ec2_Address view;
        address_view(c, &rows.v[i], &view);
        if (filters_match(&filters, &view, NULL))
            *arena_append(c->arena, &out->addresses) = view;
    }
    return 0;
}

static const struct filter_path moving_address_filters[] = {
    {"moving-status", "MoveStatus"},
};

/* From EC2-Classic to VPCs addresses moved until 2022; clients still ask, and none does. */
int act_ec2_DescribeMovingAddresses(struct call *c, const ec2_DescribeMovingAddresses_in *in,
                                    ec2_DescribeMovingAddresses_out *out, struct fault *f)
{
    (void)out;
    struct filters filters = FILTERS(in, moving_address_filters, MovingAddressStatus);
    struct address_list rows;
    struct page page;
    return filters_check(&filters, f) < 0 ||
                   page_begin(c, in->max_results, in->next_token, in->public_ips.n > 0, &page, f) <
                       0 ||
                   find(c, &(struct wire_strings){0}, &in->public_ips, &rows, f) < 0
               ? -1
               : 0;
}
