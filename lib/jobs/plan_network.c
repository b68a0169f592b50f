/* The network of a VPC, as the rows say it should be. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "core/hostname.h"
#include "jobs/plan.h"

struct words {
    const char **v;
    size_t n;
};

/* --- routes */

static bool peering_is_of(const struct vpc_peering_connection *p, const char *vpc_id)
{
    return p != NULL && p->state == PEERING_ACTIVE &&
           (streq(p->requester_vpc_id, vpc_id) || streq(p->accepter_vpc_id, vpc_id));
}

enum net_route_kind plan_route_kind(struct tx *tx, struct arena *a, const char *vpc_id,
                                    const struct route *route)
{
    const char *id = route->target_id;
    if (has_prefix(id, "igw-")) {
        const struct internet_gateway *g = store_internet_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id))
            return NET_ROUTE_INTERNET;
    } else if (has_prefix(id, "eigw-")) {
        const struct egress_only_gateway *g = store_egress_only_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id))
            return NET_ROUTE_EGRESS_ONLY;
    } else if (has_prefix(id, "nat-")) {
        const struct nat_gateway *g = store_nat_gateway(tx, a, id);
        if (g != NULL && streq(g->vpc_id, vpc_id) && g->state == NAT_GATEWAY_AVAILABLE &&
            g->interface_id != NULL)
            return NET_ROUTE_PORT;
    } else if (has_prefix(id, "eni-")) {
        const struct network_interface *n = store_network_interface(tx, a, id);
        if (n != NULL && streq(n->vpc_id, vpc_id) && n->instance_id != NULL)
            return NET_ROUTE_PORT;
    } else if (has_prefix(id, "pcx-")) {
        if (peering_is_of(store_vpc_peering_connection(tx, a, id), vpc_id))
            return NET_ROUTE_PEERING;
    }
    return NET_ROUTE_BLACKHOLE;
}

/* A gateway endpoint is a record: there is no service behind it to lead to. */
static bool leads_to_endpoint(const struct route *route)
{
    return has_prefix(route->target_id, "vpce-");
}

/* Was the machine asked for the network, and has not followed? */
static bool has_failed(const struct vpc *vpc)
{
    return vpc->network_error != NULL && !streq(vpc->network_error, VPC_UNMADE);
}

bool plan_route_is_active(struct tx *tx, struct arena *a, const char *vpc_id,
                          const struct route *route)
{
    if (leads_to_endpoint(route))
        return store_vpc_endpoint(tx, a, route->target_id) != NULL;
    const struct vpc *vpc = store_vpc(tx, a, vpc_id);
    if (vpc == NULL || has_failed(vpc))
        return false;
    return plan_route_kind(tx, a, vpc_id, route) != NET_ROUTE_BLACKHOLE;
}

struct routes {
    struct net_route *v;
    size_t n;
};

/* The blocks of a list as it is now. */
static struct words blocks_of(struct tx *tx, struct arena *a, const char *prefix_list_id)
{
    struct words blocks = {0};
    const struct aws_prefix_list *aws = aws_prefix_list_find(prefix_list_id);
    for (size_t i = 0; aws != NULL && i < aws->n_cidr_blocks; i++)
        *arena_append(a, &blocks) = aws->cidr_blocks[i];
    struct prefix_list_entry_list entries =
        store_prefix_list_entries(tx, a, "prefix_list_id", prefix_list_id);
    for (size_t i = 0; i < entries.n; i++)
        if (entries.v[i].to_version == 0)
            *arena_append(a, &blocks) = entries.v[i].cidr_block;
    return blocks;
}

static bool has_route(const struct routes *routes, const char *destination)
{
    for (size_t i = 0; i < routes->n; i++)
        if (streq(routes->v[i].destination, destination))
            return true;
    return false;
}

static const char *interface_of(struct tx *tx, struct arena *a, const char *target_id)
{
    return has_prefix(target_id, "nat-") ? store_nat_gateway(tx, a, target_id)->interface_id
                                         : target_id;
}

static struct routes load_routes(struct tx *tx, struct arena *a, const char *vpc_id,
                                 const char *table_id)
{
    struct route_list rows = store_routes(tx, a, "route_table_id", table_id);
    struct routes routes = {0};
    /* A block that has a route of its own counts more than the same one in a prefix list (AWS:
     * "Route priority and prefix lists"). */
    for (int of_lists = 0; of_lists < 2; of_lists++)
        for (size_t i = 0; i < rows.n; i++) {
            const struct route *row = &rows.v[i];
            if (has_prefix(row->destination, "pl-") != (of_lists == 1) || leads_to_endpoint(row))
                continue;
            struct net_route route = {.destination = row->destination,
                                      .kind = plan_route_kind(tx, a, vpc_id, row)};
            if (route.kind == NET_ROUTE_PORT)
                route.target_id = interface_of(tx, a, row->target_id);
            if (route.kind == NET_ROUTE_PEERING)
                route.target_id = row->target_id;
            struct words blocks = {.n = 0};
            if (of_lists == 1)
                blocks = blocks_of(tx, a, row->destination);
            else
                *arena_append(a, &blocks) = row->destination;
            for (size_t k = 0; k < blocks.n; k++) {
                route.destination = blocks.v[k];
                if (!has_route(&routes, route.destination))
                    *arena_append(a, &routes) = route;
            }
        }
    return routes;
}

static void load_tables(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct route_table_list tables = store_route_tables(tx, a, "vpc_id", v->vpc_id);
    struct net_route_table *out = arena_array(a, tables.n, struct net_route_table);
    for (size_t i = 0; i < tables.n; i++) {
        struct routes routes = load_routes(tx, a, v->vpc_id, tables.v[i].id);
        out[i] = (struct net_route_table){
            .route_table_id = tables.v[i].id,
            .number = tables.v[i].number,
            .routes = routes.v,
            .n_routes = routes.n,
        };
    }
    v->tables = out;
    v->n_tables = tables.n;
}

static int64_t table_number(const struct net_vpc *v, const char *route_table_id)
{
    for (size_t i = 0; i < v->n_tables; i++)
        if (streq(v->tables[i].route_table_id, route_table_id))
            return v->tables[i].number;
    return -1;
}

/* --- subnets and blocks */

static void load_blocks(struct tx *tx, struct arena *a, const struct vpc *row, struct net_vpc *v)
{
    struct vpc_cidr_block_list more = store_vpc_cidr_blocks(tx, a, "vpc_id", row->id);
    struct words blocks[2] = {0};
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
            v->edge_table = table_number(v, associations.v[i].route_table_id);
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
                out[i].table = table_number(v, t->route_table_id);
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

static struct words split(struct arena *a, const char *list)
{
    struct words words = {0};
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
        struct words values = split(a, o->value);
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
    struct address_list all = store_addresses(tx, a);
    struct net_reverse_name *out = arena_array(a, all.n, struct net_reverse_name);
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].domain_name != NULL)
            out[n++] = (struct net_reverse_name){all.v[i].public_ip, all.v[i].domain_name};
    v->reverse_names = out;
    v->n_reverse_names = n;
}

/* --- interfaces */

/* What ports are made of, read once for all of them. */
struct port_rows {
    struct instance_list instances;     /* by id */
    struct address_list elastic;        /* by interface and private address */
    struct interface_address_list more; /* of the VPC, in the order of their interfaces */
    struct interface_group_list groups; /* of the VPC's interfaces, in their order */
    struct nat_gateway_list nats;
};

static int compare_elastic(const void *left, const void *right)
{
    const struct address *a = left;
    const struct address *b = right;
    int c = strcmp(a->interface_id, b->interface_id);
    return c != 0 ? c : strcmp(a->private_ip, b->private_ip);
}

/* Those that stand before an address. */
static struct address_list load_elastic(struct tx *tx, struct arena *a, const char *region)
{
    struct address_list all = store_addresses(tx, a, "region", region);
    struct address_list found = {.v = all.v};
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].interface_id != NULL && all.v[i].private_ip != NULL)
            found.v[found.n++] = all.v[i];
    if (found.n > 1)
        qsort(found.v, found.n, sizeof(found.v[0]), compare_elastic);
    return found;
}

static const char *elastic_before(const struct port_rows *rows, const char *interface_id,
                                  const char *private_ip)
{
    const struct address key = {.interface_id = interface_id, .private_ip = private_ip};
    const struct address *found = rows->elastic.n == 0
                                      ? NULL
                                      : bsearch(&key, rows->elastic.v, rows->elastic.n,
                                                sizeof(rows->elastic.v[0]), compare_elastic);
    return found == NULL ? NULL : found->public_ip;
}

/* The number of the first of `n` rows that is of the interface, or where it would be: each row, of
 * `size` bytes, begins with the id of its interface and is in its order. */
static size_t first_of(const void *rows, size_t n, size_t size, const char *interface_id)
{
    size_t low = 0;
    for (size_t high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        const char *const *its = (const void *)((const char *)rows + middle * size);
        if (strcmp(*its, interface_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#define FIRST_OF(list, interface_id)                                                               \
    first_of((list)->v, (list)->n, sizeof((list)->v[0]), (interface_id))

static const struct nat_gateway *nat_of(const struct port_rows *rows, const char *interface_id)
{
    for (size_t i = 0; i < rows->nats.n; i++)
        if (streq(rows->nats.v[i].interface_id, interface_id))
            return &rows->nats.v[i];
    return NULL;
}

static int compare_instances(const void *id, const void *instance)
{
    return strcmp(id, ((const struct instance *)instance)->id);
}

/* What the guest is called, and whether that resolves: names of an instance are those of its
 * first interface. */
static void name_port(struct arena *a, const struct port_rows *rows,
                      const struct network_interface *n, struct net_port *port)
{
    const struct instance *i = NULL;
    port->hostname = hostname_of(a, "ip", n->private_ip);
    if (n->instance_id != NULL && n->device_index == 0 && rows->instances.n > 0)
        i = bsearch(n->instance_id, rows->instances.v, rows->instances.n,
                    sizeof(rows->instances.v[0]), compare_instances);
    if (i == NULL)
        return;
    port->hostname = hostname_of_instance(a, i, n->private_ip);
    port->resource_a = i->resource_name_a ? i->id : NULL;
    port->resource_aaaa = i->resource_name_aaaa ? i->id : NULL;
}

static int compare_positions(const void *left, const void *right)
{
    const struct interface_address *a = *(const struct interface_address *const *)left;
    const struct interface_address *b = *(const struct interface_address *const *)right;
    return (a->position > b->position) - (a->position < b->position);
}

struct addresses {
    struct net_address *v;
    size_t n;
};

static void load_addresses(struct arena *a, const struct port_rows *rows,
                           const struct network_interface *n, struct net_port *port)
{
    struct {
        const struct interface_address **v;
        size_t n;
    } its = {0};
    for (size_t i = FIRST_OF(&rows->more, n->id);
         i < rows->more.n && streq(rows->more.v[i].interface_id, n->id); i++)
        *arena_append(a, &its) = &rows->more.v[i];
    if (its.n > 1)
        qsort(its.v, its.n, sizeof(its.v[0]), compare_positions);

    struct addresses ipv4 = {0};
    struct words ipv6 = {0};
    const char *elastic = elastic_before(rows, n->id, n->private_ip);
    *arena_append(a, &ipv4) =
        (struct net_address){n->private_ip, elastic != NULL ? elastic : n->public_ip, false};
    for (size_t i = 0; i < its.n; i++) {
        const char *address = its.v[i]->address;
        if (its.v[i]->is_ipv6)
            *arena_append(a, &ipv6) = address;
        else
            *arena_append(a, &ipv4) = (struct net_address){
                address, elastic_before(rows, n->id, address), its.v[i]->drain_until > 0};
    }
    port->addresses = ipv4.v;
    port->n_addresses = ipv4.n;
    port->ipv6 = ipv6.v;
    port->n_ipv6 = ipv6.n;
}

static struct words groups_of(struct arena *a, const struct port_rows *rows,
                              const char *interface_id)
{
    struct words ids = {0};
    for (size_t i = FIRST_OF(&rows->groups, interface_id);
         i < rows->groups.n && streq(rows->groups.v[i].interface_id, interface_id); i++)
        *arena_append(a, &ids) = rows->groups.v[i].group_id;
    return ids;
}

static bool nat_has_port(const struct nat_gateway *nat)
{
    return nat->state == NAT_GATEWAY_PENDING || nat->state == NAT_GATEWAY_AVAILABLE;
}

static void load_ports(struct tx *tx, struct arena *a, const char *region, struct net_vpc *v)
{
    struct network_interface_list interfaces = store_network_interfaces(tx, a, "vpc_id", v->vpc_id);
    const struct port_rows rows = {
        .instances = store_instances(tx, a, "vpc_id", v->vpc_id),
        .elastic = load_elastic(tx, a, region),
        .more = store_interface_addresses(tx, a, "vpc_id", v->vpc_id),
        .groups = store_groups_of_interfaces(tx, a, v->vpc_id),
        .nats = store_nat_gateways(tx, a, "vpc_id", v->vpc_id),
    };
    struct net_port *out = arena_array(a, interfaces.n, struct net_port);
    size_t n_out = 0;
    for (size_t i = 0; i < interfaces.n; i++) {
        const struct network_interface *n = &interfaces.v[i];
        const struct nat_gateway *nat = nat_of(&rows, n->id);
        if (nat != NULL && !nat_has_port(nat))
            continue;
        struct words groups = groups_of(a, &rows, n->id);
        struct net_port *port = &out[n_out++];
        *port = (struct net_port){
            .interface_id = n->id,
            .instance_id = n->instance_id,
            .nat_gateway_id = nat != NULL ? nat->id : NULL,
            .tap = n->tap,
            .mac = n->mac,
            .subnet_id = n->subnet_id,
            .source_dest_check = n->source_dest_check && nat == NULL,
            .group_ids = groups.v,
            .n_group_ids = nat != NULL ? 0 : groups.n,
        };
        name_port(a, &rows, n, port);
        load_addresses(a, &rows, n, port);
    }
    v->ports = out;
    v->n_ports = n_out;
}

/* --- groups, and what their rules refer to */

static void load_groups(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct security_group_list groups = store_security_groups(tx, a, "vpc_id", v->vpc_id);
    struct security_group_vpc_list others = store_security_group_vpcs(tx, a, "vpc_id", v->vpc_id);
    for (size_t i = 0; i < others.n; i++)
        if (group_association_is_wanted(&others.v[i]))
            *arena_append(a, &groups) = *store_security_group(tx, a, others.v[i].group_id);
    struct net_group *out = arena_array(a, groups.n, struct net_group);
    for (size_t i = 0; i < groups.n; i++) {
        struct security_group_rule_list rules =
            store_security_group_rules(tx, a, "group_id", groups.v[i].id);
        out[i] = (struct net_group){groups.v[i].id, rules.v, rules.n};
    }
    v->groups = out;
    v->n_groups = groups.n;
}

static bool is_peer(const struct net_vpc *v, const char *vpc_id)
{
    for (size_t i = 0; i < v->n_peerings; i++)
        if (streq(v->peerings[i].peer_vpc_id, vpc_id))
            return true;
    return false;
}

/* Those in its own VPC: a peering leads to no further ones that it is associated with. */
static struct words members_of(struct tx *tx, struct arena *a, const struct security_group *group)
{
    struct words addresses = {0};
    struct interface_group_list members = store_interface_groups(tx, a, "group_id", group->id);
    for (size_t i = 0; i < members.n; i++) {
        const char *interface_id = members.v[i].interface_id;
        const struct network_interface *n = store_network_interface(tx, a, interface_id);
        if (n == NULL || !streq(n->vpc_id, group->vpc_id))
            continue;
        *arena_append(a, &addresses) = n->private_ip;
        struct interface_address_list more =
            store_interface_addresses(tx, a, "interface_id", interface_id);
        for (size_t k = 0; k < more.n; k++)
            *arena_append(a, &addresses) = more.v[k].address;
    }
    return addresses;
}

static bool is_new(struct arena *a, struct words *seen, const char *id)
{
    for (size_t i = 0; i < seen->n; i++)
        if (streq(seen->v[i], id))
            return false;
    *arena_append(a, seen) = id;
    return true;
}

/* Groups of peers and prefix lists, each once. */
static void load_references(struct tx *tx, struct arena *a, struct net_vpc *v)
{
    struct {
        struct net_peer_group *v;
        size_t n;
    } groups = {0};
    struct {
        struct net_prefix_list *v;
        size_t n;
    } lists = {0};
    struct words seen = {0};
    for (size_t i = 0; i < v->n_groups; i++)
        *arena_append(a, &seen) = v->groups[i].group_id;
    for (size_t i = 0; i < v->n_groups; i++)
        for (size_t k = 0; k < v->groups[i].n_rules; k++) {
            const struct security_group_rule *r = &v->groups[i].rules[k];
            if (r->prefix_list_id != NULL && is_new(a, &seen, r->prefix_list_id)) {
                const struct prefix_list *list = store_prefix_list(tx, a, r->prefix_list_id);
                struct words blocks = blocks_of(tx, a, r->prefix_list_id);
                if (list != NULL || blocks.n > 0)
                    *arena_append(a, &lists) = (struct net_prefix_list){
                        r->prefix_list_id, list != NULL && list->is_ipv6, blocks.v, blocks.n};
            }
            if (r->referenced_group_id != NULL && is_new(a, &seen, r->referenced_group_id)) {
                const struct security_group *group =
                    store_security_group(tx, a, r->referenced_group_id);
                if (group == NULL || !is_peer(v, group->vpc_id))
                    continue;
                struct words members = members_of(tx, a, group);
                *arena_append(a, &groups) =
                    (struct net_peer_group){group->id, members.v, members.n};
            }
        }
    v->peer_groups = groups.v;
    v->n_peer_groups = groups.n;
    v->prefix_lists = lists.v;
    v->n_prefix_lists = lists.n;
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
            struct words blocks = {0};
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
    load_tables(tx, a, &v);
    load_gateways(tx, a, &v);
    load_subnets(tx, a, &v);
    load_acls(tx, a, &v);
    load_dhcp(tx, a, row->dhcp_options_id, &v.dhcp);
    load_reverse_names(tx, a, &v);
    load_ports(tx, a, row->region, &v);
    load_peerings(tx, a, &v);
    load_groups(tx, a, &v);
    load_references(tx, a, &v);
    *ret_vpc = v;
    return true;
}
