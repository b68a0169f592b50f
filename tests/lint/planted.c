/* For tests/lint/cppcheck: a fault that it has to find. Nothing compiles it. */
int beyond(void);

int beyond(void)
{
    int numbers[4] = {0};
    numbers[4] = 1;
    return numbers[0];
}
