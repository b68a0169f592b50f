#pragma once
/*
 * Rows for the guests of an intent, and the metadata service that answers them from these rows. The
 * instance of eni-X is i-X.
 */
#include "base/err.h"
#include "network/network.h"

struct guests_options {
    const char *http_tokens;
    int64_t hop_limit;
};

/* Writes the rows of the intent (its database is in the directory) and has the service look at the
 * VPC; it is started with the first call. */
int guests_know(struct network *n, const char *directory, const struct net_vpc *intent,
                const struct guests_options *o, struct err *e);
/* The VPC has been removed. */
void guests_forget(const char *vpc_id);
void guests_end(void);
