/*
 * What policies would say: SimulateCustomPolicy and SimulatePrincipalPolicy, and the keys that
 * policies look at. Nothing is done, and no resource need exist.
 */
#include <string.h>
#include <strings.h>

#include "api/iam.h"
#include "api/permissions.h"
#include "auth/policy_decide.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/wildcard.h"

struct simulation {
    struct call *c;
    /* The request's members, which both actions have. */
    const struct wire_strings *actions;
    const struct wire_strings *resources;
    const struct iam_ContextEntryList *entries;
    const struct wire_strings *policies;
    const struct wire_strings *boundaries;
    const char *resource_policy;
    const char *resource_account;
    const char *caller_arn;
    const char *marker;
    struct opt_int max_items;
    /* What follows from them. */
    struct policy_sources sources;
    struct {
        const char **v; /* the type of each source: "user", "aws-managed", "none" */
        size_t n;
    } types;
    struct policy_caller caller;
    const char *user_name;       /* aws:username; NULL: it is no user */
    const char *owner_id;        /* whose tags are aws:PrincipalTag; NULL: nobody's */
    const char *resource_owner;  /* account of the resources; NULL: the caller's */
    struct wire_strings missing; /* keys that were looked for in vain */
};

static void add_source(struct simulation *s, enum policy_layer layer, const char *name,
                       const struct policy *p, const char *type)
{
    *arena_append(s->c->arena, &s->sources) = (struct policy_source){layer, name, p};
    *arena_append(s->c->arena, &s->types) = type;
}

static const struct policy *read_policy(struct call *c, const char *name, const char *text,
                                        enum policy_kind kind, struct fault *f)
{
    struct err e = {0};
    const struct policy *p = policy_parse(c->arena, text, strlen(text), kind, &e);
    if (p == NULL)
        (void)fault(f, FAULT_INVALID_INPUT, "Syntax error in %s: %s", name, e.message);
    return p;
}

/* Policies of the request, called PolicyInputList.1 and so on as AWS does. */
static int add_inputs(struct simulation *s, enum policy_layer layer, const char *member,
                      const struct wire_strings *texts, struct fault *f)
{
    for (size_t i = 0; i < texts->n; i++) {
        const char *name = arena_printf(s->c->arena, "%s.%zu", member, i + 1);
        const struct policy *p = read_policy(s->c, name, texts->v[i], POLICY_OF_IDENTITY, f);
        if (p == NULL)
            return -1;
        add_source(s, layer, name, p, "none");
    }
    return 0;
}

/* --- keys */

static bool entry_values(const struct simulation *s, const char *key, struct policy_texts *ret)
{
    for (size_t i = 0; i < s->entries->n; i++) {
        const struct iam_ContextEntry *e = &s->entries->v[i];
        if (e->context_key_name == NULL || strcasecmp(e->context_key_name, key) != 0)
            continue;
        *ret = (struct policy_texts){e->context_key_values.v, e->context_key_values.n};
        return true;
    }
    return false;
}

/* What is known without being told: of the caller that is simulated, and the time. */
static const char *known_value(const struct simulation *s, const char *key)
{
    static const char tag[] = "aws:PrincipalTag/";
    struct call *c = s->c;
    if (strcasecmp(key, "aws:username") == 0)
        return s->user_name;
    if (strcasecmp(key, "aws:userid") == 0)
        return s->caller.user_id;
    if (strcasecmp(key, "aws:PrincipalArn") == 0)
        return s->caller.role_arn != NULL ? s->caller.role_arn : s->caller.arn;
    if (strcasecmp(key, "aws:PrincipalAccount") == 0)
        return s->caller.account_id;
    if (strcasecmp(key, "aws:EpochTime") == 0)
        return arena_printf(c->arena, "%lld", (long long)(c->now / 1000));
    if (strcasecmp(key, "aws:CurrentTime") == 0) {
        char *text = arena_alloc(c->arena, CLOCK_ISO8601_SIZE);
        clock_format_iso8601(c->now, text);
        return text;
    }
    if (s->owner_id == NULL || strncasecmp(key, tag, strlen(tag)) != 0)
        return NULL;
    struct tag *found = store_tag_of(c->tx, c->arena, s->owner_id, key + strlen(tag));
    return found == NULL ? NULL : found->value;
}

static void note_missing(struct simulation *s, const char *key)
{
    for (size_t i = 0; i < s->missing.n; i++)
        if (strcasecmp(s->missing.v[i], key) == 0)
            return;
    *arena_append(s->c->arena, &s->missing) = arena_strdup(s->c->arena, key);
}

static bool find_value(void *ctx, const char *key, struct policy_texts *ret_values)
{
    struct simulation *s = ctx;
    if (entry_values(s, key, ret_values))
        return true;
    const char **value = arena_new_of(s->c->arena, const char *);
    *value = known_value(s, key);
    if (*value == NULL) {
        note_missing(s, key);
        return false;
    }
    *ret_values = (struct policy_texts){value, 1};
    return true;
}

/* --- results */

static const char *decision_word(enum policy_verdict verdict)
{
    switch (verdict) {
    case POLICY_ALLOWED:
        return "allowed";
    case POLICY_DENIED:
        return "explicitDeny";
    case POLICY_NOT_ALLOWED:
        break;
    }
    return "implicitDeny";
}

/* Those that brought the decision about: all that deny, or all that allow it. */
static void add_matches(struct simulation *s, const struct policy_question *q,
                        const struct policy_decision *d, struct iam_StatementList *to)
{
    for (size_t i = 0; d->verdict != POLICY_NOT_ALLOWED && i < s->sources.n; i++) {
        const struct policy_source *source = &s->sources.v[i];
        for (size_t k = 0; source->policy != NULL && k < source->policy->n_statements; k++) {
            if (source->policy->statements[k].is_allow != (d->verdict == POLICY_ALLOWED) ||
                !policy_applies(q, source->policy, k))
                continue;
            const char *slash = strrchr(source->name, '/');
            *arena_append(s->c->arena, to) = (struct iam_Statement){
                .source_policy_id = slash == NULL ? source->name : slash + 1,
                .source_policy_type = s->types.v[i],
            };
        }
    }
}

static struct iam_PermissionsBoundaryDecisionDetail *
boundary_detail(struct simulation *s, const struct policy_question *q)
{
    bool is_there = false;
    bool allows = false;
    for (size_t i = 0; i < s->sources.n; i++) {
        const struct policy *p = s->sources.v[i].policy;
        if (s->sources.v[i].layer != POLICY_LAYER_BOUNDARY)
            continue;
        /* As if it were all that the caller has. */
        struct policy_source alone = {POLICY_LAYER_IDENTITY, s->sources.v[i].name, p};
        is_there = true;
        allows |= p != NULL && policy_decide(q, &alone, 1).verdict == POLICY_ALLOWED;
    }
    if (!is_there)
        return NULL;
    struct iam_PermissionsBoundaryDecisionDetail *out =
        arena_new_of(s->c->arena, struct iam_PermissionsBoundaryDecisionDetail);
    out->allowed_by_permissions_boundary = wire_bool(allows);
    return out;
}

static struct iam_EvaluationResult simulate(struct simulation *s, const char *action,
                                            const char *resource)
{
    struct policy_question q = {
        .action = action,
        .resource = resource,
        .resource_account = s->resource_owner,
        .caller = &s->caller,
        .find = find_value,
        .ctx = s,
    };
    s->missing = (struct wire_strings){0};
    struct policy_decision d = policy_decide(&q, s->sources.v, s->sources.n);
    struct iam_EvaluationResult result = {
        .eval_action_name = action,
        .eval_resource_name = resource,
        .eval_decision = decision_word(d.verdict),
        .permissions_boundary_decision_detail = boundary_detail(s, &q),
    };
    add_matches(s, &q, &d, &result.matched_statements);
    result.missing_context_values.v = s->missing.v;
    result.missing_context_values.n = s->missing.n;
    wire_list_empty(&result.matched_statements);
    wire_list_empty(&result.missing_context_values);
    return result;
}

static int check_names(const struct simulation *s, struct fault *f)
{
    for (size_t i = 0; i < s->actions->n; i++) {
        const char *action = s->actions->v[i];
        const char *colon = strchr(action, ':');
        if (colon == NULL || colon == action || colon[1] == '\0' || has_wildcard(action))
            return fault(f, FAULT_INVALID_INPUT,
                         "Invalid Action: '%.128s' is not of the form service:Action, without "
                         "wildcards",
                         action);
    }
    for (size_t i = 0; i < s->resources->n; i++)
        if (!streq(s->resources->v[i], "*") && !has_prefix(s->resources->v[i], "arn:"))
            return fault(f, FAULT_INVALID_INPUT,
                         "Invalid Resource: '%.256s' is neither an ARN nor *", s->resources->v[i]);
    return 0;
}

/* Each action with each resource, in the order of the request; a page begins at a number. */
static int run(struct simulation *s, struct page *page, iam_SimulateCustomPolicy_out *out,
               struct fault *f)
{
    static const char *everything = "*";
    const struct wire_strings all = {&everything, 1};
    const struct wire_strings *resources = s->resources->n == 0 ? &all : s->resources;
    if (check_names(s, f) < 0)
        return -1;
    for (size_t i = 0; i < s->actions->n && !page->more; i++)
        for (size_t k = 0; k < resources->n && !page->more; k++) {
            const char *key = arena_printf(s->c->arena, "%08zu", i * resources->n + k);
            if (page_admit(page, key))
                *arena_append(s->c->arena, &out->evaluation_results) =
                    simulate(s, s->actions->v[i], resources->v[k]);
        }
    IAM_PAGE_END(s->c, page, out);
    return 0;
}

/* --- whose policies they are */

/* The caller for policies of resources: who is named, or nobody. */
static int read_caller(struct simulation *s, struct fault *f)
{
    struct call *c = s->c;
    const char *arn = s->caller_arn;
    struct iam_name name;
    s->caller.account_id = c->principal->account_id;
    if (arn == NULL)
        return 0;
    if (!iam_arn_parse(c->arena, arn, &name) || name.kind != IAM_USER)
        return fault(f, FAULT_INVALID_INPUT, "Invalid CallerArn: '%.256s' is not that of a user",
                     arn);
    s->caller.account_id = name.account_id;
    s->caller.arn = arn;
    s->user_name = name.name;
    return 0;
}

static int add_resource_policy(struct simulation *s, struct fault *f)
{
    const char *text = s->resource_policy;
    const char *owner = s->resource_account;
    struct iam_name name;
    if (owner != NULL && iam_arn_parse(s->c->arena, owner, &name))
        s->resource_owner = name.account_id;
    else if (owner != NULL)
        s->resource_owner = owner;
    if (text == NULL)
        return 0;
    const struct policy *p = read_policy(s->c, "ResourcePolicy", text, POLICY_OF_RESOURCE, f);
    if (p == NULL)
        return -1;
    add_source(s, POLICY_LAYER_RESOURCE, "ResourcePolicy", p, "resource");
    return 0;
}

static void add_owner(struct simulation *s, const char *owner_id, const char *type)
{
    size_t before = s->sources.n;
    (void)permissions_of_owner(s->c->tx, s->c->arena, s->c->principal->account_id, owner_id,
                               &s->sources);
    for (size_t i = before; i < s->sources.n; i++) {
        bool is_aws = has_prefix(s->sources.v[i].name, "arn:aws:iam::" AWS_ACCOUNT ":");
        bool is_managed = has_prefix(s->sources.v[i].name, "arn:");
        *arena_append(s->c->arena, &s->types) = is_aws       ? "aws-managed"
                                                : is_managed ? "user-managed"
                                                             : type;
    }
}

static int add_boundary(struct simulation *s, const char *arn, struct fault *f)
{
    if (arn == NULL)
        return 0;
    const char *text =
        store_managed_document(s->c->tx, s->c->arena, s->c->principal->account_id, arn);
    const struct policy *p =
        text == NULL ? NULL : read_policy(s->c, arn, text, POLICY_OF_IDENTITY, f);
    if (text != NULL && p == NULL)
        return -1;
    add_source(s, POLICY_LAYER_BOUNDARY, arn, p, "user-managed");
    return 0;
}

/* A user with its groups, a group, or a role; `boundary`: also what limits it. */
static int add_principal(struct simulation *s, const char *arn, bool boundary, struct fault *f)
{
    struct call *c = s->c;
    struct iam_name name;
    bool is_ours =
        iam_arn_parse(c->arena, arn, &name) && streq(name.account_id, c->principal->account_id);
    if (is_ours && name.kind == IAM_USER) {
        const struct iam_user *user = iam_find_user(c, name.name, f);
        if (user == NULL)
            return -1;
        add_owner(s, user->id, "user");
        struct iam_group_member_list groups =
            store_iam_group_members(c->tx, c->arena, "user_id", user->id);
        for (size_t i = 0; i < groups.n; i++)
            add_owner(s, groups.v[i].group_id, "group");
        s->owner_id = user->id;
        s->user_name = user->name;
        s->caller.user_id = user->id;
        s->caller.arn = iam_user_arn(c->arena, user);
        return boundary ? add_boundary(s, user->permissions_boundary, f) : 0;
    }
    if (is_ours && name.kind == IAM_ROLE) {
        const struct iam_role *role = iam_find_role(c, name.name, f);
        if (role == NULL)
            return -1;
        add_owner(s, role->id, "role");
        s->owner_id = role->id;
        s->caller.user_id = role->id;
        s->caller.role_arn = iam_role_arn(c->arena, role);
        return boundary ? add_boundary(s, role->permissions_boundary, f) : 0;
    }
    if (is_ours && name.kind == IAM_GROUP) {
        const struct iam_group *group = iam_find_group(c, name.name, f);
        if (group != NULL)
            add_owner(s, group->id, "group");
        return group == NULL ? -1 : 0;
    }
    return fault(f, FAULT_INVALID_INPUT,
                 "Invalid PolicySourceArn: '%.256s' is not that of a user, group or role of the "
                 "account",
                 arn);
}

/* The two requests are of two types, and have these members. */
#define SIMULATION_OF(call, in)                                                                    \
    (struct simulation)                                                                            \
    {                                                                                              \
        .c = (call), .actions = &(in)->action_names, .resources = &(in)->resource_arns,            \
        .entries = &(in)->context_entries, .policies = &(in)->policy_input_list,                   \
        .boundaries = &(in)->permissions_boundary_policy_input_list,                               \
        .resource_policy = (in)->resource_policy, .resource_account = (in)->resource_owner,        \
        .caller_arn = (in)->caller_arn, .marker = (in)->marker, .max_items = (in)->max_items       \
    }

/* `source_arn` NULL: there are no policies but those of the request. */
static int simulate_all(struct simulation *s, const char *source_arn,
                        iam_SimulateCustomPolicy_out *out, struct fault *f)
{
    /* A boundary of the request takes the place of the principal's own. */
    bool own_boundary = s->boundaries->n == 0;
    struct page page;
    if (read_caller(s, f) < 0 ||
        (source_arn != NULL && add_principal(s, source_arn, own_boundary, f) < 0) ||
        add_inputs(s, POLICY_LAYER_IDENTITY, "PolicyInputList", s->policies, f) < 0 ||
        add_inputs(s, POLICY_LAYER_BOUNDARY, "PermissionsBoundaryPolicyInputList", s->boundaries,
                   f) < 0 ||
        add_resource_policy(s, f) < 0 ||
        iam_page_begin(s->c, s->max_items, s->marker, &page, f) < 0)
        return -1;
    return run(s, &page, out, f);
}

int act_iam_SimulateCustomPolicy(struct call *c, const iam_SimulateCustomPolicy_in *in,
                                 iam_SimulateCustomPolicy_out *out, struct fault *f)
{
    struct simulation s = SIMULATION_OF(c, in);
    return simulate_all(&s, NULL, out, f);
}

int act_iam_SimulatePrincipalPolicy(struct call *c, const iam_SimulatePrincipalPolicy_in *in,
                                    iam_SimulatePrincipalPolicy_out *out, struct fault *f)
{
    struct simulation s = SIMULATION_OF(c, in);
    return simulate_all(&s, in->policy_source_arn, out, f);
}

/* --- the keys that policies look at */

static void add_key(struct call *c, const char *key, size_t len, struct wire_strings *to)
{
    for (size_t i = 0; i < to->n; i++)
        if (strlen(to->v[i]) == len && strncasecmp(to->v[i], key, len) == 0)
            return;
    *arena_append(c->arena, to) = arena_strndup(c->arena, key, len);
}

/* The names of variables in texts; ${*}, ${?} and ${$} are none. */
static void add_variables(struct call *c, const struct policy_texts *texts, struct wire_strings *to)
{
    for (size_t i = 0; i < texts->n; i++)
        for (const char *at = strstr(texts->v[i], "${"); at != NULL; at = strstr(at + 2, "${")) {
            size_t len = strcspn(at + 2, ",}");
            if (memchr(at + 2, ':', len) != NULL)
                add_key(c, at + 2, len, to);
        }
}

static void add_keys(struct call *c, const struct policy *p, struct wire_strings *to)
{
    bool has_variables = streq(p->version, POLICY_VERSION_WITH_VARIABLES);
    for (size_t i = 0; i < p->n_statements; i++) {
        const struct policy_statement *s = &p->statements[i];
        if (has_variables)
            add_variables(c, &s->resources, to);
        for (size_t k = 0; k < s->n_conditions; k++) {
            add_key(c, s->conditions[k].key, strlen(s->conditions[k].key), to);
            if (has_variables)
                add_variables(c, &s->conditions[k].values, to);
        }
    }
}

static int answer_keys(struct simulation *s, const struct wire_strings *inputs,
                       iam_GetContextKeysForCustomPolicy_out *out, struct fault *f)
{
    struct wire_strings keys = {0};
    if (add_inputs(s, POLICY_LAYER_IDENTITY, "PolicyInputList", inputs, f) < 0)
        return -1;
    for (size_t i = 0; i < s->sources.n; i++)
        if (s->sources.v[i].policy != NULL)
            add_keys(s->c, s->sources.v[i].policy, &keys);
    out->context_key_names.v = keys.v;
    out->context_key_names.n = keys.n;
    return 0;
}

int act_iam_GetContextKeysForCustomPolicy(struct call *c,
                                          const iam_GetContextKeysForCustomPolicy_in *in,
                                          iam_GetContextKeysForCustomPolicy_out *out,
                                          struct fault *f)
{
    struct simulation s = {.c = c};
    return answer_keys(&s, &in->policy_input_list, out, f);
}

int act_iam_GetContextKeysForPrincipalPolicy(struct call *c,
                                             const iam_GetContextKeysForPrincipalPolicy_in *in,
                                             iam_GetContextKeysForPrincipalPolicy_out *out,
                                             struct fault *f)
{
    struct simulation s = {.c = c};
    if (add_principal(&s, in->policy_source_arn, false, f) < 0)
        return -1;
    return answer_keys(&s, &in->policy_input_list, out, f);
}
