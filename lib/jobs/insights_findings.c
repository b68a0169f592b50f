#include "jobs/insights_findings.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/text.h"
#include "core/network_acl.h"
#include "core/resource.h"
#include "wire/json.h"

#define FINDINGS_MAX ((size_t)1 << 20)

struct finder {
    struct tx *tx;
    struct arena *a;
    const struct network_insights_path *path;
};

/* --- proof */

static const char *proof_text(struct arena *a, const struct net_probed *p, const char *service)
{
    switch (p->outcome) {
    case NET_PROBE_LOST:
        return p->trace.n == 0 ? "a packet was sent, and no rule of the VPC ever saw it"
                               : "a packet was sent, and it got no further than routing";
    case NET_PROBE_DROPPED:
        return arena_printf(a, "a packet was sent, and the chain %s of %s dropped it%s%s", p->chain,
                            p->vpc_id, p->rule == NULL ? "" : " by ",
                            p->rule == NULL ? "" : p->rule);
    case NET_PROBE_SILENT:
        return arena_printf(a,
                            "a packet was sent and passed every rule, and the guest does not "
                            "answer %s: a firewall of its own, or it is not up",
                            service);
    case NET_PROBE_REFUSED:
        return arena_printf(
            a, "a packet was sent and got there: nothing listens on %s in the guest, which says so",
            service);
    case NET_PROBE_ANSWERED:
        return arena_printf(a, "a packet was sent and got there, and %s was answered", service);
    case NET_PROBE_ANSWER_DROPPED:
        return p->chain == NULL
                   ? "a packet was sent and was answered, and the answer found no way back"
                   : arena_printf(a,
                                  "a packet was sent and was answered, and the chain %s of %s "
                                  "dropped the answer%s%s",
                                  p->chain, p->vpc_id, p->rule == NULL ? "" : " by ",
                                  p->rule == NULL ? "" : p->rule);
    }
    return NULL;
}

/* Could this have come about if the walk was right? */
static bool bears_out(const struct reach_answer *answer, enum net_probe_outcome outcome)
{
    if (answer->reachable)
        return outcome == NET_PROBE_ANSWERED || outcome == NET_PROBE_REFUSED ||
               outcome == NET_PROBE_SILENT;
    const struct reach_hop *last = &answer->hops.v[answer->hops.n - 1];
    if (last->is_reply)
        return outcome == NET_PROBE_ANSWER_DROPPED || outcome == NET_PROBE_SILENT;
    if (has_prefix(answer->code, "BAD_STATE") && outcome == NET_PROBE_SILENT)
        return true;
    return outcome == NET_PROBE_DROPPED || outcome == NET_PROBE_LOST;
}

struct insights_proof insights_judge(struct arena *a, const struct reach_answer *answer,
                                     const struct net_probed *probed, const char *service)
{
    const struct reach_hop *last = &answer->hops.v[answer->hops.n - 1];
    const char *text = proof_text(a, probed, service);
    if (!bears_out(answer, probed->outcome))
        return (struct insights_proof){
            "differs",
            arena_printf(a, "computed and sent differ: it was computed that %s, but %s",
                         answer->reachable ? "the packet gets there" : "it does not", text),
            probed};
    /* A guest that says nothing leaves the way back untried. */
    bool untried = !answer->reachable && last->is_reply && probed->outcome == NET_PROBE_SILENT;
    return (struct insights_proof){untried ? "computed" : "proven", text, probed};
}

/* --- components */

static struct ec2_AnalysisComponent *component(const struct finder *f, const char *id)
{
    if (id == NULL)
        return NULL;
    struct ec2_AnalysisComponent *out = arena_new_of(f->a, struct ec2_AnalysisComponent);
    const struct resource *r = resource_of_id(id);
    out->id = id;
    if (r != NULL && r->type != NULL)
        out->arn = arena_printf(f->a, "arn:aws:ec2:%s:%s:%s/%s", f->path->region,
                                f->path->account_id, r->type, id);
    return out;
}

static const char *gateway_of(const struct finder *f, const struct reach_hop *h)
{
    if (h->kind == REACH_INTERNET_GATEWAY) {
        struct internet_gateway_list l = store_internet_gateways(f->tx, f->a, "vpc_id", h->vpc_id);
        return l.n > 0 ? l.v[0].id : NULL;
    }
    struct egress_only_gateway_list l =
        store_egress_only_gateways(f->tx, f->a, "vpc_id", h->vpc_id);
    return l.n > 0 ? l.v[0].id : NULL;
}

static const char *id_of(const struct finder *f, const struct reach_hop *h)
{
    bool gateway = h->kind == REACH_INTERNET_GATEWAY || h->kind == REACH_EGRESS_ONLY_GATEWAY;
    return gateway ? gateway_of(f, h) : h->id;
}

static struct ec2_PortRange *port_range(const struct finder *f, int64_t from, int64_t to)
{
    if (from < 0)
        return NULL;
    struct ec2_PortRange *out = arena_new_of(f->a, struct ec2_PortRange);
    out->from = wire_int(from);
    out->to = wire_int(to);
    return out;
}

static struct ec2_AnalysisSecurityGroupRule *group_rule(const struct finder *f,
                                                        const struct reach_hop *h)
{
    const struct security_group_rule *r = h->rule;
    if (r == NULL)
        return NULL;
    struct ec2_AnalysisSecurityGroupRule *out =
        arena_new_of(f->a, struct ec2_AnalysisSecurityGroupRule);
    *out = (struct ec2_AnalysisSecurityGroupRule){
        .cidr = r->cidr_ipv4 != NULL ? r->cidr_ipv4 : r->cidr_ipv6,
        .direction = r->is_egress ? "egress" : "ingress",
        .security_group_id = r->referenced_group_id,
        .port_range = port_range(f, r->from_port, r->to_port),
        .prefix_list_id = r->prefix_list_id,
        .protocol = streq(r->protocol, "-1") ? "all" : r->protocol,
    };
    return out;
}

static struct ec2_AnalysisAclRule *acl_rule(const struct finder *f, const struct reach_hop *h)
{
    const struct network_acl_entry *n = h->entry;
    if (h->kind != REACH_NETWORK_ACL)
        return NULL;
    struct ec2_AnalysisAclRule *out = arena_new_of(f->a, struct ec2_AnalysisAclRule);
    out->egress = wire_bool(h->is_egress);
    out->rule_action = n != NULL && n->is_allow ? "allow" : "deny";
    out->rule_number = wire_int(n != NULL ? n->rule_number : ACL_RULE_LAST);
    out->protocol = n == NULL || n->protocol == ACL_PROTOCOL_ALL
                        ? "all"
                        : arena_printf(f->a, "%lld", (long long)n->protocol);
    if (n != NULL) {
        out->cidr = n->cidr_ipv4 != NULL ? n->cidr_ipv4 : n->cidr_ipv6;
        out->port_range = port_range(f, n->from_port, n->to_port);
    }
    return out;
}

/* The row says what an intent does not: the target, also of a black hole. */
static const char *target_of(const struct finder *f, const struct reach_hop *h)
{
    struct route_list rows =
        store_routes(f->tx, f->a, "route_table_id", h->id, "destination", h->route->destination);
    return rows.n > 0 ? rows.v[0].target_id : h->route->target_id;
}

static struct ec2_AnalysisRouteTableRoute *route_taken(const struct finder *f,
                                                       const struct reach_hop *h)
{
    if (h->kind != REACH_ROUTE_TABLE || h->id == NULL || (h->route == NULL && !h->passes))
        return NULL;
    struct ec2_AnalysisRouteTableRoute *out =
        arena_new_of(f->a, struct ec2_AnalysisRouteTableRoute);
    out->state = h->passes ? "active" : "blackhole";
    out->origin = h->route == NULL ? "createroutetable" : "createroute";
    if (h->route == NULL) {
        out->gateway_id = "local";
        return out;
    }
    const char *target = target_of(f, h);
    out->destination_cidr = h->route->destination;
    if (has_prefix(target, "igw-"))
        out->gateway_id = target;
    else if (has_prefix(target, "eigw-"))
        out->egress_only_internet_gateway_id = target;
    else if (has_prefix(target, "nat-"))
        out->nat_gateway_id = target;
    else if (has_prefix(target, "pcx-"))
        out->vpc_peering_connection_id = target;
    else
        out->network_interface_id = target;
    return out;
}

static struct ec2_AnalysisPacketHeader *header(const struct finder *f, const struct reach_hop *h)
{
    struct ec2_AnalysisPacketHeader *out = arena_new_of(f->a, struct ec2_AnalysisPacketHeader);
    int64_t port = f->path->destination_port;
    out->protocol = f->path->protocol;
    if (h->source != NULL)
        *arena_append(f->a, &out->source_addresses) = h->source;
    if (h->destination != NULL)
        *arena_append(f->a, &out->destination_addresses) = h->destination;
    if (port > 0 && !h->is_reply)
        *arena_append(f->a, &out->destination_port_ranges) =
            (struct ec2_PortRange){.from = wire_int(port), .to = wire_int(port)};
    if (port > 0 && h->is_reply)
        *arena_append(f->a, &out->source_port_ranges) =
            (struct ec2_PortRange){.from = wire_int(port), .to = wire_int(port)};
    return out;
}

static struct ec2_PathComponent path_component(const struct finder *f, const struct reach_hop *h,
                                               size_t number)
{
    return (struct ec2_PathComponent){
        .sequence_number = wire_int((int64_t)number),
        .component = component(f, id_of(f, h)),
        .vpc = component(f, h->vpc_id),
        .subnet = component(f, h->subnet_id),
        .security_group_rule = group_rule(f, h),
        .acl_rule = acl_rule(f, h),
        .route_table_route = route_taken(f, h),
        .outbound_header = header(f, h),
        .croft_direction = h->is_reply ? "return" : "forward",
        .croft_passes = wire_bool(h->passes),
        .croft_text = h->text,
    };
}

static struct ec2_Explanation explanation(const struct finder *f, const struct reach_answer *answer)
{
    const struct reach_hop *h = &answer->hops.v[answer->hops.n - 1];
    struct ec2_AnalysisComponent *its = component(f, id_of(f, h));
    struct ec2_Explanation out = {
        .explanation_code = answer->code,
        .component = its,
        .vpc = component(f, h->vpc_id),
        .subnet = component(f, h->subnet_id),
        .direction = h->is_egress ? "egress" : "ingress",
        .acl_rule = acl_rule(f, h),
        .route_table_route = route_taken(f, h),
        .address = h->is_egress ? h->destination : h->source,
    };
    *arena_append(f->a, &out.protocols) = f->path->protocol;
    if (f->path->destination_port > 0)
        out.port = wire_int(f->path->destination_port);
    switch (h->kind) {
    case REACH_OUTSIDE:
        break;
    case REACH_INTERFACE:
        out.network_interface = its;
        break;
    case REACH_SECURITY_GROUP:
        out.security_group = its;
        break;
    case REACH_NETWORK_ACL:
        out.acl = its;
        break;
    case REACH_ROUTE_TABLE:
        out.route_table = its;
        break;
    case REACH_INTERNET_GATEWAY:
    case REACH_EGRESS_ONLY_GATEWAY:
        out.internet_gateway = its;
        break;
    case REACH_NAT_GATEWAY:
        out.nat_gateway = its;
        break;
    case REACH_PEERING:
        out.vpc_peering_connection = its;
        break;
    }
    return out;
}

const char *insights_findings(struct tx *tx, struct arena *a, const struct network_insights_path *p,
                              const struct reach_answer *answer, const struct insights_proof *proof)
{
    const struct finder f = {tx, a, p};
    struct ec2_NetworkInsightsAnalysis out = {
        .network_path_found = wire_bool(answer->reachable),
        .croft_proof = proof->word,
        .croft_proof_text = proof->text,
        .croft_remedy = answer->remedy,
        .warning_message = streq(proof->word, "differs") ? proof->text : NULL,
    };
    for (size_t i = 0; i < answer->hops.n; i++) {
        const struct reach_hop *h = &answer->hops.v[i];
        *arena_append(a, &out.croft_hops) = path_component(&f, h, i + 1);
        if (!answer->reachable)
            continue;
        if (h->is_reply)
            *arena_append(a, &out.return_path_components) =
                path_component(&f, h, out.return_path_components.n + 1);
        else
            *arena_append(a, &out.forward_path_components) =
                path_component(&f, h, out.forward_path_components.n + 1);
    }
    if (!answer->reachable)
        *arena_append(a, &out.explanations) = explanation(&f, answer);
    for (size_t i = 0; proof->probed != NULL && i < proof->probed->trace.n; i++)
        *arena_append(a, &out.croft_trace) = proof->probed->trace.v[i];
    /* Hops and traces are bounded, and so is this. */
    _cleanup_buf_ struct buf text = BUF_INIT(FINDINGS_MAX);
    CHECK(json_encode(a, &ec2_NetworkInsightsAnalysis_struct, &out, JSON_PLAIN, &text) == 0);
    return arena_strdup(a, buf_str(&text));
}
