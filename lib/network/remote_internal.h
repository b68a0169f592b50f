#pragma once
/* What the files of the remote driver share. */
#include "network/netd_calls.h"
#include "network/remote.h"

/* A connection, and a call on it that was answered with success; the answer is in the arena. */
int remote_call(struct network *network, struct arena *a, enum netd_call call, const void *request,
                void *answer, int *ret_fd, int *ret_socket, struct err *e);
/* network_ops.follow() */
int remote_follow(struct network *network, const char *vpc_id, const struct flow_listener *listener,
                  void *ctx, struct flow_capture **ret, struct err *e);
