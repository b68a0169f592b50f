/* The ways of a packet of a walk: interfaces, NAT gateways, gateways, peerings, routes. */
#include "base/text.h"
#include "network/intent.h"
#include "network/reach_walk.h"

static bool route_on(struct walk *w, struct walk_from from, int64_t table);

static bool may_go_on(struct walk *w)
{
    if (w->answer.hops.n < REACH_HOPS_MAX - 8)
        return true;
    return walk_stop(w, walk_hop(w, REACH_OUTSIDE, NULL, NULL, NULL), "NO_PATH",
                     "the routes lead the packet around in a circle", NULL);
}

/* --- arriving */

static bool is_asked(const struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct reach_end *end = w->is_reply ? &w->question->source : &w->question->destination;
    return end->vpc != NULL && streq(end->vpc->vpc_id, vpc->vpc_id) &&
           streq(end->interface_id, port->interface_id);
}

bool walk_is_alive(struct walk *w, const struct reach_end *end, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(end->vpc, port->subnet_id);
    if (port->nat_gateway_id != NULL)
        return true;
    if (port->instance_id == NULL)
        return walk_stop(
            w, walk_hop(w, REACH_INTERFACE, port->interface_id, end->vpc, subnet),
            "BAD_STATE_ATTACHMENT", say(w, "%s is attached to no instance", port->interface_id),
            say(w,
                "aws ec2 attach-network-interface --network-interface-id %s --instance-id "
                "i-… --device-index 1",
                port->interface_id));
    if (end->instance_state == NULL || streq(end->instance_state, "running"))
        return true;
    return walk_stop(w, walk_hop(w, REACH_INTERFACE, port->interface_id, end->vpc, subnet),
                     "BAD_STATE", say(w, "%s is %s", port->instance_id, end->instance_state),
                     streq(end->instance_state, "stopped") || streq(end->instance_state, "stopping")
                         ? say(w, "aws ec2 start-instances --instance-ids %s", port->instance_id)
                         : NULL);
}

bool walk_leave(struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    if (!may_go_on(w) || !walk_groups(w, vpc, port, true))
        return false;
    return route_on(w, (struct walk_from){vpc, subnet}, subnet->table);
}

static bool enter_nat(struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    struct reach_hop *h;
    struct net_ip own;
    if (w->is_reply) {
        /* An answer is for the gateway's own address; what is for another is a new connection. */
        for (size_t i = w->n_nats; i-- > 0 && reach_port_has(port, &w->packet.destination);)
            if (w->nats[i].port == port) {
                w->packet.destination = w->nats[i].behind;
                h = walk_hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet);
                h->text = say(w, "gives the answer to %s", h->destination);
                return route_on(w, (struct walk_from){vpc, subnet}, subnet->table);
            }
        return walk_stop(
            w, walk_hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet), "NO_PATH",
            "the answer comes by this NAT gateway, which knows of no such connection: the "
            "question came another way",
            NULL);
    }
    if (reach_port_has(port, &w->packet.destination) || w->n_nats == WALK_NATS_MAX ||
        w->packet.source.is_ipv6 || net_ip_parse(port->addresses[0].private_ip, &own) < 0)
        return walk_stop(
            w, walk_hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet), "NO_PATH",
            "a NAT gateway lets nobody in: connections begin on its inside, with IPv4", NULL);
    w->nats[w->n_nats++] = (struct walk_nat){port, w->packet.source};
    w->packet.source = own;
    h = walk_hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet);
    h->text = say(w, "sends on in its own name, %s", h->source);
    return route_on(w, (struct walk_from){vpc, subnet}, subnet->table);
}

/* A route leads to this interface, or the packet is for it. */
static bool enter_port(struct walk *w, struct walk_from from, const struct net_vpc *vpc,
                       const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    if (!may_go_on(w) || !walk_cross(w, from, vpc, subnet))
        return false;
    if (port->nat_gateway_id != NULL && !(w->is_reply && is_asked(w, vpc, port)))
        return enter_nat(w, vpc, port);
    if (!walk_groups(w, vpc, port, false))
        return false;
    if (reach_port_has(port, &w->packet.destination)) {
        if (!is_asked(w, vpc, port))
            return walk_stop(w, walk_hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet),
                             "ENI_ADDRESS_RESTRICTION",
                             say(w, "%s is the address of %s, which was not asked for",
                                 reach_text(w->a, &w->packet.destination), walk_guest(w, port)),
                             NULL);
        if (!w->is_reply && !walk_is_alive(w, &w->question->destination, port))
            return false;
        struct reach_hop *h = walk_hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet);
        h->text = say(w, "%s is reached", walk_guest(w, port));
        return true;
    }
    struct reach_hop *h = walk_hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet);
    if (port->source_dest_check)
        return walk_stop(w, h, "ENI_SOURCE_DEST_CHECK_RESTRICTION",
                         say(w,
                             "%s takes only what is for itself: its source/destination check is on",
                             walk_guest(w, port)),
                         say(w,
                             "aws ec2 modify-network-interface-attribute --network-interface-id %s "
                             "--no-source-dest-check",
                             port->interface_id));
    h->text = say(w, "%s gets it to forward (whether the guest does is its own affair)",
                  walk_guest(w, port));
    return walk_leave(w, vpc, port);
}

bool walk_deliver(struct walk *w, struct walk_from from, const struct net_vpc *vpc)
{
    const struct net_port *port = reach_port_of(vpc, &w->packet.destination);
    if (port != NULL)
        return enter_port(w, from, vpc, port);
    return walk_stop(w, walk_hop(w, REACH_INTERFACE, NULL, vpc, NULL), "ENI_ADDRESS_RESTRICTION",
                     say(w, "no interface of %s has the address %s", vpc->vpc_id,
                         reach_text(w->a, &w->packet.destination)),
                     NULL);
}

/* --- gateways */

static bool needs_gateway(struct walk *w, struct reach_hop *h, const struct net_vpc *vpc)
{
    if (vpc->has_internet_gateway)
        return true;
    return walk_stop(
        w, h, "IGW_NOT_ATTACHED_TO_VPC", say(w, "%s has no internet gateway", vpc->vpc_id),
        say(w, "aws ec2 attach-internet-gateway --internet-gateway-id igw-… --vpc-id %s",
            vpc->vpc_id));
}

bool walk_enter(struct walk *w, const struct net_vpc *vpc)
{
    bool by_egress_only = w->is_reply && w->left_egress_only;
    struct reach_hop *h = walk_hop(
        w, by_egress_only ? REACH_EGRESS_ONLY_GATEWAY : REACH_INTERNET_GATEWAY, NULL, vpc, NULL);
    const struct net_port *port = NULL;
    if (!may_go_on(w) || (!by_egress_only && !needs_gateway(w, h, vpc)))
        return false;
    if (!w->packet.destination.is_ipv6) {
        const struct net_address *pair = reach_public(vpc, &w->packet.destination, &port);
        if (pair == NULL || net_ip_parse(pair->private_ip, &w->packet.destination) < 0)
            return walk_stop(w, h, "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
                             say(w, "%s is the public address of no interface of %s",
                                 reach_text(w->a, &w->packet.destination), vpc->vpc_id),
                             NULL);
        h->text = say(w, "%s stands for %s", pair->public_ip, pair->private_ip);
        h->destination = pair->private_ip;
    } else {
        h->text =
            say(w, "it comes in by the %s of %s",
                by_egress_only ? "egress-only internet gateway" : "internet gateway", vpc->vpc_id);
    }
    const struct net_route *route = NULL;
    struct walk_from from = {vpc, NULL};
    if (vpc->edge_table >= 0 &&
        reach_route(vpc, vpc->edge_table, &w->packet, &route) == REACH_ROUTE)
        return route_on(w, from, vpc->edge_table);
    return walk_deliver(w, from, vpc);
}

/* Beyond the gateway: the other end of the question, or the gateway of its VPC. */
static bool arrive_outside(struct walk *w)
{
    const struct reach_end *end = w->is_reply ? &w->question->source : &w->question->destination;
    const struct net_port *port = NULL;
    if (end->vpc != NULL && (w->packet.destination.is_ipv6
                                 ? reach_port_of(end->vpc, &w->packet.destination) != NULL
                                 : reach_public(end->vpc, &w->packet.destination, &port) != NULL))
        return walk_enter(w, end->vpc);
    struct reach_hop *h =
        walk_hop(w, REACH_OUTSIDE, reach_text(w->a, &w->packet.destination), NULL, NULL);
    if (end->vpc == NULL && reach_is(&w->packet.destination, end->address)) {
        h->text = say(w, "%s is reached, as far as the server leads", h->id);
        return true;
    }
    return walk_stop(w, h, "NO_PATH", say(w, "%s is outside of the VPCs asked about", h->id), NULL);
}

static bool leave_by_internet(struct walk *w, struct walk_from from)
{
    const struct net_port *port = NULL;
    if (!walk_cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = walk_hop(w, REACH_INTERNET_GATEWAY, NULL, from.vpc, NULL);
    if (!needs_gateway(w, h, from.vpc))
        return false;
    if (w->packet.source.is_ipv6) {
        h->text = say(w, "it leaves by the internet gateway of %s", from.vpc->vpc_id);
        return arrive_outside(w);
    }
    const struct net_address *pair = reach_private(from.vpc, &w->packet.source, &port);
    if (pair == NULL || pair->public_ip == NULL)
        return walk_stop(
            w, h, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
            say(w, "%s has no public address, and the internet gateway lets no other out",
                h->source),
            port == NULL ? NULL
                         : say(w,
                               "aws ec2 allocate-address, then aws ec2 associate-address "
                               "--allocation-id eipalloc-… --network-interface-id %s",
                               port->interface_id));
    (void)net_ip_parse(pair->public_ip, &w->packet.source);
    h->text = say(w, "%s speaks as %s", pair->private_ip, pair->public_ip);
    h->source = pair->public_ip;
    return arrive_outside(w);
}

static bool leave_egress_only(struct walk *w, struct walk_from from)
{
    if (!walk_cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = walk_hop(w, REACH_EGRESS_ONLY_GATEWAY, NULL, from.vpc, NULL);
    if (w->is_reply)
        return walk_stop(w, h, "NO_PATH",
                         "an egress-only internet gateway carries no answers to what came in",
                         NULL);
    h->text = "it leaves by the egress-only internet gateway";
    w->left_egress_only = true;
    return arrive_outside(w);
}

/* --- peering */

static const struct net_vpc *vpc_asked(const struct walk *w, const char *vpc_id)
{
    const struct net_vpc *const both[] = {w->question->source.vpc, w->question->destination.vpc};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        if (both[i] != NULL && streq(both[i]->vpc_id, vpc_id))
            return both[i];
    return NULL;
}

static bool is_of_vpc(const struct net_vpc *vpc, const struct net_ip *address)
{
    return address->is_ipv6 ? reach_in_blocks(vpc->ipv6_cidrs, vpc->n_ipv6_cidrs, address)
                            : reach_in_blocks(vpc->cidrs, vpc->n_cidrs, address);
}

static bool cross_peering(struct walk *w, struct walk_from from, const char *peering_id)
{
    const struct net_peering *peering = intent_peering(from.vpc, peering_id);
    if (!walk_cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = walk_hop(w, REACH_PEERING, peering_id, from.vpc, NULL);
    if (peering == NULL)
        return walk_stop(w, h, "BAD_STATE", say(w, "%s is not active", peering_id), NULL);
    const struct net_vpc *peer = vpc_asked(w, peering->peer_vpc_id);
    if (!reach_in_blocks(peering->peer_blocks, peering->n_peer_blocks, &w->packet.destination) ||
        !is_of_vpc(from.vpc, &w->packet.source))
        return walk_stop(w, h, "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
                         say(w, "%s carries only packets between addresses of %s and %s",
                             peering_id, from.vpc->vpc_id, peering->peer_vpc_id),
                         NULL);
    if (peer == NULL)
        return walk_stop(w, h, "NO_PATH",
                         say(w, "it leads to %s, which was not asked about", peering->peer_vpc_id),
                         NULL);
    h->text = say(w, "leads to %s", peer->vpc_id);
    return walk_deliver(w, (struct walk_from){peer, NULL}, peer);
}

/* --- routes */

static const char *all_of_family(const struct net_ip *address)
{
    return address->is_ipv6 ? "::/0" : "0.0.0.0/0";
}

/* A route to the other end: its VPC's block by a peering, or everything by the internet gateway. */
static const char *route_remedy(const struct walk *w, const struct net_vpc *vpc,
                                const struct net_route_table *table)
{
    const struct net_ip *to = &w->packet.destination;
    const char *option = to->is_ipv6 ? "--destination-ipv6-cidr-block" : "--destination-cidr-block";
    for (size_t i = 0; i < vpc->n_peerings; i++)
        for (size_t k = 0; k < vpc->peerings[i].n_peer_blocks; k++)
            if (reach_block_length(vpc->peerings[i].peer_blocks[k], to) >= 0)
                return say(w,
                           "aws ec2 create-route --route-table-id %s %s %s "
                           "--vpc-peering-connection-id %s",
                           table->route_table_id, option, vpc->peerings[i].peer_blocks[k],
                           vpc->peerings[i].peering_id);
    return say(w, "aws ec2 create-route --route-table-id %s %s %s --gateway-id igw-…",
               table->route_table_id, option, all_of_family(to));
}

static bool take_route(struct walk *w, struct walk_from from, struct reach_hop *h,
                       const struct net_route *route)
{
    const struct net_port *port;
    switch (route->kind) {
    case NET_ROUTE_INTERNET:
        h->text = say(w, "%s leads to the internet gateway", route->destination);
        return leave_by_internet(w, from);
    case NET_ROUTE_EGRESS_ONLY:
        h->text = say(w, "%s leads to the egress-only internet gateway", route->destination);
        return leave_egress_only(w, from);
    case NET_ROUTE_PEERING:
        h->text = say(w, "%s leads to %s", route->destination, route->target_id);
        return cross_peering(w, from, route->target_id);
    case NET_ROUTE_PORT:
        port = intent_port(from.vpc, route->target_id);
        if (port == NULL)
            break;
        h->text = say(w, "%s leads to %s", route->destination,
                      port->nat_gateway_id != NULL ? port->nat_gateway_id : route->target_id);
        return enter_port(w, from, from.vpc, port);
    case NET_ROUTE_BLACKHOLE:
        break;
    }
    return walk_stop(
        w, h, "BAD_STATE_ROUTE",
        say(w, "the route for %s is a black hole: what it leads to is gone, or not in use",
            route->destination),
        say(w, "aws ec2 replace-route --route-table-id %s --destination-cidr-block %s …", h->id,
            route->destination));
}

static bool route_on(struct walk *w, struct walk_from from, int64_t number)
{
    const struct net_route_table *table = reach_table(from.vpc, number);
    const struct net_route *route = NULL;
    if (!may_go_on(w))
        return false;
    enum reach_way way = reach_route(from.vpc, number, &w->packet, &route);
    struct reach_hop *h = walk_hop(
        w, REACH_ROUTE_TABLE, table != NULL ? table->route_table_id : NULL, from.vpc, from.subnet);
    h->route = route;
    switch (way) {
    case REACH_LOCAL:
        h->text = say(w, "%s is of %s itself", h->destination, from.vpc->vpc_id);
        return walk_deliver(w, from, from.vpc);
    case REACH_ROUTE:
        return take_route(w, from, h, route);
    case REACH_NO_ROUTE:
        break;
    }
    return walk_stop(
        w, h, "NO_ROUTE_TO_DESTINATION",
        say(w, "no route leads %sto %s", w->is_reply ? "the answer " : "", h->destination),
        table != NULL ? route_remedy(w, from.vpc, table) : NULL);
}
