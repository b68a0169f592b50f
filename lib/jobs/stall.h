#pragma once
/*
 * The watch over the disk: guests are paused when it is nearly full, or by QEMU when a write found
 * no room, and go on by themselves when there is room again.
 */
#include "jobs/worker.h"

/* Looks once; what it does can be done again. 0 or -errno. */
int stall_watch(struct jobs *j, struct arena *a, struct err *e);
/* QEMU has paused this guest. */
int stall_note(struct jobs *j, struct arena *a, const char *instance_id, struct err *e);

/* The thread that looks every STALL_LOOK_MS; from jobs_start to jobs_stop. */
#define STALL_LOOK_MS 2000
int stall_start(struct jobs *j, struct err *e);
/* -ETIMEDOUT: it hangs, at what it does. */
int stall_stop(struct jobs *j, const struct timespec *until);
