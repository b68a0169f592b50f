/* The network of a VPC, as the rows say it should be. */
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "jobs/plan.h"
#include "jobs/plan_parts.h"
#include "store/ports.h"

static void load_blocks(struct tx *tx, struct arena *a, const struct vpc *row, struct net_vpc *v)
{
    struct vpc_cidr_block_list more = store_vpc_cidr_blocks(tx, a, "vpc_id", row->id);
    struct plan_words blocks[2] = {0};
    *arena_append(a, &blocks[0]) = row->cidr_block;
    for (size_t i = 0; i < more.n; i++)
        *arena_append(a, &blocks[more.v[i].is_ipv6]) = more.v[i].cidr_block;
    v->cidrs = blocks[0].v;
    v->n_cidrs = blocks[0].n;
    v->ipv6_cidrs = blocks[1].v;
    v->n_ipv6_cidrs = blocks[1].n;
}

static void load_gateways(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct internet_gateway_list gateways = store_internet_gateways(tx, a, "vpc_id", v->vpc_id);
    struct route_table_association_list associations =
        store_route_table_associations(tx, a, "vpc_id", v->vpc_id);
    v->has_internet_gateway = gateways.n > 0;
    v->edge_table = -1;
    for (size_t i = 0; i < associations.n; i++)
        if (gateways.n > 0 && streq(associations.v[i].gateway_id, gateways.v[0].id))
            v->edge_table = plan_table_number(v, associations.v[i].route_table_id);
}

static void load_subnets(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct subnet_list subnets = store_subnets(tx, a, "vpc_id", v->vpc_id);
    struct route_table_association_list tables =
        store_route_table_associations(tx, a, "vpc_id", v->vpc_id);
    struct network_acl_association_list acls =
        store_network_acl_associations(tx, a, "vpc_id", v->vpc_id);
    struct net_subnet *out = arena_array(a, subnets.n, struct net_subnet);
    for (size_t i = 0; i < subnets.n; i++) {
        const struct subnet *row = &subnets.v[i];
        out[i] = (struct net_subnet){
            .subnet_id = row->id,
            .cidr = row->cidr_block,
            .ipv6_cidr = row->ipv6_cidr_block,
            .bridge = arena_printf(a, "br%lld", (long long)row->number),
            .table = -1,
        };
        for (size_t k = 0; k < tables.n; k++) {
            const struct route_table_association *t = &tables.v[k];
            if (streq(t->subnet_id, row->id) || (t->is_main && out[i].table < 0))
                out[i].table = plan_table_number(v, t->route_table_id);
            if (streq(t->subnet_id, row->id))
                break;
        }
        for (size_t k = 0; k < acls.n; k++)
            if (streq(acls.v[k].subnet_id, row->id))
                out[i].acl_id = acls.v[k].network_acl_id;
    }
    v->subnets = out;
    v->n_subnets = subnets.n;
}

static void load_acls(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct network_acl_list acls = store_network_acls(tx, a, "vpc_id", v->vpc_id);
    struct net_acl *out = arena_array(a, acls.n, struct net_acl);
    for (size_t i = 0; i < acls.n; i++) {
        struct network_acl_entry_list entries =
            store_network_acl_entries(tx, a, "network_acl_id", acls.v[i].id);
        out[i] = (struct net_acl){acls.v[i].id, entries.v, entries.n};
    }
    v->acls = out;
    v->n_acls = acls.n;
}

static struct plan_words split(struct arena *a, const char *list)
{
    struct plan_words words = {0};
    for (const char *at = list; at[strspn(at, ", ")] != '\0';) {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ", ");
        *arena_append(a, &words) = arena_strndup(a, at, len);
        at += len;
    }
    return words;
}

static void load_dhcp(struct tx *tx, struct arena *a, const char *options_id, struct net_dhcp *dhcp)
{
    struct dhcp_option_list options =
        store_dhcp_option_values(tx, a, "dhcp_options_id", options_id);
    for (size_t i = 0; i < options.n; i++) {
        const struct dhcp_option *o = &options.v[i];
        struct plan_words values = split(a, o->value);
        if (streq(o->name, "domain-name") && values.n > 0) {
            dhcp->domain_name = values.v[0];
        } else if (streq(o->name, "domain-name-servers")) {
            dhcp->name_servers = values.v;
            dhcp->n_name_servers = values.n;
        } else if (streq(o->name, "ntp-servers")) {
            dhcp->ntp_servers = values.v;
            dhcp->n_ntp_servers = values.n;
        } else if (streq(o->name, "netbios-name-servers")) {
            dhcp->netbios_name_servers = values.v;
            dhcp->n_netbios_name_servers = values.n;
        } else if (streq(o->name, "netbios-node-type") && values.n > 0) {
            dhcp->netbios_node_type = values.v[0];
        }
    }
}

/* Everybody may ask for them, wherever the address is. */
static void load_reverse_names(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct reverse_name_list all = store_reverse_names(tx, a);
    struct net_reverse_name *out = arena_array(a, all.n, struct net_reverse_name);
    for (size_t i = 0; i < all.n; i++)
        out[i] = (struct net_reverse_name){all.v[i].public_ip, all.v[i].domain_name};
    v->reverse_names = out;
    v->n_reverse_names = all.n;
}

static void load_peerings(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct {
        struct net_peering *v;
        size_t n;
    } peerings = {0};
    static const char *const sides[] = {"requester_vpc_id", "accepter_vpc_id"};
    for (int side = 0; side < 2; side++) {
        struct vpc_peering_connection_list rows =
            store_vpc_peering_connections(tx, a, sides[side], v->vpc_id);
        for (size_t i = 0; i < rows.n; i++) {
            const struct vpc_peering_connection *p = &rows.v[i];
            const struct vpc *peer =
                store_vpc(tx, a, side == 0 ? p->accepter_vpc_id : p->requester_vpc_id);
            if (p->state != PEERING_ACTIVE || peer == NULL)
                continue;
            struct net_vpc its = {0};
            load_blocks(tx, a, peer, &its);
            struct plan_words blocks = {0};
            for (size_t k = 0; k < its.n_cidrs; k++)
                *arena_append(a, &blocks) = its.cidrs[k];
            for (size_t k = 0; k < its.n_ipv6_cidrs; k++)
                *arena_append(a, &blocks) = its.ipv6_cidrs[k];
            *arena_append(a, &peerings) = (struct net_peering){
                .peering_id = p->id,
                .number = p->number,
                .is_requester = side == 0,
                .peer_vpc_id = peer->id,
                .peer_blocks = blocks.v,
                .n_peer_blocks = blocks.n,
            };
        }
    }
    v->peerings = peerings.v;
    v->n_peerings = peerings.n;
}

bool plan_vpc(struct tx *tx, struct arena *a, const char *vpc_id, struct net_vpc *ret_vpc)
{
    return plan_vpc_part(tx, a, vpc_id, NULL, ret_vpc);
}

bool plan_vpc_part(struct tx *tx, struct arena *a, const char *vpc_id, const struct net_part *part,
                   struct net_vpc *ret_vpc)
{
    struct vpc *row = store_vpc(tx, a, vpc_id);
    if (row == NULL)
        return false;
    const struct region *region = region_find(row->region);
    CHECK(region != NULL);
    struct net_vpc v = {
        .vpc_id = row->id,
        .region = row->region,
        .index = row->number,
        .domain = region->domain,
        .dns_support = row->enable_dns_support,
    };
    load_blocks(tx, a, row, &v);
    plan_load_tables(tx, a, &v);
    load_gateways(tx, a, &v);
    load_subnets(tx, a, &v);
    load_acls(tx, a, &v);
    load_dhcp(tx, a, row->dhcp_options_id, &v.dhcp);
    load_reverse_names(tx, a, &v);
    load_peerings(tx, a, &v);
    plan_load_groups(tx, a, &v);
    plan_load_ports(tx, a, part, &v);
    plan_load_references(tx, a, &v);
    *ret_vpc = v;
    return true;
}
