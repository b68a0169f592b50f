/* What lets a packet of a walk pass, or not: the rules of groups, and network ACLs between subnets.
 */
#include <netinet/in.h>

#include "base/text.h"
#include "network/intent.h"
#include "network/reach_walk.h"

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
               is_egress ? "out" : "in", is_egress ? "to" : "from", peer_text(nearest),
               walk_service(w), is_egress ? "out" : "in", is_egress ? "to" : "from",
               reach_text(w->a, is_egress ? &w->packet.destination : &w->packet.source));
}

static const char *group_remedy(const struct walk *w, const struct net_port *port, bool is_egress)
{
    const struct net_ip *peer = is_egress ? &w->packet.destination : &w->packet.source;
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
                   group_id, walk_protocol(w), (long long)from, walk_host_block(w, peer));
    return say(w,
               "aws ec2 authorize-security-group-%s --group-id %s --ip-permissions "
               "IpProtocol=%s,FromPort=%lld,ToPort=%lld,%s=%s}]",
               direction, group_id, walk_protocol(w), (long long)from, (long long)to,
               peer->is_ipv6 ? "Ipv6Ranges=[{CidrIpv6" : "IpRanges=[{CidrIp",
               walk_host_block(w, peer));
}

bool walk_groups(struct walk *w, const struct net_vpc *vpc, const struct net_port *port,
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
            struct reach_hop *h = walk_hop(w, REACH_SECURITY_GROUP, group->group_id, vpc, subnet);
            h->rule = r;
            h->is_egress = is_egress;
            h->text = say(w, "%s lets %s %s %s %s", r->id, ports_text(w, r),
                          is_egress ? "out" : "in", is_egress ? "to" : "from", peer_text(r));
            return true;
        }
    }
    struct reach_hop *h = walk_hop(w, REACH_SECURITY_GROUP,
                                   port->n_group_ids > 0 ? port->group_ids[0] : NULL, vpc, subnet);
    h->is_egress = is_egress;
    if (port->n_group_ids == 0)
        return walk_stop(
            w, h, "ENI_SG_RULES_MISMATCH",
            say(w, "%s is in no security group, so nothing passes", port->interface_id), NULL);
    return walk_stop(w, h, "ENI_SG_RULES_MISMATCH", nearest_rule(w, vpc, port, is_egress),
                     group_remedy(w, port, is_egress));
}

/* --- network ACLs */

static const char *packet_ports(const struct walk *w)
{
    const struct reach_ports *p = &w->packet.destination_ports;
    if (w->question->protocol != IPPROTO_TCP && w->question->protocol != IPPROTO_UDP)
        return say(w, "%s type %lld", walk_protocol(w), (long long)w->packet.icmp_type);
    if (p->first == p->last)
        return say(w, "%s %lld", walk_protocol(w), (long long)p->first);
    return say(w, "%s %lld-%lld", walk_protocol(w), (long long)p->first, (long long)p->last);
}

static const char *acl_remedy(const struct walk *w, const struct net_acl *acl, bool is_egress)
{
    const struct net_ip *peer = is_egress ? &w->packet.destination : &w->packet.source;
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
               walk_host_block(w, peer));
}

static bool ask_acl(struct walk *w, const struct net_vpc *vpc, const struct net_subnet *subnet,
                    bool is_egress)
{
    const struct net_acl *acl = intent_acl(vpc, subnet->acl_id);
    const struct network_acl_entry *entry = NULL;
    if (acl == NULL)
        return true;
    enum reach_verdict verdict = reach_acl(acl, is_egress, &w->packet, &entry);
    struct reach_hop *h = walk_hop(w, REACH_NETWORK_ACL, acl->acl_id, vpc, subnet);
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
    return walk_stop(
        w, h, "SUBNET_ACL_RESTRICTION",
        say(w, "rule %s denies %s%s%s %s %s%s", number, w->is_reply ? "the answer, " : "", some,
            packet_ports(w), way, subnet->subnet_id,
            w->is_reply ? ": network ACLs keep no state, so answers need a rule, too" : ""),
        acl_remedy(w, acl, is_egress));
}

bool walk_cross(struct walk *w, struct walk_from from, const struct net_vpc *vpc,
                const struct net_subnet *to)
{
    if (from.subnet == to)
        return true;
    if (from.subnet != NULL && !ask_acl(w, from.vpc, from.subnet, true))
        return false;
    return to == NULL || ask_acl(w, vpc, to, false);
}
