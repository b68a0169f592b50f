#include "api/instance_relations.h"

#include <string.h>

/* The text by which rows of a list are sorted: the member at `offset`. NULL sorts first. */
static const char *key_of(const void *rows, size_t size, size_t offset, size_t i)
{
    const char *key = NULL;
    memcpy(&key, (const char *)rows + i * size + offset, sizeof(key));
    return key == NULL ? "" : key;
}

/* First row whose key is not below `key`. */
static size_t lower_bound(const void *rows, size_t n, size_t size, size_t offset, const char *key)
{
    size_t low = 0;
    while (n > 0) {
        size_t half = n / 2;
        if (strcmp(key_of(rows, size, offset, low + half), key) < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

static size_t run_length(const void *rows, size_t n, size_t size, size_t offset, size_t from,
                         const char *key)
{
    size_t i = from;
    while (i < n && strcmp(key_of(rows, size, offset, i), key) == 0)
        i++;
    return i - from;
}

/* The rows of a sorted list whose `member` is `key`, as a list of the same type. */
#define SLICE(list, type, member, key)                                                             \
    ({                                                                                             \
        struct type##_list _slice = {0};                                                           \
        size_t _from = lower_bound((list).v, (list).n, sizeof(struct type),                        \
                                   offsetof(struct type, member), key);                            \
        if (_from < (list).n) {                                                                    \
            _slice.v = (list).v + _from;                                                           \
            _slice.n = run_length((list).v, (list).n, sizeof(struct type),                         \
                                  offsetof(struct type, member), _from, key);                      \
        }                                                                                          \
        _slice;                                                                                    \
    })

static int by_instance_volume(const void *a, const void *b)
{
    const struct volume *x = a;
    const struct volume *y = b;
    int order = strcmp(x->instance_id == NULL ? "" : x->instance_id,
                       y->instance_id == NULL ? "" : y->instance_id);
    return order != 0 ? order : strcmp(x->id, y->id);
}

static int by_instance_interface(const void *a, const void *b)
{
    const struct network_interface *x = a;
    const struct network_interface *y = b;
    int order = strcmp(x->instance_id == NULL ? "" : x->instance_id,
                       y->instance_id == NULL ? "" : y->instance_id);
    if (order != 0)
        return order;
    return x->device_index < y->device_index ? -1 : x->device_index > y->device_index;
}

static int by_interface(const void *a, const void *b)
{
    const struct address *x = a;
    const struct address *y = b;
    return strcmp(x->interface_id == NULL ? "" : x->interface_id,
                  y->interface_id == NULL ? "" : y->interface_id);
}

static int by_instance_profile(const void *a, const void *b)
{
    return strcmp(((const struct instance_profile_association *)a)->instance_id,
                  ((const struct instance_profile_association *)b)->instance_id);
}

static void sort(struct instance_relations *r)
{
    if (r->volumes.n > 1)
        qsort(r->volumes.v, r->volumes.n, sizeof(*r->volumes.v), by_instance_volume);
    if (r->interfaces.n > 1)
        qsort(r->interfaces.v, r->interfaces.n, sizeof(*r->interfaces.v), by_instance_interface);
    if (r->profiles.n > 1)
        qsort(r->profiles.v, r->profiles.n, sizeof(*r->profiles.v), by_instance_profile);
    if (r->elastic.n > 1)
        qsort(r->elastic.v, r->elastic.n, sizeof(*r->elastic.v), by_interface);
}

void relations_of_one(struct call *c, const char *instance_id, struct instance_relations *ret)
{
    struct arena *a = c->arena;
    struct instance_relations r = {
        .volumes = store_volumes(c->tx, a, "instance_id", instance_id),
        .interfaces = store_network_interfaces(c->tx, a, "instance_id", instance_id),
        .tags = store_tags(c->tx, a, "resource_id", instance_id),
        .profiles = store_instance_profile_associations(c->tx, a, "instance_id", instance_id),
    };
    if (r.interfaces.n == 1) {
        const char *id = r.interfaces.v[0].id;
        r.addresses = store_interface_addresses(c->tx, a, "interface_id", id);
        r.elastic = store_addresses(c->tx, a, "interface_id", id);
        r.groups = store_interface_groups(c->tx, a, "interface_id", id);
        if (r.groups.n == 1)
            r.names = store_security_groups(c->tx, a, "id", r.groups.v[0].group_id);
    } else if (r.interfaces.n > 1) {
        r.addresses = store_interface_addresses(c->tx, a);
        r.elastic = store_addresses(c->tx, a, "region", c->region->name);
        r.groups = store_interface_groups(c->tx, a);
    }
    sort(&r);
    if (r.groups.n > 1)
        r.names = store_security_groups(c->tx, a, "region", c->region->name);
    *ret = r;
}

void relations_of_region(struct call *c, struct instance_relations *ret)
{
    struct arena *a = c->arena;
    const char *region = c->region->name;
    *ret = (struct instance_relations){
        .volumes = store_volumes(c->tx, a, "region", region),
        .interfaces = store_network_interfaces(c->tx, a, "region", region),
        .addresses = store_interface_addresses(c->tx, a),
        .elastic = store_addresses(c->tx, a, "region", region),
        .groups = store_interface_groups(c->tx, a),
        .names = store_security_groups(c->tx, a, "region", region),
        .tags = store_tags(c->tx, a, "region", region, "resource_type", "instance"),
        .profiles = store_instance_profile_associations(c->tx, a, "region", region),
    };
    sort(ret);
}

struct volume_list relations_volumes(const struct instance_relations *r, const char *instance_id)
{
    return SLICE(r->volumes, volume, instance_id, instance_id);
}

struct network_interface_list relations_interfaces(const struct instance_relations *r,
                                                   const char *instance_id)
{
    return SLICE(r->interfaces, network_interface, instance_id, instance_id);
}

struct interface_address_list relations_addresses(const struct instance_relations *r,
                                                  const char *interface_id)
{
    return SLICE(r->addresses, interface_address, interface_id, interface_id);
}

struct address_list relations_elastic(const struct instance_relations *r, const char *interface_id)
{
    return SLICE(r->elastic, address, interface_id, interface_id);
}

struct interface_group_list relations_groups(const struct instance_relations *r,
                                             const char *interface_id)
{
    return SLICE(r->groups, interface_group, interface_id, interface_id);
}

const struct instance_profile_association *relations_profile(const struct instance_relations *r,
                                                             const char *instance_id)
{
    struct instance_profile_association_list l =
        SLICE(r->profiles, instance_profile_association, instance_id, instance_id);
    return l.n == 0 ? NULL : &l.v[0];
}

struct tag_list relations_tags(const struct instance_relations *r, const char *resource_id)
{
    return SLICE(r->tags, tag, resource_id, resource_id);
}

const char *relations_group_name(const struct instance_relations *r, const char *group_id)
{
    struct security_group_list l = SLICE(r->names, security_group, id, group_id);
    return l.n == 0 ? NULL : l.v[0].name;
}
