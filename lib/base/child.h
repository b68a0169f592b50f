#pragma once
/*
 * Child processes: qemu-img, ip, dnsmasq, xz. Always an argv array, never a shell. The
 * child gets /dev/null or `input` on stdin, no descriptor of ours beyond 0-2, a default signal
 * mask, and a time limit after which it is killed. Any thread may call.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct child {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *input;       /* bytes for stdin, or NULL */
    size_t input_len;
    int timeout_ms;     /* 0: 60 seconds */
    struct buf *output; /* stdout, up to its cap; NULL: thrown away */
    /*
     * Instead of `output`: called with what comes on stdout, and with nothing (len 0) when
     * CHILD_WATCH_MS have passed. Not 0: the child is killed, and the run ends with -ECANCELED.
     */
    int (*watch)(void *ctx, const char *bytes, size_t len);
    void *ctx;
};

#define CHILD_WATCH_MS 500

/*
 * Runs to the end. 0 when it exits with 0; otherwise -errno and a message that names the program
 * and carries the first line of its stderr: -ETIMEDOUT, -ENOENT (no such program), -EIO (it
 * failed), -ECANCELED (`watch` said so).
 */
int child_run(const struct child *c, struct err *e);

/* child_run for a literal list: CHILD(e, "ip", "link", "show") */
#define CHILD(e, ...)                                                                              \
    child_run(&(struct child){.argv = (const char *const[]){__VA_ARGS__, NULL}}, e)
