#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "core/hostname.h"
#include "jobs/worker.h"

static struct vpc_slot *slot_of(struct jobs *j, const char *vpc_id)
{
    size_t h = 5381;
    for (const char *p = vpc_id; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    return &j->vpcs[h % VPC_SLOTS];
}

static void load_subnets(struct tx *tx, struct arena *a, const char *vpc_id, struct net_vpc *v)
{
    struct subnet_list subnets = store_subnets(tx, a, "vpc_id", vpc_id);
    struct net_subnet *out = arena_array(a, subnets.n, struct net_subnet);
    for (size_t i = 0; i < subnets.n; i++)
        out[i] = (struct net_subnet){
            .subnet_id = subnets.v[i].id,
            .cidr = subnets.v[i].cidr_block,
            .bridge = arena_printf(a, "br%lld", (long long)subnets.v[i].number),
        };
    v->subnets = out;
    v->n_subnets = subnets.n;
}

static void load_ports(struct tx *tx, struct arena *a, const char *vpc_id, struct net_vpc *v)
{
    struct network_interface_list interfaces = store_network_interfaces(tx, a, "vpc_id", vpc_id);
    struct net_port *out = arena_array(a, interfaces.n, struct net_port);
    for (size_t i = 0; i < interfaces.n; i++) {
        const struct network_interface *n = &interfaces.v[i];
        struct interface_group_list groups = store_interface_groups(tx, a, "interface_id", n->id);
        const char **ids = arena_array(a, groups.n, const char *);
        for (size_t g = 0; g < groups.n; g++)
            ids[g] = groups.v[g].group_id;
        out[i] = (struct net_port){
            .interface_id = n->id,
            .instance_id = n->instance_id,
            .tap = n->tap,
            .mac = n->mac,
            .subnet_id = n->subnet_id,
            .private_ip = n->private_ip,
            .public_ip = n->public_ip,
            .hostname = hostname_of(a, "ip", n->private_ip),
            .source_dest_check = n->source_dest_check,
            .group_ids = ids,
            .n_group_ids = groups.n,
        };
    }
    v->ports = out;
    v->n_ports = interfaces.n;
}

static void load_groups(struct tx *tx, struct arena *a, const char *vpc_id, struct net_vpc *v)
{
    struct security_group_list groups = store_security_groups(tx, a, "vpc_id", vpc_id);
    struct net_group *out = arena_array(a, groups.n, struct net_group);
    for (size_t i = 0; i < groups.n; i++) {
        struct security_group_rule_list rules =
            store_security_group_rules(tx, a, "group_id", groups.v[i].id);
        out[i] = (struct net_group){groups.v[i].id, rules.v, rules.n};
    }
    v->groups = out;
    v->n_groups = groups.n;
}

/* -ENOENT when there is no such VPC. */
static int vpc_load(struct jobs *j, struct arena *a, const char *vpc_id, struct net_vpc *ret_vpc,
                    struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    struct vpc *row = store_vpc(tx, a, vpc_id);
    struct net_vpc v = {0};
    if (row != NULL) {
        const struct region *region = region_find(row->region);
        CHECK(region != NULL);
        v = (struct net_vpc){
            .vpc_id = row->id,
            .region = row->region,
            .index = row->number,
            .cidr = row->cidr_block,
            .domain = region->domain,
        };
        load_subnets(tx, a, vpc_id, &v);
        load_ports(tx, a, vpc_id, &v);
        load_groups(tx, a, vpc_id, &v);
    }
    int r = tx_commit(tx, e);
    if (r < 0)
        return r;
    if (row == NULL)
        return err_set(e, ENOENT, "there is no VPC %s", vpc_id);
    *ret_vpc = v;
    return 0;
}

/* Reads the intent and makes the machine follow; the slot is locked, and remembers it if that
 * works. */
static int slot_apply(struct jobs *j, struct vpc_slot *slot, const char *vpc_id, struct err *e)
{
    struct network *n = j->config.network;
    struct arena *a = arena_new();
    struct net_vpc intent = {0};
    uint64_t version = store_network_version(j->config.store);
    int r = vpc_load(j, a, vpc_id, &intent, e);
    if (r == 0)
        r = n->ops->apply(n, &intent, e);
    arena_free(slot->arena);
    slot->arena = r == 0 ? a : NULL;
    slot->intent = intent;
    slot->version = version;
    if (r < 0)
        arena_free(a);
    return r;
}

int vpc_converge(struct jobs *j, const char *vpc_id, struct err *e)
{
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    int r = slot_apply(j, slot, vpc_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "network of %s", vpc_id) : 0;
}

int vpc_plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e)
{
    struct network *n = j->config.network;
    struct vpc_slot *slot = slot_of(j, vpc_id);
    (void)pthread_mutex_lock(&slot->lock);
    bool in_force = slot->arena != NULL && streq(slot->intent.vpc_id, vpc_id) &&
                    slot->version == store_network_version(j->config.store);
    int r = in_force ? 0 : slot_apply(j, slot, vpc_id, e);
    if (r == 0)
        r = n->ops->plug(n, &slot->intent, interface_id, e);
    (void)pthread_mutex_unlock(&slot->lock);
    return r < 0 ? err_wrap(e, r, "interface %s", interface_id) : 0;
}
