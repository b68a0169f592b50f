#include "croft/shorthand.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "croft/cli.h"

#define VALUE_MAX ((size_t)1 << 20)

struct parser {
    const char *text;
    size_t at;
    int depth;
    struct err *e;
};

/* How far an unquoted value goes depends on where it stands. */
enum place {
    FIRST, /* the first of a list, or in brackets: `=`, `[` and `{` belong to it, `]` and `}` end it
            */
    LATER, /* a further one of `a=b,c`: `=` ends it, as it is the next key */
};

static int fail(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static json_t *parse_explicit(struct parser *p);

static int fail(struct parser *p, const char *format, ...)
{
    char what[128];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(what, sizeof(what), format, ap);
    va_end(ap);
    return err_set(p->e, EINVAL, "%s at character %zu of '%s'", what, p->at + 1, p->text);
}

static char current(const struct parser *p)
{
    return p->text[p->at];
}

static void skip_space(struct parser *p)
{
    while (isspace((unsigned char)current(p)))
        p->at++;
}

static int expect(struct parser *p, char c, bool with_space)
{
    if (with_space)
        skip_space(p);
    if (current(p) == '\0')
        return fail(p, "expected '%c', but it ends", c);
    if (current(p) != c)
        return fail(p, "expected '%c', not '%c'", c, current(p));
    p->at++;
    if (with_space)
        skip_space(p);
    return 0;
}

/* May an unquoted value begin with it, or go on with it? Anything beyond ASCII may. */
static bool begins_value(char c)
{
    return (unsigned char)c > 0x20 && c != 0x7f && strchr("\"',=[{", c) == NULL;
}

static bool goes_on(char c, enum place place)
{
    if (c == '\0' || ((unsigned char)c < 0x20 && !isspace((unsigned char)c)))
        return false;
    return strchr(place == FIRST ? "\"',]}" : "\"',=", c) == NULL;
}

static json_t *text_value(struct parser *p, const struct buf *b, size_t len)
{
    json_t *value = b->failed ? NULL : json_stringn(buf_str(b), len);

    if (value == NULL)
        fail(p, "a value that is too long or not UTF-8");
    return value;
}

/* An unquoted value; an empty one is legal in the first place alone. */
static json_t *parse_bare(struct parser *p, enum place place)
{
    _cleanup_buf_ struct buf b = BUF_INIT(VALUE_MAX);
    size_t len;
    bool first = true;

    for (;; first = false) {
        char c = current(p);

        if (c == '\\' && p->text[p->at + 1] == ',') {
            buf_add_char(&b, ',');
            p->at += 2;
        } else if (first ? begins_value(c) : goes_on(c, place)) {
            buf_add_char(&b, c);
            p->at++;
        } else {
            break;
        }
    }
    if (first && place == LATER) {
        fail(p, "expected a value");
        return NULL;
    }
    len = b.len;
    while (len > 0 && isspace((unsigned char)b.data[len - 1]))
        len--;
    return text_value(p, &b, len);
}

/* The end of a quoted text, behind its last quote; 0 when it has none. */
static size_t quoted_end(const char *s, char quote)
{
    size_t escaped = 0;

    for (size_t i = 1; s[i] != '\0'; i++) {
        if (s[i] == '\\' && (s[i + 1] == '\\' || s[i + 1] == quote)) {
            if (s[i + 1] == quote)
                escaped = i + 1;
            i++;
        } else if (s[i] == quote) {
            return i + 1;
        }
    }
    /* 'a\' has no other quote that could end it: then the backslash was a mere backslash. */
    return escaped == 0 ? 0 : escaped + 1;
}

static json_t *parse_quoted(struct parser *p)
{
    _cleanup_buf_ struct buf once = BUF_INIT(VALUE_MAX), b = BUF_INIT(VALUE_MAX);
    const char *s = p->text + p->at;
    char quote = *s;
    size_t end = quoted_end(s, quote);

    if (end == 0) {
        fail(p, "a quote without its end");
        return NULL;
    }
    /* In two rounds, quotes before backslashes, as the AWS CLI does: '\\' + "'" depends on it. */
    for (size_t i = 1; i < end - 1; i++) {
        if (s[i] == '\\' && i + 1 < end - 1 && s[i + 1] == quote)
            i++;
        buf_add_char(&once, s[i]);
    }
    for (size_t i = 0; i < once.len; i++) {
        if (once.data[i] == '\\' && i + 1 < once.len && once.data[i + 1] == '\\')
            i++;
        buf_add_char(&b, once.data[i]);
    }
    p->at += end;
    return text_value(p, &b, b.len);
}

static json_t *parse_value(struct parser *p, enum place place)
{
    if (current(p) == '\'' || current(p) == '"')
        return parse_quoted(p);
    return parse_bare(p, place);
}

static char *parse_key(struct parser *p)
{
    size_t start = p->at;

    while (current(p) != '\0' &&
           (isalnum((unsigned char)current(p)) || strchr("-_.#/:", current(p)) != NULL))
        p->at++;
    return strndup(p->text + start, p->at - start);
}

static json_t *parse_list(struct parser *p)
{
    _cleanup_json_ json_t *list = json_array();

    if (expect(p, '[', true) < 0)
        return NULL;
    while (current(p) != ']') {
        json_t *value = parse_explicit(p);

        if (value == NULL)
            return NULL;
        json_array_append_new(list, value);
        skip_space(p);
        if (current(p) == ']')
            break;
        if (expect(p, ',', false) < 0)
            return NULL;
        skip_space(p);
    }
    p->at++;
    return TAKE(list);
}

static json_t *parse_object(struct parser *p)
{
    _cleanup_json_ json_t *object = json_object();

    if (expect(p, '{', true) < 0)
        return NULL;
    while (current(p) != '}') {
        _cleanup_free_ char *key = parse_key(p);
        json_t *value;

        if (key == NULL || expect(p, '=', true) < 0)
            return NULL;
        value = parse_explicit(p);
        if (value == NULL)
            return NULL;
        json_object_set_new(object, key, value);
        skip_space(p);
        if (current(p) == '}')
            break;
        if (expect(p, ',', false) < 0)
            return NULL;
        skip_space(p);
    }
    p->at++;
    return TAKE(object);
}

static json_t *parse_explicit(struct parser *p)
{
    json_t *value;

    if (p->depth == SHORTHAND_DEPTH_MAX) {
        fail(p, "too deeply nested");
        return NULL;
    }
    p->depth++;
    if (current(p) == '[')
        value = parse_list(p);
    else if (current(p) == '{')
        value = parse_object(p);
    else
        value = parse_value(p, FIRST);
    p->depth--;
    return value;
}

/*
 * `b` of a=b, or the list of a=b,c,d. Whether the word behind a comma is a further value or the
 * next key shows only at the `=` behind it; then it goes back to the comma.
 */
static json_t *parse_csv(struct parser *p)
{
    json_t *first = parse_value(p, FIRST);
    _cleanup_json_ json_t *list = NULL;

    if (first == NULL)
        return NULL;
    skip_space(p);
    if (current(p) != ',')
        return first;
    list = json_array();
    json_array_append_new(list, first);
    for (;;) {
        struct err ignored;
        struct parser ahead = {.text = p->text, .at = p->at, .e = &ignored};
        json_t *value = NULL;

        if (expect(&ahead, ',', true) == 0 && (value = parse_value(&ahead, LATER)) != NULL)
            skip_space(&ahead);
        if (value != NULL && (current(&ahead) == ',' || current(&ahead) == '\0')) {
            json_array_append_new(list, value);
            p->at = ahead.at;
            if (current(p) == '\0')
                break;
            continue;
        }
        json_decref(value);
        if (current(&ahead) == '\0') {
            p->at = ahead.at;
            fail(p, "expected a value");
            return NULL;
        }
        /* From here backwards, as the AWS CLI: of two commas in a row the second counts. */
        for (p->at = ahead.at; current(p) != ',';)
            p->at--;
        break;
    }
    if (json_array_size(list) == 1)
        return json_incref(json_array_get(list, 0));
    return TAKE(list);
}

static int parse_pair(struct parser *p, json_t *object)
{
    _cleanup_free_ char *key = parse_key(p);
    size_t start = p->at;
    json_t *value;

    if (key == NULL || expect(p, '=', true) < 0)
        return -EINVAL;
    if (current(p) == '[' || current(p) == '{')
        value = parse_explicit(p);
    else
        value = parse_csv(p);
    if (value == NULL)
        return -EINVAL;
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        p->at = start;
        return fail(p, "'%.64s' a second time (a comma where a blank belongs?)", key);
    }
    json_object_set_new(object, key, value);
    return 0;
}

json_t *shorthand_parse(const char *text, struct err *e)
{
    struct parser p = {.text = text, .e = e};
    _cleanup_json_ json_t *object = json_object();

    if (parse_pair(&p, object) < 0)
        return NULL;
    while (current(&p) != '\0') {
        if (expect(&p, ',', true) < 0 || parse_pair(&p, object) < 0)
            return NULL;
    }
    return TAKE(object);
}
