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

/* Who is told. */
struct flow_listener {
    /*
     * An interface that a flow is of has the address `own` (the other one is the peer's): the
     * sender's side and the receiver's side are told one after the other. `own` NULL: one that was
     * stopped, it is not known at which side.
     */
    void (*seen)(void *ctx, const struct flow_seen *seen, const uint8_t own[16]);
    /* Some events were lost. */
    void (*lost)(void *ctx);
};

struct flow_capture;

/* Who follows may be this process or croft-netd (network_ops.follow). */
struct flow_capture_ops {
    /* Another context for the listener from here on. */
    void (*tell)(struct flow_capture *c, void *ctx);
    /* Takes what was put up for it away, too, when the namespace is still there. */
    void (*close)(struct flow_capture *c);
    /* Is it still about the namespace of that name? */
    bool (*is_alive)(const struct flow_capture *c);
    /* The two descriptors to wait for; -1: there is none. */
    void (*fds)(const struct flow_capture *c, int ret_fds[2]);
    /* Takes what has come. */
    void (*read)(struct flow_capture *c);
    /* Reads the counters of connections that go on, and clears them. */
    int (*poll)(struct flow_capture *c, struct err *e);
};

struct flow_capture {
    const struct flow_capture_ops *ops;
};

/* Begins in the namespace of this name, in this process. What went on before does not count. */
int flow_capture_open(const char *name, const struct flow_listener *listener, void *ctx,
                      struct flow_capture **ret, struct err *e);
