#pragma once
/* A snapshot: a layer that is kept as it was, or the layer of an image. */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

/* EC2's word for the volume of one that was not made from one. */
#define SNAPSHOT_NO_VOLUME "vol-ffffffff"

enum snapshot_state { SNAPSHOT_PENDING, SNAPSHOT_COMPLETED, SNAPSHOT_ERROR, _SNAPSHOT_STATE_MAX };

extern const struct state_table snapshot_states;

struct snapshot {
    const char *id; /* snap-… */
    const char *account_id;
    const char *region;
    int state;                /* enum snapshot_state */
    const char *state_reason; /* of SNAPSHOT_ERROR; NULL: none */
    const char *volume_id;    /* what EC2 shows; it may be gone */
    const char *description;
    const char *owner_alias; /* NULL: none */
    int64_t size_gib;        /* 0: not known yet */
    int64_t started_at;
    int64_t completed_at; /* 0: it is not */
    bool is_public;
    const char *freeze_id; /* snapshots that are taken at one moment; NULL: it was made otherwise */
    const char *layer_id;  /* NULL: its volume is not frozen yet, or it is an image's */
    const char *image_id;  /* whose layer it is; NULL: not an image's */
    bool encrypted;
    int64_t missing_since; /* SNAPSHOT_ERROR because a file of it has been gone; 0: none is */
};

int snapshot_enter_state(struct snapshot *s, enum snapshot_state to, struct err *e);
