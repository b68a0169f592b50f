#pragma once
/*
 * A memory arena: everything that one request, or one run of a job, allocates, freed at once.
 *
 * Memory comes back zeroed. Nothing here returns NULL: running out of memory, or of the arena's
 * budget, ends the process (state is transactional and systemd restarts it). The budget is far
 * above what the caps on bodies, lists and pages allow, so reaching it is a bug and not a request.
 * An arena belongs to one thread at a time. Nothing in it may be kept after arena_free().
 */
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

struct arena;

#define ARENA_BUDGET ((size_t)256 << 20)

struct arena *arena_new(void);
void arena_free(struct arena *a);
/* Forgets everything but keeps one block, for the next request on the same thread. */
void arena_reset(struct arena *a);

void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, returns_nonnull));
void *arena_array_of(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));
void *arena_memdup(struct arena *a, const void *data, size_t size);
/* NULL in, NULL out. The copy is always terminated. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

#define arena_new_of(a, type)   ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, n, type) ((type *)arena_array_of((a), (n), sizeof(type)))

/*
 * Appends to a list {type *v; size_t n;} in an arena; capacity is the next power of two of n, so a
 * list that was built by other means must not be appended to. Yields a pointer to the new, zeroed
 * element. The address is good until the next append to the same list.
 */
#define arena_append(a, list)                                                                      \
    ((__typeof__((list)->v))arena_append_to((a), (void **)&(list)->v, &(list)->n,                  \
                                            sizeof(*(list)->v)))
void *arena_append_to(struct arena *a, void **v, size_t *n, size_t size);

DEFINE_CLEANUP(cleanup_arena, struct arena, arena_free)
#define _cleanup_arena_ _cleanup_(cleanup_arena)
