#pragma once
/*
 * The daemon's log: one line per event to stderr, a level, then a message whose facts are
 * key=value. Under systemd the level is the <N> prefix that the journal understands; elsewhere a
 * word and a time; a sink, such as the journal's own protocol, may take lines instead. Libraries
 * log nothing above debug, except the workers and the reconciler, whose work no caller sees. Never
 * a secret: key material, user data, signatures and tokens stay out.
 */
#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
/* "error", "warning", "info", "debug"; -EINVAL for any other word. */
int log_level_from_name(const char *name, enum log_level *ret_level);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes a line: a priority of syslog's, and the message. false: it goes to stderr after all. */
typedef bool log_sink_fn(int priority, const char *message, size_t len);
void log_set_sink(log_sink_fn *sink);

/* The facts of a message: each `key=value` or `key="some value"` of it, as far as they fit. */
struct log_field {
    const char *key; /* within the message, as is the value */
    size_t key_len;
    const char *value;
    size_t value_len;
};
size_t log_fields(const char *message, struct log_field *ret_fields, size_t max);

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
