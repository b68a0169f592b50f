#include "base/arena.h"

#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <stdio.h>

#include "base/check.h"

#define BLOCK_SIZE     ((size_t)16 << 10)
#define ALIGNMENT      ((size_t)16)
#define BLOCK_SIZE_MAX ((size_t)1 << 20)

/*
 * With AddressSanitizer each allocation is followed by forbidden ground, as malloc's are; without
 * it the (UN)POISON macros of its header do nothing.
 */
#ifdef __SANITIZE_ADDRESS__
#define GUARD ALIGNMENT
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARD ALIGNMENT
#endif
#endif
#ifndef GUARD
#define GUARD ((size_t)0)
#endif

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(16) char data[];
};

struct arena {
    struct block *head;
    size_t used;
};

static struct block *block_new(size_t size)
{
    struct block *b = malloc(sizeof(*b) + size);
    CHECK_MEMORY(b != NULL);
    b->next = NULL;
    b->size = size;
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(b->data, size);
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = malloc(sizeof(*a));
    CHECK_MEMORY(a != NULL);
    a->head = block_new(BLOCK_SIZE);
    a->used = 0;
    return a;
}

/* Frees all blocks but the oldest one, which is an ordinary small block. */
void arena_reset(struct arena *a)
{
    while (a->head->next != NULL) {
        struct block *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->head->used = 0;
    a->used = 0;
    ASAN_POISON_MEMORY_REGION(a->head->data, a->head->size);
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    free(a->head);
    free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
    CHECK(size <= ARENA_BUDGET);
    size_t need = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (need == 0)
        need = ALIGNMENT;
    need += GUARD;
    CHECK(a->used + need <= ARENA_BUDGET);

    struct block *b = a->head;
    if (b->size - b->used < need) {
        /* Blocks double with the arena, so a large reply costs few mallocs. */
        size_t want = a->used > BLOCK_SIZE ? a->used : BLOCK_SIZE;
        if (want > BLOCK_SIZE_MAX)
            want = BLOCK_SIZE_MAX;
        b = block_new(need > want ? need : want);
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += need;
    a->used += need;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return memset(p, 0, size);
}

void *arena_array_of(struct arena *a, size_t n, size_t size)
{
    size_t total = 0;
    CHECK(!__builtin_mul_overflow(n, size, &total));
    return arena_alloc(a, total);
}

void *arena_append_to(struct arena *a, void **v, size_t *n, size_t size)
{
    if ((*n & (*n - 1)) == 0) { /* 0 or a power of two: full */
        size_t capacity = *n == 0 ? 1 : *n * 2;
        void *bigger = arena_array_of(a, capacity, size);
        if (*n > 0)
            memcpy(bigger, *v, *n * size);
        *v = bigger;
    }
    return (char *)*v + (*n)++ * size;
}

void *arena_memdup(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size);
    if (size > 0)
        memcpy(p, data, size);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    if (s == NULL)
        return NULL;
    size_t len = strnlen(s, n);
    char *p = arena_alloc(a, len + 1);
    memcpy(p, s, len);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_memdup(a, s, strlen(s) + 1);
}

char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
    char text[256]; /* most are short: then one pass does */
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(text, sizeof(text), format, ap);
    CHECK(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    if ((size_t)n < sizeof(text))
        memcpy(p, text, (size_t)n);
    else
        (void)vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return p;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *p = arena_vprintf(a, format, ap);
    va_end(ap);
    return p;
}
