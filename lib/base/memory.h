#pragma once
/*
 * How the process keeps what it has freed.
 *
 * A reply with a thousand instances, or the plan of a VPC with as many, takes megabytes for a
 * moment. What is free is kept for the next one, since mapping pages anew is half the cost, and
 * goes back to the system when memory_give_back() is called now and then. One heap for all threads:
 * malloc_trim() gives back the end of the first heap alone, and threads share little, because they
 * allocate from arenas.
 */

#include <stddef.h>

/* To be called before the first thread. */
void memory_keep_free(void);
void memory_give_back(void);

/*
 * For libraries that take an allocator and whose callers cannot tell a lack of memory from bad
 * input: without memory they end the process, as CHECK_MEMORY() does. Freed by free().
 */
void *memory_alloc(size_t size) __attribute__((malloc));
void *memory_realloc(void *old, size_t size);
char *memory_strdup(const char *s) __attribute__((malloc));
