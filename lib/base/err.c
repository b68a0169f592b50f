#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

int err_set(struct err *e, int code, const char *format, ...)
{
    CHECK(code > 0);
    if (e != NULL) {
        va_list ap;
        va_start(ap, format);
        (void)vsnprintf(e->message, sizeof(e->message), format, ap);
        va_end(ap);
        e->code = code;
    }
    return -code;
}

int err_wrap(struct err *e, int r, const char *format, ...)
{
    CHECK(r < 0);
    if (e != NULL) {
        char before[ERR_MESSAGE_MAX];
        char after[ERR_MESSAGE_MAX];
        va_list ap;
        va_start(ap, format);
        (void)vsnprintf(before, sizeof(before), format, ap);
        va_end(ap);
        memcpy(after, e->message, sizeof(after));
        /* Cutting the tail of an over-long chain is what we want. */
        int n = snprintf(e->message, sizeof(e->message), "%s: %s", before, after);
        (void)n;
        e->code = -r;
    }
    return r;
}

int err_errno(struct err *e, int code, const char *format, ...)
{
    CHECK(code > 0);
    if (e != NULL) {
        char text[ERR_MESSAGE_MAX];
        va_list ap;
        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        char reason[128];
        int n = snprintf(e->message, sizeof(e->message), "%s: %s", text,
                         strerror_r(code, reason, sizeof(reason)));
        (void)n;
        e->code = code;
    }
    return -code;
}

void err_clear(struct err *e)
{
    if (e != NULL) {
        e->code = 0;
        e->message[0] = '\0';
    }
}
