#pragma once
/* Imports and exports of images: the work behind their tasks. */
#include "jobs/worker.h"

#define IMPORT_JOB "import-task"
#define EXPORT_JOB "export-task"

/*
 * Makes the files of an image or a snapshot from some of a bucket, and then their rows, all at
 * once. Cut short, it begins again; cancelled, or failed, it leaves no file.
 */
int import_converge(struct jobs *j, struct arena *a, const char *task_id,
                    struct outcome *ret_outcome, struct err *e);
int export_converge(struct jobs *j, struct arena *a, const struct job *job,
                    struct outcome *ret_outcome, struct err *e);
