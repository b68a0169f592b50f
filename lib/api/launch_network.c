#include "api/launch_network.h"

#include <errno.h>
#include <stdio.h>

#include "api/group_use.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"

/* The two forms of the request, made one. */
struct wishes {
    const char *subnet_id;
    struct wire_strings group_ids;
    struct wire_strings group_names;
    const char *private_ip;
    const char *description;
    struct opt_bool public_ip;
    struct opt_bool delete_on_termination;
};

static int read_interface(const ec2_RunInstances_in *in, struct wishes *w, struct fault *f)
{
    if (in->network_interfaces.n > 1)
        return fault(f, FAULT_UNSUPPORTED_OPERATION,
                     "Only one network interface can be made at launch by this server");
    const struct ec2_InstanceNetworkInterfaceSpecification *s = &in->network_interfaces.v[0];
    if (in->subnet_id != NULL || in->private_ip_address != NULL || in->security_group_ids.n > 0 ||
        in->security_groups.n > 0)
        return fault(
            f, FAULT_INVALID_PARAMETER_COMBINATION,
            "Network interfaces and an instance-level subnet ID, private IP address or security "
            "groups may not be specified on the same request");
    if (!s->device_index.set || s->device_index.v != 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The primary network interface must have device index 0");
    *w = (struct wishes){
        .subnet_id = s->subnet_id,
        .group_ids = s->groups,
        .private_ip = s->private_ip_address,
        .description = s->description,
        .public_ip = s->associate_public_ip_address,
        .delete_on_termination = s->delete_on_termination,
    };
    return 0;
}

/* The default subnet of the zone that was asked for, or of the region's first zone. */
static int default_subnet(struct call *c, const struct ec2_Placement *placement,
                          struct launch_network *n, struct fault *f)
{
    struct vpc *vpc = lookup_default_vpc(c);
    if (vpc == NULL)
        return fault(
            f, FAULT_VPC_ID_NOT_SPECIFIED,
            "No default VPC for this user. GroupName is only supported for EC2-Classic and "
            "default VPC.");
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", vpc->id);
    const char *zone = placement == NULL ? NULL : placement->availability_zone;
    const char *zone_id = placement == NULL ? NULL : placement->availability_zone_id;
    for (size_t z = 0; z < ZONES_PER_REGION; z++) {
        const char *name = c->region->zones[z];
        if ((zone != NULL && !streq(zone, name)) ||
            (zone_id != NULL && !streq(zone_id, c->region->zone_ids[z])))
            continue;
        for (size_t i = 0; i < subnets.n; i++)
            if (subnets.v[i].default_for_az && streq(subnets.v[i].zone, name)) {
                n->subnet = &subnets.v[i];
                return 0;
            }
    }
    if (zone == NULL && zone_id == NULL)
        return fault(f, FAULT_MISSING_INPUT,
                     "No subnets found for the default VPC '%s'. Please specify a subnet.",
                     vpc->id);
    return fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone: [%s]",
                 zone == NULL ? zone_id : zone);
}

static int settle_subnet(struct call *c, const ec2_RunInstances_in *in, const struct wishes *w,
                         struct launch_network *n, struct fault *f)
{
    if (w->subnet_id == NULL)
        return default_subnet(c, in->placement, n, f);
    n->subnet = lookup_subnet(c, w->subnet_id, f);
    if (n->subnet == NULL)
        return -1;
    const char *zone = in->placement == NULL ? NULL : in->placement->availability_zone;
    if (zone != NULL && !streq(zone, n->subnet->zone))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid availability zone: [%s]: the subnet '%s' is in %s", zone,
                     n->subnet->id, n->subnet->zone);
    return 0;
}

static bool has_group(const struct security_group_list *l, const char *id)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->v[i].id, id))
            return true;
    return false;
}

static int add_group(struct call *c, struct launch_network *n, const struct security_group *g,
                     struct fault *f)
{
    if (!group_is_usable_in(c, g, n->subnet->vpc_id))
        return fault(f, FAULT_INVALID_PARAMETER,
                     "Security group %s and subnet %s belong to different networks.", g->id,
                     n->subnet->id);
    if (has_group(&n->groups, g->id))
        return 0;
    if (n->groups.n == GROUPS_PER_INTERFACE)
        return fault(f, FAULT_SECURITY_GROUPS_PER_INTERFACE_LIMIT_EXCEEDED,
                     "The maximum number of security groups per interface is %d",
                     GROUPS_PER_INTERFACE);
    *arena_append(c->arena, &n->groups) = *g;
    return 0;
}

static int settle_groups(struct call *c, const struct wishes *w, struct launch_network *n,
                         struct fault *f)
{
    if (w->group_names.n > 0 && w->subnet_id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter groupName cannot be used with the parameter subnet");
    for (size_t i = 0; i < w->group_ids.n; i++) {
        struct security_group *g = lookup_security_group(c, w->group_ids.v[i], f);
        if (g == NULL || add_group(c, n, g, f) < 0)
            return -1;
    }
    for (size_t i = 0; i < w->group_names.n; i++) {
        const char *name = w->group_names.v[i];
        struct security_group *g = lookup_group_named(c, n->subnet->vpc_id, name);
        if (g == NULL)
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The security group '%s' does not exist in default VPC '%s'", name,
                         n->subnet->vpc_id);
        if (add_group(c, n, g, f) < 0)
            return -1;
    }
    if (n->groups.n > 0)
        return 0;
    struct security_group *g = lookup_group_named(c, n->subnet->vpc_id, "default");
    if (g == NULL)
        return fault(f, FAULT_INVALID_GROUP_NOT_FOUND, "The VPC '%s' has no default security group",
                     n->subnet->vpc_id);
    return add_group(c, n, g, f);
}

int launch_network_settle(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          struct fault *f)
{
    struct wishes w = {
        .subnet_id = in->subnet_id,
        .group_ids = in->security_group_ids,
        .group_names = in->security_groups,
        .private_ip = in->private_ip_address,
    };
    if (in->network_interfaces.n > 0 && read_interface(in, &w, f) < 0)
        return -1;
    if (settle_subnet(c, in, &w, n, f) < 0 || settle_groups(c, &w, n, f) < 0)
        return -1;
    if (w.private_ip != NULL && in->max_count.v > 1)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "A private IP address cannot be given to more than one instance");
    n->private_ip = w.private_ip;
    n->description = w.description == NULL ? "" : w.description;
    n->wants_public_ip = w.public_ip.set ? w.public_ip.v : n->subnet->map_public_ip_on_launch;
    n->delete_on_termination = !w.delete_on_termination.set || w.delete_on_termination.v;
    return address_pool_of_subnet(c, n->subnet, &n->private_pool, f);
}

int launch_network_reserve(struct call *c, struct launch_network *n, int64_t need, int64_t *count,
                           struct fault *f)
{
    if (n->private_ip != NULL) {
        int r = address_pool_take(c, &n->private_pool, n->private_ip);
        if (r == -EADDRINUSE)
            return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.",
                         n->private_ip);
        if (r < 0)
            return fault(
                f, FAULT_INVALID_PARAMETER_VALUE,
                "Address %s does not fall within the subnet's address range, or is reserved",
                n->private_ip);
    } else if (address_pool_free(&n->private_pool) < (uint64_t)need) {
        return fault(
            f, FAULT_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
            "The specified subnet does not have enough free addresses to satisfy the request.");
    } else if (address_pool_free(&n->private_pool) < (uint64_t)*count) {
        *count = (int64_t)address_pool_free(&n->private_pool);
    }
    if (!n->wants_public_ip)
        return 0;
    address_pool_public(c, &n->public_pool);
    if (address_pool_free(&n->public_pool) < (uint64_t)need)
        return fault(
            f, FAULT_INSUFFICIENT_ADDRESS_CAPACITY,
            "Not enough addresses available: the server's pool of public addresses has %llu left",
            (unsigned long long)address_pool_free(&n->public_pool));
    if (address_pool_free(&n->public_pool) < (uint64_t)*count)
        *count = (int64_t)address_pool_free(&n->public_pool);
    return 0;
}

/* 02: locally administered, one station. */
static const char *new_mac(struct call *c)
{
    unsigned char r[5];
    random_bytes(r, sizeof(r));
    return arena_printf(c->arena, "02:%02x:%02x:%02x:%02x:%02x", r[0], r[1], r[2], r[3], r[4]);
}

void launch_network_write(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          const struct instance *i)
{
    const char *id = id_make(c->arena, "eni");
    struct network_interface row = {
        .id = id,
        .account_id = i->account_id,
        .region = i->region,
        .vpc_id = n->subnet->vpc_id,
        .subnet_id = n->subnet->id,
        .zone = n->subnet->zone,
        .private_ip =
            n->private_ip != NULL ? n->private_ip : address_pool_draw(c, &n->private_pool),
        .public_ip = n->wants_public_ip ? address_pool_draw(c, &n->public_pool) : NULL,
        .mac = new_mac(c),
        .description = n->description,
        .source_dest_check = true,
        .wants_public_ip = n->wants_public_ip,
        .instance_id = i->id,
        .attachment_id = id_make(c->arena, "eni-attach"),
        .device_index = 0,
        .delete_on_termination = n->delete_on_termination,
        .attached_at = c->now,
        /* eni and twelve digits of the id: fifteen characters, as many as a link's name may have */
        .interface_type = "interface",
        .attachment_state = ATTACHMENT_ATTACHED,
        .tap = arena_printf(c->arena, "eni%.12s", id + 4),
    };
    CHECK(row.private_ip != NULL && (row.public_ip != NULL || !n->wants_public_ip));
    store_insert_network_interface(c->tx, &row);
    for (size_t k = 0; k < n->groups.n; k++) {
        struct interface_group member = {id, n->groups.v[k].id, (int64_t)k};
        store_insert_interface_group(c->tx, &member);
    }
    tags_put(c, &in->tag_specifications, "network-interface", id);
}
