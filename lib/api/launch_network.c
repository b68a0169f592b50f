#include "api/launch_network.h"

#include "api/interface_attach.h"
#include "api/interface_groups.h"
#include "api/interface_view.h"
#include "api/ipv6_pool.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/check.h"
#include "base/text.h"

/* Where the instance is to be: NULL, NULL: anywhere. */
struct place {
    const char *zone;
    const char *zone_id;
};

/* The default subnet of the zone that was asked for, or of the region's first zone. */
static const struct subnet *default_subnet(struct call *c, const struct place *place,
                                           struct fault *f)
{
    struct vpc *vpc = lookup_default_vpc(c);
    if (vpc == NULL) {
        (void)fault(f, FAULT_VPC_ID_NOT_SPECIFIED,
                    "No default VPC for this user. GroupName is only supported for EC2-Classic and "
                    "default VPC.");
        return NULL;
    }
    struct subnet_list subnets = store_subnets(c->tx, c->arena, "vpc_id", vpc->id);
    for (size_t z = 0; z < ZONES_PER_REGION; z++) {
        const char *name = c->region->zones[z];
        if ((place->zone != NULL && !streq(place->zone, name)) ||
            (place->zone_id != NULL && !streq(place->zone_id, c->region->zone_ids[z])))
            continue;
        for (size_t i = 0; i < subnets.n; i++)
            if (subnets.v[i].default_for_az && streq(subnets.v[i].zone, name))
                return &subnets.v[i];
    }
    if (place->zone == NULL && place->zone_id == NULL)
        (void)fault(f, FAULT_MISSING_INPUT,
                    "No subnets found for the default VPC '%s'. Please specify a subnet.", vpc->id);
    else
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone: [%s]",
                    place->zone == NULL ? place->zone_id : place->zone);
    return NULL;
}

/* The first interface says where the instance is, unless its placement does; there the others are.
 */
static int check_zone(struct call *c, const struct place *place, const char *what, const char *id,
                      const char *zone, bool is_first, struct fault *f)
{
    const char *zone_id = region_zone_id(c->region, zone);
    if ((place->zone == NULL || streq(place->zone, zone)) &&
        (place->zone_id == NULL || streq(place->zone_id, zone_id)))
        return 0;
    if (is_first)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Invalid availability zone: [%s]: the %s '%s' is in %s",
                     place->zone == NULL ? place->zone_id : place->zone, what, id, zone);
    return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                 "You may not attach a network interface to an instance if they are not in the "
                 "same availability zone: the %s '%s' is in %s",
                 what, id, zone);
}

static int settle_subnet(struct call *c, const struct place *place, const char *subnet_id,
                         struct launch_interface *l, struct fault *f)
{
    l->subnet = subnet_id == NULL ? default_subnet(c, place, f) : lookup_subnet(c, subnet_id, f);
    if (l->subnet == NULL)
        return -1;
    return check_zone(c, place, "subnet", l->subnet->id, l->subnet->zone, l->device_index == 0, f);
}

/* Groups by name are the call's own form. */
static int settle_named(struct call *c, const ec2_RunInstances_in *in, struct launch_interface *l,
                        struct fault *f)
{
    if (in->security_groups.n > 0 && in->subnet_id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter groupName cannot be used with the parameter subnet");
    for (size_t i = 0; i < in->security_groups.n; i++) {
        const char *name = in->security_groups.v[i];
        const struct security_group *g = lookup_group_named(c, l->subnet->vpc_id, name);
        if (g == NULL)
            return fault(f, FAULT_INVALID_GROUP_NOT_FOUND,
                         "The security group '%s' does not exist in default VPC '%s'", name,
                         l->subnet->vpc_id);
        if (interface_group_add(c, l->subnet, g, &l->groups, f) < 0)
            return -1;
    }
    return 0;
}

static int settle_groups(struct call *c, const ec2_RunInstances_in *in,
                         const struct wire_strings *ids, struct launch_interface *l,
                         struct fault *f)
{
    if (settle_named(c, in, l, f) < 0)
        return -1;
    if (l->groups.n == 0)
        return interface_groups_settle(c, l->subnet, ids, &l->groups, f);
    for (size_t i = 0; i < ids->n; i++) {
        const struct security_group *g = lookup_security_group(c, ids->v[i], f);
        if (g == NULL || interface_group_add(c, l->subnet, g, &l->groups, f) < 0)
            return -1;
    }
    return 0;
}

static struct address_pool *pool_of(const struct launch_network *n, const struct subnet *subnet)
{
    for (size_t i = 0; i < n->n; i++)
        if (n->v[i].pool != NULL && streq(n->v[i].subnet->id, subnet->id))
            return n->v[i].pool;
    return NULL;
}

static int settle_made(struct call *c, const ec2_RunInstances_in *in,
                       const struct instance_type *type,
                       const struct ec2_InstanceNetworkInterfaceSpecification *s,
                       const struct place *place, const struct launch_network *n,
                       struct launch_interface *l, struct fault *f)
{
    if (settle_subnet(c, place, s->subnet_id, l, f) < 0 ||
        settle_groups(c, in, &s->groups, l, f) < 0 ||
        interface_wish_read(c, s->private_ip_address, &s->private_ip_addresses,
                            s->secondary_private_ip_address_count, &s->ipv6_addresses,
                            s->ipv6_address_count, &l->wish, f) < 0 ||
        interface_wish_check(c, l->subnet, &l->wish, type->ipv4_per_interface, f) < 0)
        return -1;
    l->description = s->description == NULL ? "" : s->description;
    l->delete_on_termination = !s->delete_on_termination.set || s->delete_on_termination.v;
    /* AWS: "Assign a public IPv4 address at launch": none is with several interfaces. */
    l->wants_public_ip = s->associate_public_ip_address.set
                             ? s->associate_public_ip_address.v
                             : in->network_interfaces.n <= 1 && l->subnet->map_public_ip_on_launch;
    l->pool = pool_of(n, l->subnet);
    if (l->pool != NULL)
        return 0;
    l->pool = arena_new_of(c->arena, struct address_pool);
    return address_pool_of_subnet(c, l->subnet, l->pool, f);
}

static int settle_existing(struct call *c, const struct instance_type *type, const char *id,
                           const struct place *place, const struct launch_network *n,
                           struct launch_interface *l, struct fault *f)
{
    l->existing = lookup_network_interface(c, id, f);
    if (l->existing == NULL || interface_check_own(l->existing, f) < 0 ||
        interface_check_free(l->existing, f) < 0 ||
        interface_check_fits(c, type, l->existing, f) < 0)
        return -1;
    for (size_t i = 0; i < n->n; i++)
        if (n->v[i].existing != NULL && streq(n->v[i].existing->id, id))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Network interface ID '%s' may not be specified on multiple interfaces.",
                         id);
    l->subnet = store_subnet(c->tx, c->arena, l->existing->subnet_id);
    CHECK(l->subnet != NULL);
    return check_zone(c, place, "network interface", id, l->existing->zone, l->device_index == 0,
                      f);
}

int launch_network_settle(struct call *c, const ec2_RunInstances_in *in,
                          const struct instance_type *type, struct launch_network *n,
                          struct fault *f)
{
    struct ec2_InstanceNetworkInterfaceSpecificationList asked;
    if (launch_interfaces_read(c, in, &asked, f) < 0)
        return -1;
    if ((int64_t)asked.n > type->max_interfaces)
        return interface_count_exceeded(type, asked.n, f);
    struct place place = {0};
    if (in->placement != NULL)
        place =
            (struct place){in->placement->availability_zone, in->placement->availability_zone_id};
    n->v = arena_array(c->arena, asked.n, struct launch_interface);
    for (n->n = 0; n->n < asked.n; n->n++) {
        const struct ec2_InstanceNetworkInterfaceSpecification *s = &asked.v[n->n];
        struct launch_interface *l = &n->v[n->n];
        l->device_index = s->device_index.v;
        int r = s->network_interface_id != NULL
                    ? settle_existing(c, type, s->network_interface_id, &place, n, l, f)
                    : settle_made(c, in, type, s, &place, n, l, f);
        if (r < 0)
            return -1;
        place = (struct place){.zone = l->subnet->zone};
    }
    n->subnet = n->v[0].subnet;
    return 0;
}

/* Lowers *count to how often `each` are free, or says no to `need` times. */
static bool lower(uint64_t free, uint64_t each, int64_t need, int64_t *count)
{
    if (each == 0)
        return true;
    if (free / each < (uint64_t)need)
        return false;
    if (free / each < (uint64_t)*count)
        *count = (int64_t)(free / each);
    return true;
}

/* Of a pool, for all the interfaces that draw from it. */
static int reserve_private(struct call *c, const struct launch_network *n,
                           const struct address_pool *pool, int64_t need, int64_t *count,
                           struct fault *f)
{
    int64_t ipv4 = 0;
    int64_t ipv6 = 0;
    for (size_t i = 0; i < n->n; i++)
        if (n->v[i].pool == pool) {
            ipv4 += interface_wish_draws(&n->v[i].wish);
            ipv6 += n->v[i].wish.n_ipv6;
        }
    bool fits = lower(address_pool_free(pool), (uint64_t)ipv4, need, count) &&
                lower(interface_pool_ipv6(c, pool), (uint64_t)ipv6, need, count);
    return fits ? 0 : subnet_is_full(f);
}

static int reserve_public(struct call *c, struct launch_network *n, int64_t need, int64_t *count,
                          struct fault *f)
{
    address_pool_public(c, &n->public_pool);
    uint64_t free = address_pool_free(&n->public_pool);
    if (lower(free, 1, need, count))
        return 0;
    return fault(
        f, FAULT_INSUFFICIENT_ADDRESS_CAPACITY,
        "Not enough addresses available: the server's pool of public addresses has %llu left",
        (unsigned long long)free);
}

int launch_network_reserve(struct call *c, struct launch_network *n, int64_t need, int64_t *count,
                           struct fault *f)
{
    int64_t made = 0;
    for (size_t i = 0; i < n->n; i++) {
        if (n->v[i].pool == NULL)
            continue;
        made++;
        if (interface_wish_take(c, n->v[i].pool, &n->v[i].wish, f) < 0)
            return -1;
    }
    if (interface_check_quota(c, made * need, f) < 0)
        return -1;
    for (size_t i = 0; i < n->n; i++)
        if (n->v[i].pool != NULL && reserve_private(c, n, n->v[i].pool, need, count, f) < 0)
            return -1;
    return n->v[0].wants_public_ip ? reserve_public(c, n, need, count, f) : 0;
}

static void write_made(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                       const struct launch_interface *l, struct network_interface *row)
{
    row->description = l->description;
    row->source_dest_check = true;
    row->wants_public_ip = l->wants_public_ip;
    row->public_ip = l->wants_public_ip ? address_pool_draw(c, &n->public_pool) : NULL;
    CHECK(row->public_ip != NULL || !l->wants_public_ip);
    interface_insert(c, l->subnet, &l->groups, &l->wish, l->pool, row);
    tags_put(c, &in->tag_specifications, "network-interface", row->id);
}

void launch_network_write(struct call *c, const ec2_RunInstances_in *in, struct launch_network *n,
                          const struct instance *i)
{
    for (size_t k = 0; k < n->n; k++) {
        const struct launch_interface *l = &n->v[k];
        struct network_interface row = {0};
        if (l->existing != NULL)
            row = *l->existing;
        interface_attach(c, &row, i, l->device_index, ATTACHMENT_ATTACHED);
        row.delete_on_termination = l->delete_on_termination;
        if (l->existing != NULL)
            store_update_network_interface(c->tx, &row);
        else
            write_made(c, in, n, l, &row);
    }
}
