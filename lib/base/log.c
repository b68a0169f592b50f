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
#include "base/text.h"

static _Atomic int current_level = LOG_LEVEL_INFO;
static log_sink_fn *_Atomic sink;

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

void log_set_sink(log_sink_fn *to)
{
    sink = to;
}

static size_t prefix(enum log_level level, char *line, size_t size)
{
    if (getenv("JOURNAL_STREAM") != NULL)
        return (size_t)snprintf(line, size, "<%d>", levels[level].syslog);
    char when[CLOCK_ISO8601_SIZE];
    clock_format_iso8601(clock_now(), when);
    return (size_t)snprintf(line, size, "%s %-7s ", when, levels[level].name);
}

void log_write(enum log_level level, const char *format, ...)
{
    if ((int)level > current_level)
        return;

    char line[2048];
    size_t used = prefix(level, line, sizeof(line));
    char *message = line + used;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(message, sizeof(line) - used - 1, format, ap);
    va_end(ap);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof(line) - used - 1 ? (size_t)n : sizeof(line) - used - 2;
    /* One event is one line, and nothing in it is for a terminal, whatever a message carries. */
    text_defuse(message, len, ' ');
    log_sink_fn *to = sink;
    if (to != NULL && to(levels[level].syslog, message, len))
        return;
    message[len] = '\n';
    /* One write, so that lines of several threads do not mix. A full log is not worth an error. */
    ssize_t written = write(STDERR_FILENO, line, used + len + 1);
    (void)written;
}

static size_t key_length(const char *p)
{
    size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return p[n] == '=' ? n : 0;
}

size_t log_fields(const char *message, struct log_field *ret_fields, size_t max)
{
    size_t n = 0;
    for (const char *p = message; *p != '\0' && n < max;) {
        size_t key = key_length(p);
        const char *end = p + strcspn(p, " ");
        if (key > 0) {
            const char *value = p + key + 1;
            bool quoted = *value == '"';
            value += quoted;
            const char *last = quoted ? strchr(value, '"') : NULL;
            end = last != NULL ? last : value + strcspn(value, quoted ? "" : " ");
            ret_fields[n++] = (struct log_field){p, key, value, (size_t)(end - value)};
            end += last != NULL;
        }
        p = end + strspn(end, " ");
    }
    return n;
}

noreturn void check_failed(const char *what, const char *file, int line)
{
    log_error("assertion failed: %s (%s:%d)", what, file, line);
    abort();
}

noreturn void out_of_memory(const char *what, const char *file, int line)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&said))
        (void)pause(); /* another thread says it, and ends this one, too */
    log_error("out of memory: %s (%s:%d)", what, file, line);
    abort();
}
