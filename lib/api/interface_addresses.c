#include "api/interface_addresses.h"

#include <stdlib.h>

#include "base/text.h"
#include "core/hostname.h"

const char *public_dns_name(struct call *c, const char *public_ip)
{
    return arena_printf(c->arena, "%s.%s", hostname_of(c->arena, "ec2", public_ip),
                        c->region->public_domain);
}

static const struct address *elastic_before(const struct network_interface *n,
                                            const struct address_list *elastic,
                                            const char *private_ip)
{
    for (size_t i = 0; i < elastic->n; i++)
        if (streq(elastic->v[i].interface_id, n->id) && streq(elastic->v[i].private_ip, private_ip))
            return &elastic->v[i];
    return NULL;
}

struct public_address public_address_of(struct call *c, const struct network_interface *n,
                                        const struct address_list *elastic, const char *private_ip)
{
    struct public_address p = {.elastic = elastic_before(n, elastic, private_ip)};
    if (p.elastic != NULL) {
        p.ip = p.elastic->public_ip;
        p.owner_id = p.elastic->account_id;
    } else if (n->public_ip != NULL && streq(n->private_ip, private_ip)) {
        p.ip = n->public_ip;
        p.owner_id = POOL_OWNER;
    } else {
        return p;
    }
    p.dns_name = public_dns_name(c, p.ip);
    return p;
}

static int by_position(const void *a, const void *b)
{
    int64_t x = ((const struct interface_address *)a)->position;
    int64_t y = ((const struct interface_address *)b)->position;
    return x < y ? -1 : x > y;
}

static void append_others(struct call *c, const struct interface_address_list *others, bool ipv6,
                          struct wire_strings *to)
{
    if (others->n == 0)
        return;
    struct interface_address *sorted =
        arena_memdup(c->arena, others->v, others->n * sizeof(*others->v));
    qsort(sorted, others->n, sizeof(*sorted), by_position);
    for (size_t i = 0; i < others->n; i++)
        if (sorted[i].is_ipv6 == ipv6)
            *arena_append(c->arena, to) = sorted[i].address;
}

struct wire_strings private_addresses_of(struct call *c, const struct network_interface *n,
                                         const struct interface_address_list *others)
{
    struct wire_strings list = {0};
    *arena_append(c->arena, &list) = n->private_ip;
    append_others(c, others, false, &list);
    return list;
}

struct wire_strings ipv6_addresses_of(struct call *c, const struct interface_address_list *others)
{
    struct wire_strings list = {0};
    append_others(c, others, true, &list);
    return list;
}
