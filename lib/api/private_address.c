/* AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses, UnassignIpv6Addresses.
 */
#include "api/interface_make.h"
#include "api/interface_view.h"
#include "api/ipv6_pool.h"
#include "api/lookup.h"
#include "base/check.h"
#include "base/text.h"
#include "jobs/interface_rows.h"

/* How many addresses of a kind it may have where it is. */
static int64_t limit_of(struct call *c, const struct network_interface *n)
{
    const struct instance *i = store_instance(c->tx, c->arena, n->instance_id);
    const struct instance_type *type =
        i == NULL ? NULL : instance_type_find(&c->config->instance_types, i->instance_type);
    return type == NULL ? INTERFACE_ADDRESSES_MAX : type->ipv4_per_interface;
}

static struct network_interface *own_interface(struct call *c, const char *id, struct fault *f)
{
    struct network_interface *n = lookup_network_interface(c, id, f);
    return n == NULL || interface_check_own(n, f) < 0 ? NULL : n;
}

static bool has(struct call *c, const struct network_interface *n, const char *address)
{
    return streq(n->private_ip, address) ||
           store_count_interface_addresses(c->tx, "interface_id", n->id, "address", address) > 0;
}

/* Exactly one of a list and a number. */
static int check_form(size_t listed, struct opt_int count, const char *list_name,
                      const char *count_name, struct fault *f)
{
    if (listed > 0 && count.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameters %s and %s may not be specified on the same request", list_name,
                     count_name);
    if (listed == 0 && !count.set)
        return fault(f, FAULT_MISSING_PARAMETER, "Either %s or %s must be specified", list_name,
                     count_name);
    if (count.set && count.v < 1)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%lld) for parameter %s is invalid. It must be 1 or more",
                     (long long)count.v, count_name);
    return 0;
}

static int check_limit(struct call *c, const struct network_interface *n, int64_t have,
                       int64_t more, struct fault *f)
{
    int64_t max = limit_of(c, n);
    if (have + more <= max)
        return 0;
    return fault(f, FAULT_PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
                 "Number of private addresses will exceed limit: it is %lld for the interface %s",
                 (long long)max, n->id);
}

/* A secondary address of another interface of the subnet comes here, and an elastic address that
 * stands before it with it. */
static int move(struct call *c, const struct network_interface *n, const char *address,
                bool allowed, bool *ret_moved, struct fault *f)
{
    struct interface_address_list l =
        store_interface_addresses(c->tx, c->arena, "subnet_id", n->subnet_id, "address", address);
    *ret_moved = l.n > 0 && allowed;
    if (l.n == 0)
        return 0;
    if (!allowed)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE, "[%s] assigned, but move is not allowed.",
                     address);
    const char *from = l.v[0].interface_id;
    struct address_list elastic =
        store_addresses(c->tx, c->arena, "interface_id", from, "private_ip", address);
    store_delete_interface_addresses(c->tx, "interface_id", from, "address", address);
    interface_add(c, n, address, false);
    for (size_t i = 0; i < elastic.n; i++) {
        elastic.v[i].interface_id = n->id;
        store_update_address(c->tx, &elastic.v[i]);
    }
    return 0;
}

static int assign_named(struct call *c, const struct network_interface *n,
                        struct address_pool *pool, const struct wire_strings *addresses,
                        bool may_move, struct fault *f)
{
    for (size_t i = 0; i < addresses->n; i++) {
        const char *address = addresses->v[i];
        bool moved = false;
        if (has(c, n, address))
            continue; /* it is there */
        if (move(c, n, address, may_move, &moved, f) < 0)
            return -1;
        struct interface_wish one = {.private_ip = address};
        if (moved)
            continue;
        if (interface_wish_take(c, pool, &one, f) < 0)
            return -1;
        interface_add(c, n, address, false);
    }
    return 0;
}

int act_ec2_AssignPrivateIpAddresses(struct call *c, const ec2_AssignPrivateIpAddresses_in *in,
                                     ec2_AssignPrivateIpAddresses_out *out, struct fault *f)
{
    struct opt_int count = in->secondary_private_ip_address_count;
    if (check_form(in->private_ip_addresses.n, count, "PrivateIpAddress",
                   "SecondaryPrivateIpAddressCount", f) < 0)
        return -1;
    const struct network_interface *n = own_interface(c, in->network_interface_id, f);
    const struct subnet *subnet = n == NULL ? NULL : store_subnet(c->tx, c->arena, n->subnet_id);
    struct address_pool pool;
    if (subnet == NULL || address_pool_of_subnet(c, subnet, &pool, f) < 0)
        return -1;
    struct wire_strings given = strings_sorted(c->arena, &in->private_ip_addresses);
    int64_t more = count.set ? count.v : 0;
    for (size_t i = 0; i < given.n; i++)
        more += !has(c, n, given.v[i]);
    int64_t have =
        1 + (int64_t)store_count_interface_addresses(c->tx, "interface_id", n->id, "is_ipv6", "0");
    if (check_limit(c, n, have, more, f) < 0 ||
        assign_named(c, n, &pool, &given, wire_true(in->allow_reassignment), f) < 0)
        return -1;
    if (count.set && (int64_t)address_pool_free(&pool) < count.v)
        return subnet_is_full(f);
    for (int64_t i = 0; count.set && i < count.v; i++) {
        const char *drawn = address_pool_draw(c, &pool);
        interface_add(c, n, drawn, false);
        *arena_append(c->arena, &given) = drawn;
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    out->network_interface_id = n->id;
    for (size_t i = 0; i < given.n; i++)
        arena_append(c->arena, &out->assigned_private_ip_addresses)->private_ip_address =
            given.v[i];
    return 0;
}

/* Takes secondary addresses away; elastic ones before them are free again. */
static int unassign(struct call *c, const struct network_interface *n,
                    const struct wire_strings *addresses, struct fault *f)
{
    for (size_t i = 0; i < addresses->n; i++) {
        if (streq(n->private_ip, addresses->v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "[%s] is the primary private address of the interface '%s', which keeps "
                         "it",
                         addresses->v[i], n->id);
        if (!has(c, n, addresses->v[i]))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "Some of [%.64s] are not assigned to interface [%s]", addresses->v[i],
                         n->id);
    }
    for (size_t i = 0; i < addresses->n; i++)
        interface_address_remove(
            c->tx, c->arena,
            &(struct interface_address){.interface_id = n->id, .address = addresses->v[i]});
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    return 0;
}

int act_ec2_UnassignPrivateIpAddresses(struct call *c, const ec2_UnassignPrivateIpAddresses_in *in,
                                       ec2_UnassignPrivateIpAddresses_out *out, struct fault *f)
{
    (void)out;
    if (in->private_ip_addresses.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter PrivateIpAddress");
    const struct network_interface *n = own_interface(c, in->network_interface_id, f);
    return n == NULL ? -1 : unassign(c, n, &in->private_ip_addresses, f);
}

int act_ec2_AssignIpv6Addresses(struct call *c, const ec2_AssignIpv6Addresses_in *in,
                                ec2_AssignIpv6Addresses_out *out, struct fault *f)
{
    struct opt_int count = in->ipv6_address_count;
    if (check_form(in->ipv6_addresses.n, count, "Ipv6Addresses", "Ipv6AddressCount", f) < 0)
        return -1;
    const struct network_interface *n = own_interface(c, in->network_interface_id, f);
    const struct subnet *subnet = n == NULL ? NULL : store_subnet(c->tx, c->arena, n->subnet_id);
    if (subnet == NULL)
        return -1;
    if (subnet->ipv6_cidr_block == NULL)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The subnet '%s' has no IPv6 CIDR block: it gives no IPv6 addresses",
                     subnet->id);
    int64_t have =
        (int64_t)store_count_interface_addresses(c->tx, "interface_id", n->id, "is_ipv6", "1");
    if (check_limit(c, n, have, count.set ? count.v : (int64_t)in->ipv6_addresses.n, f) < 0)
        return -1;
    for (size_t i = 0; i < in->ipv6_addresses.n; i++) {
        if (ipv6_check_free(c, subnet, in->ipv6_addresses.v[i], f) < 0)
            return -1;
        interface_add(c, n, in->ipv6_addresses.v[i], true);
        *arena_append(c->arena, &out->assigned_ipv6_addresses) = in->ipv6_addresses.v[i];
    }
    if (count.set && ipv6_free(c, subnet) < (uint64_t)count.v)
        return subnet_is_full(f);
    for (int64_t i = 0; count.set && i < count.v; i++) {
        const char *drawn = ipv6_draw(c, subnet, &(struct wire_strings){0});
        interface_add(c, n, drawn, true);
        *arena_append(c->arena, &out->assigned_ipv6_addresses) = drawn;
    }
    store_enqueue(c->tx, "vpc", n->vpc_id, c->now);
    out->network_interface_id = n->id;
    return 0;
}

int act_ec2_UnassignIpv6Addresses(struct call *c, const ec2_UnassignIpv6Addresses_in *in,
                                  ec2_UnassignIpv6Addresses_out *out, struct fault *f)
{
    if (in->ipv6_addresses.n == 0)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter Ipv6Addresses");
    const struct network_interface *n = own_interface(c, in->network_interface_id, f);
    if (n == NULL || unassign(c, n, &in->ipv6_addresses, f) < 0)
        return -1;
    out->network_interface_id = n->id;
    out->unassigned_ipv6_addresses = in->ipv6_addresses;
    return 0;
}
