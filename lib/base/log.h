#pragma once
/*
 * The daemon's log: one line per event to stderr, a level, then a message whose facts are
 * key=value. Under systemd the level is the <N> prefix that the journal understands; elsewhere a
 * word and a time. Libraries log nothing above debug, except the workers and the reconciler, whose
 * work no caller sees. Never a secret: key material, user data, signatures and tokens stay out.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
/* "error", "warning", "info", "debug"; -EINVAL for any other word. */
int log_level_from_name(const char *name, enum log_level *ret_level);
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
