#pragma once
/*
 * A growing byte buffer with a hard cap. Appending past the cap sets `failed` and drops the data;
 * callers build a whole text and look at `failed` once, at the end, and it says that the text is
 * too long: without memory the process ends. The content is always terminated by a NUL that does
 * not count. One owner, one thread.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct buf {
    char *data; /* NULL until the first append */
    size_t len;
    size_t capacity;
    size_t max;
    bool failed;
};

/* `max` is the largest length in bytes that the buffer may reach. */
#define BUF_INIT(max_bytes)                                                                        \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }

void buf_done(struct buf *b);
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Makes room for `len` bytes at the end and yields where they go, or NULL; then add to b->len. */
char *buf_reserve(struct buf *b, size_t len);
/* The text so far; "" when nothing was added. Owned by the buffer. */
const char *buf_str(const struct buf *b);
/* Hands the allocation to the caller (free()); the buffer is empty afterwards. NULL when failed. */
char *buf_take(struct buf *b);

#define _cleanup_buf_ _cleanup_(buf_done)
