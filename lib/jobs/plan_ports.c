/* The interfaces of a VPC, as the rows say they should be. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/hostname.h"
#include "jobs/plan_parts.h"
#include "store/ports.h"

/* What ports are made of, read once for all of them. */
struct port_rows {
    struct port_row_list interfaces;    /* by id */
    struct plan_words *groups;          /* of each of them */
    struct instance_name_list names;    /* by id */
    struct address_list elastic;        /* by interface and private address */
    struct interface_address_list more; /* of the VPC, in the order of their interfaces */
    struct nat_gateway_list nats;
};

static int compare_elastic(const void *left, const void *right)
{
    const struct address *a = left;
    const struct address *b = right;
    int c = strcmp(a->interface_id, b->interface_id);
    return c != 0 ? c : strcmp(a->private_ip, b->private_ip);
}

static void sort_elastic(struct address_list *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof(l->v[0]), compare_elastic);
}

/* Those of the region that stand before an address. */
static struct address_list load_elastic(struct tx *tx, struct arena *a, const char *region)
{
    struct address_list all = store_addresses(tx, a, "region", region);
    struct address_list found = {.v = all.v};
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].interface_id != NULL && all.v[i].private_ip != NULL)
            found.v[found.n++] = all.v[i];
    sort_elastic(&found);
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

static int compare_names(const void *id, const void *name)
{
    return strcmp(id, ((const struct instance_name *)name)->id);
}

/* What the guest is called, and whether that resolves: names of an instance are those of its
 * first interface. */
static void name_port(struct arena *a, const struct port_rows *rows, const struct port_row *n,
                      struct net_port *port)
{
    const struct instance_name *i = NULL;
    if (n->instance_id != NULL && n->is_first && rows->names.n > 0)
        i = bsearch(n->instance_id, rows->names.v, rows->names.n, sizeof(rows->names.v[0]),
                    compare_names);
    if (i == NULL) {
        port->hostname = hostname_of(a, "ip", n->private_ip);
        return;
    }
    port->hostname = hostname_by_type(a, i->hostname_type, i->id, n->private_ip);
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

static void load_addresses(struct arena *a, const struct port_rows *rows, const struct port_row *n,
                           struct net_port *port)
{
    struct {
        const struct interface_address **v;
        size_t n;
    } its = {0};
    for (size_t i = FIRST_OF(&rows->more, n->interface_id);
         i < rows->more.n && streq(rows->more.v[i].interface_id, n->interface_id); i++)
        *arena_append(a, &its) = &rows->more.v[i];
    if (its.n > 1)
        qsort(its.v, its.n, sizeof(its.v[0]), compare_positions);

    struct addresses ipv4 = {0};
    struct plan_words ipv6 = {0};
    const char *elastic = elastic_before(rows, n->interface_id, n->private_ip);
    *arena_append(a, &ipv4) =
        (struct net_address){n->private_ip, elastic != NULL ? elastic : n->public_ip, false};
    for (size_t i = 0; i < its.n; i++) {
        const char *address = its.v[i]->address;
        if (its.v[i]->is_ipv6)
            *arena_append(a, &ipv6) = address;
        else
            *arena_append(a, &ipv4) = (struct net_address){
                address, elastic_before(rows, n->interface_id, address), its.v[i]->drain_until > 0};
    }
    port->addresses = ipv4.v;
    port->n_addresses = ipv4.n;
    port->ipv6 = ipv6.v;
    port->n_ipv6 = ipv6.n;
}

/* Which interfaces are in which of the VPC's groups; those of other VPCs may be in them, too. */
static struct plan_words *load_memberships(struct tx *tx, struct arena *a, const struct net_vpc *v,
                                           const struct port_row_list *interfaces)
{
    struct plan_words *groups = arena_array(a, interfaces->n, struct plan_words);
    for (size_t g = 0; g < v->n_groups; g++) {
        const char *group_id = v->groups[g].group_id;
        struct text_list members = store_interfaces_in_group(tx, a, group_id);
        for (size_t i = 0, k = 0; i < interfaces->n && k < members.n;) {
            int c = strcmp(interfaces->v[i].interface_id, members.v[k]);
            if (c == 0)
                *arena_append(a, &groups[i]) = group_id;
            i += c <= 0;
            k += c >= 0;
        }
    }
    return groups;
}

/* The same, asked of each interface: in the order of the VPC's groups, too. */
static struct plan_words *load_memberships_of(struct tx *tx, struct arena *a,
                                              const struct net_vpc *v,
                                              const struct port_row_list *interfaces)
{
    struct plan_words *groups = arena_array(a, interfaces->n, struct plan_words);
    for (size_t i = 0; i < interfaces->n; i++) {
        struct interface_group_list its =
            store_interface_groups(tx, a, "interface_id", interfaces->v[i].interface_id);
        for (size_t g = 0; g < v->n_groups; g++)
            for (size_t k = 0; k < its.n; k++)
                if (streq(its.v[k].group_id, v->groups[g].group_id))
                    *arena_append(a, &groups[i]) = v->groups[g].group_id;
    }
    return groups;
}

static bool nat_has_port(const struct nat_gateway *nat)
{
    return nat->state == NAT_GATEWAY_PENDING || nat->state == NAT_GATEWAY_AVAILABLE;
}

static struct port_rows read_all(struct tx *tx, struct arena *a, const struct net_vpc *v)
{
    struct port_rows rows = {
        .interfaces = store_port_rows(tx, a, v->vpc_id, NULL),
        .names = store_instance_names(tx, a, v->vpc_id, NULL),
        .elastic = load_elastic(tx, a, v->region),
        .more = store_interface_addresses(tx, a, "vpc_id", v->vpc_id),
    };
    rows.groups = load_memberships(tx, a, v, &rows.interfaces);
    return rows;
}

#define APPEND_ALL(a, list, found)                                                                 \
    do {                                                                                           \
        __typeof__(*(list)) found_ = (found);                                                      \
        for (size_t i_ = 0; i_ < found_.n; i_++)                                                   \
            *arena_append(a, list) = found_.v[i_];                                                 \
    } while (0)

static int compare_name_rows(const void *left, const void *right)
{
    const struct instance_name *a = left;
    const struct instance_name *b = right;
    return strcmp(a->id, b->id);
}

/* What read_all() has of these interfaces. */
static struct port_rows read_part(struct tx *tx, struct arena *a, const struct net_vpc *v,
                                  const struct net_part *part)
{
    struct port_rows rows = {0};
    for (size_t i = 0; i < part->n; i++) {
        const char *id = part->interface_ids[i];
        APPEND_ALL(a, &rows.interfaces, store_port_rows(tx, a, v->vpc_id, id));
        APPEND_ALL(a, &rows.more,
                   store_interface_addresses(tx, a, "interface_id", id, "vpc_id", v->vpc_id));
        struct address_list elastic =
            store_addresses(tx, a, "interface_id", id, "region", v->region);
        for (size_t k = 0; k < elastic.n; k++)
            if (elastic.v[k].private_ip != NULL)
                *arena_append(a, &rows.elastic) = elastic.v[k];
    }
    for (size_t i = 0; i < rows.interfaces.n; i++)
        if (rows.interfaces.v[i].instance_id != NULL && rows.interfaces.v[i].is_first)
            APPEND_ALL(a, &rows.names,
                       store_instance_names(tx, a, v->vpc_id, rows.interfaces.v[i].instance_id));
    if (rows.names.n > 1)
        qsort(rows.names.v, rows.names.n, sizeof(rows.names.v[0]), compare_name_rows);
    sort_elastic(&rows.elastic);
    rows.groups = load_memberships_of(tx, a, v, &rows.interfaces);
    return rows;
}

void plan_load_ports(struct tx *tx, struct arena *a, const struct net_part *part, struct net_vpc *v)
{
    struct port_rows rows = part == NULL ? read_all(tx, a, v) : read_part(tx, a, v, part);
    rows.nats = store_nat_gateways(tx, a, "vpc_id", v->vpc_id);
    struct net_port *out = arena_array(a, rows.interfaces.n, struct net_port);
    size_t n_out = 0;
    for (size_t i = 0; i < rows.interfaces.n; i++) {
        const struct port_row *n = &rows.interfaces.v[i];
        const struct nat_gateway *nat = nat_of(&rows, n->interface_id);
        if (nat != NULL && !nat_has_port(nat))
            continue;
        struct net_port *port = &out[n_out++];
        *port = (struct net_port){
            .interface_id = n->interface_id,
            .instance_id = n->instance_id,
            .nat_gateway_id = nat != NULL ? nat->id : NULL,
            .tap = n->tap,
            .mac = n->mac,
            .subnet_id = n->subnet_id,
            .source_dest_check = n->source_dest_check && nat == NULL,
            .group_ids = rows.groups[i].v,
            .n_group_ids = nat != NULL ? 0 : rows.groups[i].n,
        };
        name_port(a, &rows, n, port);
        load_addresses(a, &rows, n, port);
    }
    v->ports = out;
    v->n_ports = n_out;
}
