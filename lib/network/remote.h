#pragma once
/*
 * The network driver of croftd: it asks croft-netd, which has the linux driver and may do what that
 * needs (netd_calls.h). croftd itself needs nothing that its user has not.
 *
 * netd may be restarted at any time; guests do not notice. A call waits a bounded time for it to
 * come back, and is asked again when its connection broke and it comes to the same. What was
 * applied is then no longer known, which the jobs hear (-ESTALE) and apply whole. -ENOTCONN: it
 * stayed away, or ended before it answered; the call may have been carried out or not.
 */
#include "network/network.h"

/* Strings are copied. */
struct remote_network_config {
    const char *socket_path;
    int wait_ms; /* for netd to answer the door; 0: ten seconds */
    /* netd has gone, or is back. Any thread; may be NULL. */
    void (*report)(void *ctx, const char *message);
    void *ctx;
};

/* Makes netd forget what an earlier croftd applied. -ENOTCONN: it does not answer;
 * or what netd says to its own configuration. */
int remote_network_new(const struct remote_network_config *config, struct network **ret_network,
                       struct err *e);
/* The log of a guest's console, or the older one, for reading. -ENOENT: there is none. */
int remote_open_console(struct network *network, const char *instance_id, bool older, int *ret_fd,
                        struct err *e);
