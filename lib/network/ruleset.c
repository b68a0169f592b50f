#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "network/ruleset_internal.h"

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

struct ruleset_set *ruleset_add_meter(struct ruleset *r, const char *family, const char *name,
                                      const char *type, int timeout_s)
{
    struct ruleset_set *set = ruleset_add_set(r, family, name, type, NULL);
    set->meter = true;
    set->timeout_s = timeout_s;
    return set;
}

void ruleset_add_element(struct ruleset *r, struct ruleset_set *set, const char *key0,
                         const char *key1, const char *key2, const char *value)
{
    *arena_append(r->arena, &set->elements) =
        (struct ruleset_element){.key = {key0, key1, key2}, .value = value};
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
    struct ruleset_rule *rule = arena_append(r->arena, &chain->rules);
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

int ruleset_compare_keys(const void *left, const void *right)
{
    const struct ruleset_element *a = left;
    const struct ruleset_element *b = right;
    int c = 0;
    for (size_t i = 0; i < RULESET_KEY_PARTS && c == 0; i++)
        c = compare_text(a->key[i], b->key[i]);
    return c;
}

int ruleset_compare_sets(const void *left, const void *right)
{
    const struct ruleset_set *a = *(struct ruleset_set *const *)left;
    const struct ruleset_set *b = *(struct ruleset_set *const *)right;
    int c = strcmp(a->family, b->family);
    return c != 0 ? c : strcmp(a->name, b->name);
}

int ruleset_compare_chains(const void *left, const void *right)
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
    sort(r->sets.v, r->sets.n, sizeof(struct ruleset_set *), ruleset_compare_sets);
    sort(r->chains.v, r->chains.n, sizeof(struct ruleset_chain *), ruleset_compare_chains);
    for (size_t i = 0; i < r->sets.n; i++) {
        struct ruleset_set *set = r->sets.v[i];
        sort(set->elements.v, set->elements.n, sizeof(struct ruleset_element),
             ruleset_compare_keys);
        size_t kept = 0;
        for (size_t j = 0; j < set->elements.n; j++)
            if (kept == 0 ||
                ruleset_compare_keys(&set->elements.v[kept - 1], &set->elements.v[j]) != 0)
                set->elements.v[kept++] = set->elements.v[j];
        set->elements.n = kept;
    }
}
