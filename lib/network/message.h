#pragma once
/*
 * Messages of Croft's daemons on a stream socket that blocks: a head, and bytes behind it, which
 * pack.h writes and reads. A descriptor may come with the head (SCM_RIGHTS). One thread at a time
 * sends on a socket, and one receives.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* What two daemons say to each other. */
struct message_set {
    uint64_t (*fingerprint)(void); /* of the shapes of all calls: both are of one build */
    unsigned calls;                /* numbers of calls are below that */
    const char *between;           /* "croftd and croft-netd" */
};

struct message_head {
    uint64_t fingerprint;
    uint32_t call;
    uint32_t len; /* of what follows */
};

/* fd -1: none. 0 or -errno: -EPIPE when the other one has gone, -ETIMEDOUT. */
int message_send(int socket, const struct message_set *set, unsigned call,
                 const struct buf *payload, int fd, struct err *e);
/*
 * Reads a message, and appends what follows its head to `payload`, whose cap bounds it. *ret_fd is
 * -1 when none came; more than one are closed. -EPIPE at the end of the stream, -EPROTO: it is none
 * of this build's, -ETIMEDOUT.
 */
int message_receive(int socket, const struct message_set *set, unsigned *ret_call,
                    struct buf *payload, int *ret_fd, struct err *e);
/* A read or a write that takes longer fails with -ETIMEDOUT; 0: no limit. */
int message_limit(int socket, int receive_ms, int send_ms);
