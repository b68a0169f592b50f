/*
 * Decides what it reads: a line of JSON with policies and a question, and a line with the decision.
 * For tests/policy/compare.py, which asks its own evaluator the same.
 *
 *     {"sources": [{"layer": "identity", "policy": {...}}], "action": "ec2:StopInstances",
 *      "resource": "arn:…", "caller": {"arn": "…"}, "keys": {"aws:username": ["alice"]}}
 *     allowed identity 0 0          verdict, layer, source, statement ("- -": none)
 *     refused Statement 1: ...      a document that is none
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/policy_decide.h"
#include "base/check.h"
#include "base/text.h"

static const char *const layers[] = {"identity", "boundary", "session", "resource"};

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

struct asked {
    struct arena *arena;
    json_t *keys;
};

/* A variable is looked up while the values of a condition's key are compared: each has its own
 * place. */
static bool find(void *ctx, const char *key, struct policy_texts *ret_values)
{
    const struct asked *asked = ctx;
    const char *name = NULL;
    json_t *list = NULL;
    json_object_foreach(asked->keys, name, list)
    {
        if (strcasecmp(name, key) != 0)
            continue;
        size_t n = json_array_size(list);
        const char **values = arena_array(asked->arena, n + 1, const char *);
        for (size_t i = 0; i < n; i++)
            values[i] = json_string_value(json_array_get(list, i));
        *ret_values = (struct policy_texts){values, n};
        return true;
    }
    return false;
}

/* False: a document is none, and has been told. */
static bool read_source(struct arena *a, const json_t *object, struct policy_source *ret)
{
    const char *layer = text(object, "layer");
    size_t i = 0;
    while (!streq(layers[i], layer))
        i++;
    *ret = (struct policy_source){.layer = (enum policy_layer)i, .name = layer};
    const json_t *document = json_object_get(object, "policy");
    if (json_is_null(document))
        return true;
    struct err e = {0};
    char *written = json_dumps(document, JSON_COMPACT);
    ret->policy = policy_parse(
        a, written, strlen(written),
        ret->layer == POLICY_LAYER_RESOURCE ? POLICY_OF_RESOURCE : POLICY_OF_IDENTITY, &e);
    free(written);
    if (ret->policy == NULL)
        printf("refused %s\n", e.message);
    return ret->policy != NULL;
}

static void answer(struct arena *a, const json_t *line)
{
    const json_t *list = json_object_get(line, "sources");
    size_t n = json_array_size(list);
    struct policy_source *sources = arena_array(a, n + 1, struct policy_source);
    for (size_t i = 0; i < n; i++)
        if (!read_source(a, json_array_get(list, i), &sources[i]))
            return;
    const json_t *who = json_object_get(line, "caller");
    struct policy_caller caller = {
        .account_id = text(who, "account_id"),
        .arn = text(who, "arn"),
        .role_arn = text(who, "role_arn"),
        .user_id = text(who, "user_id"),
        .service = text(who, "service"),
        .is_root = json_is_true(json_object_get(who, "is_root")),
    };
    struct asked asked = {a, json_object_get(line, "keys")};
    struct policy_question q = {
        .action = text(line, "action"),
        .resource = text(line, "resource"),
        .resource_account = text(line, "resource_account"),
        .caller = &caller,
        .find = find,
        .ctx = &asked,
    };
    static const char *const verdicts[] = {"allowed", "denied", "not-allowed"};
    struct policy_decision d = policy_decide(&q, sources, n);
    CHECK(!str_empty(policy_decision_text(a, &d, q.action)));
    printf("%s %s ", verdicts[d.verdict], layers[d.layer]);
    if (d.source == NULL) {
        puts("- -");
        return;
    }
    CHECK(policy_applies(&q, d.source->policy, d.statement));
    printf("%td %zu\n", d.source - sources, d.statement);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    struct arena *a = arena_new();
    while (getline(&line, &room, stdin) > 0) {
        json_error_t e;
        json_t *root = json_loads(line, 0, &e);
        CHECK(root != NULL);
        answer(a, root);
        json_decref(root);
        arena_reset(a);
    }
    arena_free(a);
    free(line);
    return 0;
}
