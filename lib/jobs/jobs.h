#pragma once
/*
 * The only code that moves the machine.
 *
 * A job names an object (an instance, an image, a VPC); running it compares the object's row with
 * the machine and makes the machine follow. So a job may run twice, or again after a crash, and
 * there is no log of steps to replay. Jobs are rows, written in the same transaction as the intent
 * (store_enqueue()).
 *
 * Jobs of one object run one at a time, jobs of different objects side by side on JOBS_WORKERS
 * threads. The reconciler (reconcile.c) enqueues what differs after a start, when the hypervisor
 * comes back, and every few minutes.
 */
#include "base/err.h"
#include "core/disk_key.h"
#include "core/instance_type.h"
#include "core/region.h"
#include "hypervisor/hypervisor.h"
#include "network/network.h"
#include "storage/storage.h"
#include "store/store.h"

#define JOBS_WORKERS 4
#define JOBS_EVENTS_MAX                                                                            \
    256 /* hypervisor events not yet looked at; beyond it: look at everything                      \
         */
#define JOBS_STOP_TIMEOUT_MS 120000  /* a guest that is asked to power off has this long */
#define JOBS_RETRY_MAX       20      /* attempts of a launch while the hypervisor is away */
#define JOBS_ROOM_MS         600000  /* a launch waits so long for room that nobody gives up */
#define JOBS_AUDIT_MS        120000  /* between two looks at everything */
#define JOBS_NETWORKS_MS     10000   /* between two looks at networks, which others may change */
#define TERMINATED_SHOWN_MS  3600000 /* EC2 shows terminated instances for about an hour */

struct jobs_config {
    struct store *store;
    struct storage *storage;
    struct network *network;
    const char *host_id;
    const char *runtime_dir;      /* console sockets */
    const char *bucket_directory; /* see storage/bucket.h */
    const char *template_dir;     /* of cloud-init; NULL: compiled in */
    const char *keep_strays;      /* while this file is there, strays are; NULL: they go */
    int mtu;
    const char *disk_io; /* DISK_IO_… of hypervisor.h */
    /* These may change while workers run: jobs_retune(). */
    _Atomic int64_t reserve_memory_mib; /* as the API's */
    _Atomic int64_t spot_notice_ms;     /* from a mark to the end */
    _Atomic int64_t disk_full_percent;  /* see core/disk_room.h */
    _Atomic int64_t volume_limits;      /* thousandths: see core/volume_limits.h */
    _Atomic bool snapshot_freeze;       /* ask guests' agents to freeze their file systems */
    struct instance_type_table instance_types;
    const struct server_key *server_key; /* what secrets are sealed with */
    /*
     * Tries to fulfil a spot request that waits, in a transaction of its own: launching is the
     * API's. 0 whether it could be or not (its row says), -errno when the store failed.
     */
    int (*try_spot)(void *ctx, const char *request_id, struct err *e);
    /* The network of a VPC has been made, changed or removed. May be NULL. */
    void (*network_changed)(void *ctx, const char *vpc_id);
    void *ctx; /* of both */
};

struct jobs;

struct jobs *jobs_new(const struct jobs_config *config);
/* Takes the hypervisor (made with jobs_on_domain_event), looks at everything and starts the
 * workers. */
int jobs_start(struct jobs *j, struct hypervisor *h, struct err *e);
/* Lets running jobs end, for at most a minute. Guests keep running. */
void jobs_stop(struct jobs *j);
void jobs_free(struct jobs *j);

/* How the workers get on. */
struct jobs_progress {
    int64_t reconciled_at;   /* the end of the last look at everything that succeeded; 0: none */
    bool reconciles;         /* the last look did succeed */
    int64_t looked_at;       /* monotonic: when a worker asked for work last, or was told of some */
    bool all_busy;           /* no worker is free to ask */
    int64_t longest_ms;      /* so long has a job been running */
    char longest_object[40]; /* that job's; "" for none */
};
/* ctx is the struct jobs. */
void jobs_progress(void *ctx, struct jobs_progress *ret_progress);
/* Kinds of jobs, for metrics: job_kinds of them. */
extern const size_t job_kinds;
const char *job_kind(size_t i);

/* Takes over what may change of a configuration. */
void jobs_retune(struct jobs *j, const struct jobs_config *config);
/* The same of one configuration into another. */
void jobs_config_retune(struct jobs_config *to, const struct jobs_config *from);

/* domain_event_fn of the hypervisor; ctx is the struct jobs. */
void jobs_on_domain_event(void *ctx, enum domain_event what, const char *instance_id);
/* There may be new jobs. ctx is the struct jobs. */
void jobs_wake(void *ctx);
/* Facts about the server, for admission. ctx is the struct jobs. */
void jobs_host(void *ctx, struct host_info *ret_info);
