#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define KEPT_BLOCK (16 << 20)
#define KEPT_FREE  (256 << 20) /* more than the arenas of the largest replies together */

void memory_keep_free(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
    (void)mallopt(M_ARENA_MAX, 1);
}

void memory_give_back(void)
{
    (void)malloc_trim(0);
}

void *memory_alloc(size_t size)
{
    void *p = malloc(size);
    CHECK_MEMORY(p != NULL || size == 0);
    return p;
}

void *memory_realloc(void *old, size_t size)
{
    void *p = realloc(old, size);
    CHECK_MEMORY(p != NULL || size == 0);
    return p;
}

char *memory_strdup(const char *s)
{
    char *p = strdup(s);
    CHECK_MEMORY(p != NULL);
    return p;
}
