#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define TEST_SECONDS 60

static SRunner *runner;

void unit_add(const char *file, SFun before, SFun after, const TTest *const *tests, size_t n)
{
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, TEST_SECONDS);
    if (before != NULL || after != NULL)
        tcase_add_checked_fixture(all, before, after);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(all, tests[i]);
    const char *slash = strrchr(file, '/');
    Suite *suite = suite_create(slash == NULL ? file : slash + 1); /* which keeps the pointer */
    suite_add_tcase(suite, all);
    if (runner == NULL)
        runner = srunner_create(suite);
    else
        srunner_add_suite(runner, suite);
}

static bool make_directory(char ret_path[UNIT_DIRECTORY_SIZE])
{
    const char *where = getenv("TMPDIR");
    int n = snprintf(ret_path, UNIT_DIRECTORY_SIZE, "%s/croft-unit-XXXXXX",
                     where == NULL ? "/tmp" : where);
    return n < UNIT_DIRECTORY_SIZE && mkdtemp(ret_path) != NULL;
}

void unit_directory(char ret_path[UNIT_DIRECTORY_SIZE])
{
    ck_assert(make_directory(ret_path));
}

int main(void)
{
    char all[UNIT_DIRECTORY_SIZE];
    if (runner == NULL || !make_directory(all) || setenv("TMPDIR", all, 1) < 0)
        return EXIT_FAILURE;
    srunner_run_all(runner, CK_NORMAL);
    (void)dir_remove(all, NULL); /* and what tests that failed have left in it */
    int ran = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return ran > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
