#pragma once
/*
 * What a rule set is made of, and the commands of a transaction. ruleset.c builds,
 * ruleset_command.c writes one command in either language, ruleset_change.c has their order.
 */
#include "network/ruleset.h"

struct ruleset_element {
    const char *key[RULESET_KEY_PARTS];
    const char *value;
};

struct ruleset_rule {
    const char *statements; /* a JSON list */
    const char *comment;
};

struct ruleset_set {
    const char *family;
    const char *name;
    const char *type;
    const char *data;
    bool intervals;
    bool meter; /* packets fill it */
    int timeout_s;
    struct {
        struct ruleset_element *v;
        size_t n;
    } elements;
};

struct ruleset_chain {
    const char *family;
    const char *name;
    const char *base;
    struct {
        struct ruleset_rule *v;
        size_t n;
    } rules;
};

struct ruleset {
    struct arena *arena;
    struct {
        struct ruleset_set **v;
        size_t n;
    } sets;
    struct {
        struct ruleset_chain **v;
        size_t n;
    } chains;
};

/* The transaction being written: a JSON list of commands, or lines for nft -f. */
struct transaction {
    struct buf *out;
    bool any;
    bool lines;
};

/* One command carries all elements of a set that come or go. */
struct element_command {
    struct transaction *t;
    const char *verb;
    const struct ruleset_set *set;
    bool open;
};

/* The order in which everything is kept; of elements, and of pointers to sets and to chains. */
int ruleset_compare_keys(const void *left, const void *right);
int ruleset_compare_sets(const void *left, const void *right);
int ruleset_compare_chains(const void *left, const void *right);

/* verb: "add", "delete", "flush" */
void transaction_table(struct transaction *t, const char *verb, const char *family);
void transaction_set(struct transaction *t, const char *verb, const struct ruleset_set *set);
void transaction_chain(struct transaction *t, const char *verb, const struct ruleset_chain *chain,
                       bool with_base);
/* Fills a chain that is empty now. `old` (NULL: there was none) is for remarks on what has changed;
 * `chain` may be NULL, too. */
void transaction_rules(struct transaction *t, const struct ruleset_chain *old,
                       const struct ruleset_chain *chain);
void transaction_element(struct element_command *c, const struct ruleset_element *element);
void transaction_end_elements(struct element_command *c);
void transaction_end(struct transaction *t);
