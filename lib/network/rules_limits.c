/*
 * How much one guest may take of what it shares with the others of its VPC: the time of the router
 * and of dnsmasq, the server's table of neighbours, and the table of connections. What is above is
 * dropped, at its own port, so that nobody else notices. docs/security.md says why these figures.
 */
#include "network/rules_internal.h"

#define FRAGMENT_BITS 0x3fff /* RFC 791: more fragments, and the offset */
#define METER_SECONDS 60     /* longer than any burst takes to be allowed again */

/*
 * Of ARP and of neighbour discovery. Each new address that a forwarder speaks from is an entry of
 * the server's table of neighbours, which all VPCs and the server's own links share; it has room
 * for 1024, and takes back what is older than five seconds.
 */
#define NEIGHBOUR_RATE  100
#define NEIGHBOUR_BURST 256

/*
 * Of datagrams in pieces: the router puts them together, and holds pieces whose rest does not come
 * for two seconds (frame.c), in memory that is the whole VPC's. 90 Mbit/s of them.
 */
#define PIECE_RATE  8000
#define PIECE_BURST 4000

/* A boot asks for a lease three times, in two packets each. */
#define DHCP_RATE  20
#define DHCP_BURST 64

/* To the resolver and the metadata service, as in EC2 (AWS: "Amazon DNS quotas"). */
#define SERVICE_RATE  1024
#define SERVICE_BURST 2048

/*
 * What a guest has begun, and what others from outside have begun with it: some 32000 each. The
 * table of a VPC, and that of the server, have room for 262144 (65536 on a server with less than
 * 4 GiB). The kernel looks through all that it counts when another begins: so they are counted in
 * shares, by a hash of their ends, and one more costs the same whether a guest has few or many.
 */
#define CONNECTION_SHARES    256
#define CONNECTION_SHARE_MAX 160

#define METADATA_CONNECTIONS_MAX 128
#define DNS_STREAMS_MAX          6 /* dnsmasq serves 20 of them at a time, in a process each */

static json_t *mac(void)
{
    return expr_field("ether", "saddr");
}

static json_t *any_of(json_t *list)
{
    return expr_made(json_pack("{s:o}", "set", list));
}

static void drop_above(struct rules_builder *b, struct ruleset_chain *c, json_t *which, json_t *and,
                       json_t *limit)
{
    json_t *list = and == NULL ? expr_statements(which, limit, expr_verdict("drop"), NULL)
                               : expr_statements(which, and, limit, expr_verdict("drop"));
    rules_add(b, c, list);
}

static json_t *port_over(const char *meter, int rate, int burst)
{
    return expr_over_rate(meter, expr_meta("iifname"), rate, burst);
}

void rules_limit_port(struct rules_builder *b, struct ruleset_chain *c, const char *resolver)
{
    static const char *const meters[] = {"neighbour_rate", "dhcp_rate", "service_rate",
                                         "piece_rate"};
    for (size_t i = 0; i < ARRAY_SIZE(meters); i++)
        (void)ruleset_add_meter(b->rules, "bridge", meters[i], "\"ifname\"", METER_SECONDS);
    drop_above(b, c, expr_equals(expr_field("ether", "type"), "arp"), NULL,
               port_over(meters[0], NEIGHBOUR_RATE, NEIGHBOUR_BURST));
    drop_above(b, c, expr_to_port("udp", 67), NULL, port_over(meters[1], DHCP_RATE, DHCP_BURST));
    drop_above(b, c,
               expr_match("==", expr_field("ip", "daddr"),
                          any_of(json_pack("[s,s,s]", resolver, RULES_RESOLVER_LINK_LOCAL,
                                           NETWORK_METADATA_IPV4))),
               NULL, port_over(meters[2], SERVICE_RATE, SERVICE_BURST));
    drop_above(b, c,
               expr_match("!=",
                          expr_made(json_pack("{s:[o,i]}", "&", expr_field("ip", "frag-off"),
                                              FRAGMENT_BITS)),
                          json_integer(0)),
               NULL, port_over(meters[3], PIECE_RATE, PIECE_BURST));
    if (!b->has_ipv6)
        return;
    drop_above(
        b, c,
        expr_match("==", expr_made(json_pack("{s:{s:s}}", "exthdr", "name", "frag")), json_true()),
        NULL, port_over(meters[3], PIECE_RATE, PIECE_BURST));
    drop_above(
        b, c,
        expr_match("==", expr_field("icmpv6", "type"), any_of(json_pack("[i,i,i]", 133, 135, 136))),
        NULL, port_over(meters[0], NEIGHBOUR_RATE, NEIGHBOUR_BURST));
    drop_above(b, c, expr_to_port("udp", 547), NULL, port_over(meters[1], DHCP_RATE, DHCP_BURST));
    drop_above(b, c,
               expr_match("==", expr_field("ip6", "daddr"),
                          any_of(json_pack("[s,s]", RULES_RESOLVER_IPV6, NETWORK_METADATA_IPV6))),
               NULL, port_over(meters[2], SERVICE_RATE, SERVICE_BURST));
}

/* By MAC, which the port has checked: a forwarder has any address. A NAT gateway has the
 * connections of others, which are counted where they come from. */
void rules_limit_connections(struct rules_builder *b, struct ruleset_chain *c)
{
    b->gateway_mac = ruleset_add_set(b->rules, "inet", "gateway_mac", "\"ether_addr\"", NULL);
    (void)ruleset_add_meter(b->rules, "inet", "connections", "[\"ether_addr\",\"mark\"]", 0);
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++)
        rules_add(b, c,
                  expr_statements(expr_mark_share(rules_protocol_of(is_ipv6), CONNECTION_SHARES),
                                  NULL, NULL, NULL));
    drop_above(b, c, expr_from_interface("br*"),
               expr_match("!=", mac(), json_string("@gateway_mac")),
               expr_over_connections("connections", expr_concat(mac(), expr_meta("mark"), NULL),
                                     CONNECTION_SHARE_MAX));
    for (int is_ipv6 = 0; is_ipv6 <= b->has_ipv6; is_ipv6++) {
        const char *meter = is_ipv6 ? "connections_in-v6" : "connections_in";
        json_t *guest = expr_field(rules_protocol_of(is_ipv6), "daddr");
        (void)ruleset_add_meter(b->rules, "inet", meter,
                                is_ipv6 ? "[\"ipv6_addr\",\"mark\"]" : "[\"ipv4_addr\",\"mark\"]",
                                0);
        drop_above(b, c, expr_from_interface("edge0"), NULL,
                   expr_over_connections(meter, expr_concat(guest, expr_meta("mark"), NULL),
                                         CONNECTION_SHARE_MAX));
    }
}

void rules_limit_services(struct rules_builder *b, struct ruleset_chain *c)
{
    static const struct {
        const char *meter;
        int port, most;
    } services[] = {
        {"metadata_connections", 80, METADATA_CONNECTIONS_MAX},
        {"dns_streams", 53, DNS_STREAMS_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        (void)ruleset_add_meter(b->rules, "inet", services[i].meter, "\"ether_addr\"", 0);
        drop_above(b, c, expr_from_interface("br*"), expr_to_port("tcp", services[i].port),
                   expr_over_connections(services[i].meter, mac(), services[i].most));
    }
}
