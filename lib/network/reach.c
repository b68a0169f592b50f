#include "network/reach.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "network/intent.h"
#include "network/reach_match.h"

/*
 * Theory of operation: a packet is carried from place to place by functions that each decide one
 * hop and call the next one; each returns whether the packet has arrived. The first refusal notes
 * its hop, code and remedy, and everything returns false. The way back is the same walk with the
 * packet turned around: groups are not asked (they track connections), NAT gateways undo what they
 * did on the way there.
 */

#define NATS_MAX 4

struct nat_memory {
    const struct net_port *port;
    struct reach_address behind; /* whose connection it is */
};

struct walk {
    struct arena *a;
    const struct reach_question *question;
    struct reach_answer answer;
    struct reach_packet packet;
    bool is_reply;
    bool left_egress_only; /* the question did: its answer may come in there */
    struct nat_memory nats[NATS_MAX];
    size_t n_nats;
};

/* Where a packet comes from, for the ACL of the subnet that it leaves. */
struct from {
    const struct net_vpc *vpc;
    const struct net_subnet *subnet; /* NULL: from a gateway or a peer */
};

static bool route_on(struct walk *w, struct from from, int64_t table);

/* --- noting */

static struct reach_hop *hop(struct walk *w, enum reach_kind kind, const char *id,
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
        .source = reach_address_text(w->a, &w->packet.source),
        .destination = reach_address_text(w->a, &w->packet.destination),
    };
    return h;
}

static bool stop(struct walk *w, struct reach_hop *h, const char *code, const char *text,
                 const char *remedy)
{
    h->passes = false;
    h->text = text;
    w->answer.code = code;
    w->answer.remedy = remedy;
    return false;
}

#define say(w, ...) arena_printf((w)->a, __VA_ARGS__)

const char *reach_service(struct arena *a, int protocol, int64_t port)
{
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
        return "icmp echo";
    return arena_printf(a, "%s %lld", protocol == IPPROTO_TCP ? "tcp" : "udp", (long long)port);
}

static const char *service(const struct walk *w)
{
    return reach_service(w->a, w->question->protocol, w->question->port);
}

static const char *protocol_word(const struct walk *w)
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

static const char *host_block(const struct walk *w, const struct reach_address *address)
{
    return say(w, "%s/%d", reach_address_text(w->a, address), address->is_ipv6 ? 128 : 32);
}

static bool may_go_on(struct walk *w)
{
    if (w->answer.hops.n < REACH_HOPS_MAX - 8)
        return true;
    return stop(w, hop(w, REACH_OUTSIDE, NULL, NULL, NULL), "NO_PATH",
                "the routes lead the packet around in a circle", NULL);
}

/* --- groups */

static const char *ports_text(const struct walk *w, const struct security_group_rule *r)
{
    if (streq(r->protocol, "-1"))
        return "everything";
    if (r->from_port < 0)
        return r->protocol;
    if (r->from_port == r->to_port)
        return say(w, "%s %lld", r->protocol, (long long)r->from_port);
    return say(w, "%s %lld-%lld", r->protocol, (long long)r->from_port, (long long)r->to_port);
}

static const char *peer_text(const struct security_group_rule *r)
{
    const char *const peers[] = {r->cidr_ipv4, r->cidr_ipv6, r->prefix_list_id,
                                 r->referenced_group_id};
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
        if (peers[i] != NULL)
            return peers[i];
    return "nobody";
}

/* How much a rule that does not let the packet pass tells of why. */
static int nearness(const struct walk *w, const struct security_group_rule *r)
{
    bool other_family = w->packet.source.is_ipv6 ? r->cidr_ipv4 != NULL : r->cidr_ipv6 != NULL;
    return other_family ? 1 : reach_rule_is_about(r, &w->packet) ? 3 : 2;
}

/* What the groups do let through. */
static const char *nearest_rule(const struct walk *w, const struct net_vpc *vpc,
                                const struct net_port *port, bool is_egress)
{
    const struct security_group_rule *nearest = NULL;
    int best = 0;
    for (size_t i = 0; i < port->n_group_ids; i++) {
        const struct net_group *group = intent_group(vpc, port->group_ids[i]);
        for (size_t k = 0; group != NULL && k < group->n_rules; k++) {
            const struct security_group_rule *r = &group->rules[k];
            if (r->is_egress != is_egress || nearness(w, r) <= best)
                continue;
            nearest = r;
            best = nearness(w, r);
        }
    }
    if (nearest == NULL)
        return say(w, "no rule lets anything %s", is_egress ? "out" : "in");
    return say(w, "%s lets %s %s %s %s, none lets %s %s %s %s", nearest->id, ports_text(w, nearest),
               is_egress ? "out" : "in", is_egress ? "to" : "from", peer_text(nearest), service(w),
               is_egress ? "out" : "in", is_egress ? "to" : "from",
               reach_address_text(w->a, is_egress ? &w->packet.destination : &w->packet.source));
}

static const char *group_remedy(const struct walk *w, const struct net_port *port, bool is_egress)
{
    const struct reach_address *peer = is_egress ? &w->packet.destination : &w->packet.source;
    const char *direction = is_egress ? "egress" : "ingress";
    const char *group_id = port->group_ids[0];
    int icmp_type = peer->is_ipv6 ? 128 : 8;
    bool has_ports = w->question->protocol == IPPROTO_TCP || w->question->protocol == IPPROTO_UDP;
    int64_t from = has_ports ? w->question->port : icmp_type;
    int64_t to = has_ports ? from : -1;
    if (!is_egress && has_ports && !peer->is_ipv6)
        return say(w,
                   "aws ec2 authorize-security-group-ingress --group-id %s --protocol %s --port "
                   "%lld --cidr %s",
                   group_id, protocol_word(w), (long long)from, host_block(w, peer));
    return say(w,
               "aws ec2 authorize-security-group-%s --group-id %s --ip-permissions "
               "IpProtocol=%s,FromPort=%lld,ToPort=%lld,%s=%s}]",
               direction, group_id, protocol_word(w), (long long)from, (long long)to,
               peer->is_ipv6 ? "Ipv6Ranges=[{CidrIpv6" : "IpRanges=[{CidrIp", host_block(w, peer));
}

static bool ask_groups(struct walk *w, const struct net_vpc *vpc, const struct net_port *port,
                       bool is_egress)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    if (w->is_reply || port->nat_gateway_id != NULL)
        return true;
    for (size_t i = 0; i < port->n_group_ids; i++) {
        const struct net_group *group = intent_group(vpc, port->group_ids[i]);
        for (size_t k = 0; group != NULL && k < group->n_rules; k++) {
            const struct security_group_rule *r = &group->rules[k];
            if (r->is_egress != is_egress || !reach_rule_matches(vpc, r, &w->packet))
                continue;
            struct reach_hop *h = hop(w, REACH_SECURITY_GROUP, group->group_id, vpc, subnet);
            h->rule = r;
            h->is_egress = is_egress;
            h->text = say(w, "%s lets %s %s %s %s", r->id, ports_text(w, r),
                          is_egress ? "out" : "in", is_egress ? "to" : "from", peer_text(r));
            return true;
        }
    }
    struct reach_hop *h = hop(w, REACH_SECURITY_GROUP,
                              port->n_group_ids > 0 ? port->group_ids[0] : NULL, vpc, subnet);
    h->is_egress = is_egress;
    if (port->n_group_ids == 0)
        return stop(w, h, "ENI_SG_RULES_MISMATCH",
                    say(w, "%s is in no security group, so nothing passes", port->interface_id),
                    NULL);
    return stop(w, h, "ENI_SG_RULES_MISMATCH", nearest_rule(w, vpc, port, is_egress),
                group_remedy(w, port, is_egress));
}

/* --- network ACLs */

static const char *packet_ports(const struct walk *w)
{
    const struct reach_ports *p = &w->packet.destination_ports;
    if (w->question->protocol != IPPROTO_TCP && w->question->protocol != IPPROTO_UDP)
        return say(w, "%s type %lld", protocol_word(w), (long long)w->packet.icmp_type);
    if (p->first == p->last)
        return say(w, "%s %lld", protocol_word(w), (long long)p->first);
    return say(w, "%s %lld-%lld", protocol_word(w), (long long)p->first, (long long)p->last);
}

static const char *acl_remedy(const struct walk *w, const struct net_acl *acl, bool is_egress)
{
    const struct reach_address *peer = is_egress ? &w->packet.destination : &w->packet.source;
    int64_t number = ACL_RULE_LAST;
    bool has_ports = w->question->protocol == IPPROTO_TCP || w->question->protocol == IPPROTO_UDP;
    for (size_t i = 0; i < acl->n_entries; i++)
        if (acl->entries[i].is_egress == is_egress && acl->entries[i].rule_number < number)
            number = acl->entries[i].rule_number;
    number = number > 100 ? 100 : number - 1;
    const char *what =
        has_ports
            ? say(w, "--port-range From=%lld,To=%lld", (long long)w->packet.destination_ports.first,
                  (long long)w->packet.destination_ports.last)
            : say(w, "--icmp-type-code Type=%lld,Code=-1", (long long)w->packet.icmp_type);
    if (number < 1)
        return say(w, "aws ec2 replace-network-acl-entry --network-acl-id %s (its rule 1 decides)",
                   acl->acl_id);
    return say(w,
               "aws ec2 create-network-acl-entry --network-acl-id %s %s --rule-number %lld "
               "--protocol %d %s %s %s --rule-action allow",
               acl->acl_id, is_egress ? "--egress" : "--ingress", (long long)number,
               w->packet.protocol, what, peer->is_ipv6 ? "--ipv6-cidr-block" : "--cidr-block",
               host_block(w, peer));
}

static bool ask_acl(struct walk *w, const struct net_vpc *vpc, const struct net_subnet *subnet,
                    bool is_egress)
{
    const struct net_acl *acl = intent_acl(vpc, subnet->acl_id);
    const struct network_acl_entry *entry = NULL;
    if (acl == NULL)
        return true;
    enum reach_verdict verdict = reach_acl(acl, is_egress, &w->packet, &entry);
    struct reach_hop *h = hop(w, REACH_NETWORK_ACL, acl->acl_id, vpc, subnet);
    const char *number = entry == NULL ? "*" : say(w, "%lld", (long long)entry->rule_number);
    const char *way = is_egress ? "out of" : "into";
    h->entry = entry;
    h->is_egress = is_egress;
    if (verdict == REACH_PASSES) {
        h->text = say(w, "rule %s lets %s%s %s %s", number, w->is_reply ? "the answer, " : "",
                      packet_ports(w), way, subnet->subnet_id);
        return true;
    }
    const char *some = verdict == REACH_PASSES_PARTLY ? "some of " : "";
    return stop(w, h, "SUBNET_ACL_RESTRICTION",
                say(w, "rule %s denies %s%s%s %s %s%s", number, w->is_reply ? "the answer, " : "",
                    some, packet_ports(w), way, subnet->subnet_id,
                    w->is_reply ? ": network ACLs keep no state, so answers need a rule, too" : ""),
                acl_remedy(w, acl, is_egress));
}

/* From one subnet into another; what stays in a subnet meets no ACL. */
static bool cross(struct walk *w, struct from from, const struct net_vpc *vpc,
                  const struct net_subnet *to)
{
    if (from.subnet == to)
        return true;
    if (from.subnet != NULL && !ask_acl(w, from.vpc, from.subnet, true))
        return false;
    return to == NULL || ask_acl(w, vpc, to, false);
}

/* --- arriving */

static const char *guest_of(const struct walk *w, const struct net_port *port)
{
    return port->instance_id == NULL ? port->interface_id
                                     : say(w, "%s (%s)", port->instance_id, port->interface_id);
}

static bool is_asked(const struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct reach_end *end = w->is_reply ? &w->question->source : &w->question->destination;
    return end->vpc != NULL && streq(end->vpc->vpc_id, vpc->vpc_id) &&
           streq(end->interface_id, port->interface_id);
}

/* Is the guest behind an end of the question there to speak? */
static bool is_alive(struct walk *w, const struct reach_end *end, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(end->vpc, port->subnet_id);
    if (port->nat_gateway_id != NULL)
        return true;
    if (port->instance_id == NULL)
        return stop(w, hop(w, REACH_INTERFACE, port->interface_id, end->vpc, subnet),
                    "BAD_STATE_ATTACHMENT",
                    say(w, "%s is attached to no instance", port->interface_id),
                    say(w,
                        "aws ec2 attach-network-interface --network-interface-id %s --instance-id "
                        "i-… --device-index 1",
                        port->interface_id));
    if (end->instance_state == NULL || streq(end->instance_state, "running"))
        return true;
    return stop(w, hop(w, REACH_INTERFACE, port->interface_id, end->vpc, subnet), "BAD_STATE",
                say(w, "%s is %s", port->instance_id, end->instance_state),
                streq(end->instance_state, "stopped") || streq(end->instance_state, "stopping")
                    ? say(w, "aws ec2 start-instances --instance-ids %s", port->instance_id)
                    : NULL);
}

static bool leave_port(struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    if (!may_go_on(w) || !ask_groups(w, vpc, port, true))
        return false;
    return route_on(w, (struct from){vpc, subnet}, subnet->table);
}

static bool enter_nat(struct walk *w, const struct net_vpc *vpc, const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    struct reach_hop *h;
    struct reach_address own;
    if (w->is_reply) {
        /* An answer is for the gateway's own address; what is for another is a new connection. */
        for (size_t i = w->n_nats; i-- > 0 && reach_port_has(port, &w->packet.destination);)
            if (w->nats[i].port == port) {
                w->packet.destination = w->nats[i].behind;
                h = hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet);
                h->text = say(w, "gives the answer to %s", h->destination);
                return route_on(w, (struct from){vpc, subnet}, subnet->table);
            }
        return stop(w, hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet), "NO_PATH",
                    "the answer comes by this NAT gateway, which knows of no such connection: the "
                    "question came another way",
                    NULL);
    }
    if (reach_port_has(port, &w->packet.destination) || w->n_nats == NATS_MAX ||
        w->packet.source.is_ipv6 || reach_address_parse(port->addresses[0].private_ip, &own) < 0)
        return stop(w, hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet), "NO_PATH",
                    "a NAT gateway lets nobody in: connections begin on its inside, with IPv4",
                    NULL);
    w->nats[w->n_nats++] = (struct nat_memory){port, w->packet.source};
    w->packet.source = own;
    h = hop(w, REACH_NAT_GATEWAY, port->nat_gateway_id, vpc, subnet);
    h->text = say(w, "sends on in its own name, %s", h->source);
    return route_on(w, (struct from){vpc, subnet}, subnet->table);
}

/* A route leads to this interface, or the packet is for it. */
static bool enter_port(struct walk *w, struct from from, const struct net_vpc *vpc,
                       const struct net_port *port)
{
    const struct net_subnet *subnet = intent_subnet(vpc, port->subnet_id);
    if (!may_go_on(w) || !cross(w, from, vpc, subnet))
        return false;
    if (port->nat_gateway_id != NULL && !(w->is_reply && is_asked(w, vpc, port)))
        return enter_nat(w, vpc, port);
    if (!ask_groups(w, vpc, port, false))
        return false;
    if (reach_port_has(port, &w->packet.destination)) {
        if (!is_asked(w, vpc, port))
            return stop(w, hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet),
                        "ENI_ADDRESS_RESTRICTION",
                        say(w, "%s is the address of %s, which was not asked for",
                            reach_address_text(w->a, &w->packet.destination), guest_of(w, port)),
                        NULL);
        if (!w->is_reply && !is_alive(w, &w->question->destination, port))
            return false;
        struct reach_hop *h = hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet);
        h->text = say(w, "%s is reached", guest_of(w, port));
        return true;
    }
    struct reach_hop *h = hop(w, REACH_INTERFACE, port->interface_id, vpc, subnet);
    if (port->source_dest_check)
        return stop(w, h, "ENI_SOURCE_DEST_CHECK_RESTRICTION",
                    say(w, "%s takes only what is for itself: its source/destination check is on",
                        guest_of(w, port)),
                    say(w,
                        "aws ec2 modify-network-interface-attribute --network-interface-id %s "
                        "--no-source-dest-check",
                        port->interface_id));
    h->text = say(w, "%s gets it to forward (whether the guest does is its own affair)",
                  guest_of(w, port));
    return leave_port(w, vpc, port);
}

static bool deliver_local(struct walk *w, struct from from, const struct net_vpc *vpc)
{
    const struct net_port *port = reach_port_of(vpc, &w->packet.destination);
    if (port != NULL)
        return enter_port(w, from, vpc, port);
    return stop(w, hop(w, REACH_INTERFACE, NULL, vpc, NULL), "ENI_ADDRESS_RESTRICTION",
                say(w, "no interface of %s has the address %s", vpc->vpc_id,
                    reach_address_text(w->a, &w->packet.destination)),
                NULL);
}

/* --- gateways */

static bool needs_gateway(struct walk *w, struct reach_hop *h, const struct net_vpc *vpc)
{
    if (vpc->has_internet_gateway)
        return true;
    return stop(w, h, "IGW_NOT_ATTACHED_TO_VPC", say(w, "%s has no internet gateway", vpc->vpc_id),
                say(w, "aws ec2 attach-internet-gateway --internet-gateway-id igw-… --vpc-id %s",
                    vpc->vpc_id));
}

static bool enter_from_outside(struct walk *w, const struct net_vpc *vpc)
{
    bool by_egress_only = w->is_reply && w->left_egress_only;
    struct reach_hop *h = hop(
        w, by_egress_only ? REACH_EGRESS_ONLY_GATEWAY : REACH_INTERNET_GATEWAY, NULL, vpc, NULL);
    const struct net_port *port = NULL;
    if (!may_go_on(w) || (!by_egress_only && !needs_gateway(w, h, vpc)))
        return false;
    if (!w->packet.destination.is_ipv6) {
        const struct net_address *pair = reach_public(vpc, &w->packet.destination, &port);
        if (pair == NULL || reach_address_parse(pair->private_ip, &w->packet.destination) < 0)
            return stop(w, h, "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
                        say(w, "%s is the public address of no interface of %s",
                            reach_address_text(w->a, &w->packet.destination), vpc->vpc_id),
                        NULL);
        h->text = say(w, "%s stands for %s", pair->public_ip, pair->private_ip);
        h->destination = pair->private_ip;
    } else {
        h->text =
            say(w, "it comes in by the %s of %s",
                by_egress_only ? "egress-only internet gateway" : "internet gateway", vpc->vpc_id);
    }
    const struct net_route *route = NULL;
    struct from from = {vpc, NULL};
    if (vpc->edge_table >= 0 &&
        reach_route(vpc, vpc->edge_table, &w->packet, &route) == REACH_ROUTE)
        return route_on(w, from, vpc->edge_table);
    return deliver_local(w, from, vpc);
}

/* Beyond the gateway: the other end of the question, or the gateway of its VPC. */
static bool arrive_outside(struct walk *w)
{
    const struct reach_end *end = w->is_reply ? &w->question->source : &w->question->destination;
    const struct net_port *port = NULL;
    if (end->vpc != NULL && (w->packet.destination.is_ipv6
                                 ? reach_port_of(end->vpc, &w->packet.destination) != NULL
                                 : reach_public(end->vpc, &w->packet.destination, &port) != NULL))
        return enter_from_outside(w, end->vpc);
    struct reach_hop *h =
        hop(w, REACH_OUTSIDE, reach_address_text(w->a, &w->packet.destination), NULL, NULL);
    if (end->vpc == NULL && reach_address_is(&w->packet.destination, end->address)) {
        h->text = say(w, "%s is reached, as far as the server leads", h->id);
        return true;
    }
    return stop(w, h, "NO_PATH", say(w, "%s is outside of the VPCs asked about", h->id), NULL);
}

static bool leave_by_internet(struct walk *w, struct from from)
{
    const struct net_port *port = NULL;
    if (!cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = hop(w, REACH_INTERNET_GATEWAY, NULL, from.vpc, NULL);
    if (!needs_gateway(w, h, from.vpc))
        return false;
    if (w->packet.source.is_ipv6) {
        h->text = say(w, "it leaves by the internet gateway of %s", from.vpc->vpc_id);
        return arrive_outside(w);
    }
    const struct net_address *pair = reach_private(from.vpc, &w->packet.source, &port);
    if (pair == NULL || pair->public_ip == NULL)
        return stop(w, h, "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
                    say(w, "%s has no public address, and the internet gateway lets no other out",
                        h->source),
                    port == NULL ? NULL
                                 : say(w,
                                       "aws ec2 allocate-address, then aws ec2 associate-address "
                                       "--allocation-id eipalloc-… --network-interface-id %s",
                                       port->interface_id));
    (void)reach_address_parse(pair->public_ip, &w->packet.source);
    h->text = say(w, "%s speaks as %s", pair->private_ip, pair->public_ip);
    h->source = pair->public_ip;
    return arrive_outside(w);
}

static bool leave_egress_only(struct walk *w, struct from from)
{
    if (!cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = hop(w, REACH_EGRESS_ONLY_GATEWAY, NULL, from.vpc, NULL);
    if (w->is_reply)
        return stop(w, h, "NO_PATH",
                    "an egress-only internet gateway carries no answers to what came in", NULL);
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

static bool is_of_vpc(const struct net_vpc *vpc, const struct reach_address *address)
{
    return address->is_ipv6 ? reach_in_blocks(vpc->ipv6_cidrs, vpc->n_ipv6_cidrs, address)
                            : reach_in_blocks(vpc->cidrs, vpc->n_cidrs, address);
}

static bool cross_peering(struct walk *w, struct from from, const char *peering_id)
{
    const struct net_peering *peering = intent_peering(from.vpc, peering_id);
    if (!cross(w, from, NULL, NULL))
        return false;
    struct reach_hop *h = hop(w, REACH_PEERING, peering_id, from.vpc, NULL);
    if (peering == NULL)
        return stop(w, h, "BAD_STATE", say(w, "%s is not active", peering_id), NULL);
    const struct net_vpc *peer = vpc_asked(w, peering->peer_vpc_id);
    if (!reach_in_blocks(peering->peer_blocks, peering->n_peer_blocks, &w->packet.destination) ||
        !is_of_vpc(from.vpc, &w->packet.source))
        return stop(w, h, "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
                    say(w, "%s carries only packets between addresses of %s and %s", peering_id,
                        from.vpc->vpc_id, peering->peer_vpc_id),
                    NULL);
    if (peer == NULL)
        return stop(w, h, "NO_PATH",
                    say(w, "it leads to %s, which was not asked about", peering->peer_vpc_id),
                    NULL);
    h->text = say(w, "leads to %s", peer->vpc_id);
    return deliver_local(w, (struct from){peer, NULL}, peer);
}

/* --- routes */

static const char *all_of_family(const struct reach_address *address)
{
    return address->is_ipv6 ? "::/0" : "0.0.0.0/0";
}

/* A route to the other end: its VPC's block by a peering, or everything by the internet gateway. */
static const char *route_remedy(const struct walk *w, const struct net_vpc *vpc,
                                const struct net_route_table *table)
{
    const struct reach_address *to = &w->packet.destination;
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

static bool take_route(struct walk *w, struct from from, struct reach_hop *h,
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
    return stop(w, h, "BAD_STATE_ROUTE",
                say(w, "the route for %s is a black hole: what it leads to is gone, or not in use",
                    route->destination),
                say(w, "aws ec2 replace-route --route-table-id %s --destination-cidr-block %s …",
                    h->id, route->destination));
}

static bool route_on(struct walk *w, struct from from, int64_t number)
{
    const struct net_route_table *table = reach_table(from.vpc, number);
    const struct net_route *route = NULL;
    if (!may_go_on(w))
        return false;
    enum reach_way way = reach_route(from.vpc, number, &w->packet, &route);
    struct reach_hop *h = hop(w, REACH_ROUTE_TABLE, table != NULL ? table->route_table_id : NULL,
                              from.vpc, from.subnet);
    h->route = route;
    switch (way) {
    case REACH_LOCAL:
        h->text = say(w, "%s is of %s itself", h->destination, from.vpc->vpc_id);
        return deliver_local(w, from, from.vpc);
    case REACH_ROUTE:
        return take_route(w, from, h, route);
    case REACH_NO_ROUTE:
        break;
    }
    return stop(w, h, "NO_ROUTE_TO_DESTINATION",
                say(w, "no route leads %sto %s", w->is_reply ? "the answer " : "", h->destination),
                table != NULL ? route_remedy(w, from.vpc, table) : NULL);
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
    struct reach_address address;
    const struct net_port *its = NULL;
    bool by_private =
        q->source.vpc != NULL && (streq(q->source.vpc->vpc_id, to->vpc->vpc_id) ||
                                  peering_with(q->source.vpc, to->vpc->vpc_id) != NULL);
    if (to->address == NULL)
        return by_private ? port->addresses[0].private_ip : port->addresses[0].public_ip;
    if (q->source.vpc != NULL || reach_address_parse(to->address, &address) < 0 || address.is_ipv6)
        return to->address;
    const struct net_address *pair = reach_private(to->vpc, &address, &its);
    return pair != NULL ? pair->public_ip : to->address;
}

static bool start(struct walk *w, const struct net_port *from, const struct net_port *to)
{
    const struct reach_question *q = w->question;
    const char *source = q->source.address;
    const char *destination = to == NULL ? q->destination.address : called(q, to);
    bool ok = reach_address_parse(destination, &w->packet.destination) == 0;
    if (from != NULL && source == NULL)
        source = ok && w->packet.destination.is_ipv6 && from->n_ipv6 > 0
                     ? from->ipv6[0]
                     : from->addresses[0].private_ip;
    bool known = reach_address_parse(source, &w->packet.source) == 0;
    if (from != NULL && !is_alive(w, &q->source, from))
        return false;
    if (from != NULL) {
        const struct net_subnet *subnet = intent_subnet(q->source.vpc, from->subnet_id);
        struct reach_hop *h = hop(w, REACH_INTERFACE, from->interface_id, q->source.vpc, subnet);
        h->text = say(w, "%s sends from %s", guest_of(w, from), source);
        h->destination = ok ? h->destination : NULL;
        if (!known || !reach_port_has(from, &w->packet.source))
            return stop(w, h, "ENI_ADDRESS_RESTRICTION",
                        say(w, "%s is no address of %s", source, guest_of(w, from)), NULL);
    } else {
        struct reach_hop *h = hop(w, REACH_OUTSIDE, source, NULL, NULL);
        h->text = "a packet from outside";
        h->destination = ok ? h->destination : NULL;
        if (!known)
            return stop(w, h, "NO_PATH", "the source has no address", NULL);
    }
    if (!ok && to != NULL)
        return stop(w, hop(w, REACH_INTERFACE, to->interface_id, q->destination.vpc, NULL),
                    "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
                    say(w, "%s has no public address to be reached at from outside of %s",
                        guest_of(w, to), q->destination.vpc->vpc_id),
                    say(w,
                        "aws ec2 allocate-address, then aws ec2 associate-address --allocation-id "
                        "eipalloc-… --network-interface-id %s",
                        to->interface_id));
    if (!ok || w->packet.source.is_ipv6 != w->packet.destination.is_ipv6)
        return stop(w, hop(w, REACH_OUTSIDE, destination, NULL, NULL), "NO_PATH",
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
        *ok = stop(w, hop(w, REACH_INTERFACE, end->interface_id, end->vpc, NULL), "BAD_STATE",
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
        return leave_port(w, q->source.vpc, from);
    if (to == NULL)
        return stop(w, hop(w, REACH_OUTSIDE, q->destination.address, NULL, NULL), "NO_PATH",
                    "neither end is in a VPC", NULL);
    return enter_from_outside(w, q->destination.vpc);
}

static bool back(struct walk *w)
{
    const struct reach_end *end = &w->question->destination;
    turn_around(w);
    if (end->vpc != NULL)
        return leave_port(w, end->vpc, intent_port(end->vpc, end->interface_id));
    struct reach_hop *h = hop(w, REACH_OUTSIDE, end->address, NULL, NULL);
    h->text = "the answer comes back";
    const struct net_vpc *vpc = w->question->source.vpc;
    const struct net_port *port = NULL;
    /* An egress-only gateway's answers need no internet gateway. */
    if (w->packet.destination.is_ipv6 || reach_public(vpc, &w->packet.destination, &port) == NULL)
        return deliver_local(w, (struct from){vpc, NULL}, vpc);
    return enter_from_outside(w, vpc);
}

struct reach_answer reach_walk(struct arena *a, const struct reach_question *question)
{
    struct walk w = {.a = a, .question = question};
    w.answer.reachable = there(&w) && back(&w);
    return w.answer;
}
