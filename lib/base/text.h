#pragma once
/* Strings: comparison, prefixes, strict numbers, UTF-8. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* NULL equals only NULL. */
static inline bool streq(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* NULL or "" */
static inline bool str_empty(const char *s)
{
    return s == NULL || *s == '\0';
}

/* Is `text` one of `list`, which NULL ends? A list of NULL has none. */
bool text_is_among(const char *text, const char *const *list);
bool has_prefix(const char *s, const char *prefix);
/* Decimal, optional sign, nothing before or behind: 0, -EINVAL or -ERANGE. */
int parse_int64(const char *s, int64_t *ret_value);
/* Without blanks, tabs and carriage returns at both ends: where it begins; what follows is cut off.
 */
char *text_trim(char *s);
/* Is every byte part of valid UTF-8 without characters that XML 1.0 forbids? */
bool text_is_clean_utf8(const char *s, size_t len);
/*
 * Puts `with` in the place of what could drive a terminal or forge a line: control characters (C0,
 * DEL, and C1, which are two bytes in UTF-8 and become two of `with`), and bytes that are no UTF-8.
 */
void text_defuse(char *s, size_t len, char with);
/* Number of Unicode characters of valid UTF-8. */
size_t utf8_length(const char *s);
