#pragma once
/* Layers of volumes and snapshots: their files, and the trees that they form. */
#include "jobs/worker.h"

/* The job of a tree has this and the root's id for its object: a root's id is a volume's, too. */
#define LAYER_JOB    "layers"
#define SNAPSHOT_JOB "snapshot"

/* Makes the file of a layer, whose row is there, on what the row says. */
int layer_make_file(struct jobs *j, struct arena *a, const char *layer_id, int64_t size_gib,
                    struct err *e);
/* Grows a layer's file, which no guest has open. */
int layer_grow_file(struct jobs *j, struct arena *a, const char *layer_id, int64_t size_gib,
                    struct err *e);
/* Removes what has no use in the tree of a layer, and what has none once that is gone. */
int layer_sweep(struct jobs *j, struct arena *a, const char *layer_id, struct err *e);
/* Does the next thing that is to be done in a tree: see core/layer.h. */
int layer_converge(struct jobs *j, struct arena *a, const char *object_id,
                   struct outcome *ret_outcome, struct err *e);
/* Freezes the volumes of snapshots that are taken at one moment. */
int snapshot_converge(struct jobs *j, struct arena *a, const char *freeze_id,
                      struct outcome *ret_outcome, struct err *e);
