/* Conditions of policies against the keys of a request. */
#include <string.h>
#include <strings.h>

#include "auth/policy_internal.h"
#include "base/text.h"
#include "base/wildcard.h"

static bool ordered(enum policy_comparison comparison, int sign)
{
    switch (comparison) {
    case POLICY_LESS:
        return sign < 0;
    case POLICY_LESS_EQUALS:
        return sign <= 0;
    case POLICY_GREATER:
        return sign > 0;
    case POLICY_GREATER_EQUALS:
        return sign >= 0;
    case POLICY_EQUALS:
    case POLICY_EQUALS_IGNORE_CASE:
    case POLICY_LIKE:
        return sign == 0;
    }
    return false;
}

static bool compare_numbers(enum policy_comparison comparison, const char *given, const char *value)
{
    double a = 0;
    double b = 0;
    return policy_read_number(given, &a) && policy_read_number(value, &b) &&
           ordered(comparison, (a > b) - (a < b));
}

static bool compare_dates(enum policy_comparison comparison, const char *given, const char *value)
{
    int64_t a = 0;
    int64_t b = 0;
    return policy_read_date(given, &a) && policy_read_date(value, &b) &&
           ordered(comparison, (a > b) - (a < b));
}

static bool is_within(const char *given, const char *value)
{
    struct policy_block inner;
    struct policy_block outer;
    if (!policy_read_block(given, &inner) || !policy_read_block(value, &outer) ||
        inner.is_ipv6 != outer.is_ipv6)
        return false;
    return inner.is_ipv6 ? cidr6_covers(&outer.v6, &inner.v6) : cidr_covers(&outer.v4, &inner.v4);
}

static bool same_truth(const char *given, const char *value)
{
    bool a = false;
    bool b = false;
    return policy_read_bool(given, &a) && policy_read_bool(value, &b) && a == b;
}

static bool compare_texts(struct policy_evaluation *ev, enum policy_comparison comparison,
                          const char *given, const char *value)
{
    size_t given_len = strlen(given);
    size_t len = 0;
    const char *text = policy_expand(ev, value, strlen(value), comparison == POLICY_LIKE, &len);
    if (text == NULL)
        return false;
    if (comparison == POLICY_LIKE)
        return wildcard_match_n(text, len, given, given_len);
    if (len != given_len)
        return false;
    return comparison == POLICY_EQUALS ? memcmp(text, given, len) == 0
                                       : strncasecmp(text, given, len) == 0;
}

/* Does a value of the request compare as the operator says with one of the document's? Negation is
 * the caller's. */
static bool compares(struct policy_evaluation *ev, const struct policy_operator *op,
                     const char *given, const char *value)
{
    switch (op->type) {
    case POLICY_TYPE_STRING:
        return compare_texts(ev, op->comparison, given, value);
    case POLICY_TYPE_NUMERIC:
        return compare_numbers(op->comparison, given, value);
    case POLICY_TYPE_DATE:
        return compare_dates(op->comparison, given, value);
    case POLICY_TYPE_BOOL:
        return same_truth(given, value);
    case POLICY_TYPE_BINARY:
        return streq(given, value);
    case POLICY_TYPE_IP:
        return is_within(given, value);
    case POLICY_TYPE_ARN:
        return policy_arn_matches(ev, value, given);
    case POLICY_TYPE_NULL:
        break; /* has nothing to compare */
    }
    return false;
}

static bool compares_with_any(struct policy_evaluation *ev, const struct policy_condition *c,
                              const char *given)
{
    for (size_t i = 0; i < c->values.n; i++)
        if (compares(ev, c->op, given, c->values.v[i]))
            return true;
    return false;
}

static bool is_null_as_asked(const struct policy_condition *c, bool there)
{
    for (size_t i = 0; i < c->values.n; i++) {
        bool null = false;
        if (policy_read_bool(c->values.v[i], &null) && null != there)
            return true;
    }
    return false;
}

/* AWS: "Multivalued context keys", and "…IfExists condition operators". */
static bool holds_without_key(const struct policy_condition *c)
{
    if (c->if_exists)
        return true;
    switch (c->quantifier) {
    case POLICY_SINGLE:
        return c->op->is_negated;
    case POLICY_FOR_ALL:
        return true;
    case POLICY_FOR_ANY:
        break;
    }
    return false;
}

bool policy_condition_holds(struct policy_evaluation *ev, const struct policy_condition *c)
{
    const struct policy_question *q = ev->q;
    struct policy_texts given = {0};
    bool there = q->find != NULL && q->find(q->ctx, c->key, &given) && given.n > 0;
    if (c->op->type == POLICY_TYPE_NULL)
        return is_null_as_asked(c, there);
    if (!there)
        return holds_without_key(c);
    size_t equal = 0;
    for (size_t i = 0; i < given.n; i++)
        equal += compares_with_any(ev, c, given.v[i]);
    size_t holding = c->op->is_negated ? given.n - equal : equal;
    /* Without a quantifier there should be one value. If there are more, none may be equal. */
    bool all =
        c->quantifier == POLICY_FOR_ALL || (c->quantifier == POLICY_SINGLE && c->op->is_negated);
    return all ? holding == given.n : holding > 0;
}
