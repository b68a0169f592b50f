/* What EC2 tells of a refusal, sealed: only who may decode such messages learns of it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/authorize_internal.h"
#include "base/check.h"
#include "base/text.h"
#include "core/sealed.h"

#define MESSAGE_MAX ((size_t)2000) /* bytes of JSON; sealed they fit a fault */

static void put(json_t *object, const char *name, json_t *value)
{
    CHECK(value != NULL && json_object_set_new(object, name, value) == 0);
}

static json_t *text(const char *value)
{
    return value == NULL ? json_null() : json_string(value);
}

static json_t *items(json_t *list)
{
    json_t *object = json_object();
    put(object, "items", list);
    return object;
}

/* The statement that denies; none when nothing allows. */
static json_t *statements(const struct policy_decision *d)
{
    json_t *list = json_array();
    if (d->source != NULL) {
        const struct policy_statement *s = &d->source->policy->statements[d->statement];
        json_t *one = json_object();
        put(one, "statementId", text(s->sid == NULL ? "" : s->sid));
        put(one, "effect", text(s->is_allow ? "ALLOW" : "DENY"));
        put(one, "policy", text(d->source->name));
        put(one, "statement", json_integer((json_int_t)d->statement + 1));
        CHECK(json_array_append_new(list, one) == 0);
    }
    return items(list);
}

static size_t size_of(const json_t *value)
{
    return json_dumpb(value, NULL, 0, JSON_COMPACT);
}

/* The keys that the request had, as far as there is room. */
static json_t *conditions(struct call *c, const struct authorize_resource *r, size_t room)
{
    struct authorize_question q = {c, r};
    json_t *list = json_array();
    const char *key = NULL;
    for (size_t i = 0; (key = authorize_key_name(i)) != NULL; i++) {
        struct policy_texts values = {0};
        if (!authorize_find(&q, key, &values))
            continue;
        json_t *all = json_array();
        for (size_t k = 0; k < values.n; k++) {
            json_t *one = json_object();
            put(one, "value", text(values.v[k]));
            CHECK(json_array_append_new(all, one) == 0);
        }
        json_t *entry = json_object();
        put(entry, "key", text(key));
        put(entry, "values", items(all));
        size_t size = size_of(entry) + 1;
        bool known = false;
        for (size_t k = 0; k < json_array_size(list); k++)
            known |= json_equal(json_array_get(list, k), entry) == 1;
        if (size > room || known) {
            json_decref(entry);
            continue;
        }
        room -= size;
        CHECK(json_array_append_new(list, entry) == 0);
    }
    return items(list);
}

static json_t *context(struct call *c, const char *action, const struct authorize_resource *r)
{
    const struct principal *who = c->principal;
    const char *slash = strrchr(who->arn, '/');
    json_t *principal = json_object();
    put(principal, "id", text(who->user_id));
    put(principal, "name", text(slash == NULL ? who->arn : slash + 1));
    put(principal, "arn", text(who->arn));
    json_t *object = json_object();
    put(object, "principal", principal);
    put(object, "action", text(action));
    put(object, "resource", text(r->arn));
    return object;
}

const char *authorize_message(struct call *c, const char *action,
                              const struct authorize_resource *r, const struct policy_decision *d)
{
    if (c->config->server_key == NULL)
        return NULL;
    json_t *root = json_object();
    put(root, "allowed", json_false());
    put(root, "explicitDeny", json_boolean(d->verdict == POLICY_DENIED));
    put(root, "matchedStatements", statements(d));
    put(root, "failures", items(json_array()));
    put(root, "context", context(c, action, r));
    put(root, "reason", text(policy_decision_text(c->arena, d, action)));
    size_t size = size_of(root);
    if (size < MESSAGE_MAX)
        put(json_object_get(root, "context"), "conditions", conditions(c, r, MESSAGE_MAX - size));
    char *plain = json_dumps(root, JSON_COMPACT);
    CHECK(plain != NULL);
    json_decref(root);
    const char *sealed = NULL;
    /* Names of policies and resources have limits that leave room; what has not is left out. */
    if (strlen(plain) <= MESSAGE_MAX + 64)
        sealed = seal(c->arena, c->config->server_key, SEAL_MESSAGE, c->principal->account_id,
                      plain, strlen(plain), NULL);
    free(plain);
    return sealed;
}

/* AWS: "DecodeAuthorizationMessage". Messages of other accounts open for nobody here. */
int act_sts_DecodeAuthorizationMessage(struct call *c, const sts_DecodeAuthorizationMessage_in *in,
                                       sts_DecodeAuthorizationMessage_out *out, struct fault *f)
{
    char *plain = NULL;
    size_t len = 0;
    if (unseal(c->arena, c->config->server_key, SEAL_MESSAGE, c->principal->account_id,
               in->encoded_message, &plain, &len, NULL) < 0)
        return fault(f, FAULT_INVALID_AUTHORIZATION_MESSAGE,
                     "The message is none of this server's for this account, or was changed");
    out->decoded_message = plain;
    return 0;
}
