#pragma once
/* The messages (message.h) of croftd and croft-netd. */
#include "base/buf.h"
#include "base/err.h"
#include "network/netd_calls.h"

/* fd -1: none. 0 or -errno: -EPIPE when the other one has gone, -ETIMEDOUT. */
int netd_frame_send(int socket, enum netd_call call, const struct buf *payload, int fd,
                    struct err *e);
/*
 * Reads a frame, and appends what follows its head to `payload`, whose cap bounds it. *ret_fd is -1
 * when none came; more than one are closed. -EPIPE at the end of the stream, -EPROTO: it is none of
 * this build's, -ETIMEDOUT.
 */
int netd_frame_receive(int socket, enum netd_call *ret_call, struct buf *payload, int *ret_fd,
                       struct err *e);
/* Bounds both: a read or a write that takes longer fails with -ETIMEDOUT. */
int netd_frame_limit(int socket, int milliseconds);
