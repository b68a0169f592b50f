#pragma once
/*
 * The API: an HTTP request comes in, one row of the action table answers it.
 *
 *     authenticate -> route -> throttle -> decode -> check -> authorize -> begin -> client token
 *       -> the action -> (dry run: roll back) -> commit -> encode -> wake the workers
 *
 * Three doors lead to the same functions: the EC2 query protocol, AWS JSON 1.1 and POST /v1/Action.
 * Actions commit intent to the store and return; lib/jobs makes the machine follow. So nothing here
 * calls libvirt, nft or qemu-img: of the drivers it uses only what a reply has to read (the console
 * log), and the two ways for bulk bytes (uploads, tunnels).
 *
 * Thread-safe: requests come on several threads at once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "auth/peer.h"
#include "auth/sigv4.h"
#include "core/account.h"
#include "core/address_range.h"
#include "core/instance_type.h"
#include "core/region.h"
#include "http/server.h"
#include "hypervisor/hypervisor.h"
#include "jobs/jobs.h"
#include "network/network.h"
#include "storage/storage.h"
#include "store/store.h"

struct permissions;

/* Who reads /metrics and /healthz, which need no credentials: see monitoring.h. */
enum monitoring {
    MONITORING_LOOPBACK, /* who is on this server: loopback and the unix socket */
    MONITORING_SOCKET,   /* the unix socket alone */
    MONITORING_EVERYONE, /* whoever reaches the API; guests never */
    MONITORING_NOBODY,
};

struct api_config {
    struct store *store;
    struct storage *storage;
    struct network *network;
    struct hypervisor *hypervisor;
    struct region_list regions; /* served; the first is the default */
    const char *account_id;
    const char *host_id;
    const char *runtime_dir; /* console sockets */
    const char *page_secret; /* makes NextTokens ours; from the store's settings */
    struct instance_type_table instance_types;
    struct address_ranges public_addresses;
    struct cidr6 ipv6_prefix; /* VPCs' blocks of IPv6 are parts of it; at most 56 bits */
    /* These may change while requests are served: api_retune(). */
    _Atomic int64_t reserve_memory_mib; /* never given to guests */
    _Atomic int64_t max_instances;
    _Atomic int64_t spot_notice_ms; /* from a spot instance's mark to its end */
    _Atomic(enum monitoring) monitoring;
    /* So many times EC2's limits of requests has each account but account_id (throttle.h), and that
     * one; 0: as many as it likes. */
    _Atomic int64_t api_rate;
    _Atomic int64_t api_rate_owner;
    _Atomic bool no_seed; /* instances get no seed for cloud-init, unless their image wants one */
    struct quota_values quotas;     /* of each account but account_id */
    const struct jobs_config *jobs; /* for explanations */
    struct peer_gate *peers;
    const struct server_key *server_key;
    struct permissions *permissions; /* the API's own, made by api_new(); NULL: none are kept */
    bool signature_v2;               /* also take signatures of version 2 */
    /* Facts about the server; must not block. */
    void (*host)(void *ctx, struct host_info *ret_info);
    /* How the workers get on; must not block. */
    void (*progress)(void *ctx, struct jobs_progress *ret_progress);
    /* Called after each commit: there may be jobs. */
    void (*wake)(void *ctx);
    void *ctx; /* of host, progress and wake */
};

struct api;

/* The config is copied; what it points to must live as long. */
struct api *api_new(const struct api_config *config);
void api_free(struct api *api);
/* Takes over what may change of a configuration. */
void api_retune(struct api *api, const struct api_config *config);
/* What TLS listeners show, for /v1/status: its fingerprint and its end. */
void api_set_certificate(struct api *api, const char *fingerprint, int64_t ends);
/*
 * Tries to fulfil a spot request, in a transaction of its own: launches its instance or starts its
 * stopped one, or says in its row why not. For the workers; -errno when the store failed.
 */
int api_try_spot(struct api *api, const char *request_id, struct err *e);
const struct http_callbacks *api_http_callbacks(void); /* their ctx is the struct api */
