/* What of an object stands in the kernel now: told of reads that name it by its id. */
#include "base/text.h"
#include "jobs/explain_internal.h"
#include "network/intent.h"
#include "network/stands.h"

/* What can be asked about, and where its VPC and its account are. */
static const struct {
    const char *prefix;
    const struct table *table;
    const char *vpc_column;
} kinds[] = {
    {"sg-", &table_security_group, "vpc_id"}, {"acl-", &table_network_acl, "vpc_id"},
    {"rtb-", &table_route_table, "vpc_id"},   {"eni-", &table_network_interface, "vpc_id"},
    {"nat-", &table_nat_gateway, "vpc_id"},   {"vpc-", &table_vpc, "id"},
};

static void tell_members(struct telling *t, struct croft_ExplainedStep *step,
                         const struct net_vpc *intent, const char *group_id)
{
    for (size_t i = 0; i < intent->n_ports; i++) {
        const struct net_port *p = &intent->ports[i];
        for (size_t k = 0; k < p->n_group_ids; k++)
            if (streq(p->group_ids[k], group_id))
                tell_remark(t, step, "%s%s%s%s, %s, is a member", p->interface_id,
                            p->instance_id == NULL ? "" : " (",
                            p->instance_id == NULL ? "" : p->instance_id,
                            p->instance_id == NULL ? "" : ")", p->addresses[0].private_ip);
    }
}

static const char *peer_of(const struct security_group_rule *r)
{
    return r->cidr_ipv4 != NULL        ? r->cidr_ipv4
           : r->cidr_ipv6 != NULL      ? r->cidr_ipv6
           : r->prefix_list_id != NULL ? r->prefix_list_id
                                       : r->referenced_group_id;
}

static void tell_sources(struct telling *t, struct croft_ExplainedStep *step, const char *group_id)
{
    struct security_group_rule_list rules =
        store_security_group_rules(t->tx, t->a, "group_id", group_id);
    for (size_t i = 0; i < rules.n; i++) {
        const struct security_group_rule *r = &rules.v[i];
        tell_remark(t, step, "%s is %s, protocol %s, ports %lld to %lld, %s %s%s%s", r->id,
                    r->is_egress ? "egress" : "ingress", r->protocol, (long long)r->from_port,
                    (long long)r->to_port, r->is_egress ? "to" : "from", peer_of(r),
                    r->description == NULL ? "" : ": ",
                    r->description == NULL ? "" : r->description);
    }
}

/* The routes in force, a prefix list's blocks one by one, and the subnets that are sent by them. */
static void tell_routes(struct telling *t, struct croft_ExplainedStep *step,
                        const struct net_vpc *intent, const struct net_route_table *table)
{
    static const char *const leads[] = {
        [NET_ROUTE_BLACKHOLE] = "a black hole",
        [NET_ROUTE_INTERNET] = "the internet gateway",
        [NET_ROUTE_EGRESS_ONLY] = "the egress-only internet gateway",
        [NET_ROUTE_PORT] = "an interface",
        [NET_ROUTE_PEERING] = "a peering",
    };
    for (size_t i = 0; i < intent->n_cidrs; i++)
        tell_remark(t, step, "%s is local, unless a longer one of these holds", intent->cidrs[i]);
    for (size_t i = 0; i < intent->n_ipv6_cidrs; i++)
        tell_remark(t, step, "%s is local, unless a longer one of these holds",
                    intent->ipv6_cidrs[i]);
    for (size_t i = 0; i < table->n_routes; i++) {
        const struct net_route *r = &table->routes[i];
        tell_remark(t, step, "%s leads to %s%s%s", r->destination, leads[r->kind],
                    r->target_id == NULL ? "" : ", ", r->target_id == NULL ? "" : r->target_id);
    }
    for (size_t i = 0; i < intent->n_subnets; i++)
        if (intent->subnets[i].table == table->number)
            tell_remark(t, step, "%s (%s) is sent by it", intent->subnets[i].subnet_id,
                        intent->subnets[i].bridge);
}

static void tell_stands(struct telling *t, const struct net_vpc *intent, const char *id)
{
    struct net_explained told = {0};
    struct err e = {0};
    const struct net_explain_options options = explain_network_options(t);
    if (network_stands(t->a, &options, intent, id, &told, &e) < 0) {
        tell_note(t, "What stands of %s is not shown: %s", id, e.message);
        return;
    }
    const struct vpc *vpc = store_vpc(t->tx, t->a, intent->vpc_id);
    const char *why = vpc == NULL ? NULL : vpc->network_error;
    struct croft_ExplainedStep *step = tell_step(
        t, "%s%s in %s", why == NULL ? EXPLAIN_STANDS : EXPLAIN_WANTED, id, intent->vpc_id);
    if (why != NULL)
        tell_note(t,
                  "The network of %s is not as its rows say, which is what is told; it is tried "
                  "again: %s",
                  intent->vpc_id, why);
    if (told.rules != NULL)
        tell_file(t, step, arena_printf(t->a, "%s.nft", intent->vpc_id), told.rules);
    for (size_t i = 0; i < told.files.n; i++)
        tell_file(t, step, told.files.v[i].path, told.files.v[i].content);
    for (size_t i = 0; i < told.gateways.n; i++)
        tell_gateway(t, step, &told.gateways.v[i]);
    for (size_t i = 0; i < told.reload.n; i++)
        tell_command(t, step, "%s", told.reload.v[i]);
    for (size_t i = 0; i < told.routes.n; i++)
        tell_command(t, step, "%s", told.routes.v[i]);
    for (size_t i = 0; i < intent->n_tables; i++)
        if (streq(intent->tables[i].route_table_id, id))
            tell_routes(t, step, intent, &intent->tables[i]);
    if (has_prefix(id, "sg-")) {
        tell_members(t, step, intent, id);
        tell_sources(t, step, id);
    }
}

static void tell_stands_in(struct telling *t, const char *vpc_id, const char *id)
{
    struct net_vpc intent = {0};
    if (plan_vpc(t->tx, t->a, vpc_id, &intent))
        tell_stands(t, intent_copy(t->a, &intent), id);
}

/* The other VPCs in which a group is in force. */
static void tell_stands_elsewhere(struct telling *t, const char *group_id)
{
    struct security_group_vpc_list l = store_security_group_vpcs(t->tx, t->a, "group_id", group_id);
    for (size_t i = 0; i < l.n; i++)
        if (group_association_is_wanted(&l.v[i]))
            tell_stands_in(t, l.v[i].vpc_id, group_id);
}

void tell_standing(struct telling *t, const char *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!has_prefix(id, kinds[i].prefix))
            continue;
        const void *row = table_get(t->tx, kinds[i].table, t->a, (const char *const[]){id});
        if (row == NULL || !is_own(t, kinds[i].table, row))
            return;
        tell_stands_in(t, row_text(kinds[i].table, t->a, row, kinds[i].vpc_column), id);
        if (has_prefix(id, "sg-"))
            tell_stands_elsewhere(t, id);
        return;
    }
}
