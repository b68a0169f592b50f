#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST_SECONDS 60

static SRunner *runner;

/* The file's name without folders and ".c". */
static Suite *suite_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char name[64];
    (void)snprintf(name, sizeof(name), "%s", slash == NULL ? file : slash + 1);
    name[strcspn(name, ".")] = '\0';
    return suite_create(strdup(name)); /* check keeps the pointer */
}

void unit_add(const char *file, SFun before, SFun after, const TTest *const *tests, size_t n)
{
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, TEST_SECONDS);
    if (before != NULL)
        tcase_add_checked_fixture(all, before, after);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(all, tests[i]);
    Suite *suite = suite_of(file);
    suite_add_tcase(suite, all);
    if (runner == NULL)
        runner = srunner_create(suite);
    else
        srunner_add_suite(runner, suite);
}

int main(void)
{
    if (runner == NULL)
        return EXIT_FAILURE;
    srunner_run_all(runner, CK_NORMAL);
    int ran = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return ran > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
