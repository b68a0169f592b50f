#pragma once
/*
 * Running a transaction through libnftables, in the network namespace that the calling thread is
 * in. Calls of several threads take turns: the library keeps some of its state in globals.
 */
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
