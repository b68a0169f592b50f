#include "network/intent.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static int compare_ports(const void *left, const void *right)
{
    const struct net_port *a = left;
    const struct net_port *b = right;
    return strcmp(a->interface_id, b->interface_id);
}

static const struct security_group_rule *copy_rules(struct arena *a, const struct net_group *group)
{
    struct security_group_rule *rules = arena_array(a, group->n_rules, struct security_group_rule);
    for (size_t i = 0; i < group->n_rules; i++) {
        const struct security_group_rule *from = &group->rules[i];
        rules[i] = (struct security_group_rule){
            .id = arena_strdup(a, from->id),
            .is_egress = from->is_egress,
            .protocol = arena_strdup(a, from->protocol),
            .from_port = from->from_port,
            .to_port = from->to_port,
            .cidr_ipv4 = arena_strdup(a, from->cidr_ipv4),
            .cidr_ipv6 = arena_strdup(a, from->cidr_ipv6),
            .prefix_list_id = arena_strdup(a, from->prefix_list_id),
            .referenced_group_id = arena_strdup(a, from->referenced_group_id),
        };
    }
    return rules;
}

static void copy_port(struct arena *a, const struct net_port *from, struct net_port *to)
{
    const char **group_ids = arena_array(a, from->n_group_ids, const char *);
    for (size_t i = 0; i < from->n_group_ids; i++)
        group_ids[i] = arena_strdup(a, from->group_ids[i]);
    *to = (struct net_port){
        .interface_id = arena_strdup(a, from->interface_id),
        .instance_id = arena_strdup(a, from->instance_id),
        .tap = arena_strdup(a, from->tap),
        .mac = arena_strdup(a, from->mac),
        .subnet_id = arena_strdup(a, from->subnet_id),
        .private_ip = arena_strdup(a, from->private_ip),
        .public_ip = arena_strdup(a, from->public_ip),
        .hostname = arena_strdup(a, from->hostname),
        .source_dest_check = from->source_dest_check,
        .group_ids = group_ids,
        .n_group_ids = from->n_group_ids,
    };
}

const struct net_vpc *intent_copy(struct arena *a, const struct net_vpc *intent)
{
    struct net_subnet *subnets = arena_array(a, intent->n_subnets, struct net_subnet);
    struct net_port *ports = arena_array(a, intent->n_ports, struct net_port);
    struct net_group *groups = arena_array(a, intent->n_groups, struct net_group);
    for (size_t i = 0; i < intent->n_subnets; i++)
        subnets[i] = (struct net_subnet){
            .subnet_id = arena_strdup(a, intent->subnets[i].subnet_id),
            .cidr = arena_strdup(a, intent->subnets[i].cidr),
            .bridge = arena_strdup(a, intent->subnets[i].bridge),
        };
    for (size_t i = 0; i < intent->n_ports; i++)
        copy_port(a, &intent->ports[i], &ports[i]);
    if (intent->n_ports > 1)
        qsort(ports, intent->n_ports, sizeof(ports[0]), compare_ports);
    for (size_t i = 0; i < intent->n_groups; i++)
        groups[i] = (struct net_group){
            .group_id = arena_strdup(a, intent->groups[i].group_id),
            .rules = copy_rules(a, &intent->groups[i]),
            .n_rules = intent->groups[i].n_rules,
        };
    struct net_vpc *copy = arena_new_of(a, struct net_vpc);
    *copy = (struct net_vpc){
        .vpc_id = arena_strdup(a, intent->vpc_id),
        .region = arena_strdup(a, intent->region),
        .index = intent->index,
        .cidr = arena_strdup(a, intent->cidr),
        .domain = arena_strdup(a, intent->domain),
        .subnets = subnets,
        .n_subnets = intent->n_subnets,
        .ports = ports,
        .n_ports = intent->n_ports,
        .groups = groups,
        .n_groups = intent->n_groups,
    };
    return copy;
}

static bool rule_equal(const struct security_group_rule *a, const struct security_group_rule *b)
{
    return streq(a->id, b->id) && a->is_egress == b->is_egress && streq(a->protocol, b->protocol) &&
           a->from_port == b->from_port && a->to_port == b->to_port &&
           streq(a->cidr_ipv4, b->cidr_ipv4) && streq(a->cidr_ipv6, b->cidr_ipv6) &&
           streq(a->prefix_list_id, b->prefix_list_id) &&
           streq(a->referenced_group_id, b->referenced_group_id);
}

static bool group_equal(const struct net_group *a, const struct net_group *b)
{
    if (!streq(a->group_id, b->group_id) || a->n_rules != b->n_rules)
        return false;
    for (size_t i = 0; i < a->n_rules; i++)
        if (!rule_equal(&a->rules[i], &b->rules[i]))
            return false;
    return true;
}

static bool port_equal(const struct net_port *a, const struct net_port *b)
{
    if (!streq(a->interface_id, b->interface_id) || !streq(a->tap, b->tap) ||
        !streq(a->mac, b->mac) || !streq(a->subnet_id, b->subnet_id) ||
        !streq(a->private_ip, b->private_ip) || !streq(a->public_ip, b->public_ip) ||
        !streq(a->hostname, b->hostname) || a->source_dest_check != b->source_dest_check ||
        a->n_group_ids != b->n_group_ids)
        return false;
    for (size_t i = 0; i < a->n_group_ids; i++)
        if (!streq(a->group_ids[i], b->group_ids[i]))
            return false;
    return true;
}

bool intent_frame_equal(const struct net_vpc *a, const struct net_vpc *b)
{
    if (!streq(a->vpc_id, b->vpc_id) || a->index != b->index || !streq(a->cidr, b->cidr) ||
        !streq(a->domain, b->domain) || a->n_subnets != b->n_subnets)
        return false;
    for (size_t i = 0; i < a->n_subnets; i++)
        if (!streq(a->subnets[i].subnet_id, b->subnets[i].subnet_id) ||
            !streq(a->subnets[i].cidr, b->subnets[i].cidr) ||
            !streq(a->subnets[i].bridge, b->subnets[i].bridge))
            return false;
    return true;
}

bool intent_equal(const struct net_vpc *a, const struct net_vpc *b)
{
    if (!intent_frame_equal(a, b) || a->n_ports != b->n_ports || a->n_groups != b->n_groups)
        return false;
    for (size_t i = 0; i < a->n_ports; i++)
        if (!port_equal(&a->ports[i], &b->ports[i]))
            return false;
    for (size_t i = 0; i < a->n_groups; i++)
        if (!group_equal(&a->groups[i], &b->groups[i]))
            return false;
    return true;
}

const struct net_subnet *intent_subnet(const struct net_vpc *intent, const char *subnet_id)
{
    for (size_t i = 0; i < intent->n_subnets; i++)
        if (streq(intent->subnets[i].subnet_id, subnet_id))
            return &intent->subnets[i];
    return NULL;
}

const struct net_port *intent_port(const struct net_vpc *intent, const char *interface_id)
{
    for (size_t i = 0; i < intent->n_ports; i++)
        if (streq(intent->ports[i].interface_id, interface_id))
            return &intent->ports[i];
    return NULL;
}
