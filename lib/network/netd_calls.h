#pragma once
/*
 * All that croftd can ask of croft-netd: a table of calls, each with the shape of what is asked and
 * of what is answered. There is nothing else that netd does for anybody.
 *
 * A call is a connection of its own to netd's socket: a frame there, a frame back, the end. The
 * answer begins with a netd_outcome; what is answered follows when that is 0. A call that gives a
 * descriptor has it with the answer's head (SCM_RIGHTS). After the answer to NETD_FLOWS the
 * connection stays, and brings struct netd_flow_event (flow_remote.h).
 */
#include "network/flow_capture.h"
#include "network/network.h"
#include "network/shape.h"

#define NETD_SOCKET "netd.sock" /* in the runtime directory */

enum netd_call {
    NETD_BEGIN, /* forget what was applied, and read the configuration again: croftd starts */
    NETD_APPLY,
    NETD_DIFFERING,
    NETD_PLUG,
    NETD_UNPLUG,
    NETD_REMOVE,
    NETD_CONNECT,
    NETD_LISTEN,
    NETD_PROBE,
    NETD_NAT_CONNECTIONS,
    NETD_ANSWERS_ON,
    NETD_LIST,
    NETD_TAPS,
    NETD_FLOWS,
    NETD_CONSOLE, /* the log of a guest's console, which virtlogd keeps for root */
    NETD_CALLS,
};

struct netd_apply {
    struct net_vpc vpc;
    bool has_part;
    struct net_part part;
};

struct netd_plug {
    const char *vpc_id;
    const char *interface_id;
    const char *tap;
    const char *bridge;
};

struct netd_unplug {
    const char *vpc_id;
    const char *tap;
};

struct netd_remove {
    const char *id; /* vpc-… or nat-… */
    int64_t index;
};

struct netd_connect {
    const char *vpc_id;
    const char *private_ip;
    int port;
    int timeout_ms;
};

struct netd_listen {
    const char *vpc_id;
    bool ipv6;
};

struct netd_nat {
    const char *nat_gateway_id;
    const char *private_ip;
};

struct netd_address {
    const char *public_ip;
};

struct netd_vpc {
    const char *vpc_id;
};

struct netd_console {
    const char *instance_id;
    bool older;
};

struct netd_count {
    int64_t n;
};

struct netd_link {
    const char *link; /* NULL: none */
};

/* Any request, and any answer. */
union netd_request {
    const char *vpc_id; /* the first member of those that run one at a time for a VPC */
    struct netd_apply apply;
    struct net_vpc vpc;
    struct netd_plug plug;
    struct netd_unplug unplug;
    struct netd_remove remove;
    struct netd_connect connect;
    struct netd_listen listen;
    struct net_probe probe;
    struct netd_nat nat;
    struct netd_address address;
    struct netd_vpc one;
    struct netd_console console;
};

union netd_answer {
    struct netd_count count;
    struct netd_link link;
    struct net_names names;
    struct net_probed probed;
};

struct netd_outcome {
    int code; /* 0, or -errno */
    const char *message;
};

struct netd_description {
    const char *name;
    const struct shape *request;
    const struct shape *answer;
    bool one_at_a_time; /* for one VPC */
    bool gives_fd;
    bool again; /* may be asked again when the connection has broken: it comes to the same */
};

extern const struct netd_description netd_calls[NETD_CALLS];
extern const struct shape shape_outcome;
/* Of all calls. */
uint64_t netd_fingerprint(void);

/* --- what follows the answer to NETD_FLOWS: in one direction these, in the other a byte for each
 * poll */

enum netd_flow_kind {
    NETD_FLOW_SEEN,
    NETD_FLOW_LOST,   /* some events were */
    NETD_FLOW_POLLED, /* the counters that were asked for have all been told; `code` */
};

struct netd_flow_event {
    int kind;
    int code;
    struct flow_seen seen;
    bool has_own;
    uint8_t own[16];
};
