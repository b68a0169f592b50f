#pragma once
/*
 * Wildcard patterns: `*` is any run, `?` exactly one character, `\` takes the next character
 * literally (AWS: "List and filter using the CLI and API"). Both texts are UTF-8.
 *
 * A match takes at most wildcard_steps_max() steps: a few for each byte of both, and one more for
 * each byte of the text and each 64 characters of the longest piece (what stands between two stars)
 * that has a `?` or a backslash. There is no backtracking. Pure, from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does `pattern` match all of `s`? */
bool wildcard_match(const char *pattern, const char *s);
bool wildcard_match_n(const char *pattern, size_t pattern_len, const char *s, size_t len);
/* The same, and adds to *steps how often it looked at a byte or a word. */
bool wildcard_match_counted(const char *pattern, size_t pattern_len, const char *s, size_t len,
                            uint64_t *steps);
uint64_t wildcard_steps_max(size_t pattern_len, size_t len);
bool has_wildcard(const char *pattern);
