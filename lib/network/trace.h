#pragma once
/*
 * What nftables tells of packets with `meta nftrace set 1` (nft(8), "monitor trace"): which rules
 * they met, in the network namespace that the thread is in at trace_open(). One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRACE_NAME_MAX   128 /* NFT_NAME_MAXLEN is longer; our chains are not */
#define TRACE_HEADER_MAX 40

enum trace_type { TRACE_RULE, TRACE_RETURN, TRACE_POLICY };
enum trace_verdict { TRACE_DROP, TRACE_ACCEPT, TRACE_GO /* jump or goto */, TRACE_OTHER };

struct trace_event {
    uint32_t id; /* of the packet, while it is under way */
    enum trace_type type;
    enum trace_verdict verdict;
    uint64_t handle; /* of the rule */
    char table[TRACE_NAME_MAX];
    char chain[TRACE_NAME_MAX];
    char target[TRACE_NAME_MAX]; /* of TRACE_GO */
    /* Only of the first event in each base chain; else 0 bytes. */
    uint8_t network[TRACE_HEADER_MAX];
    size_t network_len;
    uint8_t transport[TRACE_HEADER_MAX];
    size_t transport_len;
};

int trace_open(int *ret_fd, struct err *e);
/* Calls `each` for all events that are there now; never waits. */
typedef void trace_fn(const struct trace_event *event, void *ctx);
int trace_read(int fd, trace_fn *each, void *ctx, struct err *e);
