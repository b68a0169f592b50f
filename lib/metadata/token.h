#pragma once
/*
 * Tokens of IMDSv2. A token is not kept anywhere: it says when it ends, and a MAC over that, the
 * interface and the instance proves that it was made here for them. So there is no table to fill,
 * and a restart of the daemon ends none. Pure, but for random numbers.
 */
#include <stdbool.h>
#include <stdint.h>

#define TOKEN_SIZE      57    /* 56 characters and a NUL */
#define TOKEN_TTL_MAX_S 21600 /* AWS: six hours */

struct token_key {
    unsigned char bytes[32];
};

/* Whom a token is for: no other interface, and no other instance that gets this one. */
struct token_holder {
    const char *interface_id;
    const char *instance_id;
};

void token_make(const struct token_key *key, const struct token_holder *holder, int64_t expires_at,
                char out[TOKEN_SIZE]);
/* Is it good at `now`? Then *ret_left is the milliseconds that it has left. */
bool token_check(const struct token_key *key, const struct token_holder *holder, int64_t now,
                 const char *text, int64_t *ret_left);
