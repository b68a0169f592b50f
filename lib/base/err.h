#pragma once
/*
 * Errors below the API: a negative errno as the return value and a sentence for the log.
 *
 *     int thing_make(..., struct err *e);          // 0, or -errno with e filled in
 *     return err_set(e, ENOENT, "no image file %s", path);
 *     return err_wrap(e, r, "cannot start domain %s", name);   // "cannot start domain x: ..."
 *
 * On success e is untouched. e may be NULL. Messages hold no secrets: they reach the log and, as a
 * state reason, the user.
 */
#define ERR_MESSAGE_MAX 512

struct err {
    int code; /* positive errno, 0 while there is none */
    char message[ERR_MESSAGE_MAX];
};

int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts a sentence before the message that is there; returns r, which must be negative. */
int err_wrap(struct err *e, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The sentence with strerror(code) behind it. */
int err_errno(struct err *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void err_clear(struct err *e);
