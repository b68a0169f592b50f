#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
    CHECK(b->max > 0);
    if (b->failed || len > b->max || b->len > b->max - len) {
        b->failed = true;
        return NULL;
    }
    size_t need = b->len + len + 1;
    if (need > b->capacity) {
        size_t capacity = b->capacity < 256 ? 256 : b->capacity * 2;
        if (capacity < need)
            capacity = need;
        if (capacity > b->max + 1)
            capacity = b->max + 1;
        char *data = realloc(b->data, capacity);
        CHECK_MEMORY(data != NULL);
        b->data = data;
        b->capacity = capacity;
    }
    return b->data + b->len;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    char *to = buf_reserve(b, len);
    if (to == NULL)
        return;
    if (len > 0)
        memcpy(to, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    CHECK(n >= 0);
    char *to = buf_reserve(b, (size_t)n);
    if (to != NULL) {
        (void)vsnprintf(to, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    buf_vprintf(b, format, ap);
    va_end(ap);
}

const char *buf_str(const struct buf *b)
{
    return b->data == NULL ? "" : b->data;
}

char *buf_take(struct buf *b)
{
    if (b->failed) {
        buf_done(b);
        return NULL;
    }
    if (b->data == NULL)
        buf_add(b, "", 0);
    char *data = TAKE(b->data);
    b->len = b->capacity = 0;
    return data;
}
