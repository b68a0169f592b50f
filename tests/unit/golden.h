#pragma once
/*
 * Golden files: what a pure builder made is compared with a file of tests/golden. REGENERATE=1
 * writes the files instead, for review in the diff.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

#define GOLDEN_SHOWN 1000 /* bytes of a difference */

static inline void golden_check(const char *name, const char *text, size_t len)
{
    const char *dir = getenv("GOLDEN");
    ck_assert_msg(dir != NULL, "GOLDEN does not say where the golden files are");
    char path[4096];
    ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", dir, name), (int)sizeof(path));
    struct err e = {0};
    if (getenv("REGENERATE") != NULL) {
        ck_assert_msg(file_write(path, text, len, 0644, &e) == 0, "%s", e.message);
        return;
    }
    _cleanup_buf_ struct buf expected = BUF_INIT(1 << 20);
    ck_assert_msg(file_read(path, &expected, &e) == 0, "%s", e.message);
    size_t same = 0;
    size_t line = 0;
    for (; same < len && same < expected.len && text[same] == buf_str(&expected)[same]; same++)
        if (text[same] == '\n')
            line = same + 1;
    ck_assert_msg(same == len && same == expected.len,
                  "%s differs from here on (REGENERATE=1 rewrites it, for review):\n%.*s", path,
                  (int)(len - line < GOLDEN_SHOWN ? len - line : GOLDEN_SHOWN), text + line);
}
