#pragma once
/*
 * The parts of croftd, put together in the order in which they need each other, and taken apart
 * again. What they do is in lib/. All of it is the main thread's.
 */
#include "api/api.h"
#include "config.h"
#include "hypervisor/hypervisor.h"
#include "jobs/bootstrap.h"
#include "jobs/jobs.h"
#include "metadata/metadata.h"
#include "network/flow_log.h"

struct daemon {
    /* main()'s, before it is started */
    struct arena *arena;
    int argc;
    char **argv;
    struct config config;
    int64_t tls_looked_at; /* monotonic */
    int lock;              /* of the state directory; -1 */

    struct store *store;
    struct storage *storage;
    struct network *network;
    struct jobs_config jobs_config;
    struct jobs *jobs;
    struct metadata *metadata;
    struct flow_recorder *recorder; /* NULL with the fake network */
    struct hypervisor *hypervisor;
    struct peer_gate *peers;
    struct api *api;
    struct http_server *http;
    struct bootstrap_result facts;
    struct server_key server_key;
};

/* All parts, from the store to the listeners; 0 or -errno. What has been made is for daemon_stop().
 */
int daemon_start(struct daemon *d, struct err *e);
void daemon_stop(struct daemon *d);
/* What of the configuration may change while it runs is in force from here on, but TLS. */
void daemon_retune(struct daemon *d);
/* The server's own certificate, if it is to have one; and what there is, told to the API. */
int daemon_set_up_tls(struct daemon *d, struct err *e);
/* As the configuration says; before the parts, too. */
void daemon_tune_log(const struct config *c);
