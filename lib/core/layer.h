#pragma once
/*
 * A layer: a qcow2 file that holds what differs from the layer below. Volumes write into the top
 * of a chain of them, snapshots keep a layer that nobody writes any more. docs/storage.md has the
 * whole of it.
 *
 * Layers form trees. The lowest of a tree may stand on an image's layer, which is the image's and
 * no part of the tree. What stands on an encrypted layer is encrypted, with the same key: from some
 * layer on upwards a chain is, and below it is not. All here is pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* Layers of one volume, from its top down; longer chains are made short by copying. */
#define LAYERS_MAX 24

enum layer_work {
    LAYER_REST,
    LAYER_MERGING,    /* what is in it is being copied into the layer below; then it goes */
    LAYER_FLATTENING, /* what is below is being copied into it */
    _LAYER_WORK_MAX
};

extern const struct state_table layer_works;

struct layer {
    const char *id;      /* the file's name: that of its volume, from the second on with a number */
    const char *root_id; /* the lowest layer of the tree */
    const char *parent_id; /* NULL: it is the lowest */
    const char *image_id;  /* what the lowest stands on, in all of a tree; NULL: nothing */
    const char *key_id;    /* the key that it is encrypted with; NULL: it is not encrypted */
    int work;              /* enum layer_work */
};

/* What holds a layer, and how much is known of those above. Filled in by who reads the rows. */
struct layer_node {
    const struct layer *layer;
    size_t snapshots;      /* that keep it */
    bool pending;          /* one of them is not taken yet: there may be no file */
    const char *volume_id; /* that writes into it, or is going to; NULL: none */
    bool settled;          /* that volume is where it is to be: it is not being made or frozen */
    const char *live_id; /* the instance of that volume, when it has a process; NULL: it has not */
    bool starting;       /* that instance, or the volume, is on its way to having one */
};

struct layer_tree {
    struct layer_node *v;
    size_t n;
};

/* What is to be done next in a tree. */
struct layer_step {
    enum {
        LAYER_STEP_NONE,
        LAYER_STEP_REMOVE,  /* `layer` has no use */
        LAYER_STEP_MERGE,   /* `layer` into its parent */
        LAYER_STEP_FLATTEN, /* `layer`: a volume's top, or the lowest that is encrypted */
        LAYER_STEP_CANCEL,  /* `layer` is at work that has no reason any more */
    } what;
    const struct layer *layer;
    const struct layer_node *live; /* the volume whose guest has to do it; NULL: no guest has it */
};

/*
 * Removing comes first, then what has been begun, then merging, then flattening.
 *
 * A layer that no snapshot and no volume holds and that has one child is merged: the child is
 * copied into it. That is not done to the top of a guest's disk (it will be when the disk is frozen
 * again or the guest stops), nor where two disks of guests read the child. Nor is anything copied
 * from what is encrypted into what is not, or the other way: there the child is flattened, when it
 * is the top of a guest's disk or no guest reads it.
 */
struct layer_step layer_next_step(const struct layer_tree *tree);
/* Depth of a chain: 1 for a layer without a parent. */
size_t layer_depth(const struct layer_tree *tree, const struct layer *layer);

/* The name of a layer's file without its ending: the id of a volume, or that, a dot and a number.
 */
bool layer_id_ok(const char *id);
/* Of the layer that is made as the nth for a volume: "vol-1", "vol-1.2", "vol-1.3". A number is
 * used once, so that no file is taken for another. */
const char *layer_id_make(struct arena *a, const char *volume_id, int64_t number);
