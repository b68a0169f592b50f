#pragma once
/*
 * Flow logs: what passes the interfaces of VPCs, and what is stopped, into files in AWS's format.
 *
 * One thread serves all VPCs that have flow logs; others pay nothing. In the namespace of a VPC it
 * turns connection accounting on and adds up what conntrack says of ended connections, and once in
 * a window of those that go on (its counters are read and cleared in one step). For what is stopped
 * a table of its own, `inet croft_flow`, shows it each beginning before and behind the rules: who
 * is seen before and not behind was stopped. The rules themselves are not touched.
 *
 * An interface of a plan has its window in memory, bounded: what does not fit makes the window's
 * record say SKIPDATA. Files are appended to, and renamed to .1 to .4 when they are large. If one
 * cannot be written the window is lost, and reported; nothing waits for a file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define FLOW_FILE_MAX   (10L << 20) /* bytes, then the next one begins */
#define FLOW_FILES_KEPT 4           /* beside the one that is written to */

/* An interface in a flow log. */
struct flow_target {
    const char *vpc_id;
    const char *interface_id;
    const char *account_id;
    const char *region;
    const char *zone_id;
    const char *subnet_id;
    const char *instance_id;      /* NULL: none */
    const char *const *addresses; /* IPv4 and IPv6 */
    size_t n_addresses;
    const char *const *routers; /* addresses of the VPC's own services, of which nothing is said */
    size_t n_routers;
    bool accept, reject;
    int interval; /* seconds */
    const char *format;
    const char *file; /* below the directory */
};

struct flow_plan {
    const struct flow_target *v;
    size_t n;
};

struct network;

struct flow_recorder_config {
    const char *directory;
    /*
     * What is to be recorded. 1 with the plan in the arena, 0 when it is the same as at *version,
     * -errno. Called about once a second by the recorder's thread.
     */
    int (*plan)(void *ctx, struct arena *a, uint64_t *version, struct flow_plan *ret_plan,
                struct err *e);
    /* Something could not be recorded. */
    void (*report)(void *ctx, const char *message);
    void *ctx;
    struct network *network; /* who follows the flows; NULL: this process does, as root */
};

struct flow_recorder;

/* Strings of the config must outlive the recorder. */
int flow_recorder_new(const struct flow_recorder_config *config, struct flow_recorder **ret,
                      struct err *e);
/* Writes what it has and ends the thread. */
void flow_recorder_free(struct flow_recorder *r);
