/* Patterns and variables of policies. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "auth/policy_internal.h"
#include "base/text.h"
#include "base/wildcard.h"

#define ARN_PARTS         6   /* arn:partition:service:region:account:resource */
#define VARIABLE_NAME_MAX 300 /* aws:PrincipalTag/ and a tag's key, AWS's longest */

/* ${name} or ${name, 'default'} */
struct variable {
    const char *name, *fallback; /* fallback NULL: it has none */
    size_t name_len, fallback_len;
};

/* Reads the variable that begins at `at`; its end, or NULL: it is none. */
static const char *read_variable(const char *at, const char *end, struct variable *ret)
{
    const char *p = at + 2;
    *ret = (struct variable){.name = p};
    while (p < end && *p != '}' && *p != ',')
        p++;
    ret->name_len = (size_t)(p - ret->name);
    if (p < end && *p == ',') {
        p++;
        while (p < end && *p == ' ')
            p++;
        if (p == end || *p != '\'')
            return NULL;
        ret->fallback = ++p;
        while (p < end && *p != '\'')
            p++;
        ret->fallback_len = (size_t)(p - ret->fallback);
        if (p < end)
            p++;
        while (p < end && *p == ' ')
            p++;
    }
    return p < end && *p == '}' ? p + 1 : NULL;
}

static bool begins_variable(const struct policy_evaluation *ev, const char *at, const char *end)
{
    return ev->has_variables && end - at >= 2 && at[0] == '$' && at[1] == '{';
}

static bool needs_escape(char c)
{
    return c == '*' || c == '?' || c == '\\';
}

static void add_literal(struct buf *b, const char *text, size_t len, bool is_pattern)
{
    for (size_t i = 0; i < len; i++) {
        if (is_pattern && needs_escape(text[i]))
            buf_add_char(b, '\\');
        buf_add_char(b, text[i]);
    }
}

/* Adds what the variable stands for; false: it is not known. */
static bool add_variable(struct policy_evaluation *ev, const struct variable *v, bool is_pattern)
{
    char name[VARIABLE_NAME_MAX + 1];
    struct policy_texts values = {0};
    if (v->name_len == 0 || v->name_len > VARIABLE_NAME_MAX)
        return false;
    memcpy(name, v->name, v->name_len);
    name[v->name_len] = '\0';
    if (v->name_len == 1 && strchr("*?$", *name) != NULL) { /* these, and not as wildcards */
        add_literal(&ev->scratch, name, 1, is_pattern);
        return true;
    }
    /* A key with several values cannot be a variable, AWS says. */
    if (ev->q->find != NULL && ev->q->find(ev->q->ctx, name, &values) && values.n == 1)
        add_literal(&ev->scratch, values.v[0], strlen(values.v[0]), is_pattern);
    else if (v->fallback != NULL)
        add_literal(&ev->scratch, v->fallback, v->fallback_len, is_pattern);
    else
        return false;
    return true;
}

const char *policy_expand(struct policy_evaluation *ev, const char *text, size_t len,
                          bool is_pattern, size_t *ret_len)
{
    bool has_variables = ev->has_variables && memmem(text, len, "${", 2) != NULL;
    bool has_backslash = is_pattern && memchr(text, '\\', len) != NULL;
    if (!has_variables && !has_backslash) { /* as good as always */
        *ret_len = len;
        return text;
    }
    buf_reset(&ev->scratch);
    const char *end = text + len;
    while (text < end) {
        struct variable v;
        if (begins_variable(ev, text, end)) {
            text = read_variable(text, end, &v);
            if (text == NULL || !add_variable(ev, &v, is_pattern))
                return NULL;
            continue;
        }
        if (is_pattern && *text == '\\')
            buf_add_char(&ev->scratch, '\\');
        buf_add_char(&ev->scratch, *text++);
    }
    if (ev->scratch.failed)
        return NULL;
    *ret_len = ev->scratch.len;
    return buf_str(&ev->scratch);
}

/* The colon that ends this part of an ARN; those of variables' names do not. */
static const char *end_of_part(const struct policy_evaluation *ev, const char *at, const char *end)
{
    while (at < end && *at != ':') {
        struct variable v;
        const char *behind = begins_variable(ev, at, end) ? read_variable(at, end, &v) : NULL;
        at = behind != NULL ? behind : at + 1;
    }
    return at;
}

bool policy_arn_matches(struct policy_evaluation *ev, const char *pattern, const char *arn)
{
    const char *p_end = pattern + strlen(pattern);
    const char *end = arn + strlen(arn);
    if (streq(pattern, "*"))
        return true;
    for (int part = 1; part <= ARN_PARTS; part++) {
        const char *p_stop = part == ARN_PARTS ? p_end : end_of_part(ev, pattern, p_end);
        const char *stop = part == ARN_PARTS ? end : memchr(arn, ':', (size_t)(end - arn));
        if (part < ARN_PARTS && (stop == NULL || p_stop == p_end))
            return false;
        size_t len = 0;
        const char *one = policy_expand(ev, pattern, (size_t)(p_stop - pattern), true, &len);
        if (one == NULL || !wildcard_match_n(one, len, arn, (size_t)(stop - arn)))
            return false;
        pattern = p_stop + 1;
        arn = stop + 1;
    }
    return true;
}

bool policy_matches_resource(struct policy_evaluation *ev, const struct policy_texts *patterns,
                             const char *resource)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (policy_arn_matches(ev, patterns->v[i], resource))
            return true;
    return false;
}

static void add_lowered(struct buf *b, const char *text)
{
    for (; *text != '\0'; text++)
        buf_add_char(b, (char)tolower((unsigned char)*text));
}

/* Actions are the same whatever their case is. Their form leaves no backslash and no variable. */
bool policy_matches_action(struct policy_evaluation *ev, const struct policy_texts *patterns,
                           const char *action)
{
    struct buf *b = &ev->scratch;
    for (size_t i = 0; i < patterns->n; i++) {
        const char *pattern = patterns->v[i];
        size_t plain = strcspn(pattern, "*?");
        if (strncasecmp(pattern, action, plain) != 0)
            continue;
        if (streq(pattern + plain, "*") || (pattern[plain] == '\0' && action[plain] == '\0'))
            return true;
        if (pattern[plain] == '\0')
            continue;
        buf_reset(b);
        add_lowered(b, action + plain);
        size_t len = b->len;
        add_lowered(b, pattern + plain);
        if (!b->failed && wildcard_match_n(buf_str(b) + len, b->len - len, buf_str(b), len))
            return true;
    }
    return false;
}
