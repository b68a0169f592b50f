#pragma once
/*
 * A machine image: a name for disks that launches make volumes of, most of them from snapshots.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

enum image_state {
    IMAGE_PENDING,
    IMAGE_AVAILABLE,
    IMAGE_FAILED,
    IMAGE_DEREGISTERED, /* the row stays for instances of it and for layers on its file */
    _IMAGE_STATE_MAX
};

extern const struct state_table image_states;

struct image {
    const char *id; /* ami-… */
    const char *account_id;
    const char *region;
    int state;                /* enum image_state */
    const char *state_reason; /* why it failed; NULL: none */
    const char *state_reason_code;
    const char *name;
    const char *description;
    const char *owner_alias; /* "amazon" and the like; NULL: none */
    const char *architecture;
    const char *root_device_name;
    const char *location;  /* ImageLocation as EC2 shows it */
    const char *upload_id; /* the uploaded file that its own is made from; NULL once it is */
    int64_t created_at;
    bool is_public;
    bool ena_support;
    const char *boot_mode;
    int64_t last_launched_at;       /* 0: never */
    const char *source_instance_id; /* whose disks they are; NULL: it is not made of an instance */
    const char *source_image_id;    /* that it is a copy of, or that its instance was of; or NULL */
    const char *source_image_region; /* of that */
};

/* A disk of an image. The root's is there always, under the image's root_device_name. */
struct image_device {
    const char *image_id;
    const char *device_name;
    const char *snapshot_id; /* NULL: an empty disk */
    int64_t size_gib;        /* 0: not known yet */
    const char *volume_type;
    int64_t iops;       /* 0: none stated */
    int64_t throughput; /* MiB a second; 0: none stated */
    bool delete_on_termination;
    bool encrypted; /* volumes of it are, whatever its snapshot is */
};

int image_enter_state(struct image *i, enum image_state to, struct err *e);
