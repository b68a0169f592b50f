#include "network/reach.h"

#include <netinet/in.h>

#include "base/text.h"
#include "network/intent.h"
#include "network/reach_walk.h"

/*
 * Theory of operation: a packet is carried from place to place by functions that each decide one
 * hop and call the next one; each returns whether the packet has arrived. The first refusal notes
 * its hop, code and remedy, and everything returns false. The way back is the same walk with the
 * packet turned around: groups are not asked (they track connections), NAT gateways undo what they
 * did on the way there.
 */

/* --- noting */

struct reach_hop *walk_hop(struct walk *w, enum reach_kind kind, const char *id,
                           const struct net_vpc *vpc, const struct net_subnet *subnet)
{
    struct reach_hop *h = arena_append(w->a, &w->answer.hops);
    *h = (struct reach_hop){
        .kind = kind,
        .id = id,
        .vpc_id = vpc != NULL ? vpc->vpc_id : NULL,
        .subnet_id = subnet != NULL ? subnet->subnet_id : NULL,
        .is_reply = w->is_reply,
        .passes = true,
        .source = reach_text(w->a, &w->packet.source),
        .destination = reach_text(w->a, &w->packet.destination),
    };
    return h;
}

bool walk_stop(struct walk *w, struct reach_hop *h, const char *code, const char *text,
               const char *remedy)
{
    h->passes = false;
    h->text = text;
    w->answer.code = code;
    w->answer.remedy = remedy;
    return false;
}

const char *reach_service(struct arena *a, int protocol, int64_t port)
{
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
        return "icmp echo";
    return arena_printf(a, "%s %lld", protocol == IPPROTO_TCP ? "tcp" : "udp", (long long)port);
}

const char *walk_service(const struct walk *w)
{
    return reach_service(w->a, w->question->protocol, w->question->port);
}

const char *walk_protocol(const struct walk *w)
{
    switch (w->question->protocol) {
    case IPPROTO_TCP:
        return "tcp";
    case IPPROTO_UDP:
        return "udp";
    default:
        return w->packet.source.is_ipv6 ? "icmpv6" : "icmp";
    }
}

const char *walk_host_block(const struct walk *w, const struct net_ip *address)
{
    return say(w, "%s/%d", reach_text(w->a, address), address->is_ipv6 ? 128 : 32);
}

const char *walk_guest(const struct walk *w, const struct net_port *port)
{
    return port->instance_id == NULL ? port->interface_id
                                     : say(w, "%s (%s)", port->instance_id, port->interface_id);
}

/* --- the question */

static const struct net_peering *peering_with(const struct net_vpc *vpc, const char *peer_vpc_id)
{
    for (size_t i = 0; i < vpc->n_peerings; i++)
        if (streq(vpc->peerings[i].peer_vpc_id, peer_vpc_id))
            return &vpc->peerings[i];
    return NULL;
}

/* The address that the source would call, or NULL: it has none to call. A private address, too, can
 * only be meant by its public one outside; in another VPC it is called as it is, peering or not. */
static const char *called(const struct reach_question *q, const struct net_port *port)
{
    const struct reach_end *to = &q->destination;
    struct net_ip address;
    const struct net_port *its = NULL;
    bool by_private =
        q->source.vpc != NULL && (streq(q->source.vpc->vpc_id, to->vpc->vpc_id) ||
                                  peering_with(q->source.vpc, to->vpc->vpc_id) != NULL);
    if (to->address == NULL)
        return by_private ? port->addresses[0].private_ip : port->addresses[0].public_ip;
    if (q->source.vpc != NULL || net_ip_parse(to->address, &address) < 0 || address.is_ipv6)
        return to->address;
    const struct net_address *pair = reach_private(to->vpc, &address, &its);
    return pair != NULL ? pair->public_ip : to->address;
}

static bool start(struct walk *w, const struct net_port *from, const struct net_port *to)
{
    const struct reach_question *q = w->question;
    const char *source = q->source.address;
    const char *destination = to == NULL ? q->destination.address : called(q, to);
    bool ok = net_ip_parse(destination, &w->packet.destination) == 0;
    if (from != NULL && source == NULL)
        source = ok && w->packet.destination.is_ipv6 && from->n_ipv6 > 0
                     ? from->ipv6[0]
                     : from->addresses[0].private_ip;
    bool known = net_ip_parse(source, &w->packet.source) == 0;
    if (from != NULL && !walk_is_alive(w, &q->source, from))
        return false;
    if (from != NULL) {
        const struct net_subnet *subnet = intent_subnet(q->source.vpc, from->subnet_id);
        struct reach_hop *h =
            walk_hop(w, REACH_INTERFACE, from->interface_id, q->source.vpc, subnet);
        h->text = say(w, "%s sends from %s", walk_guest(w, from), source);
        h->destination = ok ? h->destination : NULL;
        if (!known || !reach_port_has(from, &w->packet.source))
            return walk_stop(w, h, "ENI_ADDRESS_RESTRICTION",
                             say(w, "%s is no address of %s", source, walk_guest(w, from)), NULL);
    } else {
        struct reach_hop *h = walk_hop(w, REACH_OUTSIDE, source, NULL, NULL);
        h->text = "a packet from outside";
        h->destination = ok ? h->destination : NULL;
        if (!known)
            return walk_stop(w, h, "NO_PATH", "the source has no address", NULL);
    }
    if (!ok && to != NULL)
        return walk_stop(
            w, walk_hop(w, REACH_INTERFACE, to->interface_id, q->destination.vpc, NULL),
            "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
            say(w, "%s has no public address to be reached at from outside of %s",
                walk_guest(w, to), q->destination.vpc->vpc_id),
            say(w,
                "aws ec2 allocate-address, then aws ec2 associate-address --allocation-id "
                "eipalloc-… --network-interface-id %s",
                to->interface_id));
    if (!ok || w->packet.source.is_ipv6 != w->packet.destination.is_ipv6)
        return walk_stop(w, walk_hop(w, REACH_OUTSIDE, destination, NULL, NULL), "NO_PATH",
                         "source and destination have no address of one family", NULL);
    return true;
}

static void set_service(struct walk *w)
{
    const struct reach_question *q = w->question;
    struct reach_packet *p = &w->packet;
    p->protocol = q->protocol;
    if (q->protocol != IPPROTO_TCP && q->protocol != IPPROTO_UDP) {
        p->protocol = p->source.is_ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
        p->icmp_type = p->source.is_ipv6 ? 128 : 8;
        return;
    }
    p->destination_ports = (struct reach_ports){q->port, q->port};
    p->source_ports = (struct reach_ports){q->source_port, q->source_port};
    if (q->source_port == 0)
        p->source_ports = (struct reach_ports){REACH_EPHEMERAL_FIRST, REACH_EPHEMERAL_LAST};
}

static void turn_around(struct walk *w)
{
    struct reach_packet there = w->packet;
    w->is_reply = true;
    w->packet.source = there.destination;
    w->packet.destination = there.source;
    w->packet.source_ports = there.destination_ports;
    w->packet.destination_ports = there.source_ports;
    if (there.protocol == IPPROTO_ICMP)
        w->packet.icmp_type = 0;
    if (there.protocol == IPPROTO_ICMPV6)
        w->packet.icmp_type = 129;
}

static const struct net_port *port_of(struct walk *w, const struct reach_end *end, bool *ok)
{
    const struct net_port *port = NULL;
    if (end->vpc == NULL)
        return NULL;
    port = intent_port(end->vpc, end->interface_id);
    if (port == NULL || intent_subnet(end->vpc, port->subnet_id) == NULL)
        *ok = walk_stop(
            w, walk_hop(w, REACH_INTERFACE, end->interface_id, end->vpc, NULL), "BAD_STATE",
            say(w, "%s has no interface %s", end->vpc->vpc_id, end->interface_id), NULL);
    return port;
}

static bool there(struct walk *w)
{
    const struct reach_question *q = w->question;
    bool ok = true;
    const struct net_port *from = port_of(w, &q->source, &ok);
    const struct net_port *to = ok ? port_of(w, &q->destination, &ok) : NULL;
    if (!ok || !start(w, from, to))
        return false;
    set_service(w);
    if (from != NULL)
        return walk_leave(w, q->source.vpc, from);
    if (to == NULL)
        return walk_stop(w, walk_hop(w, REACH_OUTSIDE, q->destination.address, NULL, NULL),
                         "NO_PATH", "neither end is in a VPC", NULL);
    return walk_enter(w, q->destination.vpc);
}

static bool back(struct walk *w)
{
    const struct reach_end *end = &w->question->destination;
    turn_around(w);
    if (end->vpc != NULL)
        return walk_leave(w, end->vpc, intent_port(end->vpc, end->interface_id));
    struct reach_hop *h = walk_hop(w, REACH_OUTSIDE, end->address, NULL, NULL);
    h->text = "the answer comes back";
    const struct net_vpc *vpc = w->question->source.vpc;
    const struct net_port *port = NULL;
    /* An egress-only gateway's answers need no internet gateway. */
    if (w->packet.destination.is_ipv6 || reach_public(vpc, &w->packet.destination, &port) == NULL)
        return walk_deliver(w, (struct walk_from){vpc, NULL}, vpc);
    return walk_enter(w, vpc);
}

struct reach_answer reach_walk(struct arena *a, const struct reach_question *question)
{
    struct walk w = {.a = a, .question = question};
    w.answer.reachable = there(&w) && back(&w);
    return w.answer;
}
