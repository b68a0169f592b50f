#include "croft/profile.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

#define TEXT_MAX ((size_t)2 << 20)

static const char *without_blanks(struct arena *a, const char *s, size_t len)
{
    while (len > 0 && strchr(" \t\r", *s) != NULL) {
        s++;
        len--;
    }
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        len--;
    return arena_strndup(a, s, len);
}

/* A line of a file, and what it is. */
struct line {
    const char *start;
    size_t len;          /* without its end */
    const char *section; /* NULL: it opens none */
    const char *name;    /* NULL: it is no "name = value" line of the section itself */
    const char *value;
};

/* False at the end of the text. A line that begins with blanks belongs to the one before. */
static bool next_line(struct arena *a, const char **at, struct line *ret)
{
    struct line l = {.start = *at};

    if (**at == '\0')
        return false;
    l.len = strcspn(*at, "\n");
    *at += l.len + ((*at)[l.len] == '\n');
    const char *text = without_blanks(a, l.start, l.len);
    size_t len = strlen(text);
    const char *equals = strchr(text, '=');
    if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
        l.section = without_blanks(a, text + 1, len - 2);
    } else if (equals != NULL && strchr("#; \t", l.start[0]) == NULL) {
        l.name = without_blanks(a, text, (size_t)(equals - text));
        l.value = without_blanks(a, equals + 1, strlen(equals + 1));
    }
    *ret = l;
    return true;
}

static void put(struct buf *out, const struct profile_line *line)
{
    buf_printf(out, "%s = %s\n", line->name, line->value);
}

char *profile_edit(struct arena *a, const char *text, const char *header,
                   const struct profile_line *lines, size_t n)
{
    _cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
    bool *written = arena_alloc(a, n + 1);
    bool ours = false, found = false;
    size_t end = 0; /* of the section's last line that is not blank, in what is written */
    struct line l;

    while (next_line(a, &text, &l)) {
        size_t replaced = n;
        if (l.section != NULL) {
            ours = !found && streq(l.section, header);
            found |= ours;
        }
        for (size_t i = 0; ours && l.name != NULL && i < n; i++)
            if (lines[i].value != NULL && streq(l.name, lines[i].name))
                replaced = i;
        if (replaced < n && !written[replaced]) {
            put(&out, &lines[replaced]);
            written[replaced] = true;
        } else if (replaced == n) {
            buf_add(&out, l.start, l.len);
            buf_add_char(&out, '\n');
        }
        if (ours && without_blanks(a, l.start, l.len)[0] != '\0')
            end = out.len;
    }
    if (!found) {
        buf_printf(&out, "%s[%s]\n", out.len > 0 ? "\n" : "", header);
        end = out.len;
    }
    char *rest = arena_strndup(a, buf_str(&out) + end, out.len - end);
    char *before = arena_strndup(a, buf_str(&out), end);
    buf_reset(&out);
    buf_add_str(&out, before);
    for (size_t i = 0; i < n; i++)
        if (lines[i].value != NULL && !written[i])
            put(&out, &lines[i]);
    buf_add_str(&out, rest);
    return arena_strndup(a, buf_str(&out), out.len);
}

static struct profile_key of_json(struct arena *a, const char *text)
{
    struct profile_key key = {0};
    json_t *whole = json_loads(text, 0, NULL);
    const json_t *inner = json_object_get(whole, "AccessKey");
    const char *id = json_string_value(json_object_get(inner, "AccessKeyId"));
    const char *secret = json_string_value(json_object_get(inner, "SecretAccessKey"));

    if (id != NULL && secret != NULL)
        key = (struct profile_key){arena_strdup(a, id), arena_strdup(a, secret)};
    json_decref(whole);
    return key;
}

struct profile_key profile_find_key(struct arena *a, const char *text)
{
    struct profile_key key = {0};
    struct line l;

    if (text[strspn(text, " \t\r\n")] == '{')
        return of_json(a, text);
    while ((key.id == NULL || key.secret == NULL) && next_line(a, &text, &l)) {
        if (l.section != NULL)
            key = (struct profile_key){0};
        else if (l.name != NULL && streq(l.name, "aws_access_key_id"))
            key.id = l.value;
        else if (l.name != NULL && streq(l.name, "aws_secret_access_key"))
            key.secret = l.value;
    }
    return key.id != NULL && key.secret != NULL ? key : (struct profile_key){0};
}
