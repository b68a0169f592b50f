#pragma once
/*
 * Assertions for programmer errors only; they stay on in release builds. Bad input, a full disk or
 * a dead libvirtd is never a reason for one: those are errors (err.h) or faults (core/fault.h).
 */
#include <stdnoreturn.h>

noreturn void check_failed(const char *what, const char *file, int line);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            check_failed(#condition, __FILE__, __LINE__);                                          \
    } while (0)

/* After an allocation: without memory the process ends, with a line that says so and where. What
 * was answered is in the store, and whoever started the process starts it again. */
noreturn void out_of_memory(const char *what, const char *file, int line);

#define CHECK_MEMORY(condition)                                                                    \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            out_of_memory(#condition, __FILE__, __LINE__);                                         \
    } while (0)

#define NEVER() check_failed("unreachable", __FILE__, __LINE__)
