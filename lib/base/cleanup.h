#pragma once
/*
 * Cleanup attributes: a variable declared with one is released when it leaves scope.
 *
 *     _cleanup_free_ char *text = NULL;
 *     _cleanup_close_ int fd = open(...);
 *     return TAKE(text);              // hands ownership to the caller
 *
 * Declare such a variable initialised; a release function accepts NULL (or -1 for descriptors).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
    }
}

#define _cleanup_free_  _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)

/* Moves a pointer out of a cleaned-up variable. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) _taken = (p);                                                                \
        (p) = NULL;                                                                                \
        _taken;                                                                                    \
    })

/* The same for a descriptor. */
#define TAKE_FD(fd)                                                                                \
    ({                                                                                             \
        int _taken = (fd);                                                                         \
        (fd) = -1;                                                                                 \
        _taken;                                                                                    \
    })

/* Defines cleanup_NAME for a free function that takes TYPE *. */
#define DEFINE_CLEANUP(name, type, function)                                                       \
    static inline void name(type **p)                                                              \
    {                                                                                              \
        if (*p != NULL)                                                                            \
            function(*p);                                                                          \
    }

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
