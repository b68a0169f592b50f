#include "network/ruleset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/expr_text.h"

/*
 * Theory of operation: everything is kept sorted by family and name, elements by key, so that two
 * rule sets are compared in one walk. The order of a transaction is what the kernel needs:
 *   1. new sets and chains, empty, so that anything may refer to them
 *   2. elements that go, among them references to chains that go
 *   3. chains that differ are emptied and filled: references to sets that go end here
 *   4. elements that come
 *   5. chains and sets that go
 * The same walk writes it in one of two languages: JSON for libnftables, or lines for people.
 */

struct element {
    const char *key[RULESET_KEY_PARTS];
    const char *value;
};

struct rule {
    const char *statements; /* a JSON list */
    const char *comment;
};

struct ruleset_set {
    const char *family;
    const char *name;
    const char *type;
    const char *data;
    bool intervals;
    struct {
        struct element *v;
        size_t n;
    } elements;
};

struct ruleset_chain {
    const char *family;
    const char *name;
    const char *base;
    struct {
        struct rule *v;
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

struct ruleset *ruleset_new(struct arena *a)
{
    struct ruleset *r = arena_new_of(a, struct ruleset);
    r->arena = a;
    return r;
}

bool ruleset_word_ok(const char *s)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".:/-_";
    return !str_empty(s) && s[strspn(s, allowed)] == '\0';
}

struct ruleset_set *ruleset_add_set(struct ruleset *r, const char *family, const char *name,
                                    const char *type, const char *data)
{
    struct ruleset_set *set = arena_new_of(r->arena, struct ruleset_set);
    set->family = family;
    set->name = name;
    set->type = type;
    set->data = data;
    *arena_append(r->arena, &r->sets) = set;
    return set;
}

struct ruleset_set *ruleset_add_intervals(struct ruleset *r, const char *family, const char *name,
                                          const char *type)
{
    struct ruleset_set *set = ruleset_add_set(r, family, name, type, NULL);
    set->intervals = true;
    return set;
}

void ruleset_add_element(struct ruleset *r, struct ruleset_set *set, const char *key0,
                         const char *key1, const char *key2, const char *value)
{
    *arena_append(r->arena, &set->elements) =
        (struct element){.key = {key0, key1, key2}, .value = value};
}

struct ruleset_chain *ruleset_add_chain(struct ruleset *r, const char *family, const char *name,
                                        const char *base)
{
    struct ruleset_chain *chain = arena_new_of(r->arena, struct ruleset_chain);
    chain->family = family;
    chain->name = name;
    chain->base = base;
    *arena_append(r->arena, &r->chains) = chain;
    return chain;
}

void ruleset_add_rule(struct ruleset *r, struct ruleset_chain *chain, json_t *statements,
                      const char *comment)
{
    char *text = statements != NULL ? json_dumps(statements, JSON_COMPACT) : NULL;
    CHECK(text != NULL);
    struct rule *rule = arena_append(r->arena, &chain->rules);
    rule->statements = arena_strdup(r->arena, text);
    rule->comment = comment;
    free(text);
    json_decref(statements);
}

static int compare_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_keys(const void *left, const void *right)
{
    const struct element *a = left;
    const struct element *b = right;
    int c = 0;
    for (size_t i = 0; i < RULESET_KEY_PARTS && c == 0; i++)
        c = compare_text(a->key[i], b->key[i]);
    return c;
}

static int compare_sets(const void *left, const void *right)
{
    const struct ruleset_set *a = *(struct ruleset_set *const *)left;
    const struct ruleset_set *b = *(struct ruleset_set *const *)right;
    int c = strcmp(a->family, b->family);
    return c != 0 ? c : strcmp(a->name, b->name);
}

static int compare_chains(const void *left, const void *right)
{
    const struct ruleset_chain *a = *(struct ruleset_chain *const *)left;
    const struct ruleset_chain *b = *(struct ruleset_chain *const *)right;
    int c = strcmp(a->family, b->family);
    return c != 0 ? c : strcmp(a->name, b->name);
}

static void sort(void *v, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    if (n > 1)
        qsort(v, n, size, compare);
}

void ruleset_finish(struct ruleset *r)
{
    sort(r->sets.v, r->sets.n, sizeof(struct ruleset_set *), compare_sets);
    sort(r->chains.v, r->chains.n, sizeof(struct ruleset_chain *), compare_chains);
    for (size_t i = 0; i < r->sets.n; i++) {
        struct ruleset_set *set = r->sets.v[i];
        sort(set->elements.v, set->elements.n, sizeof(struct element), compare_keys);
        size_t kept = 0;
        for (size_t j = 0; j < set->elements.n; j++)
            if (kept == 0 || compare_keys(&set->elements.v[kept - 1], &set->elements.v[j]) != 0)
                set->elements.v[kept++] = set->elements.v[j];
        set->elements.n = kept;
    }
}

/* --- commands */

/* "add chain inet croft sg-…-in" */
static void line(struct transaction *t, const char *verb, const char *object, const char *family,
                 const char *name)
{
    buf_printf(t->out, "%s %s %s " RULESET_TABLE "%s%s", verb, object, family,
               *name == '\0' ? "" : " ", name);
    t->any = true;
}

static void command(struct transaction *t, const char *verb, const char *object, const char *family)
{
    buf_printf(t->out, "%s{\"%s\":{\"%s\":{\"family\":\"%s\"", t->any ? ",\n" : "{\"nftables\":[\n",
               verb, object, family);
    t->any = true;
}

static void end_command(struct transaction *t)
{
    buf_add_str(t->out, "}}}");
}

static void end_transaction(struct transaction *t)
{
    if (t->any && !t->lines)
        buf_add_str(t->out, "\n]}\n");
}

static void command_table(struct transaction *t, const char *verb, const char *family)
{
    if (t->lines) {
        line(t, verb, "table", family, "");
        buf_add_char(t->out, '\n');
        return;
    }
    command(t, verb, "table", family);
    buf_printf(t->out, ",\"name\":\"" RULESET_TABLE "\"");
    end_command(t);
}

static void line_set(struct transaction *t, const char *verb, const struct ruleset_set *set)
{
    line(t, verb, set->data != NULL ? "map" : "set", set->family, set->name);
    if (streq(verb, "add")) {
        buf_add_str(t->out, " { type ");
        expr_text_type(t->out, set->type);
        buf_printf(t->out, "%s%s;%s }", set->data != NULL ? " : " : "",
                   set->data != NULL ? set->data : "", set->intervals ? " flags interval;" : "");
    }
    buf_add_char(t->out, '\n');
}

static void command_set(struct transaction *t, const char *verb, const struct ruleset_set *set)
{
    if (t->lines) {
        line_set(t, verb, set);
        return;
    }
    command(t, verb, set->data != NULL ? "map" : "set", set->family);
    buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\",\"type\":%s", set->name,
               set->type);
    if (set->data != NULL)
        buf_printf(t->out, ",\"map\":\"%s\"", set->data);
    if (set->intervals)
        buf_add_str(t->out, ",\"flags\":[\"interval\"]");
    end_command(t);
}

static void command_chain(struct transaction *t, const char *verb,
                          const struct ruleset_chain *chain, bool with_base)
{
    if (t->lines) {
        line(t, verb, "chain", chain->family, chain->name);
        if (with_base && chain->base != NULL) {
            buf_add_str(t->out, " { ");
            expr_text_base(t->out, chain->base);
            buf_add_str(t->out, " }");
        }
        buf_add_char(t->out, '\n');
        return;
    }
    command(t, verb, "chain", chain->family);
    buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\"", chain->name);
    if (with_base && chain->base != NULL)
        buf_printf(t->out, ",%s", chain->base);
    end_command(t);
}

static bool has_rule(const struct ruleset_chain *chain, const struct rule *rule)
{
    for (size_t i = 0; chain != NULL && i < chain->rules.n; i++)
        if (streq(chain->rules.v[i].statements, rule->statements) &&
            streq(chain->rules.v[i].comment, rule->comment))
            return true;
    return false;
}

static void line_rule(struct transaction *t, const struct rule *rule)
{
    expr_text_rule(t->out, rule->statements);
    if (rule->comment != NULL)
        buf_printf(t->out, " comment \"%s\"", rule->comment);
}

/* The rules of a chain that was emptied; remarks tell which are new, and which do not come back. */
static void line_rules(struct transaction *t, const struct ruleset_chain *old,
                       const struct ruleset_chain *chain)
{
    for (size_t i = 0; old != NULL && i < old->rules.n; i++)
        if (!has_rule(chain, &old->rules.v[i])) {
            buf_printf(t->out, "# gone: ");
            line_rule(t, &old->rules.v[i]);
            buf_add_char(t->out, '\n');
        }
    for (size_t i = 0; chain != NULL && i < chain->rules.n; i++) {
        const struct rule *rule = &chain->rules.v[i];
        line(t, "add", "rule", chain->family, chain->name);
        buf_add_char(t->out, ' ');
        line_rule(t, rule);
        buf_add_str(t->out, old == NULL || has_rule(old, rule) ? "\n" : "  # new\n");
    }
}

static void command_rules(struct transaction *t, const struct ruleset_chain *chain)
{
    for (size_t i = 0; i < chain->rules.n; i++) {
        const struct rule *rule = &chain->rules.v[i];
        command(t, "add", "rule", chain->family);
        buf_printf(t->out, ",\"table\":\"" RULESET_TABLE "\",\"chain\":\"%s\"", chain->name);
        if (rule->comment != NULL)
            buf_printf(t->out, ",\"comment\":\"%s\"", rule->comment);
        buf_printf(t->out, ",\"expr\":%s", rule->statements);
        end_command(t);
    }
}

/* One command carries all elements of a set that come or go. */
struct element_command {
    struct transaction *t;
    const char *verb;
    const struct ruleset_set *set;
    bool open;
};

static void write_key(struct buf *out, const struct ruleset_set *set, const struct element *element)
{
    const char *dash = set->intervals ? strchr(element->key[0], '-') : NULL;
    if (dash != NULL) {
        buf_printf(out, "{\"range\":[\"%.*s\",\"%s\"]}", (int)(dash - element->key[0]),
                   element->key[0], dash + 1);
        return;
    }
    if (element->key[1] == NULL) {
        buf_printf(out, "\"%s\"", element->key[0]);
        return;
    }
    buf_add_str(out, "{\"concat\":[");
    for (size_t i = 0; i < RULESET_KEY_PARTS && element->key[i] != NULL; i++)
        buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", element->key[i]);
    buf_add_str(out, "]}");
}

static void line_element(struct element_command *c, const struct element *element)
{
    struct buf *out = c->t->out;
    if (!c->open)
        line(c->t, c->verb, "element", c->set->family, c->set->name);
    buf_add_str(out, c->open ? ", " : " { ");
    c->open = true;
    for (size_t i = 0; i < RULESET_KEY_PARTS && element->key[i] != NULL; i++)
        buf_printf(out, "%s%s", i > 0 ? " . " : "", element->key[i]);
    if (element->value != NULL && c->set->data != NULL)
        buf_printf(out, " : %s%s", streq(c->set->data, "verdict") ? "jump " : "", element->value);
}

static void command_element(struct element_command *c, const struct element *element)
{
    struct buf *out = c->t->out;
    if (c->t->lines) {
        line_element(c, element);
        return;
    }
    if (!c->open) {
        command(c->t, c->verb, "element", c->set->family);
        buf_printf(out, ",\"table\":\"" RULESET_TABLE "\",\"name\":\"%s\",\"elem\":[",
                   c->set->name);
    } else {
        buf_add_char(out, ',');
    }
    c->open = true;
    if (element->value == NULL || c->set->data == NULL) {
        write_key(out, c->set, element);
        return;
    }
    buf_add_char(out, '[');
    write_key(out, c->set, element);
    if (streq(c->set->data, "verdict"))
        buf_printf(out, ",{\"jump\":{\"target\":\"%s\"}}]", element->value);
    else
        buf_printf(out, ",\"%s\"]", element->value);
}

static void end_elements(struct element_command *c)
{
    if (c->open && c->t->lines) {
        buf_add_str(c->t->out, " }\n");
    } else if (c->open) {
        buf_add_char(c->t->out, ']');
        end_command(c->t);
    }
}

/* --- whole */

static void for_families(const struct ruleset *r, struct transaction *t, const char *verb)
{
    const char *last = "";
    for (size_t i = 0; i < r->chains.n; i++) {
        if (!streq(r->chains.v[i]->family, last))
            command_table(t, verb, r->chains.v[i]->family);
        last = r->chains.v[i]->family;
    }
}

void ruleset_write_replace(const struct ruleset *r, struct buf *out)
{
    struct transaction t = {.out = out};
    /* Deleting a table that is not there is an error, adding one that is there is none. */
    for_families(r, &t, "add");
    for_families(r, &t, "delete");
    for_families(r, &t, "add");
    for (size_t i = 0; i < r->sets.n; i++)
        command_set(&t, "add", r->sets.v[i]);
    for (size_t i = 0; i < r->chains.n; i++)
        command_chain(&t, "add", r->chains.v[i], true);
    for (size_t i = 0; i < r->chains.n; i++)
        command_rules(&t, r->chains.v[i]);
    for (size_t i = 0; i < r->sets.n; i++) {
        struct element_command c = {.t = &t, .verb = "add", .set = r->sets.v[i]};
        for (size_t j = 0; j < c.set->elements.n; j++)
            command_element(&c, &c.set->elements.v[j]);
        end_elements(&c);
    }
    end_transaction(&t);
}

/* --- difference */

/* Walks two sorted lists side by side: fills in the next of each, NULL where only one has it. */
#define DEFINE_WALK(name, type, compare)                                                           \
    static bool name(type *const *from, size_t n_from, size_t *i, type *const *to, size_t n_to,    \
                     size_t *j, type **ret_from, type **ret_to)                                    \
    {                                                                                              \
        if (*i == n_from && *j == n_to)                                                            \
            return false;                                                                          \
        int c = *i == n_from ? 1 : *j == n_to ? -1 : compare(&from[*i], &to[*j]);                  \
        *ret_from = c <= 0 ? from[(*i)++] : NULL;                                                  \
        *ret_to = c >= 0 ? to[(*j)++] : NULL;                                                      \
        return true;                                                                               \
    }

DEFINE_WALK(walk_sets, struct ruleset_set, compare_sets)
DEFINE_WALK(walk_chains, struct ruleset_chain, compare_chains)

static bool same_rules(const struct ruleset_chain *a, const struct ruleset_chain *b)
{
    if (a->rules.n != b->rules.n)
        return false;
    for (size_t i = 0; i < a->rules.n; i++)
        if (!streq(a->rules.v[i].statements, b->rules.v[i].statements) ||
            !streq(a->rules.v[i].comment, b->rules.v[i].comment))
            return false;
    return true;
}

/* Writes the elements of `a` that `b` has not, or has with another value. */
static void change_elements(struct transaction *t, const char *verb, const struct ruleset_set *a,
                            const struct ruleset_set *b)
{
    struct element_command command = {.t = t, .verb = verb, .set = a};
    size_t n = b != NULL ? b->elements.n : 0;
    size_t j = 0;
    for (size_t i = 0; i < a->elements.n; i++) {
        const struct element *element = &a->elements.v[i];
        int c = -1;
        while (j < n && (c = compare_keys(element, &b->elements.v[j])) > 0)
            j++;
        if (j == n || c != 0 || !streq(element->value, b->elements.v[j].value))
            command_element(&command, element);
    }
    end_elements(&command);
}

static void add_new(const struct ruleset *from, const struct ruleset *to, struct transaction *t)
{
    struct ruleset_set *old_set = NULL;
    struct ruleset_set *new_set = NULL;
    for (size_t i = 0, j = 0;
         walk_sets(from->sets.v, from->sets.n, &i, to->sets.v, to->sets.n, &j, &old_set, &new_set);)
        if (old_set == NULL)
            command_set(t, "add", new_set);
    struct ruleset_chain *old_chain = NULL;
    struct ruleset_chain *new_chain = NULL;
    for (size_t i = 0, j = 0; walk_chains(from->chains.v, from->chains.n, &i, to->chains.v,
                                          to->chains.n, &j, &old_chain, &new_chain);)
        if (old_chain == NULL)
            command_chain(t, "add", new_chain, true);
}

static void change_all_elements(const struct ruleset *from, const struct ruleset *to,
                                struct transaction *t, bool going)
{
    struct ruleset_set *old_set = NULL;
    struct ruleset_set *new_set = NULL;
    for (size_t i = 0, j = 0; walk_sets(from->sets.v, from->sets.n, &i, to->sets.v, to->sets.n, &j,
                                        &old_set, &new_set);) {
        /* A set that goes is emptied, too: its elements may refer to chains that go before it. */
        if (going && old_set != NULL)
            change_elements(t, "delete", old_set, new_set);
        if (!going && new_set != NULL)
            change_elements(t, "add", new_set, old_set);
    }
}

static void change_chains(const struct ruleset *from, const struct ruleset *to,
                          struct transaction *t)
{
    struct ruleset_chain *old_chain = NULL;
    struct ruleset_chain *new_chain = NULL;
    for (size_t i = 0, j = 0; walk_chains(from->chains.v, from->chains.n, &i, to->chains.v,
                                          to->chains.n, &j, &old_chain, &new_chain);) {
        if (old_chain != NULL && new_chain != NULL && same_rules(old_chain, new_chain))
            continue;
        if (old_chain != NULL)
            command_chain(t, "flush", old_chain, false);
        if (t->lines)
            line_rules(t, old_chain, new_chain);
        else if (new_chain != NULL)
            command_rules(t, new_chain);
    }
}

static void remove_old(const struct ruleset *from, const struct ruleset *to, struct transaction *t)
{
    struct ruleset_chain *old_chain = NULL;
    struct ruleset_chain *new_chain = NULL;
    for (size_t i = 0, j = 0; walk_chains(from->chains.v, from->chains.n, &i, to->chains.v,
                                          to->chains.n, &j, &old_chain, &new_chain);)
        if (new_chain == NULL)
            command_chain(t, "delete", old_chain, false);
    struct ruleset_set *old_set = NULL;
    struct ruleset_set *new_set = NULL;
    for (size_t i = 0, j = 0;
         walk_sets(from->sets.v, from->sets.n, &i, to->sets.v, to->sets.n, &j, &old_set, &new_set);)
        if (new_set == NULL)
            command_set(t, "delete", old_set);
}

static bool write_change(const struct ruleset *from, const struct ruleset *to,
                         struct transaction *t)
{
    if (t->lines && from->chains.n == 0)
        for_families(to, t, "add");
    add_new(from, to, t);
    change_all_elements(from, to, t, true);
    change_chains(from, to, t);
    change_all_elements(from, to, t, false);
    remove_old(from, to, t);
    end_transaction(t);
    return t->any;
}

bool ruleset_write_change(const struct ruleset *from, const struct ruleset *to, struct buf *out)
{
    return write_change(from, to, &(struct transaction){.out = out});
}

bool ruleset_print_change(const struct ruleset *from, const struct ruleset *to, struct buf *out)
{
    return write_change(from, to, &(struct transaction){.out = out, .lines = true});
}
