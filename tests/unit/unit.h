#pragma once
/*
 * The main() of a unit test:
 *
 *     START_TEST(an_empty_value_is_an_absent_parameter) { ... } END_TEST
 *     UNIT_MAIN(an_empty_value_is_an_absent_parameter)
 */
#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define UNIT_MAIN(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *tests[] = {__VA_ARGS__};                                                      \
        TCase *all = tcase_create("all");                                                          \
        tcase_set_timeout(all, 30);                                                                \
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++)                                             \
            tcase_add_test(all, tests[i]);                                                         \
        Suite *suite = suite_create(__FILE__);                                                     \
        suite_add_tcase(suite, all);                                                               \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_NORMAL);                                                        \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }
