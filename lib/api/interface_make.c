#include "api/interface_make.h"

#include <errno.h>
#include <string.h>

#include "api/ipv6_pool.h"
#include "api/lookup.h"
#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "core/quota.h"

static int read_ipv4(struct call *c, const struct ec2_PrivateIpAddressSpecificationList *list,
                     struct interface_wish *w, struct fault *f)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct ec2_PrivateIpAddressSpecification *s = &list->v[i];
        if (s->private_ip_address == NULL)
            return fault(f, FAULT_MISSING_PARAMETER,
                         "The request must contain the parameter PrivateIpAddress");
        if (!wire_true(s->primary)) {
            *arena_append(c->arena, &w->secondary) = s->private_ip_address;
            continue;
        }
        if (w->private_ip != NULL)
            return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                         "Only one primary private IP address can be specified.");
        w->private_ip = s->private_ip_address;
    }
    return 0;
}

int interface_wish_read(struct call *c, const char *private_ip,
                        const struct ec2_PrivateIpAddressSpecificationList *private_ips,
                        struct opt_int secondary_count,
                        const struct ec2_InstanceIpv6AddressList *ipv6, struct opt_int ipv6_count,
                        struct interface_wish *ret, struct fault *f)
{
    struct interface_wish w = {
        .private_ip = private_ip,
        .n_secondary = secondary_count.set ? secondary_count.v : 0,
        .n_ipv6 = ipv6_count.set ? ipv6_count.v : 0,
    };
    if (read_ipv4(c, private_ips, &w, f) < 0)
        return -1;
    for (size_t i = 0; i < ipv6->n; i++)
        *arena_append(c->arena, &w.ipv6) = ipv6->v[i].ipv6_address;
    if (w.n_secondary < 0 || w.n_ipv6 < 0)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The number of addresses must not be negative");
    if (w.n_secondary > 0 && w.secondary.n > 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "Secondary private IP addresses and a number of them may not be specified on "
                     "the same request");
    if (w.n_ipv6 > 0 && w.ipv6.n > 0)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "IPv6 addresses and a number of them may not be specified on the same "
                     "request");
    *ret = w;
    return 0;
}

int interface_wish_check(struct call *c, const struct subnet *subnet, struct interface_wish *w,
                         int64_t max, struct fault *f)
{
    if (subnet->assign_ipv6_on_creation && w->ipv6.n == 0 && w->n_ipv6 == 0)
        w->n_ipv6 = 1;
    if (1 + (int64_t)w->secondary.n + w->n_secondary > max || (int64_t)w->ipv6.n + w->n_ipv6 > max)
        return fault(f, FAULT_PRIVATE_IP_ADDRESS_LIMIT_EXCEEDED,
                     "Number of private addresses will exceed limit: it is %lld for an interface.",
                     (long long)max);
    if (subnet->ipv6_cidr_block == NULL && (w->ipv6.n > 0 || w->n_ipv6 > 0))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The subnet '%s' has no IPv6 CIDR block: it gives no IPv6 addresses",
                     subnet->id);
    return 0;
}

int64_t interface_wish_draws(const struct interface_wish *w)
{
    return (w->private_ip == NULL) + w->n_secondary;
}

static int take(struct call *c, struct address_pool *pool, const char *address, struct fault *f)
{
    int r = address_pool_take(c, pool, address);
    if (r == -EADDRINUSE)
        return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", address);
    return r == 0 ? 0
                  : fault(f, FAULT_INVALID_PARAMETER_VALUE,
                          "Address %.64s does not fall within the subnet's address range, or is "
                          "reserved",
                          address);
}

static int take_ipv6(struct call *c, struct address_pool *pool, const char *given, struct fault *f)
{
    if (ipv6_check_free(c, pool->subnet, given, f) < 0)
        return -1;
    const char *address = ipv6_canonical(c, given);
    if (strings_contain(&pool->ipv6_taken, address))
        return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", address);
    *arena_append(c->arena, &pool->ipv6_taken) = address;
    return 0;
}

int interface_wish_take(struct call *c, struct address_pool *pool, const struct interface_wish *w,
                        struct fault *f)
{
    if (w->private_ip != NULL && take(c, pool, w->private_ip, f) < 0)
        return -1;
    for (size_t i = 0; i < w->secondary.n; i++)
        if (take(c, pool, w->secondary.v[i], f) < 0)
            return -1;
    for (size_t i = 0; i < w->ipv6.n; i++)
        if (take_ipv6(c, pool, w->ipv6.v[i], f) < 0)
            return -1;
    return 0;
}

uint64_t interface_pool_ipv6(struct call *c, const struct address_pool *pool)
{
    uint64_t free = ipv6_free(c, pool->subnet);
    return free > pool->ipv6_taken.n ? free - pool->ipv6_taken.n : 0;
}

int interface_pool_check(struct call *c, const struct address_pool *pool,
                         const struct interface_wish *w, struct fault *f)
{
    bool fits = address_pool_free(pool) >= (uint64_t)interface_wish_draws(w) &&
                (w->n_ipv6 == 0 || interface_pool_ipv6(c, pool) >= (uint64_t)w->n_ipv6);
    return fits ? 0 : subnet_is_full(f);
}

int interface_check_quota(struct call *c, int64_t more, struct fault *f)
{
    int64_t there = (int64_t)store_count_network_interfaces(
        c->tx, "account_id", c->principal->account_id, "region", c->region->name);
    if (there + more <= INTERFACES_PER_REGION)
        return 0;
    return fault(f, FAULT_NETWORK_INTERFACE_LIMIT_EXCEEDED,
                 "You have reached the limit of %d network interfaces", INTERFACES_PER_REGION);
}

/* --- rows */

static int64_t next_position(struct call *c, const char *interface_id)
{
    struct interface_address_list l =
        store_interface_addresses(c->tx, c->arena, "interface_id", interface_id);
    int64_t next = 0;
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].position >= next)
            next = l.v[i].position + 1;
    return next;
}

void interface_add(struct call *c, const struct network_interface *n, const char *address,
                   bool is_ipv6)
{
    struct interface_address row = {
        .interface_id = n->id,
        .address = is_ipv6 ? ipv6_canonical(c, address) : address,
        .vpc_id = n->vpc_id,
        .subnet_id = n->subnet_id,
        .is_ipv6 = is_ipv6,
        .position = next_position(c, n->id),
    };
    store_insert_interface_address(c->tx, &row);
}

static void add_others(struct call *c, const struct subnet *subnet, const struct interface_wish *w,
                       struct address_pool *pool, const struct network_interface *n)
{
    for (size_t i = 0; i < w->secondary.n; i++)
        interface_add(c, n, w->secondary.v[i], false);
    for (int64_t i = 0; i < w->n_secondary; i++)
        interface_add(c, n, address_pool_draw(c, pool), false);
    for (size_t i = 0; i < w->ipv6.n; i++)
        interface_add(c, n, w->ipv6.v[i], true);
    for (int64_t i = 0; i < w->n_ipv6; i++)
        interface_add(c, n, ipv6_draw(c, subnet, &pool->ipv6_taken), true);
}

/* 02: locally administered, one station. */
static const char *new_mac(struct call *c)
{
    unsigned char r[5];
    random_bytes(r, sizeof(r));
    return arena_printf(c->arena, "02:%02x:%02x:%02x:%02x:%02x", r[0], r[1], r[2], r[3], r[4]);
}

void interface_insert(struct call *c, const struct subnet *subnet,
                      const struct security_group_list *groups, const struct interface_wish *w,
                      struct address_pool *pool, struct network_interface *row)
{
    row->id = id_make(c->arena, "eni");
    row->account_id = c->principal->account_id;
    row->region = c->region->name;
    row->vpc_id = subnet->vpc_id;
    row->subnet_id = subnet->id;
    row->zone = subnet->zone;
    row->private_ip = w->private_ip != NULL ? w->private_ip : address_pool_draw(c, pool);
    row->mac = new_mac(c);
    if (row->interface_type == NULL)
        row->interface_type = "interface";
    /* eni and twelve digits of the id: fifteen characters, as many as a link's name may have */
    row->tap = arena_printf(c->arena, "eni%.12s", row->id + strlen("eni-"));
    CHECK(row->private_ip != NULL);
    store_insert_network_interface(c->tx, row);
    for (size_t k = 0; k < groups->n; k++) {
        struct interface_group member = {row->id, groups->v[k].id, (int64_t)k};
        store_insert_interface_group(c->tx, &member);
    }
    add_others(c, subnet, w, pool, row);
}
