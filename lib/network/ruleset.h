#pragma once
/*
 * An nftables rule set as data: tables of sets, maps and chains, in an arena. It can be written as
 * the transaction that puts it in place of whatever is there, or as the one that leads from another
 * rule set to it. Both are JSON for libnftables (libnftables-json(5)). Pure: nothing is applied
 * here.
 *
 * Names, keys and values are kept by reference: they must live as long as the rule set. They are
 * written into JSON as they are, so they must be words: see ruleset_word_ok().
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

/* The table of this name, in the families used, is ours and only ours. */
#define RULESET_TABLE "croft"

#define RULESET_KEY_PARTS 3

struct ruleset;
struct ruleset_set;
struct ruleset_chain;

struct ruleset *ruleset_new(struct arena *a);
/* Letters, digits and . : / - _ and nothing else. */
bool ruleset_word_ok(const char *s);

/* `type` is JSON, as "\"ipv4_addr\"" or a list of such; `data` NULL for a set, for a map the type
 * of its values ("ipv4_addr", "verdict"). */
struct ruleset_set *ruleset_add_set(struct ruleset *r, const char *family, const char *name,
                                    const char *type, const char *data);
/* A set of addresses and ranges ("10.0.0.0-10.0.0.9"), which must not overlap. */
struct ruleset_set *ruleset_add_intervals(struct ruleset *r, const char *family, const char *name,
                                          const char *type);
/*
 * A set that packets fill: expr_over_rate() with `timeout_s` seconds that an element lives after
 * its last packet; expr_over_connections() with 0, whose elements end with their connections.
 */
struct ruleset_set *ruleset_add_meter(struct ruleset *r, const char *family, const char *name,
                                      const char *type, int timeout_s);
/* Unused parts of the key are NULL. The value of a verdict map is the chain to jump to. Of two
 * elements with the same key one stays. */
void ruleset_add_element(struct ruleset *r, struct ruleset_set *set, const char *key0,
                         const char *key1, const char *key2, const char *value);
/* `base` NULL, or for a base chain its members in JSON: "\"type\":\"filter\",…" */
struct ruleset_chain *ruleset_add_chain(struct ruleset *r, const char *family, const char *name,
                                        const char *base);
/* Takes over the list `statements`. Rules of a chain keep their order. */
void ruleset_add_rule(struct ruleset *r, struct ruleset_chain *chain, json_t *statements,
                      const char *comment);
/* Sorts; once, after the last addition and before anything below. */
void ruleset_finish(struct ruleset *r);

/* Removes our tables, whatever is in them, and makes them anew, all in one transaction. */
void ruleset_write_replace(const struct ruleset *r, struct buf *out);
/*
 * Both finished. Only elements, sets and chains that differ appear; a chain that differs is emptied
 * and filled again. False, and nothing written, when there is no difference.
 */
bool ruleset_write_change(const struct ruleset *from, const struct ruleset *to, struct buf *out);
/* The same transaction in the language of nft(8), for `nft -f` and for people: a line a command,
 * with remarks on what is new and what is gone in a chain that is filled again. From an empty rule
 * set it makes the tables, too. */
bool ruleset_print_change(const struct ruleset *from, const struct ruleset *to, struct buf *out);
