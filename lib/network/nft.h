#pragma once
/*
 * Running a transaction through libnftables, in the network namespace that the calling thread is
 * in. Calls of several threads take turns: the library keeps some of its state in globals.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* `json` (or lines for nft -f) is one transaction: all of it is applied or nothing. -EIO with
 * nftables' first complaint.
 */
int nft_run(const char *json, struct err *e);
/* The same for a command that answers; the JSON answer is appended. */
int nft_query(const char *json, struct buf *out, struct err *e);

/*
 * The number of the rule sets of this namespace, which grows by one with each transaction,
 * whoever's it is. 0: it cannot be told.
 */
uint32_t nft_generation(void);
/* Is that the number? 0 never is. */
bool nft_is_at(uint32_t generation);
/*
 * nft_run(), and keeps the number that it left in *generation: 0 when somebody else was there
 * meanwhile, or since *generation (0: no matter).
 */
int nft_run_known(const char *json, uint32_t *generation, struct err *e);
