#include "base/memory.h"

#include <malloc.h>

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
