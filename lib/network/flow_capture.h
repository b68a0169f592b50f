#pragma once
/*
 * What the kernel says of the flows in one VPC's namespace: conntrack's counters for those that
 * pass, and what its rules stop. For one thread.
 */
#include "base/err.h"
#include "network/flow_window.h"

/* A connection's packets in one direction, or one that was stopped (is_reject). */
struct flow_seen {
    struct flow_key key; /* src and dst as the interface sees them; is_egress is not set */
    uint64_t packets, bytes;
    int64_t first, last; /* seconds; first may be 0: not known */
};

/*
 * An interface that a flow is of has the address `own` (the other one is the peer's): the sender's
 * side and the receiver's side are told one after the other. False: no interface has it.
 */
typedef bool flow_seen_fn(void *ctx, const struct flow_seen *seen, const uint8_t own[16]);
/* Some events were lost. */
typedef void flow_lost_fn(void *ctx);

struct flow_capture;

/* Begins in the namespace of this name. What went on before does not count. */
int flow_capture_open(const char *name, flow_seen_fn *seen, flow_lost_fn *lost, void *ctx,
                      struct flow_capture **ret, struct err *e);
/* Another context for the callbacks from here on. */
void flow_capture_tell(struct flow_capture *c, void *ctx);
/* Takes the table away, too, when the namespace is still there. */
void flow_capture_close(struct flow_capture *c);
/* Is it still about the namespace of that name? */
bool flow_capture_is_alive(const struct flow_capture *c);
/* The two descriptors to wait for. */
void flow_capture_fds(const struct flow_capture *c, int ret_fds[2]);
/* Takes what has come. */
void flow_capture_read(struct flow_capture *c);
/* Reads the counters of connections that go on, and clears them. */
int flow_capture_poll(struct flow_capture *c, struct err *e);
