#pragma once
/*
 * Images and snapshots that are made from files of buckets, and images that are written there: what
 * EC2 calls import and export tasks. (lib/storage/bucket.h says what a bucket is here.)
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/state.h"

enum transfer_state {
    TRANSFER_ACTIVE,
    TRANSFER_DELETING, /* somebody has cancelled it; what works on it has yet to hear so */
    TRANSFER_DELETED,  /* it was cancelled, or it failed, as EC2 says of both */
    TRANSFER_ERROR,    /* the same of a snapshot: the word that waiters look for */
    TRANSFER_COMPLETED,
    _TRANSFER_STATE_MAX
};

extern const struct state_table transfer_states;

#define IMPORT_IMAGE_PREFIX    "import-ami"
#define IMPORT_SNAPSHOT_PREFIX "import-snap"
#define EXPORT_IMAGE_PREFIX    "export-ami"

struct import_task {
    const char *id; /* import-ami-… or import-snap-… */
    const char *account_id;
    const char *region;
    int state; /* enum transfer_state */
    int64_t percent;
    const char *message;  /* StatusMessage: how far it is, or why it failed; NULL: none */
    const char *image_id; /* that it makes, there when all is done; NULL: of a snapshot alone */
    const char *description;
    const char *architecture;
    const char *license_type;
    bool encrypted; /* what it makes is to be */
    int64_t created_at;
};

/* The largest number of disks of one (AWS: "VM Import/Export requirements"). */
#define IMPORT_DISKS_MAX 21

/* One disk of it; number 0 is the image's root. */
struct import_disk {
    const char *task_id;
    int64_t number;
    const char
        *file_id; /* what it becomes: an image's file, "ami-", or an encrypted layer, "vol-" */
    const char *snapshot_id; /* NULL until all is done */
    const char *bucket;
    const char *object; /* the path of the file in it */
    bool by_url;        /* that is how it was asked for */
    const char *format; /* as it was asked for; NULL: not said */
    const char *description;
    const char *device_name;
    int64_t size_bytes; /* of the disk; 0: it is not whole yet */
};

struct export_task {
    const char *id; /* export-ami-… */
    const char *account_id;
    const char *region;
    int state; /* enum transfer_state */
    int64_t percent;
    const char *message;
    const char *image_id;
    const char *description;
    const char *format; /* "VMDK", "RAW" or "VHD" */
    const char *bucket;
    const char *prefix; /* of the name in it; NULL: none */
    const char *role_name;
    int64_t created_at;
};

bool import_is_of_image(const struct import_task *t);
int64_t import_disk_gib(const struct import_disk *d);
/* Nothing will change it any more. */
bool transfer_is_over(int state);
