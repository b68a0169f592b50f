#pragma once
/*
 * A volume: a disk file, and where it is attached. In EC2 a volume has a state and its attachment
 * another; a volume is attached to one instance at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

enum volume_state {
    VOLUME_CREATING,
    VOLUME_AVAILABLE,
    VOLUME_IN_USE,
    VOLUME_DELETING,
    VOLUME_DELETED,
    VOLUME_ERROR,
    _VOLUME_STATE_MAX
};

enum attachment_state {
    ATTACHMENT_DETACHED,
    ATTACHMENT_ATTACHING,
    ATTACHMENT_ATTACHED,
    ATTACHMENT_DETACHING,
    _ATTACHMENT_STATE_MAX
};

extern const struct state_table volume_states;
extern const struct state_table attachment_states;

struct volume {
    const char *id; /* vol-… */
    const char *account_id;
    const char *region;
    const char *zone;
    int state;            /* enum volume_state */
    int attachment_state; /* enum attachment_state */
    const char *volume_type;
    int64_t size_gib;
    int64_t created_at;
    const char *snapshot_id; /* what EC2 shows as the origin; NULL: none */

    const char *instance_id; /* NULL unless attached or on the way */
    const char *device_name; /* /dev/xvda */
    int64_t attached_at;
    bool delete_on_termination;

    int64_t iops;       /* 0: none stated */
    int64_t throughput; /* MiB a second; 0: none stated */
    bool auto_enable_io;
    bool force_detach;        /* the guest is not waited for */
    const char *state_reason; /* of VOLUME_ERROR; NULL: none */

    const char *layer_id;      /* what it writes into: see layer.h */
    const char *next_layer_id; /* what it is going to write into; NULL: that is not to change */
    const char *freeze_id;     /* the snapshots for which it is; NULL: none */
    int64_t layers_made;
    int64_t missing_since; /* a file of its disk has been gone; 0: all are there */
    bool encrypted;
};

enum modification_state {
    MODIFICATION_MODIFYING,
    MODIFICATION_OPTIMIZING,
    MODIFICATION_COMPLETED,
    MODIFICATION_FAILED,
    _MODIFICATION_STATE_MAX
};

extern const struct state_table modification_states;

/* The last change of a volume's size, type or performance. The volume has the target's once it is
 * past MODIFYING. */
struct volume_modification {
    const char *volume_id;
    const char *account_id;
    const char *region;
    int state;                  /* enum modification_state */
    const char *status_message; /* why it failed; NULL: it has not */
    const char *original_type;
    int64_t original_size_gib;
    int64_t original_iops;
    int64_t original_throughput;
    const char *target_type;
    int64_t target_size_gib;
    int64_t target_iops;
    int64_t target_throughput;
    int64_t started_at;
    int64_t ended_at; /* 0: it has not */
};

/* Has the machine yet to follow, by a job of the volume's own? */
bool volume_is_moving(const struct volume *v);
int volume_enter_state(struct volume *v, enum volume_state to, struct err *e);
int volume_enter_attachment_state(struct volume *v, enum attachment_state to, struct err *e);
int modification_enter_state(struct volume_modification *m, enum modification_state to,
                             struct err *e);
/* Gives the volume what the modification aims at. */
void volume_apply_modification(struct volume *v, const struct volume_modification *m);
/* /dev/sdf and /dev/xvdf, with or without a partition's number (AWS: "Device names for volumes").
 */
bool volume_device_name_ok(const char *name);
