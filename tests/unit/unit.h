#pragma once
/*
 * A file of unit tests. A program has the files of a room, each a suite that is called as its file:
 *
 *     START_TEST(an_empty_value_is_an_absent_parameter) { ... } END_TEST
 *     UNIT_SUITE(an_empty_value_is_an_absent_parameter)
 *
 * `CK_RUN_SUITE=route.c build/tests/unit/unit_api` runs one of them alone.
 */
#include <check.h>
#include <stddef.h>

#include "base/cleanup.h"

/* Another suite of this program; before main(). What comes before and after each test may be NULL.
 */
void unit_add(const char *file, SFun before, SFun after, const TTest *const *tests, size_t n);

/* A new directory, within the program's own that is TMPDIR to it and goes when it ends. */
#define UNIT_DIRECTORY_SIZE 64
void unit_directory(char ret_path[UNIT_DIRECTORY_SIZE]);

#define UNIT_SUITE(...) UNIT_SUITE_WITH(NULL, NULL, __VA_ARGS__)

#define UNIT_SUITE_WITH(before, after, ...)                                                        \
    __attribute__((constructor)) static void unit_suite(void)                                      \
    {                                                                                              \
        const TTest *tests[] = {__VA_ARGS__};                                                      \
        unit_add(__FILE__, before, after, tests, ARRAY_SIZE(tests));                               \
    }
