#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool text_is_among(const char *text, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++)
        if (streq(*list, text))
            return true;
    return false;
}

bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

int parse_int64(const char *s, int64_t *ret_value)
{
    const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return -EINVAL;
    errno = 0;
    long long v = strtoll(s, NULL, 10);
    if (errno == ERANGE)
        return -ERANGE;
    *ret_value = v;
    return 0;
}

/* Length of the character at s, 0 if it is malformed; its code point in *cp. */
static size_t utf8_decode(const unsigned char *s, size_t left, uint32_t *cp)
{
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    uint32_t v = s[0] & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        v = v << 6 | (s[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return n;
}

bool text_is_clean_utf8(const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (s[i] >= ' ' && s[i] <= '~') { /* nearly every character is of these */
            i++;
            continue;
        }
        uint32_t cp = 0;
        size_t n = utf8_decode((const unsigned char *)s + i, len - i, &cp);
        if (n == 0 || cp == 0xfffe || cp == 0xffff)
            return false;
        if (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r')
            return false;
        i += n;
    }
    return true;
}

size_t utf8_length(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Bytes of the character at `s`, of which the text has at least one more. */
static size_t character_size(const char *s, const char *end)
{
    size_t n = 1;
    while (s + n < end && ((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* The first star that is none by a backslash, or the end. */
static const char *find_star(const char *p, const char *end)
{
    while (p < end && *p != '*')
        p += *p == '\\' && p + 1 < end ? 2 : 1;
    return p;
}

/* A piece is what stands between stars. If it stands at `s`, where it ends there, else NULL. */
static const char *piece_at(const char *p, const char *p_end, const char *s, const char *end)
{
    while (p < p_end) {
        if (s == end)
            return NULL;
        if (*p == '?') {
            p++;
            s += character_size(s, end);
            continue;
        }
        if (*p == '\\' && p + 1 < p_end)
            p++;
        if (*p++ != *s++)
            return NULL;
    }
    return s;
}

/* The end of the first place where the piece stands, or NULL. Linear, but for pieces with `?` or a
 * backslash. */
static const char *find_piece(const char *p, const char *p_end, const char *s, const char *end)
{
    size_t len = (size_t)(p_end - p);
    if (memchr(p, '?', len) == NULL && memchr(p, '\\', len) == NULL) {
        const char *at = memmem(s, (size_t)(end - s), p, len);
        return at == NULL ? NULL : at + len;
    }
    for (; s < end; s += character_size(s, end)) {
        const char *behind = piece_at(p, p_end, s, end);
        if (behind != NULL)
            return behind;
    }
    return NULL;
}

/* Is the piece the end of the text? It has so many characters, so there is one place to look at. */
static bool piece_ends(const char *p, const char *p_end, const char *s, const char *end)
{
    const char *from = end;
    for (const char *at = p; at < p_end; at++) {
        if (*at == '\\' && at + 1 < p_end)
            at++;
        if (((unsigned char)*at & 0xc0) == 0x80)
            continue;
        do {
            if (from == s)
                return false;
            from--;
        } while (((unsigned char)*from & 0xc0) == 0x80);
    }
    return piece_at(p, p_end, from, end) == end;
}

bool wildcard_match_n(const char *pattern, size_t pattern_len, const char *s, size_t len)
{
    /* The first and the last piece have their place; of those between, the first place will do. */
    const char *p_end = pattern + pattern_len;
    const char *end = s + len;
    const char *star = find_star(pattern, p_end);
    s = piece_at(pattern, star, s, end);
    if (s == NULL || star == p_end)
        return s == end;
    for (;;) {
        const char *piece = star + 1;
        star = find_star(piece, p_end);
        if (star == p_end)
            return piece_ends(piece, p_end, s, end);
        if (star > piece)
            s = find_piece(piece, star, s, end);
        if (s == NULL)
            return false;
    }
}

bool wildcard_match(const char *pattern, const char *s)
{
    return wildcard_match_n(pattern, strlen(pattern), s, strlen(s));
}

bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*?\\") != NULL;
}
