#pragma once
/*
 * Base64 (RFC 4648, standard alphabet). Encoding pads. Decoding skips white space, because clients
 * send user data with line ends in it, takes text whose padding is missing, and refuses everything
 * else.
 */
#include <stddef.h>

#include "base/arena.h"

char *base64_encode(struct arena *a, const void *data, size_t len);
/* 0, or -EINVAL. The result is terminated by a NUL that does not count. */
int base64_decode(struct arena *a, const char *text, size_t len, char **ret_data, size_t *ret_len);
