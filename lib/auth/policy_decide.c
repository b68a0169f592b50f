#include "auth/policy_decide.h"

#include <string.h>

#include "auth/policy_internal.h"
#include "base/check.h"
#include "base/text.h"

/*
 * How a policy of a resource means its caller. By the account it only lets the account's own
 * policies decide; by its name it grants by itself, and by the name of the very user or session
 * even past a boundary (AWS: "How AWS enforcement code logic evaluates requests").
 */
enum naming { NAMED_NOT, NAMED_BY_ACCOUNT, NAMED_BY_ROLE, NAMED_ITSELF };

static const char *const layer_names[_POLICY_LAYER_MAX] = {
    [POLICY_LAYER_IDENTITY] = "identity-based policy",
    [POLICY_LAYER_BOUNDARY] = "permissions boundary",
    [POLICY_LAYER_SESSION] = "session policy",
    [POLICY_LAYER_RESOURCE] = "resource-based policy",
};

const char *policy_layer_name(enum policy_layer layer)
{
    return layer_names[layer];
}

/* "123456789012" or "arn:aws:iam::123456789012:root" */
static bool is_account(const char *id, const char *account_id)
{
    if (account_id == NULL)
        return false;
    if (streq(id, account_id))
        return true;
    size_t len = strlen(account_id);
    static const char before[] = "arn:aws:iam::";
    return has_prefix(id, before) && strncmp(id + strlen(before), account_id, len) == 0 &&
           streq(id + strlen(before) + len, ":root");
}

static enum naming names(const struct policy_principal *p, const struct policy_caller *c)
{
    switch (p->kind) {
    case POLICY_PRINCIPAL_EVERYBODY:
        return NAMED_ITSELF;
    case POLICY_PRINCIPAL_AWS:
        if (c->service != NULL)
            return NAMED_NOT;
        if (streq(p->id, "*") || (c->arn != NULL && streq(p->id, c->arn)))
            return NAMED_ITSELF;
        if (c->user_id != NULL && streq(p->id, c->user_id))
            return c->role_arn == NULL ? NAMED_ITSELF : NAMED_BY_ROLE;
        if (c->role_arn != NULL && streq(p->id, c->role_arn))
            return NAMED_BY_ROLE;
        return is_account(p->id, c->account_id) ? NAMED_BY_ACCOUNT : NAMED_NOT;
    case POLICY_PRINCIPAL_SERVICE:
        return c->service != NULL && streq(p->id, c->service) ? NAMED_ITSELF : NAMED_NOT;
    case POLICY_PRINCIPAL_FEDERATED:
    case POLICY_PRINCIPAL_CANONICAL_USER:
    case _POLICY_PRINCIPAL_MAX:
        break; /* nobody here is known by those */
    }
    return NAMED_NOT;
}

static enum naming named(const struct policy_statement *s, const struct policy_caller *c)
{
    enum naming best = NAMED_NOT;
    for (size_t i = 0; c != NULL && i < s->n_principals; i++) {
        enum naming n = names(&s->principals[i], c);
        best = n > best ? n : best;
    }
    if (!s->not_principals)
        return best;
    return best == NAMED_NOT && c != NULL ? NAMED_ITSELF : NAMED_NOT;
}

static bool applies(struct policy_evaluation *ev, const struct policy_statement *s)
{
    const struct policy_question *q = ev->q;
    if (policy_matches_action(ev, &s->actions, q->action) == s->not_actions ||
        (s->resources.n > 0 &&
         policy_matches_resource(ev, &s->resources, q->resource) == s->not_resources) ||
        (s->n_principals > 0 && named(s, q->caller) == NAMED_NOT))
        return false;
    for (size_t i = 0; i < s->n_conditions; i++)
        if (!policy_condition_holds(ev, &s->conditions[i]))
            return false;
    return true;
}

static void begin(struct policy_evaluation *ev, const struct policy *p)
{
    ev->has_variables = streq(p->version, POLICY_VERSION_WITH_VARIABLES);
}

bool policy_applies(const struct policy_question *q, const struct policy *p, size_t statement)
{
    CHECK(statement < p->n_statements);
    struct policy_evaluation ev = {.q = q, .scratch = BUF_INIT(POLICY_EXPANDED_MAX)};
    begin(&ev, p);
    bool result = applies(&ev, &p->statements[statement]);
    buf_done(&ev.scratch);
    return result;
}

/* What all policies say. */
struct findings {
    struct policy_decision denial; /* verdict POLICY_DENIED: there is one */
    struct policy_decision allowed[_POLICY_LAYER_MAX];
    bool present[_POLICY_LAYER_MAX];
    enum naming naming; /* of the policies of the resource that allow */
};

static void look_at(struct policy_evaluation *ev, const struct policy_source *source,
                    struct findings *all)
{
    begin(ev, source->policy);
    for (size_t i = 0; i < source->policy->n_statements; i++) {
        const struct policy_statement *s = &source->policy->statements[i];
        struct policy_decision *allowed = &all->allowed[source->layer];
        bool is_resource = source->layer == POLICY_LAYER_RESOURCE;
        /* One that allows is enough, but how well it names the caller may matter. */
        if (s->is_allow && allowed->source != NULL && !is_resource)
            continue;
        if (!applies(ev, s))
            continue;
        struct policy_decision found = {.layer = source->layer, .source = source, .statement = i};
        if (!s->is_allow) {
            found.verdict = POLICY_DENIED;
            all->denial = found;
            return;
        }
        enum naming naming = is_resource ? named(s, ev->q->caller) : NAMED_NOT;
        if (allowed->source == NULL || naming > all->naming)
            *allowed = found;
        all->naming = naming > all->naming ? naming : all->naming;
    }
}

static struct policy_decision not_allowed(enum policy_layer layer)
{
    return (struct policy_decision){.verdict = POLICY_NOT_ALLOWED, .layer = layer};
}

static struct policy_decision weigh(const struct policy_question *q, const struct findings *all)
{
    const struct policy_decision *resource = &all->allowed[POLICY_LAYER_RESOURCE];
    const struct policy_decision *identity = &all->allowed[POLICY_LAYER_IDENTITY];
    const struct policy_caller *c = q->caller;
    bool is_own =
        q->resource_account == NULL || c == NULL || streq(q->resource_account, c->account_id);
    /* In another account a policy of the resource never is enough. */
    enum naming naming = is_own ? all->naming : NAMED_NOT;
    if (all->present[POLICY_LAYER_RESOURCE] && resource->source == NULL)
        return not_allowed(POLICY_LAYER_RESOURCE);
    if (naming == NAMED_ITSELF)
        return *resource;
    static const enum policy_layer limits[] = {POLICY_LAYER_SESSION, POLICY_LAYER_BOUNDARY};
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        if (all->present[limits[i]] && all->allowed[limits[i]].source == NULL)
            return not_allowed(limits[i]);
    if (identity->source != NULL)
        return *identity;
    if (naming == NAMED_BY_ROLE)
        return *resource;
    if (c != NULL && c->is_root)
        return (struct policy_decision){.layer = POLICY_LAYER_IDENTITY};
    return not_allowed(POLICY_LAYER_IDENTITY);
}

struct policy_decision policy_decide(const struct policy_question *q,
                                     const struct policy_source *sources, size_t n)
{
    struct policy_evaluation ev = {.q = q, .scratch = BUF_INIT(POLICY_EXPANDED_MAX)};
    struct findings all = {0};
    for (size_t i = 0; i < n && all.denial.source == NULL; i++) {
        all.present[sources[i].layer] = true;
        if (sources[i].policy != NULL)
            look_at(&ev, &sources[i], &all);
    }
    buf_done(&ev.scratch);
    return all.denial.source != NULL ? all.denial : weigh(q, &all);
}

bool policy_may_allow(const char *action, const struct policy_source *sources, size_t n)
{
    struct policy_evaluation ev = {.scratch = BUF_INIT(POLICY_EXPANDED_MAX)};
    bool present[_POLICY_LAYER_MAX] = {[POLICY_LAYER_IDENTITY] = true};
    bool allowed[_POLICY_LAYER_MAX] = {0};
    for (size_t i = 0; i < n; i++) {
        const struct policy *p = sources[i].policy;
        present[sources[i].layer] = true;
        for (size_t k = 0; p != NULL && k < p->n_statements; k++) {
            const struct policy_statement *s = &p->statements[k];
            allowed[sources[i].layer] |=
                s->is_allow && policy_matches_action(&ev, &s->actions, action) != s->not_actions;
        }
    }
    buf_done(&ev.scratch);
    for (size_t i = 0; i < _POLICY_LAYER_MAX; i++)
        if (present[i] && !allowed[i])
            return false;
    return true;
}

const char *policy_decision_text(struct arena *a, const struct policy_decision *d,
                                 const char *action)
{
    const char *name = layer_names[d->layer];
    switch (d->verdict) {
    case POLICY_ALLOWED:
        return "and it is allowed";
    case POLICY_DENIED:
        return arena_printf(a, "with an explicit deny in %s %s",
                            d->layer == POLICY_LAYER_IDENTITY ? "an" : "a", name);
    case POLICY_NOT_ALLOWED:
        break;
    }
    return arena_printf(a, "because no %s allows the %s action", name, action);
}
