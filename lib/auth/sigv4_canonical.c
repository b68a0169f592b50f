/*
 * The canonical request (AWS: "Create a signed AWS API request", step 1).
 *
 * Two things the page does not say and clients do: the path is normalised (dot segments and double
 * slashes go) and then encoded once more, as every service but S3 has it; and repeated headers are
 * joined in the order they were sent.
 */
#include "auth/sigv4_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char *escape_to(char *to, const char *s, size_t len, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
    }
    return to;
}

const char *sigv4_escape(const char *s, struct arena *a)
{
    size_t len = strlen(s);
    char *out = arena_alloc(a, len * 3 + 1);
    *escape_to(out, s, len, false) = '\0';
    return out;
}

const char *sigv4_unescape(const char *s, struct arena *a)
{
    char *out = arena_alloc(a, strlen(s) + 1);
    char *to = out;
    for (; *s != '\0'; s++) {
        if (*s == '+') {
            *to++ = ' ';
        } else if (*s != '%') {
            *to++ = *s;
        } else {
            int high = hex_value(s[1]);
            int low = high < 0 ? -1 : hex_value(s[2]);
            if (low < 0 || (high == 0 && low == 0))
                return NULL;
            *to++ = (char)(high << 4 | low);
            s += 2;
        }
    }
    *to = '\0';
    return out;
}

int sigv4_query_split(const char *query, struct arena *a, struct sigv4_query *ret_query)
{
    struct sigv4_query q = {0};
    if (query != NULL && query[0] != '\0') {
        char *rest = arena_strdup(a, query);
        while (rest != NULL) {
            if (q.n == SIGV4_QUERY_PARTS_MAX)
                return -E2BIG;
            char *name = strsep(&rest, "&");
            char *value = strchr(name, '=');
            if (value != NULL)
                *value++ = '\0';
            *arena_append(a, &q) = (struct sigv4_param){name, value == NULL ? "" : value};
        }
    }
    *ret_query = q;
    return 0;
}

static int compare_params(const void *left, const void *right)
{
    const struct sigv4_param *l = left;
    const struct sigv4_param *r = right;
    int order = strcmp(l->name, r->name);
    return order != 0 ? order : strcmp(l->value, r->value);
}

const char *sigv4_canonical_query(const struct sigv4_query *q, bool as_sent, const char *without,
                                  struct arena *a)
{
    struct sigv4_param *v = arena_array(a, q->n, struct sigv4_param);
    size_t n = 0;
    size_t size = 1;
    for (size_t i = 0; i < q->n; i++) {
        struct sigv4_param p = q->v[i];
        if (strcmp(p.name, without) == 0)
            continue;
        if (!as_sent) {
            const char *name = sigv4_unescape(p.name, a);
            const char *value = sigv4_unescape(p.value, a);
            if (name == NULL || value == NULL)
                return NULL;
            p = (struct sigv4_param){sigv4_escape(name, a), sigv4_escape(value, a)};
        }
        size += strlen(p.name) + strlen(p.value) + 2;
        v[n++] = p;
    }
    if (n > 1)
        qsort(v, n, sizeof(*v), compare_params);
    char *out = arena_alloc(a, size);
    char *to = out;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *to++ = '&';
        to = stpcpy(to, v[i].name);
        *to++ = '=';
        to = stpcpy(to, v[i].value);
    }
    return out;
}

/* Adds the path without ".", ".." and empty segments, encoded. */
static void add_path(const char *path, struct arena *a, struct buf *out)
{
    size_t len = strlen(path);
    if (strcmp(path, "/") == 0 || len == 0) {
        buf_add_char(out, '/');
        return;
    }
    char *clean = arena_alloc(a, len + 2);
    size_t n = 0; /* clean[0..n) is a run of "/segment" */
    for (const char *p = path; *p != '\0';) {
        const char *end = strchrnul(p, '/');
        size_t segment = (size_t)(end - p);
        if (segment == 2 && memcmp(p, "..", 2) == 0) {
            while (n > 0 && clean[--n] != '/')
                ;
        } else if (segment > 0 && !(segment == 1 && *p == '.')) {
            clean[n++] = '/';
            memcpy(clean + n, p, segment);
            n += segment;
        }
        p = *end == '\0' ? end : end + 1;
    }
    if (n == 0 || path[len - 1] == '/')
        clean[n++] = '/';
    char *to = buf_reserve(out, n * 3);
    if (to == NULL)
        return;
    out->len += (size_t)(escape_to(to, clean, n, true) - to);
    out->data[out->len] = '\0';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without white space at the ends and with one space for each run of it. */
static void add_header_value(const char *value, struct buf *out)
{
    char *to = buf_reserve(out, strlen(value));
    if (to == NULL)
        return;
    char *start = to;
    bool gap = false;
    for (const char *p = value; *p != '\0'; p++) {
        if (is_space(*p)) {
            gap = to != start;
        } else {
            if (gap)
                *to++ = ' ';
            gap = false;
            *to++ = *p;
        }
    }
    out->len += (size_t)(to - start);
    out->data[out->len] = '\0';
}

void sigv4_canonical_request(const struct sigv4_request *r, const char *canonical_query,
                             const struct sigv4_names *names, const char *payload_hash,
                             struct arena *a, struct buf *out)
{
    (void)buf_reserve(out, 1000); /* most requests then need one allocation */
    buf_add_str(out, r->method);
    buf_add_char(out, '\n');
    add_path(r->path, a, out);
    buf_add_char(out, '\n');
    buf_add_str(out, canonical_query);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < names->n; i++) {
        buf_add_str(out, names->v[i]);
        char separator = ':';
        for (size_t j = 0; j < r->headers->n; j++) {
            if (strcasecmp(r->headers->v[j].name, names->v[i]) != 0)
                continue;
            buf_add_char(out, separator);
            add_header_value(r->headers->v[j].value, out);
            separator = ',';
        }
        buf_add_char(out, '\n');
    }
    buf_add_char(out, '\n');
    for (size_t i = 0; i < names->n; i++) {
        if (i > 0)
            buf_add_char(out, ';');
        buf_add_str(out, names->v[i]);
    }
    buf_add_char(out, '\n');
    buf_add_str(out, payload_hash);
}

void sigv4_format_time(int64_t when, char out[SIGV4_TIME_SIZE])
{
    time_t seconds = (time_t)(when / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    (void)strftime(out, SIGV4_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm);
}
