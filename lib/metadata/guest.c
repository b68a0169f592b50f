#include "metadata/guest.h"

#include <stdlib.h>

#include "base/text.h"
#include "core/hostname.h"

bool guest_find(struct tx *tx, struct arena *a, const char *vpc_id, const char *address,
                struct guest *ret_guest)
{
    struct network_interface *n = store_interface_at(tx, a, vpc_id, address);
    struct instance *i = n == NULL ? NULL : store_instance(tx, a, n->instance_id);
    const struct region *region = i == NULL ? NULL : region_find(i->region);
    if (region == NULL || !instance_uses_capacity(i))
        return false;
    *ret_guest = (struct guest){
        .tx = tx,
        .arena = a,
        .region = region,
        .instance = i,
        .interface = n,
    };
    return true;
}

static int by_device(const void *left, const void *right)
{
    const struct network_interface *a = left;
    const struct network_interface *b = right;
    return (a->device_index > b->device_index) - (a->device_index < b->device_index);
}

struct network_interface_list guest_interfaces(struct guest *g)
{
    if (!g->has_interfaces) {
        g->interfaces = store_network_interfaces(g->tx, g->arena, "instance_id", g->instance->id);
        if (g->interfaces.n > 1)
            qsort(g->interfaces.v, g->interfaces.n, sizeof(*g->interfaces.v), by_device);
        g->has_interfaces = true;
    }
    return g->interfaces;
}

const struct network_interface *guest_primary(struct guest *g)
{
    struct network_interface_list l = guest_interfaces(g);
    return l.n > 0 ? &l.v[0] : g->interface;
}

const struct network_interface *guest_interface(struct guest *g, const char *mac)
{
    struct network_interface_list l = guest_interfaces(g);
    for (size_t i = 0; i < l.n; i++)
        if (streq(l.v[i].mac, mac))
            return &l.v[i];
    return NULL;
}

const char *guest_private_name(const struct guest *g, const char *private_ip)
{
    return arena_printf(g->arena, "%s.%s", hostname_of(g->arena, "ip", private_ip),
                        g->region->domain);
}

const char *guest_public_name(const struct guest *g, const char *public_ip)
{
    return public_ip == NULL
               ? NULL
               : arena_printf(g->arena, "%s.%s", hostname_of(g->arena, "ec2", public_ip),
                              g->region->public_domain);
}

static int by_position(const void *left, const void *right)
{
    const struct interface_address *a = left;
    const struct interface_address *b = right;
    return (a->position > b->position) - (a->position < b->position);
}

struct interface_address_list guest_further(const struct guest *g,
                                            const struct network_interface *n)
{
    struct interface_address_list l =
        store_interface_addresses(g->tx, g->arena, "interface_id", n->id);
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(*l.v), by_position);
    return l;
}

struct guest_addresses guest_addresses(const struct guest *g, const struct network_interface *n)
{
    struct guest_addresses all = {0};
    struct interface_address_list more = guest_further(g, n);
    struct address_list elastic = store_addresses(g->tx, g->arena, "interface_id", n->id);
    *arena_append(g->arena, &all) = (struct guest_address){n->private_ip, n->public_ip};
    for (size_t i = 0; i < more.n; i++)
        if (!more.v[i].is_ipv6)
            arena_append(g->arena, &all)->private_ip = more.v[i].address;
    for (size_t i = 0; i < all.n; i++)
        for (size_t k = 0; k < elastic.n; k++)
            if (streq(elastic.v[k].private_ip, all.v[i].private_ip))
                all.v[i].public_ip = elastic.v[k].public_ip;
    return all;
}

struct text_list guest_groups(const struct guest *g, const struct network_interface *n, bool names)
{
    struct text_list out = {0};
    struct interface_group_list groups =
        store_interface_groups(g->tx, g->arena, "interface_id", n->id);
    for (int64_t position = 0; position < (int64_t)groups.n; position++)
        for (size_t k = 0; k < groups.n; k++) {
            if (groups.v[k].position != position)
                continue;
            const struct security_group *row =
                names ? store_security_group(g->tx, g->arena, groups.v[k].group_id) : NULL;
            *arena_append(g->arena, &out) = row == NULL ? groups.v[k].group_id : row->name;
        }
    return out;
}
