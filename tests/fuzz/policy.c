/*
 * A policy document: what is accepted is complete, keeps to its own rules, and says the same when
 * it is written anew and read again.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "auth/policy.h"
#include "base/text.h"
#include "fuzz.h"

static json_t *texts(const struct policy_texts *list)
{
    json_t *array = json_array();
    CHECK(list->n > 0);
    for (size_t i = 0; i < list->n; i++)
        CHECK(json_array_append_new(array, json_string(list->v[i])) == 0);
    return array;
}

static json_t *principals(const struct policy_statement *s)
{
    CHECK(s->n_principals > 0);
    if (s->principals[0].kind == POLICY_PRINCIPAL_EVERYBODY) {
        CHECK(s->n_principals == 1);
        return json_string("*");
    }
    json_t *object = json_object();
    for (size_t i = 0; i < s->n_principals; i++) {
        const char *kind = policy_principal_kind_name(s->principals[i].kind);
        CHECK(!str_empty(s->principals[i].id));
        if (json_object_get(object, kind) == NULL)
            CHECK(json_object_set_new(object, kind, json_array()) == 0);
        CHECK(json_array_append_new(json_object_get(object, kind),
                                    json_string(s->principals[i].id)) == 0);
    }
    return object;
}

static json_t *conditions(struct arena *a, const struct policy_statement *s)
{
    static const char *const quantifiers[] = {"", "ForAllValues:", "ForAnyValue:"};
    json_t *object = json_object();
    for (size_t i = 0; i < s->n_conditions; i++) {
        const struct policy_condition *c = &s->conditions[i];
        const char *name = arena_printf(a, "%s%s%s", quantifiers[c->quantifier], c->op->name,
                                        c->if_exists ? "IfExists" : "");
        if (json_object_get(object, name) == NULL)
            CHECK(json_object_set_new(object, name, json_object()) == 0);
        json_t *keys = json_object_get(object, name);
        CHECK(json_object_get(keys, c->key) == NULL);
        CHECK(json_object_set_new(keys, c->key, texts(&c->values)) == 0);
    }
    return object;
}

static void put(json_t *object, const char *name, json_t *value)
{
    CHECK(value != NULL && json_object_set_new(object, name, value) == 0);
}

static char *written(struct arena *a, const struct policy *p, enum policy_kind kind)
{
    json_t *root = json_object();
    json_t *statements = json_array();
    put(root, "Version", json_string(p->version));
    if (p->id != NULL)
        put(root, "Id", json_string(p->id));
    put(root, "Statement", statements);
    CHECK(p->n_statements > 0);
    for (size_t i = 0; i < p->n_statements; i++) {
        const struct policy_statement *s = &p->statements[i];
        json_t *object = json_object();
        if (s->sid != NULL)
            put(object, "Sid", json_string(s->sid));
        put(object, "Effect", json_string(s->is_allow ? "Allow" : "Deny"));
        if (kind != POLICY_OF_IDENTITY)
            put(object, s->not_principals ? "NotPrincipal" : "Principal", principals(s));
        else
            CHECK(s->n_principals == 0);
        put(object, s->not_actions ? "NotAction" : "Action", texts(&s->actions));
        if (kind != POLICY_OF_ROLE)
            put(object, s->not_resources ? "NotResource" : "Resource", texts(&s->resources));
        else
            CHECK(s->resources.n == 0);
        if (s->n_conditions > 0)
            put(object, "Condition", conditions(a, s));
        CHECK(json_array_append_new(statements, object) == 0);
    }
    char *text = json_dumps(root, JSON_COMPACT);
    CHECK(text != NULL);
    json_decref(root);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum policy_kind kinds[] = {POLICY_OF_IDENTITY, POLICY_OF_RESOURCE,
                                             POLICY_OF_ROLE};
    int accepted = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct err e = {0};
        const struct policy *p = policy_parse(a, (const char *)data, size, kinds[i], &e);
        accepted += p != NULL;
        CHECK((p != NULL) == (e.message[0] == '\0'));
        if (p == NULL)
            continue;
        char *text = written(a, p, kinds[i]);
        /* A list of one is longer than the text that it was written as. */
        if (strlen(text) <= POLICY_SIZE_MAX) {
            const struct policy *again = policy_parse(a, text, strlen(text), kinds[i], &e);
            CHECK(again != NULL);
            char *same = written(a, again, kinds[i]);
            CHECK(strcmp(text, same) == 0);
            free(same);
        }
        free(text);
    }
    /* Principals and resources are what some kinds must have and others must not. */
    CHECK(accepted <= 1);
    return 0;
}
