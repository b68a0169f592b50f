#include "network/reach_match.h"

#include <netinet/in.h>

#include "base/text.h"
#include "core/network_acl.h"
#include "network/intent.h"

/* --- addresses */

const char *reach_text(struct arena *a, const struct net_ip *address)
{
    char text[NET_IP_TEXT_SIZE];
    net_ip_format(address, text);
    return arena_strdup(a, text);
}

bool reach_is(const struct net_ip *address, const char *text)
{
    struct net_ip other;
    return net_ip_parse(text, &other) == 0 && net_ip_equal(address, &other);
}

int reach_block_length(const char *block, const struct net_ip *address)
{
    const struct net_block own = net_block_of(address);
    struct net_block its;
    return net_block_parse(block, &its) == 0 && net_block_covers(&its, &own) ? its.length : -1;
}

bool reach_in_blocks(const char *const *blocks, size_t n, const struct net_ip *address)
{
    for (size_t i = 0; i < n; i++)
        if (reach_block_length(blocks[i], address) >= 0)
            return true;
    return false;
}

/* --- ports */

bool reach_port_has(const struct net_port *port, const struct net_ip *address)
{
    for (size_t i = 0; i < port->n_addresses; i++)
        if (reach_is(address, port->addresses[i].private_ip))
            return true;
    for (size_t i = 0; i < port->n_ipv6; i++)
        if (reach_is(address, port->ipv6[i]))
            return true;
    return false;
}

const struct net_port *reach_port_of(const struct net_vpc *vpc, const struct net_ip *address)
{
    for (size_t i = 0; i < vpc->n_ports; i++)
        if (reach_port_has(&vpc->ports[i], address))
            return &vpc->ports[i];
    return NULL;
}

static const struct net_address *find_pair(const struct net_vpc *vpc, const struct net_ip *address,
                                           bool by_public, const struct net_port **ret_port)
{
    for (size_t i = 0; i < vpc->n_ports; i++)
        for (size_t k = 0; k < vpc->ports[i].n_addresses; k++) {
            const struct net_address *pair = &vpc->ports[i].addresses[k];
            if (!reach_is(address, by_public ? pair->public_ip : pair->private_ip))
                continue;
            *ret_port = &vpc->ports[i];
            return pair;
        }
    return NULL;
}

const struct net_address *reach_private(const struct net_vpc *vpc, const struct net_ip *address,
                                        const struct net_port **ret_port)
{
    return find_pair(vpc, address, false, ret_port);
}

const struct net_address *reach_public(const struct net_vpc *vpc, const struct net_ip *address,
                                       const struct net_port **ret_port)
{
    return find_pair(vpc, address, true, ret_port);
}

/* --- rules of groups */

static bool has_ports(int64_t protocol)
{
    return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static bool is_icmp(int64_t protocol)
{
    return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static int64_t protocol_number(const char *name)
{
    static const struct {
        const char *name;
        int64_t number;
    } names[] = {{"tcp", IPPROTO_TCP},
                 {"udp", IPPROTO_UDP},
                 {"icmp", IPPROTO_ICMP},
                 {"icmpv6", IPPROTO_ICMPV6}};
    int64_t number = -1;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (streq(names[i].name, name))
            return names[i].number;
    return parse_int64(name, &number) == 0 ? number : -2;
}

bool reach_rule_is_about(const struct security_group_rule *rule, const struct reach_packet *packet)
{
    int64_t protocol = protocol_number(rule->protocol);
    if (protocol == -1)
        return true;
    if (protocol != packet->protocol)
        return false;
    if (is_icmp(protocol))
        return rule->from_port < 0 || (rule->from_port == packet->icmp_type &&
                                       (rule->to_port < 0 || rule->to_port == packet->icmp_code));
    if (!has_ports(protocol) || rule->from_port < 0)
        return true;
    return rule->from_port <= packet->destination_ports.first &&
           packet->destination_ports.last <= rule->to_port;
}

static bool is_in_group(const struct net_vpc *vpc, const char *group_id,
                        const struct net_ip *address)
{
    if (intent_group(vpc, group_id) != NULL) {
        const struct net_port *port = reach_port_of(vpc, address);
        for (size_t i = 0; port != NULL && i < port->n_group_ids; i++)
            if (streq(port->group_ids[i], group_id))
                return true;
        return false;
    }
    for (size_t i = 0; i < vpc->n_peer_groups; i++)
        if (streq(vpc->peer_groups[i].group_id, group_id))
            for (size_t k = 0; k < vpc->peer_groups[i].n_addresses; k++)
                if (reach_is(address, vpc->peer_groups[i].addresses[k]))
                    return true;
    return false;
}

static bool is_in_list(const struct net_vpc *vpc, const char *list_id, const struct net_ip *address)
{
    for (size_t i = 0; i < vpc->n_prefix_lists; i++)
        if (streq(vpc->prefix_lists[i].prefix_list_id, list_id))
            return reach_in_blocks(vpc->prefix_lists[i].blocks, vpc->prefix_lists[i].n_blocks,
                                   address);
    return false;
}

bool reach_rule_matches(const struct net_vpc *vpc, const struct security_group_rule *rule,
                        const struct reach_packet *packet)
{
    const struct net_ip *peer = rule->is_egress ? &packet->destination : &packet->source;
    if (!reach_rule_is_about(rule, packet))
        return false;
    if (rule->cidr_ipv4 != NULL || rule->cidr_ipv6 != NULL)
        return reach_block_length(rule->cidr_ipv4 != NULL ? rule->cidr_ipv4 : rule->cidr_ipv6,
                                  peer) >= 0;
    if (rule->prefix_list_id != NULL)
        return is_in_list(vpc, rule->prefix_list_id, peer);
    return rule->referenced_group_id != NULL && is_in_group(vpc, rule->referenced_group_id, peer);
}

/* --- network ACLs */

static bool entry_matches(const struct network_acl_entry *entry, bool is_egress,
                          const struct reach_packet *packet, int64_t port)
{
    const struct net_ip *peer = is_egress ? &packet->destination : &packet->source;
    const char *block = entry->cidr_ipv4 != NULL ? entry->cidr_ipv4 : entry->cidr_ipv6;
    if (entry->is_egress != is_egress || block == NULL || reach_block_length(block, peer) < 0)
        return false;
    if (entry->protocol == ACL_PROTOCOL_ALL)
        return true;
    if (entry->protocol != packet->protocol)
        return false;
    if (is_icmp(entry->protocol))
        return (entry->icmp_type < 0 || entry->icmp_type == packet->icmp_type) &&
               (entry->icmp_code < 0 || entry->icmp_code == packet->icmp_code);
    return !has_ports(entry->protocol) || entry->from_port < 0 ||
           (entry->from_port <= port && port <= entry->to_port);
}

/* The entry with the lowest number that holds; NULL: the last rule, which denies. */
static const struct network_acl_entry *decide(const struct net_acl *acl, bool is_egress,
                                              const struct reach_packet *packet, int64_t port)
{
    const struct network_acl_entry *first = NULL;
    for (size_t i = 0; i < acl->n_entries; i++) {
        const struct network_acl_entry *entry = &acl->entries[i];
        if (entry_matches(entry, is_egress, packet, port) &&
            (first == NULL || entry->rule_number < first->rule_number))
            first = entry;
    }
    return first;
}

struct ports_seen {
    bool any_passes;
    bool any_denied;
    const struct network_acl_entry *passing;
    const struct network_acl_entry *denying;
};

static void look_at_port(const struct net_acl *acl, bool is_egress,
                         const struct reach_packet *packet, int64_t port, struct ports_seen *seen)
{
    if (port < packet->destination_ports.first || port > packet->destination_ports.last)
        return;
    const struct network_acl_entry *entry = decide(acl, is_egress, packet, port);
    if (entry != NULL && entry->is_allow) {
        seen->any_passes = true;
        seen->passing = entry;
    } else {
        seen->any_denied = true;
        seen->denying = entry;
    }
}

/* What an ACL says changes only where the range of an entry begins or ends. */
enum reach_verdict reach_acl(const struct net_acl *acl, bool is_egress,
                             const struct reach_packet *packet,
                             const struct network_acl_entry **ret_entry)
{
    struct ports_seen seen = {0};
    look_at_port(acl, is_egress, packet, packet->destination_ports.first, &seen);
    for (size_t i = 0; i < acl->n_entries; i++) {
        look_at_port(acl, is_egress, packet, acl->entries[i].from_port, &seen);
        look_at_port(acl, is_egress, packet, acl->entries[i].to_port + 1, &seen);
    }
    *ret_entry = seen.any_denied ? seen.denying : seen.passing;
    if (!seen.any_denied)
        return REACH_PASSES;
    return seen.any_passes ? REACH_PASSES_PARTLY : REACH_DENIED;
}

/* --- routes */

const struct net_route_table *reach_table(const struct net_vpc *vpc, int64_t number)
{
    for (size_t i = 0; i < vpc->n_tables; i++)
        if (vpc->tables[i].number == number)
            return &vpc->tables[i];
    return NULL;
}

enum reach_way reach_route(const struct net_vpc *vpc, int64_t table,
                           const struct reach_packet *packet, const struct net_route **ret_route)
{
    const struct net_route_table *its = reach_table(vpc, table);
    const struct net_route *best = NULL;
    int longest = -1;
    int local = -1;
    for (size_t i = 0; its != NULL && i < its->n_routes; i++) {
        int length = reach_block_length(its->routes[i].destination, &packet->destination);
        if (length > longest) {
            longest = length;
            best = &its->routes[i];
        }
    }
    const char *const *blocks = packet->destination.is_ipv6 ? vpc->ipv6_cidrs : vpc->cidrs;
    size_t n = packet->destination.is_ipv6 ? vpc->n_ipv6_cidrs : vpc->n_cidrs;
    for (size_t i = 0; i < n; i++) {
        int length = reach_block_length(blocks[i], &packet->destination);
        local = length > local ? length : local;
    }
    *ret_route = NULL;
    /* A route to a block of the VPC stands in place of the local one (AWS: "Replace the local
     * route"). */
    if (local > longest)
        return REACH_LOCAL;
    *ret_route = best;
    return best != NULL ? REACH_ROUTE : REACH_NO_ROUTE;
}
