/* PATTERN, and a text: wildcard_match() and a matcher that is too simple to be wrong agree. */
#include <stdbool.h>

#include "base/text.h"
#include "base/wildcard.h"
#include "fuzz.h"

#define LONGEST 64 /* the simple matcher takes its time */

static size_t character(const char *s)
{
    size_t n = 1;
    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

static bool simple_match(const char *pattern, const char *s)
{
    if (*pattern == '\0')
        return *s == '\0';
    if (*pattern == '*')
        return simple_match(pattern + 1, s) ||
               (*s != '\0' && simple_match(pattern, s + character(s)));
    if (*s == '\0')
        return false;
    if (*pattern == '?')
        return simple_match(pattern + 1, s + character(s));
    if (*pattern == '\\' && pattern[1] != '\0')
        pattern++;
    return *pattern == *s && simple_match(pattern + 1, s + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *pattern = fuzz_line(a, &data, &size);
    const char *text = arena_strndup(a, (const char *)data, size);
    if (!text_is_clean_utf8(pattern, strlen(pattern)) || !text_is_clean_utf8(text, strlen(text)))
        return 0; /* nothing else gets through a decoder */
    bool found = wildcard_match(pattern, text);
    size_t stars = 0;
    for (const char *p = pattern; *p != '\0'; p++)
        stars += *p == '*';
    if (strlen(pattern) <= LONGEST && strlen(text) <= LONGEST && stars <= 4)
        CHECK(found == simple_match(pattern, text));
    if (!has_wildcard(pattern))
        CHECK(found == streq(pattern, text));
    return 0;
}
