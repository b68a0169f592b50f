#include <errno.h>
#include <string.h>
#include <strings.h>

#include "auth/policy_internal.h"
#include "base/cleanup.h"
#include "base/text.h"

#define IF_EXISTS "IfExists"

/* AWS: "IAM JSON policy elements: Condition operators". */
static const struct policy_operator operators[] = {
    {"ArnEquals", POLICY_TYPE_ARN, POLICY_LIKE, false}, /* the same as ArnLike, AWS says */
    {"ArnLike", POLICY_TYPE_ARN, POLICY_LIKE, false},
    {"ArnNotEquals", POLICY_TYPE_ARN, POLICY_LIKE, true},
    {"ArnNotLike", POLICY_TYPE_ARN, POLICY_LIKE, true},
    {"BinaryEquals", POLICY_TYPE_BINARY, POLICY_EQUALS, false},
    {"Bool", POLICY_TYPE_BOOL, POLICY_EQUALS, false},
    {"DateEquals", POLICY_TYPE_DATE, POLICY_EQUALS, false},
    {"DateGreaterThan", POLICY_TYPE_DATE, POLICY_GREATER, false},
    {"DateGreaterThanEquals", POLICY_TYPE_DATE, POLICY_GREATER_EQUALS, false},
    {"DateLessThan", POLICY_TYPE_DATE, POLICY_LESS, false},
    {"DateLessThanEquals", POLICY_TYPE_DATE, POLICY_LESS_EQUALS, false},
    {"DateNotEquals", POLICY_TYPE_DATE, POLICY_EQUALS, true},
    {"IpAddress", POLICY_TYPE_IP, POLICY_EQUALS, false},
    {"NotIpAddress", POLICY_TYPE_IP, POLICY_EQUALS, true},
    {"Null", POLICY_TYPE_NULL, POLICY_EQUALS, false},
    {"NumericEquals", POLICY_TYPE_NUMERIC, POLICY_EQUALS, false},
    {"NumericGreaterThan", POLICY_TYPE_NUMERIC, POLICY_GREATER, false},
    {"NumericGreaterThanEquals", POLICY_TYPE_NUMERIC, POLICY_GREATER_EQUALS, false},
    {"NumericLessThan", POLICY_TYPE_NUMERIC, POLICY_LESS, false},
    {"NumericLessThanEquals", POLICY_TYPE_NUMERIC, POLICY_LESS_EQUALS, false},
    {"NumericNotEquals", POLICY_TYPE_NUMERIC, POLICY_EQUALS, true},
    {"StringEquals", POLICY_TYPE_STRING, POLICY_EQUALS, false},
    {"StringEqualsIgnoreCase", POLICY_TYPE_STRING, POLICY_EQUALS_IGNORE_CASE, false},
    {"StringLike", POLICY_TYPE_STRING, POLICY_LIKE, false},
    {"StringNotEquals", POLICY_TYPE_STRING, POLICY_EQUALS, true},
    {"StringNotEqualsIgnoreCase", POLICY_TYPE_STRING, POLICY_EQUALS_IGNORE_CASE, true},
    {"StringNotLike", POLICY_TYPE_STRING, POLICY_LIKE, true},
};

static const struct policy_operator *operator_named(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++)
        if (strlen(operators[i].name) == len && memcmp(operators[i].name, name, len) == 0)
            return &operators[i];
    return NULL;
}

/* "ForAnyValue:StringLikeIfExists" */
static int read_operator(const char *text, struct policy_condition *c, struct err *e)
{
    static const struct {
        const char *prefix;
        enum policy_quantifier quantifier;
    } quantifiers[] = {{"ForAllValues:", POLICY_FOR_ALL}, {"ForAnyValue:", POLICY_FOR_ANY}};
    const char *name = text;
    for (size_t i = 0; i < ARRAY_SIZE(quantifiers); i++)
        if (has_prefix(text, quantifiers[i].prefix)) {
            c->quantifier = quantifiers[i].quantifier;
            name = text + strlen(quantifiers[i].prefix);
        }
    size_t len = strlen(name);
    size_t suffix = strlen(IF_EXISTS);
    if (len > suffix && streq(name + len - suffix, IF_EXISTS)) {
        c->if_exists = true;
        len -= suffix;
    }
    c->op = operator_named(name, len);
    if (c->op == NULL || (c->op->type == POLICY_TYPE_NULL && c->if_exists))
        return err_set(e, EINVAL, "there is no operator '%.64s'", text);
    return 0;
}

/* aws:SourceIp, or token.actions.example.com:sub: a service or provider, and a name. */
static bool is_key(const char *text)
{
    const char *colon = strchr(text, ':');
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ')
            return false;
    return colon != NULL && colon != text && colon[1] != '\0';
}

/* Can the operator compare with this? What has a variable is known only when it is evaluated. */
static bool fits(enum policy_type type, const char *value)
{
    double number = 0;
    int64_t when = 0;
    bool truth = false;
    struct policy_block block;
    if (strstr(value, "${") != NULL)
        return true;
    switch (type) {
    case POLICY_TYPE_STRING:
        return true;
    case POLICY_TYPE_NUMERIC:
        return policy_read_number(value, &number);
    case POLICY_TYPE_DATE:
        return policy_read_date(value, &when);
    case POLICY_TYPE_BOOL:
    case POLICY_TYPE_NULL:
        return policy_read_bool(value, &truth);
    case POLICY_TYPE_BINARY:
        return policy_is_base64(value);
    case POLICY_TYPE_IP:
        return policy_read_block(value, &block);
    case POLICY_TYPE_ARN:
        return has_prefix(value, "arn:") || streq(value, "*");
    }
    return false;
}

static int read_key(struct arena *a, const char *key, const json_t *value, const char *name,
                    struct policy_condition *c, struct err *e)
{
    if (!is_key(key))
        return err_set(e, EINVAL, "the key '%.64s' is not of the form service:name", key);
    if (policy_read_texts(a, value, key, true, &c->values, e) < 0)
        return -EINVAL;
    for (size_t i = 0; i < c->values.n; i++)
        if (!fits(c->op->type, c->values.v[i]))
            return err_set(e, EINVAL, "%.64s cannot compare %.64s with '%.64s'", name, key,
                           c->values.v[i]);
    c->key = arena_strdup(a, key);
    return 0;
}

/* Keys are the same whatever their case is, which the parser of JSON does not know. */
static bool has_key(const struct policy_condition *conditions, size_t from, size_t n,
                    const char *key)
{
    for (size_t i = from; i < n; i++)
        if (strcasecmp(conditions[i].key, key) == 0)
            return true;
    return false;
}

int policy_read_conditions(struct arena *a, const json_t *value, struct policy_statement *s,
                           struct err *e)
{
    struct {
        struct policy_condition *v;
        size_t n;
    } all = {0};
    if (!json_is_object(value))
        return err_set(e, EINVAL, "it must be an object of operators");
    const char *name = NULL;
    json_t *keys = NULL;
    json_object_foreach((json_t *)value, name, keys)
    {
        size_t before = all.n;
        struct policy_condition c = {0};
        if (read_operator(name, &c, e) < 0)
            return -EINVAL;
        if (!json_is_object(keys))
            return err_set(e, EINVAL, "%.64s must be an object of keys", name);
        const char *key = NULL;
        json_t *values = NULL;
        json_object_foreach(keys, key, values)
        {
            if (read_key(a, key, values, name, &c, e) < 0)
                return -EINVAL;
            if (has_key(all.v, before, all.n, key))
                return err_set(e, EINVAL, "%.64s has the key '%.64s' twice", name, key);
            *arena_append(a, &all) = c;
        }
    }
    s->conditions = all.v;
    s->n_conditions = all.n;
    return 0;
}
