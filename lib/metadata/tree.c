#include "metadata/tree.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

/* The versions that AWS has published. All show the same tree here. */
static const char *const versions[] = {
    "1.0",        "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15",
    "2008-02-01", "2008-09-01", "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12",
    "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19", "2016-06-30", "2016-09-02",
    "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
};

/* A path of a request in its components, decoded. */
struct components {
    const char *v[TREE_DEPTH_MAX + 1];
    size_t n;
};

struct value value_text(const char *s)
{
    return (struct value){s, s == NULL ? 0 : strlen(s)};
}

struct value value_lines(struct arena *a, struct text_list l)
{
    const char *text = l.n == 0 ? NULL : l.v[0];
    for (size_t i = 1; i < l.n; i++)
        text = arena_printf(a, "%s\n%s", text, l.v[i]);
    return value_text(text);
}

/* --- paths */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* NULL when an escape is none, or hides a NUL. */
static const char *unescape(struct arena *a, const char *s, size_t len)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '%') {
            out[n++] = s[i];
            continue;
        }
        int high = len - i > 2 ? hex(s[i + 1]) : -1;
        int low = high < 0 ? -1 : hex(s[i + 2]);
        if (low < 0 || high * 16 + low == 0)
            return NULL;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    return out;
}

/* Empty components do not count: "//latest/meta-data/" is "/latest/meta-data". */
static bool split(struct arena *a, const char *path, struct components *ret)
{
    struct components c = {0};
    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, "/");
        if (len > 0 && c.n == ARRAY_SIZE(c.v))
            return false;
        if (len > 0) {
            c.v[c.n] = unescape(a, p, len);
            if (c.v[c.n++] == NULL)
                return false;
        }
        p += len + (p[len] == '/');
    }
    *ret = c;
    return true;
}

bool tree_is(struct arena *a, const char *path, const char *other)
{
    struct components left = {0};
    struct components right = {0};
    if (!split(a, path, &left) || !split(a, other, &right) || left.n != right.n)
        return false;
    for (size_t i = 0; i < left.n; i++)
        if (!streq(left.v[i], right.v[i]))
            return false;
    return true;
}

/* A pattern of the table against components: the stars go to `at`. */
struct match {
    const char *at[TREE_DEPTH_MAX + 1];
    size_t n_at;
    const char *rest; /* of the pattern, behind the components; "" when it is all */
};

static bool matches(const char *pattern, const struct components *c, struct match *ret)
{
    struct match m = {0};
    const char *p = pattern;
    for (size_t i = 0; i < c->n; i++) {
        size_t len = strcspn(p, "/");
        if (len == 0)
            return false;
        if (len == 1 && *p == '*')
            m.at[m.n_at++] = c->v[i];
        else if (strlen(c->v[i]) != len || memcmp(c->v[i], p, len) != 0)
            return false;
        p += len + (p[len] == '/');
    }
    m.rest = p;
    *ret = m;
    return true;
}

/* --- reading */

static bool read_value(struct guest *g, const struct components *c, struct answer *ret)
{
    struct match m;
    for (size_t i = 0; i < tree_n_paths; i++) {
        const struct path_row *row = &tree_paths[i];
        if (!matches(row->path, c, &m) || *m.rest != '\0')
            continue;
        struct value v = row->value(g, m.at);
        if (v.data == NULL)
            continue;
        *ret = (struct answer){v, row->type == NULL ? "text/plain" : row->type};
        return true;
    }
    return false;
}

static struct name_list names_in(struct guest *g, const struct components *c)
{
    struct match m;
    for (size_t i = 0; i < tree_n_folders; i++)
        if (matches(tree_folders[i].path, c, &m) && *m.rest == '\0')
            return tree_folders[i].names(g, m.at);
    return (struct name_list){0};
}

/* Is anything at or below the components? The folder of a star has what its names say. */
static bool is_there(struct guest *g, const struct components *c)
{
    struct match m;
    for (size_t i = 0; i < tree_n_paths; i++) {
        const struct path_row *row = &tree_paths[i];
        if (!matches(row->path, c, &m))
            continue;
        if (*m.rest == '\0' && (row->always || row->value(g, m.at).data != NULL))
            return true;
        if (*m.rest == '\0')
            continue;
        struct components below = *c;
        size_t len = strcspn(m.rest, "/");
        if (below.n == ARRAY_SIZE(below.v))
            continue;
        if (len == 1 && *m.rest == '*') {
            if (names_in(g, c).n > 0)
                return true;
            continue;
        }
        below.v[below.n++] = arena_strndup(g->arena, m.rest, len);
        if (is_there(g, &below))
            return true;
    }
    return false;
}

static void add_line(struct buf *out, const char *name, const char *shown, bool is_folder)
{
    if (out->len > 0)
        buf_add_char(out, '\n');
    buf_add_str(out, shown != NULL ? shown : name);
    if (shown == NULL && is_folder)
        buf_add_char(out, '/');
}

/* Children stand together in the table, so the one before is enough to know what has been listed.
 */
static void list(struct guest *g, const struct components *c, struct buf *out)
{
    struct match m;
    const char *before = "";
    for (size_t i = 0; i < tree_n_paths; i++) {
        if (!matches(tree_paths[i].path, c, &m) || *m.rest == '\0')
            continue;
        size_t len = strcspn(m.rest, "/");
        const char *name = arena_strndup(g->arena, m.rest, len);
        /* The topmost folders are listed without a slash. */
        bool is_folder = m.rest[len] == '/' && c->n > 0;
        if (streq(name, before))
            continue;
        before = name;
        if (streq(name, "*")) {
            struct name_list names = names_in(g, c);
            for (size_t k = 0; k < names.n; k++)
                add_line(out, names.v[k].name, names.v[k].shown, is_folder);
            continue;
        }
        struct components below = *c;
        if (below.n == ARRAY_SIZE(below.v))
            continue;
        below.v[below.n++] = name;
        if (is_there(g, &below))
            add_line(out, name, NULL, is_folder);
    }
}

static bool is_version(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        if (streq(versions[i], name))
            return true;
    return false;
}

bool tree_read(struct guest *g, const char *path, struct answer *ret_answer)
{
    _cleanup_buf_ struct buf listing = BUF_INIT(TREE_LISTING_MAX);
    struct components c = {0};
    if (!split(g->arena, path, &c))
        return false;
    if (c.n == 0) {
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
            add_line(&listing, versions[i], NULL, false);
    } else if (!is_version(c.v[0])) {
        return false;
    } else {
        c.n--;
        memmove(c.v, c.v + 1, c.n * sizeof(c.v[0]));
        if (read_value(g, &c, ret_answer))
            return true;
        list(g, &c, &listing);
    }
    if (listing.failed || listing.len == 0)
        return false;
    *ret_answer = (struct answer){
        value_text(arena_strndup(g->arena, buf_str(&listing), listing.len)), "text/plain"};
    return true;
}
