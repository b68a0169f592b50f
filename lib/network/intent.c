#include "network/intent.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"

/*
 * Theory of operation: each struct of an intent is described by a table of its fields, and two
 * walkers, one that copies and one that compares, go by the tables. A field that has no row is no
 * part of what is applied.
 */

enum field_kind {
    FIELD_TEXT,   /* const char * */
    FIELD_NUMBER, /* int64_t */
    FIELD_FLAG,   /* bool */
    FIELD_CHOICE, /* an enum */
    FIELD_STRUCT, /* of the shape, in place */
    FIELD_LIST,   /* of structs of the shape; the count is at `count` */
};

struct shape;

struct field {
    enum field_kind kind;
    size_t at;
    size_t count;
    const struct shape *shape;
    int parts; /* of a VPC: which parts follow from it */
};

struct shape {
    size_t size;
    const struct field *fields;
    size_t n_fields;
};

#define TEXT(type, name)                                                                           \
    {                                                                                              \
        FIELD_TEXT, offsetof(struct type, name), 0, NULL, 0                                        \
    }
#define NUMBER(type, name)                                                                         \
    {                                                                                              \
        FIELD_NUMBER, offsetof(struct type, name), 0, NULL, 0                                      \
    }
#define FLAG(type, name)                                                                           \
    {                                                                                              \
        FIELD_FLAG, offsetof(struct type, name), 0, NULL, 0                                        \
    }
#define CHOICE(type, name)                                                                         \
    {                                                                                              \
        FIELD_CHOICE, offsetof(struct type, name), 0, NULL, 0                                      \
    }
#define LIST(type, name, of)                                                                       \
    {                                                                                              \
        FIELD_LIST, offsetof(struct type, name), offsetof(struct type, n_##name), &(of), 0         \
    }
#define SHAPE(name, type)                                                                          \
    static const struct shape name = {sizeof(type), name##_fields, ARRAY_SIZE(name##_fields)}

static const struct field word_fields[] = {{FIELD_TEXT, 0, 0, NULL, 0}};
SHAPE(word, const char *);

static const struct field subnet_fields[] = {
    TEXT(net_subnet, subnet_id), TEXT(net_subnet, cidr),    TEXT(net_subnet, ipv6_cidr),
    TEXT(net_subnet, bridge),    NUMBER(net_subnet, table), TEXT(net_subnet, acl_id),
};
SHAPE(subnet, struct net_subnet);

static const struct field address_fields[] = {
    TEXT(net_address, private_ip),
    TEXT(net_address, public_ip),
    FLAG(net_address, drains),
};
SHAPE(address, struct net_address);

static const struct field port_fields[] = {
    TEXT(net_port, interface_id),
    TEXT(net_port, instance_id),
    TEXT(net_port, nat_gateway_id),
    TEXT(net_port, tap),
    TEXT(net_port, mac),
    TEXT(net_port, subnet_id),
    LIST(net_port, addresses, address),
    LIST(net_port, ipv6, word),
    TEXT(net_port, hostname),
    TEXT(net_port, resource_a),
    TEXT(net_port, resource_aaaa),
    FLAG(net_port, source_dest_check),
    LIST(net_port, group_ids, word),
};
SHAPE(port, struct net_port);

static const struct field rule_fields[] = {
    TEXT(security_group_rule, id),
    FLAG(security_group_rule, is_egress),
    TEXT(security_group_rule, protocol),
    NUMBER(security_group_rule, from_port),
    NUMBER(security_group_rule, to_port),
    TEXT(security_group_rule, cidr_ipv4),
    TEXT(security_group_rule, cidr_ipv6),
    TEXT(security_group_rule, prefix_list_id),
    TEXT(security_group_rule, referenced_group_id),
};
SHAPE(rule, struct security_group_rule);

static const struct field group_fields[] = {
    TEXT(net_group, group_id),
    LIST(net_group, rules, rule),
};
SHAPE(group, struct net_group);

static const struct field peer_group_fields[] = {
    TEXT(net_peer_group, group_id),
    LIST(net_peer_group, addresses, word),
};
SHAPE(peer_group, struct net_peer_group);

static const struct field prefix_list_fields[] = {
    TEXT(net_prefix_list, prefix_list_id),
    FLAG(net_prefix_list, is_ipv6),
    LIST(net_prefix_list, blocks, word),
};
SHAPE(prefix_list, struct net_prefix_list);

static const struct field route_fields[] = {
    TEXT(net_route, destination),
    CHOICE(net_route, kind),
    TEXT(net_route, target_id),
};
SHAPE(route, struct net_route);

static const struct field table_fields[] = {
    TEXT(net_route_table, route_table_id),
    NUMBER(net_route_table, number),
    LIST(net_route_table, routes, route),
};
SHAPE(table, struct net_route_table);

static const struct field entry_fields[] = {
    FLAG(network_acl_entry, is_egress),   NUMBER(network_acl_entry, rule_number),
    NUMBER(network_acl_entry, protocol),  FLAG(network_acl_entry, is_allow),
    TEXT(network_acl_entry, cidr_ipv4),   TEXT(network_acl_entry, cidr_ipv6),
    NUMBER(network_acl_entry, from_port), NUMBER(network_acl_entry, to_port),
    NUMBER(network_acl_entry, icmp_type), NUMBER(network_acl_entry, icmp_code),
};
SHAPE(entry, struct network_acl_entry);

static const struct field acl_fields[] = {
    TEXT(net_acl, acl_id),
    LIST(net_acl, entries, entry),
};
SHAPE(acl, struct net_acl);

static const struct field peering_fields[] = {
    TEXT(net_peering, peering_id),        NUMBER(net_peering, number),
    FLAG(net_peering, is_requester),      TEXT(net_peering, peer_vpc_id),
    LIST(net_peering, peer_blocks, word),
};
SHAPE(peering, struct net_peering);

static const struct field dhcp_fields[] = {
    TEXT(net_dhcp, domain_name),       LIST(net_dhcp, name_servers, word),
    LIST(net_dhcp, ntp_servers, word), LIST(net_dhcp, netbios_name_servers, word),
    TEXT(net_dhcp, netbios_node_type),
};
SHAPE(dhcp, struct net_dhcp);

#define OF(kind, name, parts)                                                                      \
    {                                                                                              \
        kind, offsetof(struct net_vpc, name), 0, NULL, parts                                       \
    }
#define LIST_OF(name, of, parts)                                                                   \
    {                                                                                              \
        FIELD_LIST, offsetof(struct net_vpc, name), offsetof(struct net_vpc, n_##name), &(of),     \
            parts                                                                                  \
    }

static const struct field reverse_name_fields[] = {
    TEXT(net_reverse_name, public_ip),
    TEXT(net_reverse_name, name),
};
SHAPE(reverse_name, struct net_reverse_name);

static const struct field vpc_fields[] = {
    OF(FIELD_TEXT, vpc_id, INTENT_ALL),
    OF(FIELD_TEXT, region, 0),
    OF(FIELD_NUMBER, index, INTENT_ALL),
    LIST_OF(cidrs, word, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    LIST_OF(ipv6_cidrs, word, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    OF(FIELD_TEXT, domain, INTENT_NAMES),
    OF(FIELD_FLAG, dns_support, INTENT_NAMES),
    OF(FIELD_FLAG, has_internet_gateway, INTENT_WAYS),
    OF(FIELD_NUMBER, edge_table, INTENT_WAYS),
    {FIELD_STRUCT, offsetof(struct net_vpc, dhcp), 0, &dhcp, INTENT_NAMES},
    LIST_OF(reverse_names, reverse_name, INTENT_NAMES),
    LIST_OF(subnets, subnet, INTENT_FRAME | INTENT_NAMES | INTENT_WAYS),
    LIST_OF(ports, port, 0),
    LIST_OF(groups, group, 0),
    LIST_OF(peer_groups, peer_group, 0),
    LIST_OF(prefix_lists, prefix_list, 0),
    LIST_OF(tables, table, INTENT_WAYS),
    LIST_OF(acls, acl, 0),
    LIST_OF(peerings, peering, INTENT_WAYS),
};
SHAPE(vpc, struct net_vpc);

#define AT(type, base, offset) ((type *)((char *)(base) + (offset)))
#define IN(type, base, offset) ((const type *)((const char *)(base) + (offset)))

/* --- copying */

/* Where copies go: an arena, or one block that has been made large enough. */
struct space {
    struct arena *arena; /* NULL: the block */
    char *block;
    size_t used;
};

#define BLOCK_ALIGNMENT sizeof(void *) /* enough for all that an intent has */

static size_t aligned(size_t size)
{
    return (size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
}

static void *space_take(struct space *s, size_t size)
{
    if (s->arena != NULL)
        return arena_alloc(s->arena, size);
    void *at = s->block + s->used;
    s->used += aligned(size);
    return at;
}

static const char *copy_text(struct space *s, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(space_take(s, size), text, size);
}

static void copy(struct space *s, const struct shape *shape, const void *from, void *to);

static void copy_list(struct space *s, const struct field *f, const void *from, void *to)
{
    size_t n = *IN(size_t, from, f->count);
    const char *elements = *IN(char *const, from, f->at);
    char *copies = n == 0 ? NULL : space_take(s, n * f->shape->size);
    for (size_t i = 0; i < n; i++)
        copy(s, f->shape, elements + i * f->shape->size, copies + i * f->shape->size);
    *AT(char *, to, f->at) = copies;
    *AT(size_t, to, f->count) = n;
}

static void copy(struct space *s, const struct shape *shape, const void *from, void *to)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        switch (f->kind) {
        case FIELD_TEXT:
            *AT(const char *, to, f->at) = copy_text(s, *IN(char *const, from, f->at));
            break;
        case FIELD_NUMBER:
            *AT(int64_t, to, f->at) = *IN(int64_t, from, f->at);
            break;
        case FIELD_FLAG:
            *AT(bool, to, f->at) = *IN(bool, from, f->at);
            break;
        case FIELD_CHOICE:
            *AT(int, to, f->at) = *IN(int, from, f->at);
            break;
        case FIELD_STRUCT:
            copy(s, f->shape, IN(char, from, f->at), AT(char, to, f->at));
            break;
        case FIELD_LIST:
            copy_list(s, f, from, to);
            break;
        }
    }
}

/* What copy() takes of a block. */
static size_t room_for(const struct shape *shape, const void *from)
{
    size_t room = 0;
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        if (f->kind == FIELD_TEXT) {
            const char *text = *IN(char *const, from, f->at);
            room += text == NULL ? 0 : aligned(strlen(text) + 1);
        } else if (f->kind == FIELD_STRUCT) {
            room += room_for(f->shape, IN(char, from, f->at));
        } else if (f->kind == FIELD_LIST) {
            size_t n = *IN(size_t, from, f->count);
            const char *elements = *IN(char *const, from, f->at);
            room += aligned(n * f->shape->size);
            for (size_t k = 0; k < n; k++)
                room += room_for(f->shape, elements + k * f->shape->size);
        }
    }
    return room;
}

struct net_port *intent_port_copy(const struct net_port *from)
{
    struct space space = {.used = sizeof(*from)};
    struct net_port *made = calloc(1, sizeof(*from) + room_for(&port, from));
    CHECK(made != NULL);
    space.block = (char *)made;
    copy(&space, &port, from, made);
    return made;
}

static int compare_ports(const void *left, const void *right)
{
    const struct net_port *a = left;
    const struct net_port *b = right;
    return strcmp(a->interface_id, b->interface_id);
}

const struct net_vpc *intent_copy(struct arena *a, const struct net_vpc *intent)
{
    struct net_vpc *made = arena_new_of(a, struct net_vpc);
    copy(&(struct space){.arena = a}, &vpc, intent, made);
    if (made->n_ports > 1)
        qsort((struct net_port *)made->ports, made->n_ports, sizeof(made->ports[0]), compare_ports);
    return made;
}

/* --- comparing */

static bool equal(const struct shape *shape, const void *a, const void *b, int parts);

static bool lists_equal(const struct field *f, const void *a, const void *b)
{
    size_t n = *IN(size_t, a, f->count);
    const char *left = *IN(char *const, a, f->at);
    const char *right = *IN(char *const, b, f->at);
    if (n != *IN(size_t, b, f->count))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!equal(f->shape, left + i * f->shape->size, right + i * f->shape->size, INTENT_ALL))
            return false;
    return true;
}

static bool fields_equal(const struct field *f, const void *a, const void *b)
{
    switch (f->kind) {
    case FIELD_TEXT:
        return streq(*IN(char *const, a, f->at), *IN(char *const, b, f->at));
    case FIELD_NUMBER:
        return *IN(int64_t, a, f->at) == *IN(int64_t, b, f->at);
    case FIELD_FLAG:
        return *IN(bool, a, f->at) == *IN(bool, b, f->at);
    case FIELD_CHOICE:
        return *IN(int, a, f->at) == *IN(int, b, f->at);
    case FIELD_STRUCT:
        return equal(f->shape, IN(char, a, f->at), IN(char, b, f->at), INTENT_ALL);
    case FIELD_LIST:
        return lists_equal(f, a, b);
    }
    return false;
}

static bool equal(const struct shape *shape, const void *a, const void *b, int parts)
{
    for (size_t i = 0; i < shape->n_fields; i++)
        if ((parts == INTENT_ALL || (shape->fields[i].parts & parts) != 0) &&
            !fields_equal(&shape->fields[i], a, b))
            return false;
    return true;
}

bool intent_equal(const struct net_vpc *a, const struct net_vpc *b, int parts)
{
    return equal(&vpc, a, b, parts);
}

bool intent_port_equal(const struct net_port *a, const struct net_port *b)
{
    return equal(&port, a, b, INTENT_ALL);
}

bool intent_ports_alike(const struct net_vpc *a, const struct net_vpc *b)
{
    return a->has_internet_gateway == b->has_internet_gateway && streq(a->domain, b->domain) &&
           intent_equal(a, b, INTENT_FRAME);
}

bool intent_frame_equal(const struct net_vpc *a, const struct net_vpc *b)
{
    struct net_vpc one = *a;
    struct net_vpc other = *b;
    one.n_ports = other.n_ports = 0;
    return intent_equal(&one, &other, INTENT_ALL);
}

/* --- finding */

#define DEFINE_FIND(function, type, list, id)                                                      \
    const struct type *function(const struct net_vpc *intent, const char *wanted)                  \
    {                                                                                              \
        for (size_t i = 0; i < intent->n_##list; i++)                                              \
            if (streq(intent->list[i].id, wanted))                                                 \
                return &intent->list[i];                                                           \
        return NULL;                                                                               \
    }

DEFINE_FIND(intent_subnet, net_subnet, subnets, subnet_id)
DEFINE_FIND(intent_port, net_port, ports, interface_id)
DEFINE_FIND(intent_group, net_group, groups, group_id)
DEFINE_FIND(intent_acl, net_acl, acls, acl_id)
DEFINE_FIND(intent_peering, net_peering, peerings, peering_id)
