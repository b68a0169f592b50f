/*
 * AssociateNatGatewayAddress, DisassociateNatGatewayAddress, AssignPrivateNatGatewayAddress,
 * UnassignPrivateNatGatewayAddress: further addresses by which a NAT gateway translates.
 *
 * One that is taken away is drained first: no new connection is translated to it, and those that
 * are live on, for no longer than the request allows (jobs/nat_gateway.c ends it).
 */
#include "api/address.h"
#include "api/interface_addresses.h"
#include "api/ipv6_pool.h"
#include "api/lookup.h"
#include "api/nat_gateway.h"
#include "base/text.h"

#define DRAIN_SECONDS 350 /* AWS's default */

/* Its elastic address, or NULL. */
static const struct address *elastic_of(const struct address_list *l, const char *private_ip)
{
    for (size_t i = 0; i < l->n; i++)
        if (streq(l->v[i].private_ip, private_ip))
            return &l->v[i];
    return NULL;
}

static bool drains(const struct interface_address_list *others, const char *address)
{
    for (size_t i = 0; i < others->n; i++)
        if (streq(others->v[i].address, address))
            return others->v[i].drain_until > 0;
    return false;
}

void nat_addresses_view(struct call *c, const struct nat_gateway *g,
                        struct ec2_NatGatewayAddressList *out)
{
    wire_list_empty(out);
    const struct network_interface *n = store_network_interface(c->tx, c->arena, g->interface_id);
    if (n == NULL)
        return;
    struct address_list elastic = store_addresses(c->tx, c->arena, "interface_id", n->id);
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", n->id);
    struct wire_strings all = private_addresses_of(c, n, &others);
    for (size_t i = 0; i < all.n; i++) {
        const struct address *its = elastic_of(&elastic, all.v[i]);
        struct ec2_NatGatewayAddress *a = arena_append(c->arena, out);
        a->network_interface_id = n->id;
        a->private_ip = all.v[i];
        a->is_primary = wire_bool(i == 0);
        a->status = "succeeded";
        if (drains(&others, all.v[i]))
            a->status = g->is_public ? "disassociating" : "unassigning";
        if (its == NULL)
            continue;
        a->allocation_id = its->id;
        a->association_id = its->association_id;
        a->public_ip = its->public_ip;
    }
}

/* Those of the reply: with this status, they alone. */
static void answer(struct call *c, const struct nat_gateway *g, const struct wire_strings *these,
                   const char *status, struct ec2_NatGatewayAddressList *out)
{
    struct ec2_NatGatewayAddressList all = {0};
    nat_addresses_view(c, g, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (!strings_contain(these, all.v[i].private_ip))
            continue;
        all.v[i].status = status;
        *arena_append(c->arena, out) = all.v[i];
    }
}

int nat_addresses_check(int64_t count, struct fault *f)
{
    if (count <= NAT_ADDRESSES_MAX)
        return 0;
    return fault(f, FAULT_PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
                 "Number of private addresses will exceed limit: it is %d for a NAT gateway.",
                 NAT_ADDRESSES_MAX);
}

int nat_elastic_find(struct call *c, const struct wire_strings *allocation_ids,
                     struct address_list *ret, struct fault *f)
{
    struct address_list found = {0};
    for (size_t i = 0; i < allocation_ids->n; i++) {
        const struct address *a = lookup_address(c, allocation_ids->v[i], f);
        if (a == NULL)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (streq(allocation_ids->v[k], a->id))
                return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                             "The allocation '%s' is named more than once", a->id);
        *arena_append(c->arena, &found) = *a;
    }
    *ret = found;
    return 0;
}

/* The gateway, of the kind that the action is for, and its interface. */
static struct nat_gateway *gateway_of(struct call *c, const char *id, bool is_public,
                                      struct network_interface **ret_interface, struct fault *f)
{
    struct nat_gateway *g = lookup_nat_gateway(c, id, f);
    if (g == NULL)
        return NULL;
    if (g->is_public != is_public) {
        (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "The NAT gateway '%s' is %s, and not %s", id,
                    g->is_public ? "public" : "private", is_public ? "public" : "private");
        return NULL;
    }
    if (g->state != NAT_GATEWAY_AVAILABLE) {
        (void)fault(f, FAULT_INCORRECT_STATE, "The NAT gateway '%s' is %s, and not available", id,
                    state_name(&nat_gateway_states, g->state));
        return NULL;
    }
    *ret_interface = store_network_interface(c->tx, c->arena, g->interface_id);
    return *ret_interface == NULL ? NULL : g;
}

/* Gives it these, and so many besides; *ret has them all. */
static int assign(struct call *c, const struct network_interface *n,
                  const struct wire_strings *named, int64_t count, struct wire_strings *ret,
                  struct fault *f)
{
    struct wire_strings given = {0};
    struct address_pool pool;
    const struct subnet *subnet = store_subnet(c->tx, c->arena, n->subnet_id);
    int64_t have =
        1 + (int64_t)store_count_interface_addresses(c->tx, "interface_id", n->id, "is_ipv6", "0");
    if (subnet == NULL || nat_addresses_check(have + (int64_t)named->n + count, f) < 0 ||
        address_pool_of_subnet(c, subnet, &pool, f) < 0)
        return -1;
    for (size_t i = 0; i < named->n; i++) {
        struct interface_wish one = {.private_ip = named->v[i]};
        if (interface_wish_take(c, &pool, &one, f) < 0)
            return -1;
        *arena_append(c->arena, &given) = named->v[i];
    }
    if ((int64_t)address_pool_free(&pool) < count)
        return subnet_is_full(f);
    for (int64_t i = 0; i < count; i++)
        *arena_append(c->arena, &given) = address_pool_draw(c, &pool);
    for (size_t i = 0; i < given.n; i++)
        interface_add(c, n, given.v[i], false);
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    *ret = given;
    return 0;
}

int act_ec2_AssociateNatGatewayAddress(struct call *c, const ec2_AssociateNatGatewayAddress_in *in,
                                       ec2_AssociateNatGatewayAddress_out *out, struct fault *f)
{
    struct network_interface *n = NULL;
    struct address_list elastic = {0};
    struct wire_strings given;
    const struct nat_gateway *g = gateway_of(c, in->nat_gateway_id, true, &n, f);
    if (g == NULL || nat_elastic_find(c, &in->allocation_ids, &elastic, f) < 0)
        return -1;
    for (size_t i = 0; i < elastic.n; i++)
        if (elastic.v[i].association_id != NULL)
            return fault(f, FAULT_RESOURCE_ALREADY_ASSOCIATED,
                         "Elastic IP address [%s] is already associated", elastic.v[i].id);
    if (in->private_ip_addresses.n > 0 && in->private_ip_addresses.n != elastic.n)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "There must be as many private IP addresses as allocations, or none");
    int64_t count = in->private_ip_addresses.n > 0 ? 0 : (int64_t)elastic.n;
    if (assign(c, n, &in->private_ip_addresses, count, &given, f) < 0)
        return -1;
    for (size_t i = 0; i < elastic.n; i++)
        address_associate(c, &elastic.v[i], n, given.v[i]);
    out->nat_gateway_id = g->id;
    answer(c, g, &given, "associating", &out->nat_gateway_addresses);
    return 0;
}

int act_ec2_AssignPrivateNatGatewayAddress(struct call *c,
                                           const ec2_AssignPrivateNatGatewayAddress_in *in,
                                           ec2_AssignPrivateNatGatewayAddress_out *out,
                                           struct fault *f)
{
    struct network_interface *n = NULL;
    struct wire_strings given;
    struct opt_int count = in->private_ip_address_count;
    if (in->private_ip_addresses.n > 0 && count.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Private IP addresses and a number of them may not be specified on the same "
                     "request");
    if (in->private_ip_addresses.n == 0 && !count.set)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter PrivateIpAddress or "
                     "PrivateIpAddressCount");
    const struct nat_gateway *g = gateway_of(c, in->nat_gateway_id, false, &n, f);
    if (g == NULL ||
        assign(c, n, &in->private_ip_addresses, count.set ? count.v : 0, &given, f) < 0)
        return -1;
    out->nat_gateway_id = g->id;
    answer(c, g, &given, "assigning", &out->nat_gateway_addresses);
    return 0;
}

/* Has the addresses drained, and then taken away. */
static int drain(struct call *c, const struct nat_gateway *g, const struct network_interface *n,
                 const struct wire_strings *these, struct opt_int seconds, struct fault *f)
{
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", n->id);
    int64_t until = c->now + (seconds.set ? seconds.v : DRAIN_SECONDS) * 1000;
    for (size_t i = 0; i < these->n; i++)
        if (streq(n->private_ip, these->v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "[%s] is the primary address of the NAT gateway '%s', which keeps it",
                         these->v[i], g->id);
    for (size_t i = 0; i < others.n; i++) {
        struct interface_address *a = &others.v[i];
        if (!strings_contain(these, a->address) || a->drain_until > 0)
            continue; /* it is on its way */
        a->drain_until = until;
        store_update_interface_address(c->tx, a);
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    store_enqueue(c->tx, "nat-gateway", g->id, c->now);
    return 0;
}

int act_ec2_DisassociateNatGatewayAddress(struct call *c,
                                          const ec2_DisassociateNatGatewayAddress_in *in,
                                          ec2_DisassociateNatGatewayAddress_out *out,
                                          struct fault *f)
{
    struct network_interface *n = NULL;
    struct wire_strings these = {0};
    const struct nat_gateway *g = gateway_of(c, in->nat_gateway_id, true, &n, f);
    if (g == NULL)
        return -1;
    struct address_list elastic = store_addresses(c->tx, c->arena, "interface_id", n->id);
    for (size_t i = 0; i < in->association_ids.n; i++) {
        const char *id = in->association_ids.v[i];
        size_t k = 0;
        while (k < elastic.n && !streq(elastic.v[k].association_id, id))
            k++;
        if (k == elastic.n)
            return fault(f, FAULT_INVALID_ASSOCIATION_ID_NOT_FOUND,
                         "The association ID '%s' does not exist for the NAT gateway '%s'", id,
                         g->id);
        *arena_append(c->arena, &these) = elastic.v[k].private_ip;
    }
    if (drain(c, g, n, &these, in->max_drain_duration_seconds, f) < 0)
        return -1;
    out->nat_gateway_id = g->id;
    answer(c, g, &these, "disassociating", &out->nat_gateway_addresses);
    return 0;
}

int act_ec2_UnassignPrivateNatGatewayAddress(struct call *c,
                                             const ec2_UnassignPrivateNatGatewayAddress_in *in,
                                             ec2_UnassignPrivateNatGatewayAddress_out *out,
                                             struct fault *f)
{
    struct network_interface *n = NULL;
    const struct nat_gateway *g = gateway_of(c, in->nat_gateway_id, false, &n, f);
    if (g == NULL)
        return -1;
    struct interface_address_list others =
        store_interface_addresses(c->tx, c->arena, "interface_id", n->id);
    struct wire_strings all = private_addresses_of(c, n, &others);
    for (size_t i = 0; i < in->private_ip_addresses.n; i++)
        if (!strings_contain(&all, in->private_ip_addresses.v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "[%.64s] is not assigned to the NAT gateway '%s'",
                         in->private_ip_addresses.v[i], g->id);
    if (drain(c, g, n, &in->private_ip_addresses, in->max_drain_duration_seconds, f) < 0)
        return -1;
    out->nat_gateway_id = g->id;
    answer(c, g, &in->private_ip_addresses, "unassigning", &out->nat_gateway_addresses);
    return 0;
}
