#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"

static _Atomic int current_level = LOG_LEVEL_INFO;

static const struct {
    const char *name;
    int syslog;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_set_level(enum log_level level)
{
    current_level = level;
}

int log_level_from_name(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (strcmp(levels[i].name, name) == 0) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    return -EINVAL;
}

void log_write(enum log_level level, const char *format, ...)
{
    if ((int)level > current_level)
        return;

    char line[2048];
    size_t used = 0;
    if (getenv("JOURNAL_STREAM") != NULL) {
        used = (size_t)snprintf(line, sizeof(line), "<%d>", levels[level].syslog);
    } else {
        char when[CLOCK_ISO8601_SIZE];
        clock_format_iso8601(clock_now(), when);
        used = (size_t)snprintf(line, sizeof(line), "%s %-7s ", when, levels[level].name);
    }
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line + used, sizeof(line) - used - 1, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    used += (size_t)n < sizeof(line) - used - 1 ? (size_t)n : sizeof(line) - used - 2;
    for (size_t i = 0; i < used; i++) /* one event is one line, whatever a message carries */
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    line[used++] = '\n';
    /* One write, so that lines of several threads do not mix. A full log is not worth an error. */
    ssize_t written = write(STDERR_FILENO, line, used);
    (void)written;
}

noreturn void check_failed(const char *what, const char *file, int line)
{
    log_error("assertion failed: %s (%s:%d)", what, file, line);
    abort();
}
