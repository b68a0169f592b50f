#pragma once
/* A machine image: an immutable qcow2 layer with a name. */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

enum image_state {
    IMAGE_PENDING,
    IMAGE_AVAILABLE,
    IMAGE_FAILED,
    IMAGE_DEREGISTERED, /* the row stays while instances stand on the layer */
    _IMAGE_STATE_MAX
};

extern const struct state_table image_states;

struct image {
    const char *id; /* ami-… */
    const char *account_id;
    const char *region;
    int state;                /* enum image_state */
    const char *state_reason; /* why it failed; NULL: none */
    const char *name;
    const char *description;
    const char *owner_alias; /* "amazon" and the like; NULL: none */
    const char *architecture;
    const char *root_device_name;
    const char *location;    /* ImageLocation as EC2 shows it */
    const char *upload_id;   /* the uploaded file that the layer is made from; NULL once it is */
    const char *snapshot_id; /* EC2 shows each image's root device as made from a snapshot */
    int64_t size_gib;        /* virtual size, rounded up; known once available */
    int64_t created_at;
    bool is_public;
    bool ena_support;
    const char *boot_mode;
    int64_t last_launched_at; /* 0: never */
};

int image_enter_state(struct image *i, enum image_state to, struct err *e);
