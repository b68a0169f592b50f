/* network/interfaces/macs: what an instance knows of its interfaces. */
#include <string.h>

#include "base/text.h"
#include "metadata/values.h"

#define FIELD(function, member)                                                                    \
    struct value function(struct guest *g, const char *const *at)                                  \
    {                                                                                              \
        const struct network_interface *n = guest_interface(g, at[0]);                             \
        return value_text(n == NULL ? NULL : n->member);                                           \
    }

FIELD(value_interface_id, id)
FIELD(value_its_mac, mac)
FIELD(value_owner_id, account_id)
FIELD(value_subnet_id, subnet_id)
FIELD(value_vpc_id, vpc_id)

struct name_list names_of_macs(struct guest *g, const char *const *at)
{
    struct network_interface_list l = guest_interfaces(g);
    struct name_list names = {0};
    (void)at;
    for (size_t i = 0; i < l.n; i++)
        arena_append(g->arena, &names)->name = l.v[i].mac;
    return names;
}

struct value value_device_number(struct guest *g, const char *const *at)
{
    const struct network_interface *n = guest_interface(g, at[0]);
    return value_text(n == NULL ? NULL
                                : arena_printf(g->arena, "%lld", (long long)n->device_index));
}

struct value value_network_card(struct guest *g, const char *const *at)
{
    return value_text(guest_interface(g, at[0]) == NULL ? NULL : "0");
}

struct value value_its_local_name(struct guest *g, const char *const *at)
{
    const struct network_interface *n = guest_interface(g, at[0]);
    return value_text(n == NULL ? NULL : guest_private_name(g, n->private_ip));
}

/* --- addresses */

static struct guest_addresses addresses_of(struct guest *g, const char *mac)
{
    const struct network_interface *n = guest_interface(g, mac);
    return n != NULL ? guest_addresses(g, n) : (struct guest_addresses){0};
}

struct value value_its_local_ipv4s(struct guest *g, const char *const *at)
{
    struct guest_addresses all = addresses_of(g, at[0]);
    struct text_list lines = {0};
    for (size_t i = 0; i < all.n; i++)
        *arena_append(g->arena, &lines) = all.v[i].private_ip;
    return value_lines(g->arena, lines);
}

static struct text_list public_ips(struct guest *g, const char *mac)
{
    struct guest_addresses all = addresses_of(g, mac);
    struct text_list lines = {0};
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].public_ip != NULL)
            *arena_append(g->arena, &lines) = all.v[i].public_ip;
    return lines;
}

struct value value_its_public_ipv4s(struct guest *g, const char *const *at)
{
    return value_lines(g->arena, public_ips(g, at[0]));
}

struct name_list names_of_associations(struct guest *g, const char *const *at)
{
    struct text_list ips = public_ips(g, at[0]);
    struct name_list names = {0};
    for (size_t i = 0; i < ips.n; i++)
        arena_append(g->arena, &names)->name = ips.v[i];
    return names;
}

struct value value_association(struct guest *g, const char *const *at)
{
    struct guest_addresses all = addresses_of(g, at[0]);
    for (size_t i = 0; i < all.n; i++)
        if (streq(all.v[i].public_ip, at[1]))
            return value_text(all.v[i].private_ip);
    return value_text(NULL);
}

struct value value_ipv6s(struct guest *g, const char *const *at)
{
    const struct network_interface *n = guest_interface(g, at[0]);
    struct interface_address_list l = {0};
    struct text_list lines = {0};
    if (n != NULL)
        l = guest_further(g, n);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].is_ipv6)
            *arena_append(g->arena, &lines) = l.v[i].address;
    return value_lines(g->arena, lines);
}

/* --- groups */

struct value value_its_group_ids(struct guest *g, const char *const *at)
{
    const struct network_interface *n = guest_interface(g, at[0]);
    return n == NULL ? value_text(NULL) : value_lines(g->arena, guest_groups(g, n, false));
}

struct value value_its_groups(struct guest *g, const char *const *at)
{
    const struct network_interface *n = guest_interface(g, at[0]);
    return n == NULL ? value_text(NULL) : value_lines(g->arena, guest_groups(g, n, true));
}

/* --- its subnet and its VPC */

static const struct subnet *subnet_of(struct guest *g, const char *mac)
{
    const struct network_interface *n = guest_interface(g, mac);
    return n == NULL ? NULL : store_subnet(g->tx, g->arena, n->subnet_id);
}

static const struct vpc *vpc_of(struct guest *g, const char *mac)
{
    const struct network_interface *n = guest_interface(g, mac);
    return n == NULL ? NULL : store_vpc(g->tx, g->arena, n->vpc_id);
}

/* A public name is given where the VPC has DNS host names (AWS: "DNS attributes for your VPC"). */
struct value value_its_public_name(struct guest *g, const char *const *at)
{
    const struct vpc *vpc = vpc_of(g, at[0]);
    struct text_list ips = public_ips(g, at[0]);
    if (vpc == NULL || !vpc->enable_dns_hostnames || ips.n == 0)
        return value_text(NULL);
    return value_text(guest_public_name(g, ips.v[0]));
}

struct value value_subnet_block(struct guest *g, const char *const *at)
{
    const struct subnet *s = subnet_of(g, at[0]);
    return value_text(s == NULL ? NULL : s->cidr_block);
}

struct value value_subnet_ipv6_blocks(struct guest *g, const char *const *at)
{
    const struct subnet *s = subnet_of(g, at[0]);
    return value_text(s == NULL ? NULL : s->ipv6_cidr_block);
}

struct value value_vpc_block(struct guest *g, const char *const *at)
{
    const struct vpc *vpc = vpc_of(g, at[0]);
    return value_text(vpc == NULL ? NULL : vpc->cidr_block);
}

static struct value blocks(struct guest *g, const char *mac, bool ipv6)
{
    const struct vpc *vpc = vpc_of(g, mac);
    struct vpc_cidr_block_list more = {0};
    struct text_list lines = {0};
    if (vpc != NULL)
        more = store_vpc_cidr_blocks(g->tx, g->arena, "vpc_id", vpc->id);
    if (vpc != NULL && !ipv6)
        *arena_append(g->arena, &lines) = vpc->cidr_block;
    for (size_t i = 0; i < more.n; i++)
        if (more.v[i].is_ipv6 == ipv6)
            *arena_append(g->arena, &lines) = more.v[i].cidr_block;
    return value_lines(g->arena, lines);
}

struct value value_vpc_blocks(struct guest *g, const char *const *at)
{
    return blocks(g, at[0], false);
}

struct value value_vpc_ipv6_blocks(struct guest *g, const char *const *at)
{
    return blocks(g, at[0], true);
}
