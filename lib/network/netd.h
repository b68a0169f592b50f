#pragma once
/*
 * croft-netd's work: to answer the calls of netd_calls.h, one connection and one thread each, with
 * a network driver of this process. Calls for one VPC run one at a time, whatever the other side
 * does.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "network/network.h"

#define NETD_CALLS_MAX 128  /* at once; more wait in the socket's queue */
#define NETD_FLOWS_MAX 4096 /* VPCs whose flows are followed; more are refused */

struct netd_config {
    int listener; /* a unix stream socket */
    uid_t user;   /* who may ask, beside root */
    /* Makes the driver, by the configuration as it is now. One thread at a time. */
    int (*open)(void *ctx, struct network **ret_network, struct err *e);
    /* The log of a guest's console, for reading. Any thread. */
    int (*open_console)(void *ctx, const char *instance_id, bool older, int *ret_fd, struct err *e);
    /* Something was refused, or failed. Any thread. */
    void (*report)(void *ctx, const char *message);
    void *ctx;
};

/* Answers until `stop_fd` can be read; then what is under way has a few seconds to end. */
int netd_serve(const struct netd_config *config, int stop_fd, struct err *e);
