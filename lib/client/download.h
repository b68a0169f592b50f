#pragma once
/*
 * Files from elsewhere, over http and https: not Croft's API. Proxies are those of the environment
 * (http_proxy, https_proxy, no_proxy), as libcurl reads it. What begins with https is not led to
 * http. Blocking; a transfer that stands still for DOWNLOAD_STALL_S ends.
 *
 * Errors: -EREMOTEIO the server refused (its status is in e), -ETIMEDOUT, -ECANCELED by `progress`,
 * -EFBIG, -EIO anything else on the way, -errno of the file.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/client.h"

#define DOWNLOAD_STALL_S 60
#define DIGEST_HEX_MAX   129 /* of SHA-512, with its NUL */

/* A small file, at most to.max bytes. *ret_url is where it was found in the end, in the arena. */
int download_text(const char *url, struct buf *to, struct arena *a, const char **ret_url,
                  struct err *e);

struct download_facts {
    int64_t size;     /* -1: the server does not say */
    int64_t modified; /* seconds since 1970; -1: it does not say */
};
/* What there is to download, without doing so. */
int download_look(const char *url, struct download_facts *ret, struct err *e);

/*
 * To the file `path`, which is made (0600) or, when a part of it is there, gone on with; from its
 * beginning when the server cannot give parts. What is there after an error stays, for the next
 * time. Whether all is right is for the digest to say.
 */
int download_file(const char *url, const char *path, int64_t max, client_progress *progress,
                  void *ctx, struct err *e);

/* Of a file, in lower case: SHA-256 when hex_len is 64, SHA-512 when it is 128; else -EINVAL. */
int download_digest(const char *path, size_t hex_len, char ret_hex[DIGEST_HEX_MAX], struct err *e);
