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

char *text_trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
        s[--len] = '\0';
    return s;
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

void text_defuse(char *s, size_t len, char with)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_decode((const unsigned char *)s + i, len - i, &cp);
        if (n == 0 || cp < ' ' || (cp >= 0x7f && cp <= 0x9f)) {
            n = n == 0 ? 1 : n;
            memset(s + i, with, n);
        }
        i += n;
    }
}

size_t utf8_length(const char *s)
{
    size_t n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}
