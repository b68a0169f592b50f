#include "api/interface_make.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "base/text.h"

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
    for (size_t i = 0; i < w->ipv6.n; i++)
        if (ipv6_check_free(c, subnet, w->ipv6.v[i], f) < 0)
            return -1;
    return 0;
}

int64_t interface_wish_draws(const struct interface_wish *w)
{
    return (w->private_ip == NULL) + w->n_secondary;
}

int subnet_is_full(struct fault *f)
{
    return fault(f, FAULT_INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET,
                 "The specified subnet does not have enough free addresses to satisfy the "
                 "request.");
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

int interface_wish_take(struct call *c, struct address_pool *pool, const struct interface_wish *w,
                        struct fault *f)
{
    if (w->private_ip != NULL && take(c, pool, w->private_ip, f) < 0)
        return -1;
    for (size_t i = 0; i < w->secondary.n; i++)
        if (take(c, pool, w->secondary.v[i], f) < 0)
            return -1;
    return 0;
}

/* --- IPv6 */

/* Reserved as in IPv4 are the first four and the last (AWS: "Subnet sizing for IPv6"). */
static bool is_reserved(const struct ipv6 *a)
{
    uint64_t host = 0;
    for (size_t i = 8; i < sizeof(a->bytes); i++)
        host = host << 8 | a->bytes[i];
    return host < 4 || host == UINT64_MAX;
}

static bool is_used(struct call *c, const struct subnet *subnet, const char *address)
{
    return store_count_interface_addresses(c->tx, "subnet_id", subnet->id, "address", address) > 0;
}

int ipv6_check_free(struct call *c, const struct subnet *subnet, const char *address,
                    struct fault *f)
{
    struct cidr6 block;
    struct ipv6 parsed;
    char text[IPV6_TEXT_SIZE];
    if (subnet->ipv6_cidr_block == NULL || cidr6_parse(subnet->ipv6_cidr_block, &block) < 0 ||
        address == NULL || ipv6_parse(address, &parsed) < 0 || !cidr6_contains(&block, &parsed) ||
        is_reserved(&parsed))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Address %.64s does not fall within the subnet's IPv6 address range, or is "
                     "reserved",
                     address == NULL ? "" : address);
    ipv6_format(&parsed, text);
    if (is_used(c, subnet, text))
        return fault(f, FAULT_INVALID_IP_ADDRESS_IN_USE, "Address %s is in use.", text);
    return 0;
}

/* Of 2^64 addresses the first that is drawn is free but for a miracle. */
const char *ipv6_draw(struct call *c, const struct subnet *subnet)
{
    struct cidr6 block;
    int r = cidr6_parse(subnet->ipv6_cidr_block, &block);
    CHECK(r == 0); /* we have put it there */
    for (;;) {
        struct ipv6 a = block.address;
        char text[IPV6_TEXT_SIZE];
        random_bytes(a.bytes + 8, 8);
        ipv6_format(&a, text);
        if (!is_reserved(&a) && !is_used(c, subnet, text))
            return arena_strdup(c->arena, text);
    }
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

static const char *canonical(struct call *c, const char *address)
{
    struct ipv6 parsed;
    char text[IPV6_TEXT_SIZE];
    if (ipv6_parse(address, &parsed) < 0)
        return address;
    ipv6_format(&parsed, text);
    return arena_strdup(c->arena, text);
}

void interface_add(struct call *c, const struct network_interface *n, const char *address,
                   bool is_ipv6)
{
    struct interface_address row = {
        .interface_id = n->id,
        .address = is_ipv6 ? canonical(c, address) : address,
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
        interface_add(c, n, ipv6_draw(c, subnet), true);
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
