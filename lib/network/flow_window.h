#pragma once
/* What one interface did in one window, and the lines that AWS's format has for it. Pure. */
#include "base/buf.h"
#include "network/flow_log.h"

#define FLOW_ENTRIES_MAX 4096 /* different flows of an interface in a window */

/* IPv4 is in the first four bytes. */
struct flow_key {
    uint8_t src[16];
    uint8_t dst[16];
    uint16_t sport, dport;
    uint8_t protocol;
    bool is_ipv6, is_egress, is_reject;
};

struct flow_entry {
    struct flow_key key;
    uint64_t packets, bytes;
    int64_t first, last; /* seconds */
};

struct flow_window {
    struct flow_entry *entries; /* room for `cap`, a power of two; packets == 0: free */
    size_t n, cap;
    int64_t start; /* seconds */
    bool lost;     /* something is not in it */
    size_t *room;  /* entries that all windows together may still take */
};

/* Keys are compared as memory: clear them first. */
void flow_window_add(struct flow_window *w, const struct flow_key *key, uint64_t packets,
                     uint64_t bytes, int64_t first, int64_t last);
/* Appends the lines, and empties the window for the next, which begins at `end`. */
void flow_window_write(struct flow_window *w, const struct flow_target *t, int64_t end,
                       struct buf *out);
void flow_window_done(struct flow_window *w);
