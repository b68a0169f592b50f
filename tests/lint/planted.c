/* For tests/lint/cppcheck and tests/lint/analyzer: a fault for each to find. Nothing compiles it.
 */
#include <stdlib.h>

int beyond(void);
char *twice(size_t n);

int beyond(void)
{
    int numbers[4] = {0};
    numbers[4] = 1;
    return numbers[0];
}

char *twice(size_t n)
{
    char *text = malloc(n);
    free(text);
    free(text);
    return NULL;
}
