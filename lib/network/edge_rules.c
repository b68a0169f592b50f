/* What is on the server's side of the VPCs, as far as it can be said without the kernel. */
#include "base/text.h"
#include "network/edge.h"
#include "network/expr.h"

#define LINK_LOCAL        0xa9fe4000U /* 169.254.64.0/18 */
#define LINK_LOCAL_TEXT   "169.254.64.0"
#define LINK_LOCAL_LENGTH 18

int edge_addresses(int64_t index, struct edge_addresses *ret_addresses, struct err *e)
{
    if (index < 0 || index > EDGE_INDEX_MAX)
        return err_set(e, ERANGE, "a VPC's index is 0 to %d, not %lld", EDGE_INDEX_MAX,
                       (long long)index);
    ret_addresses->server = LINK_LOCAL + 2 * (uint32_t)index;
    ret_addresses->inside = ret_addresses->server + 1;
    return 0;
}

bool edge_is_inside(const struct net_ip *address)
{
    return !address->is_ipv6 &&
           (net_ip_ipv4(address) & UINT32_MAX << (32 - LINK_LOCAL_LENGTH)) == LINK_LOCAL;
}

struct net_ip edge_server_ipv6(bool egress_only)
{
    return (struct net_ip){.is_ipv6 = true, .bytes = {0xfe, 0x80, [15] = egress_only ? 3 : 1}};
}

/* --- the table of the server */

static json_t *source(const char *address, int length)
{
    return expr_match("==", expr_field("ip", "saddr"),
                      json_pack("{s:{s:s,s:i}}", "prefix", "addr", address, "len", length));
}

/* field: saddr, daddr. */
static json_t *of_pool(const char *field, const struct address_range *pool)
{
    struct cidr blocks[ADDRESS_RANGE_BLOCKS_MAX];
    char first[IPV4_TEXT_SIZE];
    char last[IPV4_TEXT_SIZE];
    ipv4_format(pool->first, first);
    ipv4_format(pool->last, last);
    if (pool->first == pool->last)
        return expr_equals(expr_field("ip", field), first);
    if (address_range_blocks(pool, blocks) == 1)
        return expr_match(
            "==", expr_field("ip", field),
            json_pack("{s:{s:s,s:i}}", "prefix", "addr", first, "len", blocks[0].length));
    return expr_match("==", expr_field("ip", field), json_pack("{s:[s,s]}", "range", first, last));
}

static json_t *of_prefix(const char *op, const char *field, const struct net_block *prefix)
{
    char address[NET_IP_TEXT_SIZE];
    net_ip_format(&prefix->address, address);
    return expr_match(op, expr_field("ip6", field),
                      json_pack("{s:{s:s,s:i}}", "prefix", "addr", address, "len", prefix->length));
}

/*
 * What the uplink's networks would not lead back here. Its sender is told at once, so that it tries
 * IPv4; and before the kernel looks whether IPv6 is passed on at all, which it would not tell.
 */
static void keep_ipv6(struct ruleset *r, const struct edge_config *config)
{
    struct ruleset_chain *c = ruleset_add_chain(
        r, "inet", "prerouting",
        "\"type\":\"filter\",\"hook\":\"prerouting\",\"prio\":0,\"policy\":\"accept\"");
    json_t *out =
        expr_made(json_pack("{s:{s:s,s:[s]}}", "fib", "result", "oifname", "flags", "daddr"));
    json_t *others = config->has_prefix ? of_prefix("!=", "saddr", &config->prefix)
                                        : expr_equals(expr_meta("nfproto"), "ipv6");
    ruleset_add_rule(
        r, c,
        expr_statements(
            expr_from_interface("cv*"), others, expr_equals(out, config->uplink),
            expr_made(json_pack("{s:{s:s,s:s}}", "reject", "type", "icmpv6", "expr", "no-route"))),
        NULL);
}

struct ruleset *edge_rules_build(struct arena *a, const struct edge_config *config)
{
    static const char *const transports[] = {"udp", "tcp"};
    static const char *const answers[] = {"established", "related"};
    struct ruleset *r = ruleset_new(a);

    struct ruleset_chain *c = ruleset_add_chain(
        r, "inet", "input",
        "\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"accept\"");
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        ruleset_add_rule(r, c,
                         expr_statements(expr_from_interface("cv*"), expr_state(answers[i]),
                                         expr_verdict("accept"), NULL),
                         NULL);
    /* Who has an IPv6 address of the link itself. */
    for (int type = 135; type <= 136; type++)
        ruleset_add_rule(
            r, c,
            expr_statements(expr_from_interface("cv*"),
                            expr_match("==", expr_field("icmpv6", "type"), json_integer(type)),
                            expr_verdict("accept"), NULL),
            NULL);
    /* The resolver of a VPC, not its guests: their source is a public address. */
    for (size_t i = 0;
         config->uplink != NULL && config->resolver != NULL && i < ARRAY_SIZE(transports); i++) {
        json_t *list =
            expr_statements(expr_from_interface("cv*"), source(LINK_LOCAL_TEXT, LINK_LOCAL_LENGTH),
                            expr_equals(expr_field("ip", "daddr"), config->resolver),
                            expr_to_port(transports[i], 53));
        (void)json_array_append_new(list, expr_verdict("accept"));
        ruleset_add_rule(r, c, list, NULL);
    }
    ruleset_add_rule(
        r, c, expr_statements(expr_from_interface("cv*"), expr_verdict("drop"), NULL, NULL), NULL);

    c = ruleset_add_chain(
        r, "inet", "forward",
        "\"type\":\"filter\",\"hook\":\"forward\",\"prio\":0,\"policy\":\"accept\"");
    ruleset_add_rule(r, c,
                     expr_statements(expr_from_interface("cv*"), expr_to_interface("cv*"),
                                     expr_verdict("accept"), NULL),
                     NULL);
    if (config->uplink != NULL) {
        ruleset_add_rule(r, c,
                         expr_statements(expr_from_interface("cv*"),
                                         expr_to_interface(config->uplink), expr_verdict("accept"),
                                         NULL),
                         NULL);
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
            ruleset_add_rule(r, c,
                             expr_statements(expr_from_interface(config->uplink),
                                             expr_to_interface("cv*"), expr_state(answers[i]),
                                             expr_verdict("accept")),
                             NULL);
        /* From the LAN; who is let in, its groups decide. */
        for (size_t i = 0; i < config->pools.n; i++)
            if (config->of_lan[i])
                ruleset_add_rule(
                    r, c,
                    expr_statements(expr_from_interface(config->uplink), expr_to_interface("cv*"),
                                    of_pool("daddr", &config->pools.v[i]), expr_verdict("accept")),
                    NULL);
        if (config->has_prefix)
            ruleset_add_rule(
                r, c,
                expr_statements(expr_from_interface(config->uplink), expr_to_interface("cv*"),
                                of_prefix("==", "daddr", &config->prefix), expr_verdict("accept")),
                NULL);
    }
    ruleset_add_rule(
        r, c, expr_statements(expr_from_interface("cv*"), expr_verdict("drop"), NULL, NULL), NULL);
    ruleset_add_rule(
        r, c, expr_statements(expr_to_interface("cv*"), expr_verdict("drop"), NULL, NULL), NULL);

    if (config->uplink != NULL) {
        keep_ipv6(r, config);
        c = ruleset_add_chain(
            r, "inet", "postrouting",
            "\"type\":\"nat\",\"hook\":\"postrouting\",\"prio\":100,\"policy\":\"accept\"");
        for (size_t i = 0; i < config->pools.n; i++)
            if (!config->of_lan[i])
                ruleset_add_rule(r, c,
                                 expr_statements(expr_to_interface(config->uplink),
                                                 of_pool("saddr", &config->pools.v[i]),
                                                 expr_verdict("masquerade"), NULL),
                                 NULL);
        ruleset_add_rule(r, c,
                         expr_statements(expr_to_interface(config->uplink),
                                         source(LINK_LOCAL_TEXT, LINK_LOCAL_LENGTH),
                                         expr_verdict("masquerade"), NULL),
                         NULL);
    }
    ruleset_finish(r);
    return r;
}
