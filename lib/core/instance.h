#pragma once
/*
 * An instance: what was asked for, what it is doing, and why.
 *
 * The row is intent and last observation at once: `state` says where the instance is, and for a
 * state on the way (pending, stopping, shutting-down) where it must get to. Only
 * instance_enter_state() assigns it. Strings live in the arena of whoever read the row.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

/*
 *            +-----------------------------------------------+
 *            |                     start                     |
 *            v                                               |
 *   run -> pending ----> running ----> stopping ----> stopped
 *            |              |  ^          |              |
 *            |              |  |reboot    |              |
 *            v              v  +          v              v
 *            +-------> shutting-down <----+--------------+
 *                           |
 *                           v
 *                       terminated
 *
 * pending -> stopping happens when a start fails: the instance is stopped again, with its reason; a
 * first launch that fails ends as terminated. running -> stopped and running -> terminated do not
 * exist: a guest that has powered itself off passes through stopping or shutting-down, however
 * briefly.
 */
enum instance_state {
    INSTANCE_PENDING,
    INSTANCE_RUNNING,
    INSTANCE_SHUTTING_DOWN,
    INSTANCE_TERMINATED,
    INSTANCE_STOPPING,
    INSTANCE_STOPPED,
    _INSTANCE_STATE_MAX
};

extern const struct state_table instance_states;

/* What every instance runs, in EC2's words. */
#define INSTANCE_PLATFORM "Linux/UNIX"

struct instance {
    const char *id; /* i-… */
    const char *account_id;
    const char *region;
    const char *host_id;
    int state;                        /* enum instance_state; read it, never assign it */
    const char *state_reason_code;    /* "Server.InternalError"; NULL: none */
    const char *state_reason_message; /* "Server.InternalError: disk full" */
    const char *transition_reason;    /* "User initiated (2026-01-02 03:04:05 GMT)"; "" when none */

    const char *reservation_id;
    int64_t launch_index;
    const char *client_token;
    int64_t launch_time; /* of the last start */
    int64_t created_at;
    int64_t terminated_at; /* 0 while it lives; rows go an hour later */

    const char *image_id;
    const char *instance_type;
    const char *architecture; /* x86_64, arm64 */
    int64_t vcpus; /* as the type says; kept, so that an owner's change of a type is no surprise */
    int64_t cores; /* that the vcpus are threads of; 0 (rows of schema 1): each is a core */
    int64_t memory_mib;
    int64_t store_disks; /* as those of the type; of store_disk_gb each, in 10^9 bytes */
    int64_t store_disk_gb;
    const char *key_name;   /* NULL: none */
    const char *public_key; /* the OpenSSH line at launch: deleting the key pair changes nothing */
    const char *user_data;  /* base64 as sent; NULL: none. Sensitive */
    const char *root_device_name;

    const char *vpc_id;
    const char *subnet_id;
    const char *zone; /* us-east-1a */
    const char *tenancy;

    bool disable_api_termination;
    bool disable_api_stop;
    bool terminate_on_shutdown; /* InstanceInitiatedShutdownBehavior */
    bool monitoring;
    bool ebs_optimized;
    bool no_seed;              /* it finds its data at the metadata service alone, as in EC2 */
    const char *http_tokens;   /* metadata options: optional, required */
    const char *http_endpoint; /* enabled, disabled */
    const char *http_protocol_ipv6;
    int64_t http_put_response_hop_limit;
    const char *instance_metadata_tags;
    const char *cpu_credits;   /* standard, unlimited; NULL: it never was of a burstable type */
    const char *hostname_type; /* ip-name, resource-name */
    bool resource_name_a;      /* i-… has a record of its first address, */
    bool resource_name_aaaa;   /* and of its first IPv6 address */
    const char *auto_recovery; /* default, disabled */
    const char *reboot_migration;

    const char *uuid; /* of the domain; begins with ec2 (cloud-init looks at it) */
    bool ever_ran; /* false until the first launch is complete: a failure until then terminates */
    bool reboot_requested;
    bool force_stop;
    int64_t reachable_at;   /* when its interface first answered since the start; 0: not yet */
    int64_t impaired_since; /* it has stopped answering; 0: it has not */
    int64_t stalled_at;     /* paused for want of room on the disk; 0: it is not */
    int64_t stop_deadline;  /* when a graceful shutdown is cut short; 0: not asked yet */
    const char *rest_for;   /* a freeze or a root volume task for which it is shut down */
    bool rests;             /* it has been shut down for that */
    const char *hypervisor; /* "kvm" or "qemu", as it was started */

    const char *placement_group_id;   /* NULL: it is in none */
    const char *placement_group_name; /* kept with it: groups are never renamed */
    int64_t partition_number;         /* from 1; 0: none */

    /* Which slots of capacity reservations it may take: open, none, capacity-reservations-only. */
    const char *capacity_preference;
    const char *capacity_target;         /* the one reservation that it may use; NULL: any */
    const char *capacity_reservation_id; /* whose slot it has while it holds memory; NULL: none */

    const char *spot_request_id;     /* NULL: on demand */
    bool spot_persistent;            /* its request is: only then it can be stopped */
    const char *interruption_action; /* terminate, stop: spot_notice_of(); NULL: not marked */
    int64_t interruption_at;         /* 0: not marked */
    const char *interruption_cause;  /* capacity, price; NULL: not marked */
    bool waits_for_room; /* pending until spot instances have given theirs up (core/room.h) */
};

/* The one place that assigns instance->state. 0 or -EPERM. */
int instance_enter_state(struct instance *i, enum instance_state to, struct err *e);
const char *instance_state_name(enum instance_state s);
int instance_state_code(enum instance_state s);
/* Processor cores, and threads of each. */
int64_t instance_cores(const struct instance *i);
int64_t instance_threads_per_core(const struct instance *i);
/* Does it hold memory and processors of the server? */
bool instance_uses_capacity(const struct instance *i);
