#include "base/text.h"
#include "network/ruleset_internal.h"

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

/* --- whole */

static void for_families(const struct ruleset *r, struct transaction *t, const char *verb)
{
    const char *last = "";
    for (size_t i = 0; i < r->chains.n; i++) {
        if (!streq(r->chains.v[i]->family, last))
            transaction_table(t, verb, r->chains.v[i]->family);
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
        transaction_set(&t, "add", r->sets.v[i]);
    for (size_t i = 0; i < r->chains.n; i++)
        transaction_chain(&t, "add", r->chains.v[i], true);
    for (size_t i = 0; i < r->chains.n; i++)
        transaction_rules(&t, NULL, r->chains.v[i]);
    for (size_t i = 0; i < r->sets.n; i++) {
        struct element_command c = {.t = &t, .verb = "add", .set = r->sets.v[i]};
        for (size_t j = 0; j < c.set->elements.n; j++)
            transaction_element(&c, &c.set->elements.v[j]);
        transaction_end_elements(&c);
    }
    transaction_end(&t);
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

DEFINE_WALK(walk_sets, struct ruleset_set, ruleset_compare_sets)
DEFINE_WALK(walk_chains, struct ruleset_chain, ruleset_compare_chains)

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
        const struct ruleset_element *element = &a->elements.v[i];
        int c = -1;
        while (j < n && (c = ruleset_compare_keys(element, &b->elements.v[j])) > 0)
            j++;
        if (j == n || c != 0 || !streq(element->value, b->elements.v[j].value))
            transaction_element(&command, element);
    }
    transaction_end_elements(&command);
}

static void add_new(const struct ruleset *from, const struct ruleset *to, struct transaction *t)
{
    struct ruleset_set *old_set = NULL;
    struct ruleset_set *new_set = NULL;
    for (size_t i = 0, j = 0;
         walk_sets(from->sets.v, from->sets.n, &i, to->sets.v, to->sets.n, &j, &old_set, &new_set);)
        if (old_set == NULL)
            transaction_set(t, "add", new_set);
    struct ruleset_chain *old_chain = NULL;
    struct ruleset_chain *new_chain = NULL;
    for (size_t i = 0, j = 0; walk_chains(from->chains.v, from->chains.n, &i, to->chains.v,
                                          to->chains.n, &j, &old_chain, &new_chain);)
        if (old_chain == NULL)
            transaction_chain(t, "add", new_chain, true);
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
            transaction_chain(t, "flush", old_chain, false);
        transaction_rules(t, old_chain, new_chain);
    }
}

static void remove_old(const struct ruleset *from, const struct ruleset *to, struct transaction *t)
{
    struct ruleset_chain *old_chain = NULL;
    struct ruleset_chain *new_chain = NULL;
    for (size_t i = 0, j = 0; walk_chains(from->chains.v, from->chains.n, &i, to->chains.v,
                                          to->chains.n, &j, &old_chain, &new_chain);)
        if (new_chain == NULL)
            transaction_chain(t, "delete", old_chain, false);
    struct ruleset_set *old_set = NULL;
    struct ruleset_set *new_set = NULL;
    for (size_t i = 0, j = 0;
         walk_sets(from->sets.v, from->sets.n, &i, to->sets.v, to->sets.n, &j, &old_set, &new_set);)
        if (new_set == NULL)
            transaction_set(t, "delete", old_set);
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
    transaction_end(t);
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
