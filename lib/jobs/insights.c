/* Analyses of paths: the walk over what the rows say, and then a packet that tries it. */
#include <errno.h>
#include <netinet/in.h>

#include "base/log.h"
#include "base/text.h"
#include "core/cidr.h"
#include "jobs/insights_findings.h"
#include "jobs/plan.h"
#include "jobs/worker.h"
#include "network/edge.h"

#define PROBE_MS 3000

/* What is needed of the rows to ask the question. */
struct question {
    const struct network_insights_path *path;
    struct reach_question asked;
    const char *lacks; /* why it cannot be asked; NULL: it can */
};

static const struct network_interface *interface_with(struct tx *tx, struct arena *a,
                                                      const char *instance_id, const char *ip)
{
    struct network_interface_list l = store_network_interfaces(tx, a, "instance_id", instance_id);
    for (size_t i = 0; i < l.n && ip != NULL; i++) {
        if (streq(l.v[i].private_ip, ip) || streq(l.v[i].public_ip, ip))
            return &l.v[i];
        if (store_count_interface_addresses(tx, "interface_id", l.v[i].id, "address", ip) > 0)
            return &l.v[i];
    }
    return store_primary_interface(tx, a, instance_id);
}

static const struct net_vpc *intent_of(struct tx *tx, struct arena *a, const char *vpc_id)
{
    struct net_vpc *vpc = arena_new_of(a, struct net_vpc);
    return plan_vpc(tx, a, vpc_id, vpc) ? vpc : NULL;
}

/* An end inside of a VPC. False: its rows are gone. */
static bool load_end(struct tx *tx, struct arena *a, const char *id, const char *ip,
                     struct reach_end *end)
{
    const struct network_interface *n =
        has_prefix(id, "i-") ? interface_with(tx, a, id, ip) : store_network_interface(tx, a, id);
    if (n == NULL)
        return false;
    const struct instance *i = store_instance(tx, a, n->instance_id);
    *end = (struct reach_end){
        .vpc = intent_of(tx, a, n->vpc_id),
        .interface_id = n->id,
        .address = ip,
        .instance_state = i != NULL ? state_name(&instance_states, i->state) : NULL,
    };
    return end->vpc != NULL;
}

/* The gateway that the question names must be the one of the VPC that it is about. */
static const struct net_vpc *seen_by_gateway(struct tx *tx, struct arena *a,
                                             const struct net_vpc *vpc, const char *gateway_id)
{
    const struct internet_gateway *g = store_internet_gateway(tx, a, gateway_id);
    if (g != NULL && streq(g->vpc_id, vpc->vpc_id))
        return vpc;
    struct net_vpc *without = arena_memdup(a, vpc, sizeof(*vpc));
    without->has_internet_gateway = false;
    return without;
}

/* Out there without an address of its own is the server. */
static const char *server_address(struct arena *a, const struct net_vpc *vpc)
{
    struct edge_addresses addresses = {0};
    char text[IPV4_TEXT_SIZE];
    if (edge_addresses(vpc->index, &addresses, NULL) < 0)
        return NULL;
    ipv4_format(addresses.server, text);
    return arena_strdup(a, text);
}

static void load_ends(struct tx *tx, struct arena *a, struct question *q)
{
    const struct network_insights_path *p = q->path;
    struct reach_end *from = &q->asked.source;
    struct reach_end *to = &q->asked.destination;
    bool from_outside = has_prefix(p->source_id, "igw-");
    bool to_outside = p->destination_id == NULL || has_prefix(p->destination_id, "igw-");
    const char *gone = NULL;
    if (!to_outside && !load_end(tx, a, p->destination_id, p->destination_ip, to))
        gone = p->destination_id;
    if (!from_outside && !load_end(tx, a, p->source_id, p->source_ip, from))
        gone = p->source_id;
    if (gone != NULL)
        q->lacks = arena_printf(a, "%s is not there any more", gone);
    if (from->vpc == NULL && to->vpc == NULL)
        q->lacks = "neither end is in a VPC";
    if (gone != NULL || (from->vpc == NULL && to->vpc == NULL))
        return;
    if (to_outside)
        to->address = p->destination_ip;
    if (to_outside && p->destination_id != NULL && from->vpc != NULL)
        from->vpc = seen_by_gateway(tx, a, from->vpc, p->destination_id);
    if (from_outside && to->vpc != NULL) {
        from->address = p->source_ip != NULL ? p->source_ip : server_address(a, to->vpc);
        to->vpc = seen_by_gateway(tx, a, to->vpc, p->source_id);
    }
    if (from->vpc != NULL && to->vpc != NULL && streq(from->vpc->vpc_id, to->vpc->vpc_id))
        to->vpc = from->vpc;
}

static int protocol_of(const char *name)
{
    return streq(name, "tcp") ? IPPROTO_TCP : streq(name, "udp") ? IPPROTO_UDP : IPPROTO_ICMP;
}

static struct question load_question(struct tx *tx, struct arena *a,
                                     const struct network_insights_path *path)
{
    struct question q = {.path = path};
    q.asked.protocol = protocol_of(path->protocol);
    q.asked.port = path->destination_port;
    load_ends(tx, a, &q);
    return q;
}

/* --- the packet */

/* False, with the reason, when there is nothing to send, or nowhere to send it from. */
static bool plan_probe(const struct question *q, const struct reach_answer *answer,
                       struct net_probe *ret, const char **ret_why)
{
    const struct reach_end *from = &q->asked.source;
    const struct reach_end *to = &q->asked.destination;
    const struct reach_hop *first = &answer->hops.v[0];
    const struct net_vpc *vpc = from->vpc != NULL ? from->vpc : to->vpc;
    struct net_probe p = {
        .vpc_id = vpc->vpc_id,
        .index = vpc->index,
        .source = first->source,
        .destination = first->destination,
        .protocol = q->asked.protocol,
        .port = (int)q->asked.port,
        .timeout_ms = PROBE_MS,
    };
    uint32_t address = 0;
    if (first->destination == NULL || ipv4_parse(first->source, &address) < 0) {
        *ret_why = first->destination == NULL ? "there is no address to send it to"
                                              : "packets of IPv6 are not sent to try it";
        return false;
    }
    if (from->vpc == NULL) {
        *ret = p;
        return true;
    }
    const struct net_port *port = NULL;
    for (size_t i = 0; i < vpc->n_ports; i++)
        if (streq(vpc->ports[i].interface_id, from->interface_id))
            port = &vpc->ports[i];
    for (size_t i = 0; port != NULL && i < vpc->n_subnets; i++)
        if (streq(vpc->subnets[i].subnet_id, port->subnet_id))
            p.bridge = vpc->subnets[i].bridge;
    if (port == NULL || p.bridge == NULL || !streq(from->instance_state, "running")) {
        *ret_why = "the source does not run";
        return false;
    }
    p.tap = port->tap;
    p.mac = port->mac;
    if (to->vpc != NULL && to->vpc != from->vpc)
        p.peer_vpc_id = to->vpc->vpc_id;
    *ret = p;
    return true;
}

static struct insights_proof unproven(struct arena *a, const char *why)
{
    return (struct insights_proof){"computed", arena_printf(a, "computed and not tried: %s", why),
                                   NULL};
}

static struct insights_proof prove(struct jobs *j, struct arena *a, const struct question *q,
                                   const struct reach_answer *answer)
{
    struct network *n = j->config.network;
    struct net_probe probe;
    struct net_probed *probed = arena_new_of(a, struct net_probed);
    const char *why = NULL;
    struct err e = {0};
    if (!plan_probe(q, answer, &probe, &why))
        return unproven(a, why);
    if (n->ops->probe(n, a, &probe, probed, &e) < 0)
        return unproven(a, e.message);
    return insights_judge(a, answer, probed, reach_service(a, q->asked.protocol, q->asked.port));
}

/* --- the job */

/* What is computed is to be what is in force: NULL, or why it is not. */
static const char *make_so(struct jobs *j, struct arena *a, const struct reach_question *asked)
{
    const struct net_vpc *vpcs[] = {asked->source.vpc, asked->destination.vpc};
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_SIZE(vpcs); i++)
        if (vpcs[i] != NULL && (i == 0 || vpcs[i] != vpcs[0]) &&
            vpc_converge(j, vpcs[i]->vpc_id, &e) < 0)
            return arena_printf(a, "what the rows say is not in force: %s", e.message);
    return NULL;
}

static int record(struct jobs *j, struct arena *a, const char *id, const struct question *q,
                  const struct reach_answer *answer, const struct insights_proof *proof,
                  struct err *e)
{
    struct tx *tx = store_write(j->config.store);
    struct network_insights_analysis *n = store_network_insights_analysis(tx, a, id);
    if (n != NULL && n->state == INSIGHTS_RUNNING) {
        n->status_message = q->lacks;
        (void)insights_enter_state(n, q->lacks != NULL ? INSIGHTS_FAILED : INSIGHTS_SUCCEEDED,
                                   NULL);
        if (q->lacks == NULL) {
            n->path_found = answer->reachable;
            n->findings = insights_findings(tx, a, q->path, answer, proof);
        }
        store_update_network_insights_analysis(tx, n);
    }
    return tx_commit(tx, e);
}

int insights_converge(struct jobs *j, struct arena *a, const char *id, struct err *e)
{
    struct tx *tx = store_read(j->config.store);
    const struct network_insights_analysis *n = store_network_insights_analysis(tx, a, id);
    bool runs = n != NULL && n->state == INSIGHTS_RUNNING;
    struct question q = {.path = runs ? store_network_insights_path(tx, a, n->path_id) : NULL};
    if (q.path != NULL)
        q = load_question(tx, a, q.path);
    int r = tx_commit(tx, e);
    if (r < 0 || q.path == NULL)
        return r;
    struct reach_answer answer = {0};
    struct insights_proof proof = {0};
    if (q.lacks == NULL)
        q.lacks = make_so(j, a, &q.asked);
    if (q.lacks == NULL) {
        answer = reach_walk(a, &q.asked);
        proof = prove(j, a, &q, &answer);
    }
    r = record(j, a, id, &q, &answer, &proof, e);
    if (r == 0)
        log_info("insights analysis=%s path=%s found=%d proof=%s", id, q.path->id, answer.reachable,
                 proof.word != NULL ? proof.word : "none");
    return r;
}
