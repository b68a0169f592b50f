#pragma once
/*
 * The pieces of nftables' JSON (libnftables-json(5)) that our rules are made of: expressions, and
 * the statements around them. Each yields a new reference and takes over those that it is given.
 * None returns NULL.
 */
#include <jansson.h>
#include <stdbool.h>

/* Ends the process when jansson had no memory. */
json_t *expr_made(json_t *j);
json_t *expr_meta(const char *key);
/* Where the packet goes next: its destination, or the gateway of its route. */
json_t *expr_nexthop(bool is_ipv6);
json_t *expr_field(const char *protocol, const char *name);
json_t *expr_match(const char *op, json_t *left, json_t *right);
json_t *expr_equals(json_t *left, const char *right);
json_t *expr_from_interface(const char *name);
json_t *expr_to_interface(const char *name);
/* Destination port. */
json_t *expr_to_port(const char *protocol, int port);
/* The state of the packet's connection: new, established, … */
json_t *expr_state(const char *name);
json_t *expr_verdict(const char *name);
/* goto: does not come back. */
json_t *expr_go(const char *chain);
json_t *expr_jump(const char *chain);
json_t *expr_vmap(json_t *key, const char *map);
/* dnat or snat of IPv4, by a map of the packet's own saddr or daddr. */
json_t *expr_translate(const char *statement, const char *address, const char *map);
/* snat of IPv4 to one of these addresses, each connection to the next. */
json_t *expr_source_in_turn(const char *const *addresses, size_t n);
/*
 * Matches the packets of each key above what is allowed it: so many packets a second, or so many
 * connections at a time (only for packets that begin one). `meter` is the name of a set that
 * ruleset_add_meter() has made.
 */
json_t *expr_over_rate(const char *meter, json_t *key, int packets_per_second, int burst);
json_t *expr_over_connections(const char *meter, json_t *key, int most);
/* Sets the packet's mark to a number below `shares` that follows from its ends: addresses of `ip`
 * or `ip6`, and ports. What has no ports keeps its mark. */
json_t *expr_mark_share(const char *protocol, int shares);
/* third may be NULL. */
json_t *expr_concat(json_t *first, json_t *second, json_t *third);
/* A list of up to four statements; NULL ends it early. */
json_t *expr_statements(json_t *s0, json_t *s1, json_t *s2, json_t *s3);
