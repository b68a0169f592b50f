#pragma once
/*
 * The certificate of the server's own for TLS (`tls = auto`): signed by itself, for its names and
 * addresses, in STATE_DIR/tls. Clients are told to trust the file, or compare the fingerprint that
 * `croft status` shows.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define CERTIFICATE_RENEW_DAYS 30 /* before its end */

struct certificate {
    const char *path;
    const char *key_path;
    bool is_new; /* made by this call */
};

/* Makes it, unless there is one that is good for a while; 0 or -errno. */
int certificate_ensure(struct arena *a, const char *state_dir, struct certificate *ret,
                       struct err *e);

#define FINGERPRINT_SIZE 96 /* of SHA-256: 32 pairs of digits with colons between, and the NUL */
/* Of the first certificate of a PEM file; also when it ends, in milliseconds. 0 or -EINVAL. */
int certificate_describe(const char *path, char ret_fingerprint[FINGERPRINT_SIZE],
                         int64_t *ret_ends, struct err *e);
