#pragma once
/* What the files of lib/jobs share. */
#include <pthread.h>

#include "jobs/jobs.h"
#include "store/queries.h"

#define VPC_SLOTS  32
#define TREE_LOCKS 32 /* trees of layers share them by a hash of their roots' ids */

struct pending_event {
    enum domain_event what;
    char instance_id[40];
};

/* A VPC that has been applied, and nothing has failed since: see vpc.c. */
struct vpc_memory {
    char vpc_id[40];
    uint64_t version; /* store_network_version() before its rows were read */
    uint64_t seen;    /* store_changed_ports(): what has changed before is applied */
    uint64_t audit;   /* jobs.audits before it was planned whole */
};

/* VPCs share slots by a hash of their ids. A slot serialises the work on its VPCs. */
struct vpc_slot {
    pthread_mutex_t lock;
    struct vpc_memory *memories;
    size_t n_memories; /* at most one for each VPC */
};

struct jobs {
    struct jobs_config config;
    struct hypervisor *hypervisor;

    pthread_mutex_t lock;  /* for everything below, but the slots */
    struct host_info host; /* as seen last; all zero: not yet */
    pthread_cond_t changed;
    pthread_cond_t pause_ends; /* of a worker that could not record what it did */
    pthread_t threads[JOBS_WORKERS];
    size_t n_threads;
    char running[JOBS_WORKERS][40];      /* objects whose jobs run now; "" is free */
    int64_t running_since[JOBS_WORKERS]; /* monotonic */
    int64_t looked_at;                   /* monotonic: when a worker looked for work last */
    int64_t reconciled_at;               /* wall clock; 0: not yet */
    bool reconciles;                     /* the last time it did */
    struct pending_event events[JOBS_EVENTS_MAX];
    size_t n_events;
    bool look_at_everything;
    bool woken;
    bool stopping;
    int n_transfers;                   /* imports and exports that run now */
    int64_t next_audit, next_networks; /* monotonic */
    pthread_cond_t stall_ends;
    pthread_t stall_thread; /* stall.c */
    bool stall_runs;

    _Atomic bool may_be_stalled; /* guests may be paused for want of room */
    bool disk_is_full;           /* as the watch saw it last; its own */

    struct vpc_slot vpcs[VPC_SLOTS];
    _Atomic uint64_t audits;      /* passes of the reconciler: each VPC is then planned whole */
    _Atomic uint64_t stale_ports; /* that such a plan has found; each is a defect */
    pthread_mutex_t trees[TREE_LOCKS];
};

/* What a run of a job comes to. */
struct outcome {
    bool again;      /* not finished: run it again at `when` */
    int64_t when;    /* wall clock, milliseconds */
    const char *why; /* for the log and the job's row; NULL: nothing went wrong */
};

/* Each: 0 with the outcome, or -errno with e: tried again with back-off. */
int instance_converge(struct jobs *j, struct arena *a, const struct job *job,
                      struct outcome *ret_outcome, struct err *e);
int market_converge(struct jobs *j, struct arena *a, struct outcome *ret_outcome, struct err *e);
/* Makes, attaches, detaches, grows or removes the volume, as its rows say. */
int volume_converge(struct jobs *j, struct arena *a, const struct job *job,
                    struct outcome *ret_outcome, struct err *e);
int image_converge(struct jobs *j, struct arena *a, const char *image_id, struct err *e);
/* Answers an analysis that is running. */
int insights_converge(struct jobs *j, struct arena *a, const char *id, struct err *e);
/* Ends a request for a peering that nobody has answered in time. */
int peering_converge(struct jobs *j, struct arena *a, const char *id, struct outcome *ret_outcome,
                     struct err *e);
/* Brings a NAT gateway into being, or to its end, with the network of its VPC; and takes its
 * addresses away when they are drained. */
int nat_gateway_converge(struct jobs *j, struct arena *a, const char *id,
                         struct outcome *ret_outcome, struct err *e);
/* Ends the reservation when its time has come. */
int capacity_reservation_converge(struct jobs *j, struct arena *a, const char *id,
                                  struct outcome *ret_outcome, struct err *e);
/* Makes the VPC's namespace, rules, names and addresses as the rows say. */
int vpc_converge(struct jobs *j, const char *vpc_id, struct err *e);
/* The same, unless somebody is at it. */
int vpc_look(struct jobs *j, const char *vpc_id, struct err *e);
/* The same if rows have changed since, and moves the tap of an interface to its bridge. */
int vpc_plug(struct jobs *j, const char *vpc_id, const char *interface_id, struct err *e);

/*
 * Room for an instance that was admitted on room that spot instances had. *ret_taken: it has it, or
 * does not wait (any more). *ret_hopeless: it waits, and no spot instance is there to give any.
 */
int market_take_room(struct jobs *j, struct arena *a, const char *instance_id, bool *ret_taken,
                     bool *ret_hopeless, struct err *e);

/* Compares all rows with the machine and enqueues what differs; removes what belongs to no row. */
int reconcile(struct jobs *j, struct arena *a, struct err *e);
/* Rows that have served their time. */
int housekeeping(struct jobs *j, struct arena *a, struct err *e);
/* Writes down what an event of the hypervisor means for its instance. */
int instance_note_event(struct jobs *j, struct arena *a, const struct pending_event *event,
                        struct err *e);
