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
    const char *image_id;    /* the layer below; NULL: an empty disk */
    const char *snapshot_id; /* what EC2 shows as the origin; NULL: none */

    const char *instance_id; /* NULL unless attached or on the way */
    const char *device_name; /* /dev/xvda */
    int64_t attached_at;
    bool delete_on_termination;
};

int volume_enter_state(struct volume *v, enum volume_state to, struct err *e);
int volume_enter_attachment_state(struct volume *v, enum attachment_state to, struct err *e);
