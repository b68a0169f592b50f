#pragma once
/* The end of a request for a peering that nobody answers. */
#include "store/queries.h"

#define PEERING_JOB "vpc-peering-connection"

/*
 * Rows alone: a request that waits and whose time has come is expired. Returns when to look again;
 * 0: there is nothing more to come.
 */
int64_t peering_expire(struct tx *tx, struct arena *a, const char *id, int64_t now);
