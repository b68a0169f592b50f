#include "network/expr.h"

#include <stdio.h>

#include "base/check.h"
#include "base/cleanup.h"

json_t *expr_made(json_t *j)
{
    CHECK(j != NULL);
    return j;
}

json_t *expr_meta(const char *key)
{
    return expr_made(json_pack("{s:{s:s}}", "meta", "key", key));
}

json_t *expr_field(const char *protocol, const char *name)
{
    return expr_made(json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", name));
}

json_t *expr_nexthop(bool is_ipv6)
{
    return expr_made(
        json_pack("{s:{s:s,s:s}}", "rt", "key", "nexthop", "family", is_ipv6 ? "ip6" : "ip"));
}

json_t *expr_match(const char *op, json_t *left, json_t *right)
{
    return expr_made(
        json_pack("{s:{s:s,s:o,s:o}}", "match", "op", op, "left", left, "right", expr_made(right)));
}

json_t *expr_equals(json_t *left, const char *right)
{
    return expr_match("==", left, json_string(right));
}

json_t *expr_from_interface(const char *name)
{
    return expr_equals(expr_meta("iifname"), name);
}

json_t *expr_to_interface(const char *name)
{
    return expr_equals(expr_meta("oifname"), name);
}

json_t *expr_to_port(const char *protocol, int port)
{
    return expr_match("==", expr_field(protocol, "dport"), json_integer(port));
}

json_t *expr_state(const char *name)
{
    return expr_made(json_pack("{s:{s:s,s:{s:{s:s}},s:s}}", "match", "op", "in", "left", "ct",
                               "key", "state", "right", name));
}

json_t *expr_verdict(const char *name)
{
    return expr_made(json_pack("{s:n}", name));
}

json_t *expr_go(const char *chain)
{
    return expr_made(json_pack("{s:{s:s}}", "goto", "target", chain));
}

json_t *expr_jump(const char *chain)
{
    return expr_made(json_pack("{s:{s:s}}", "jump", "target", chain));
}

json_t *expr_vmap(json_t *key, const char *map)
{
    return expr_made(json_pack("{s:{s:o,s:s}}", "vmap", "key", key, "data", map));
}

json_t *expr_translate(const char *statement, const char *address, const char *map)
{
    return expr_made(json_pack("{s:{s:s,s:{s:{s:o,s:s}}}}", statement, "family", "ip", "addr",
                               "map", "key", expr_field("ip", address), "data", map));
}

json_t *expr_source_in_turn(const char *const *addresses, size_t n)
{
    CHECK(n > 0);
    if (n == 1)
        return expr_made(json_pack("{s:{s:s,s:s}}", "snat", "family", "ip", "addr", addresses[0]));
    json_t *turns = expr_made(json_array());
    for (size_t i = 0; i < n; i++)
        CHECK(json_array_append_new(turns, json_pack("[i,s]", (int)i, addresses[i])) == 0);
    return expr_made(json_pack("{s:{s:s,s:{s:{s:{s:{s:s,s:i,s:i}},s:{s:o}}}}}", "snat", "family",
                               "ip", "addr", "map", "key", "numgen", "mode", "inc", "mod", (int)n,
                               "offset", 0, "data", "set", turns));
}

static json_t *metered(const char *meter, const char *op, json_t *key, json_t *limit)
{
    char set[64];
    int n = snprintf(set, sizeof(set), "@%s", meter);
    CHECK(n > 0 && n < (int)sizeof(set));
    return expr_made(json_pack("{s:{s:s,s:o,s:s,s:[o]}}", "set", "op", op, "elem", key, "set", set,
                               "stmt", limit));
}

json_t *expr_over_rate(const char *meter, json_t *key, int packets_per_second, int burst)
{
    /* "update", so that an element lives as long as packets come. */
    return metered(meter, "update", key,
                   expr_made(json_pack("{s:{s:i,s:i,s:s,s:b}}", "limit", "rate", packets_per_second,
                                       "burst", burst, "per", "second", "inv", 1)));
}

json_t *expr_over_connections(const char *meter, json_t *key, int most)
{
    return metered(meter, "add", key,
                   expr_made(json_pack("{s:{s:i,s:b}}", "ct count", "val", most, "inv", 1)));
}

json_t *expr_mark_share(const char *protocol, int shares)
{
    json_t *ends =
        json_pack("[o,o,o,o]", expr_field(protocol, "saddr"), expr_field(protocol, "daddr"),
                  expr_field("th", "sport"), expr_field("th", "dport"));
    return expr_made(json_pack("{s:{s:o,s:{s:{s:i,s:i,s:{s:o}}}}}", "mangle", "key",
                               expr_meta("mark"), "value", "jhash", "mod", shares, "seed", 1,
                               "expr", "concat", ends));
}

json_t *expr_concat(json_t *first, json_t *second, json_t *third)
{
    json_t *parts = expr_made(json_pack("[o,o]", first, second));
    if (third != NULL)
        CHECK(json_array_append_new(parts, third) == 0);
    return expr_made(json_pack("{s:o}", "concat", parts));
}

json_t *expr_statements(json_t *s0, json_t *s1, json_t *s2, json_t *s3)
{
    json_t *list = expr_made(json_array());
    json_t *all[] = {s0, s1, s2, s3};
    for (size_t i = 0; i < ARRAY_SIZE(all) && all[i] != NULL; i++)
        CHECK(json_array_append_new(list, all[i]) == 0);
    return list;
}
