#include "api/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"

/* What is quoted of ids that do not exist; the message has room for no more. */
#define MISSING_MAX 800

/* How rows of a kind are read, and who sees them. */
struct kind {
    const struct table *table;
    size_t id, account_id, region;
    bool (*visible)(struct call *c, const void *row); /* NULL: account and region decide */
    bool everywhere; /* rows of other regions may be visible, too */
};

static bool image_visible(struct call *c, const void *row)
{
    const struct image *i = row;
    return i->state != IMAGE_DEREGISTERED && streq(i->region, c->region->name) &&
           (i->is_public || streq(i->account_id, c->principal->account_id));
}

static bool snapshot_visible(struct call *c, const void *row)
{
    const struct snapshot *s = row;
    return streq(s->region, c->region->name) &&
           (s->is_public || streq(s->account_id, c->principal->account_id));
}

/* Either side sees a peering, in its own region. */
static bool peering_visible(struct call *c, const void *row)
{
    const struct vpc_peering_connection *p = row;
    const char *account = c->principal->account_id;
    const char *region = c->region->name;
    return (streq(p->account_id, account) && streq(p->region, region)) ||
           (streq(p->accepter_account_id, account) && streq(p->accepter_region, region));
}

static bool import_visible(struct call *c, const struct import_task *t, bool of_image)
{
    return streq(t->region, c->region->name) && streq(t->account_id, c->principal->account_id) &&
           import_is_of_image(t) == of_image;
}

static bool import_of_image(struct call *c, const void *row)
{
    return import_visible(c, row, true);
}

static bool import_of_snapshot(struct call *c, const void *row)
{
    return import_visible(c, row, false);
}

#define KIND(type, sees)                                                                           \
    {                                                                                              \
        &table_##type, offsetof(struct type, id), offsetof(struct type, account_id),               \
            offsetof(struct type, region), sees, false                                             \
    }
#define KIND_EVERYWHERE(type, sees)                                                                \
    {                                                                                              \
        &table_##type, offsetof(struct type, id), offsetof(struct type, account_id),               \
            offsetof(struct type, region), sees, true                                              \
    }

static const struct kind kinds[_RESOURCE_KIND_MAX] = {
    [RESOURCE_CAPACITY_RESERVATION] = KIND(capacity_reservation, NULL),
    [RESOURCE_ELASTIC_IP] = KIND(address, NULL),
    [RESOURCE_DHCP_OPTIONS] = KIND(dhcp_options, NULL),
    [RESOURCE_EGRESS_ONLY_INTERNET_GATEWAY] = KIND(egress_only_gateway, NULL),
    [RESOURCE_IMAGE] = KIND(image, image_visible),
    [RESOURCE_INSTANCE] = KIND(instance, NULL),
    [RESOURCE_INSTANCE_PROFILE_ASSOCIATION] = KIND(instance_profile_association, NULL),
    [RESOURCE_INTERNET_GATEWAY] = KIND(internet_gateway, NULL),
    [RESOURCE_KEY_PAIR] = KIND(key_pair, NULL),
    [RESOURCE_LAUNCH_TEMPLATE] = KIND(launch_template, NULL),
    [RESOURCE_NAT_GATEWAY] = KIND(nat_gateway, NULL),
    [RESOURCE_NETWORK_ACL] = KIND(network_acl, NULL),
    [RESOURCE_NETWORK_INSIGHTS_ANALYSIS] = KIND(network_insights_analysis, NULL),
    [RESOURCE_NETWORK_INSIGHTS_PATH] = KIND(network_insights_path, NULL),
    [RESOURCE_NETWORK_INTERFACE] = KIND(network_interface, NULL),
    [RESOURCE_FLOW_LOG] = KIND(flow_log, NULL),
    [RESOURCE_PREFIX_LIST] = KIND(prefix_list, NULL),
    [RESOURCE_PLACEMENT_GROUP] = KIND(placement_group, NULL),
    [RESOURCE_EXPORT_IMAGE_TASK] = KIND(export_task, NULL),
    [RESOURCE_IMPORT_IMAGE_TASK] = KIND(import_task, import_of_image),
    [RESOURCE_IMPORT_SNAPSHOT_TASK] = KIND(import_task, import_of_snapshot),
    [RESOURCE_ROOT_VOLUME_TASK] = KIND(root_volume_task, NULL),
    [RESOURCE_ROUTE_TABLE] = KIND(route_table, NULL),
    [RESOURCE_ROUTE_TABLE_ASSOCIATION] = KIND(route_table_association, NULL),
    [RESOURCE_SECURITY_GROUP] = KIND(security_group, NULL),
    [RESOURCE_SECURITY_GROUP_RULE] = KIND(security_group_rule, NULL),
    [RESOURCE_SNAPSHOT] = KIND(snapshot, snapshot_visible),
    [RESOURCE_SPOT_REQUEST] = KIND(spot_request, NULL),
    [RESOURCE_SUBNET] = KIND(subnet, NULL),
    [RESOURCE_SUBNET_CIDR_RESERVATION] = KIND(subnet_cidr_reservation, NULL),
    [RESOURCE_VOLUME] = KIND(volume, NULL),
    [RESOURCE_VPC] = KIND(vpc, NULL),
    [RESOURCE_VPC_CIDR_ASSOCIATION] = KIND(vpc_cidr_block, NULL),
    [RESOURCE_VPC_ENDPOINT] = KIND(vpc_endpoint, NULL),
    [RESOURCE_VPC_PEERING_CONNECTION] = KIND_EVERYWHERE(vpc_peering_connection, peering_visible),
};

static const char *text_at(const void *row, size_t offset)
{
    return *(const char *const *)((const char *)row + offset);
}

static bool is_visible(struct call *c, const struct kind *k, const void *row)
{
    if (k->visible != NULL)
        return k->visible(c, row);
    return streq(text_at(row, k->account_id), c->principal->account_id) &&
           streq(text_at(row, k->region), c->region->name);
}

static void *row_get(struct call *c, const struct kind *k, const char *id)
{
    if (k->table == NULL)
        return NULL; /* Croft has none of the kind */
    void *row = table_get(c->tx, k->table, c->arena, (const char *const[]){id});
    return row != NULL && is_visible(c, k, row) ? row : NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct wire_strings strings_sorted(struct arena *a, const struct wire_strings *list)
{
    struct wire_strings sorted = {arena_array(a, list->n, const char *), 0};
    if (list->n == 0)
        return sorted;
    const char **all = arena_memdup(a, list->v, list->n * sizeof(*list->v));
    qsort(all, list->n, sizeof(*all), compare_texts);
    for (size_t i = 0; i < list->n; i++)
        if (i == 0 || !streq(all[i], all[i - 1]))
            sorted.v[sorted.n++] = all[i];
    return sorted;
}

bool strings_contain(const struct wire_strings *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (streq(list->v[i], text))
            return true;
    return false;
}

int lookup_fault(struct call *c, enum resource_kind kind, const struct wire_strings *missing,
                 struct fault *f)
{
    const struct resource *r = resource_get(kind);
    struct wire_strings each = {0};
    _cleanup_buf_ struct buf names = BUF_INIT(MISSING_MAX);
    for (size_t i = 0; i < missing->n; i++) {
        if (strings_contain(&each, missing->v[i]))
            continue;
        *arena_append(c->arena, &each) = missing->v[i];
        if (names.len + strlen(missing->v[i]) + 2 < MISSING_MAX)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", missing->v[i]);
    }
    /* EC2 brackets the ids of images alone. */
    bool brackets = kind == RESOURCE_IMAGE;
    return fault(f, r->not_found, "The %s '%s%s%s' %s not exist", each.n == 1 ? r->one : r->many,
                 brackets ? "[" : "", buf_str(&names), brackets ? "]" : "",
                 each.n == 1 ? "does" : "do");
}

static int find(struct call *c, enum resource_kind kind, const struct wire_strings *ids,
                void **ret_rows, size_t *ret_n, struct fault *f)
{
    const struct kind *k = &kinds[kind];
    void *rows = NULL;
    size_t n = 0;
    if (ids->n == 0) {
        void *all = NULL;
        size_t n_all = 0;
        const char *const in_region[] = {"region", c->region->name, NULL};
        table_find(c->tx, k->table, c->arena, &all, &n_all,
                   k->everywhere ? in_region + 2 : in_region);
        for (size_t i = 0; i < n_all; i++) {
            const char *row = (const char *)all + i * k->table->row_size;
            if (!is_visible(c, k, row))
                continue;
            if (n < i)
                memcpy((char *)all + n * k->table->row_size, row, k->table->row_size);
            n++;
        }
        *ret_rows = all;
        *ret_n = n;
        return 0;
    }
    struct wire_strings sorted = strings_sorted(c->arena, ids);
    for (size_t i = 0; i < sorted.n; i++) {
        void *row = row_get(c, k, sorted.v[i]);
        if (row != NULL)
            memcpy(arena_append_to(c->arena, &rows, &n, k->table->row_size), row,
                   k->table->row_size);
    }
    if (n < sorted.n) {
        struct wire_strings missing = {0}; /* in the order of the request */
        for (size_t i = 0; i < ids->n; i++)
            if (row_get(c, k, ids->v[i]) == NULL)
                *arena_append(c->arena, &missing) = ids->v[i];
        return lookup_fault(c, kind, &missing, f);
    }
    *ret_rows = rows;
    *ret_n = n;
    return 0;
}

static void *get(struct call *c, enum resource_kind kind, const char *id, struct fault *f)
{
    void *row = row_get(c, &kinds[kind], id);
    if (row == NULL)
        (void)lookup_fault(c, kind, &(struct wire_strings){&id, 1}, f);
    return row;
}

/* The typed functions of the header. */
#define LOOKUP_MANY(type, many, kind)                                                              \
    int lookup_##many(struct call *c, const struct wire_strings *ids, struct type##_list *ret,     \
                      struct fault *f)                                                             \
    {                                                                                              \
        return find(c, kind, ids, (void **)&ret->v, &ret->n, f);                                   \
    }
#define LOOKUP_ONE(type, kind)                                                                     \
    struct type *lookup_##type(struct call *c, const char *id, struct fault *f)                    \
    {                                                                                              \
        return get(c, kind, id, f);                                                                \
    }

LOOKUP_MANY(instance, instances, RESOURCE_INSTANCE)
LOOKUP_MANY(image, images, RESOURCE_IMAGE)
LOOKUP_MANY(instance_profile_association, instance_profile_associations,
            RESOURCE_INSTANCE_PROFILE_ASSOCIATION)
LOOKUP_MANY(subnet, subnets, RESOURCE_SUBNET)
LOOKUP_MANY(vpc, vpcs, RESOURCE_VPC)
LOOKUP_MANY(security_group, security_groups, RESOURCE_SECURITY_GROUP)
LOOKUP_MANY(security_group_rule, security_group_rules, RESOURCE_SECURITY_GROUP_RULE)
LOOKUP_MANY(key_pair, key_pairs, RESOURCE_KEY_PAIR)
LOOKUP_MANY(placement_group, placement_groups, RESOURCE_PLACEMENT_GROUP)
LOOKUP_MANY(capacity_reservation, capacity_reservations, RESOURCE_CAPACITY_RESERVATION)
LOOKUP_MANY(root_volume_task, root_volume_tasks, RESOURCE_ROOT_VOLUME_TASK)
LOOKUP_MANY(import_task, import_image_tasks, RESOURCE_IMPORT_IMAGE_TASK)
LOOKUP_MANY(import_task, import_snapshot_tasks, RESOURCE_IMPORT_SNAPSHOT_TASK)
LOOKUP_MANY(export_task, export_tasks, RESOURCE_EXPORT_IMAGE_TASK)
LOOKUP_ONE(export_task, RESOURCE_EXPORT_IMAGE_TASK)
LOOKUP_MANY(snapshot, snapshots, RESOURCE_SNAPSHOT)
LOOKUP_MANY(volume, volumes, RESOURCE_VOLUME)
LOOKUP_MANY(network_interface, network_interfaces, RESOURCE_NETWORK_INTERFACE)
LOOKUP_MANY(nat_gateway, nat_gateways, RESOURCE_NAT_GATEWAY)
LOOKUP_MANY(address, addresses, RESOURCE_ELASTIC_IP)
LOOKUP_MANY(network_acl, network_acls, RESOURCE_NETWORK_ACL)
LOOKUP_MANY(route_table, route_tables, RESOURCE_ROUTE_TABLE)
LOOKUP_MANY(vpc_endpoint, vpc_endpoints, RESOURCE_VPC_ENDPOINT)
LOOKUP_MANY(network_insights_analysis, network_insights_analyses,
            RESOURCE_NETWORK_INSIGHTS_ANALYSIS)
LOOKUP_MANY(network_insights_path, network_insights_paths, RESOURCE_NETWORK_INSIGHTS_PATH)
LOOKUP_MANY(flow_log, flow_logs, RESOURCE_FLOW_LOG)
LOOKUP_MANY(prefix_list, prefix_lists, RESOURCE_PREFIX_LIST)
LOOKUP_MANY(spot_request, spot_requests, RESOURCE_SPOT_REQUEST)
LOOKUP_MANY(internet_gateway, internet_gateways, RESOURCE_INTERNET_GATEWAY)
LOOKUP_MANY(egress_only_gateway, egress_only_gateways, RESOURCE_EGRESS_ONLY_INTERNET_GATEWAY)
LOOKUP_MANY(dhcp_options, dhcp_options_sets, RESOURCE_DHCP_OPTIONS)
LOOKUP_MANY(vpc_peering_connection, vpc_peering_connections, RESOURCE_VPC_PEERING_CONNECTION)

/* One table for both kinds. */
struct import_task *lookup_import_task(struct call *c, const char *id, struct fault *f)
{
    bool of_image = has_prefix(id, IMPORT_IMAGE_PREFIX "-");
    return get(c, of_image ? RESOURCE_IMPORT_IMAGE_TASK : RESOURCE_IMPORT_SNAPSHOT_TASK, id, f);
}

LOOKUP_ONE(vpc_peering_connection, RESOURCE_VPC_PEERING_CONNECTION)
LOOKUP_ONE(instance, RESOURCE_INSTANCE)
LOOKUP_ONE(image, RESOURCE_IMAGE)
LOOKUP_ONE(instance_profile_association, RESOURCE_INSTANCE_PROFILE_ASSOCIATION)
LOOKUP_ONE(subnet, RESOURCE_SUBNET)
LOOKUP_ONE(vpc, RESOURCE_VPC)
LOOKUP_ONE(security_group, RESOURCE_SECURITY_GROUP)
LOOKUP_ONE(placement_group, RESOURCE_PLACEMENT_GROUP)
LOOKUP_ONE(capacity_reservation, RESOURCE_CAPACITY_RESERVATION)
LOOKUP_ONE(network_acl, RESOURCE_NETWORK_ACL)
LOOKUP_ONE(route_table, RESOURCE_ROUTE_TABLE)
LOOKUP_ONE(vpc_endpoint, RESOURCE_VPC_ENDPOINT)
LOOKUP_ONE(route_table_association, RESOURCE_ROUTE_TABLE_ASSOCIATION)
LOOKUP_ONE(prefix_list, RESOURCE_PREFIX_LIST)
LOOKUP_ONE(snapshot, RESOURCE_SNAPSHOT)
LOOKUP_ONE(volume, RESOURCE_VOLUME)
LOOKUP_ONE(network_insights_analysis, RESOURCE_NETWORK_INSIGHTS_ANALYSIS)
LOOKUP_ONE(network_insights_path, RESOURCE_NETWORK_INSIGHTS_PATH)
LOOKUP_ONE(network_interface, RESOURCE_NETWORK_INTERFACE)
LOOKUP_ONE(nat_gateway, RESOURCE_NAT_GATEWAY)
LOOKUP_ONE(address, RESOURCE_ELASTIC_IP)
LOOKUP_ONE(internet_gateway, RESOURCE_INTERNET_GATEWAY)
LOOKUP_ONE(egress_only_gateway, RESOURCE_EGRESS_ONLY_INTERNET_GATEWAY)
LOOKUP_ONE(dhcp_options, RESOURCE_DHCP_OPTIONS)
LOOKUP_ONE(vpc_cidr_block, RESOURCE_VPC_CIDR_ASSOCIATION)
LOOKUP_ONE(subnet_cidr_reservation, RESOURCE_SUBNET_CIDR_RESERVATION)

struct snapshot *lookup_own_snapshot(struct call *c, const char *id, struct fault *f)
{
    struct snapshot *s = lookup_snapshot(c, id, f);
    if (s != NULL && !streq(s->account_id, c->principal->account_id)) {
        (void)fault(f, FAULT_AUTH_FAILURE, "Not authorized for snapshot:%s", id);
        return NULL;
    }
    return s;
}

const void *lookup_row(struct call *c, const struct resource *r, const char *id)
{
    return row_get(c, &kinds[r->kind], id);
}

bool lookup_exists(struct call *c, const struct resource *r, const char *id)
{
    return lookup_row(c, r, id) != NULL;
}

struct vpc *lookup_default_vpc(struct call *c)
{
    struct vpc_list l = store_vpcs(c->tx, c->arena, "account_id", c->principal->account_id,
                                   "region", c->region->name, "is_default", "1");
    return l.n == 0 ? NULL : l.v;
}

struct security_group *lookup_group_named(struct call *c, const char *vpc_id, const char *name)
{
    struct security_group_list l =
        store_security_groups(c->tx, c->arena, "vpc_id", vpc_id, "name", name);
    return l.n == 0 ? NULL : l.v;
}

const char *lookup_zone(struct call *c, const char *name, const char *id, struct fault *f)
{
    if (name == NULL && id == NULL) {
        (void)fault(f, FAULT_MISSING_PARAMETER,
                    "The request must contain the parameter AvailabilityZone or "
                    "AvailabilityZoneId");
        return NULL;
    }
    for (size_t z = 0; z < ZONES_PER_REGION; z++)
        if ((name == NULL || streq(name, c->region->zones[z])) &&
            (id == NULL || streq(id, c->region->zone_ids[z])))
            return c->region->zones[z];
    (void)fault(f, FAULT_INVALID_PARAMETER_VALUE, "Invalid availability zone: [%.64s]",
                name == NULL ? id : name);
    return NULL;
}
