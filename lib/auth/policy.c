#include "auth/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/policy_internal.h"
#include "base/cleanup.h"
#include "base/text.h"

#define DEFAULT_VERSION "2008-10-17"
#define ARN_COLONS      5 /* arn:partition:service:region:account:resource */

DEFINE_CLEANUP(cleanup_json, json_t, json_decref)
#define _cleanup_json_ _cleanup_(cleanup_json)

static const char *const principal_kinds[_POLICY_PRINCIPAL_MAX] = {
    [POLICY_PRINCIPAL_EVERYBODY] = "*",
    [POLICY_PRINCIPAL_AWS] = "AWS",
    [POLICY_PRINCIPAL_SERVICE] = "Service",
    [POLICY_PRINCIPAL_FEDERATED] = "Federated",
    [POLICY_PRINCIPAL_CANONICAL_USER] = "CanonicalUser",
};

const char *policy_principal_kind_name(enum policy_principal_kind kind)
{
    return principal_kinds[kind];
}

/* The parser of JSON calls itself for each level, so it never sees a text that is too deep. */
static int check_depth(const char *text, size_t len, struct err *e)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        if (depth > POLICY_DEPTH_MAX)
            return err_set(e, EINVAL, "it is nested deeper than any policy");
    }
    return 0;
}

static json_t *read_json(const char *text, size_t len, struct err *e)
{
    if (len > POLICY_SIZE_MAX) {
        (void)err_set(e, EINVAL, "it has more than %d bytes", POLICY_SIZE_MAX);
        return NULL;
    }
    if (check_depth(text, len, e) < 0)
        return NULL;
    json_error_t failure;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &failure);
    if (root == NULL && json_error_code(&failure) == json_error_duplicate_key)
        (void)err_set(e, EINVAL, "line %d: an element stands there twice", failure.line);
    else if (root == NULL)
        (void)err_set(e, EINVAL, "line %d, column %d: it is not JSON", failure.line,
                      failure.column);
    return root;
}

/* Every element is one that `known` lists. */
static int check_elements(const json_t *object, const char *const *known, struct err *e)
{
    for (void *at = json_object_iter((json_t *)object); at != NULL;
         at = json_object_iter_next((json_t *)object, at))
        if (!text_is_among(json_object_iter_key(at), known))
            return err_set(e, EINVAL, "there is no element '%.64s'", json_object_iter_key(at));
    return 0;
}

/* A text that may be missing. */
static int read_text(struct arena *a, const json_t *object, const char *element,
                     const char **ret_text, struct err *e)
{
    const json_t *value = json_object_get(object, element);
    if (value != NULL && !json_is_string(value))
        return err_set(e, EINVAL, "%s must be a text", element);
    *ret_text = value == NULL ? NULL : arena_strdup(a, json_string_value(value));
    return 0;
}

static const char *text_of(struct arena *a, const json_t *value, bool scalars)
{
    if (json_is_string(value))
        return arena_strdup(a, json_string_value(value));
    if (!scalars)
        return NULL;
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value))
        return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return json_is_real(value) ? arena_printf(a, "%.17g", json_real_value(value)) : NULL;
}

int policy_read_texts(struct arena *a, const json_t *value, const char *element, bool scalars,
                      struct policy_texts *ret_texts, struct err *e)
{
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    if (n == 0)
        return err_set(e, EINVAL, "%.64s must not be empty", element);
    struct policy_texts texts = {arena_array(a, n, const char *), n};
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        texts.v[i] = text_of(a, one, scalars);
        if (texts.v[i] == NULL)
            return err_set(e, EINVAL, "%.64s must be a text or a list of texts", element);
    }
    *ret_texts = texts;
    return 0;
}

/* The element or its "Not…": exactly one of them; NULL with the reason. */
static const json_t *one_of(const json_t *statement, const char *name, const char *not_name,
                            bool *ret_not, struct err *e)
{
    const json_t *value = json_object_get(statement, name);
    const json_t *others = json_object_get(statement, not_name);
    if ((value == NULL) == (others == NULL)) {
        (void)err_set(e, EINVAL, "there must be exactly one of %s and %s", name, not_name);
        return NULL;
    }
    *ret_not = others != NULL;
    return value != NULL ? value : others;
}

/* "ec2:Describe*": a service and the name of an action, both perhaps with wildcards. */
static bool is_action(const char *text)
{
#define SERVICE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-*?"
    size_t service = strspn(text, SERVICE);
    const char *name = text + service + 1;
    if (streq(text, "*"))
        return true;
    return service > 0 && text[service] == ':' && *name != '\0' &&
           name[strspn(name, SERVICE "_")] == '\0';
#undef SERVICE
}

static bool is_resource(const char *text)
{
    int colons = 0;
    for (const char *at = text; *at != '\0'; at++)
        colons += *at == ':';
    return streq(text, "*") || (has_prefix(text, "arn:") && colons >= ARN_COLONS);
}

/* A variable that begins must end; the older version has none, and takes the text as it is. */
static int check_variables(const struct policy *p, const struct policy_texts *texts,
                           const char *element, struct err *e)
{
    if (streq(p->version, DEFAULT_VERSION))
        return 0;
    for (size_t i = 0; i < texts->n; i++)
        for (const char *at = strstr(texts->v[i], "${"); at != NULL; at = strstr(at + 2, "${"))
            if (strchr(at, '}') == NULL)
                return err_set(e, EINVAL, "%.64s: a variable in '%.64s' has no end", element,
                               texts->v[i]);
    return 0;
}

static int read_actions(struct arena *a, const json_t *object, struct policy_statement *s,
                        struct err *e)
{
    const json_t *value = one_of(object, "Action", "NotAction", &s->not_actions, e);
    if (value == NULL || policy_read_texts(a, value, "Action", false, &s->actions, e) < 0)
        return -EINVAL;
    for (size_t i = 0; i < s->actions.n; i++)
        if (!is_action(s->actions.v[i]))
            return err_set(e, EINVAL, "the action '%.64s' is not of the form service:Action or *",
                           s->actions.v[i]);
    return 0;
}

static int read_resources(struct arena *a, const struct policy *p, const json_t *object,
                          struct policy_statement *s, struct err *e)
{
    const json_t *value = one_of(object, "Resource", "NotResource", &s->not_resources, e);
    if (value == NULL || policy_read_texts(a, value, "Resource", false, &s->resources, e) < 0)
        return -EINVAL;
    for (size_t i = 0; i < s->resources.n; i++)
        if (!is_resource(s->resources.v[i]))
            return err_set(e, EINVAL, "the resource '%.64s' is neither an ARN nor *",
                           s->resources.v[i]);
    return check_variables(p, &s->resources, "Resource", e);
}

static int add_principals(struct arena *a, enum policy_principal_kind kind,
                          const struct policy_texts *ids, struct policy_statement *s, struct err *e)
{
    struct {
        struct policy_principal *v;
        size_t n;
    } all = {s->principals, s->n_principals};
    for (size_t i = 0; i < ids->n; i++) {
        if (str_empty(ids->v[i]))
            return err_set(e, EINVAL, "a principal of the kind %s is empty", principal_kinds[kind]);
        *arena_append(a, &all) = (struct policy_principal){kind, ids->v[i]};
    }
    s->principals = all.v;
    s->n_principals = all.n;
    return 0;
}

static int read_principals(struct arena *a, const json_t *object, struct policy_statement *s,
                           struct err *e)
{
    static const char *const known[] = {"AWS", "Service", "Federated", "CanonicalUser", NULL};
    const json_t *value = one_of(object, "Principal", "NotPrincipal", &s->not_principals, e);
    if (value == NULL)
        return -EINVAL;
    if (json_is_string(value) && streq(json_string_value(value), "*")) {
        const char *everybody = "*";
        return add_principals(a, POLICY_PRINCIPAL_EVERYBODY, &(struct policy_texts){&everybody, 1},
                              s, e);
    }
    if (!json_is_object(value) || json_object_size(value) == 0)
        return err_set(e, EINVAL,
                       "Principal must be * or an object with AWS, Service, Federated or "
                       "CanonicalUser");
    if (check_elements(value, known, e) < 0)
        return err_wrap(e, -EINVAL, "Principal");
    for (int kind = POLICY_PRINCIPAL_AWS; kind < _POLICY_PRINCIPAL_MAX; kind++) {
        const json_t *of_kind = json_object_get(value, principal_kinds[kind]);
        struct policy_texts ids = {0};
        if (of_kind == NULL)
            continue;
        if (policy_read_texts(a, of_kind, principal_kinds[kind], false, &ids, e) < 0 ||
            add_principals(a, (enum policy_principal_kind)kind, &ids, s, e) < 0)
            return err_wrap(e, -EINVAL, "Principal");
    }
    return 0;
}

static int read_effect(struct arena *a, const json_t *object, struct policy_statement *s,
                       struct err *e)
{
    const char *effect = NULL;
    if (read_text(a, object, "Effect", &effect, e) < 0)
        return -EINVAL;
    if (!streq(effect, "Allow") && !streq(effect, "Deny"))
        return err_set(e, EINVAL, "Effect must be Allow or Deny");
    s->is_allow = streq(effect, "Allow");
    return 0;
}

static int check_sid(const struct policy *p, enum policy_kind kind, const char *sid, struct err *e)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    if (sid == NULL)
        return 0;
    if (kind == POLICY_OF_IDENTITY && sid[strspn(sid, legal)] != '\0')
        return err_set(e, EINVAL, "the Sid '%.64s' may have letters and digits alone", sid);
    for (size_t i = 0; i < p->n_statements; i++)
        if (streq(p->statements[i].sid, sid))
            return err_set(e, EINVAL, "the Sid '%.64s' is that of another statement", sid);
    return 0;
}

static int read_statement(struct arena *a, const struct policy *p, const json_t *object,
                          enum policy_kind kind, struct policy_statement *s, struct err *e)
{
    static const char *const known[] = {"Sid",       "Effect",    "Principal", "NotPrincipal",
                                        "Action",    "NotAction", "Resource",  "NotResource",
                                        "Condition", NULL};
    if (!json_is_object(object))
        return err_set(e, EINVAL, "it must be an object");
    if (check_elements(object, known, e) < 0 || read_text(a, object, "Sid", &s->sid, e) < 0 ||
        check_sid(p, kind, s->sid, e) < 0 || read_effect(a, object, s, e) < 0)
        return -EINVAL;
    bool names_principals = json_object_get(object, "Principal") != NULL ||
                            json_object_get(object, "NotPrincipal") != NULL;
    if (kind == POLICY_OF_IDENTITY && names_principals)
        return err_set(e, EINVAL, "the policy of an identity names no principals");
    bool names_resources = json_object_get(object, "Resource") != NULL ||
                           json_object_get(object, "NotResource") != NULL;
    if (kind == POLICY_OF_ROLE && names_resources)
        return err_set(e, EINVAL, "the trust policy of a role names no resources");
    if (kind != POLICY_OF_IDENTITY && read_principals(a, object, s, e) < 0)
        return -EINVAL;
    if (read_actions(a, object, s, e) < 0 ||
        (kind != POLICY_OF_ROLE && read_resources(a, p, object, s, e) < 0))
        return -EINVAL;
    const json_t *conditions = json_object_get(object, "Condition");
    if (conditions != NULL && policy_read_conditions(a, conditions, s, e) < 0)
        return err_wrap(e, -EINVAL, "Condition");
    for (size_t i = 0; i < s->n_conditions; i++)
        if (check_variables(p, &s->conditions[i].values, s->conditions[i].key, e) < 0)
            return err_wrap(e, -EINVAL, "Condition");
    return 0;
}

static int read_document(struct arena *a, const json_t *root, enum policy_kind kind,
                         struct policy *p, struct err *e)
{
    static const char *const known[] = {"Version", "Id", "Statement", NULL};
    if (!json_is_object(root))
        return err_set(e, EINVAL, "it must be an object");
    if (check_elements(root, known, e) < 0 || read_text(a, root, "Version", &p->version, e) < 0 ||
        read_text(a, root, "Id", &p->id, e) < 0)
        return -EINVAL;
    if (p->version == NULL)
        p->version = DEFAULT_VERSION;
    if (!streq(p->version, DEFAULT_VERSION) && !streq(p->version, POLICY_VERSION_WITH_VARIABLES))
        return err_set(e, EINVAL, "Version must be 2012-10-17 or 2008-10-17");
    const json_t *value = json_object_get(root, "Statement");
    size_t n = json_is_array(value) ? json_array_size(value) : value != NULL ? 1 : 0;
    if (n == 0)
        return err_set(e, EINVAL, "there must be a Statement");
    p->statements = arena_array(a, n, struct policy_statement);
    for (; p->n_statements < n; p->n_statements++) {
        size_t i = p->n_statements;
        const json_t *object = json_is_array(value) ? json_array_get(value, i) : value;
        if (read_statement(a, p, object, kind, &p->statements[i], e) < 0)
            return err_wrap(e, -EINVAL, "Statement %zu", i + 1);
    }
    return 0;
}

struct policy *policy_parse(struct arena *a, const char *text, size_t len, enum policy_kind kind,
                            struct err *e)
{
    struct policy *p = arena_new_of(a, struct policy);
    _cleanup_json_ json_t *root = read_json(text, len, e);
    return root != NULL && read_document(a, root, kind, p, e) == 0 ? p : NULL;
}
