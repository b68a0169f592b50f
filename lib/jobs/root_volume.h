#pragma once
#include "jobs/worker.h"

#define ROOT_VOLUME_JOB "root-volume-task"

/* Puts a new root volume in the place of an instance's, when that is made and the guest is off. */
int root_volume_converge(struct jobs *j, struct arena *a, const char *task_id,
                         struct outcome *ret_outcome, struct err *e);
